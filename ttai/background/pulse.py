"""Notices from a thread of its own when something blocks the loop, and says what: nothing else can just then."""

import asyncio
import logging
import sys
import threading
from collections.abc import Iterator
from time import monotonic
from types import FrameType

EVERY = 3.0  # s between two beats: each costs an idle server
LATE = 1.0  # s after which a beat is missed: every call waits so long
FRESH = 600.0  # s a block is told of afterwards
# What a plugin's own code may be in when it blocks, and what calls it: none of them is to blame.
LIBRARIES = sys.stdlib_module_names | {
    "aiolimiter", "aiosqlite", "anyio", "apscheduler", "cachetools", "cryptography", "fastembed", "fastmcp",
    "filelock", "greenlet", "h11", "httpcore", "httpcore2", "httpx", "httpx2", "httptools", "keyring", "litellm", "mcp",
    "mcp_types", "numpy", "pandas", "pandas_market_calendars", "polars", "pydantic", "pydantic_core",
    "pydantic_settings", "QuantLib", "scipy", "sniffio", "sqlalchemy", "sqlmodel", "sse_starlette", "starlette",
    "talib", "tastytrade", "tenacity", "tomlkit", "typer", "uvicorn", "uvloop", "websockets",
}  # fmt: skip
OURS = frozenset({"ttai", "__main__"})

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
        self._said: tuple[float, str] | None = None

    @property
    def problem(self) -> str | None:
        """What blocked the server a while ago, and for how long."""
        said = self._said
        return said[1] if said and monotonic() - said[0] < FRESH else None

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
                problem = f"the server was blocked for {monotonic() - asked:.1f} s: {where}"
                self._said = monotonic(), problem
                _log.error("%s. Its author should await, or use host.tasks.compute", problem)

    def stop(self) -> None:
        """Look no more."""
        self._end.set()
        self._beat.set()

    def _where(self) -> str:
        """The innermost line of the loop's thread that is a plugin's, else ours, else any."""
        frames = list(_stack(sys._current_frames().get(self._of)))  # noqa: SLF001 - the documented way
        tops = [str(frame.f_globals.get("__name__", "")).partition(".")[0] for frame in frames]
        own = [frame for frame, top in zip(frames, tops, strict=True) if top not in LIBRARIES and top not in OURS]
        core = [frame for frame, top in zip(frames, tops, strict=True) if top in OURS]
        frame = next(iter([*own, *core, *frames]), None)
        return f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}" if frame else "it has ended"


def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    """The frames of a thread, the innermost first."""
    while frame:
        yield frame
        frame = frame.f_back
