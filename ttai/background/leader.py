"""Which of the processes on one data dir runs the jobs: the holder of an OS file lock."""

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from ttai.warm import warm

if TYPE_CHECKING:
    from filelock import FileLock

LOOK = 2.0  # s between two tries: the system drops the lock of a process that was killed

_log = logging.getLogger(__name__)


class Leader:
    """This process's claim on the jobs of its data dir."""

    def __init__(self, home: Path) -> None:
        self._path = home / "jobs.lock"
        self._lock: FileLock | None = None
        self._wanted = False
        self._held = asyncio.Event()
        self.problem: str | None = None

    @property
    def held(self) -> bool:
        """Whether the jobs are this process's."""
        return self._held.is_set()

    @property
    def phase(self) -> str:
        """Whether jobs run here, in a few words."""
        if not self._wanted:
            return "off: this process serves nobody"
        if self.problem:
            return "failed"
        return "ready" if self.held else "another process runs them"

    async def wait(self) -> None:
        """Until the jobs are this process's; they stay so until it ends."""
        self._wanted = True
        filelock = await warm("filelock")
        self._lock = filelock.FileLock(self._path, timeout=0, mode=0o600, thread_local=False)
        while not self._taken(filelock.Timeout):  # noqa: ASYNC110 - another process has no event of ours
            await asyncio.sleep(LOOK)
        self._held.set()
        _log.info("the jobs run in this process")

    def _taken(self, busy: type[Exception]) -> bool:
        assert self._lock is not None  # noqa: S101 - made just before
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock.acquire()
        except busy:
            self.problem = None
            return False
        except (OSError, NotImplementedError) as error:
            if not self.problem:
                self.problem = f"no job runs here: {self._path} can't be locked ({error}). Make the data dir writable"
                _log.warning("%s", self.problem)
            return False
        self.problem = None
        return True

    def release(self) -> None:
        """Let another process have them."""
        self._held.clear()
        if self._lock is not None:
            self._lock.release()
