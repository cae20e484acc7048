"""The open database file: some connections that read, one that writes."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttai.storage.file import PRAGMAS

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from sqlmodel.ext.asyncio.session import AsyncSession

READERS = 4  # connections, besides the one that writes
WAIT = 30.0  # s to get a session, where no call's deadline says less


class Connections:
    """The open file: some connections that read, one that writes, each with a thread of its own."""

    def __init__(self, path: Path, patience: float) -> None:
        self._open: set[Any] = set()
        self._engines = [self._engine(path, patience, write=write) for write in (False, True)]
        self._turn = asyncio.Lock()
        self._writer: asyncio.Task[Any] | None = None
        self._users = 0
        self._retired = False
        self._gone = asyncio.Event()

    @property
    def gone(self) -> bool:
        """Whether nothing of it is left."""
        return self._gone.is_set()

    @asynccontextmanager
    async def session(self, *, write: bool) -> AsyncIterator["AsyncSession"]:
        """A session in a transaction, which is rolled back unless the caller commits it."""
        from sqlmodel.ext.asyncio.session import AsyncSession

        self._users += 1
        try:
            async with self._turn_to(write), AsyncSession(self._engines[write], expire_on_commit=False) as session:
                await _whole(session.connection())  # the transaction begins here
                yield session
        finally:
            self._users -= 1
            await self._leave()

    async def retire(self) -> None:
        """Take leave once the last user has."""
        self._retired = True
        await self._leave()

    async def close(self, seconds: float) -> None:
        """Take leave now: who still has a session gets so long to be done with it."""
        await self.retire()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # 3.11's wait_for may swallow a cancellation
                await self._gone.wait()
        for engine in self._engines:
            await engine.dispose()
        stopping = []
        for connection in list(self._open):
            stopping += [future] if (future := connection.stop()) else []
            # Whoever lets go of it later would wait for ever for a thread that has ended.
            connection.close, connection.stop = _closed, _stopped
        if stopping:
            await asyncio.wait(stopping, timeout=seconds)

    @asynccontextmanager
    async def _turn_to(self, write: bool) -> AsyncIterator[None]:
        """One writer at a time, in the order they came; SQLite's own waiting is neither fair nor quick."""
        if not write:
            yield
            return
        if self._writer is asyncio.current_task():
            raise RuntimeError("write() inside write(): the first one is the transaction")
        async with self._turn:
            self._writer = asyncio.current_task()
            try:
                yield
            finally:
                self._writer = None

    async def _leave(self) -> None:
        if self._retired and not self._users:
            for engine in self._engines:
                await engine.dispose()
            self._gone.set()

    def _engine(self, path: Path, patience: float, *, write: bool) -> "AsyncEngine":
        from sqlalchemy import URL, event
        from sqlalchemy.ext.asyncio import create_async_engine

        engine = create_async_engine(
            # `rw`: a file that vanished is reported, not replaced by an empty one.
            URL.create("sqlite+aiosqlite", database=path.absolute().as_uri(), query={"mode": "rw", "uri": "true"}),
            pool_size=1 if write else READERS,
            max_overflow=0,
            pool_timeout=2 * WAIT,
            connect_args={"timeout": patience, "isolation_level": None},
        )

        def connected(connection: Any, _record: object) -> None:
            self._open.add(connection.driver_connection)
            cursor = connection.cursor()
            for pragma in (*PRAGMAS, f"query_only={'OFF' if write else 'ON'}"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        def begin(connection: Any) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

        event.listen(engine.sync_engine, "connect", connected)
        event.listen(engine.sync_engine, "begin", begin)
        event.listen(
            engine.sync_engine, "close", lambda connection, _record: self._open.discard(connection.driver_connection)
        )
        return engine


async def _closed() -> None:
    """It is closed already."""


def _stopped() -> None:
    """Its thread is ending already: there is nothing to wait for."""


async def _whole(connecting: Coroutine[Any, Any, object]) -> None:
    """Connect to the end even if whoever asked is cancelled: half a connection is closed by nobody."""
    task = asyncio.ensure_future(connecting)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
