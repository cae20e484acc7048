"""Option chains of the simulated broker, read by the broker's own SDK and held to numbers of their own."""

import asyncio
import math
from datetime import date
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from tastytrade import Session
from tastytrade.dxfeed import Greeks, Quote, Summary
from tastytrade.instruments import NestedOptionChain, NestedOptionChainExpiration, Option
from tastytrade.market_data import MarketData, get_market_data_by_type
from tastytrade.metrics import get_market_metrics, get_risk_free_rate
from tastytrade.utils import TastytradeError

from tests.wire.sdk import streaming
from tests.wire.test_simulator_rest import Standing, connected
from ttai.simulator import Simulator

RATE = 0.0375
MONTHLY = date(2026, 12, 18)


@pytest.fixture
def simulator() -> Simulator:
    return Simulator(clock=Standing(2026, 11, 20, 10, 31))


@pytest.fixture
def session(simulator: Simulator) -> Session:
    return connected(simulator)


async def on(session: Session, symbol: str, day: date, root: str | None = None) -> NestedOptionChainExpiration:
    chains = await NestedOptionChain.get(session, symbol)
    chain = next(one for one in chains if one.root_symbol == (root or symbol))
    return next(one for one in chain.expirations if one.expiration_date == day)


async def quoted(session: Session, symbols: list[str]) -> dict[str, MarketData]:
    rows = []
    for start in range(0, len(symbols), 100):
        rows += await get_market_data_by_type(session, options=symbols[start : start + 100])
    return {row.symbol: row for row in rows}


async def columns(session: Session, expiration: NestedOptionChainExpiration) -> tuple[np.ndarray, np.ndarray]:
    """The strikes, and bids and asks of calls and puts: shape (2 sides, 2 types, strikes)."""
    names = [[strike.call for strike in expiration.strikes], [strike.put for strike in expiration.strikes]]
    rows = await quoted(session, [*names[0], *names[1]])
    prices = [[[float(getattr(rows[name], side) or 0) for name in kind] for kind in names] for side in ("bid", "ask")]
    return np.array([float(strike.strike_price) for strike in expiration.strikes]), np.array(prices)


async def test_every_underlying_has_a_chain_the_sdk_can_read(simulator: Simulator, session: Session) -> None:
    for symbol in simulator.world.instruments:
        chains = await NestedOptionChain.get(session, symbol)
        for chain in chains:
            days = [one.expiration_date for one in chain.expirations]
            assert days == sorted(set(days))
            assert min(days) >= date(2026, 11, 20)
            for one in chain.expirations:
                strikes = [strike.strike_price for strike in one.strikes]
                assert strikes == sorted(set(strikes))
                assert len(strikes) >= 5


async def test_the_symbols_are_those_of_the_occ_and_of_the_feed(session: Session) -> None:
    one = await on(session, "AMD", MONTHLY)
    strike = next(strike for strike in one.strikes if strike.strike_price == Decimal("227.5"))
    assert (strike.call, strike.put) == ("AMD   261218C00227500", "AMD   261218P00227500")
    assert (strike.call_streamer_symbol, strike.put_streamer_symbol) == (".AMD261218C227.5", ".AMD261218P227.5")
    berkshire = await on(session, "BRK/B", MONTHLY, "BRKB")
    assert berkshire.strikes[0].call.startswith("BRKB  261218C")
    contract = await Option.get(session, strike.call)
    assert (contract.underlying_symbol, float(contract.strike_price)) == ("AMD", 227.5)
    assert contract.exercise_style == "American"


async def test_an_index_settles_in_the_morning_and_in_the_afternoon_of_one_date(session: Session) -> None:
    morning, afternoon = await on(session, "SPX", MONTHLY), await on(session, "SPX", MONTHLY, "SPXW")
    assert (morning.settlement_type, morning.expiration_type) == ("AM", "Regular")
    assert (afternoon.settlement_type, afternoon.expiration_type) == ("PM", "Weekly")
    assert 250 <= len(morning.strikes) <= 500
    wednesday = (await NestedOptionChain.get(session, "VIX"))[0].expirations[0]
    assert (wednesday.expiration_date, wednesday.settlement_type) == (date(2026, 12, 16), "AM")


