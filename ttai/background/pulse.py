"""Notices from a thread of its own when something blocks the loop, and says what: nothing else can just then."""

import asyncio
import logging
import sys
import threading
import traceback
from time import monotonic

EVERY = 1.0  # s between two beats
LATE = 1.0  # s after which a beat is missed: every call waits so long

_log = logging.getLogger(__name__)


class Pulse(threading.Thread):
    """Asks the loop for a sign of life; where it comes late, looks at what the loop is doing."""

    def __init__(self, every: float = EVERY, late: float = LATE) -> None:
        super().__init__(name="pulse", daemon=True)
        self._every = every
        self._late = late
        self._loop = asyncio.get_running_loop()
        self._of = threading.get_ident()
        self._beat = threading.Event()
        self._end = threading.Event()
        self.problem: str | None = None

    def run(self) -> None:
        while not self._end.wait(self._every):
            self._beat.clear()
            asked = monotonic()
            try:
                self._loop.call_soon_threadsafe(self._beat.set)
            except RuntimeError:  # closed
                return
            if not self._beat.wait(self._late):
                where = self._where()
                _log.error("the server is blocked, every call waits: %s", where)
                self._beat.wait()
                self.problem = f"the server was blocked for {monotonic() - asked:.1f} s: {where}"
                _log.error("%s. Its author should await, or use host.tasks.compute", self.problem)

    def stop(self) -> None:
        """Look no more."""
        self._end.set()
        self._beat.set()

    def _where(self) -> str:
        """The innermost line of the loop's thread that is no library's: a plugin's, or ours."""
        frames = traceback.extract_stack(sys._current_frames()[self._of])  # noqa: SLF001 - the documented way
        own = [frame for frame in frames if "asyncio" not in frame.filename and "/lib/python" not in frame.filename]
        frame = (own or frames)[-1]
        return f"{frame.filename}:{frame.lineno} in {frame.name}"
