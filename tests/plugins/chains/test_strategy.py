"""analyze_strategy as a client meets it: by hand to the cent, and of the chain by the chain's own numbers."""

import json
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fastmcp.exceptions import ToolError

from ttai import BuyingPower, Leg
from ttai.answers import BUDGET
from ttai.quant.strategies.legs import Leg as Part
from ttai.quant.strategies.paths import on_the_way
from ttai.quant.strategies.position import Position, Setting
from ttai.testing import Harness, Reply, harness
from ttai_chains.service import Chains
from ttai_chains.strategy import by_hand
from ttai_chains.strategy.positions import Positions
from ttai_chains.strategy.studies import Given
from ttai_chains.strategy.valuation import Valuation

PUT = {"type": "put", "strike": 95, "quantity": -1, "price": 2.05}
CONDOR = [
    {"type": "put", "strike": 90, "quantity": 1, "price": 1.10},
    PUT,
    {"type": "call", "strike": 105, "quantity": -1, "price": 1.95},
    {"type": "call", "strike": 110, "quantity": 1, "price": 0.90},
]
LISTED = {"symbol": "AMD   261218P00230000", "quantity": -1}
TESLA = {"symbol": "TSLA  261218P00230000", "quantity": 1}
BY_HAND: dict[str, Any] = {"spot": 100, "days": 45, "rate": 0.04}


async def refused(h: Harness, **arguments: Any) -> str:
    with pytest.raises(ToolError) as error:
        await h.call("analyze_strategy", **arguments)
    return str(error.value)


def normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


async def test_an_iron_condor_given_by_hand_is_exact_to_the_cent(demo: Harness) -> None:
    found = await demo.call("analyze_strategy", legs=CONDOR, volatility=0.3, **BY_HAND)
    data = found.data
    assert data["strategy"] == "iron condor"
    assert (data["net_debit"], data["max_profit"], data["max_loss"]) == (-200, 200, 300)
    assert (data["max_profit_unlimited"], data["max_loss_unlimited"]) == (False, False)
    assert data["breakevens"] == [93, 107]
    deviation, drift = 0.3 * math.sqrt(45 / 365), (0.04 - 0.045) * 45 / 365
    inside = [normal((math.log(price / 100) - drift) / deviation) for price in (93, 107)]
    assert data["pop"] == pytest.approx(inside[1] - inside[0], rel=1e-6)
    assert data["capital"] == 300
    assert data["return_on_capital"] == pytest.approx(2 / 3, rel=1e-7)
    assert data["annualised"] == pytest.approx(2 / 3 / 45 * 365, rel=1e-7)
    rows = {row["move_percent"]: row for row in found.rows("pnl")}
    assert [rows[move]["expiry"] for move in (-20, -10, -5, 0, 5, 10, 20)] == [-300, -300, 200, 200, 200, -300, -300]
    assert rows[-10]["price"] == 90
    assert "net_debit: -200.00" in found.text
    assert "source" not in data or data["source"] is None


async def test_the_gap_that_was_asked_for_is_in_the_answer(h: Harness) -> None:
    found = await h.call("analyze_strategy", legs=CONDOR, moves=[-10, 10], later=30, **BY_HAND)
    rows = found.rows("pnl")
    assert [row["move_percent"] for row in rows] == [-10, 10]
    assert found.data["later_days"] == 30
    assert all(row["expiry"] < row["later"] < row["now"] < 0 for row in rows)  # far from expiry less is lost


@pytest.mark.parametrize(
    ("legs", "profit", "loss"),
    [
        ([{**PUT, "type": "call", "strike": 105}], 205, None),
        ([{**PUT, "type": "call", "strike": 105, "quantity": 1}], None, 205),
        ([{**PUT, "quantity": -2}], 410, 2 * (9500 - 205)),
        ([{"type": "stock", "quantity": 100}, {**PUT, "type": "call", "strike": 105}], 705, 10_000 - 205),
    ],
)
async def test_what_has_no_end_is_null_and_said(
    h: Harness, legs: list[dict[str, Any]], profit: float | None, loss: float | None
) -> None:
    data = (await h.call("analyze_strategy", legs=legs, **BY_HAND)).data
    assert (data["max_profit"], data["max_profit_unlimited"]) == (profit, profit is None)
    assert (data["max_loss"], data["max_loss_unlimited"]) == (loss, loss is None)
    assert (data["return_on_capital"] is None) == (profit is None)


