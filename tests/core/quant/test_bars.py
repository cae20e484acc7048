"""Bars: columns of one length, and what can be told from them alone."""

from datetime import date, datetime

import numpy as np
import polars as pl
import pytest

from tests.price_paths import DAY, Numbers, bars_of, closes, random_walk
from ttai.quant.bars import PRICES, Bars
from ttai.quant.calendar import NEW_YORK
from ttai.quant.intervals import INTERVALS

MINUTE = np.timedelta64(1, "m")


def intraday(sessions: list[str], minutes: int, first: int, last: int) -> Bars:
    """Flat bars of some minutes, from and to a minute of the day in UTC, on the dates given."""
    starts = [np.datetime64(day, "ms") + np.arange(first, last, minutes) * MINUTE for day in sessions]
    time = np.concatenate(starts)
    return Bars(INTERVALS[f"{minutes}m"], time, *(np.full(len(time), 5.0) for _ in PRICES))


def with_gap(bars: Bars, column: str, place: int, value: float = np.nan) -> Bars:
    columns: dict[str, Numbers] = {name: getattr(bars, name).copy() for name in PRICES}
    columns[column][place] = value
    return Bars(bars.interval, bars.time, **columns)


def test_a_frame_becomes_bars_and_what_is_null_is_unknown() -> None:
    frame = pl.DataFrame(
        {
            "time": [0, 86_400_000_000],
            "open": [1.0, 2.0],
            "high": [1.5, None],
            "low": [1, 2],
            "close": [1.2, 2.2],
            "volume": pl.Series([None, None], dtype=pl.Null),
        }
    ).with_columns(pl.col("time").cast(pl.Datetime("us", "UTC")))
    bars = Bars.of(frame, DAY)
    assert [str(day) for day in bars.day] == ["1970-01-01", "1970-01-02"]
    assert all(getattr(bars, name).dtype == np.float64 for name in PRICES)
    assert bars.high[0] == 1.5
    assert np.isnan(bars.high[1])
    assert np.isnan(bars.volume).all()
    assert not bars.has_volume
    assert len(Bars.of(frame[:0], DAY)) == 0


def test_a_frame_without_gaps_is_not_copied() -> None:
    frame = pl.DataFrame({"time": pl.Series([0], dtype=pl.Datetime("ms")), **{name: [1.0] for name in PRICES}})
    assert np.shares_memory(Bars.of(frame, DAY).close, frame["close"].to_numpy())


def test_a_day_is_new_yorks() -> None:
    """23:30 UTC is still the same day; 04:30 is the day before in winter, the same in summer."""
    times = ["2026-01-05T23:30", "2026-01-06T04:30", "2026-07-06T04:30"]
    bars = Bars(INTERVALS["1h"], np.array(times, dtype="datetime64[ms]"), *(np.full(3, 5.0) for _ in PRICES))
    assert [str(day) for day in bars.day] == ["2026-01-05", "2026-01-05", "2026-07-06"]
    assert [str(moment)[:16] for moment in bars.clock] == ["2026-01-05T18:30", "2026-01-05T23:30", "2026-07-06T00:30"]


def test_a_stretch_is_bars() -> None:
    bars = random_walk(1, 10)
    assert len(bars[2:5]) == 3
    assert list(bars[2:5].close) == list(bars.close[2:5])


@pytest.mark.parametrize("column", ["open", "high", "low", "close"])
@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, -1.0])
def test_sound_are_the_bars_since_the_last_one_without_a_price(column: str, value: float) -> None:
    bars = with_gap(with_gap(random_walk(1, 10), column, 6, value), "close", 2)
    assert list(bars.sound.close) == list(bars.close[7:])
    assert len(with_gap(bars, column, 9, value).sound) == 0


def test_bars_without_gaps_are_their_own_sound_part() -> None:
    bars = random_walk(1, 10)
    assert bars.sound is bars
    assert bars.traded is bars
    assert len(bars[:0].sound) == 0
    assert len(bars[:0].traded) == 0


def test_traded_are_the_sound_bars_since_the_last_one_without_volume() -> None:
    bars = random_walk(1, 10)
    assert list(with_gap(bars, "volume", 4).traded.close) == list(bars.close[5:])
    assert list(with_gap(bars, "volume", 4, -1).traded.close) == list(bars.close[5:])
    assert list(with_gap(with_gap(bars, "volume", 2), "open", 4).traded.close) == list(bars.close[5:])
    assert len(with_gap(bars, "volume", 9).traded) == 0


@pytest.mark.parametrize("volume", [np.nan, 0.0])
def test_an_index_has_no_volume(volume: float) -> None:
    bars = closes([1.0, 2.0, 3.0], volume=volume)
    assert not bars.has_volume
    assert len(bars.traded) == 0
    assert len(bars.sound) == 3


def test_one_silent_bar_is_no_lack_of_volume() -> None:
    bars = with_gap(random_walk(1, 10), "volume", 9, 0)
    assert bars.has_volume
    assert bars.traded is bars


def test_a_range_is_a_high_above_the_low() -> None:
    assert random_walk(1, 10).has_ranges
    assert not bars_of([2.0, 2.0], [1.0, 2.0], [1.5, 2.0]).has_ranges


def test_one_bar_alone_knows_what_it_is() -> None:
    """At midnight UTC an hour's bar looks like a day's, and one week like a day."""
    midnight, column = np.array(["2026-11-21"], dtype="datetime64[ms]"), np.full(1, 5.0)
    hour, day, week = (Bars(INTERVALS[name], midnight, *[column] * 5) for name in ("1h", "1d", "1w"))
    assert hour.begins(0) == datetime(2026, 11, 20, 19, tzinfo=NEW_YORK)
    assert str(hour.day[0]) == "2026-11-20"
    assert day.begins(0) == week.begins(0) == date(2026, 11, 21)
    assert [bars.per_year for bars in (hour, day, week)] == [252 * 6.5, 252, 52]
    assert day[:0].interval is day.interval


def test_a_year_of_intraday_bars_counts_the_whole_days_among_them() -> None:
    days = ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"]
    regular = intraday(days, 5, 870, 1260)
    extended = intraday(days, 5, 540, 1440)
    assert regular[40:-40].per_year == 252 * 78
    assert extended[40:-40].per_year == 252 * 180


def test_without_a_whole_day_a_session_of_six_and_a_half_hours_stands_in() -> None:
    bars = intraday(["2026-01-05", "2026-01-06"], 5, 870, 1260)
    assert bars.per_year == 252 * 78
    assert bars[:20].per_year == 252 * 78
