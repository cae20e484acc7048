"""The database copied, while servers write to it, and brought back."""

import asyncio
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from ttai.clock import Clock
from ttai.errors import BadArgument, NotFound
from ttai.storage.errors import DatabaseDamaged, DatabaseLocked, DatabaseUnwritable, NotABackup
from ttai.storage.file import FILE, PATIENCE, backups, connect, examine, locked, newest, one_line, told

KEEP = 5  # backups that stay
REPLACED = "replaced"  # what a restore put aside: another restore without a name must not bring it back


def keep(
    connection: sqlite3.Connection, home: Path, clock: Clock, name: str = "ttai", spare: Path | None = None
) -> Path:
    """Put a copy of the open database into the backups; the newest of that name stay, and `spare`. Needs the lock."""
    folder = home / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    for left in folder.glob("*.part"):
        left.unlink()  # of a process that was killed: the lock is ours
    examine(connection, home / FILE)  # a copy of damage must not push out a good one
    kept = _copy(connection, _free(folder / f"{name}-{_stamp(clock)}.db"))
    for old in sorted(backups(home, name), key=lambda path: path.stem)[:-KEEP]:
        if spare is None or not old.samefile(spare):
            old.unlink()
    return kept


async def backup(home: Path, to: Path | None, clock: Clock, patience: float = PATIENCE) -> Path:
    """A copy of the database, whole even while servers write to it; where it is.

    `to` is a new file or a folder; without it the copy goes to the data dir's backups, of which the newest five stay.
    BadArgument where `to` exists, NotFound where there is no database yet.
    """
    return await asyncio.to_thread(_backup, home, to, clock, patience)


async def restore(home: Path, source: Path | None, clock: Clock, patience: float = PATIENCE) -> Path | None:
    """Make the backup `source`, None for the newest, the database; where the previous one is kept, if any.

    Running servers go on with it. A present database goes to the backups first, a damaged one aside. NotABackup where
    `source` is no whole database of ttai, NotFound where there is no backup.
    """
    if source is None and (source := newest(home)) is None:
        raise NotFound(f"there is no backup in {home / 'backups'}", "Name the file to restore")
    return await asyncio.to_thread(_restore, home, source, clock, patience)


def _backup(home: Path, to: Path | None, clock: Clock, patience: float) -> Path:
    path = home / FILE
    if not _has_content(path):
        raise NotFound(f"there is no database in {home} yet", "It is made when the server first runs")
    if to:
        try:
            to = _target(to, clock)
        except OSError as error:
            raise _no_target(to, error) from error
    with _saying(path), locked(home, patience), closing(connect(path, patience)) as connection:
        if to is None:
            return keep(connection, home, clock)
        examine(connection, path)
        return _copy_out(connection, to)


def _target(to: Path, clock: Clock) -> Path:
    """The new file that is meant by a file or a folder."""
    if to.is_dir():
        to = to / f"ttai-{_stamp(clock)}.db"
    if to.exists():
        raise BadArgument(f"{to} exists already", "Name a new file")
    if not (to.parent.is_dir() and os.access(to.parent, os.W_OK | os.X_OK)):
        raise BadArgument(f"{to.parent} is no folder that can be written", "Name another file")
    return to


def _no_target(to: Path, error: Exception) -> BadArgument:
    said = error.strerror if isinstance(error, OSError) else None
    return BadArgument(f"{to} can't be written ({said or error})", "Name another file")


def _copy_out(connection: sqlite3.Connection, to: Path) -> Path:
    """A copy where the user wants it; what fails there is not the database's."""
    try:
        return _copy(connection, to)
    except (sqlite3.Error, OSError) as error:
        trouble = told(error, to)
        if isinstance(trouble, DatabaseUnwritable):
            raise _no_target(to, error) from error
        raise trouble or error from error


def _restore(home: Path, source: Path, clock: Clock, patience: float) -> Path | None:
    path = home / FILE
    with closing(_checked(source, path)) as origin, _saying(path):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(home, patience):
            previous = _put_by(home, source, clock)
            with closing(connect(path, patience)) as live:
                _overwrite(live, origin, patience)
    return previous


def _checked(source: Path, path: Path) -> sqlite3.Connection:
    """The source, open for reading, if it is fit to be restored."""
    if not source.is_file():
        raise NotABackup(source, "there is no such file")
    if path.exists() and source.samefile(path):
        raise NotABackup(source, "it is the database in use")
    origin = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)
    try:
        why = _unfit(origin)
    except sqlite3.Error as error:
        why = str(error)
    if why:
        origin.close()
        raise NotABackup(source, why)
    return origin


def _unfit(origin: sqlite3.Connection) -> str:
    (health,) = origin.execute("PRAGMA integrity_check(1)").fetchone()
    if health != "ok":
        return f"it is damaged ({one_line(health)})"
    ours = origin.execute("SELECT 1 FROM sqlite_master WHERE name = 'core_ledger'").fetchone()
    return "" if ours else "it is not a database of ttai"


def _put_by(home: Path, source: Path, clock: Clock) -> Path | None:
    """Keep the present database before another takes its place."""
    path = home / FILE
    if not _has_content(path):
        return None
    try:
        with closing(connect(path)) as connection:  # reads only: a writer is in nobody's way
            return keep(connection, home, clock, REPLACED, spare=source)
    except (sqlite3.Error, DatabaseDamaged) as error:
        if not isinstance(told(error, path) or error, DatabaseDamaged):
            raise
    aside = _free(home / f"ttai-damaged-{_stamp(clock)}.db")
    for end in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + end).rename(aside.with_name(aside.name + end))
    return aside


def _overwrite(live: sqlite3.Connection, origin: sqlite3.Connection, patience: float) -> None:
    """One transaction of SQLite's own: whoever has the file open sees the old one or the new one."""
    end = time.monotonic() + patience

    def wait(status: int, _left: int, _pages: int) -> None:
        if status in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED} and time.monotonic() > end:
            raise DatabaseLocked

    origin.backup(live, progress=wait, sleep=0.05)


@contextmanager
def _saying(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise told(error, path) or error from error


def _copy(connection: sqlite3.Connection, to: Path) -> Path:
    """A whole copy at `to`, or nothing there."""
    part = to.with_name(f"{to.name}.{os.getpid()}.part")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        connection.execute("VACUUM INTO ?", (str(part),))
        with part.open("rb+") as file:
            os.fsync(file.fileno())  # SQLite leaves that to us
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)
    return to


def _free(path: Path) -> Path:
    """`path`, or the same with a number where that is taken."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_stem(f"{path.stem}-{number}")
    return free


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _stamp(clock: Clock) -> str:
    return f"{clock.now():%Y%m%d-%H%M%S}"  # UTC, as the clock has it: names sort by age all year
