"""When the options of an underlying expire: weeks, months, quarters, Januaries, and for a few every session."""

from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

from ttai.simulator.days import hours, is_session, session_after, session_before
from ttai.simulator.instruments import Instrument

Kind = Literal["Regular", "Weekly", "Quarterly"]
Settlement = Literal["AM", "PM"]

DAILY = frozenset({"SPY", "QQQ", "IWM", "SPX"})
"""Underlyings with options that expire on every session of two weeks, and at the end of each quarter."""

_WEEKLIES = 8
_FRIDAYS = 54  # weeks in which the third Fridays are listed
_QUARTERS = 4
_JANUARIES = 2


class Expiration(NamedTuple):
    """A date on which contracts of an underlying expire, in the broker's words, and what settles them."""

    day: date
    settlement: Settlement
    kind: Kind

    @property
    def settles(self) -> float:
        """The moment, in seconds since the epoch: with the open or with the close, early on half days."""
        return _settles(self.day, self.settlement)


@lru_cache(maxsize=256)
def expirations(instrument: Instrument, today: date) -> tuple[Expiration, ...]:
    """What is listed on a date, today's own included, in order; an index has both kinds on a third Friday."""
    if instrument.reversion:  # a volatility index
        return tuple(Expiration(day, "AM", "Regular") for day in _volatility_days(today))
    kinds: dict[date, Kind] = dict.fromkeys(_fridays(today)[:_WEEKLIES], "Weekly")
    if instrument.symbol in DAILY:
        kinds.update(dict.fromkeys(_dailies(today), "Weekly"))
        kinds.update(dict.fromkeys(_quarter_ends(today), "Quarterly"))
    kinds.update(dict.fromkeys(_monthlies(today), "Regular"))
    both = instrument.kind == "Index"
    return tuple(
        Expiration(day, settlement, kinds[day])
        for day in sorted(kinds)
        for settlement in (("AM", "PM") if both and kinds[day] == "Regular" else ("PM",))
    )


def is_monthly(expiration: date) -> bool:
    """Whether it is a month's standard expiration: its third Friday, or the session before where that is a holiday."""
    friday = expiration + timedelta(days=(4 - expiration.weekday()) % 7)
    return _is_third(friday) and expiration == _observed(friday)


@lru_cache(maxsize=256)
def _settles(day: date, settlement: Settlement) -> float:
    return (hours(day).open if settlement == "AM" else hours(day).close).timestamp()


def _fridays(today: date) -> list[date]:
    """The Fridays from today on, or the sessions before them."""
    friday = today + timedelta(days=(4 - today.weekday()) % 7)
    days = (_observed(friday + timedelta(weeks=n)) for n in range(_FRIDAYS))
    return [day for day in days if day >= today]  # the session before a holiday may have been yesterday


def _monthlies(today: date) -> list[date]:
    """The third Fridays of a year and those of the Januaries after it."""
    listed = [day for day in _fridays(today) if is_monthly(day)]
    first = listed[-1].year + 1
    return listed + [_third_friday(year, 1) for year in range(first, first + _JANUARIES)]


def _dailies(today: date) -> list[date]:
    """The sessions of the next two weeks."""
    days, last = [session_after(today - timedelta(days=1))], today + timedelta(weeks=2)
    while days[-1] < last:
        days.append(session_after(days[-1]))
    return [day for day in days if day <= last]


def _quarter_ends(today: date) -> list[date]:
    """The last sessions of the next quarters."""
    first = 4 * today.year + (today.month - 1) // 3 + 1
    starts = (date(quarter // 4, 3 * (quarter % 4) + 1, 1) for quarter in range(first, first + _QUARTERS + 1))
    return [day for day in map(session_before, starts) if day >= today][:_QUARTERS]


def _volatility_days(today: date) -> list[date]:
    """30 days before the third Friday of the month after, a Wednesday, for the next twelve months (Cboe's rule)."""
    months = range(12 * today.year + today.month, 12 * today.year + today.month + 14)
    days = (_third_friday(n // 12, n % 12 + 1) - timedelta(days=30) for n in months)
    return [day for day in (_observed(day) for day in days) if day >= today][:12]


def _third_friday(year: int, month: int) -> date:
    first = date(year, month, 1)
    return _observed(first + timedelta(days=(4 - first.weekday()) % 7 + 14))


def _observed(day: date) -> date:
    return day if is_session(day) else session_before(day)


def _is_third(friday: date) -> bool:
    return 15 <= friday.day <= 21