async def test_the_margin_of_regulation_t_is_told_with_its_rule(h: Harness) -> None:
    call = {**PUT, "type": "call", "strike": 105}
    naked = (await h.call("analyze_strategy", legs=[call], **BY_HAND)).data
    assert naked["margin_requirement"] == pytest.approx(205 + 2000 - 500)
    assert naked["buying_power"] == naked["capital"] == pytest.approx(1500)
    assert naked["margin_rules"][0] == "Regulation T"
    assert naked["return_on_capital"] == pytest.approx(205 / 1500)
    assert naked.get("broker_buying_power") is None
    defined = (await h.call("analyze_strategy", legs=CONDOR, **BY_HAND)).data
    assert (defined["margin_requirement"], defined["buying_power"]) == (500, 300)  # the width, less the credit


async def test_the_broker_is_asked_what_it_would_take(demo: Harness) -> None:
    legs = [{**LISTED, "quantity": -2}]
    data = (await demo.call("analyze_strategy", legs=legs)).data
    assert data["broker_account"] == "5WT00718"
    assert data["broker_requirement"] == pytest.approx(data["margin_requirement"], rel=0.02)
    assert data["broker_buying_power"] == pytest.approx(data["buying_power"], rel=0.02)
    many = [{**LISTED, "symbol": f"AMD   261218P00{strike}000"} for strike in (230, 235, 240, 245, 250)]
    found = await demo.call("analyze_strategy", legs=many)
    assert found.data.get("broker_account") is None
    assert "it takes 1 to 4 legs" in found.text


def test_an_account_with_portfolio_margin_gets_the_broker_s_word_alone() -> None:
    legs = [Leg(quantity=-1, type="put", strike=95, price=2.05)]
    study = by_hand.study(legs, [45 / 365], Setting(100.0, 0.04), Given(), [])
    theirs = BuyingPower("5WT00001", portfolio_margin=True, change=Decimal("812.4"), requirement=Decimal("1017.4"))
    found = Valuation(study).answer(theirs)
    assert (found.margin_requirement, found.buying_power) == (None, None)
    assert (found.broker_buying_power, found.broker_requirement) == (812.4, 1017.4)
    assert found.margin_rules == ["the account has portfolio margin: only the broker's dry run counts"]


async def test_a_broker_that_fails_costs_its_own_word_alone(fresh: Harness) -> None:
    await fresh.call("analyze_strategy", legs=[LISTED])
    fresh.simulator.faults.add("status", path="/accounts/5WT00718/orders/dry-run", status=503)
    found = await fresh.call("analyze_strategy", legs=[LISTED])
    assert found.data["max_profit"] == found.data["net_debit"] * -1
    assert found.data.get("broker_account") is None
    assert "the broker's dry run: " in found.text


async def test_other_multipliers_and_digits(h: Harness) -> None:
    mini = (await h.call("analyze_strategy", legs=CONDOR, multiplier=10, **BY_HAND)).data
    assert (mini["net_debit"], mini["max_profit"], mini["max_loss"]) == (-20, 20, 30)
    odd = (await h.call("analyze_strategy", legs=[{**PUT, "price": 2.0123456}], **BY_HAND)).data
    assert odd["breakevens"] == [92.987654]


async def test_twelve_legs_are_one_strategy_and_thirteen_are_not(h: Harness) -> None:
    many = [{**PUT, "strike": 90 + n} for n in range(12)]
    found = await h.call("analyze_strategy", legs=many, **BY_HAND)
    assert found.data["net_debit"] == -12 * 205
    assert len(found.text.encode()) <= BUDGET
    assert len(json.dumps(found.data)) <= BUDGET
    assert "1 to 12 legs, not 13" in await refused(h, legs=[*many, PUT], **BY_HAND)