async def test_what_expires_today_has_hours_left_until_it_is_settled(simulator: Simulator, session: Session) -> None:
    today = date(2026, 11, 20)
    chains = {chain.root_symbol: chain for chain in await NestedOptionChain.get(session, "SPX")}
    assert chains["SPXW"].expirations[0].expiration_date == today
    assert chains["SPX"].expirations[0].expiration_date == MONTHLY  # this morning's are settled
    assert (await on(session, "SPY", today)).days_to_expiration == 0
    late = connected(Simulator(clock=Standing(2026, 11, 20, 16, 1)))
    assert (await NestedOptionChain.get(late, "SPY"))[0].expirations[0].expiration_date == date(2026, 11, 23)
    settled = (await on(session, "SPY", today)).strikes[0].call
    assert await quoted(late, [settled]) == {}


async def test_there_are_weeks_quarters_days_and_years(session: Session) -> None:
    chain = (await NestedOptionChain.get(session, "SPY"))[0]
    kinds = {one.expiration_date: one.expiration_type for one in chain.expirations}
    assert kinds[date(2026, 11, 24)] == "Weekly"  # a Tuesday
    assert kinds[MONTHLY] == "Regular"
    assert kinds[date(2026, 12, 31)] == "Quarterly"
    assert kinds[date(2029, 1, 19)] == "Regular"
    assert date(2026, 11, 26) not in kinds  # Thanksgiving


async def test_the_metrics_know_the_same_expirations(session: Session) -> None:
    for symbol in ("SPY", "SPX", "AMD", "VIX"):
        (row,) = await get_market_metrics(session, [symbol])
        known = {(one.expiration_date, one.settlement_type) for one in row.option_expiration_implied_volatilities or []}
        chains = await NestedOptionChain.get(session, symbol)
        listed = {(one.expiration_date, one.settlement_type) for chain in chains for one in chain.expirations}
        assert listed <= known
        assert known - listed <= {(date(2026, 11, 20), "AM")}


async def test_an_adjusted_root_says_what_it_delivers(session: Session) -> None:
    chain = next(one for one in await NestedOptionChain.get(session, "DIS") if one.root_symbol == "DIS1")
    assert chain.option_chain_type == "Non-standard"
    delivered = [(one.deliverable_type, int(one.amount)) for one in chain.deliverables or []]
    assert delivered == [("Shares", 100), ("Cash", 1450)]
    assert len(chain.expirations) == 2


async def test_call_less_put_is_the_forward_less_the_strike(session: Session) -> None:
    """Of European options to the tick: SPX at 6,732.18, 28 days and 5.5 hours."""
    strikes, prices = await columns(session, await on(session, "SPX", MONTHLY, "SPXW"))
    call, put = prices.mean(axis=0)
    years = (28 + 5.4833 / 24) / 365
    parity = 6732.18 * math.exp(-0.011 * years) - strikes * math.exp(-RATE * years)
    assert abs(call - put - parity).max() <= 0.11  # half a tick of each


async def test_prices_fall_with_the_strike_and_are_convex(session: Session) -> None:
    strikes, prices = await columns(session, await on(session, "SPX", MONTHLY, "SPXW"))
    bid, ask = prices
    assert (bid <= ask).all()
    call, put = prices.mean(axis=0)
    assert (np.diff(call) <= 0.051).all()
    assert (np.diff(put) >= -0.051).all()
    slopes = np.diff(call) / np.diff(strikes)
    assert (np.diff(slopes) > -0.2 / np.diff(strikes)[1:]).all()  # half a tick of each of four


async def test_no_stock_option_is_worth_less_than_its_exercise(simulator: Simulator, session: Session) -> None:
    strikes, prices = await columns(session, await on(session, "F", date(2027, 11, 19)))
    last = simulator.world.snapshot("F")
    assert last is not None
    call, put = prices.mean(axis=0)
    assert (call >= last.last - strikes - 0.03).all()
    assert (put >= strikes - last.last - 0.03).all()


async def test_a_wide_illiquid_name_is_quoted_so(session: Session) -> None:
    _, prices = await columns(session, await on(session, "XBI", MONTHLY))
    bid, ask = prices
    spread = (ask - bid)[bid > 1] / prices.mean(axis=0)[bid > 1]
    assert 0.3 <= spread.mean() <= 0.6
    assert (bid == 0).sum() >= 5
    rows = await quoted(session, [strike.call for strike in (await on(session, "XBI", MONTHLY)).strikes])
    assert any(row.last is None for row in rows.values())
    assert all((row.open_interest or 0) < 50 for row in rows.values())


