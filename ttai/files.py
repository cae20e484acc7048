"""Small files that several processes write: one at a time, and whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp


@contextmanager
def alone(lock: Path, seconds: float) -> Iterator[None]:
    """Hold the lock file against every other process; TimeoutError where another one keeps it that long."""
    from filelock import FileLock

    with FileLock(lock, timeout=seconds, mode=0o600):
        yield


def replace(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Give `path` a new content, whole and on the disk, or leave the old one."""
    handle, name = mkstemp(dir=path.parent, prefix=f".{path.name}.")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(mode)
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
    with suppress(OSError):  # Windows can't, some network disks won't: the content is safe, only its name may lag
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