async def test_legs_of_one_date_expire_together_while_the_clock_runs(h: Harness) -> None:
    class Running:
        """A clock that has moved whenever it is looked at."""

        passed = 0.0

        def now(self) -> datetime:
            self.passed += 0.25
            return h.clock.now() + timedelta(seconds=self.passed)

        new_york = now

    async def compute(fn: Callable[[], Any]) -> Any:
        return fn()

    host: Any = SimpleNamespace(market=h.app.market, clock=Running(), tasks=SimpleNamespace(compute=compute))
    legs = [Leg.model_validate({**leg, "expiration": "2026-12-18"}) for leg in CONDOR]
    study = await Positions(host, Chains(host)).study(legs, Given(spot=100.0))
    assert study.position.exact
    assert study.position.curve.breakevens() == [93, 107]


async def test_a_calendar_is_told_to_be_valued_at_its_first_expiration(h: Harness) -> None:
    legs = [
        {"type": "call", "strike": 100, "quantity": -1, "price": 2.5, "expiration": "2026-12-18"},
        {"type": "call", "strike": 100, "quantity": 1, "price": 4.1, "expiration": "2027-01-15", "volatility": 0.35},
    ]
    found = await h.call("analyze_strategy", legs=legs, spot=100)
    assert found.data["strategy"] == "call calendar"
    assert found.data["max_loss"] == pytest.approx(160, abs=0.01)
    assert len(found.data["breakevens"]) == 2
    assert any("valued at the first expiration" in note for note in found.data["notes"])
    by_years = [{**leg, "expiration": None, "years": years} for leg, years in zip(legs, (0.08, 0.16), strict=True)]
    assert (await h.call("analyze_strategy", legs=by_years, spot=100)).data["days"] == pytest.approx(0.08 * 365)
    blind = [legs[0], {**legs[1], "price": 60.0, "volatility": None}]
    assert found.data["max_profit"] > 0
    assert "mean of the others" in (await h.call("analyze_strategy", legs=blind, spot=60)).text


async def test_the_chain_says_what_the_legs_cost(demo: Harness) -> None:
    chain = await demo.call("get_option_chain", symbol="AMD", expiration="2026-12-18", strikes=20)
    rows = {(row["type"], row["strike"]): row for row in chain.rows("contracts")}
    near = sorted(strike for kind, strike in rows if kind == "put" and strike < chain.data["price"])
    low, high = near[-4], near[-2]
    legs = [
        {"type": "put", "strike": low, "quantity": 1, "expiration": "2026-12-18"},
        {"type": "put", "strike": high, "quantity": -1, "expiration": "2026-12-18"},
    ]
    found = await demo.call("analyze_strategy", legs=legs, snapshot=chain.data["snapshot"])
    data = found.data
    bought, sold = rows["put", low], rows["put", high]
    credit = 100 * (sold["mid"] - bought["mid"])
    assert data["strategy"] == "put credit spread"
    assert data["net_debit"] == pytest.approx(-credit, abs=0.01)
    assert data["net_debit_natural"] == pytest.approx(-100 * (sold["bid"] - bought["ask"]), abs=0.01)
    assert data["max_loss"] == pytest.approx(100 * (high - low) - credit, abs=0.01)
    assert data["breakevens"] == pytest.approx([high - credit / 100], abs=1e-4)
    assert data["snapshot"] == chain.data["snapshot"]
    assert data["source"] == "simulator"
    assert data["delta"] == pytest.approx(100 * (bought["delta"] - sold["delta"]), abs=0.5)
    assert data["volatility"] == pytest.approx(chain.data["atm_iv"], abs=1e-3)
    told = found.rows("legs")
    assert [leg["symbol"][:6] for leg in told] == ["AMD   ", "AMD   "]
    assert [leg["natural"] for leg in told] == [bought["ask"], sold["bid"]]


async def test_the_skew_raises_the_odds_of_a_put_far_below(h: Harness) -> None:
    """At the money the odds are lognormal; the mids imply that on average nobody wins, before interest."""
    found = await h.call("find_strikes", symbol="SPX", deltas=[0.1], dte=45)
    strike = found.rows("strikes")[0]
    leg = {"symbol": strike["symbol"], "quantity": -1}
    data = (await h.call("analyze_strategy", legs=[leg], snapshot=found.data["snapshot"])).data
    assert data["pop_skew"] != data["pop"]
    assert data["expected_value"] > 0
    assert abs(data["expected_value_skew"]) < 0.02 * abs(data["net_debit"])
    iv, years = strike["iv"], data["days"] / 365
    assert data["prob_touch"] == pytest.approx(min(2 * (1 - data["pop"]), 1), abs=0.1)
    assert data["volatility"] < iv
    assert years > 0.1