async def test_the_feed_has_the_greeks_of_what_is_quoted(simulator: Simulator, session: Session) -> None:
    """A call of SPX at the money: Black and Scholes by the error function, its delta by a move of the index."""
    names = [".SPXW261218C6730", ".SPXW261218P6730", ".NOPE261218C100"]
    async with streaming(session) as stream:
        await stream.subscribe(Greeks, names)
        await stream.subscribe(Quote, names)
        await stream.subscribe(Summary, names)
        async with asyncio.timeout(5):
            greeks = {one.event_symbol: one for one in [await stream.get_event(Greeks) for _ in range(2)]}
            quotes = {one.event_symbol: one for one in [await stream.get_event(Quote) for _ in range(2)]}
            interest = [(await stream.get_event(Summary)).open_interest for _ in range(2)]
    assert all(count and count > 0 for count in interest)
    call, put = (greeks[name] for name in names[:2])
    assert call.volatility == put.volatility
    years, sigma, spot, strike = (28 + 5.4833 / 24) / 365, float(call.volatility), 6732.18, 6730.0
    d1 = (math.log(spot / strike) + (RATE - 0.011 + sigma**2 / 2) * years) / (sigma * math.sqrt(years))

    def normal(x: float) -> float:
        return (1 + math.erf(x / math.sqrt(2))) / 2

    share, discount = math.exp(-0.011 * years), math.exp(-RATE * years)
    worth = spot * share * normal(d1) - strike * discount * normal(d1 - sigma * math.sqrt(years))
    assert float(call.price) == pytest.approx(worth, abs=0.01)
    assert float(call.delta) == pytest.approx(share * normal(d1), abs=1e-5)
    assert float(call.delta - put.delta) == pytest.approx(share, abs=1e-5)
    assert float(call.vega) == pytest.approx(
        spot * share * math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi) * math.sqrt(years) / 100, abs=1e-4
    )
    quote = quotes[names[0]]
    assert float(quote.bid_price + quote.ask_price) / 2 == pytest.approx(worth, abs=0.06)


async def test_a_price_that_is_set_moves_the_options_and_not_the_strikes(
    simulator: Simulator, session: Session
) -> None:
    one = await on(session, "AMD", MONTHLY)
    middle = min(one.strikes, key=lambda strike: abs(float(strike.strike_price) - 245))
    before = await quoted(session, [middle.call, middle.put])
    simulator.set_price("AMD", 300)
    after = await quoted(session, [middle.call, middle.put])
    assert float(after[middle.call].mark or 0) - float(before[middle.call].mark or 0) > 30
    assert float(after[middle.put].mark or 0) < float(before[middle.put].mark or 0)
    assert (await on(session, "AMD", MONTHLY)).strikes == one.strikes


async def test_it_is_the_same_for_who_asks_again_and_for_the_same_seed(session: Session) -> None:
    names = [strike.put for strike in (await on(session, "TSLA", MONTHLY)).strikes]
    again = connected(Simulator(clock=Standing(2026, 11, 20, 10, 31)))
    assert await quoted(session, names) == await quoted(session, names) == await quoted(again, names)


async def test_what_is_not_listed_is_unknown(session: Session) -> None:
    listed = "AMD   261218C00227500"
    unknown = ["AMD   261219C00227500", "AMD   261218C00227510", "NOPE  261218C00227500", "AMD"]
    assert list(await quoted(session, [listed, *unknown])) == [listed]
    with pytest.raises(TastytradeError, match="not_found"):
        await Option.get(session, unknown[0])
    with pytest.raises(TastytradeError, match="not_found"):
        await NestedOptionChain.get(session, "NOPE")


async def test_the_rate_is_told_to_anybody(session: Session) -> None:
    assert await get_risk_free_rate(session) == Decimal("0.0375")


async def test_the_strikes_of_a_chain_are_the_closer_the_nearer_the_money(session: Session) -> None:
    one = await on(session, "SPY", MONTHLY)
    steps = [b.strike_price - a.strike_price for a, b in pairwise(one.strikes)]
    assert [int(step) for step in (min(steps), steps[len(steps) // 2], steps[0])] == [1, 1, 5]
