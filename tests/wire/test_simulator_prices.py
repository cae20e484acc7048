"""Prices a trader would believe, and the same ones for everybody who asks."""

import math
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import correlation, stdev

import pytest

from tests.wire.candles import forget_the_drawn
from ttai.clock import NEW_YORK, Clock
from ttai.simulator import DailyBar, World
from ttai.simulator.days import is_session, session_before


class Standing(Clock):
    """A clock that is moved by hand."""

    def __init__(self, *moment: int) -> None:
        self.moment = datetime(*moment, tzinfo=NEW_YORK).astimezone(UTC)  # type: ignore[misc,arg-type]

    def now(self) -> datetime:
        return self.moment


def market(*moment: int, seed: int = 7, sessions: str = "always") -> World:
    return World(seed=seed, clock=Standing(*moment), sessions="real" if sessions == "real" else "always")


def returns(bars: list[DailyBar]) -> list[float]:
    return [math.log(b.close / a.close) for a, b in pairwise(bars)]


FRIDAY_NOON = (2026, 11, 20, 12)


def test_the_same_seed_and_time_give_the_same_price_whoever_asked_before() -> None:
    asked_often, asked_once = market(*FRIDAY_NOON), market(*FRIDAY_NOON)
    noon = asked_often.clock.now().timestamp()
    for minute in range(-600, 1):
        last = asked_often.snapshot("TSLA", noon + 60 * minute)
    forget_the_drawn()
    assert last == asked_once.snapshot("TSLA")
    assert asked_once.snapshot("TSLA") != market(*FRIDAY_NOON, seed=8).snapshot("TSLA")


@pytest.mark.parametrize("symbol", sorted(market(*FRIDAY_NOON).instruments))
def test_history_is_believable(symbol: str) -> None:
    world = market(*FRIDAY_NOON)
    bars, instrument = world.history(symbol), world.instruments[symbol]
    assert len(bars) >= 504
    assert bars[-1].day == date(2026, 11, 19)
    assert all(is_session(bar.day) for bar in bars)
    assert [bar.day for bar in bars] == sorted({bar.day for bar in bars})
    for bar in bars:
        assert 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert bar.volume == 0 if instrument.kind == "Index" else bar.volume > 0
    assert stdev(returns(bars)) * math.sqrt(252) == pytest.approx(instrument.volatility, rel=0.3)
    if not instrument.reversion:
        assert bars[-1].close == pytest.approx(instrument.anchor, rel=0.12)


def test_what_belongs_together_moves_together() -> None:
    world = market(*FRIDAY_NOON)
    daily = {symbol: returns(world.history(symbol)) for symbol in ("SPY", "SPX", "QQQ", "AAPL", "VIX")}
    assert correlation(daily["SPY"], daily["SPX"]) > 0.999
    assert correlation(daily["SPY"], daily["QQQ"]) > 0.8
    assert 0.4 < correlation(daily["SPY"], daily["AAPL"]) < 0.85
    assert correlation(daily["SPY"], daily["VIX"]) < -0.6
    spy, spx = world.snapshot("SPY"), world.snapshot("SPX")
    assert spy is not None
    assert spx is not None
    assert spx.last / spy.last == pytest.approx(10.02, abs=0.01)


def test_today_becomes_yesterdays_bar() -> None:
    world = market(*FRIDAY_NOON)
    evening = datetime(2026, 11, 20, 23, 59, 59, tzinfo=NEW_YORK).timestamp()
    seen = world.snapshot("SPY", evening)
    (bar,) = [bar for bar in market(2026, 11, 23, 1).history("SPY") if bar.day == date(2026, 11, 20)]
    assert seen is not None
    assert (seen.open, seen.high, seen.low) == (bar.open, bar.high, bar.low)
    assert seen.last == pytest.approx(bar.close, abs=0.1)
    assert seen.volume == pytest.approx(bar.volume, rel=0.001)


def test_high_low_and_volume_only_grow() -> None:
    world = market(*FRIDAY_NOON)
    midnight = datetime(2026, 11, 20, tzinfo=NEW_YORK).timestamp()
    looks = [look for n in range(0, 86_400, 97) if (look := world.snapshot("NVDA", midnight + n)) is not None]
    for before, after in pairwise(looks):
        assert after.high >= before.high
        assert after.low <= before.low
        assert after.volume >= before.volume
        assert after.low <= after.last <= after.high
        assert after.bid is not None
        assert after.ask is not None
        assert after.bid <= after.last <= after.ask
        assert 0.009 < after.ask - after.bid < 0.05
    assert len({look.last for look in looks}) > 100


