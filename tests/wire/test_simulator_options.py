"""Option chains of the simulated broker, read by the broker's own SDK."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import httpx2
import pytest
from tastytrade import Session
from tastytrade.instruments import NestedOptionChain, Option, get_option_chain
from tastytrade.metrics import get_market_metrics, get_risk_free_rate
from tastytrade.utils import TastytradeError

from tests.wire.test_simulator_rest import Standing, connected
from ttai.clock import NEW_YORK
from ttai.simulator import Simulator
from ttai.simulator.days import is_session
from ttai.simulator.expirations import expirations, is_monthly
from ttai.simulator.strikes import ladder

FRIDAY = date(2026, 11, 20)  # the third of its month


@pytest.fixture
def clock() -> Standing:
    return Standing(2026, 11, 20, 10, 31)


@pytest.fixture
def simulator(clock: Standing) -> Simulator:
    return Simulator(clock=clock)


@pytest.fixture
def session(simulator: Simulator) -> Session:
    return connected(simulator)


async def chains(session: Session, symbol: str) -> dict[str, NestedOptionChain]:
    return {chain.root_symbol: chain for chain in await NestedOptionChain.get(session, symbol)}


def dates(chain: NestedOptionChain) -> list[date]:
    return [one.expiration_date for one in chain.expirations]


def strikes(chain: NestedOptionChain, day: date) -> list[Decimal]:
    (found,) = [one for one in chain.expirations if one.expiration_date == day]
    return [strike.strike_price for strike in found.strikes]


async def test_everything_traded_has_options_in_the_brokers_symbols(simulator: Simulator, session: Session) -> None:
    for symbol in simulator.world.instruments:
        for chain in await NestedOptionChain.get(session, symbol):
            assert chain.underlying_symbol == symbol
            assert len(chain.expirations) >= 3
            assert dates(chain) == sorted(set(dates(chain)))
            for one in chain.expirations:
                assert is_session(one.expiration_date)
                assert one.days_to_expiration == (one.expiration_date - FRIDAY).days
                assert [s.strike_price for s in one.strikes] == sorted({s.strike_price for s in one.strikes})
                for strike in (one.strikes[0], one.strikes[-1]):
                    assert Option.occ_to_streamer_symbol(strike.call) == strike.call_streamer_symbol
                    assert Option.occ_to_streamer_symbol(strike.put) == strike.put_streamer_symbol


async def test_an_index_has_two_roots_on_one_date(session: Session) -> None:
    roots = await chains(session, "SPX")
    assert roots.keys() == {"SPX", "SPXW"}
    morning, afternoon = (
        {one.expiration_date: one.settlement_type for one in roots[root].expirations} for root in ("SPX", "SPXW")
    )
    assert set(morning.values()) == {"AM"}
    assert set(afternoon.values()) == {"PM"}
    assert all(is_monthly(day) for day in morning)
    assert date(2026, 12, 18) in morning
    assert morning.keys() < afternoon.keys() | {FRIDAY}
    assert (await chains(session, "NDX")).keys() == {"NDX", "NDXP"}
    assert (await chains(session, "RUT")).keys() == {"RUT", "RUTW"}


@pytest.mark.parametrize(("hour", "roots"), [(9, {"SPX", "SPXW"}), (10, {"SPXW"}), (15, {"SPXW"}), (16, set())])
async def test_what_has_settled_is_gone(session: Session, clock: Standing, hour: int, roots: set[str]) -> None:
    clock.moment = datetime(2026, 11, 20, hour, tzinfo=NEW_YORK)
    listed = await chains(session, "SPX")
    assert {root for root, chain in listed.items() if FRIDAY in dates(chain)} == roots


async def test_a_half_day_settles_early(session: Session, clock: Standing) -> None:
    clock.moment = datetime(2026, 11, 27, 12, 59, tzinfo=NEW_YORK)
    assert dates((await chains(session, "SPY"))["SPY"])[0] == date(2026, 11, 27)
    clock.moment += timedelta(minutes=1)
    assert dates((await chains(session, "SPY"))["SPY"])[0] == date(2026, 11, 30)


@pytest.mark.parametrize("symbol", ["SPY", "SPX", "AAPL", "VIX", "BRK/B"])
async def test_the_metrics_tell_the_expirations_of_the_chain(session: Session, symbol: str, clock: Standing) -> None:
    for hour in (9, 12, 17):
        clock.moment = datetime(2026, 11, 20, hour, tzinfo=NEW_YORK)
        (row,) = await get_market_metrics(session, [symbol])
        told = {(e.expiration_date, e.settlement_type) for e in row.option_expiration_implied_volatilities or []}
        chain = await NestedOptionChain.get(session, symbol)
        assert told == {(e.expiration_date, e.settlement_type) for root in chain for e in root.expirations}


async def test_dailies_weeklies_quarters_and_januaries(session: Session) -> None:
    spy, apple = (await chains(session, "SPY"))["SPY"], (await chains(session, "AAPL"))["AAPL"]
    kinds = {one.expiration_date: one.expiration_type for one in spy.expirations}
    assert [day for day in kinds if day < date(2026, 12, 5)] == [
        date(2026, 11, day) for day in (20, 23, 24, 25, 27, 30)
    ] + [date(2026, 12, day) for day in (1, 2, 3, 4)]
    assert [day for day in kinds if kinds[day] == "Quarterly"] == [
        date(2026, 12, 31),
        date(2027, 3, 31),
        date(2027, 6, 30),
        date(2027, 9, 30),
    ]
    assert kinds[FRIDAY] == kinds[date(2027, 6, 17)] == "Regular"  # Juneteenth is kept on the third Friday
    assert date(2027, 3, 31) not in dates(apple)
    assert dates(apple)[-2:] == dates(spy)[-2:] == [date(2028, 1, 21), date(2029, 1, 19)]
    assert dates(apple)[:4] == [date(2026, 11, 20), date(2026, 11, 27), date(2026, 12, 4), date(2026, 12, 11)]


def test_volatility_expires_thirty_days_before_the_next_months_options(simulator: Simulator) -> None:
    vix = simulator.world.instruments["VIX"]
    listed = expirations(vix, date(2027, 1, 4))
    # Juneteenth moves the Friday after the one of May
    assert [one.day for one in listed][:6] == [
        date(2027, 1, 20), date(2027, 2, 17), date(2027, 3, 17), date(2027, 4, 21), date(2027, 5, 18), date(2027, 6, 16)
    ]  # fmt: skip
    assert len(listed) == 12
    assert {one.settlement for one in listed} == {"AM"}


@pytest.mark.parametrize("symbol", ["SPY", "SPX", "F", "VIX"])
def test_on_any_day_expirations_are_sessions_ahead(simulator: Simulator, symbol: str) -> None:
    for day in (FRIDAY + timedelta(days=n) for n in range(0, 400, 3)):
        listed = expirations(simulator.world.instruments[symbol], day)
        assert all(one.day >= day and is_session(one.day) for one in listed)
        assert [one[:2] for one in listed] == sorted({one[:2] for one in listed})
        assert len({(one.day.year, one.day.month) for one in listed if one.kind == "Regular"}) >= 12


async def test_strikes_are_fine_near_the_money(simulator: Simulator, session: Session) -> None:
    snapshot = simulator.world.snapshot("SPX")
    assert snapshot is not None
    spx = strikes((await chains(session, "SPX"))["SPX"], date(2026, 12, 18))
    assert 250 <= len(spx) <= 400
    gaps = {b - a for a, b in pairwise(spx) if abs(float(a) / snapshot.last - 1) < 0.05}
    assert gaps == {5}
    assert spx[1] - spx[0] == spx[-1] - spx[-2] == 50
    assert spx[0] < 0.8 * snapshot.last < 1.2 * snapshot.last < spx[-1]
    apple = strikes((await chains(session, "AAPL"))["AAPL"], date(2026, 12, 18))
    assert 40 <= len(apple) <= 80
    assert Decimal("272.5") in apple


def test_a_ladder_grows_with_time(simulator: Simulator) -> None:
    for instrument in simulator.world.instruments.values():
        spans = [ladder(instrument, instrument.anchor, days) for days in (0, 30, 365, 800)]
        for strikes_ in spans:
            assert 5 <= len(strikes_) <= 400
            assert 0 < strikes_[0] < instrument.anchor < strikes_[-1]
        widths = [one[-1] - one[0] for one in spans]
        assert all(later > 0.9 * sooner for sooner, later in pairwise(widths))


async def test_strikes_stay_all_day_and_are_the_seeds(simulator: Simulator, clock: Standing) -> None:
    before = await NestedOptionChain.get(connected(simulator), "TSLA")
    simulator.set_price("TSLA", 900)
    clock.moment += timedelta(hours=4)
    assert await NestedOptionChain.get(connected(simulator), "TSLA") == before
    assert await NestedOptionChain.get(connected(Simulator(clock=clock)), "TSLA") == before
    assert await NestedOptionChain.get(connected(Simulator(clock=clock, seed=8)), "TSLA") != before
    clock.moment += timedelta(days=3)
    later = await NestedOptionChain.get(connected(simulator), "TSLA")
    assert later[0].expirations[3].strikes[-1].strike_price > 900


async def test_an_adjusted_root_delivers_more_than_shares(session: Session) -> None:
    roots = await chains(session, "DIS")
    usual, adjusted = roots["DIS"], roots["DIS1"]
    assert (usual.option_chain_type, adjusted.option_chain_type) == ("Standard", "Non-standard")
    assert [d.deliverable_type for d in usual.deliverables or []] == ["Shares"]
    assert {d.deliverable_type: int(d.amount) for d in adjusted.deliverables or []} == {"Shares": 100, "Cash": 325}
    assert len(adjusted.expirations) == 3 < len(usual.expirations)
    assert set(dates(adjusted)) < set(dates(usual))
    strike = adjusted.expirations[0].strikes[0]
    assert strike.call.startswith("DIS1  261120C")
    assert strike.call_streamer_symbol.startswith(".DIS1261120C")


async def test_a_slash_is_not_in_a_root(session: Session) -> None:
    (chain,) = await NestedOptionChain.get(session, "BRK/B")
    assert (chain.underlying_symbol, chain.root_symbol) == ("BRK/B", "BRKB")
    assert chain.expirations[0].strikes[0].call.startswith("BRKB  261120C")


async def test_one_contract(session: Session) -> None:
    spx = (await chains(session, "SPX"))["SPX"]
    symbol = spx.expirations[0].strikes[10].put
    option = await Option.get(session, symbol)
    assert (option.symbol, option.root_symbol, option.underlying_symbol) == (symbol, "SPX", "SPX")
    assert (option.exercise_style, option.settlement_type, option.option_type.value) == ("European", "AM", "P")
    assert option.strike_price == spx.expirations[0].strikes[10].strike_price
    assert option.streamer_symbol == spx.expirations[0].strikes[10].put_streamer_symbol
    assert option.stops_trading_at == datetime(2026, 12, 17, 16, tzinfo=NEW_YORK)
    assert option.expires_at == datetime(2026, 12, 18, 9, 30, tzinfo=NEW_YORK)
    apple = await Option.get(session, "AAPL  261218C00270000")
    assert (apple.exercise_style, apple.shares_per_contract) == ("American", 100)
    assert apple.stops_trading_at == datetime(2026, 12, 18, 16, tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    "symbol",
    [
        "AAPL  261218C00271000",  # not a strike
        "AAPL  261217C00270000",  # not an expiration
        "AAPL  261113C00270000",  # over
        "NOPE  261218C00270000",
        "AAPL261218C00270000",  # not padded
        "AAPL",
    ],
)
async def test_what_is_not_listed_is_not_found(session: Session, symbol: str) -> None:
    with pytest.raises(TastytradeError, match="not_found"):
        await Option.get(session, symbol)


async def test_unknown_underlyings_have_no_chain(session: Session) -> None:
    with pytest.raises(TastytradeError, match="not_found"):
        await NestedOptionChain.get(session, "NOPE")
    with pytest.raises(TastytradeError, match="not_found"):
        await get_option_chain(session, "SPY")  # the flat form isn't offered


async def test_the_risk_free_rate_needs_no_login(simulator: Simulator, session: Session) -> None:
    assert await get_risk_free_rate(session) == Decimal("0.0375")
    assert simulator.requests == {"/margin-requirements-public-configuration": 1}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(simulator.app), base_url="http://simulator") as bare:
        answer = await bare.get(
            "/margin-requirements-public-configuration",
            headers={"User-Agent": "x/1", "Authorization": "Bearer whatever"},
        )
    assert answer.json()["data"] == {"risk-free-rate": "0.0375"}