async def test_by_occ_symbol_no_underlying_need_be_named(h: Harness) -> None:
    index = [{"symbol": "SPXW  261218P06500000", "quantity": -1}]
    assert (await h.call("analyze_strategy", legs=index)).data["symbol"] == "SPX"
    text = json.dumps([{"symbol": ".AMD261218P230", "quantity": -1}, {"symbol": "amd", "quantity": 100}])
    found = await h.call("analyze_strategy", legs=text)
    assert found.data["symbol"] == "AMD"
    assert [leg["type"] for leg in found.rows("legs")] == ["put", "stock"]


async def test_a_price_of_ones_own_stands_for_the_quote(h: Harness) -> None:
    legs = [{"type": "put", "strike": 230, "quantity": -1, "expiration": "2026-12-18", "price": 9.99}]
    data = (await h.call("analyze_strategy", legs=legs, symbol="AMD")).data
    assert (data["net_debit"], data["breakevens"]) == (-999, [220.01])
    what_if = (await h.call("analyze_strategy", legs=legs, symbol="AMD", volatility=0.9)).data
    assert what_if["volatility"] == 0.9
    assert what_if["pop"] < data["pop"]


async def test_prices_nobody_would_quote_are_analysed_and_said(h: Harness) -> None:
    below = await h.call("analyze_strategy", legs=[{**PUT, "price": 3}], spot=90, days=45)
    assert below.data["max_loss"] == 9200
    assert below.data["pop"] is None
    assert "below intrinsic value" in below.text
    free = [{**PUT, "strike": 90, "price": 3}, {**PUT, "quantity": 1, "price": 2}]
    assert "wins $100.00 or more at any price" in (await h.call("analyze_strategy", legs=free, **BY_HAND)).text
    dear = [{**PUT, "strike": 90, "price": 1}, {**PUT, "quantity": 1, "price": 7}]
    assert "loses $100.00 or more at any price" in (await h.call("analyze_strategy", legs=dear, **BY_HAND)).text


def at_once(reply: Reply) -> float:
    """The P/L now at the price now."""
    return float(next(row["now"] for row in reply.rows("pnl") if row["move_percent"] == 0))


@pytest.mark.parametrize("hours", [0.0, 9.0, 22.0, 40.0])  # the morning; after the close; before the open; Sunday
async def test_at_any_hour_the_mids_are_no_edge(hours: float) -> None:
    """What is quoted is worth what it costs now, and pays nobody on average; interest apart."""
    async with harness(sessions="real") as h:
        h.clock.advance(hours * 3600)
        for asked in (
            {"symbol": "SPY", "strategy": "csp", "dte": 1},
            {"symbol": "SPX", "strategy": "iron_condor", "dte": 7},
            {"symbol": "SPX", "strategy": "calendar", "dte": 3},
        ):
            found = await h.call("analyze_strategy", **asked)
            most = 0.06 * abs(found.data["net_debit"])
            assert abs(at_once(found)) < most / 2, (hours, asked)
            if asked["strategy"] != "calendar":  # what that wins hangs on the volatility between its dates
                assert abs(found.data["expected_value_skew"]) < most, (hours, asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"symbol": "DIS", "dte": 0},
        {"symbol": "VIX", "dte": 30},
        {"symbol": "VIX", "dte": 60},
        {"symbol": "SPX", "dte": 0},
    ],
)
async def test_each_leg_of_a_calendar_goes_by_its_own_forward(h: Harness, asked: dict[str, Any]) -> None:
    found = await h.call("analyze_strategy", strategy="calendar", **asked)
    assert abs(at_once(found)) < 0.05 * found.data["net_debit"]
    for leg in found.rows("legs"):
        on = {"snapshot": found.data["snapshot"], "expiration": leg["expiration"]}
        chain = await h.call("get_option_chain", strikes=60, option_type="call", **on)
        (row,) = [row for row in chain.rows("contracts") if row["strike"] == leg["strike"]]
        assert leg["delta"] == pytest.approx(row["delta"], abs=0.02)


