"""get_orders as a client meets it, and how orders are put in words."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from fastmcp.exceptions import ToolError

from tests.plugins.portfolio.entries import CALL, PUT, PUT_LOW
from ttai import Fill, PlacedLeg, PlacedOrder
from ttai.answers import BUDGET
from ttai.testing import Harness
from ttai_portfolio.records.orders import Filled, Read, chosen, filled, row, state, units, written
from ttai_portfolio.records.periods import period


def leg(symbol: str, quantity: str, *fills: tuple[str, str], opening: bool | None = True, **more: Any) -> PlacedLeg:
    told = tuple(Fill(Decimal(count), Decimal(price)) for count, price in fills)
    return PlacedLeg(symbol, Decimal(quantity), opening, fills=told, **more)


def order(*legs: PlacedLeg, status: str = "Filled", at: int = 20, **more: Any) -> PlacedOrder:
    usual: dict[str, Any] = {
        "id": "7", "account": "A", "type": "Limit", "time_in_force": "Day", "underlying": "XYZ",
        "price": Decimal("1.20"), "effect": "credit", "received_at": datetime(2026, 11, at, 15, tzinfo=UTC),
    }  # fmt: skip
    return PlacedOrder(legs=legs, status=status, **{**usual, **more})


async def test_what_works_now(demo: Harness) -> None:
    answer = await demo.call("get_orders")
    rows = answer.rows("orders")
    assert (answer.data["status"], answer.data["count"]) == ("live", len(rows))
    assert {row["status"] for row in rows} == {"Live"}
    assert answer.data["start"] is None
    condor = next(row for row in rows if row["underlying"] == "GLD")
    assert re.fullmatch(r"\+2 [\d.]+p, -2 [\d.]+p, \+2 [\d.]+c, -2 [\d.]+c", condor["legs"])
    assert re.fullmatch(r"\d+\.\d\d", condor["price"])
    assert (condor["effect"], condor["purpose"]) == ("debit", "close")
    assert (condor["quantity"], condor["filled"], condor["filled_price"]) == (2, 0, None)
    assert condor["expiration"] == "2026-12-31"


async def test_what_was_filled_and_at_what(h: Harness) -> None:
    answer = await h.call("get_orders", status="filled", account="Trading", symbol="NVDA")
    first = answer.rows("orders")[0]
    assert first["legs"] == "-3 185c Dec18'26, +3 185c Jan15'27"
    assert (first["price"], first["filled"], first["effect"]) == (first["filled_price"], 3, "debit")
    assert (answer.data["start"], answer.data["end"]) == ("2026-10-21", "2026-11-20")


async def test_all_orders_keep_to_the_budget(h: Harness) -> None:
    answer = await h.call("get_orders", status="all")
    assert {row["status"] for row in answer.rows("orders")} == {"Live", "Filled", "Cancelled", "Rejected"}
    assert len(answer.text.encode()) <= BUDGET
    assert len(json.dumps(answer.data, separators=(",", ":"))) <= BUDGET
    assert f"20 of {answer.data['count']} orders; ask limit=" in answer.text


async def test_why_one_was_rejected(h: Harness) -> None:
    answer = await h.call("get_orders", status="Rejected")
    (only,) = answer.rows("orders")
    assert only["reason"] == "You do not have enough buying power for this order."
    (gone,) = (await h.call("get_orders", status="canceled")).rows("orders")
    assert (gone["legs"], gone["status"]) == ("+100 shares", "Cancelled")


async def test_of_one_contract(h: Harness) -> None:
    answer = await h.call("get_orders", status="all", symbol="WFC   261224P00077000")
    assert [row["status"] for row in answer.rows("orders")] == ["Live", "Filled"]


async def test_what_works_now_is_of_no_period(h: Harness) -> None:
    answer = await h.call("get_orders", start="2026-11-19")
    assert answer.data["count"] == (await h.call("get_orders")).data["count"]
    assert "note: start and end mean nothing to what works now" in answer.text


async def test_none_is_said_to_be_none(h: Harness) -> None:
    assert "note: no order works now" in (await h.call("get_orders", symbol="ZZZ")).text
    assert "note: there is no such order" in (await h.call("get_orders", symbol="ZZZ", status="filled")).text
    with pytest.raises(ToolError, match="live"):
        await h.call("get_orders", status="pending")
    with pytest.raises(ToolError, match="is no date"):
        await h.call("get_orders", start="soon")


async def test_an_account_that_fails_costs_itself(fresh: Harness) -> None:
    fresh.simulator.faults.add("status", "/accounts/5WT00718/orders/live", status=400)
    answer = await fresh.call("get_orders")
    assert [one["account"] for one in answer.rows("failed")] == ["5WT00718"]
    assert {row["account"] for row in answer.rows("orders")} == {"5WT00934", "5WT01122"}
    fresh.simulator.faults.add("status", "*/orders/live", status=400)
    with pytest.raises(ToolError, match="BROKER"):
        await fresh.call("get_orders")


def test_today_s_list_knows_better_and_what_works_is_of_no_period() -> None:
    old, new = order(leg(PUT, "-1"), status="Live"), order(leg(PUT, "-1"), status="Filled")
    working = order(leg(PUT, "-1"), status="Routed", id="8", at=1)
    late = order(leg(PUT, "-1"), id="9", at=1)
    days = period("2026-11-10", None, datetime(2026, 11, 20, tzinfo=UTC).date())
    read = Read([new, working], [old, late])
    assert [one.id for one in chosen([read], "all", days, None)] == ["7", "8"]
    assert [one.id for one in chosen([read], "live", days, "XYZ")] == ["8"]
    assert chosen([read], "filled", days, "ABC") == []


@pytest.mark.parametrize(
    ("said", "meant"),
    [("Filled", "filled"), ("Expired", "cancelled"), ("Partially Removed", "cancelled"), ("Rejected", "rejected"),
     ("In Flight", "live"), ("Something New", "live")],
)  # fmt: skip
def test_words_of_the_broker(said: str, meant: str) -> None:
    assert state(order(leg(PUT, "-1"), status=said)) == meant


def test_a_spread_is_filled_as_far_as_all_of_its_legs_are() -> None:
    spread = order(
        leg(PUT, "-4", ("1", "2.00"), ("1", "2.10"), remaining=Decimal(2)),
        leg(PUT_LOW, "4", ("2", "0.80"), remaining=Decimal(2)),
    )
    made = filled(spread)
    assert units(spread.legs) == 4
    assert made == Filled(Decimal(2), Decimal("-1.25"))
    assert row(spread).filled_price == "1.25"


def test_a_ratio_and_shares_with_a_call_are_priced_by_their_unit() -> None:
    ratio = order(leg(PUT, "-4", ("4", "1.00")), leg(PUT_LOW, "2", ("2", "0.50")))
    assert filled(ratio) == Filled(Decimal(2), Decimal("-1.5"))
    covered = order(leg("XYZ", "200", ("200", "99.50")), leg(CALL, "-2", ("2", "1.50")), effect="debit")
    assert filled(covered) == Filled(Decimal(2), Decimal(98))
    shares = order(leg("XYZ", "0.5", ("0.5", "100.123456")), effect=None, price=None, type="Market")
    assert (row(shares).filled, row(shares).filled_price, row(shares).effect) == (0.5, "100.1235", "debit")
    assert row(shares).price is None


def test_what_is_not_told_is_not_made_up() -> None:
    unknown = order(leg(PUT, "-2", remaining=Decimal(0)), leg(PUT_LOW, "2", ("2", "0.50")))
    assert filled(unknown) == Filled(Decimal(2), None)
    assert units((leg("XYZ", "0.5"), leg(CALL, "-1"))) is None
    assert filled(order(leg("XYZ", "0"))).units is None
    assert row(order(leg(PUT, "-1", opening=None))).purpose is None
    assert row(order(leg(PUT, "-1"), leg(CALL, "1", opening=False))).purpose == "open and close"


def test_prices_are_written_with_cents() -> None:
    assert [written(Decimal(text)) for text in ("5", "1.2", "0.125", "100", "1E+2")] == [
        "5.00", "1.20", "0.125", "100.00", "100.00",
    ]  # fmt: skip


def test_what_is_no_symbol_is_named_as_it_is() -> None:
    bond = order(leg("912797RK4", "1000"))
    assert row(bond).legs == "+1000 912797RK4"
    assert row(order(leg("/MESH7", "-1"))).legs == "-1 /MESH7"
