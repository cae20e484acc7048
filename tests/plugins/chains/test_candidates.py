"""find_strategies as a client meets it: its numbers worked out again from the chain's own quotes."""

import math
import re
from datetime import date, datetime
from typing import Any

import numpy as np
import pytest
from fastmcp.exceptions import ToolError
from pydantic_core import to_json

from tests.desk import until
from tests.plugins.chains.test_analysis import CHAIN, NOW
from ttai import Metrics
from ttai.answers import BUDGET, CAP
from ttai.clock import NEW_YORK
from ttai.market.metrics import Dividend, Earnings
from ttai.testing import FrozenClock, Harness, Reply, harness
from ttai_chains.candidates import ranking
from ttai_chains.candidates.templates import TEMPLATES
from ttai_chains.coming import known

LEG = re.compile(r"([+-]\d+) (?:shares|([\d.]+)([cp])(?: (\d{4}-\d\d-\d\d))?)")
TODAY = date(2026, 11, 20)


async def refused(h: Harness, **arguments: Any) -> str:
    with pytest.raises(ToolError) as error:
        await h.call("find_strategies", **arguments)
    return str(error.value)


def legs_of(row: dict[str, Any]) -> list[tuple[int, float | None, str | None, str]]:
    """Quantity, strike, type and date of each leg; the text must be understood to its last sign."""
    found = [LEG.fullmatch(part) for part in row["legs"].split(", ")]
    return [
        (int(one[1]), float(one[2]) if one[2] else None, one[3], one[4] or row["expiration"]) for one in found if one
    ] + [(0, None, None, "unread") for one in found if one is None]


async def quoted(h: Harness, answer: Reply, expiration: str) -> dict[tuple[str, float], dict[str, Any]]:
    """All contracts of one expiration of the answer's own snapshot."""
    chain = await h.call(
        "get_option_chain", snapshot=answer.data["snapshot"], expiration=expiration, strikes=60,
        columns="bid,ask,mid,delta,open_interest,volume",
    )  # fmt: skip
    return {(row["type"][0], row["strike"]): row for row in chain.rows("contracts")}


class Lognormal:
    """The prices at an expiration and their probabilities, worked out here: parity's forward, the ATM IV."""

    def __init__(self, h: Harness, chain: Reply, rate: float) -> None:
        at = datetime.fromisoformat(chain.data["expiration"]).replace(hour=16, tzinfo=NEW_YORK)
        years = (at - h.clock.now()).total_seconds() / 365 / 86400
        rows = chain.rows("contracts")
        calls = {row["strike"]: row["mid"] for row in rows if row["type"] == "call"}
        puts = {row["strike"]: row["mid"] for row in rows if row["type"] == "put"}
        near = sorted(calls, key=lambda strike: abs(strike - chain.data["price"]))[:5]
        self.growth = math.exp(rate * years)
        self.years = years
        self.forward = float(np.median([strike + (calls[strike] - puts[strike]) * self.growth for strike in near]))
        deviation = chain.data["atm_iv"] * math.sqrt(years)
        z = np.linspace(-9, 9, 200_001)
        self.prices = self.forward * np.exp(deviation * z - deviation**2 / 2)
        self.chances = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])

    def odds(self, pnl: Any) -> tuple[float, float]:
        return float(self.chances[pnl > 0].sum()), float((self.chances * pnl).sum())


async def lognormal(h: Harness, answer: Reply, expiration: str) -> Lognormal:
    chain = await h.call("get_option_chain", snapshot=answer.data["snapshot"], expiration=expiration, strikes=6)
    return Lognormal(h, chain, await h.app.market.risk_free_rate())


