"""How long a bar may be, and how far back so many of them reach."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from difflib import get_close_matches

from ttai.clock import NEW_YORK
from ttai.errors import BadArgument

MOST_BARS = 20_000  # of one question: above, nobody reads them and the feed cuts them short
EARLIEST = datetime(1970, 1, 5, tzinfo=UTC)  # a Monday: times are counted from that year on
CLOSE = time(16)
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

    def ends(self, begins: datetime) -> datetime:
        """When the bar that begins then is over: a day's and a week's with New York's regular hours."""
        if self.intraday:
            return begins + timedelta(minutes=self.minutes)
        last = begins.date() + timedelta(days=4 if self.name == "1w" else 0)
        return datetime.combine(last, CLOSE, NEW_YORK)

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
        Interval("1d", 1440, timedelta(days=800)),
        Interval("1w", 7 * 1440, timedelta(days=5 * 366)),
    )
}


_OTHERS = {
    "1min": "1m", "5min": "5m", "15min": "15m", "30min": "30m", "60m": "1h", "60min": "1h", "1hour": "1h",
    "hourly": "1h", "day": "1d", "daily": "1d", "1day": "1d",
    "week": "1w", "weekly": "1w", "month": "1w", "monthly": "1w", "1mo": "1w",
}  # fmt: skip


def named(name: str) -> Interval:
    """The interval of that name; BadArgument lists them, with the nearest guess. 1M is a month elsewhere: no minute."""
    text = name.strip().lower() if name.strip() != "1M" else "1mo"
    found = INTERVALS.get(text)
    if found is None:
        near = get_close_matches(text, [*INTERVALS, *_OTHERS], n=1, cutoff=0.1)
        guess = f"; did you mean {_OTHERS.get(near[0], near[0])}" if near else ""
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
        shape, zone = ("%Y-%m-%d %H:%M", NEW_YORK) if interval.intraday else ("%Y-%m-%d", UTC)
        first, last = (moment.astimezone(zone).strftime(shape) for moment in (start, end))
        raise BadArgument(f"the start, {first}, is not before the end, {last}", "Ask for an earlier start, in the past")
    if (count := interval.count(end - start, extended=extended)) > MOST_BARS:
        raise BadArgument(
            f"there are about {count:,.0f} {interval.name} bars since {start:%Y-%m-%d}, more than {MOST_BARS:,}",
            "Ask for a later start or a longer interval",
        )
    return start