async def test_a_debit_of_the_strikes_apart_is_no_flood_of_breakevens(h: Harness) -> None:
    legs = [
        {"type": "put", "strike": 230, "quantity": -1, "expiration": "2026-12-18", "price": 4},
        {"type": "put", "strike": 240, "quantity": 1, "expiration": "2027-01-15", "price": 14},
    ]
    found = (await h.call("analyze_strategy", symbol="AMD", legs=legs)).data
    assert len(found["breakevens"]) == len(found["level_zones"]) == 1


async def test_another_rate_does_not_move_the_forward(h: Harness) -> None:
    asked = {"symbol": "SPY", "strategy": "covered_call"}
    usual, other = [(await h.call("analyze_strategy", **asked, **more)) for more in ({}, {"rate": 0.0})]
    assert other.data["pop"] == pytest.approx(usual.data["pop"], abs=1e-6)
    assert other.data["expected_value"] == pytest.approx(usual.data["expected_value"], abs=0.5)


async def test_interest_is_told_beside_a_sure_win(h: Harness) -> None:
    day = "2027-09-17"
    kinds = (("call", 6600, 1), ("call", 6800, -1), ("put", 6800, 1), ("put", 6600, -1))
    box = [{"type": kind, "strike": strike, "quantity": n, "expiration": day} for kind, strike, n in kinds]
    found = await h.call("analyze_strategy", symbol="SPX", legs=box)
    assert found.data["strategy"] == "long box"
    sure = found.data["max_profit"]
    interest = found.data["net_debit"] * math.expm1(found.data["rate"] * found.data["days"] / 365)
    assert sure == pytest.approx(interest, rel=0.15)
    assert f"it wins ${sure:,.2f} or more at any price; interest on what is paid makes ${interest:,.2f}" in found.text


async def test_the_broker_is_asked_for_uneven_stock_in_shares(h: Harness) -> None:
    call = {"type": "call", "strike": 260, "quantity": -1, "expiration": "2026-12-18"}
    for shares, calls in ((100, -1), (150, -1), (300, -2)):
        legs = [{"type": "stock", "quantity": shares}, {**call, "quantity": calls}]
        data = (await h.call("analyze_strategy", symbol="AMD", legs=legs)).data
        assert data["broker_buying_power"] == pytest.approx(data["buying_power"], rel=0.02)
    broken = [{"type": "stock", "quantity": 50.5}, call]
    assert "whole shares" in (await h.call("analyze_strategy", symbol="AMD", legs=broken)).text


async def test_only_the_broad_indices_ask_less_margin(h: Harness) -> None:
    for symbol, share in (("SPX", 0.15), ("VIX", 0.20)):
        found = await h.call("analyze_strategy", symbol=symbol, strategy="straddle", dte=60)
        legs, spot = found.rows("legs"), found.data["price"]
        asked = [share * spot - max((leg["strike"] - spot) * (1 if leg["type"] == "call" else -1), 0.0) for leg in legs]
        expected = 100 * (sum(leg["price"] for leg in legs) + max(asked))
        assert found.data["margin_requirement"] == pytest.approx(expected, rel=1e-3)


async def test_an_index_root_that_settles_in_the_morning_does_so_by_hand_too(h: Harness) -> None:
    leg = {"symbol": "SPX   261218P06500000", "quantity": -1, "price": 50}
    listed = (await h.call("analyze_strategy", legs=[{**leg, "price": None}])).data
    by_hand = (await h.call("analyze_strategy", legs=[leg], spot=6700)).data
    assert by_hand["days"] == pytest.approx(listed["days"])
    chain = await h.call("get_option_chain", symbol="SPXW", strikes=1)
    assert chain.data["symbol"] == "SPX"
    assert (await h.call("get_expirations", symbol="BRKB", limit=1)).data["symbol"] == "BRK/B"
    shares = {"snapshot": chain.data["snapshot"], "expiration": chain.data["expiration"]}
    legs = [{"type": "stock", "quantity": 100}, {"type": "call", "strike": 7000, "quantity": -1}]
    assert "it has no shares to hold" in await refused(h, legs=legs, **shares)
    same = await h.call("analyze_strategy", symbol="SPXW", legs=[{"symbol": "SPXW  261218P06500000", "quantity": -1}])
    assert same.data["symbol"] == "SPX"