async def test_a_put_sold_is_what_the_chain_says_it_is(demo: Harness) -> None:
    answer = await demo.call("find_strategies", symbol="AMD", strategy="cash secured put", target_delta=0.3, limit=3)
    assert (answer.data["strategy"], answer.data["source"]) == ("csp", "simulator")
    rows = answer.rows("candidates")
    assert len(rows) == 3
    for row in rows:
        ((quantity, strike, letter, expiration),) = legs_of(row)
        assert (quantity, letter) == (-1, "p")
        assert strike is not None
        put = (await quoted(demo, answer, expiration))["p", strike]
        assert 30 <= row["dte"] == (date.fromisoformat(expiration) - TODAY).days <= 60
        assert row["deltas"] == [pytest.approx(put["delta"], abs=0.005)]
        assert abs(row["deltas"][0] + 0.3) <= 0.035
        assert (row["natural"], row["mid"]) == (-put["bid"], pytest.approx(-put["mid"]))
        tick = 0.01 if put["bid"] < 3 else 0.05
        third = put["mid"] - (put["mid"] - put["bid"]) / 3
        assert row["fill"] == pytest.approx(-math.floor(third / tick + 1e-6) * tick)
        assert row["max_profit"] == pytest.approx(-100 * row["fill"])
        assert row["max_loss"] == row["capital"] == pytest.approx(100 * (strike + row["fill"]))
        assert row["breakevens"] == [pytest.approx(strike + row["fill"])]
        assert row["return_on_capital"] == pytest.approx(row["max_profit"] / row["capital"], abs=1e-4)
        assert row["spread"] == pytest.approx(put["ask"] - put["bid"])
        assert row["spread_percent"] == pytest.approx(row["spread"] / put["mid"] * 100, abs=0.01)
        assert (row["open_interest"], row["volume"]) == (put["open_interest"], put["volume"])
        ends = await lognormal(demo, answer, expiration)
        assert row["annualised"] == pytest.approx(row["return_on_capital"] / ends.years, rel=2e-3)
        pop, expected = ends.odds(100 * (-row["fill"] - np.maximum(strike - ends.prices, 0)))
        assert row["pop"] == pytest.approx(pop, abs=5e-4)
        assert row["expected_value"] == pytest.approx(expected, abs=2)


async def test_an_iron_condor_is_what_its_legs_say(demo: Harness) -> None:
    answer = await demo.call(
        "find_strategies", symbol="SPX", strategy="Iron-Condor", target_delta=0.16, max_width=50, limit=2
    )
    for row in answer.rows("candidates"):
        legs = legs_of(row)
        assert [(quantity, letter) for quantity, _, letter, _ in legs] == [(1, "p"), (-1, "p"), (-1, "c"), (1, "c")]
        (low, put, call, high) = (strike or 0.0 for _, strike, _, _ in legs)
        assert 0 < put - low == high - call <= 50
        contracts = await quoted(demo, answer, row["expiration"])
        four = [(quantity, contracts[letter or "", strike or 0.0]) for quantity, strike, letter, _ in legs]
        natural = sum(quantity * one["ask" if quantity > 0 else "bid"] for quantity, one in four)
        mid = sum(quantity * one["mid"] for quantity, one in four)
        assert row["natural"] == pytest.approx(natural)
        assert row["mid"] == pytest.approx(mid)
        fill = mid + (natural - mid) / 3
        tick = 0.05 if abs(fill) < 3 else 0.1
        assert row["fill"] == pytest.approx(min(math.ceil(fill / tick - 1e-6) * tick, natural))
        credit = -row["fill"]
        assert row["breakevens"] == [pytest.approx(put - credit, abs=0.01), pytest.approx(call + credit, abs=0.01)]
        assert row["max_profit"] == pytest.approx(100 * credit)
        assert row["max_loss"] == pytest.approx(100 * (put - low - credit))
        assert row["open_interest"] == min(one["open_interest"] for _, one in four)
        ends = await lognormal(demo, answer, row["expiration"])
        worth = np.maximum(put - ends.prices, 0) - np.maximum(low - ends.prices, 0)
        worth += np.maximum(ends.prices - call, 0) - np.maximum(ends.prices - high, 0)
        pop, expected = ends.odds(100 * (credit - worth))
        assert row["pop"] == pytest.approx(pop, abs=1e-3)
        assert row["expected_value"] == pytest.approx(expected, abs=8)


