"""get_net_liq_history as a client meets it, and curves made by hand."""

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from fastmcp.exceptions import ToolError
from mcp.types import ImageContent, TextContent
from PIL import Image

from tests.plugins.portfolio.entries import entry, money
from ttai import Account, NetLiq
from ttai.answers import BUDGET
from ttai.listing import Listing
from ttai.testing import Harness
from ttai_portfolio.gathering import Gathered
from ttai_portfolio.records.flows import Flows, flows, is_flow
from ttai_portfolio.worth.curves import Curve, curve, day_of, together
from ttai_portfolio.worth.draw import Scene, draw
from ttai_portfolio.worth.sheet import UNKNOWN, Worths
from ttai_portfolio.worth.words import dollars, percent, written_day

NONE = Flows()
CLOSE = datetime(2026, 3, 2, 21, tzinfo=UTC)  # of the day on which `money` without a day comes


def points(*values: float, step: timedelta = timedelta(days=1)) -> list[NetLiq]:
    return [NetLiq(CLOSE + place * step, *(Decimal(str(value)),) * 4) for place, value in enumerate(values)]


def made(*values: float, paid: Flows = NONE, step: timedelta = timedelta(days=1)) -> Curve:
    found = curve(points(*values, step=step), paid)
    assert found is not None
    return found


async def drawn(h: Harness, **arguments: Any) -> tuple[bytes, str, dict[str, Any]]:
    result = await h.client.call_tool("get_net_liq_history", {"picture": True, **arguments})
    (image,) = [block for block in result.content if isinstance(block, ImageContent)]
    (text,) = [block for block in result.content if isinstance(block, TextContent)]
    return base64.b64decode(image.data), text.text, result.structured_content or {}


async def test_three_months_of_an_account_whose_deposit_is_no_gain(demo: Harness) -> None:
    answer = await demo.call("get_net_liq_history", account="Trading", range="3m")
    data, rows = answer.data, answer.rows("points")
    assert len(rows) <= 40 < data["points_read"]
    values = [row["value"] for row in rows]
    assert (values[0], values[-1]) == (data["first"], data["last"])
    assert data["high"] >= max(values) > min(values) >= data["low"]
    assert data["deposits"] == 10_000
    assert data["change_without_flows"] == pytest.approx(data["change"] - 10_000, abs=0.02)
    assert data["change"] > 0 > data["time_weighted_return"]
    assert data["max_drawdown"] > 0
    assert data["drawdown_peak"] < data["drawdown_trough"]
    (flow,) = answer.rows("flows")
    assert (flow["date"], flow["kind"], flow["amount"]) == ("2026-09-30", "Deposit", 10_000)
    assert len(answer.text.encode()) <= BUDGET
    assert len(json.dumps(data, separators=(",", ":"))) <= BUDGET


async def test_several_accounts_are_added_up_and_each_has_its_row(h: Harness) -> None:
    answer = await h.call("get_net_liq_history", range="1Y")
    each = answer.rows("by_account")
    assert [row["account"] for row in each] == ["5WT00718", "5WT00934", "5WT01122"]
    assert answer.data["last"] == pytest.approx(sum(row["last"] for row in each), abs=0.02)
    assert answer.data["deposits"] == pytest.approx(sum(row["deposits"] for row in each))
    assert "note: the accounts are added up where all of them have a value" in answer.text
    assert len(answer.text.encode()) <= BUDGET


@pytest.mark.parametrize("span", ["1d", "1m", "6m", "all"])
async def test_every_range_has_its_points(h: Harness, span: str) -> None:
    answer = await h.call("get_net_liq_history", account="5WT00934", range=span)
    rows = answer.rows("points")
    assert 2 <= len(rows) <= 40
    assert ("T" in rows[0]["time"]) == (span == "1d")
    assert answer.data["range"] == span


