"""Bars of every length, and what they must agree with."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.wire.candles import (
    FRIDAY,
    INTERVALS,
    INTRADAY,
    at,
    forget_the_drawn,
    market,
    midnight_utc,
    of,
    ohlcv,
    together,
    told,
)
from tests.wire.test_simulator_dxlink import Standing
from ttai.clock import NEW_YORK
from ttai.simulator.days import half_days, hours, is_session, session_after

DAYS = [
    date(2026, 11, 20),
    date(2026, 11, 27),  # closes at 13:00
    date(2026, 3, 6),
    date(2026, 3, 9),  # clocks went forward on Sunday
    date(2026, 11, 2),  # and back
]


@pytest.mark.slow
@pytest.mark.parametrize("sessions", ["real", "always"])
@pytest.mark.parametrize(
    ("day", "symbol"),
    [
        *((day, symbol) for day in DAYS for symbol in ("SPY", "SPX")),
        *((DAYS[0], symbol) for symbol in ("TSLA", "F", "BRK/B", "VIX", "MSTR")),
    ],
    ids=str,
)
def test_the_bars_of_a_day_make_the_day(symbol: str, day: date, sessions: str) -> None:
    world = market(datetime.combine(session_after(day), time(10), NEW_YORK), sessions)
    (kept,) = [bar for bar in world.history(symbol) if bar.day == day]
    volume = "NaN" if world.instruments[symbol].kind == "Index" else kept.volume
    since = datetime.combine(day, time(), NEW_YORK)
    (whole,) = [b for b in told(world, f"{symbol}{{=d}}", since - timedelta(days=1)) if b["time"] == midnight_utc(day)]
    assert (whole["open"], whole["high"], whole["low"], whole["close"]) == kept[1:5]
    assert whole["volume"] == volume
    opens, closes = hours(day).open, hours(day).close
    for interval in INTRADAY:
        bars = of(told(world, f"{symbol}{{={interval},tho=true}}", since), day)
        if volume == "NaN":
            assert {bar["volume"] for bar in bars} == {"NaN"}
            bars = [{**bar, "volume": 0} for bar in bars]
        assert together(bars) == kept[1:]
        step = timedelta(seconds=INTERVALS[interval])
        assert opens - step < at(bars[0]) <= opens
        assert closes - step <= at(bars[-1]) < closes
        assert [later["time"] - sooner["time"] for sooner, later in pairwise(bars)] == [step.seconds * 1000] * (
            len(bars) - 1
        )


@pytest.mark.parametrize("symbol", ["QQQ", "KO"])
@pytest.mark.parametrize("tho", [",tho=true", ""])
def test_long_bars_are_made_of_short_ones(symbol: str, tho: str) -> None:
    world = market(FRIDAY.replace(hour=14, minute=3, second=7))
    since = FRIDAY - timedelta(days=3)
    minutes = told(world, f"{symbol}{{=m{tho}}}", since)
    for interval in INTRADAY:
        made: dict[int, list[dict[str, Any]]] = {}
        for bar in minutes:
            begins = at(bar).replace(hour=0, minute=0).timestamp()
            step = INTERVALS[interval]
            made.setdefault(int((bar["time"] / 1000 - begins) // step * step + begins) * 1000, []).append(bar)
        bars = told(world, f"{symbol}{{={interval}{tho}}}", since)
        assert {bar["time"]: ohlcv(bar) for bar in bars} == {moment: together(parts) for moment, parts in made.items()}


@pytest.mark.parametrize("unit", ["w", "mo"])
def test_a_week_and_a_month_are_their_days(unit: str) -> None:
    world = market(FRIDAY.replace(hour=14))
    made: dict[date, list[dict[str, Any]]] = {}
    for bar in told(world, "XOM{=d}"):
        day = datetime.fromtimestamp(bar["time"] / 1000, UTC).date()
        first = day - timedelta(days=day.weekday()) if unit == "w" else day.replace(day=1)
        made.setdefault(first, []).append(bar)
    bars = told(world, f"XOM{{={unit}}}")
    assert {bar["time"]: ohlcv(bar) for bar in bars} == {
        midnight_utc(first): together(days) for first, days in made.items()
    }


def test_only_sessions_have_bars() -> None:
    world = market(datetime(2027, 1, 8, 11, tzinfo=NEW_YORK))
    days = {at(bar).date() for bar in told(world, "SPY{=h}", FRIDAY)}
    assert days == {
        d for n in range(50) if is_session(d := FRIDAY.date() + timedelta(days=n)) and d <= date(2027, 1, 8)
    }
    assert days & half_days(2026)
    for day, ends in ((date(2026, 11, 27), 12), (date(2026, 12, 24), 12), (date(2026, 12, 23), 15)):
        bars = of(told(world, "SPY{=h,tho=true}", FRIDAY), day)
        assert [at(bar).hour for bar in bars] == list(range(9, ends + 1))


def test_the_hours_of_new_york_whatever_utc_says() -> None:
    world = market(datetime(2026, 3, 10, 11, tzinfo=NEW_YORK))
    bars = told(world, "SPY{=30m,tho=true}", datetime(2026, 3, 6, tzinfo=NEW_YORK))
    opens = [datetime.fromtimestamp(bar["time"] / 1000, UTC) for bar in bars if at(bar).time() == time(9, 30)]
    assert [f"{moment:%d %H:%M}" for moment in opens] == ["06 14:30", "09 13:30", "10 13:30"]


@pytest.mark.parametrize(("day", "count"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 11, 21), 24)])
def test_an_always_open_market_has_every_hour_of_today(day: date, count: int) -> None:
    world = market(datetime.combine(day, time(23, 59, 59), NEW_YORK), "always")
    bars = told(world, "SPY{=h,tho=true}", datetime.combine(day, time(), NEW_YORK))
    assert len(bars) == count
    assert at(bars[0]) == datetime.combine(day, time(), NEW_YORK)
    assert {later["time"] - sooner["time"] for sooner, later in pairwise(bars)} == {3_600_000}
    today = told(world, "SPY{=d}")[-1]
    assert today["time"] == midnight_utc(day)
    assert together(bars) == ohlcv(today)


def test_extended_hours_are_quiet() -> None:
    world = market(FRIDAY.replace(hour=21))
    since, day = FRIDAY - timedelta(days=4), date(2026, 11, 19)
    regular, all_day = (of(told(world, f"TSLA{{=m{tho}}}", since), day) for tho in (",tho=true", ""))
    opens, closes = hours(day).open, hours(day).close
    inside = [bar for bar in all_day if opens <= at(bar) < closes]
    assert [ohlcv(bar) for bar in inside] == [ohlcv(bar) for bar in regular]
    early, late = [b for b in all_day if at(b) < opens], [b for b in all_day if at(b) >= closes]
    assert time(4) <= at(early[0]).time() < time(5)
    assert time(19) <= at(late[-1]).time() < time(20)
    assert 30 < len(early) < 330  # many minutes saw no trade
    before = next(bar.close for bar in world.history("TSLA") if bar.day == date(2026, 11, 18))
    assert {bar["close"] for bar in early} == {before}
    assert {bar["close"] for bar in late} == {regular[-1]["close"]}
    assert 0 < together(early)[-1] + together(late)[-1] < 0.05 * together(regular)[-1]
    assert told(world, "SPX{=m}", since) == told(world, "SPX{=m,tho=true}", since)


@pytest.mark.parametrize(("hour", "last"), [(8, "Fri 07"), (3, "Thu 19"), (22, "Fri 19")])
def test_extended_hours_come_and_go(hour: int, last: str) -> None:
    world = market(FRIDAY.replace(hour=hour))
    bars = told(world, "SPY{=h}", FRIDAY - timedelta(days=3))
    seen = [f"{at(bar):%a %H}" for bar in bars]
    assert last in seen[-2:]
    now = world.snapshot("SPY")
    assert now is not None
    assert bars[-1]["close"] == now.last


@pytest.mark.parametrize("sessions", ["real", "always"])
@pytest.mark.parametrize("hour", [9.5, 10, 12.51, 15.99, 18])
def test_set_prices_stay_in_the_bars_of_that_day(sessions: str, hour: float) -> None:
    world = market(FRIDAY + timedelta(hours=hour), sessions)
    usual = {bar["time"]: ohlcv(bar) for bar in told(world, "SPY{=5m,tho=true}", FRIDAY - timedelta(days=2))}
    world.set_price("SPY", 700)
    world.set_price("SPY", 650.55)
    assert isinstance(world.clock, Standing)
    world.clock.moment += timedelta(days=4)
    bars = told(world, "SPY{=5m,tho=true}", FRIDAY - timedelta(days=2))
    (day,) = [bar for bar in world.history("SPY") if bar.day == FRIDAY.date()]
    assert together(of(bars, FRIDAY.date())) == day[1:]
    assert (day.high, day.low) == (max(day.high, 700), min(day.low, 650.55))
    # what was before the first of them stays
    earlier = {
        bar["time"]: ohlcv(bar) for bar in bars if at(bar) + timedelta(minutes=5) <= FRIDAY + timedelta(hours=hour)
    }
    if hour < 16:
        assert {moment: usual[moment] for moment in earlier} == earlier
    (spx,) = [bar for bar in world.history("SPX") if bar.day == FRIDAY.date()]
    index = [{**bar, "volume": 0} for bar in of(told(world, "SPX{=5m}", FRIDAY), FRIDAY.date())]
    assert together(index) == spx[1:]


@pytest.mark.slow
@pytest.mark.parametrize("sessions", ["real", "always"])
def test_the_same_for_everybody_who_asks(sessions: str) -> None:
    moment = FRIDAY.replace(hour=13, minute=7, second=11)
    asked_often, asked_once = market(moment - timedelta(hours=5), sessions), market(moment, sessions)
    assert isinstance(asked_often.clock, Standing)
    for _ in range(5):
        told(asked_often, "AAPL{=m}", FRIDAY - timedelta(days=2))
        asked_often.snapshot("AAPL")
        asked_often.clock.moment += timedelta(hours=1)
    forget_the_drawn()
    for interval in INTERVALS:
        symbol = f"AAPL{{={interval}}}"
        often, once = (told(world, symbol, FRIDAY - timedelta(days=8)) for world in (asked_often, asked_once))
        assert often == once
    assert told(asked_once, "AAPL{=d}") != told(market(moment, sessions, seed=8), "AAPL{=d}")


def test_a_finished_bar_is_what_it_last_was() -> None:
    world = market(FRIDAY.replace(hour=10, minute=4, second=59, microsecond=900_000))
    live = told(world, "TSLA{=5m}", FRIDAY)[-1]
    forget_the_drawn()
    later = told(market(FRIDAY + timedelta(days=20)), "TSLA{=5m}", FRIDAY)
    finished = next(bar for bar in later if bar["time"] == live["time"])
    assert ohlcv(finished) == ohlcv(live)


@pytest.mark.parametrize("symbol", ["SPY", "F"])
def test_no_day_jumps_to_its_high_and_back(symbol: str) -> None:
    world = market(FRIDAY.replace(hour=12))
    listing = world.listing(symbol)
    assert listing is not None
    for bar in world.history(symbol)[-250:]:
        path = listing.past(bar.day).path
        assert max(abs(b - a) for a, b in pairwise(path)) < 0.7 * (bar.high - bar.low)


@pytest.mark.parametrize("second", range(1, 60, 7))
@pytest.mark.parametrize("price", [600, 700])
def test_what_was_before_a_set_price_stays_in_the_bar(second: int, price: float) -> None:
    world = market(FRIDAY.replace(hour=11, minute=8, second=second))
    before = told(world, "SPY{=m}", FRIDAY)[-1]
    world.set_price("SPY", price)
    after = told(world, "SPY{=m}", FRIDAY)[-1]
    assert (after["open"], after["close"], after["volume"]) == (before["open"], price, before["volume"])
    assert (after["high"], after["low"]) == (max(before["high"], price), min(before["low"], price))
