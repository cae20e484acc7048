"""Notifications: written to a table first, delivered by whichever process has a way to the user."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, get_args
from uuid import uuid4

from pydantic_core import from_json, to_json

from ttai.background.channels import Channel, Note
from ttai.clock import Clock
from ttai.errors import BadArgument, TtaiError
from ttai.warm import warm

if TYPE_CHECKING:
    from sqlmodel.ext.asyncio.session import AsyncSession

    from ttai.storage.database import Store
    from ttai.storage.tables import NotificationRow

Kind = Literal["alert_triggered", "analysis_complete", "position_update", "info", "warning", "error"]
LOOK = 0.5  # s between two looks at what other processes wrote
AGAIN = 30.0  # s until what failed is tried again
AT_MOST = 1.0  # s a sender waits for a channel where there is no table
FRESH = timedelta(hours=24)  # what is older is not shown any more
KEPT = timedelta(days=30)
DAY = 86_400.0  # s
AT_ONCE = 500

NEWEST = "SELECT id, uid FROM core_notification ORDER BY id DESC LIMIT 1"
REMEMBERED = 5000  # notes a channel knows that it has passed

_log = logging.getLogger(__name__)


@dataclass
class _Place:
    """How far one channel is in the table."""

    newest: tuple[int, str]  # number and uid of a row: another's under that number, and an older file was restored
    last: int = 0
    since: datetime | None = None  # what is older was there before: numbers say nothing any more
    passed: deque[str] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def go_on(self, rows: "Sequence[NotificationRow]") -> "list[NotificationRow]":
        """Past these rows; those that it had not passed."""
        fresh = [row for row in rows if row.uid not in self.passed]
        self.passed.extend(row.uid for row in fresh)
        if rows:
            self.last = rows[-1].id or 0
            self.newest = max(self.newest, (self.last, rows[-1].uid))
        return fresh


class Notifier:
    """Takes notifications and delivers those of all processes on the data dir."""

    def __init__(
        self, clock: Clock, store: "Store", channels: Sequence[Channel] = (), *, sidecar: bool = False
    ) -> None:
        """A `sidecar`'s broadcasts count as shown, and it begins with what no sidecar has shown."""
        self._clock = clock
        self._store = store
        self._channels = list(channels)
        self._sidecar = sidecar
        self._news = {channel.name: asyncio.Event() for channel in self._channels}
        self._newest: int | None = None  # the row that was the newest when this process began to look
        self._began = clock.now()
        self._early: list[str] = []  # what it sent before that

    @property
    def ways(self) -> list[str]:
        """The names of its channels."""
        return [channel.name for channel in self._channels]

    async def send(
        self,
        title: str,
        body: str,
        *,
        kind: Kind = "info",
        data: Mapping[str, Any] | None = None,
        session: "AsyncSession | None" = None,
    ) -> str:
        """Tell the user; the notification's id. With a `session` it is written, and sent, with that transaction."""
        if kind not in get_args(Kind):
            raise BadArgument(f"{kind!r} is no kind of notification", f"Use one of {', '.join(get_args(Kind))}")
        facts = from_json(to_json(dict(data or {}), inf_nan_mode="null", fallback=str))
        note = Note(uuid4().hex, kind, title, body, self._clock.now(), facts)
        if self._newest is None:
            self._early.append(note.id)
        if session is not None:
            session.add(await _row(note))
            return note.id
        try:
            async with self._store.write() as own:
                own.add(await _row(note))
        except TtaiError as error:  # better said once by this process alone than not at all
            _log.warning("a notification is not kept: %s", error)
            await self._say(note)
        self._wake()
        return note.id

    async def newest(
        self, status: Literal["all", "new", "delivered"] = "all", limit: int = 50
    ) -> list[tuple[Note, bool]]:
        """The newest first, each with whether it was delivered (shown by a sidecar, or logged)."""
        table = (await warm("ttai.storage.tables")).NotificationRow
        sql = await warm("sqlmodel")
        delivered = sql.or_(sql.col(table.shown_at).is_not(None), sql.col(table.logged_at).is_not(None))
        wanted = {"all": sql.true(), "new": sql.not_(delivered), "delivered": delivered}[status]
        query = sql.select(table).where(wanted).order_by(sql.col(table.id).desc()).limit(limit)
        async with self._store.read() as session:
            return [(_note(row), bool(row.shown_at or row.logged_at)) for row in await session.exec(query)]

    async def run(self) -> None:
        """Deliver, until cancelled."""
        while (newest := await self._find_newest()) is None:  # noqa: ASYNC110 - a file knows no event
            await asyncio.sleep(AGAIN)
        self._newest = newest[0]
        self._began = self._clock.now()
        async with asyncio.TaskGroup() as group:
            for channel in self._channels:
                group.create_task(
                    self._broadcast(channel, _Place(newest)) if channel.broadcast else self._claim(channel)
                )
            group.create_task(self._look())
            group.create_task(self._forget_old())

    async def _say(self, note: Note) -> None:
        """Deliver past the table; whoever sends does not wait for readers."""
        for channel in self._channels:
            try:
                async with asyncio.timeout(AT_MOST):
                    await channel.deliver([note])
            except TimeoutError:
                _log.info("%s has not taken a notification yet", channel.name)
            except Exception:  # noqa: BLE001 - isolation is the point
                _log.exception("a notification could not be delivered to %s", channel.name)

    async def _look(self) -> None:
        """Notice what was written, by this process or another: the file tells, without a query."""
        seen = self._store.signature()
        while True:
            await asyncio.sleep(LOOK)
            now = self._store.signature()
            if now != seen:
                seen = now
                self._wake()

    def _wake(self) -> None:
        for event in self._news.values():
            event.set()

    async def _broadcast(self, channel: Channel, place: _Place) -> None:
        """Show every new note, in each process that can; a sidecar first what no sidecar has shown."""
        while True:
            await self._look_for_restored(place)
            rows = await self._select(partial(self._unseen, place))
            if not rows:
                await self._wait_for_news(channel)
                continue
            rows = place.go_on(rows)
            if rows and await _deliver(channel, rows) and self._sidecar:
                with suppress(TtaiError):
                    async with self._store.write() as session:
                        await self._stamp(session, rows, "shown_at")

    async def _look_for_restored(self, place: _Place) -> None:
        """Under an older backup numbers are given again: begin at the beginning, past what was passed."""
        if not place.newest[0]:
            return
        with suppress(TtaiError):
            async with self._store.read() as session:
                text = (await warm("sqlalchemy")).text
                query = text("SELECT id, uid FROM core_notification WHERE id = :id").bindparams(id=place.newest[0])
                if (await session.exec(query)).first() == place.newest:
                    return
                found = (await session.exec(text(NEWEST))).first()
                place.newest = tuple(found) if found else (0, "")
                place.last, place.since = 0, self._began

    async def _claim(self, channel: Channel) -> None:
        """Send what nobody has sent: the transaction sees to it that one process does."""
        while True:
            if not await self._send_claimed(channel):
                await self._wait_for_news(channel)

    async def _send_claimed(self, channel: Channel) -> int:
        if not await self._select(_unlogged):
            return 0
        try:
            async with self._store.write() as session:
                rows = await self._pending(session, _unlogged)
                if not await _deliver(channel, rows):
                    return 0
                await self._stamp(session, rows, "logged_at")
        except TtaiError as error:
            _log.warning("notifications wait: %s", error)
            return 0
        return len(rows)

    async def _wait_for_news(self, channel: Channel) -> None:
        """Until something was written; what failed is tried again after a while, even so."""
        with suppress(TimeoutError):
            async with asyncio.timeout(AGAIN):  # 3.11's wait_for may swallow a cancellation
                await self._news[channel.name].wait()
        self._news[channel.name].clear()

    def _unseen(self, place: _Place, table: Any) -> Any:
        """After the last; of those that were there before its own, what no sidecar has shown if it is one."""
        own = table.created_at >= place.since if place.since else table.id > self._newest
        mine = own | table.uid.in_(self._early)
        return (table.id > place.last) & (mine | table.shown_at.is_(None) if self._sidecar else mine)

    async def _select(self, wanted: Any) -> "list[NotificationRow]":
        with suppress(TtaiError):
            async with self._store.read() as session:
                return await self._pending(session, wanted)
        return []

    async def _pending(self, session: "AsyncSession", wanted: Any) -> "list[NotificationRow]":
        table = (await warm("ttai.storage.tables")).NotificationRow
        sql = await warm("sqlmodel")
        fresh = sql.col(table.created_at) > self._clock.now() - FRESH
        query = sql.select(table).where(wanted(table), fresh).order_by(sql.col(table.id)).limit(AT_ONCE)
        return list(await session.exec(query))

    async def _find_newest(self) -> tuple[int, str] | None:
        """The newest row's number and uid, 0 where there is none; None while there is no database."""
        with suppress(TtaiError):
            async with self._store.read() as session:
                found = (await session.exec((await warm("sqlalchemy")).text(NEWEST))).first()
                return tuple(found) if found else (0, "")
        return None

    async def _stamp(self, session: "AsyncSession", rows: "Sequence[NotificationRow]", column: str) -> None:
        table, sql = (await warm("ttai.storage.tables")).NotificationRow, await warm("sqlmodel")
        these = sql.col(table.id).in_([row.id for row in rows])
        await session.exec(sql.update(table).where(these).values({column: self._clock.now()}))

    async def _forget_old(self) -> None:
        """At the start, and once a day."""
        table = (await warm("ttai.storage.tables")).NotificationRow
        sql = await warm("sqlmodel")
        while True:
            with suppress(TtaiError):
                async with self._store.write() as session:
                    await session.exec(sql.delete(table).where(sql.col(table.created_at) < self._clock.now() - KEPT))
            await asyncio.sleep(DAY)


async def _deliver(channel: Channel, rows: "Sequence[NotificationRow]") -> bool:
    """Whether the notes are out; a channel that fails costs its own."""
    try:
        await channel.deliver([_note(row) for row in rows])
    except Exception:  # noqa: BLE001 - isolation is the point
        _log.exception("notifications could not be delivered to %s", channel.name)
        return False
    return True


def _unlogged(table: Any) -> Any:
    return table.logged_at.is_(None)


async def _row(note: Note) -> "NotificationRow":
    row: NotificationRow = (await warm("ttai.storage.tables")).NotificationRow(
        uid=note.id,
        notification_type=note.kind,
        title=note.title,
        body=note.body,
        data=json.dumps(dict(note.data)),
        created_at=note.timestamp,
    )
    return row


def _note(row: "NotificationRow") -> Note:
    return Note(row.uid, row.notification_type, row.title, row.body, row.created_at, json.loads(row.data))
