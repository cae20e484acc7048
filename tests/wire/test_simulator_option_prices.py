"""Option prices of the simulated market, held to formulas written out here and to what no arbitrage allows."""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from tastytrade import Session
from tastytrade.dxfeed import Greeks
from tastytrade.instruments import NestedOptionChain, Strike
from tastytrade.market_data import MarketData, get_market_data, get_market_data_by_type
from tastytrade.order import InstrumentType
from tastytrade.utils import TastytradeError

from tests.wire.sdk import streaming
from tests.wire.test_simulator_rest import Standing, connected
from ttai.clock import NEW_YORK
from ttai.simulator import Simulator

RATE = 0.0375
MONTH = date(2026, 12, 18)


@pytest.fixture
def clock() -> Standing:
    return Standing(2026, 11, 20, 10, 31)


@pytest.fixture
def simulator(clock: Standing) -> Simulator:
    return Simulator(clock=clock)


@pytest.fixture
def session(simulator: Simulator) -> Session:
    return connected(simulator)


def black_scholes(sign: int, spot: float, strike: float, years: float, sigma: float, carry: float = 0.0) -> float:
    """A call (1) or a put (-1), from a book and not from ours."""
    d1 = (math.log(spot / strike) + (RATE - carry + sigma**2 / 2) * years) / (sigma * math.sqrt(years))
    d2 = d1 - sigma * math.sqrt(years)
    below_1, below_2 = ((1 + math.erf(sign * d / math.sqrt(2))) / 2 for d in (d1, d2))
    return sign * (spot * math.exp(-carry * years) * below_1 - strike * math.exp(-RATE * years) * below_2)


def years(clock: Standing, *until: int) -> float:
    return (datetime(*until, tzinfo=NEW_YORK) - clock.moment) / timedelta(days=365)  # type: ignore[misc,arg-type]


def last(simulator: Simulator, symbol: str) -> float:
    snapshot = simulator.world.snapshot(symbol)
    assert snapshot is not None
    return snapshot.last


async def listed(session: Session, underlying: str, day: date, root: str | None = None) -> list[Strike]:
    """The strikes of an expiration."""
    chain = next(c for c in await NestedOptionChain.get(session, underlying) if root in (None, c.root_symbol))
    return next(one.strikes for one in chain.expirations if one.expiration_date == day)


async def rows(session: Session, symbols: Sequence[str]) -> dict[str, MarketData]:
    """Their market data, a hundred at a time."""
    parts = [list(symbols[start : start + 100]) for start in range(0, len(symbols), 100)]
    return {row.symbol: row for part in parts for row in await get_market_data_by_type(session, options=part)}


async def greeks(session: Session, symbols: Sequence[str]) -> dict[str, Greeks]:
    """What the feed says of them first."""
    async with streaming(session) as stream:
        await stream.subscribe(Greeks, list(symbols))
        return {event.event_symbol: event for event in [await stream.get_event(Greeks) for _ in symbols]}


def mid(row: MarketData) -> float:
    assert row.bid is not None
    assert row.ask is not None
    return float(row.bid + row.ask) / 2


def near(strikes: list[Strike], spot: float, part: float) -> list[Strike]:
    return [strike for strike in strikes if abs(float(strike.strike_price) / spot - 1) < part]


@pytest.mark.parametrize(("symbol", "yearly"), [("AAPL", 4 * 0.26), ("SPX", 0.0), ("TLT", 12 * 0.325)])
async def test_quotes_stand_around_the_formula_at_the_volatility_of_the_feed(
    simulator: Simulator, session: Session, clock: Standing, symbol: str, yearly: float
) -> None:
    spot, root = last(simulator, symbol), "SPXW" if symbol == "SPX" else None
    strikes = near(await listed(session, symbol, MONTH, root), spot, 0.1)
    time, carry = years(clock, 2026, 12, 18, 16), yearly / spot
    quotes = await rows(session, [s.call for s in strikes] + [s.put for s in strikes])
    streamed = await greeks(
        session, [s.call_streamer_symbol for s in strikes] + [s.put_streamer_symbol for s in strikes]
    )
    for strike in strikes:
        k = float(strike.strike_price)
        for sign, occ, dx in (
            (1, strike.call, strike.call_streamer_symbol),
            (-1, strike.put, strike.put_streamer_symbol),
        ):
            row, told = quotes[occ], streamed[dx]
            assert row.bid is not None
            assert row.ask is not None
            expected = black_scholes(sign, spot, k, time, float(told.volatility), carry)
            expected = max(expected, 0 if symbol == "SPX" else sign * (spot - k))
            assert float(told.price) == pytest.approx(expected, abs=0.002)
            assert float(row.bid) <= expected <= float(row.ask)
            if row.bid:
                assert mid(row) == pytest.approx(expected, abs=0.051 if symbol == "SPX" else 0.026)


