"""How long bars are, and how far back so many of them reach."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ttai.errors import BadArgument
from ttai.market.intervals import EARLIEST, MOST_BARS, begin, named
from ttai.quant.intervals import INTERVALS

NOW = datetime(2026, 11, 20, 15, 31, tzinfo=UTC)


def since(interval: str, **asked: Any) -> datetime:
    given = {"bars": 100, "start": None, "extended": False, **asked}
    return begin(named(interval), NOW, **given)


@pytest.mark.parametrize("text", ["1d", " 1D ", "1d\n"])
def test_an_interval_may_be_written_carelessly(text: str) -> None:
    assert named(text) is INTERVALS["1d"]


@pytest.mark.parametrize(
    ("text", "guess"),
    [("1day", "1d"), ("60m", "1h"), ("d", "1d"), ("15min", "15m"), ("1M", "1w"), ("1mo", "1w"), ("daily", "1d")],
)
def test_an_unknown_interval_is_told_with_the_valid_ones_and_the_nearest(text: str, guess: str) -> None:
    with pytest.raises(BadArgument, match=rf"did you mean {guess}\. Ask for one of 1m, 5m, 15m, 30m, 1h, 1d, 1w\."):
        named(text)


def test_what_is_like_nothing_gets_no_guess() -> None:
    with pytest.raises(BadArgument, match=r"there is no interval 'zz'\. Ask for one of 1m"):
        named("zz")


@pytest.mark.parametrize(
    ("interval", "bars", "days"),
    [("1d", 252, 365), ("1d", 1, 4), ("1w", 52, 364), ("1h", 7, 4), ("1m", 390, 4), ("5m", 78 * 5, 7)],
)
def test_so_many_bars_lie_within_the_time_asked_for(interval: str, bars: int, days: float) -> None:
    assert since(interval, bars=bars) <= NOW - timedelta(days=days)


def test_extended_hours_need_less_time_for_as_many_bars() -> None:
    assert since("1m", bars=5000, extended=True) > since("1m", bars=5000)


@pytest.mark.parametrize("bars", [0, -1, MOST_BARS + 1, 10**9])
def test_a_count_out_of_reason_is_told_with_what_may_be_asked(bars: int) -> None:
    with pytest.raises(BadArgument, match=f"Ask for 1 to {MOST_BARS}"):
        since("1d", bars=bars)


def test_a_start_must_be_before_the_end() -> None:
    assert since("1d", start=NOW - timedelta(seconds=1)) == NOW - timedelta(seconds=1)
    for start in (NOW, NOW + timedelta(days=1)):
        with pytest.raises(BadArgument, match=r"is not before the end, 2026-11-20\. Ask for an earlier start"):
            since("1d", start=start)


def test_a_start_that_means_millions_of_bars_is_told_what_would_do() -> None:
    with pytest.raises(BadArgument, match=r"about 2,\d{3},\d{3} 1m bars since 2001-01-01.*a longer interval"):
        since("1m", start=datetime(2001, 1, 1, tzinfo=UTC))
    assert since("1d", start=datetime(2001, 1, 1, tzinfo=UTC)).year == 2001
    assert since("1w", start=datetime(1970, 2, 1, tzinfo=UTC)).year == 1970


def test_nothing_is_asked_from_before_times_are_counted() -> None:
    for start in (datetime(1, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)):
        with pytest.raises(BadArgument, match="there are no bars before 1970-01-05"):
            since("1w", start=start)
    with pytest.raises(BadArgument, match="there are no bars before"):
        begin(INTERVALS["1d"], datetime(1, 2, 1, tzinfo=UTC), bars=60, start=None, extended=False)
    assert since("1w", bars=5000) == EARLIEST


@pytest.mark.parametrize(
    ("interval", "begins", "ends"),
    [
        ("5m", datetime(2026, 11, 20, 14, 30, tzinfo=UTC), datetime(2026, 11, 20, 14, 35, tzinfo=UTC)),
        ("1d", datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 20, 21, tzinfo=UTC)),
        ("1w", datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 20, 21, tzinfo=UTC)),
    ],
)
def test_a_bar_ends_with_its_minutes_or_its_last_session(interval: str, begins: datetime, ends: datetime) -> None:
    assert INTERVALS[interval].ends(begins) == ends


def test_a_session_has_so_many_bars() -> None:
    found = [INTERVALS[name].in_session(extended=extended) for name in ("1m", "1h") for extended in (False, True)]
    assert found == [390, 960, 7, 16]