async def test_the_odds_with_the_skew_are_those_the_chain_prices(h: Harness) -> None:
    """A call spread around the breakeven costs the probability to end above it, and options cost what they pay."""
    answer = await h.call("find_strategies", symbol="SPX", strategy="csp", dte=45, target_delta=0.3, limit=1)
    (row,) = answer.rows("candidates")
    ((_, strike, _, _),) = legs_of(row)
    contracts = await quoted(h, answer, row["expiration"])
    ends = await lognormal(h, answer, row["expiration"])
    (breakeven,) = row["breakevens"]
    there = sorted(price for kind, price in contracts if kind == "p")
    low, high = max(price for price in there if price < breakeven), min(price for price in there if price > breakeven)
    below = (contracts["p", high]["mid"] - contracts["p", low]["mid"]) / (high - low) * ends.growth
    assert row["pop_skew"] == pytest.approx(1 - below, abs=0.01)
    assert abs(row["pop_skew"] - row["pop"]) > 0.02  # an index has a skew
    worth = contracts["p", strike or 0.0]["mid"] * ends.growth
    assert row["expected_value_skew"] == pytest.approx(100 * (-row["fill"] - worth), abs=10)


async def test_what_is_uncovered_ties_up_what_regulation_t_asks(demo: Harness) -> None:
    answer = await demo.call("find_strategies", symbol="AMD", strategy="short strangle", sort="return_on_capital")
    rows, spot = answer.rows("candidates"), answer.data["price"]
    assert answer.data["capital_is"] == "buying power of Regulation T"
    assert all(row["max_loss"] is None for row in rows)
    for row in rows[:3]:
        put, call = (strike or 0.0 for _, strike, _, _ in legs_of(row))
        risks = (max(0.2 * spot - (spot - put), 0.1 * put), max(0.2 * spot - (call - spot), 0.1 * spot))
        assert row["capital"] == pytest.approx(100 * max(risks), abs=0.02)
        assert row["breakevens"] == [
            pytest.approx(put + row["fill"], abs=0.01),
            pytest.approx(call - row["fill"], abs=0.01),
        ]
    assert [row["return_on_capital"] for row in rows] == sorted(
        (row["return_on_capital"] for row in rows), reverse=True
    )
    assert "of the 150 of highest expected value" in answer.text


async def test_a_calendar_is_worth_at_its_front_what_the_back_is_then(h: Harness) -> None:
    answer = await h.call("find_strategies", symbol="AMD", strategy="calendar", dte=28, limit=1)
    (row,) = answer.rows("candidates")
    (sold, strike, letter, front), (bought, other, _, back) = legs_of(row)
    assert (sold, bought, letter, strike) == (-1, 1, "c", other)
    assert strike is not None
    assert (date.fromisoformat(back) - date.fromisoformat(front)).days >= 14
    assert row["max_loss"] == row["capital"] == pytest.approx(100 * row["fill"])
    ends = await lognormal(h, answer, front)
    chain = await h.call("get_option_chain", snapshot=answer.data["snapshot"], expiration=back, strikes=60)
    later = {(one["type"], one["strike"]): one for one in chain.rows("contracts")}["call", strike]
    rest = Lognormal(h, chain, await h.app.market.risk_free_rate()).years - ends.years
    rate = await h.app.market.risk_free_rate()
    carry = rate - math.log(ends.forward / answer.data["price"]) / ends.years
    deviation = later["iv"] * math.sqrt(rest)
    normal = np.vectorize(lambda x: 0.5 * math.erfc(-x / math.sqrt(2)))

    def pnl(prices: Any) -> Any:
        upper = np.log(prices / strike) / deviation + (rate - carry) * rest / deviation + deviation / 2
        worth = prices * math.exp(-carry * rest) * normal(upper)
        worth -= strike * math.exp(-rate * rest) * normal(upper - deviation)
        worth = np.maximum(worth, prices - strike)  # American
        return 100 * (worth - np.maximum(prices - strike, 0) - row["fill"])

    found = pnl(ends.prices[::200])
    chances = ends.chances[::200] * 200
    assert row["expected_value"] == pytest.approx(float((chances * found).sum()), abs=4)
    assert row["pop"] == pytest.approx(float(chances[found > 0].sum()), abs=5e-3)
    assert row["max_profit"] == pytest.approx(float(pnl(np.array([strike]))[0]), abs=2)  # at the strike
    assert "valued when the first leg expires" in answer.text