@pytest.mark.parametrize("sessions", ["always", "real"])
def test_most_is_traded_near_open_and_close_and_little_at_night(sessions: str) -> None:
    world = market(2026, 11, 20, 23, 59, 59, sessions=sessions)
    day = datetime(2026, 11, 20, tzinfo=NEW_YORK).timestamp()
    seen = [look.volume for n in range(49) if (look := world.snapshot("NVDA", day + 1800 * n - (n == 48))) is not None]
    first, *hours = [after - before for before, after in pairwise(seen[18:34])]  # from 9:00 to 16:30 by half hours
    last = hours.pop()
    assert hours[0] == pytest.approx(hours[-1], rel=0.01)
    assert hours[: len(hours) // 2] == sorted(hours[: len(hours) // 2], reverse=True)
    assert hours[-(len(hours) // 2) :] == sorted(hours[-(len(hours) // 2) :])
    assert hours[0] > 3 * min(hours)
    if sessions == "always":
        assert 0 < first < min(hours) / 2
        assert 0 < last < min(hours) / 2


def test_a_set_price_is_where_the_market_goes_on() -> None:
    world = market(*FRIDAY_NOON)
    noon, before = world.clock.now().timestamp(), world.snapshot("SPY")
    world.set_price("SPY", 700)
    after = world.snapshot("SPY")
    assert before is not None
    assert after is not None
    assert (after.last, after.high, after.low, after.open) == (700, 700, before.low, before.open)
    index = world.snapshot("SPX")
    assert index is not None
    assert index.last == pytest.approx(7013.9, abs=2)  # it follows
    later = world.snapshot("SPY", noon + 600)
    assert later is not None
    assert later.last == pytest.approx(700, rel=0.01)
    assert later.last != 700
    world.set_price("SPY", 600)
    fallen = world.snapshot("SPY")
    assert fallen is not None
    assert (fallen.last, fallen.high, fallen.low) == (600, 700, 600)


def test_a_set_price_lasts_over_night() -> None:
    world = market(*FRIDAY_NOON)
    world.set_price("F", 20)
    assert isinstance(world.clock, Standing)
    world.clock.moment += timedelta(days=3)
    monday, last = world.snapshot("F"), world.history("F")[-1]
    assert monday is not None
    assert monday.last == pytest.approx(20, rel=0.1)
    assert last.day == date(2026, 11, 20)
    assert last.high >= 20
    assert monday.close_before == last.close == pytest.approx(20, rel=0.05)


@pytest.mark.parametrize("price", [0, -1, math.nan, math.inf])
def test_a_price_is_positive(price: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        market(*FRIDAY_NOON).set_price("SPY", price)


def test_the_unknown_has_no_price() -> None:
    world = market(*FRIDAY_NOON)
    assert world.snapshot("NOPE") is None
    assert world.history("NOPE") == []
    with pytest.raises(ValueError, match="NOPE is not traded"):
        world.set_price("NOPE", 1)


def test_real_sessions_stand_still_when_new_york_sleeps() -> None:
    def look(*moment: int) -> object:
        return market(*moment, sessions="real").snapshot("SPY")

    assert look(2026, 11, 20, 16) == look(2026, 11, 22, 3) == look(2026, 11, 23, 9, 29)
    assert look(2026, 11, 23, 9, 30) != look(2026, 11, 23, 9, 31)
    close = market(2026, 11, 22, 3, sessions="real").snapshot("SPY")
    assert close is not None
    assert (close.day, close.closed) == (date(2026, 11, 20), True)
    assert close.last == market(2026, 11, 23, 12, sessions="real").history("SPY")[-1].close
    half = market(2026, 11, 27, 13, sessions="real").snapshot("SPY")
    assert half is not None
    assert half.closed


def test_always_open_means_weekends_too() -> None:
    sunday = market(2026, 11, 22, 12)
    now = sunday.snapshot("SPY")
    assert now is not None
    assert (now.day, now.day_before, now.closed) == (date(2026, 11, 22), date(2026, 11, 20), False)
    assert now.close_before == sunday.history("SPY")[-1].close
    assert now != sunday.snapshot("SPY", sunday.clock.now().timestamp() + 60)


def test_the_day_of_mourning() -> None:
    assert session_before(date(2025, 1, 10)) == date(2025, 1, 8)