async def test_what_can_not_be_meant_is_refused(h: Harness) -> None:
    with pytest.raises(ToolError, match="1m"):
        await h.call("get_net_liq_history", range="2w")
    with pytest.raises(ToolError, match="NOT_FOUND: there is no account"):
        await h.call("get_net_liq_history", account="nobody")


async def test_a_picture_is_small_and_says_what_it_shows(demo: Harness) -> None:
    for theme in ("dark", "light"):
        png, text, data = await drawn(demo, account="Trading", range="1y", theme=theme)
        picture = Image.open(io.BytesIO(png))
        assert (picture.format, picture.size) == ("PNG", (900, 440))
        assert len(png) <= 150 * 1024
        assert text.startswith("Net liq of 5WT00718 Trading, one year (Nov 20, 2025 to Nov 20, 2026)\n")
        assert "without $25,000 paid in and $0.00 paid out: " in text
        assert "worst fall $" in text
        assert data["deposits"] == 25_000
        assert data["source"] == "simulator"
        assert "points" not in data


async def test_without_transactions_nobody_says_what_was_won(fresh: Harness) -> None:
    fresh.simulator.faults.add("status", "/accounts/5WT00718/transactions", status=400)
    answer = await fresh.call("get_net_liq_history", range="3m")
    for name in ("deposits", "change_without_flows", "time_weighted_return", "max_drawdown"):
        assert answer.data[name] is None
    assert answer.data["change"] is not None
    assert "max_drawdown null: 5WT00718: TastyTrade turned the request down" in answer.text
    alone = await fresh.call("get_net_liq_history", range="3m", account="5WT01122")
    assert alone.data["max_drawdown"] is not None
    _, text, _ = await drawn(fresh, range="3m", account="5WT00718")
    assert "how far it fell is unknown" in text


async def test_an_account_that_fails_costs_itself(fresh: Harness) -> None:
    fresh.simulator.faults.add("status", "/accounts/5WT00718/net-liq/history", status=400)
    answer = await fresh.call("get_net_liq_history")
    assert answer.data["accounts"] == ["5WT00934 Retirement", "5WT01122 Income"]
    assert "note: 5WT00718 is not in it" in answer.text
    assert [row["account"] for row in answer.rows("by_account")] == ["5WT00934", "5WT01122"]
    assert answer.text.count("TastyTrade turned the request down") == 1
    with pytest.raises(ToolError, match="BROKER"):
        await fresh.call("get_net_liq_history", account="Trading")


async def test_rows_without_a_value_are_left_out_and_none_is_no_history(fresh: Harness) -> None:
    fresh.simulator.faults.add("missing", "*/net-liq/history", field="total-close", count=1)
    answer = await fresh.call("get_net_liq_history", account="Trading")
    assert "values could not be read and are left out" in answer.text
    fresh.clock.advance(61)
    fresh.simulator.faults.clear()
    fresh.simulator.faults.add("nan", "*/net-liq/history", field="total-close")
    with pytest.raises(ToolError, match=r"NOT_FOUND: there is no history .* values could not be read and are left out"):
        await fresh.call("get_net_liq_history", account="Trading")


def test_a_deposit_counts_on_its_day_and_that_of_the_first_not_at_all() -> None:
    paid = flows([money("Deposit", "100"), money("Withdrawal", "-20", day=2), money("Dividend", "5", day=1)])
    one = made(100, 110, 99, paid=paid)
    assert one.daily
    assert one.paid is not None
    assert [flow.amount for flow in one.paid] == [-20]
    assert (one.deposits, one.withdrawals, one.won) == (0, -20, 19)
    assert one.returned == pytest.approx(1.1 * 99 / 90 - 1)
    assert one.fall is None


def test_within_a_day_a_deposit_counts_in_its_stretch() -> None:
    paid = flows([money("Deposit", "50", day=0.2511)])  # 21:01:35, in the second minute
    one = made(100, 150, 150, paid=paid, step=timedelta(minutes=1))
    assert not one.daily
    assert one.returned == pytest.approx(0)
    assert one.won == 0


