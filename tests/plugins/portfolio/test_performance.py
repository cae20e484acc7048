"""get_performance as a client meets it, against the simulator's own books."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from fastmcp.exceptions import ToolError

from ttai.answers import BUDGET
from ttai.testing import Harness


async def test_the_year_so_far_is_the_broker_s_to_the_cent(demo: Harness) -> None:
    answer = await demo.call("get_performance")
    proof = answer.data["reconciliation"]
    assert proof["difference"] == 0
    books = demo.simulator._office.books
    entries = [one for number in ("5WT00718", "5WT00934", "5WT01122") for one in books.book(number).ledger.entries]
    since = datetime(2026, 1, 1, 5, tzinfo=UTC).timestamp()
    trades = sum((one.net for one in entries if one.at >= since and one.type != "Money Movement"), Decimal(0))
    assert proof["trades_net_value"] == pytest.approx(float(trades), abs=0.005)
    assert proof["left_out"] == 0
    assert "note: what is open by these entries is what the broker holds now: " in answer.text
    assert answer.data["net"] == proof["realised"]
    assert sum(row["net"] for row in answer.rows("rows")) == pytest.approx(answer.data["net"], abs=0.03)
    assert sum(row["trades"] for row in answer.rows("rows")) == answer.data["trades"]
    assert (answer.data["start"], answer.data["end"]) == ("2026-01-01", "2026-11-20")
    assert len(answer.text.encode()) <= BUDGET
    assert len(json.dumps(answer.data, separators=(",", ":"))) <= BUDGET


@pytest.mark.parametrize("number", ["5WT00718", "5WT00934", "5WT01122"])
async def test_every_account_s_gain_is_that_of_the_simulator_s_own_lots(h: Harness, number: str) -> None:
    answer = await h.call("get_performance", account=number, start="2026-01-01")
    ledger = h.simulator._office.books.book(number).ledger
    since = datetime(2026, 1, 1, 5, tzinfo=UTC).timestamp()
    closed = [one for one in ledger.closed if one.at >= since]
    gross = sum((one.quantity * (one.price - one.opened) * one.asset.multiplier for one in closed), Decimal(0))
    assert answer.data["gross"] == pytest.approx(float(gross), abs=0.005)
    trades = [one for one in ledger.entries if one.at >= since and one.type != "Money Movement"]
    net = sum((one.net for one in trades), Decimal(0))
    assert answer.data["reconciliation"]["trades_net_value"] == pytest.approx(float(net), abs=0.005)
    assert answer.data["reconciliation"]["unmatched"] == 0


@pytest.mark.parametrize("start", ["2026-02-10", "2026-06-01", "2026-10-15", "2026-11-20"])
async def test_any_period_is_reconciled(h: Harness, start: str) -> None:
    for end in (start, "2026-11-20"):
        answer = await h.call("get_performance", start=start, end=end, by="month")
        assert answer.data["reconciliation"]["difference"] == 0
        assert ("what the broker holds now" in answer.text) == (end == "2026-11-20")


async def test_what_the_entries_do_not_tell_of_is_told_by_symbol(fresh: Harness) -> None:
    await fresh.call("get_balances")
    entries = fresh.simulator._office.books.book("5WT01122").ledger.entries
    sold = (await fresh.call("get_transactions", account="Income")).rows("transactions")
    gone = next(row for row in sold if row["symbol"] == "UBER  270108C00089000")
    entries[:] = [one for one in entries if one.id != gone["id"]]
    fresh.clock.advance(61)
    answer = await fresh.call("get_performance", account="Income")
    assert "what is open by these entries is not what the broker holds: UBER  270108C00089000 0, -3 held" in answer.text


async def test_by_underlying_and_by_month_add_up_to_the_same(h: Harness) -> None:
    whole = (await h.call("get_performance", account="Trading")).data["net"]
    for by in ("underlying", "month", "Strategy"):
        answer = await h.call("get_performance", account="Trading", by=by)
        assert sum(Decimal(str(row["net"])) for row in answer.rows("rows")) == Decimal(str(whole))
    months = [row["name"] for row in (await h.call("get_performance", by="month")).rows("rows")]
    assert months == sorted(months)
    assert months[0] == "2026-01"


async def test_what_is_of_section_1256_is_marked_as_a_fact(h: Harness) -> None:
    answer = await h.call("get_performance", account="Trading", by="underlying")
    flags = {row["name"]: row["section_1256"] for row in answer.rows("rows")}
    assert flags["SPX"] is True
    assert flags["TSLA"] is False
    assert "of net is of section 1256 contracts (SPX), which are taxed by rules of their own: a fact, not advice" in (
        answer.text
    )


async def test_dividends_and_interest_are_lines_of_their_own_and_deposits_none(h: Harness) -> None:
    answer = await h.call("get_performance", account="Trading")
    kinds = {row["kind"]: row["net_value"] for row in answer.rows("other")}
    assert kinds.keys() == {"Dividend", "Credit Interest", "Balance Adjustment"}
    assert kinds["Balance Adjustment"] == -25
    assert answer.data["other_net"] == pytest.approx(sum(kinds.values()), abs=0.005)
    assert answer.data["net_with_other"] == pytest.approx(answer.data["net"] + answer.data["other_net"], abs=0.005)


async def test_nothing_closed_is_said(fresh: Harness) -> None:
    await fresh.call("get_balances")
    fresh.simulator.empty("5WT00934")
    answer = await fresh.call("get_performance", account="5WT00934", start="2026-11-20")
    assert (answer.data["trades"], answer.data["net"], answer.data["win_rate"]) == (0, 0, None)
    assert "note: nothing was closed in these days" in answer.text


async def test_an_account_that_fails_costs_itself(fresh: Harness) -> None:
    fresh.simulator.faults.add("status", "/accounts/5WT00718/transactions", status=403)
    answer = await fresh.call("get_performance")
    assert [one["account"] for one in answer.rows("failed")] == ["5WT00718"]
    assert answer.data["reconciliation"]["difference"] == 0
    with pytest.raises(ToolError, match="AUTHORIZATION"):
        await fresh.call("get_performance", account="5WT00718")


async def test_a_trade_of_today_is_realised_at_once(fresh: Harness) -> None:
    await fresh.call("get_balances")
    before = (await fresh.call("get_performance", account="5WT00718")).data
    fresh.simulator.trade("5WT00718", "XOM", 100, 110.0)
    fresh.simulator.trade("5WT00718", "XOM", -100, 111.0)
    fresh.clock.advance(61)
    after = (await fresh.call("get_performance", account="5WT00718")).data
    assert after["gross"] - before["gross"] == pytest.approx(100)
    assert after["trades"] == before["trades"] + 1
    assert after["reconciliation"]["difference"] == 0


async def test_dates_that_can_not_be_meant_are_refused(h: Harness) -> None:
    with pytest.raises(ToolError, match="is no date"):
        await h.call("get_performance", start="2026")
    with pytest.raises(ToolError, match="strategy"):
        await h.call("get_performance", by="week")