async def test_the_same_legs_tie_up_the_same_capital_wherever_they_are_asked_about(h: Harness) -> None:
    found = await h.call("find_strategies", symbol="AMD", strategy="jade_lizard", dte=[45], limit=1)
    (row,) = found.rows("candidates")
    legs = []
    for part in row["legs"].split(", "):
        quantity, strike = part.split()
        kind = {"p": "put", "c": "call"}[strike[-1]]
        legs.append({"quantity": int(quantity), "type": kind, "strike": float(strike[:-1])})
    on = {"snapshot": found.data["snapshot"], "expiration": found.data.get("expiration") or row["expiration"]}
    closely = (await h.call("analyze_strategy", legs=legs, **on)).data
    assert row["capital"] == pytest.approx(closely["capital"], rel=0.01)
    assert row["return_on_capital"] == pytest.approx(closely["return_on_capital"], rel=0.1)


async def test_a_wide_market_is_told(h: Harness) -> None:
    assert "the market is wide" in (await h.call("analyze_strategy", symbol="XBI", strategy="put_spread")).text
    assert "the market is wide" not in (await h.call("analyze_strategy", symbol="SPY", strategy="put_spread")).text


async def test_what_contradicts_itself_is_said(h: Harness) -> None:
    crossed = [{**PUT, "price": 2}, {"type": "call", "strike": 90, "quantity": -1, "price": 12}]
    found = await h.call("analyze_strategy", legs=crossed, **BY_HAND)
    assert "in the money at any price" in found.text
    assert found.data["prob_touch"] == 1
    cancelled = await h.call("analyze_strategy", legs=[PUT, {**PUT, "quantity": 1}], **BY_HAND)
    assert "legs 1 and 2 are the same contract" in cancelled.text
    assert cancelled.data["level_zones"] == ["0 and above"]
    assert cancelled.data["breakevens"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"legs": [PUT]}, "neither symbol nor spot was given"),
        ({"legs": [PUT], "spot": 100}, "leg 1 has no expiration"),
        ({"legs": [PUT], "spot": 100, "days": 45, "years": 1}, "one of expiration, days and years"),
        ({"legs": [{**PUT, "quantity": 0}], **BY_HAND}, "a quantity of 0 is no leg"),
        ({"legs": [{**PUT, "quantity": 0.5}], **BY_HAND}, "whole contracts"),
        ({"legs": [], **BY_HAND}, "1 to 12 legs, not 0"),
        ({"legs": [{"type": "stock", "quantity": 100}], **BY_HAND}, "no option among the legs"),
        ({"legs": [{"type": "stock", "quantity": 100, "strike": 5}, PUT], **BY_HAND}, "neither strike nor expiration"),
        ({"legs": [{**PUT, "years": 0.2, "expiration": "2026-12-18"}], "spot": 100}, "expiration or years, not both"),
        ({"legs": [{**PUT, "years": 0.2}], "symbol": "AMD"}, "a listed option a date"),
        ({"legs": [{"type": "stock", "quantity": 100}, PUT], "symbol": "SPX"}, "it has no shares to hold"),
        ({"legs": [{"quantity": -1}], **BY_HAND}, "a leg has a type"),
        ({"legs": [{"type": "put", "quantity": -1}], **BY_HAND}, "a put needs its strike"),
        ({"legs": [{**PUT, "qty": 1}], **BY_HAND}, "qty"),
        ({"legs": [{**PUT, "price": None}], **BY_HAND}, "neither price nor volatility"),
        ({"legs": [{**PUT, "expiration": "2020-01-17"}], "spot": 100}, "2020-01-17 is past"),
        ({"legs": [{**PUT, "expiration": "2020-01-17"}], "symbol": "AMD"}, "2020-01-17 is past"),
        ({"legs": [{**PUT, "expiration": "2026-12-18", "strike": 231.3}], "symbol": "AMD"}, "strikes are 230 and 235"),
        ({"legs": [PUT], "symbol": "AMD"}, "leg 1 has no expiration"),
        ({"legs": [{**PUT, "expiration": "2026-12-18"}], "symbol": "NOPE"}, "NOPE has no listed options"),
        ({"legs": [LISTED, TESLA]}, "leg 1 is about AMD, leg 2 about TSLA"),
        ({"legs": [LISTED], "symbol": "TSLA"}, "symbol is about TSLA"),
        ({"legs": [{**LISTED, "strike": 240}]}, "strike is 240"),
        ({"legs": [{**LISTED, "expiration": "2027-01-15"}]}, "expiration is 2027-01-15"),
        ({"legs": [{"symbol": "AMD", "type": "put", "strike": 5, "quantity": -1}]}, "is no option symbol"),
        ({"legs": [{"symbol": "DIS1  261218P00100000", "quantity": 1}], "symbol": "DIS"}, "contracts are not analysed"),
        ({"legs": [PUT], "volatility": 40, **BY_HAND}, "0.4 is 40 %"),
        ({"legs": [PUT], "moves": [-100], **BY_HAND}, "no price falls by 100 %"),
        ({"legs": [PUT], "moves": list(range(30)), **BY_HAND}, "30 moves were sent"),
        ({"legs": [PUT], "later": 50, **BY_HAND}, "not before the first expiration"),
        ({"legs": [PUT], "snapshot": "AMD-gone"}, "there is no snapshot"),
        ({"legs": ["AMD"], **BY_HAND}, "should be an object"),
    ],
)  # fmt: skip
async def test_bad_input_is_answered_with_what_to_do(h: Harness, arguments: dict[str, Any], said: str) -> None:
    text = await refused(h, **arguments)
    assert said in text
    assert text.startswith(("VALIDATION: ", "NOT_FOUND: "))


