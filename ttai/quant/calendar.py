"""When the exchange is open, New York time."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Literal, Self
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
_PRE = time(4)
_AFTER = time(20)
_AFTER_EARLY = time(17)
_OPEN = time(9, 30)
_CLOSE = time(16)
MINUTES_A_YEAR = 525_600
_WELL_KNOWN = {"New Years Day": "New Year's Day", "July 4th": "Independence Day"}


@dataclass(frozen=True, slots=True)
class Session:
    """One day's regular hours, in New York; `early` for a half day."""

    date: date
    open: datetime
    close: datetime
    early: bool


@dataclass(frozen=True, slots=True)
class State:
    """What the exchange is doing at a moment, and `why`.

    `date` is the day in New York; `opens_at` and `closes_at` are its regular hours, None on a day without;
    `next_open` is the first one later than the moment, None where no calendar rules (the demo).
    """

    state: Literal["pre", "open", "after", "closed"]
    why: str
    date: date
    opens_at: datetime | None
    closes_at: datetime | None
    next_open: datetime | None

    @property
    def label(self) -> str:
        """The state with its reason, as answers carry it: "closed (weekend)"."""
        return f"{self.state} ({self.why})"


class Calendar:
    """The sessions of a span of days: built once, then answers of a few µs without pandas.

    Questions about days before `first` or after `last` are a ValueError that names the span.
    """

    def __init__(self, sessions: Iterable[Session], holidays: Mapping[date, str], first: date, last: date) -> None:
        """`sessions` in order of date; `holidays` the names of the weekdays without one, where known."""
        self.sessions = tuple(sessions)
        self.first = first
        self.last = last
        self.holidays = MappingProxyType(dict(holidays))
        self._by_date = {session.date: session for session in self.sessions}
        self._opens = [session.open for session in self.sessions]

    @classmethod
    def around(cls, day: date, before: int = 400, after: int = 1200) -> Self:
        """The NYSE's calendar from `before` days before `day` until `after` days later (LEAPS are in it).

        Source: pandas_market_calendars. The first use costs its import, up to a second: keep it off the loop.
        """
        import pandas_market_calendars  # with pandas, the slowest import of a cold start

        first, last = day - timedelta(before), day + timedelta(after)
        exchange = pandas_market_calendars.get_calendar("NYSE")
        schedule = exchange.schedule(first, last)
        early = {stamp.date() for stamp in exchange.early_closes(schedule).index}
        sessions = [
            Session(
                stamp.date(),
                opening.to_pydatetime().astimezone(NEW_YORK),
                closing.to_pydatetime().astimezone(NEW_YORK),
                stamp.date() in early,
            )
            for stamp, opening, closing in schedule[["market_open", "market_close"]].itertuples()
        ]
        named = exchange.regular_holidays.holidays(first, last, return_name=True)
        return cls(sessions, {stamp.date(): _known_as(name) for stamp, name in named.items()}, first, last)

    def session(self, day: date) -> Session | None:
        """The regular hours of a day in New York; None if there are none."""
        self._within(day)
        return self._by_date.get(day)

    def state(self, now: datetime) -> State:
        """What the exchange is doing at an aware datetime; pre-market from 4:00, after hours to 20:00 (17:00)."""
        moment = _in_new_york(now)
        day = moment.date()
        session = self.session(day)
        following = bisect_right(self._opens, moment)
        if following == len(self._opens):
            raise ValueError(f"the calendar knows no session after {day}: it ends on {self.last}")
        state, why = self._phase(moment, session)
        opens_at, closes_at = (session.open, session.close) if session else (None, None)
        return State(state, why, day, opens_at, closes_at, self._opens[following])

    def is_monthly(self, day: date) -> bool:
        """Whether options that expire on a day are monthly: a month's third Friday, the day before where it is closed.

        Source: the OCC's expiration calendar. A Friday outside the span is taken for open.
        """
        friday = day + timedelta(days=(4 - day.weekday()) % 7)
        closed = self.first <= friday <= self.last and friday not in self._by_date
        return 15 <= friday.day <= 21 and day == (friday - timedelta(days=1) if closed else friday)

    def settlement(self, expiration: date, settled: Literal["AM", "PM"]) -> datetime:
        """When what expires on a date gets its final value, in New York: at the close, AM settled at the open.

        16:00, 13:00 on half days; 9:30 AM settled (the opening prices of that morning). A date without a session
        settles with the session before it; one outside the span is taken for a whole day.
        Source: the OCC's and Cboe's contract specifications.
        """
        place = bisect_right(self.sessions, expiration, key=lambda session: session.date)
        if not self.first <= expiration <= self.last or not place:
            return datetime.combine(expiration, _OPEN if settled == "AM" else _CLOSE, NEW_YORK)
        session = self.sessions[place - 1]
        return session.open if settled == "AM" else session.close

    def _phase(
        self, moment: datetime, session: Session | None
    ) -> tuple[Literal["pre", "open", "after", "closed"], str]:
        if session is None:
            return "closed", self._why_closed(moment.date())
        wall = moment.time()
        if session.open.time() <= wall < session.close.time():
            return "open", f"early close {session.close:%H:%M}" if session.early else "regular hours"
        if _PRE <= wall < session.open.time():
            return "pre", "before the open"
        if session.close.time() <= wall < (_AFTER_EARLY if session.early else _AFTER):
            return "after", f"after the close {session.close:%H:%M}"
        return "closed", "overnight"

    def _why_closed(self, day: date) -> str:
        if day.isoweekday() > 5:
            return "weekend"
        name = self.holidays.get(day)
        return f"holiday ({name})" if name else "holiday"

    def _within(self, day: date) -> None:
        if not self.first <= day <= self.last:
            raise ValueError(f"the calendar covers {self.first} to {self.last}, not {day}")


def days_to_expiration(expiration: date, now: datetime) -> int:
    """Calendar days from an aware `now` to `expiration` in New York: 0 on the day itself, negative afterwards."""
    return (expiration - _in_new_york(now).date()).days


def years_until(moment: datetime, now: datetime) -> float:
    """Minutes from `now` to `moment`, both aware, as a fraction of a year of 525,600; 0 once it is past."""
    left = moment.astimezone(UTC) - now.astimezone(UTC)  # of one zone, Python subtracts what its clocks show
    return max(left.total_seconds() / 60, 0.0) / MINUTES_A_YEAR


def _in_new_york(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone: datetime.now(UTC), not datetime.now()")
    return moment.astimezone(NEW_YORK)


def _known_as(name: str) -> str:
    """The library's name of a holiday without the years of its rule: `Good Friday 1908+`."""
    plain = re.split(r" (?=[0-9]{4}|Starting|Before)", name)[0]
    return _WELL_KNOWN.get(plain, plain)
