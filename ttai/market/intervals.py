"""How far back so many bars reach, and what may be asked of them."""

from datetime import UTC, datetime, timedelta

from ttai.clock import NEW_YORK
from ttai.errors import BadArgument
from ttai.quant import intervals
from ttai.quant.intervals import EXTENDED, REGULAR, Interval

MOST_BARS = 20_000  # of one question: above, nobody reads them and the feed cuts them short
EARLIEST = datetime(1970, 1, 5, tzinfo=UTC)  # a Monday: times are counted from that year on
DEPTHS = {
    "1m": timedelta(days=2),
    "5m": timedelta(days=5),
    "15m": timedelta(days=15),
    "30m": timedelta(days=30),
    "1h": timedelta(days=60),
    "1d": timedelta(days=800),
    "1w": timedelta(days=5 * 366),
}
"""How far back a first question reaches, whatever it asks."""

_SESSIONS_A_YEAR = 250  # at least
_HOLIDAYS = timedelta(days=6)  # a long weekend, and one more day off


def named(name: str) -> Interval:
    """The interval of that name; BadArgument lists them."""
    try:
        return intervals.named(name)
    except ValueError as error:
        raise BadArgument(str(error)) from None


def begin(interval: Interval, end: datetime, *, bars: int, start: datetime | None, extended: bool) -> datetime:
    """From when a question wants bars; BadArgument for a start that is not before the end, and for too many bars."""
    if not 1 <= bars <= MOST_BARS:
        raise BadArgument(f"{bars} bars can't be had", f"Ask for 1 to {MOST_BARS}")
    if end < EARLIEST or (start is not None and start < EARLIEST):
        raise BadArgument(f"there are no bars before {EARLIEST:%Y-%m-%d}", "Ask for a later time")
    if start is None:
        return max(EARLIEST, end - _reach(interval, bars, extended=extended))
    if start >= end:
        shape, zone = ("%Y-%m-%d %H:%M", NEW_YORK) if interval.intraday else ("%Y-%m-%d", UTC)
        first, last = (moment.astimezone(zone).strftime(shape) for moment in (start, end))
        raise BadArgument(f"the start, {first}, is not before the end, {last}", "Ask for an earlier start, in the past")
    if (count := _count(interval, end - start, extended=extended)) > MOST_BARS:
        raise BadArgument(
            f"there are about {count:,.0f} {interval.name} bars since {start:%Y-%m-%d}, more than {MOST_BARS:,}",
            "Ask for a later start or a longer interval",
        )
    return start


def _reach(interval: Interval, bars: int, *, extended: bool) -> timedelta:
    """The time in which the newest so many bars are sure to lie, where the market had them."""
    if interval.intraday:
        days = (bars * interval.minutes / _minutes(extended=extended) + 1) * 365 / _SESSIONS_A_YEAR
    else:
        days = bars * (365 / _SESSIONS_A_YEAR if interval.unit == "day" else 7)
    return timedelta(days=days) + _HOLIDAYS


def _count(interval: Interval, span: timedelta, *, extended: bool) -> float:
    """About how many bars there are in a span of time."""
    days = span / timedelta(days=1)
    if not interval.intraday:
        return days * 1440 / interval.minutes
    return days * _SESSIONS_A_YEAR / 365 * _minutes(extended=extended) / interval.minutes


def _minutes(*, extended: bool) -> int:
    return EXTENDED if extended else REGULAR
