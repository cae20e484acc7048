"""Notifications: kept, listed, delivered to every process that can, never twice where once is right."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastmcp.exceptions import ToolError

from tests.desk import until
from ttai import Host
from ttai.background import notifier as module
from ttai.background.channels import Note
from ttai.background.notifier import Notifier
from ttai.storage.backups import backup, restore
from ttai.storage.database import Database
from ttai.testing import Era, FrozenClock, harness


class Book:
    """A channel that keeps what it is given, and can be told to fail or to wait."""

    def __init__(self, name: str = "book", *, broadcast: bool = True) -> None:
        self.name = name
        self.broadcast = broadcast
        self.notes: list[Note] = []
        self.fails = 0
        self.open = asyncio.Event()
        self.open.set()

    @property
    def titles(self) -> list[str]:
        return [note.title for note in self.notes]

    async def deliver(self, notes: Sequence[Note]) -> None:
        await self.open.wait()
        if self.fails:
            self.fails -= 1
            raise OSError("no way out")
        self.notes += notes


class Process:
    """One process's notifier."""

    def __init__(self, home: Path, clock: FrozenClock, *channels: Book, sidecar: bool = False) -> None:
        self.database = Database(home, clock)
        self.store = self.database.of("core")
        self.notifier = Notifier(clock, self.store, channels, sidecar=sidecar)
        self.running: asyncio.Task[None] | None = None

    async def ready(self) -> None:
        """Deliver from now on; what was there before is known."""
        self.running = asyncio.create_task(self.notifier.run())
        await until(lambda: self.notifier._newest is not None or self.store.problem)

    async def new(self) -> set[str]:
        return {note.title for note, _ in await self.notifier.newest("new")}

    async def close(self) -> None:
        if self.running:
            self.running.cancel()
            await asyncio.wait({self.running})
        await self.database.close()


@asynccontextmanager
async def process(
    home: Path, *channels: Book, clock: FrozenClock | None = None, sidecar: bool = False, deliver: bool = True
) -> AsyncIterator[Process]:
    one = Process(home, clock or FrozenClock(), *channels, sidecar=sidecar)
    try:
        if deliver:
            await one.ready()
        yield one
    finally:
        await one.close()


async def nothing_new(one: Process, *but: str) -> None:
    """Until all is marked as delivered."""
    async with asyncio.timeout(15):
        while await one.new() != set(but):  # noqa: ASYNC110 - seen through the table
            await asyncio.sleep(0.005)


def teller(host: Host) -> None:
    @host.tool
    async def tell(title: str, kind: Any = "info") -> str:
        "Tell the user."
        return await host.notifier.send(
            title, "a body", kind=kind, data={"price": Decimal("1.5"), "at": host.clock.now()}
        )


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_what_is_sent_is_delivered_and_listed(mode: Era) -> None:
    async with harness(teller, serving=True, mode=mode) as h:
        await h.call("trial_tell", title="first")
        await until(lambda: h.notes)
        await h.call("trial_tell", title="second", kind="warning")
        await until(lambda: len(h.notes) == 2)
        first, second = h.notes
        assert (first.title, first.body, first.kind, second.kind) == ("first", "a body", "info", "warning")
        assert first.data == {"price": "1.5", "at": "2026-11-20T15:31:00Z"}
        assert first.timestamp == datetime(2026, 11, 20, 15, 31, tzinfo=UTC)
        listed = (await h.call("list_notifications")).rows("notifications")
        assert [line["title"] for line in listed] == ["second", "first"]
        assert listed[1]["at"] == "2026-11-20T10:31:00-05:00"
        one = await h.call("list_notifications", limit=1)
        assert [line["title"] for line in one.rows("notifications")] == ["second"]
        assert "limit=2" in one.text


async def test_an_unknown_kind_is_refused() -> None:
    async with harness(teller, serving=True) as h:
        with pytest.raises(ToolError, match=r"^VALIDATION: 'gossip' is no kind of notification. Use one of alert"):
            await h.call("trial_tell", title="x", kind="gossip")
        assert (await h.call("list_notifications")).data["notifications"]["rows"] == []


