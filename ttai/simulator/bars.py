"""Bars of every length: parts of a day's path, or days put together."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import chain, groupby
from operator import attrgetter
from typing import NamedTuple

from ttai.clock import NEW_YORK
from ttai.simulator.days import hours, is_session, sessions_before
from ttai.simulator.prices import Day, Span, cents, noise
from ttai.simulator.world import HISTORY, Listing

_MINUTE = 60.0
_EARLIEST = 4 * 3600.0  # from midnight: when extended trading begins; `hours` knows its end
_QUIET = 5  # a trade in one of so many minutes of extended trading
_SHARE = 4e-5  # of a day's volume, at most, in such a minute


class Bar(NamedTuple):
    """One bar; its time is its beginning, in seconds since the epoch."""

    time: float
    open: float
    high: float
    low: float
    close: float
    volume: int


def daily(listing: Listing, span: Span, at: float, unit: str) -> Iterator[Bar]:
    """Days ("d"), weeks from Monday ("w") or months ("mo") up to a moment, newest first.

    They stand at midnight UTC of their first date and know what the tape knows: regular hours only.
    """
    now = listing.snapshot(span, at)
    today = Bar(_dated(now.day, unit), now.open, now.high, now.low, now.last, now.volume)
    past = (Bar(_dated(bar.day, unit), *bar[1:]) for bar in reversed(listing.history(span.day)))
    return _joined(chain([today], past))


def intraday(listing: Listing, span: Span, at: float, *, step: float, extended: bool, since: float) -> Iterator[Bar]:
    """Bars of `step` seconds up to a moment, newest first, none of a day that was over at `since`.

    They begin at multiples of the step from New York's midnight. Extended trading (4:00 to 20:00) is quiet: it knows
    prices a few ticks around the last close, and many minutes without a trade; an index has none.
    """
    extended = extended and listing.instrument.kind != "Index"
    return _joined(_parts(listing, span, at, step, extended, since))


def _parts(listing: Listing, span: Span, at: float, step: float, extended: bool, since: float) -> Iterator[Bar]:
    """The bars, in parts where regular and extended trading meet in one."""
    now = listing.snapshot(span, at)
    coming = datetime.fromtimestamp(at, NEW_YORK).date()
    if extended and coming > span.day and is_session(coming):
        yield from _before(listing, coming, min(at, hours(coming).open.timestamp() - _MINUTE), now.last, step)
    for day in (span.day, *reversed(sessions_before(span.day, HISTORY))):
        if _midnight(day + timedelta(days=1)) <= since:
            return
        path = listing.day(span) if day == span.day else listing.past(day)
        if extended:
            ends = min(at, hours(day).end.timestamp() - _MINUTE)
            yield from _quiet(listing, day, path.closes, ends, cents(path.path[-1]), step)
        yield from _regular(listing, path, now.time if day == span.day else path.closes, step)
        if extended:
            yield from _before(listing, day, path.opens - _MINUTE, path.before.close, step)


def _regular(listing: Listing, day: Day, until: float, step: float) -> Iterator[Bar]:
    """The day's own bars: each from the look at its beginning to the last look before the next one's."""
    midnight = _midnight(day.day)
    # the close is the last look at the last bar
    latest, earliest = (int((moment - midnight) // step) for moment in (min(until, day.closes - 1), day.opens))
    for n in range(latest, earliest - 1, -1):
        begins = midnight + n * step
        ends = until if n == latest else begins + step - listing.pulse
        points = day.path[bisect_left(day.times, begins) : bisect_right(day.times, ends)]
        close = day.price(ends)
        points.append(close)
        volume = day.traded(ends) - day.traded(begins - listing.pulse)
        yield Bar(begins, cents(points[0]), cents(max(points)), cents(min(points)), cents(close), volume)


def _before(listing: Listing, day: date, last: float, price: float, step: float) -> Iterator[Bar]:
    """The minutes of a day before its open."""
    return _quiet(listing, day, _midnight(day) + _EARLIEST, last, price, step)


def _quiet(listing: Listing, day: date, first: float, last: float, price: float, step: float) -> Iterator[Bar]:
    """The minutes of extended trading that begin in a time and see a trade, newest first, each in its bar."""
    midnight, instrument = _midnight(day), listing.instrument
    for minute in range(int(last // _MINUTE), int(first // _MINUTE) - 1, -1):
        dice = noise(listing.salt, minute)
        if dice % _QUIET:
            continue
        width = 2 * instrument.spread + 1
        trades = [price + ((dice >> bits & 0xFF) % width - instrument.spread) / 100 for bits in (8, 16)]
        low, high = max(min(*trades, price), 0.01), max(*trades, price)
        volume = 1 + int(_SHARE * instrument.volume * (dice >> 24 & 0xFF) / 0xFF)
        begins = midnight + (minute * _MINUTE - midnight) // step * step
        yield Bar(begins, cents(max(trades[0], low)), cents(high), cents(low), price, volume)


def _joined(parts: Iterable[Bar]) -> Iterator[Bar]:
    """Neighbours that begin at the same time made one; newest first."""
    for begins, group in groupby(parts, attrgetter("time")):
        same = list(group)
        high, low = max(bar.high for bar in same), min(bar.low for bar in same)
        yield Bar(begins, same[-1].open, high, low, same[0].close, sum(bar.volume for bar in same))


def _dated(day: date, unit: str) -> float:
    first = {"d": day, "w": day - timedelta(days=day.weekday()), "mo": day.replace(day=1)}[unit]
    return datetime.combine(first, time(), UTC).timestamp()


@lru_cache(maxsize=1024)
def _midnight(day: date) -> float:
    """When a date begins in New York."""
    return datetime.combine(day, time(), NEW_YORK).timestamp()