def test_money_that_goes_is_no_fall() -> None:
    paid = flows([money("Withdrawal", "-60", day=1)])
    assert made(100, 40, 41, paid=paid).fall is None
    fell = made(100, 90, 95, 101)
    assert fell.fall is not None
    assert fell.fall.dollars == 10
    assert fell.fall.fraction == pytest.approx(0.1)
    assert fell.fall.recovered == fell.times[3]


def test_a_return_on_nothing_is_unknown() -> None:
    assert made(0, 0, 10).returned is None
    assert made(0, 0, 10).fall is None


def test_accounts_are_added_up_where_all_have_a_point() -> None:
    long, short = made(1, 2, 3, 4), curve(points(0, 0, 30, 40)[2:], NONE)
    assert short is not None
    both = together([long, short])
    assert both is not None
    assert list(both.values) == [33, 44]
    assert both.days == [date(2026, 3, 4), date(2026, 3, 5)]
    unknown = together([long, Curve(short.times, short.values, daily=True, flows=None)])
    assert unknown is not None
    assert unknown.paid is None
    assert together([long, made(5, 6)]) is not None
    elsewhere = Curve([at + timedelta(days=90) for at in long.times], long.values, daily=True, flows=NONE)
    assert together([long, elsewhere]) is None


def worths(each: Mapping[str, Sequence[NetLiq]], paid: Mapping[str, Flows] | None = None) -> Worths:
    accounts = [Account(number, "", "Individual", margin=True) for number in each]
    found = {**dict.fromkeys(each, NONE), **(paid or {})}
    return Worths(Gathered(accounts, dict(each), {}), found, "", "1m", CLOSE)


def bar(place: int, opened: str, high: str, low: str, close: str) -> NetLiq:
    return NetLiq(CLOSE + place * timedelta(minutes=5), *map(Decimal, (opened, high, low, close)))


def test_a_day_begins_with_what_it_opened_at() -> None:
    bars = [bar(0, "100000", "100000", "89000", "90000"), bar(1, "90000", "92000", "90000", "91000")]
    answer = worths({"A": bars}).answer()
    assert (answer.first, answer.last, answer.change) == (100_000, 91_000, -9_000)
    assert (answer.max_drawdown, answer.high, answer.low) == (10_000, 100_000, 89_000)
    assert "the first value is what the day opened at" in answer.notes


def test_high_and_low_are_of_all_the_time_and_not_of_the_closes_alone() -> None:
    wide = [
        NetLiq(CLOSE + timedelta(days=day), *map(Decimal, row))
        for day, row in enumerate([("100", "120", "50", "100"), ("100", "130", "40", "101")])
    ]
    answer = worths({"A": wide}).answer()
    assert (answer.high, answer.low, answer.max_drawdown) == (130, 40, None)
    assert "max_drawdown null: no close was below an earlier one" in answer.notes
    both = worths({"A": wide, "B": points(10, 10)}).answer()
    assert (both.high, both.low) == (111, 110)
    assert "high and low of all accounts together are of the closes, too" in both.notes


def test_the_flows_are_those_that_the_sums_are_of() -> None:
    paid = flows([money("Deposit", "5000"), money("Deposit", "300", day=1), money("Withdrawal", "-700", day=5)])
    answer = worths({"A": points(1000, 1300, 1300)}, {"A": paid}).answer()
    assert (answer.deposits, answer.withdrawals) == (300, 0)
    assert [row.amount for row in answer.flows or ()] == [300]


def test_what_goes_from_one_of_the_accounts_to_another_is_no_flow_of_all() -> None:
    gone = flows([money("Transfer", "-1000", day=1), money("Withdrawal", "-50", day=1)])
    come = flows([replace(money("Transfer", "1000", day=1), account="B")])
    answer = worths({"A": points(9000, 7950), "B": points(1000, 2000)}, {"A": gone, "B": come}).answer()
    assert (answer.deposits, answer.withdrawals, answer.change_without_flows) == (0, -50, 0)
    assert [(row.deposits, row.withdrawals) for row in answer.by_account or ()] == [(0, -1050), (1000, 0)]
    assert "what went from one of these accounts to another is no flow of all of them" in answer.notes