async def test_what_expired_today_is_not_analysed(fresh: Harness) -> None:
    fresh.clock.advance(5 * 3600 + 1200)  # 15:51
    chain = await fresh.call("get_option_chain", symbol="AMD", dte=30)
    fresh.clock.advance(900)
    legs = [{**PUT, "expiration": "2026-11-20", "strike": 240}]
    assert "leg 1 has expired" in await refused(fresh, legs=legs, snapshot=chain.data["snapshot"])
    assert "leg 1 has expired" in await refused(fresh, legs=legs, spot=245)


async def test_what_has_no_bid_counts_at_its_ask(h: Harness) -> None:
    chain = await h.call("get_option_chain", symbol="XBI", dte=30, option_type="put", max_delta=0.02, strikes=60)
    worthless = next((row for row in chain.rows("contracts") if row["bid"] == 0 and row["ask"]), None)
    assert worthless is not None
    leg = {"type": "put", "strike": worthless["strike"], "quantity": 1, "expiration": chain.data["expiration"]}
    found = await h.call("analyze_strategy", legs=[leg], snapshot=chain.data["snapshot"])
    assert found.data["net_debit"] == pytest.approx(100 * worthless["ask"])
    assert "counted at its ask" in found.text


async def test_the_paths_reach_half_the_profit_more_often_than_all_of_it_stays(h: Harness) -> None:
    one, again = [(await h.call("analyze_strategy", legs=CONDOR, **BY_HAND)).data for _ in range(2)]
    assert one == again
    assert one["prob_half_profit"] > one["pop"]
    rows: list[dict[str, Any]] = (await h.call("analyze_strategy", legs=CONDOR, **BY_HAND)).rows("legs")
    parts = [Part(row["type"], 100 * row["quantity"], row["price"], row["strike"], 45 / 365, row["iv"]) for row in rows]
    way = on_the_way(Position(tuple(parts), Setting(100.0, 0.04)), one["volatility"], 100.0, [])
    assert one["prob_half_profit"] == pytest.approx(way.profit, abs=1e-3)  # half of 200 dollars
    random = np.random.default_rng(3)
    sigma, steps = one["volatility"], 450
    moves = random.standard_normal((4000, steps)) * sigma * math.sqrt(45 / 365 / steps)
    paths = 100 * np.exp(np.cumsum(moves + (0.04 - sigma**2 / 2) * 45 / 365 / steps, axis=1))
    touched = ((paths <= 95) | (paths >= 105)).any(axis=1).mean()
    assert one["prob_touch"] == pytest.approx(touched, abs=0.02)