@pytest.mark.parametrize("name", TEMPLATES)
async def test_every_strategy_is_made_of_listed_contracts(h: Harness, name: str) -> None:
    answer = await h.call("find_strategies", symbol="AMD", strategy=name, limit=40)
    rows = answer.rows("candidates")
    assert rows
    chain = h.app.market.kept_chain(answer.data["snapshot"])
    there = {
        (f"{one.date}", letter, float(strike))
        for one in chain.expirations
        for letter, symbols in zip("cp", one.symbols, strict=True)
        for strike, symbol in zip(one.strikes, symbols, strict=True)
        if symbol
    }
    signs = [math.copysign(1, part.ratio) for part in TEMPLATES[name].parts]
    for row in rows:
        legs = legs_of(row)
        assert [math.copysign(1, quantity) for quantity, *_ in legs] == signs
        for quantity, strike, letter, day in legs:
            assert (quantity, letter) == (100, None) or (day, letter, strike) in there
        assert row["mid"] <= row["fill"] <= row["natural"] + 1e-9
        assert row["max_profit"] is None or row["max_profit"] > 0
        assert row["max_loss"] is None or row["max_loss"] > 0
        assert 0 <= row["pop"] <= 1
        assert row["capital"] > 0
    assert len(answer.text.encode()) + len(to_json(answer.data)) <= CAP


@pytest.mark.parametrize("sort", ["expected_value", "pop", "return_on_capital", "credit"])
@pytest.mark.parametrize("strategy", ["put_spread", "strangle"])
async def test_rows_are_ideas_in_order(h: Harness, strategy: str, sort: str) -> None:
    answer = await h.call("find_strategies", symbol="AMD", strategy=strategy, sort=sort, limit=40)
    rows = answer.rows("candidates")
    keys = [-row["fill"] if sort == "credit" else row[sort] for row in rows]
    assert keys == sorted(keys, reverse=True)
    chain = h.app.market.kept_chain(answer.data["snapshot"])
    quotes = {
        f"{one.date}": await chain.quotes(one) for one in chain.expirations if 30 <= (one.date - TODAY).days <= 60
    }
    sold = [(row["expiration"], next(strike for size, strike, *_ in legs_of(row) if size < 0)) for row in rows]
    places = [(quotes[day], quotes[day].strikes.tolist().index(strike)) for day, strike in sold]
    bands = {(one.expiration.date, math.floor(-one.delta[1, place] / 0.05 + 1e-6)) for one, place in places}
    assert len(bands) == len(rows) <= 40
    assert f"each row is the best by {sort} of an expiration and 5 points of delta of the put sold" in answer.text
    few = await h.call("find_strategies", snapshot=answer.data["snapshot"], strategy=strategy, sort=sort, limit=2)
    assert few.rows("candidates") == rows[:2]
    assert f"2 of {len(rows)} such rows; ask limit={len(rows)}" in few.text


