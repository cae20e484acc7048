"""Metrics and watchlists of the simulated broker, read by the broker's own SDK and held to its market."""

import math
from datetime import date, timedelta
from itertools import pairwise
from statistics import stdev

import pytest
from tastytrade import Session
from tastytrade.metrics import MarketMetricInfo, get_dividends, get_earnings, get_market_metrics
from tastytrade.order import InstrumentType
from tastytrade.utils import TastytradeError
from tastytrade.watchlists import PrivateWatchlist, PublicWatchlist

from tests.wire.test_simulator_rest import Standing, connected
from ttai.simulator import Simulator
from ttai.simulator.days import is_session, session_before
from ttai.simulator.metrics import ex_dates, implied, reports, term_structure

TODAY = date(2026, 11, 20)


@pytest.fixture
def simulator() -> Simulator:
    return Simulator(clock=Standing(2026, 11, 20, 10, 31))


@pytest.fixture
def session(simulator: Simulator) -> Session:
    return connected(simulator)


async def measured(session: Session, *symbols: str) -> dict[str, MarketMetricInfo]:
    return {row.symbol: row for row in await get_market_metrics(session, symbols)}


async def test_every_instrument_has_metrics_the_sdk_can_read(simulator: Simulator, session: Session) -> None:
    known = list(simulator.world.instruments)
    for start in range(0, len(known), 100):
        part = known[start : start + 100]
        assert list(await measured(session, *part)) == part


async def test_unknown_symbols_are_left_out_and_more_than_a_hundred_refused(session: Session) -> None:
    assert list(await measured(session, "BRK/B", "NOPE")) == ["BRK/B"]
    with pytest.raises(TastytradeError, match="validation_error"):
        await measured(session, *map(str, range(101)))


async def test_realised_volatility_is_that_of_the_history(simulator: Simulator, session: Session) -> None:
    row = (await measured(session, "AAPL"))["AAPL"]
    closes = [bar.close for bar in simulator.world.history("AAPL")]
    for days, said in ((30, row.historical_volatility_30_day), (90, row.historical_volatility_90_day)):
        moves = [math.log(b / a) for a, b in pairwise(closes[-days - 1 :])]
        assert float(said or 0) == pytest.approx(stdev(moves) * math.sqrt(252) * 100, abs=0.006)


async def test_ranks_are_the_years_and_percent_is_percent(simulator: Simulator, session: Session) -> None:
    instrument = simulator.world.instruments["TSLA"]
    row = (await measured(session, "TSLA"))["TSLA"]
    year = [implied(instrument, TODAY)]
    day = TODAY
    while len(year) < 252:
        day = session_before(day)
        year.append(implied(instrument, day))
    rank = (year[0] - min(year)) / (max(year) - min(year))
    assert float(row.implied_volatility_index or 0) == pytest.approx(year[0])
    assert float(row.implied_volatility_index_rank or 0) == pytest.approx(rank)
    assert float(row.implied_volatility_index_5_day_change or 0) == pytest.approx(year[0] - year[5])
    below = sum(one < year[0] for one in year[1:]) / 251
    assert float(row.implied_volatility_percentile or 0) == pytest.approx(below)
    assert 10 < float(row.implied_volatility_30_day or 0) < 200
    assert float(row.iv_hv_30_day_difference or 0) == pytest.approx(
        float(row.implied_volatility_30_day or 0) - float(row.historical_volatility_30_day or 0), abs=0.011
    )


@pytest.mark.parametrize(("fund", "index"), [("SPY", "SPX"), ("QQQ", "NDX"), ("IWM", "RUT")])
async def test_an_index_has_the_metrics_of_the_fund_that_moves_with_it(session: Session, fund: str, index: str) -> None:
    rows = await measured(session, fund, index)
    same = ("implied_volatility_index", "implied_volatility_index_rank", "implied_volatility_percentile", "beta",
            "implied_volatility_30_day", "historical_volatility_30_day", "corr_spy_3month")  # fmt: skip
    mine, its = ([float(getattr(rows[symbol], name)) for name in same] for symbol in (fund, index))
    assert mine == pytest.approx(its, rel=0.001)  # its prices are in other cents
    if fund == "SPY":
        assert rows[index].beta == rows[index].corr_spy_3month == 1


async def test_market_caps_are_of_as_many_shares_as_there_are(simulator: Simulator, session: Session) -> None:
    companies = [one.symbol for one in simulator.world.instruments.values() if one.kind == "Equity"]
    rows = await measured(session, *companies)
    for symbol, billions in (("NVDA", 4500), ("TSLA", 1360), ("AAPL", 3970), ("F", 52)):
        assert float(rows[symbol].market_cap) / 1e9 == pytest.approx(billions, rel=0.1)
    assert all(10e9 < float(row.market_cap) < 6e12 for row in rows.values())


