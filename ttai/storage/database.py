"""One SQLite file for all processes of a data dir: opened in the background, read, written, every failure sayable."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, contextmanager, suppress
from contextvars import Context
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ttai.clock import Clock, time_left
from ttai.errors import Stopping, TtaiError
from ttai.isolation import ENDS
from ttai.storage.backups import keep
from ttai.storage.connections import WAIT, Connections
from ttai.storage.errors import (
    DatabaseDamaged,
    DatabaseLocked,
    DatabaseNewer,
    DatabaseUnavailable,
    DatabaseUnwritable,
    DiskFull,
    TablesUnusable,
)
from ttai.storage.file import FILE, PATIENCE, connect, examine, locked, told
from ttai.storage.owners import CORE, LONGEST, Owners
from ttai.warm import warm

if TYPE_CHECKING:
    from sqlmodel.ext.asyncio.session import AsyncSession

    from ttai.storage.ledger import Ledger

LIBRARIES = (
    "filelock",
    "aiosqlite",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "sqlmodel.ext.asyncio.session",
    "ttai.storage.ledger",
)
AHEAD = 1.0  # s until a plugin's modules no longer wait for those of the one before
RETRY = 5.0  # s between two attempts to open a file that can't be used
_log = logging.getLogger(__name__)


class Database:
    """One SQLite file shared by all processes on a data dir."""

    def __init__(self, home: Path, clock: Clock, patience: float = PATIENCE, longest: float = LONGEST) -> None:
        """Nothing is opened yet.

        `patience` is how many seconds another program's lock is waited for, `longest` how many the modules of one
        plugin's tables may take to be imported.
        """
        self.path = home / FILE
        self._home = home
        self._log = home / f"{FILE}-wal"
        self._clock = clock
        self._patience = patience
        self._owners = Owners(longest)
        self.declare(CORE, "ttai.storage.tables", "ttai.storage.tables")
        self._refused: dict[str, TtaiError] = {}  # owners, or "", that the next attempt may let in
        self._doubtful = False  # something isn't as it was opened: another process restored an older backup?
        self._unwritten: TtaiError | None = None  # why the last write failed
        self._saved = False
        self._connections: Connections | None = None
        self._former: list[Connections] = []
        self._opened = asyncio.Event()
        self._attempt: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()  # one of them makes and changes tables
        self._tried = 0.0
        self._closing = False

    @property
    def problems(self) -> dict[str, str]:
        """Why whose tables can't be used, and what to do about it; "" stands for the whole database."""
        last = {"": self._unwritten} if self._unwritten else {}  # reading goes on; a full disk is to be seen
        troubles = {**last, **self._owners.broken, **self._refused}
        return {owner: f"{error.message} {error.hint}".rstrip() for owner, error in troubles.items()}

    @property
    def is_open(self) -> bool:
        """Whether it was opened; it is when it is first used."""
        return self._connections is not None

    def signature(self) -> object:
        """Another one after every write, by whichever process; it costs no query."""
        with suppress(OSError):
            seen = self._log.stat()
            return seen.st_mtime_ns, seen.st_size
        return None

    def declare(self, owner: str, tables: str, migrations: str | None = None) -> None:
        """Name the modules of an owner's tables and of their STEPS, before `open`; nothing is imported here."""
        self._owners.declare(owner, tables, migrations)

    def of(self, owner: str) -> "Store":
        """The database as this owner uses it."""
        return Store(self, owner)

    async def open(self) -> None:
        """Import what was declared, make and migrate its tables; what fails is in `problems`, nothing is raised."""
        await self._try_again()
        for owner in self._owners.guests:
            await self._owners.over(owner)

    async def ready(self, owner: str | None = None) -> None:
        """Open it, or wait until somebody has, as long as the call may take; then DatabaseUnavailable.

        With an `owner` nobody else's modules are waited for.
        """
        try:
            async with asyncio.timeout(time_left(WAIT)):
                if not self._opened.is_set():
                    await self._try_again()
                for one in [owner] if owner else self._owners.guests:
                    await self._owners.over(one)
        except TimeoutError:
            raise _still_opening() from None

    async def close(self, seconds: float = 0.5) -> None:
        """Close every connection; who still reads or writes gets so long to finish."""
        self._closing = True
        for task in (self._attempt, self._following):
            if task:
                task.cancel()
                await asyncio.wait([task])
        for owner in self._owners.guests:
            self._owners.end(owner)  # nobody waits for it any more
        for connections in [*self._former, self._connections]:
            if connections:
                await connections.close(seconds)

    @asynccontextmanager
    async def session(self, owner: str, *, write: bool) -> AsyncIterator["AsyncSession"]:
        """What `Store.read` and `Store.write` give."""
        limit = asyncio.timeout(time_left(WAIT))
        try:
            async with limit:
                connections = await self._usable(owner)
                async with connections.session(write=write) as session:
                    limit.reschedule(None)
                    yield session
                    if write:
                        await session.commit()
                        self._unwritten = None
        except TimeoutError:
            if not limit.expired():
                raise
            opening = self._attempt is None or not self._attempt.done() or not self._owners.is_over(owner)
            raise _still_opening() if opening else DatabaseLocked("another part of ttai") from None
        except Exception as error:
            trouble = self._trouble(error, owner, write)
            if trouble is None:
                raise
            raise trouble from error

    async def _usable(self, owner: str) -> Connections:
        """The open file, for this owner; raises what keeps it out."""
        if not self._opened.is_set():
            await self._try_again()
        amiss = self._doubtful or "" in self._refused or owner in self._refused
        if amiss and self._clock.monotonic() - self._tried >= RETRY:
            await self._try_again()
        await self._owners.over(owner)
        if self._closing:
            raise Stopping
        trouble = self._refused.get("") or self._owners.broken.get(owner) or self._refused.get(owner)
        if trouble:
            raise trouble.with_traceback(None)
        if self._connections is None:
            raise _still_opening()
        return self._connections

    async def _try_again(self) -> None:
        """One attempt at a time, for whoever waits; it belongs to no call and no call's end stops it."""
        if not self._closing:
            if self._attempt is None or self._attempt.done():
                self._attempt = asyncio.create_task(self._try(), context=Context())
            await asyncio.wait([self._attempt])

    async def _try(self) -> None:
        """Open it with the core's tables and what plugins' there are; those to come follow, each when it is there."""
        self._tried = self._clock.monotonic()
        connections: Connections | None = None
        refused: dict[str, TtaiError] = {"": _still_opening()}
        try:
            for library in LIBRARIES:
                await warm(library)
            await self._owners.read(CORE)
            async with self._turn:
                refused, connections = await asyncio.to_thread(self._prepare)
        except (Exception, *ENDS) as error:  # noqa: BLE001 - it is said where the database is used
            refused = {"": self._sayable(error)}
        finally:
            await self._take(refused, connections)
        if self._following is None:
            self._following = asyncio.create_task(self._follow(), context=Context())

    async def _take(self, refused: dict[str, TtaiError], connections: Connections | None) -> None:
        """Work with what an attempt came to."""
        before = self.problems
        former, self._connections, self._refused, self._doubtful = self._connections, connections, refused, False
        self._opened.set()
        self._warn(before)
        self._former = [one for one in (*self._former, former) if one and not one.gone]
        for one in self._former:
            await one.retire()

    async def _follow(self) -> None:
        """Let plugins' tables in: one after the other, but past one that keeps the others waiting."""
        async with asyncio.TaskGroup() as group:
            for owner in self._owners.guests:
                joining = group.create_task(self._join(owner))
                await asyncio.wait([joining], timeout=AHEAD)

    async def _join(self, owner: str) -> None:
        before = self.problems
        try:
            await self._owners.read(owner)
            async with self._turn:
                if owner in self._owners.claims and self._connections:  # else the attempt that opens it does it
                    refused = await asyncio.to_thread(self._admit, owner)
                    self._refused = {**self._refused, **refused}
        except (Exception, *ENDS) as error:  # noqa: BLE001 - it is said where the tables are used
            self._refused = {**self._refused, "": self._sayable(error)}
        finally:
            self._owners.end(owner)
        self._warn(before)

    def _prepare(self) -> tuple[dict[str, TtaiError], Connections | None]:
        """In a thread: every owner's tables made and in their newest shape; who is refused, and the open file."""
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        refused: dict[str, TtaiError] = {}
        with self._at_hand() as (connection, ledger):
            connection.execute("PRAGMA journal_mode=WAL")
            if isinstance(self._refused.get(""), DatabaseDamaged):
                examine(connection, self.path)  # opening reads a few pages; the damaged one was another
            for owner in [one for one in self._owners.claims if one not in self._owners.broken]:
                refused |= self._settle(ledger, owner)
                if "" in refused:
                    return refused, None
        return refused, Connections(self.path, self._patience)

    def _admit(self, owner: str) -> dict[str, TtaiError]:
        """In a thread: one more owner's tables."""
        with self._at_hand() as (_, ledger):
            return self._settle(ledger, owner)

    @contextmanager
    def _at_hand(self) -> "Iterator[tuple[sqlite3.Connection, Ledger]]":
        """The file for who makes and changes tables."""
        from ttai.storage.ledger import Ledger

        with locked(self._home, self._patience, self._is_closing):
            if self._closing:  # who waited for the lock comes too late
                raise Stopping
            with closing(connect(self.path, self._patience)) as connection:
                save = partial(self._save, connection)
                yield connection, Ledger(connection, self.path, self._clock, save, self._is_closing)

    def _settle(self, ledger: "Ledger", owner: str) -> dict[str, TtaiError]:
        """Who is refused: nobody, the owner, or everybody where it is the core."""
        try:
            ledger.settle(self._owners.claims[owner])
        except DatabaseNewer as error:
            return {"" if owner == CORE else owner: error}
        except TablesUnusable as error:
            _log.info("The tables of %s", owner, exc_info=True)
            self._owners.broken[owner] = error
        except (sqlite3.Error, OSError) as error:
            trouble = told(error, self.path)
            if owner == CORE or trouble is None or isinstance(trouble, DatabaseDamaged):
                raise
            self._unwritten = trouble
            return {owner: trouble}
        return {}

    def _sayable(self, error: BaseException) -> TtaiError:
        """Why it can't be opened."""
        trouble = error if isinstance(error, TtaiError) else told(error, self.path)
        if trouble is None:
            _log.error("The database could not be opened", exc_info=error)
            trouble = DatabaseUnwritable(self.path, f"{type(error).__name__}: {error}")
        return trouble

    def _warn(self, before: dict[str, str]) -> None:
        """Log what was no problem before."""
        for owner, problem in self.problems.items():
            if before.get(owner) != problem and not self._closing:
                _log.warning("Database: %s", problem)

    def _save(self, connection: sqlite3.Connection) -> None:
        """A backup before the first step of this process; a later attempt must not push out older ones."""
        if not self._saved:
            keep(connection, self._home, self._clock)
            self._saved = True

    def _trouble(self, error: Exception, owner: str, write: bool) -> TtaiError | None:
        """What an error in a session says of the database; None where it says nothing."""
        cause = getattr(error, "orig", None) or error
        if not isinstance(cause, sqlite3.Error):
            return None
        code, said = getattr(cause, "sqlite_errorcode", None), str(cause)
        if code == sqlite3.SQLITE_READONLY and not write:
            return None  # the caller's mistake: read() never writes
        trouble: TtaiError | None = told(cause, self.path)
        missing = code == sqlite3.SQLITE_ERROR and ("no such " in said or "has no column" in said)
        if missing or isinstance(trouble, DatabaseUnwritable):
            self._doubtful = True
        if missing and owner == CORE:  # our own queries fit our own tables
            trouble = DatabaseUnavailable("an older database was put in its place", "Try again in a few seconds")
        if write and isinstance(trouble, DiskFull | DatabaseUnwritable | DatabaseLocked):
            self._unwritten = trouble
        if isinstance(trouble, DatabaseDamaged):
            self._refused = {**self._refused, "": trouble}
        return trouble

    def _is_closing(self) -> bool:
        return self._closing


class Store:
    """The database as one owner uses it."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    @property
    def problem(self) -> str | None:
        """Why the owner's tables can't be used, and what to do about it."""
        problems = self._database.problems
        return problems.get("") or problems.get(self._owner)

    def signature(self) -> object:
        """Another one after every write, by whichever process; it costs no query."""
        return self._database.signature()

    def read(self) -> AbstractAsyncContextManager["AsyncSession"]:
        """A session that sees the database as it is at one moment and never writes."""
        return self._database.session(self._owner, write=False)

    def write(self) -> AbstractAsyncContextManager["AsyncSession"]:
        """A session in one transaction: committed at the end, undone when an exception or a cancellation leaves it.

        Writers take turns: keep it short, and do nothing slow inside. What was loaded stays usable afterwards.
        """
        return self._database.session(self._owner, write=True)


def _still_opening() -> DatabaseUnavailable:
    return DatabaseUnavailable("the database is still being opened", "Try again in a few seconds")