async def test_days_come_in_every_shape(demo: Harness) -> None:
    both = await demo.call("find_strategies", symbol="SPY", strategy="csp", dte="[30, 60]")
    usual = await demo.call("find_strategies", snapshot=both.data["snapshot"], strategy="csp")
    assert both.rows("candidates") == usual.rows("candidates")
    alone = await demo.call("find_strategies", snapshot=both.data["snapshot"], dte=45)
    nearest = await demo.call("find_strikes", snapshot=both.data["snapshot"], dte=45)
    assert {row["expiration"] for row in alone.rows("candidates")} == {nearest.data["expiration"]}
    wide = await demo.call("find_strategies", snapshot=both.data["snapshot"], dte=[1, 100], limit=40)
    assert len({row["expiration"] for row in wide.rows("candidates")}) == 5
    assert re.search(r"5 of \d\d expirations in those days; narrow dte", wide.text)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"strategy": "iron cndor"}, "VALIDATION: 'iron cndor' is no strategy known here; did you mean iron_condor?"),
        ({"dte": [60, 30]}, "VALIDATION: dte=[60, 30] ends before it begins. Send dte=[30, 60]"),
        ({"dte": [-5, 30]}, "VALIDATION: dte=-5 is past"),
        ({"dte": []}, "VALIDATION: dte has 0 numbers. Send dte=[30, 60], or dte=45"),
        ({"dte": [1, 2, 3]}, "VALIDATION: dte has 3 numbers"),
        ({"dte": [61, 62]}, "no options of AMD expire in 61 to 62 days. The nearest do in 56: send dte=56"),
        ({"limit": -1}, "VALIDATION: limit: should be greater than or equal to 1"),
        ({"min_pop": 70}, "min_pop is a fraction between 0 and 1, not 70. Send min_pop=0.7 for 70 %"),
        ({"target_delta": 16}, "target_delta is a fraction between 0 and 1, not 16. Send target_delta=0.16 for 16 %"),
        ({"target_delta": -0.16}, "target_delta is a fraction between 0 and 1, not -0.16"),
        ({"max_width": 0}, "VALIDATION: max_width: should be greater than 0"),
        ({"sort": "luck"}, "VALIDATION: sort: should be 'expected_value', 'pop', 'return_on_capital' or 'credit'"),
        ({"symbol": "NOPE"}, "NOT_FOUND: NOPE has no listed options"),
        ({"symbol": None}, "VALIDATION: no symbol was given"),
        ({"symbol": "SPX", "strategy": "collar"}, "SPX is an index, it has no shares to hold. Ask an ETF such as SPY"),
        ({"symbol": None, "snapshot": "AMD-1"}, "NOT_FOUND: there is no snapshot 'AMD-1'"),
        ({"strategy": "calendar", "dte": 1200}, "and this strategy needs a later expiration. Send a smaller dte"),
    ],
)
async def test_what_is_asked_wrongly_is_told_what_to_do(demo: Harness, arguments: dict[str, Any], said: str) -> None:
    assert said in await refused(demo, **{"symbol": "AMD"} | arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"symbol": "AMD", "min_pop": 0.99},
            (r"of (\d+) combinations \1 have a PoP below 0.99; 0 are left", "nothing is left: lower min_pop"),
        ),
        (
            {"symbol": "XBI", "strategy": "put_spread"},
            (r"of \d+ combinations \d+ have a leg with a spread over 10 % of its mid and 2 ticks", "more liquid"),
        ),
        (
            {"symbol": "AMD", "strategy": "put_spread", "max_width": 2},
            ("no strikes lie up to 2 apart; the narrowest wing there is has 5", "ask other deltas, dte or max_width"),
        ),
    ],
)
async def test_where_nothing_passes_it_says_what_stood_in_the_way(
    demo: Harness, arguments: dict[str, Any], said: tuple[str, str]
) -> None:
    answer = await demo.call("find_strategies", **arguments)
    assert answer.rows("candidates") == []
    for one in said:
        assert re.search(one, answer.text), answer.text


async def test_filters_count_what_they_remove(h: Harness) -> None:
    everything = await h.call("find_strategies", symbol="AMD", strategy="put_spread", limit=40)
    (total,) = re.findall(r"note: ([\d,]+) combinations, all of them tradable", everything.text)
    likely = await h.call(
        "find_strategies", snapshot=everything.data["snapshot"], strategy="put_spread", min_pop=0.7, limit=40
    )
    found = re.search(r"of ([\d,]+) combinations ([\d,]+) have a PoP below 0.7; ([\d,]+) are left", likely.text)
    assert found is not None
    assert found[1] == total
    assert int(found[2]) + int(found[3]) == int(found[1])
    assert all(row["pop"] >= 0.7 for row in likely.rows("candidates"))
    narrow = await h.call("find_strategies", snapshot=everything.data["snapshot"], strategy="put_spread", max_width=5)
    for row in narrow.rows("candidates"):
        low, high = (strike or 0.0 for _, strike, _, _ in legs_of(row))
        assert high - low == 5
    csp = await h.call("find_strategies", snapshot=everything.data["snapshot"], strategy="csp", max_width=5)
    assert "max_width has no meaning for csp" in csp.text


