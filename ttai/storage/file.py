"""The database file by hand: opened, locked between processes, looked over. All of it waits for the disk."""

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from ttai.errors import TtaiError
from ttai.storage.errors import DatabaseDamaged, DatabaseLocked, DatabaseUnwritable, DiskFull

FILE = "ttai.db"
PATIENCE = 5.0  # s to wait for another program's lock
PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON")


_SHM_FULL = 4874  # SQLITE_IOERR_SHMSIZE: no room for the index of the write-ahead log


def told(error: BaseException, path: Path) -> TtaiError | None:
    """What an error of SQLite or the disk means for the user; None where it is the caller's own."""
    error = getattr(error, "orig", None) or error  # SQLAlchemy wraps them
    if isinstance(error, sqlite3.Error):
        return _told_by_sqlite(error, path)
    if isinstance(error, OSError):
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        return DiskFull(path) if full else DatabaseUnwritable(path, error.strerror or str(error))
    return None


def _told_by_sqlite(error: sqlite3.Error, path: Path) -> TtaiError | None:
    code = getattr(error, "sqlite_errorcode", 0)
    match code & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return DatabaseLocked()
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return DatabaseDamaged(path, str(error), newest(path.parent))
        case sqlite3.SQLITE_FULL:
            return DiskFull(path)
        case sqlite3.SQLITE_IOERR if code == _SHM_FULL:
            return DiskFull(path)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_IOERR | sqlite3.SQLITE_PERM:
            return DatabaseUnwritable(path, str(error))
    return None


def connect(path: Path, patience: float = PATIENCE) -> sqlite3.Connection:
    """The file, made empty and private where there is none; transactions are begun by whoever needs one.

    Nobody else may open a file that is there: closing it again would drop SQLite's locks on it in this process.
    """
    address = path.absolute().as_uri()
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
            raise DatabaseUnwritable(path, "it is read-only") from None
        if path.stat().st_mode & 0o077:
            with suppress(PermissionError):  # another user's, who lets us write
                path.chmod(0o600)  # SQLite gives the files beside it the same rights
        # Looked at without its write-ahead log, which opening what is no database would drop.
        with closing(sqlite3.connect(f"{address}?mode=ro&immutable=1", uri=True)) as glance:
            glance.execute("PRAGMA schema_version")
    return sqlite3.connect(f"{address}?mode=rw", uri=True, timeout=patience, isolation_level=None)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is written inside, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has ended it already
            connection.execute("ROLLBACK")
        raise


@contextmanager
def locked(home: Path, patience: float = PATIENCE, stop: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Make, migrate and restore one process at a time; `stop` ends the wait."""
    from filelock import FileLock, Timeout

    lock = FileLock(home / "database.lock", mode=0o600)
    try:
        # Who has it may be rewriting every table.
        lock.acquire(timeout=6 * patience, cancel_check=stop)
    except Timeout:
        raise DatabaseLocked("another ttai, which is updating it,") from None
    try:
        yield
    finally:
        lock.release()


def examine(connection: sqlite3.Connection, path: Path) -> None:
    """DatabaseDamaged where a page is; reads them all."""
    (health,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if health != "ok":
        raise DatabaseDamaged(path, one_line(health), newest(path.parent))


def newest(home: Path) -> Path | None:
    """The newest backup in the data dir."""
    return max(backups(home), key=lambda path: path.stem, default=None)


def backups(home: Path, name: str = "ttai") -> list[Path]:
    """Those of that name in the data dir."""
    return list((home / "backups").glob(f"{name}-" + "[0-9]" * 8 + "-*.db"))


def one_line(said: str) -> str:
    """What SQLite says of damage, briefly."""
    return " ".join(said.replace("*** in database main ***", "").split())[:100]