async def test_greeks_are_what_the_formula_changes_by(simulator: Simulator, session: Session, clock: Standing) -> None:
    spot, time = last(simulator, "SPX"), years(clock, 2026, 12, 18, 16)
    strikes = near(await listed(session, "SPX", MONTH, "SPXW"), spot, 0.04)[::7]
    symbols = {1: [s.call_streamer_symbol for s in strikes], -1: [s.put_streamer_symbol for s in strikes]}
    streamed = await greeks(session, symbols[1] + symbols[-1])
    for sign in (1, -1):
        for strike, symbol in zip(strikes, symbols[sign], strict=True):
            told, k = streamed[symbol], float(strike.strike_price)
            sigma = float(told.volatility)

            def value(
                spot: float = spot, time: float = time, sigma: float = sigma, sign: int = sign, k: float = k
            ) -> float:
                return black_scholes(sign, spot, k, time, sigma)

            assert float(told.delta) == pytest.approx((value(spot + 1) - value(spot - 1)) / 2, abs=1e-4)
            bent = value(spot + 5) - 2 * value() + value(spot - 5)
            assert float(told.gamma) == pytest.approx(bent / 25, rel=0.01)
            day = 1 / 365
            assert float(told.theta) == pytest.approx(
                (value(time=time - day / 2) - value(time=time + day / 2)), rel=0.01
            )
            assert float(told.vega) == pytest.approx(value(sigma=sigma + 0.005) - value(sigma=sigma - 0.005), rel=0.001)
            assert float(told.rho) * sign > 0


async def test_calls_and_puts_agree_on_the_forward(simulator: Simulator, session: Session, clock: Standing) -> None:
    spot, time = last(simulator, "SPX"), years(clock, 2026, 12, 18, 16)
    strikes = near(await listed(session, "SPX", MONTH, "SPXW"), spot, 0.05)
    quotes = await rows(session, [s.call for s in strikes] + [s.put for s in strikes])
    for strike in strikes:
        ahead = mid(quotes[strike.call]) - mid(quotes[strike.put])
        assert ahead == pytest.approx(spot - float(strike.strike_price) * math.exp(-RATE * time), abs=0.11)


@pytest.mark.parametrize(("symbol", "day"), [("SPX", MONTH), ("AAPL", date(2027, 1, 15)), ("SPY", date(2026, 11, 20))])
async def test_prices_allow_no_arbitrage_between_strikes(session: Session, symbol: str, day: date) -> None:
    strikes = await listed(session, symbol, day)
    told = await greeks(session, [s.call_streamer_symbol for s in strikes][:400])
    prices = [(float(s.strike_price), float(told[s.call_streamer_symbol].price)) for s in strikes]
    slopes = [(q - p) / (b - a) for (a, p), (b, q) in pairwise(prices)]
    assert all(-1 - 1e-5 <= slope <= 1e-5 for slope in slopes)
    assert all(later >= sooner - 2e-5 for sooner, later in pairwise(slopes))


async def test_the_surface_is_that_of_the_metrics(simulator: Simulator, session: Session) -> None:
    metrics = simulator._rest._metrics.row("AAPL")
    assert metrics is not None
    at_the_money = {
        one["expiration-date"]: float(one["implied-volatility"])
        for one in metrics["option-expiration-implied-volatilities"]
    }
    spot = last(simulator, "AAPL")
    for day in (date(2026, 12, 18), date(2027, 6, 17)):
        strikes = await listed(session, "AAPL", day)
        closest = min(strikes, key=lambda s: abs(float(s.strike_price) - spot))
        low, high = near(strikes, 0.85 * spot, 0.02)[0], near(strikes, 1.15 * spot, 0.02)[0]
        told = await greeks(session, [s.put_streamer_symbol for s in (low, closest, high)])
        skew = [float(told[s.put_streamer_symbol].volatility) for s in (low, closest, high)]
        assert skew[1] == pytest.approx(at_the_money[f"{day}"], rel=0.03)
        assert skew[0] > skew[2]