async def test_a_spread_that_the_user_takes_is_taken() -> None:
    async with harness(config={"chains": {"max_spread_percent": 80}}) as h:
        rows = (await h.call("find_strategies", symbol="XBI", strategy="csp")).rows("candidates")
        assert rows
        assert max(row["spread_percent"] for row in rows) > 10


async def test_adjusted_contracts_are_no_candidates(h: Harness) -> None:
    rows = (await h.call("find_strategies", symbol="DIS", strategy="csp", dte=[0, 400], limit=40)).rows("candidates")
    assert {row["root"] for row in rows} == {"DIS"}


@pytest.mark.parametrize("symbol", ["SPX", "NDX", "VIX"])
async def test_of_an_index_that_expires_twice_a_day_the_afternoon_is_taken(h: Harness, symbol: str) -> None:
    answer = await h.call("find_strategies", symbol=symbol, strategy="iron_condor", dte=[20, 45])
    rows = answer.rows("candidates")
    if symbol == "SPX":
        assert {row["root"] for row in rows} == {"SPXW"}
    assert all(row["events"] is None for row in rows)
    assert "earnings" not in answer.text
    assert len(answer.text.encode()) <= BUDGET
    assert len(to_json(answer.data)) <= BUDGET


async def test_a_report_and_a_dividend_before_the_expiration_are_flagged(demo: Harness) -> None:
    answer = await demo.call("find_strategies", symbol="F", strategy="call_spread", dte=[7, 60], limit=40)
    rows = answer.rows("candidates")
    before = [row for row in rows if row["expiration"] < "2026-12-16"]
    between = [row for row in rows if "2026-12-16" <= row["expiration"] < "2026-12-28"]
    after = [row for row in rows if row["expiration"] > "2026-12-28"]
    assert before
    assert between
    assert after
    assert {row["events"] for row in before} == {None}
    assert {row["events"] for row in between} == {"ex-dividend 2026-12-16"}
    assert {row["events"] for row in after} == {"earnings 2026-12-28, ex-dividend 2026-12-16"}
    assert "a call in the money may be assigned the day before the ex-dividend date" in answer.text
    puts = await demo.call("find_strategies", snapshot=answer.data["snapshot"], strategy="csp", dte=[7, 60])
    assert "may be assigned" not in puts.text


def metrics(earnings: Earnings | None = None, dividend: Dividend | None = None) -> Metrics:
    return Metrics(symbol="AMD", as_of=NOW, source="rest", earnings=earnings, dividend=dividend)


@pytest.mark.parametrize(
    ("earnings", "opened", "flags"),
    [
        (Earnings(date(2026, 12, 18), "after_close", False), True, (None, "earnings 2026-12-18")),
        (Earnings(date(2026, 12, 18), "before_open", False), True, ("earnings 2026-12-18", "earnings 2026-12-18")),
        (Earnings(date(2026, 12, 18), "unknown", False), True, ("earnings 2026-12-18", "earnings 2026-12-18")),
        (Earnings(TODAY, "before_open", False), True, (None, None)),
        (Earnings(TODAY, "before_open", False), False, ("earnings 2026-11-20", "earnings 2026-11-20")),
        (Earnings(date(2026, 11, 3), "after_close", False), True, (None, None)),
        (None, True, (None, None)),
    ],
)
def test_a_report_counts_where_the_expiration_will_know_it(
    earnings: Earnings | None, opened: bool, flags: tuple[str | None, str | None]
) -> None:
    coming = known(metrics(earnings), TODAY, opened=opened)
    assert (coming.before(date(2026, 12, 18)), coming.before(date(2027, 1, 15))) == flags
    past = earnings is not None and flags == (None, None)
    assert coming.notes == (("no coming earnings date is known",) if past else ())


