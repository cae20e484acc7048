"""The job that keeps snapshots of what is held, and tells once what became of it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlmodel import select

from tests.desk import until
from tests.plugins.portfolio.test_accounts import ALL, INCOME, RETIREMENT, TRADING
from ttai.errors import TtaiError
from ttai.testing import Harness, harness
from ttai_portfolio.tables import ChangeRow, PositionRow, SnapshotRow

CALL, PUT = "TSLA  261231C00560000", "TSLA  261231P00400000"
SOLD = "AMD   261218P00230000"


async def run(h: Harness) -> None:
    """The job, as a user starts it."""
    assert await h.app.scheduler.control("position_sync", "run") == "position_sync ran"


async def kept(h: Harness) -> dict[str, dict[str, str]]:
    """The last snapshot: quantities by account and symbol."""
    async with h.app.database.of("portfolio").read() as session:
        found: dict[str, dict[str, str]] = {row.account: {} for row in await session.exec(select(SnapshotRow))}
        for row in await session.exec(select(PositionRow)):
            found[row.account][row.symbol] = row.quantity
    return found


async def changed(h: Harness) -> Sequence[tuple[str, str, str, str, str]]:
    """What was written down."""
    async with h.app.database.of("portfolio").read() as session:
        rows = await session.exec(select(ChangeRow).order_by("id"))
        return [(row.account, row.symbol, row.what, row.before, row.after) for row in rows]


async def told(h: Harness) -> list[tuple[str, str]]:
    """Title and body of every notification there is of positions, the oldest first."""
    rows = (await h.call("list_notifications", limit=50)).rows("notifications")
    return [(row["title"], row["body"]) for row in reversed(rows) if row["notification_type"] == "position_update"]


async def test_what_is_held_is_kept_and_nothing_told_until_it_changes() -> None:
    async with harness(serving=True) as h:
        await run(h)
        first = await kept(h)
        assert sorted(first) == ALL
        assert sum(map(len, first.values())) == 60
        assert first[RETIREMENT]["SPY"] == "37.4182"
        assert first[TRADING][CALL] == "-1"
        await run(h)
        assert await changed(h) == []
        assert await told(h) == []

        h.simulator.trade(TRADING, "AAPL", -100)
        h.simulator.trade(TRADING, SOLD, -1)
        h.simulator.trade(TRADING, CALL, 1)
        await run(h)
        assert await changed(h) == [
            (TRADING, "AAPL", "changed", "200", "100"),
            (TRADING, SOLD, "opened", "0", "-1"),
            (TRADING, CALL, "closed", "-1", "0"),
        ]
        (note,) = await told(h)
        assert note == (
            "5WT00718 Trading: 1 closed, 1 opened, 1 changed",
            f"closed: {CALL} (-1 → 0)\nopened: {SOLD} (0 → -1)\nchanged: AAPL (200 → 100)",
        )
        assert CALL not in (await kept(h))[TRADING]
        await run(h)
        assert len(await told(h)) == 1
        await until(lambda: h.notes)
        (delivered,) = h.notes
        assert delivered.kind == "position_update"
        assert delivered.data["account"] == TRADING
        assert f"opened: {SOLD} (0 → -1)" in delivered.data["changes"]


async def test_an_assignment_is_told_as_one_with_the_stock_that_came() -> None:
    async with harness(serving=True) as h:
        await run(h)
        h.simulator.assign(TRADING, PUT)
        await run(h)
        assert await told(h) == [
            ("5WT00718 Trading: 1 assigned, 1 opened", f"assigned: {PUT} (-1 → 0)\nopened: TSLA (0 → 100)")
        ]


async def test_the_broker_s_word_is_enough_and_the_job_need_not_be_due() -> None:
    async with harness(serving=True) as h:
        await run(h)
        await until(lambda: h.app.broker.watch.live)
        h.simulator.trade(INCOME, "XLE", 10)
        await until(lambda: h.notes)
        assert [note.title for note in h.notes] == ["5WT01122 Income: 1 opened"]
        assert h.notes[0].body == "opened: XLE (0 → 10)"


async def test_two_processes_on_one_data_dir_tell_once(tmp_path: Path) -> None:
    async with harness(serving=True, data_dir=tmp_path) as one, harness(serving=True, data_dir=tmp_path) as other:
        for h in (one, other):
            await run(h)
        for h in (one, other):  # the same broker, as each of them sees it
            h.simulator.trade(TRADING, SOLD, -1)
        for h in (one, other):
            await run(h)
        assert len(await told(one)) == 1
        assert await changed(other) == [(TRADING, SOLD, "opened", "0", "-1")]
        await until(lambda: one.notes and other.notes)
        assert {note.id for note in one.notes} == {note.id for note in other.notes}


async def test_what_happened_while_no_process_ran_is_told_at_the_next_start(tmp_path: Path) -> None:
    async with harness(serving=True, data_dir=tmp_path) as h:
        await run(h)
    async with harness(serving=True, data_dir=tmp_path) as h:
        h.simulator.trade(TRADING, "AAPL", -200)
        await run(h)
        assert [title for title, _ in await told(h)] == ["5WT00718 Trading: 1 closed"]


async def test_a_position_that_can_not_be_read_stops_the_snapshot_of_its_account_alone() -> None:
    """It would look closed."""
    async with harness(serving=True) as h:
        await run(h)
        before = await kept(h)
        path = f"/accounts/{TRADING}/positions"
        h.simulator.faults.add("missing", path, field="quantity", symbols=[PUT])
        h.simulator.trade(TRADING, "AAPL", -100)
        h.simulator.trade(INCOME, "XLE", 10)
        await run(h)
        assert [title for title, _ in await told(h)] == ["5WT01122 Income: 1 opened"]
        assert (await kept(h))[TRADING] == before[TRADING]
        h.simulator.faults.clear()
        h.simulator.trade(TRADING, "AAPL", -50)
        await run(h)
        assert (await told(h))[1:] == [("5WT00718 Trading: 1 changed", "changed: AAPL (200 → 50)")]


async def test_an_account_that_fails_costs_itself_and_all_of_them_the_run() -> None:
    async with harness(serving=True) as h:
        h.simulator.faults.add("status", f"/accounts/{TRADING}/positions", status=403)
        await run(h)
        assert sorted(await kept(h)) == [RETIREMENT, INCOME]
        h.simulator.faults.add("status", "/accounts/*/positions", status=403)
        h.clock.advance(60)
        with pytest.raises(TtaiError, match="does not permit"):
            await run(h)
        (job,) = [row for row in (await h.call("list_jobs")).rows("jobs") if row["name"] == "position_sync"]
        assert "does not permit" in str(job)
        assert sorted(await kept(h)) == [RETIREMENT, INCOME]


async def test_without_the_ledger_what_ended_is_closed() -> None:
    async with harness(serving=True) as h:
        await run(h)
        h.simulator.faults.add("status", "/accounts/*/transactions", status=403)
        h.clock.advance(120)
        h.simulator.assign(TRADING, PUT)
        await run(h)
        assert [title for title, _ in await told(h)] == ["5WT00718 Trading: 1 closed, 1 opened"]


async def test_an_account_that_is_emptied_is_told_in_a_few_lines() -> None:
    async with harness(serving=True) as h:
        await run(h)
        h.simulator.empty(TRADING)
        await run(h)
        ((title, body),) = await told(h)
        assert title == "5WT00718 Trading: 33 closed"
        assert len(body.splitlines()) == 13
        assert body.splitlines()[-1] == "and 21 more"
        assert (await kept(h))[TRADING] == {}
        h.simulator.trade(TRADING, "SPY", 1)
        await run(h)
        assert (await told(h))[-1] == ("5WT00718 Trading: 1 opened", "opened: SPY (0 → 1)")


async def test_when_the_server_stops_nobody_listens_and_nothing_is_complained_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with harness(serving=True) as h:
        await run(h)
        await until(lambda: h.app.broker.watch.live)
    await until(lambda: "position_sync" not in {task.get_name() for task in asyncio.all_tasks()})
    assert "stopping" not in caplog.text
