"""One SQLite file for all processes of a data dir: opened in the background, read, written, every failure sayable."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, suppress
from contextvars import Context
from pathlib import Path
from typing import TYPE_CHECKING

from ttai.clock import Clock, time_left
from ttai.errors import (
    DatabaseDamaged,
    DatabaseLocked,
    DatabaseNewer,
    DatabaseUnavailable,
    DatabaseUnwritable,
    TablesUnusable,
    TtaiError,
)
from ttai.storage.backups import FILE, PATIENCE, connect, examine, keep, locked, told
from ttai.storage.connections import WAIT, Connections
from ttai.warm import warm

if TYPE_CHECKING:
    from sqlmodel.ext.asyncio.session import AsyncSession

    from ttai.storage.ledger import Claim

LIBRARIES = (
    "filelock",
    "aiosqlite",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "sqlmodel.ext.asyncio.session",
    "ttai.storage.ledger",
)
RETRY = 5.0  # s between two attempts to open a file that can't be used
log = logging.getLogger(__name__)


class Database:
    """One SQLite file shared by all processes on a data dir."""

    def __init__(self, home: Path, clock: Clock, patience: float = PATIENCE) -> None:
        """Nothing is opened yet; `patience` is how many seconds another program's lock is waited for."""
        self.path = home / FILE
        self._home = home
        self._log = home / f"{FILE}-wal"
        self._clock = clock
        self._patience = patience
        self._declared: dict[str, tuple[str, str | None]] = {}
        self.declare("core", "ttai.storage.tables", "ttai.storage.tables")
        self._claims: dict[str, Claim] = {}
        self._broken: dict[str, TtaiError] = {}  # owners that stay out until the next start
        self._refused: dict[str, TtaiError] = {}  # owners, or "", that the next attempt may let in
        self._doubtful = False  # something isn't as it was opened: another process restored an older backup?
        self._saved = False
        self._connections: Connections | None = None
        self._former: list[Connections] = []
        self._opened = asyncio.Event()
        self._attempt: asyncio.Task[None] | None = None
        self._tried = 0.0
        self._closing = False

    @property
    def problems(self) -> dict[str, str]:
        """Why whose tables can't be used, and what to do about it; "" stands for the whole database."""
        return {owner: f"{error.message} {error.hint}" for owner, error in {**self._broken, **self._refused}.items()}

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
        if owner in self._declared:
            raise ValueError(f"{owner} has declared its tables already")
        self._declared[owner] = (tables, migrations)

    def of(self, owner: str) -> "Store":
        """The database as this owner uses it."""
        return Store(self, owner)

    async def open(self) -> None:
        """Import what was declared, make and migrate its tables; what fails is in `problems`, nothing is raised."""
        await self._try_again()

    async def ready(self) -> None:
        """Open it, or wait until somebody has, as long as the call may take; then DatabaseUnavailable."""
        if self._opened.is_set():
            return
        try:
            async with asyncio.timeout(time_left(WAIT)):
                await self.open()
        except TimeoutError:
            raise _still_opening() from None

    async def close(self, seconds: float = 0.5) -> None:
        """Close every connection; who still reads or writes gets so long to finish."""
        self._closing = True
        if self._attempt:
            self._attempt.cancel()
            await asyncio.wait([self._attempt])
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
        except TimeoutError:
            if not limit.expired():
                raise
            opening = self._attempt is None or not self._attempt.done()
            raise _still_opening() if opening else DatabaseLocked("another part of ttai") from None
        except Exception as error:
            trouble = self._trouble(error, write)
            if trouble is None:
                raise
            raise trouble from error

    async def _usable(self, owner: str) -> Connections:
        """The open file, for this owner; raises what keeps it out."""
        if not self._opened.is_set():
            await self.open()
        amiss = self._doubtful or "" in self._refused or owner in self._refused
        if amiss and self._clock.monotonic() - self._tried >= RETRY:
            await self._try_again()
        trouble = self._refused.get("") or self._broken.get(owner) or self._refused.get(owner)
        if trouble:
            raise trouble.with_traceback(None)
        if self._closing or self._connections is None:
            raise DatabaseUnavailable("the server is stopping")
        return self._connections

    async def _try_again(self) -> None:
        """One attempt at a time, for whoever waits; it belongs to no call and no call's end stops it."""
        if not self._closing:
            if self._attempt is None or self._attempt.done():
                self._attempt = asyncio.create_task(self._try(), context=Context())
            await asyncio.wait([self._attempt])

    async def _try(self) -> None:
        self._tried = self._clock.monotonic()
        connections: Connections | None = None
        try:
            for library in LIBRARIES:
                await warm(library)
            claims = [claim for owner in self._declared if (claim := await self._claim(owner))]
            refused, connections = await asyncio.to_thread(self._prepare, claims)
        except Exception as error:
            trouble = error if isinstance(error, TtaiError) else told(error, self.path)
            if trouble is None:
                log.exception("The database could not be opened")
                trouble = DatabaseUnwritable(self.path, f"{type(error).__name__}: {error}")
            refused = {"": trouble}
        before = self.problems
        former, self._connections, self._refused, self._doubtful = self._connections, connections, refused, False
        self._opened.set()
        for owner, problem in self.problems.items():
            if before.get(owner) != problem:
                log.warning("Database: %s", problem)
        self._former = [one for one in (*self._former, former) if one and not one.gone]
        for one in self._former:
            await one.retire()

    async def _claim(self, owner: str) -> "Claim | None":
        """What an owner's modules say, imported once; a failure is the owner's own."""
        if owner in self._broken:
            return None
        if owner not in self._claims:
            from ttai.storage.ledger import Claim, shut_out, unusable

            tables, migrations = self._declared[owner]
            try:
                await warm(tables)
                steps = (await warm(migrations)).STEPS if migrations else {}
                self._claims[owner] = await asyncio.to_thread(Claim.of, owner, tables, steps)
            except (Exception, SystemExit) as error:
                log.info("The tables of %s", owner, exc_info=True)
                self._broken[owner] = unusable(owner, error)
                await asyncio.to_thread(shut_out, tables)
                return None
        return self._claims[owner]

    def _prepare(self, claims: "list[Claim]") -> tuple[dict[str, TtaiError], Connections | None]:
        """In a thread: every owner's tables made and in their newest shape; who is refused, and the open file."""
        from ttai.storage.ledger import Ledger

        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        refused: dict[str, TtaiError] = {}
        with (
            locked(self._home, self._patience, self._is_closing),
            closing(connect(self.path, self._patience)) as connection,
        ):
            connection.execute("PRAGMA journal_mode=WAL")
            if isinstance(self._refused.get(""), DatabaseDamaged):
                examine(connection, self.path)  # opening reads a few pages; the damaged one was another
            ledger = Ledger(connection, self.path, self._clock, lambda: self._save(connection), self._is_closing)
            for claim in claims:
                try:
                    ledger.settle(claim)
                except DatabaseNewer as error:
                    if claim.owner == "core":
                        return {"": error}, None
                    refused[claim.owner] = error
                except TablesUnusable as error:
                    log.info("The tables of %s", claim.owner, exc_info=True)
                    self._broken[claim.owner] = error
        return refused, Connections(self.path, self._patience)

    def _save(self, connection: sqlite3.Connection) -> None:
        """A backup before the first step of this process; a later attempt must not push out older ones."""
        if not self._saved:
            keep(connection, self._home, self._clock)
            self._saved = True

    def _trouble(self, error: Exception, write: bool) -> TtaiError | None:
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
    def path(self) -> Path:
        """The file that all share."""
        return self._database.path

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
