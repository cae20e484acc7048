"""When the options of each underlying expire, by the exchanges' rules."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

from ttai.simulator.days import hours, is_session, session_after, session_before
from ttai.simulator.instruments import Instrument

_WEEKLIES = 8
_MONTHLIES = 12
_DAILIES = 10  # sessions
_LEAPS = 2  # Januaries after the year
_DAILY = frozenset({"SPY", "QQQ", "IWM", "SPX"})
AFTERNOONS = {"SPX": "SPXW", "NDX": "NDXP", "RUT": "RUTW"}  # roots of index options that settle at the close
ADJUSTED = {"DIS": "DIS1"}  # what is left of a spin-off

Kind = Literal["Regular", "Weekly", "Quarterly"]


class Expiry(NamedTuple):
    """One root's expiration; `kind` and `settled` in the broker's words."""

    root: str
    day: date
    kind: Kind
    settled: Literal["AM", "PM"]

    @property
    def settles(self) -> datetime:
        """When the contracts get their final value."""
        session = hours(self.day)
        return session.open if self.settled == "AM" else session.close


@lru_cache(maxsize=256)
def listed(instrument: Instrument, today: date) -> tuple[Expiry, ...]:
    """The standard expirations from today on, in order; an index has two roots on its monthly dates."""
    symbol = instrument.symbol
    if symbol == "VIX":
        return tuple(Expiry("VIX", day, "Regular", "AM") for day in _wednesdays(today))
    root = AFTERNOONS.get(symbol, symbol.replace("/", ""))
    dates: dict[date, Kind] = {}
    if symbol in _DAILY:
        dates |= dict.fromkeys(_sessions(today), "Weekly")
    dates |= {day: "Regular" if is_monthly(day) else "Weekly" for day in _fridays(today)}
    if symbol in _DAILY:
        dates |= dict.fromkeys(_quarters(today), "Quarterly")
    found = [Expiry(root, day, kind, "PM") for day, kind in dates.items()]
    if symbol in AFTERNOONS:
        found = [one._replace(kind="Weekly") if one.kind == "Regular" else one for one in found]
        found += [Expiry(symbol, day, "Regular", "AM") for day, kind in dates.items() if kind == "Regular"]
    return tuple(sorted(found, key=lambda one: (one.day, one.root)))


def adjusted(instrument: Instrument, today: date) -> tuple[Expiry, ...]:
    """The few expirations of an adjusted root."""
    root = ADJUSTED.get(instrument.symbol)
    if root is None:
        return ()
    monthly = [one for one in listed(instrument, today) if one.kind == "Regular"]
    return tuple(one._replace(root=root) for one in monthly[:2])


def expirations(instrument: Instrument, today: date) -> tuple[date, ...]:
    """The dates from today on, each once, in order."""
    return tuple(dict.fromkeys(one.day for one in listed(instrument, today)))


def is_monthly(expiration: date) -> bool:
    """Whether it is a month's standard expiration: its third Friday, or the session before where that is a holiday."""
    friday = expiration + timedelta(days=(4 - expiration.weekday()) % 7)
    return _is_third(friday) and expiration == (friday if is_session(friday) else session_before(friday))


def _sessions(today: date) -> Iterator[date]:
    day = today if is_session(today) else session_after(today)
    for _ in range(_DAILIES):
        yield day
        day = session_after(day)


def _fridays(today: date) -> Iterator[date]:
    """Those of the next weeks, the third ones of a year, and those of the Januaries after it."""
    friday = today + timedelta(days=(4 - today.weekday()) % 7)
    monthlies = leaps = 0
    for week in range(52 * (_LEAPS + 2)):
        day = friday + timedelta(weeks=week)
        third = _is_third(day)
        far = third and monthlies > _MONTHLIES and day.month == 1 and leaps < _LEAPS
        leaps += far
        if week < _WEEKLIES or (third and monthlies <= _MONTHLIES) or far:
            yield day if is_session(day) else session_before(day)
        monthlies += third


def _quarters(today: date) -> Iterator[date]:
    """The last sessions of the next four quarters."""
    quarter = 4 * today.year + (today.month - 1) // 3
    for number in range(quarter, quarter + 4):
        after = date((number + 1) // 4, 3 * ((number + 1) % 4) + 1, 1)
        if (day := session_before(after)) >= today:
            yield day


def _wednesdays(today: date) -> Iterator[date]:
    """Thirty days before the third Fridays of the months after: what those options are settled with."""
    for number in range(12 * today.year + today.month - 1, 12 * today.year + today.month + _MONTHLIES):
        after = number + 1
        first = date(after // 12, after % 12 + 1, 1)
        third = first + timedelta(days=(4 - first.weekday()) % 7 + 14)
        if (day := third - timedelta(days=30)) >= today:
            yield day if is_session(day) else session_before(day)


def _is_third(friday: date) -> bool:
    return 15 <= friday.day <= 21