def test_securities_that_came_are_no_gain_and_from_then_on_nobody_can_tell() -> None:
    free: dict[str, Any] = {"type": "Receive Deliver", "fees": Decimal(0), "action": "Buy to Open"}
    moved = entry("ACAT", "XYZ", "500", "0", day=2, **free)
    answer = worths({"A": points(100_000, 100_100, 150_100)}, {"A": flows([moved])}).answer()
    assert (answer.deposits, answer.change) == (0, 50_100)
    assert (answer.change_without_flows, answer.time_weighted_return, answer.max_drawdown) == (None, None, None)
    assert UNKNOWN.format("", "2026-03-04 ACAT of XYZ without a value") in answer.notes
    before = worths({"A": points(1, 2)}, {"A": flows([entry("ACAT", "XYZ", "500", "0", **free)])}).answer()
    assert before.change_without_flows == 1


@pytest.mark.parametrize(
    ("paid", "why"),
    [
        (
            flows([replace(money("Deposit", "1", day=1), value=None, net_value=None)]),
            "2026-03-03 Deposit of money without a value",
        ),
        (flows(Listing([], unreadable=3)), "3 of 3 transactions could not be read and are left out"),
    ],
)
def test_deposits_that_can_not_be_read_are_unknown_and_not_none(paid: Flows, why: str) -> None:
    answer = worths({"A": points(100, 110)}, {"A": paid}).answer()
    figures = (answer.deposits, answer.withdrawals, answer.change_without_flows, answer.time_weighted_return)
    assert figures == (None, None, None, None)
    assert answer.max_drawdown is None
    assert UNKNOWN.format("deposits, withdrawals, ", why) in answer.notes


def test_an_account_without_a_curve_is_not_among_those_that_are_in_it() -> None:
    answer = worths({"A": points(1, 2), "B": points(1)}).answer()
    assert answer.accounts == ["A"]
    assert "B is not in it: it has fewer than two values" in answer.notes


def test_a_curve_has_two_points_at_least() -> None:
    assert curve(points(1), NONE) is None
    assert curve([*points(1), *points(2)], NONE) is None


def test_midnight_utc_is_that_day_and_any_other_moment_new_york_s() -> None:
    assert day_of(datetime(2026, 3, 2, tzinfo=UTC)) == date(2026, 3, 2)
    assert day_of(datetime(2026, 3, 3, 1, tzinfo=UTC)) == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("said", "meant"),
    [("Deposit", True), ("Withdrawal", True), ("Transfer", True), ("ACAT", True), ("Dividend", False),
     ("Credit Interest", False), ("Balance Adjustment", False), ("Fee", False)],
)  # fmt: skip
def test_what_moves_money_between_the_account_and_elsewhere(said: str, meant: bool) -> None:
    assert is_flow(money(said, "1")) == meant


def test_a_picture_is_the_same_for_the_same_and_stands_any_curve() -> None:
    for one in (made(5, 5), made(0, 0, 10), made(*range(1, 900)), made(3, 2, 1, step=timedelta(minutes=5))):
        scene = Scene(one, "Net liq $ {x} \\ " + "y" * 200, "")
        assert draw(scene, "dark") == draw(scene, "dark")


def test_words() -> None:
    assert [dollars(-5), dollars(12_345.6, sign=True), dollars(0, sign=True)] == ["−$5.00", "+$12,346", "$0.00"]
    assert [percent(None), percent(-1.25), percent(3, sign=False)] == ["–", "−1.2 %", "3.0 %"]
    assert written_day(datetime(2026, 3, 2, 15, 5, tzinfo=UTC)) == "Mar 2, 10:05"
