"""Which days an answer is about; pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from ttai.quant.texts import brief

MONTH = timedelta(days=30)
LONGEST = timedelta(days=731)
FIRST = 2000  # a year: nothing is older


@dataclass(frozen=True)
class Period:
    """Days of New York, both ends among them; `notes` say where it is not as it was asked for."""

    start: date
    end: date
    notes: tuple[str, ...] = ()


def last_month(end: date) -> date:
    """The day 30 days before."""
    return end - MONTH


def year_to_date(end: date) -> date:
    """The first of January of the year."""
    return end.replace(month=1, day=1)


def period(start: str | None, end: str | None, today: date, usual: Callable[[date], date] = last_month) -> Period:
    """The days from `start` (else the `usual` one for the end) to `end` (else today), as ISO dates.

    An end after today is today, with a note. ValueError for what is no date, a start after the end or after today, and
    more than two years.
    """
    last = today if end is None else _day(end, "end")
    notes: tuple[str, ...] = ()
    if last > today:
        last, notes = today, (f"end {last} is to come: cut to today, {today}",)
    first = usual(last) if start is None else _day(start, "start")
    if first > last:
        raise ValueError(f"start {first} is after {'today' if last == today else 'end'}, {last}")
    if last - first > LONGEST:
        raise ValueError(f"{first} to {last} is more than two years; send a later start, or ask in parts")
    return Period(first, last, notes)


def _day(text: str, name: str) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{name} {brief(text)} is no date; one looks like 2026-12-18") from None
    if day.year < FIRST:
        raise ValueError(f"{name} {day} is before {FIRST}: there are no entries so old")
    return day