async def test_what_settles_with_the_close_has_hours_more(simulator: Simulator, session: Session) -> None:
    morning, afternoon = [await listed(session, "SPX", MONTH, root) for root in ("SPX", "SPXW")]
    spot = last(simulator, "SPX")
    pairs = [(a, b) for a, b in zip(morning, afternoon, strict=True) if abs(float(a.strike_price) / spot - 1) < 0.02]
    told = await greeks(session, [s.put_streamer_symbol for pair in pairs for s in pair])
    for first, second in pairs:
        early, late = told[first.put_streamer_symbol], told[second.put_streamer_symbol]
        assert late.price > early.price
        assert float(late.volatility) == pytest.approx(float(early.volatility), abs=0.002)


async def test_the_last_hour_is_priced_by_its_minutes(simulator: Simulator, session: Session, clock: Standing) -> None:
    clock.moment = datetime(2026, 11, 20, 15, tzinfo=NEW_YORK).astimezone(UTC)
    spot = last(simulator, "SPY")
    strikes = near(await listed(session, "SPY", date(2026, 11, 20)), spot, 0.004)
    told = await greeks(session, [s.call_streamer_symbol for s in strikes])
    for strike in strikes:
        event = told[strike.call_streamer_symbol]
        args = (spot, float(strike.strike_price), 60 / 525_600, float(event.volatility), 4 * 1.83 / spot)
        assert float(event.price) == pytest.approx(max(black_scholes(1, *args), spot - args[1]), abs=0.001)
    clock.moment += timedelta(minutes=60)
    assert await rows(session, [strikes[0].call, strikes[0].put]) == {}
    with pytest.raises(TastytradeError, match="not_found"):
        await get_market_data(session, strikes[0].call, InstrumentType.EQUITY_OPTION)


async def test_an_american_option_is_worth_exercising(simulator: Simulator, session: Session) -> None:
    strikes = await listed(session, "AAPL", date(2027, 11, 19))
    spot = last(simulator, "AAPL")
    deep = [s for s in strikes if float(s.strike_price) > 1.5 * spot]
    told = await greeks(session, [s.put_streamer_symbol for s in deep])
    assert deep
    for strike in deep:
        assert float(told[strike.put_streamer_symbol].price) >= float(strike.strike_price) - spot - 1e-5


