"""preview_order as a client meets it: what the broker is asked, what is refused before, and that nothing is placed."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from fastmcp.exceptions import ToolError

from tests.plugins.portfolio.entries import CALL, PUT, PUT_LOW
from ttai import Expiration, PlacedLeg, PlacedOrder, Position, Quote
from ttai.answers import BUDGET
from ttai.market.options import Ticks
from ttai.testing import Harness
from ttai_portfolio.preview.checks import refusals, warnings
from ttai_portfolio.preview.drafts import Draft, DraftLeg
from ttai_portfolio.preview.reading import price_of

DAY = "2026-12-18"
SPREAD = [
    {"type": "put", "strike": 620, "expiration": DAY, "quantity": -2},
    {"type": "put", "strike": 610, "expiration": DAY, "quantity": 2},
]
NICKEL = Ticks(((3.0, 0.05), (float("inf"), 0.10)))
PENNIES = Ticks(((float("inf"), 0.01),))


async def refused(h: Harness, **arguments: Any) -> str:
    with pytest.raises(ToolError) as error:
        await h.call("preview_order", **arguments)
    return str(error.value)


def expiration(root: str = "XYZ", ticks: Ticks | None = PENNIES) -> Expiration:
    return Expiration(
        root=root, date=date(2026, 4, 17), settled="PM", kind="monthly", multiplier=100, strikes=np.array([90.0]),
        symbols=((PUT,), (CALL,)), streamers=(("",), ("",)), ticks=ticks,
    )  # fmt: skip


def quote(symbol: str, bid: float | None, ask: float | None) -> Quote:
    mid = None if bid is None or ask is None else (bid + ask) / 2
    others: dict[str, Any] = dict.fromkeys(
        ("last", "mark", "open", "high", "low", "prev_close", "volume", "change", "change_percent")
    )
    return Quote(
        symbol=symbol, bid=bid, ask=ask, mid=mid, **others, as_of=datetime(2026, 3, 2, tzinfo=UTC), source="rest",
        session="open", stale=False,
    )  # fmt: skip


def leg(
    symbol: str, quantity: int, bid: float | None = 1.0, ask: float | None = 1.1, held: int = 0, **more: Any
) -> DraftLeg:
    usual = {"expiration": expiration() if len(symbol) == 21 else None, **more}
    return DraftLeg(symbol, quantity, Decimal(held), quote(symbol, bid, ask), **usual)


def draft(*legs: DraftLeg, price: str = "1.05", effect: str | None = None, underlying: str = "XYZ") -> Draft:
    return Draft(underlying, legs, Decimal(price), effect)


def held(symbol: str, quantity: int) -> Position:
    return Position(
        account="A", symbol=symbol, underlying="XYZ", kind="option", instrument_type="Equity Option",
        quantity=Decimal(quantity), multiplier=Decimal(100),
    )  # fmt: skip


def said(one: Draft, positions: Sequence[Position] = ()) -> str:
    return "; ".join(warnings(one, positions))


async def test_a_spread_s_buying_power_fees_and_place_in_the_market(demo: Harness) -> None:
    answer = await demo.call("preview_order", legs=SPREAD, price="0.54", effect="credit", symbol="spy")
    data = answer.data
    assert (data["placed"], data["accepted"]) == (False, True)
    assert (data["strategy"], data["legs_said"]) == ("put credit spread", "-2 620p, +2 610p")
    assert (data["price"], data["effect"], data["net_debit"]) == ("0.54", "credit", -108)
    assert data["mid"] < data["natural"] < 0
    assert data["fees"] > 0
    assert data["buying_power_change"] == pytest.approx(2000 - 108, abs=10)
    assert data["buying_power_after"] == pytest.approx(data["buying_power_before"] - data["buying_power_change"])
    assert [row["action"] for row in answer.rows("legs")] == ["Sell to Open", "Buy to Open"]
    assert data["warnings"] is None
    assert "note: nothing was placed" in answer.text
    assert len(answer.text.encode()) <= BUDGET
    assert len(json.dumps(data)) <= BUDGET


async def test_nothing_is_ever_placed(fresh: Harness) -> None:
    before = (await fresh.call("get_orders", status="all")).data["count"]
    await fresh.call("preview_order", legs=SPREAD, price="0.54", symbol="SPY", account="Trading")
    asked = {path for path in fresh.simulator.requests if "orders" in path and "live" not in path}
    assert asked == {f"/accounts/{number}/orders" for number in ("5WT00718", "5WT00934", "5WT01122")} | {
        "/accounts/5WT00718/orders/dry-run"
    }
    fresh.clock.advance(61)
    assert (await fresh.call("get_orders", status="all")).data["count"] == before


async def test_what_is_held_is_closed_in_the_account_that_holds_it(h: Harness) -> None:
    answer = await h.call("preview_order", price=1.2, legs=[{"symbol": "WFC   261224P00077000", "quantity": 2}])
    assert answer.data["account"] == "5WT01122 Income"
    assert answer.data["strategy"] == "closing short put"
    (only,) = answer.rows("legs")
    assert (only["action"], only["held"], answer.data["effect"]) == ("Buy to Close", -2, "debit")
    assert answer.data["buying_power_change"] < 0
    assert "note: 5WT01122 Income is the only one that holds such legs" in answer.text
    other = await h.call(
        "preview_order", price=1.2, account="trading", legs=[{"symbol": "WFC   261224P00077000", "quantity": 2}]
    )
    assert other.rows("legs")[0]["action"] == "Buy to Open"


async def test_legs_may_arrive_as_text(h: Harness) -> None:
    answer = await h.call(
        "preview_order", legs=json.dumps(SPREAD), price=0.54, effect="Credit", symbol="SPY", account="Trading"
    )
    assert answer.data["accepted"] is True


async def test_shares_too(h: Harness) -> None:
    answer = await h.call("preview_order", symbol="AAPL", price="260", legs=[{"type": "stock", "quantity": 100}])
    assert (answer.data["strategy"], answer.data["net_debit"]) == ("stock", 26_000)
    assert answer.data["mid"] > 200


async def test_what_the_broker_would_not_take_is_told_beside_what_we_see(h: Harness) -> None:
    legs = [{"type": "put", "strike": 620, "expiration": DAY, "quantity": -100}]
    answer = await h.call("preview_order", symbol="SPY", price="1", legs=legs, account="Trading")
    assert answer.data["accepted"] is False
    assert "You do not have enough buying power" in answer.data["refused_because"]
    assert answer.data["buying_power_change"] is None
    told = " ".join(row["warning"] for row in answer.rows("warnings"))
    assert "100 contracts of SPY   261218P00620000 are 10,000 shares: are contracts meant?" in told
    assert "is worse than what can be had at once" in told


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"effect": "debit"}, "these legs are a credit at the mids ($0.5"),
        (
            {"price": "0.545"},
            "a combination on SPY is priced in steps of 0.01: 0.545 is none of them, send 0.54 or 0.55",
        ),
        ({"price": "-1"}, "price is dollars a share above 0 such as 1.25, not '-1'; effect says who pays"),
        ({"price": "cheap"}, "not 'cheap'"),
        ({"price": "1e999999"}, "price is dollars a share"),
        ({"symbol": None}, "no leg says its underlying"),
        ({"symbol": "/ESZ6"}, "/ESZ6 is neither stock nor index"),
        ({"account": "all"}, "an order is for one account. Say which: 5WT00718 Trading, "),
        ({"account": "5WT00345"}, "is closed"),
        ({"legs": []}, "an order has 1 to 4 legs, not 0"),
        ({"legs": [SPREAD[0], SPREAD[0]]}, "two legs are the same contract"),
        ({"legs": [{**SPREAD[0], "strike": 620.5}]}, "leg 1: SPY has no put 620.5 of 2026-12-18"),
        ({"legs": [{**SPREAD[0], "expiration": None}]}, "leg 1 has no expiration"),
        ({"legs": [{"symbol": "TSLA  261218P00400000", "quantity": 1}]}, "the legs are on SPY and TSLA"),
        (
            {"legs": [{"type": "stock", "quantity": 1.5}]},
            "leg 1: 1.5 can't be asked about. Send a whole number",
        ),
        ({"symbol": "SPX", "legs": [{"type": "stock", "quantity": 1}]}, "SPX is an index, it has no shares"),
    ],
)
async def test_what_can_not_be_meant_is_refused_before_the_broker_is_asked(
    h: Harness, changed: dict[str, Any], told: str
) -> None:
    asked = {"legs": SPREAD, "price": "0.54", "symbol": "SPY", **changed}
    before = h.simulator.requests.total()
    paths = {path: count for path, count in h.simulator.requests.items() if "dry-run" in path}
    assert told in await refused(h, **{name: value for name, value in asked.items() if value is not None})
    assert {path: count for path, count in h.simulator.requests.items() if "dry-run" in path} == paths
    assert h.simulator.requests.total() >= before


async def test_more_than_is_held_can_not_be_closed(h: Harness) -> None:
    told = await refused(h, price="1.20", legs=[{"symbol": "WFC   261224P00077000", "quantity": 20}])
    assert "20 of WFC   261224P00077000 can't be closed, for -2 are held" in told
    assert told.endswith("Nothing was asked of the broker.")


async def test_an_index_option_s_price_is_on_its_own_steps(h: Harness) -> None:
    legs = [{"type": "put", "strike": 6500, "expiration": "2026-12-18 SPXW", "quantity": -1}]
    told = await refused(h, symbol="SPX", price="30.05", legs=legs)
    assert "is priced in steps of 0.10: 30.05 is none of them, send 30.00 or 30.10" in told


async def test_prices_of_legs_mean_nothing(h: Harness) -> None:
    legs = [{**SPREAD[0], "price": 2.0}, SPREAD[1]]
    answer = await h.call("preview_order", legs=legs, price="0.54", symbol="SPY", account="Trading")
    assert "prices and volatilities of the legs mean nothing to an order" in answer.text


async def test_without_positions_nobody_knows_what_opens(fresh: Harness) -> None:
    fresh.simulator.faults.add("status", "/accounts/5WT00718/positions", status=400)
    assert "BROKER" in await refused(fresh, legs=SPREAD, price="0.54", symbol="SPY", account="Trading")
    answer = await fresh.call("preview_order", price=1.2, legs=[{"symbol": "WFC   261224P00077000", "quantity": 2}])
    assert answer.data["account"] == "5WT01122 Income"
    assert "note: 5WT00718 could not be read, and may hold such legs, too" in answer.text
    assert "BROKER" in await refused(fresh, legs=SPREAD, price="0.54", symbol="SPY")


async def test_where_the_holder_can_not_be_read_nobody_guesses(fresh: Harness) -> None:
    fresh.simulator.faults.add("status", "/accounts/5WT01122/positions", status=400)
    told = await refused(fresh, price=1.2, legs=[{"symbol": "WFC   261224P00077000", "quantity": 2}])
    assert told.startswith("BROKER: nobody knows which account holds these legs")
    assert "5WT01122: TastyTrade turned the request down" in told
    assert not any("dry-run" in path for path in fresh.simulator.requests)


async def test_where_several_hold_it_the_account_must_be_said(fresh: Harness) -> None:
    await fresh.call("get_balances")
    for number in ("5WT00934", "5WT01122"):
        fresh.simulator.trade(number, "PFE", 100)
    fresh.clock.advance(31)
    shares: dict[str, Any] = {"symbol": "PFE", "price": "25", "legs": [{"type": "stock", "quantity": -100}]}
    told = await refused(fresh, **shares)
    assert told.startswith("VALIDATION: several accounts hold such legs")
    assert "5WT00934 Retirement, 5WT01122 Income" in told
    answer = await fresh.call("preview_order", account="Income", **shares)
    assert answer.rows("legs")[0]["action"] == "Sell to Close"


@pytest.mark.parametrize(
    ("expiration", "root"), [(DAY, "SPXW"), (f"{DAY} pm", "SPXW"), (f"{DAY} AM", "SPX"), (f"{DAY} SPX", "SPX")]
)
async def test_of_two_that_settle_on_a_day_the_afternoon_s_is_meant_and_said(
    h: Harness, expiration: str, root: str
) -> None:
    legs = [{"type": "put", "strike": 6400, "expiration": expiration, "quantity": -1}]
    answer = await h.call("preview_order", symbol="SPX", price="35.00", legs=legs, account="Trading")
    assert answer.rows("legs")[0]["symbol"].split()[0] == root
    settled = "PM" if root == "SPXW" else "AM"
    assert f"note: {DAY} is {root}, settled {settled} here; expiration={DAY} SPX" in answer.text


async def test_a_broker_that_does_not_answer_is_an_error(fresh: Harness) -> None:
    fresh.simulator.faults.add("html", "*/orders/dry-run", status=502)
    told = await refused(fresh, legs=SPREAD, price="0.54", symbol="SPY", account="Trading")
    assert "Nothing was placed" in told


async def test_in_a_closed_market_the_quotes_are_old() -> None:
    from ttai.testing import FrozenClock, harness

    sunday = FrozenClock(datetime(2026, 11, 22, 15, tzinfo=UTC))
    async with harness(sessions="real", clock=sunday) as h:
        answer = await h.call("preview_order", legs=SPREAD, price="0.54", symbol="SPY", account="Trading")
        assert answer.data["stale"] is True
        assert "note: the exchange is closed: quotes are the last there were" in answer.text


def test_a_single_option_keeps_to_the_step_of_its_price() -> None:
    cheap = leg(PUT, 1, 1.0, 1.1, expiration=expiration(ticks=NICKEL))
    assert refusals(draft(cheap, price="1.05")) == []
    assert "send 1.00 or 1.05" in refusals(draft(cheap, price="1.02"))[0]
    assert "send 3.10 or 3.20" in refusals(draft(cheap, price="3.15"))[0]
    assert "send 0.05" in refusals(draft(cheap, price="0.01"))[0]
    unknown = draft(leg(PUT, 1, expiration=expiration(ticks=None)), price="1.02")
    assert refusals(unknown) == []
    assert "the steps of prices of XYZ are not known" in said(unknown)


def test_a_combination_trades_in_pennies_but_of_index_options() -> None:
    legs = [leg(PUT, -1, 2.0, 2.1, expiration=expiration(ticks=NICKEL)),
            leg(PUT_LOW, 1, 1.0, 1.1, expiration=expiration(ticks=NICKEL))]  # fmt: skip
    stock = draft(*legs, price="1.02")
    assert refusals(stock) == []
    assert "the legs are priced in steps of 0.05: 1.02 lies between them" in said(stock)
    assert (
        "a combination on SPX is priced in steps of 0.05" in refusals(draft(*legs, price="1.02", underlying="SPX"))[0]
    )
    assert refusals(draft(*legs, price="1.05", underlying="SPX")) == []


def test_stocks_trade_in_pennies_and_below_a_dollar_in_parts_of_them() -> None:
    assert refusals(draft(leg("XYZ", 1), price="1.005"))
    assert refusals(draft(leg("XYZ", 1), price="0.9855")) == []


def test_what_is_all_bought_is_a_debit_without_any_quote() -> None:
    blind = draft(leg(PUT, 1, None, None), effect="credit")
    (why,) = refusals(blind)
    assert why.startswith("these legs are a debit, and effect is credit: check the signs of the quantities")
    assert "the price is not compared with the market" in said(draft(leg(PUT, 1, None, None)))
    assert draft(leg(PUT, 1, None, None), leg(CALL, -1, None, None)).direction is None
    assert draft(leg(PUT, 1), leg(CALL, -1)).direction is None  # even: nobody can say
    assert draft(leg(PUT, 1), leg(CALL, -1)).paid is None


def test_a_price_is_held_against_mid_and_natural() -> None:
    assert said(draft(leg(PUT, 1, 1.0, 1.2), price="1.10")) == ""
    assert "is worse than what can be had at once, $1.20 debit" in said(draft(leg(PUT, 1, 1.0, 1.2), price="1.25"))
    assert "is $0.30 a share better than the mid" in said(draft(leg(PUT, 1, 1.0, 1.2), price="0.80"))
    assert "$0.90 credit is worse" in said(draft(leg(PUT, -1, 1.0, 1.2), price="0.90"))
    assert said(draft(leg(PUT, -1, 1.0, 1.2), price="1.30")) == ""


def test_what_is_about_even_or_waits_for_a_small_credit_may_be_meant() -> None:
    roll = [leg(PUT, 1, 7.2, 7.3, held=-1), leg(PUT_LOW, -1, 6.85, 6.93)]  # 0.36 debit
    asked = draft(*roll, price="0.02", effect="credit")
    assert refusals(asked) == []
    assert "these legs are a debit at the mids ($0.36 a share), and effect is credit: is that meant?" in said(asked)
    wide = [leg(PUT, -1, 2.0, 2.1), leg(PUT_LOW, 1, 1.0, 1.1)]  # 1.00 credit
    assert "check the signs" in refusals(draft(*wide, price="1.00", effect="debit"))[0]
    assert "check the signs" in refusals(draft(*wide, price="0.10", effect="debit"))[0]
    other = [leg(PUT, 1, 2.0, 2.1), leg(PUT_LOW, -1, 1.0, 1.1)]  # 1.00 debit
    assert "check the signs" in refusals(draft(*other, price="1.00", effect="credit"))[0]
    assert refusals(draft(*other, price="0.10", effect="credit")) == []
    assert "check the signs" in refusals(draft(leg(PUT, 1, 0.01, 0.02), price="0.01", effect="credit"))[0]


def working(*legs: PlacedLeg, number: str = "77") -> PlacedOrder:
    return PlacedOrder(
        id=number, account="A", status="Live", type="Limit", time_in_force="GTC", underlying="XYZ", legs=legs
    )


def test_what_an_order_that_works_closes_already_is_warned_of() -> None:
    closing = draft(leg(PUT, 2, held=-2))
    other = working(PlacedLeg(PUT, Decimal(2), opening=False, remaining=Decimal(1)))
    told = "; ".join(warnings(closing, [], [other]))
    assert f"order 77 works to close {PUT}, too: filled with this one it would be 3, and 2 are held" in told
    assert "works to close" not in "; ".join(warnings(draft(leg(PUT, 1, held=-2)), [], [other]))
    opening = working(PlacedLeg(PUT, Decimal(-2), opening=True))
    assert "works to close" not in "; ".join(warnings(closing, [], [opening]))


def test_shares_that_lie_under_short_calls_are_not_sold_in_silence() -> None:
    shares = replace(held(PUT, 200), symbol="XYZ", kind="equity", multiplier=Decimal(1))
    book = [shares, held(CALL, -2)]
    selling = leg("XYZ", -200, 100.0, 100.1, held=200)
    assert "short calls on 200 shares of XYZ would have 0 under them" in said(draft(selling, price="100"), book)
    both = draft(selling, leg(CALL, 2, held=-2), price="99", effect="credit")
    assert "under them" not in said(both, book)
    assert "under them" not in said(draft(selling, price="100"), [shares, held(CALL, -2), held(CALL, 2)])
    assert "under them" not in said(draft(selling, price="100"), [shares])


async def test_an_order_that_works_is_looked_at(fresh: Harness) -> None:
    legs = [{"symbol": "XLE   261218P00082000", "quantity": 2}]
    answer = await fresh.call("preview_order", legs=legs, price="0.60", account="Income")
    assert "works to close XLE   261218P00082000, too" in answer.text
    fresh.simulator.faults.add("status", "*/orders/live", status=400)
    blind = await fresh.call("preview_order", legs=legs, price="0.60", account="Income")
    assert "note: orders that work are not looked at: TastyTrade turned the request down" in blind.text


def test_a_roll_is_called_so() -> None:
    later = "XYZ   260515P00085000"
    assert draft(leg(PUT, 1, held=-1), leg(later, -1)).name == "roll of short put"
    assert draft(leg(PUT, 1, held=-1), leg(CALL, -1)).name == "closing short put, opening short call"


def test_a_zero_too_many_is_asked_about() -> None:
    assert "no option is held in more than 2: a 0 too many?" in said(draft(leg(PUT, 20)), [held(CALL, -2)])
    assert said(draft(leg(PUT, 19)), [held(CALL, -2)]) == ""
    assert said(draft(leg(PUT, 20)), []) == ""
    assert said(draft(leg(PUT, 50, held=-50)), [held(CALL, -2)]) == ""
    assert "are 10,000 shares" in said(draft(leg(PUT, 100)))


def test_the_price_is_of_a_unit() -> None:
    ratio = draft(leg(PUT, -2, 2.0, 2.0), leg(PUT_LOW, 4, 0.5, 0.5), price="1.00")
    assert (ratio.unit, ratio.mid, ratio.paid) == (200, -1.0, -1.0)
    covered = draft(leg("XYZ", 100, 99.0, 99.0), leg(CALL, -1, 1.5, 1.5), price="97.50")
    assert (covered.unit, covered.mid, covered.name) == (100, 97.5, "covered call")
    closing = draft(leg(PUT, 1, held=-3), leg(PUT_LOW, -1, held=3))
    assert closing.name == "closing put credit spread"
    assert [one.opening for one in closing.order.legs] == [False, False]
    assert replace(covered.legs[0], quote=None).natural is None


@pytest.mark.parametrize(("text", "price"), [("1.25", "1.25"), (" $0.05 ", "0.05"), ("100", "100"), ("1e2", "100")])
def test_prices_as_people_write_them(text: str, price: str) -> None:
    assert price_of(text) == Decimal(price)


@pytest.mark.parametrize("text", ["0", "-1", "NaN", "inf", "1.23456", "1000000", "", "1,5"])
def test_what_is_no_price(text: str) -> None:
    with pytest.raises(ValueError, match="price is dollars a share above 0"):
        price_of(text)
