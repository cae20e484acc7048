"""get_orders as a client meets it, and how orders are put in words."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from fastmcp.exceptions import ToolError

from tests.plugins.portfolio.entries import CALL, PUT, PUT_LOW
from ttai import BadArgument, Fill, PlacedLeg, PlacedOrder
from ttai.answers import BUDGET
from ttai.testing import Harness
from ttai_portfolio.records.orders import Asked, Filled, Read, chosen, filled, read, row, state, units, written
from ttai_portfolio.records.periods import period

TODAY = date(2026, 11, 20)


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
    answer = await demo.call("get_orders", status="live")
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
    answer = await h.call("get_orders", status="live", start="2026-11-19")
    assert answer.data["count"] == (await h.call("get_orders", status="live")).data["count"]
    assert "note: start and end mean nothing to what works now" in answer.text


async def test_none_is_said_to_be_none(h: Harness) -> None:
    assert "note: no order works now" in (await h.call("get_orders", symbol="ZZZ", status="live")).text
    assert "note: no order works now, and today there was none" in (await h.call("get_orders", symbol="ZZZ")).text
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
    days = period("2026-11-10", None, TODAY)
    read = Read([new, working], [old, late])
    assert [one.id for one in chosen([read], Asked("all", days), TODAY)] == ["7", "8"]
    assert [one.id for one in chosen([read], Asked("live", days, "XYZ"), TODAY)] == ["8"]
    assert chosen([read], Asked("filled", days, "ABC"), TODAY) == []


def test_an_order_is_of_the_days_on_which_something_became_of_it() -> None:
    days, early = period("2026-11-10", "2026-11-15", TODAY), datetime(2026, 10, 1, 15, tzinfo=UTC)
    inside, after = datetime(2026, 11, 12, 15, tzinfo=UTC), datetime(2026, 11, 18, 15, tzinfo=UTC)
    old: dict[str, Any] = {"received_at": early}
    part = replace(leg(PUT, "-1"), fills=(Fill(Decimal(1), Decimal(1), inside),))
    told = Read([], [
        order(part, id="filled in it", **old, updated_at=after),
        order(leg(PUT, "-1"), id="changed in it", status="Cancelled", **old, updated_at=inside),
        order(leg(PUT, "-1"), id="before", **old, updated_at=early),
        order(leg(PUT, "-1"), id="after", **old, updated_at=after),
    ])  # fmt: skip
    assert [one.id for one in chosen([told], Asked(None, days), TODAY)] == ["filled in it", "changed in it"]
    dateless = Read([order(leg(PUT, "-1"), received_at=early)])
    assert chosen([dateless], Asked(None, days), TODAY) == []
    assert len(chosen([dateless], Asked("filled", period("2026-11-10", None, TODAY)), TODAY)) == 1
    assert len(chosen([dateless], Asked("filled"), TODAY)) == 1


async def test_an_order_that_waited_for_weeks_and_was_filled_just_now_is_in_every_answer(fresh: Harness) -> None:
    await fresh.call("get_balances")
    book, now = fresh.simulator._office.books.book("5WT01122"), fresh.clock.now().timestamp()
    at = next(place for place, one in enumerate(book.unfilled) if one.status == "Live")
    one, day = book.unfilled[at], 86_400
    fills = tuple(abs(one.price) for _ in one.legs)
    book.unfilled[at] = one._replace(at=now - 40 * day, status="Filled", ended=now - 60, fills=fills)
    for status in (None, "filled", "all"):
        answer = await fresh.call("get_orders", account="Income", status=status, symbol=one.underlying)
        assert f"{one.id}" in {row["id"] for row in answer.rows("orders")}
    fresh.clock.advance(61)
    book.unfilled[at] = book.unfilled[at]._replace(ended=now - 10 * day)
    answer = await fresh.call("get_orders", account="Income", status="filled", symbol=one.underlying)
    assert f"{one.id}" in {row["id"] for row in answer.rows("orders")}
    assert "note: of orders received before 2026-08-22 only what works now" in answer.text
    assert (await fresh.call("get_orders", account="Income", symbol=one.underlying)).data["count"] == 0


async def test_where_more_was_ordered_than_can_be_read_the_days_before_are_left_out() -> None:
    class Full:
        async def live_orders(self, _number: str) -> list[PlacedOrder]:
            return []

        async def order_history(self, _number: str, start: date, _end: date) -> list[PlacedOrder]:
            if start < date(2026, 11, 10):
                raise BadArgument("that is more than 25,000 orders")
            return [order(leg(PUT, "-1"))]

    found = await read(Full(), "A", period("2026-11-10", None, TODAY))
    assert (len(found.history), found.since) == (1, date(2026, 11, 10))


async def test_the_most_that_can_be_asked_for_is_not_asked_for_again(h: Harness) -> None:
    few = await h.call("get_orders", status="all", start="2026-01-01")
    assert "ask limit=100" in few.text
    many = await h.call("get_orders", status="all", start="2026-01-01", limit=100)
    assert f"100 of {few.data['count']} orders; export_portfolio writes all of them to a file" in many.text


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