async def test_quotes_are_on_ticks_and_wider_where_nobody_trades(simulator: Simulator, session: Session) -> None:
    relative = {}
    for symbol, ticks in (("SPY", (0.01, 0.05)), ("SPX", (0.05, 0.1)), ("KO", (0.01, 0.05)), ("XBI", (0.01, 0.05))):
        strikes = await listed(session, symbol, date(2027, 1, 15))
        quotes = (await rows(session, [s.call for s in strikes] + [s.put for s in strikes])).values()
        for row in quotes:
            for price in (row.bid, row.ask):
                assert price is not None
                tick = ticks[price >= 3]
                assert float(price) / tick == pytest.approx(round(float(price) / tick), abs=1e-6)
            assert (row.bid or 0) < (row.ask or 0)
            assert (row.bid == 0) == (row.bid_size == 0)
        spot = last(simulator, symbol)
        usual = [row for row in quotes if row.bid and row.ask and mid(row) > 0.005 * spot and mid(row) < 0.06 * spot]
        widths = sorted(float((row.ask or 0) - (row.bid or 0)) / mid(row) for row in usual)
        relative[symbol] = widths[len(widths) // 2]
    assert relative["SPY"] < relative["KO"] < 0.1
    assert 0.3 <= relative["XBI"] <= 0.6


async def test_an_illiquid_name_has_no_bids_and_hardly_any_interest(session: Session) -> None:
    strikes = await listed(session, "XBI", date(2027, 1, 15))
    quotes = await rows(session, [s.call for s in strikes] + [s.put for s in strikes])
    bids = [row.bid for row in quotes.values()]
    assert sum(bid == 0 for bid in bids) > len(bids) / 5
    busy = await listed(session, "SPY", date(2027, 1, 15))
    liquid = await rows(session, [s.call for s in busy] + [s.put for s in busy])
    held, much = (sum(row.open_interest or 0 for row in all_.values()) for all_ in (quotes, liquid))
    assert 0 < held * 20 < much
    raw = await session._get("/market-data/by-type", params={"equity-option": strikes[-1].call})
    assert raw["items"][0]["bid"] == "0.0"
    assert "last" not in raw["items"][0]  # never traded
    assert raw["items"][0]["instrument-type"] == "Equity Option"


async def test_interest_is_at_the_money_and_at_round_strikes(simulator: Simulator, session: Session) -> None:
    strikes, spot = await listed(session, "SPY", MONTH), last(simulator, "SPY")
    quotes = await rows(session, [s.call for s in strikes])
    held = {float(s.strike_price): float(quotes[s.call].open_interest or 0) for s in strikes}
    near_, far = ([n for k, n in held.items() if low <= k / spot < high] for low, high in ((1, 1.05), (1.15, 1.3)))
    assert sum(near_) / len(near_) > 10 * sum(far) / len(far)
    round_ = [n for k, n in held.items() if k % 10 == 0 and abs(k / spot - 1) < 0.05]
    odd = [n for k, n in held.items() if k % 5 and abs(k / spot - 1) < 0.05]
    assert sum(round_) / len(round_) > 2 * sum(odd) / len(odd)
    traded = [row for row in quotes.values() if row.volume and row.volume > 50]
    assert traded
    for row in traded:
        assert row.bid is not None
        assert row.ask is not None
        assert row.last is not None
        assert abs(float(row.last) - mid(row)) < 0.03 * spot


async def test_fear_is_priced_by_where_it_will_be(simulator: Simulator, session: Session, clock: Standing) -> None:
    simulator.set_price("VIX", 40)
    strikes = [s for s in await listed(session, "VIX", date(2027, 5, 18)) if 10 < s.strike_price < 30]
    quotes = await rows(session, [s.call for s in strikes] + [s.put for s in strikes])
    grown = math.exp(RATE * years(clock, 2027, 5, 18, 9, 30))
    forwards = [float(s.strike_price) + grown * (mid(quotes[s.call]) - mid(quotes[s.put])) for s in strikes]
    assert max(forwards) - min(forwards) < 0.25
    assert 17.3 < min(forwards) < 18.5  # nearly back to where it belongs


async def test_an_adjusted_contract_is_worth_its_cash_too(
    simulator: Simulator, session: Session, clock: Standing
) -> None:
    spot = last(simulator, "DIS")
    strikes = near(await listed(session, "DIS", MONTH, "DIS1"), spot, 0.05)
    told = await greeks(session, [s.call_streamer_symbol for s in strikes])
    for strike in strikes:
        event = told[strike.call_streamer_symbol]
        args = float(strike.strike_price), years(clock, 2026, 12, 18, 16), float(event.volatility), 1 / spot
        assert float(event.price) == pytest.approx(black_scholes(1, spot + 3.25, *args), abs=0.002)


async def test_the_same_for_everybody_who_asks(clock: Standing) -> None:
    symbols = [f"AAPL  261218{kind}00{strike}000" for kind in "CP" for strike in (250, 270, 290)]
    often, once = connected(Simulator(clock=clock)), connected(Simulator(clock=clock))
    for _ in range(5):
        seen = await rows(often, symbols)
        clock.moment += timedelta(seconds=0.3)
    clock.moment -= timedelta(seconds=0.3)
    assert len(seen) == 6
    assert seen == await rows(once, symbols)
    assert seen != await rows(connected(Simulator(clock=clock, seed=8)), symbols)


async def test_a_price_that_is_set_moves_the_options_at_once(simulator: Simulator, session: Session) -> None:
    symbol = "AAPL  261218C00270000"
    before = await get_market_data(session, symbol, InstrumentType.EQUITY_OPTION)
    for price, least, most in ((400, 125, 140), (100, 0, 0.1)):
        simulator.set_price("AAPL", price)
        after = await get_market_data(session, symbol, InstrumentType.EQUITY_OPTION)
        assert least <= mid(after) <= most
        assert after.prev_close == before.prev_close
        assert after.open_interest == before.open_interest


async def test_on_a_weekend_the_quotes_are_those_of_fridays_close() -> None:
    clock = Standing(2026, 11, 21, 12)
    session = connected(Simulator(clock=clock, sessions="real"))
    symbol = "SPY   261218P00650000"
    saturday = await get_market_data(session, symbol, InstrumentType.EQUITY_OPTION)
    clock.moment += timedelta(hours=20)
    sunday = await get_market_data(session, symbol, InstrumentType.EQUITY_OPTION)
    assert sunday == saturday
    assert saturday.updated_at == datetime(2026, 11, 20, 16, tzinfo=NEW_YORK)
    assert (saturday.summary_date, saturday.prev_close_date) == (date(2026, 11, 20), date(2026, 11, 19))
