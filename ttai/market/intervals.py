"""How long a bar may be, and how far back so many of them reach."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches

from ttai.errors import BadArgument

MOST_BARS = 20_000  # of one question: above, nobody reads them and the feed cuts them short
EARLIEST = datetime(1970, 1, 5, tzinfo=UTC)  # a Monday: times are counted from that year on
_REGULAR, _EXTENDED = 390, 960  # minutes of a session
_SESSIONS_A_YEAR = 250  # at least
_HOLIDAYS = timedelta(days=6)  # a long weekend, and one more day off


@dataclass(frozen=True)
class Interval:
    """One length of bars: `depth` is how far back a first question reaches, whatever it asks."""

    name: str
    minutes: int
    depth: timedelta

    @property
    def intraday(self) -> bool:
        """Whether a session has several."""
        return self.minutes < 1440

    def reach(self, bars: int, *, extended: bool) -> timedelta:
        """The time in which the newest so many bars are sure to lie, where the market had them."""
        if not self.intraday:
            return timedelta(days=bars * self.minutes / 1440 * (365 / _SESSIONS_A_YEAR if self.name == "1d" else 1)) + (
                _HOLIDAYS
            )
        sessions = bars * self.minutes / (_EXTENDED if extended else _REGULAR)
        return timedelta(days=(sessions + 1) * 365 / _SESSIONS_A_YEAR) + _HOLIDAYS

    def count(self, span: timedelta, *, extended: bool) -> float:
        """About how many bars there are in a span of time."""
        days = span / timedelta(days=1)
        if not self.intraday:
            return days * 1440 / self.minutes
        return days * _SESSIONS_A_YEAR / 365 * (_EXTENDED if extended else _REGULAR) / self.minutes


INTERVALS = {
    interval.name: interval
    for interval in (
        Interval("1m", 1, timedelta(days=2)),
        Interval("5m", 5, timedelta(days=5)),
        Interval("15m", 15, timedelta(days=15)),
        Interval("30m", 30, timedelta(days=30)),
        Interval("1h", 60, timedelta(days=60)),
        Interval("1d", 1440, timedelta(days=760)),
        Interval("1w", 7 * 1440, timedelta(days=5 * 366)),
    )
}


def named(name: str) -> Interval:
    """The interval of that name; BadArgument lists them, with the nearest guess."""
    found = INTERVALS.get(name.strip().lower())
    if found is None:
        near = get_close_matches(name.strip().lower(), INTERVALS, n=1, cutoff=0.1)
        guess = f"; did you mean {near[0]}" if near else ""
        raise BadArgument(f"there is no interval {name[:20]!r}{guess}", f"Ask for one of {', '.join(INTERVALS)}")
    return found


def begin(interval: Interval, end: datetime, *, bars: int, start: datetime | None, extended: bool) -> datetime:
    """From when a question wants bars; BadArgument for a start that is not before the end, and for too many bars."""
    if not 1 <= bars <= MOST_BARS:
        raise BadArgument(f"{bars} bars can't be had", f"Ask for 1 to {MOST_BARS}")
    if end < EARLIEST or (start is not None and start < EARLIEST):
        raise BadArgument(f"there are no bars before {EARLIEST:%Y-%m-%d}", "Ask for a later time")
    if start is None:
        return max(EARLIEST, end - interval.reach(bars, extended=extended))
    if start >= end:
        raise BadArgument(
            f"the start, {start:%Y-%m-%d %H:%M}, is not before the end, {end.astimezone(start.tzinfo):%Y-%m-%d %H:%M}",
            "Ask for an earlier start, in the past",
        )
    if (count := interval.count(end - start, extended=extended)) > MOST_BARS:
        raise BadArgument(
            f"there are about {count:,.0f} {interval.name} bars since {start:%Y-%m-%d}, more than {MOST_BARS:,}",
            "Ask for a later start or a longer interval",
        )
    return start
