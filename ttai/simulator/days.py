"""The days on which the New York exchanges trade, and their hours, computed by the exchange's rules."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from ttai.clock import NEW_YORK

_ONE = timedelta(days=1)
_MOURNING = frozenset({date(2025, 1, 9)})  # closed by no rule


class Hours(NamedTuple):
    """The hours of one session: pre-market, open, close, end of extended trading."""

    start: datetime
    open: datetime
    close: datetime
    end: datetime


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    """The n-th given weekday (Monday is 0) of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _easter(year: int) -> date:
    """Easter Sunday, by the anonymous Gregorian computus (Meeus/Jones/Butcher)."""
    century, rest = divmod(year, 100)
    moon = (19 * (year % 19) + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    shift = (year % 19 + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * shift + 114, 31)
    return date(year, month, day + 1)


def _observed(day: date) -> date:
    """A Saturday's holiday is kept on Friday, a Sunday's on Monday."""
    return day + {5: -_ONE, 6: _ONE}.get(day.weekday(), timedelta(0))


@lru_cache
def holidays(year: int) -> frozenset[date]:
    """The full closings of a year."""
    new_year = date(year, 1, 1)
    moving = {
        _nth(year, 1, 0, 3),
        _nth(year, 2, 0, 3),
        _easter(year) - 2 * _ONE,
        _nth(year, 6, 0, 1) - timedelta(days=7),
        _nth(year, 9, 0, 1),
        _nth(year, 11, 3, 4),
    }
    fixed = {_observed(date(year, *day)) for day in ((6, 19), (7, 4), (12, 25))}
    # a New Year's Day on Saturday is not made up for: the books of the old year stay open on Friday
    return frozenset(moving | fixed | ({_observed(new_year)} if new_year.weekday() != 5 else set()))


@lru_cache
def half_days(year: int) -> frozenset[date]:
    """The days of a year that close at 13:00."""
    eves = {day for day in (date(year, 7, 3), date(year, 12, 24)) if day.weekday() < 4}
    return frozenset(eves | {_nth(year, 11, 3, 4) + _ONE})


def is_session(day: date) -> bool:
    """Whether the exchange opens on this date."""
    return day.weekday() < 5 and day not in holidays(day.year) and day not in _MOURNING


def session_before(day: date) -> date:
    """The last session earlier than this date."""
    day -= _ONE
    while not is_session(day):
        day -= _ONE
    return day


@lru_cache(maxsize=16)
def sessions_before(day: date, count: int) -> tuple[date, ...]:
    """The last sessions earlier than this date, oldest first."""
    found = []
    for _ in range(count):
        day = session_before(day)
        found.append(day)
    return tuple(reversed(found))


def session_after(day: date) -> date:
    """The first session later than this date."""
    day += _ONE
    while not is_session(day):
        day += _ONE
    return day


def hours(day: date) -> Hours:
    """When a session starts, opens, closes and ends."""
    half = day in half_days(day.year)
    clock = (time(8), time(9, 30), time(13 if half else 16), time(17 if half else 20))
    return Hours(*(datetime.combine(day, at, NEW_YORK) for at in clock))