async def test_what_a_transaction_undoes_was_never_said(tmp_path: Path) -> None:
    book = Book()
    async with process(tmp_path, book) as one:
        with suppress(KeyError):
            async with one.store.write() as session:
                await one.notifier.send("undone", "", session=session)
                raise KeyError
        async with one.store.write() as session:
            await one.notifier.send("done", "", session=session)
        await until(lambda: book.notes)
        assert book.titles == ["done"]
        assert await one.new() == {"done"}


async def test_a_plugins_own_transaction_carries_the_note(tmp_path: Path) -> None:
    book = Book()
    async with process(tmp_path, book) as one:
        async with one.database.of("core").write() as session:
            await one.notifier.send("together", "", session=session)
        await until(lambda: book.titles == ["together"])


async def test_every_process_shows_a_broadcast_once(tmp_path: Path) -> None:
    here, there = Book(), Book()
    async with process(tmp_path, here) as one, process(tmp_path, there) as other:
        for number in range(5):
            await (one if number % 2 else other).notifier.send(str(number), "")
        await until(lambda: len(here.notes) == len(there.notes) == 5)
        assert set(here.titles) == set(there.titles) == set("01234")
        assert [note.id for note in here.notes] == [note.id for note in there.notes]


async def test_two_processes_share_a_log_and_send_each_once(tmp_path: Path) -> None:
    here, there = Book("log", broadcast=False), Book("log", broadcast=False)
    async with process(tmp_path, here) as one, process(tmp_path, there) as other:
        await asyncio.gather(*((one if n % 2 else other).notifier.send(str(n), "") for n in range(40)))
        await until(lambda: len(here.notes) + len(there.notes) >= 40)
        await nothing_new(one)
        assert sorted(here.titles + there.titles, key=int) == [str(n) for n in range(40)]


async def test_the_log_gets_what_was_written_while_nobody_served(tmp_path: Path) -> None:
    async with process(tmp_path, deliver=False) as one:
        await one.notifier.send("earlier", "")
    book, late = Book("log", broadcast=False), Book("log", broadcast=False)
    async with process(tmp_path, book) as one:
        await nothing_new(one)
        assert book.titles == ["earlier"]
    async with process(tmp_path, late) as one:
        await one.notifier.send("now", "")
        await until(lambda: late.titles == ["now"])


async def test_a_sidecar_begins_with_what_no_sidecar_has_shown(tmp_path: Path) -> None:
    clock = FrozenClock(datetime(2026, 11, 20, 8, tzinfo=UTC))
    async with process(tmp_path, Book(), clock=clock) as other:  # a terminal's server: it shows, and nobody looks
        await other.notifier.send("yesterday", "")
        clock.advance(86_400)
        await other.notifier.send("at eight", "")
        first = Book()
        async with process(tmp_path, first, clock=clock, sidecar=True) as one:
            await until(lambda: first.titles == ["at eight"])
            await other.notifier.send("at nine", "")
            await until(lambda: first.titles == ["at eight", "at nine"])
            await nothing_new(one, "yesterday")
        await other.notifier.send("at ten", "")
        second = Book()
        async with process(tmp_path, second, clock=clock, sidecar=True):
            await until(lambda: second.titles == ["at ten"])
            await other.notifier.send("at eleven", "")
            await until(lambda: second.titles == ["at ten", "at eleven"])


async def test_who_is_no_sidecar_begins_with_what_is_new(tmp_path: Path) -> None:
    async with process(tmp_path, deliver=False) as one:
        await one.notifier.send("before", "")
    book = Book()
    async with process(tmp_path, book) as one:
        await one.notifier.send("after", "")
        await until(lambda: book.titles == ["after"])


async def test_what_is_said_during_the_start_is_shown(tmp_path: Path) -> None:
    book = Book()
    async with process(tmp_path, book, deliver=False) as one:
        await one.notifier.send("early", "")
        await one.ready()
        await until(lambda: book.titles == ["early"])