async def test_funds_and_indices_report_nothing(session: Session) -> None:
    rows = await measured(session, "SPY", "GLD", "SPX", "AAPL")
    assert rows["SPY"].earnings is rows["SPX"].earnings is None
    assert rows["GLD"].dividend_ex_date is rows["SPX"].dividend_ex_date is None
    assert rows["SPY"].dividend_ex_date is not None
    assert rows["AAPL"].earnings is not None
    assert rows["AAPL"].earnings.time_of_day in {"BTO", "AMC"}
    settled = {one.settlement_type for one in rows["SPX"].option_expiration_implied_volatilities or []}
    assert settled == {"AM", "PM"}


def test_volatility_is_raised_over_a_report(simulator: Simulator) -> None:
    apple = simulator.world.instruments["AAPL"]
    report = next(one for one in reports(apple, TODAY) if one.day >= TODAY)
    curve = term_structure(apple, TODAY)
    before = max(day for day in curve if day < report.day)
    after = min(day for day in curve if day > report.day)
    assert curve[after] > curve[before] * 1.05


def _within(days: list[date], span: tuple[date, date]) -> list[date]:
    return [day for day in days if span[0] <= day <= span[1]]


@pytest.mark.parametrize("moved", [0, 1, 45, 400])
def test_the_calendar_of_a_company_does_not_hang_on_who_asks_when(simulator: Simulator, moved: int) -> None:
    apple = simulator.world.instruments["AAPL"]
    later = TODAY + timedelta(days=moved)
    span = (later - timedelta(days=500), TODAY + timedelta(days=200))
    for at in (TODAY, later):
        reported = [one.day for one in reports(apple, at)]
        assert _within(ex_dates(apple, at), span) == _within(ex_dates(apple, TODAY), span)
        assert _within(reported, span) == _within([one.day for one in reports(apple, TODAY)], span)
        assert len(_within(reported, span)) >= 2
    assert all(is_session(day) for day in ex_dates(apple, TODAY))


async def test_past_dividends_and_earnings(session: Session) -> None:
    dividends = await get_dividends(session, "AAPL")
    assert dividends == sorted(dividends, key=lambda one: one.occurred_date, reverse=True)
    assert {float(one.amount) for one in dividends} == {0.26}
    assert dividends[0].occurred_date <= TODAY
    earnings = await get_earnings(session, "BRK/B", date(2026, 1, 1))
    assert [one.occurred_date.year for one in earnings] == [2026] * len(earnings)
    assert 2 <= len(earnings) <= 4
    assert await get_dividends(session, "GLD") == []
    with pytest.raises(TastytradeError, match="not_found"):
        await get_dividends(session, "NOPE")


async def test_public_watchlists(session: Session) -> None:
    lists = await PublicWatchlist.get(session)
    assert all(one.watchlist_entries for one in lists)
    assert (await PublicWatchlist.get(session, lists[0].name)) == lists[0]
    counted = await PublicWatchlist.get(session, counts_only=True)
    assert [one.name for one in counted] == [one.name for one in lists]
    assert {one.watchlist_entries for one in counted} == {None}


async def test_a_private_watchlist_is_made_changed_and_removed(session: Session) -> None:
    before = await PrivateWatchlist.get(session)
    mine = PrivateWatchlist(name="Mine", watchlist_entries=[])
    mine.add_symbol("SPY", InstrumentType.EQUITY)
    await mine.upload(session)
    with pytest.raises(TastytradeError, match="exists already"):
        await mine.upload(session)
    mine.add_symbol("QQQ", InstrumentType.EQUITY)
    await mine.update(session)
    there = await PrivateWatchlist.get(session, "Mine")
    assert [entry["symbol"] for entry in there.watchlist_entries or []] == ["SPY", "QQQ"]
    await PrivateWatchlist.remove(session, "Mine")
    assert await PrivateWatchlist.get(session) == before
    with pytest.raises(TastytradeError, match="not_found"):
        await mine.update(session)


@pytest.mark.parametrize(
    "body", [{}, {"name": "x"}, {"name": " ", "watchlist-entries": []}, [], {"name": "x", "watchlist-entries": [1]}]
)
async def test_what_is_no_watchlist_is_refused(session: Session, body: object) -> None:
    with pytest.raises(TastytradeError, match="validation_error"):
        await session._post("/watchlists", json=body)