def test_dividends_are_those_to_come() -> None:
    past, coming = date(2026, 11, 20), date(2026, 12, 18)
    both = known(metrics(dividend=Dividend(0.5, 0.02, (past, coming))), TODAY, opened=True)
    assert both.before(date(2026, 12, 17)) is None
    assert both.before(coming) == "ex-dividend 2026-12-18"
    assert known(metrics(dividend=Dividend(0.5, 0.02, (past,))), TODAY, opened=True).notes == (
        "no coming ex-dividend date is known",
    )
    assert known(metrics(dividend=Dividend(None, None, ())), TODAY, opened=True).notes == ()


async def test_without_metrics_the_candidates_are_there_and_the_events_unknown(fresh: Harness) -> None:
    fresh.simulator.faults.add("status", path="/market-metrics*", status=403)
    answer = await fresh.call("find_strategies", symbol="F", strategy="csp")
    assert answer.rows("candidates")
    assert "earnings and ex-dividend dates unknown: " in answer.text


async def test_without_ticks_nothing_is_rounded(fresh: Harness) -> None:
    fresh.simulator.faults.add("missing", path="/option-chains/*", field="tick-sizes")
    answer = await fresh.call("find_strategies", symbol="AMD", strategy="csp")
    assert answer.data["ticks"] is None
    for row in answer.rows("candidates"):
        assert row["fill"] == pytest.approx(row["mid"] + (row["natural"] - row["mid"]) / 3, abs=1e-4)


async def test_a_snapshot_that_is_gone_is_said(fresh: Harness) -> None:
    snapshot = (await fresh.call("find_strategies", symbol="AMD")).data["snapshot"]
    fresh.clock.advance(1900)
    with pytest.raises(ToolError, match="NOT_FOUND: there is no snapshot"):
        await fresh.call("find_strategies", snapshot=snapshot)


async def test_an_expiration_that_cannot_be_read_costs_itself(fresh: Harness) -> None:
    fresh.simulator.faults.add("status", path="/dxlink", status=503)
    for socket in list(fresh.simulator._feed.sockets):
        await socket.move("drop")
    await until(lambda: not fresh.app.market.hub.live)
    snapshot = (await fresh.call("get_option_chain", symbol="AMD", expiration="2026-12-31", strikes=1)).data["snapshot"]
    fresh.simulator.faults.add("status", path="/market-data/*", status=403)
    answer = await fresh.call("find_strategies", snapshot=snapshot, strategy="csp")
    assert {row["expiration"] for row in answer.rows("candidates")} == {"2026-12-31"}
    assert "2027-01-08 is left out: " in answer.text
    with pytest.raises(ToolError, match=r"AUTHORIZATION|BROKER"):
        await fresh.call("find_strategies", snapshot=snapshot, strategy="csp", dte=[45, 60])


async def test_at_night_the_quotes_are_of_the_last_session() -> None:
    evening = FrozenClock(datetime(2026, 11, 20, 18, 0, tzinfo=NEW_YORK))
    async with harness(clock=evening, sessions="real") as h:
        answer = await h.call("find_strategies", symbol="SPY", strategy="put_spread")
        assert answer.data["stale"] is True
        assert "options trade in regular hours: these quotes are of the last session" in answer.text


async def test_what_has_settled_is_left_out() -> None:
    async with harness(clock=FrozenClock(datetime(2026, 11, 20, 15, 50, tzinfo=NEW_YORK))) as h:
        snapshot = (await h.call("get_expirations", symbol="SPY")).data["snapshot"]
        h.clock.advance(900)
        answer = await h.call("find_strategies", snapshot=snapshot, strategy="csp", dte=0)
        assert answer.rows("candidates") == []
        assert "settled already: the expiration of today" in answer.text


def test_expirations_are_the_monthly_ones_and_others_between() -> None:
    days = ranking.on_each_day(CHAIN)
    assert [(f"{one.date}", one.settled) for one in days] == [
        ("2026-11-20", "PM"), ("2026-12-18", "PM"), ("2027-01-15", "AM"),
    ]  # fmt: skip
    assert [f"{one.date}" for one in ranking.within(days, NOW, 20, 60, 5)] == ["2026-12-18", "2027-01-15"]
    assert len(ranking.within(days, NOW, 0, 60, 2)) == 2
    assert ranking.later(days, days[0], 28) is days[1]
    assert ranking.later(days, days[-1], 28) is None