async def test_a_sidecar_shows_more_than_one_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 3)
    async with process(tmp_path, deliver=False) as one:
        for number in range(8):
            await one.notifier.send(str(number), "")
    book = Book()
    async with process(tmp_path, book, sidecar=True):
        await until(lambda: len(book.notes) == 8)
    assert book.titles == list("01234567")


async def test_what_did_not_get_out_is_shown_at_the_next_start(tmp_path: Path) -> None:
    stuck = Book()
    stuck.open.clear()
    async with process(tmp_path, stuck, sidecar=True) as one:
        await one.notifier.send("urgent", "")
        assert await one.new() == {"urgent"}
    book = Book()
    async with process(tmp_path, book, sidecar=True):
        await until(lambda: book.titles == ["urgent"])


async def test_a_channel_that_fails_costs_neither_the_others_nor_what_comes_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN", 0.05)
    bad, log, good = Book("bad"), Book("log", broadcast=False), Book("good")
    bad.fails = log.fails = 1
    async with process(tmp_path, bad, log, good) as one:
        await one.notifier.send("one", "")
        await until(lambda: good.titles == ["one"] and not bad.fails)
        await until(lambda: log.titles == ["one"])  # it is claimed until it is out
        await one.notifier.send("two", "")
        await until(lambda: good.titles == log.titles == ["one", "two"])
        await until(lambda: bad.titles == ["two"])


@pytest.mark.slow
async def test_without_a_database_it_is_said_once_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "ttai.db").mkdir()
    book, stuck = Book(), Book("stuck")
    stuck.open.clear()
    async with process(tmp_path, book, stuck) as one:
        async with asyncio.timeout(3):
            await one.notifier.send("now", "")
        assert book.titles == ["now"]


async def test_a_database_that_comes_back_brings_no_old_news(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN", 0.02)
    clock, book = FrozenClock(), Book()
    async with process(tmp_path, deliver=False) as one:
        await one.notifier.send("old", "")
    (tmp_path / "ttai.db").rename(tmp_path / "kept.db")
    (tmp_path / "ttai.db").mkdir()
    async with process(tmp_path, book, clock=clock) as one:
        (tmp_path / "ttai.db").rmdir()
        (tmp_path / "kept.db").rename(tmp_path / "ttai.db")
        clock.advance(10)
        await until(lambda: one.notifier._newest is not None)
        await one.notifier.send("new", "")
        await until(lambda: book.notes)
        assert book.titles == ["new"]


async def test_what_is_a_month_old_is_forgotten(tmp_path: Path) -> None:
    clock = FrozenClock()
    async with process(tmp_path, deliver=False, clock=clock) as one:
        await one.notifier.send("old", "")
        clock.advance(31 * 86_400)
        await one.notifier.send("new", "")
    book: Any = Book()
    async with process(tmp_path, book, clock=clock) as one:
        await nothing_new(one, "new")


@pytest.mark.parametrize("sidecar", [False, True])
async def test_an_older_backup_restored_under_it_does_not_silence_it(tmp_path: Path, sidecar: bool) -> None:
    book, clock = Book(), FrozenClock()
    async with process(tmp_path, clock=clock, deliver=False) as before:
        await before.notifier.send("before", "")
        async with before.store.write() as session:  # some sidecar has shown it
            from sqlalchemy import text

            await session.exec(text("UPDATE core_notification SET shown_at = created_at"))  # type: ignore[call-overload]
    clock.advance(60)
    async with process(tmp_path, book, clock=clock, sidecar=sidecar) as one:
        await one.notifier.send("kept", "")
        await until(lambda: book.titles == ["kept"])
        saved = await backup(tmp_path, None, clock)
        for number in range(3):
            await one.notifier.send(f"lost {number}", "")
        await until(lambda: len(book.titles) == 4)
        clock.advance(60)
        await restore(tmp_path, saved, clock)
        for number in range(5):  # past the number it was at, before it can look
            await one.notifier.send(f"after {number}", "")
        await until(lambda: len(book.titles) == 9)
        await one.notifier.send("last", "")
        await until(lambda: "last" in book.titles)
        assert book.titles[4:] == [*(f"after {number}" for number in range(5)), "last"]
