"""Schedules against the calendar: daylight saving, half days, holidays, what was missed."""

from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise

import pytest

from ttai.background.jobs import Schedule
from ttai.background.triggers import Plan, due_since, trigger
from ttai.clock import NEW_YORK
from ttai.quant.calendar import Calendar


@cache
def calendar() -> Calendar:
    return Calendar.around(date(2026, 11, 20), before=30, after=500)


def new_york(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def moments(text: str, since: str, count: int) -> list[str]:
    """The next runs on New York's wall clock, as a process that looks often enough sees them."""
    now = new_york(since)
    plan = Plan(_read(text), calendar(), now)
    seen = []
    for _ in range(count):
        assert plan.next is not None
        seen.append(plan.next.astimezone(NEW_YORK).strftime("%Y-%m-%d %H:%M %Z"))
        assert plan.take(plan.next)
    return seen


def _read(text: str) -> Schedule:
    schedule = Schedule.read(text)
    assert schedule is not None
    return schedule


def test_nine_o_clock_is_nine_o_clock_when_the_clocks_change() -> None:
    assert moments("cron hour=9", "2026-10-30T12:00", 3) == [
        "2026-10-31 09:00 EDT", "2026-11-01 09:00 EST", "2026-11-02 09:00 EST"
    ]  # fmt: skip
    assert moments("cron hour=9", "2027-03-12T12:00", 3) == [
        "2027-03-13 09:00 EST", "2027-03-14 09:00 EDT", "2027-03-15 09:00 EDT"
    ]  # fmt: skip
    assert moments("cron hour=9", "2026-03-07T08:00", 2) == ["2026-03-07 09:00 EST", "2026-03-08 09:00 EDT"]


@pytest.mark.parametrize("since", ["2026-10-31T20:00", "2027-03-13T20:00", "2026-03-07T20:00"])
def test_an_interval_keeps_its_spacing_when_the_clocks_change(since: str) -> None:
    plan = Plan(_read("interval hours=3"), None, new_york(since))
    seen = []
    for _ in range(6):
        assert plan.next is not None
        seen.append(plan.next.timestamp())
        plan.take(plan.next)
    assert {later - sooner for sooner, later in pairwise(seen)} == {3 * 3600.0}


def test_weekdays_are_those_that_are_named() -> None:
    assert moments("cron day_of_week=mon-fri hour=17", "2026-11-20T12:00", 2) == [
        "2026-11-20 17:00 EST", "2026-11-23 17:00 EST"
    ]  # fmt: skip
    assert moments("cron day_of_week=fri hour=17 minute=30", "2026-11-20T18:00", 1) == ["2026-11-27 17:30 EST"]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("session at=close", ["2026-11-25 16:00 EST", "2026-11-27 13:00 EST", "2026-11-30 16:00 EST"]),
        ("session at=close plus=5", ["2026-11-25 16:05 EST", "2026-11-27 13:05 EST", "2026-11-30 16:05 EST"]),
        ("session at=close plus=-30", ["2026-11-25 15:30 EST", "2026-11-27 12:30 EST", "2026-11-30 15:30 EST"]),
        ("session at=open", ["2026-11-25 09:30 EST", "2026-11-27 09:30 EST", "2026-11-30 09:30 EST"]),
        ("session at=open plus=-30", ["2026-11-25 09:00 EST", "2026-11-27 09:00 EST", "2026-11-30 09:00 EST"]),
        ("session at=open plus=0.5", ["2026-11-25 09:30 EST", "2026-11-27 09:30 EST", "2026-11-30 09:30 EST"]),
    ],
)
def test_sessions_know_thanksgiving_and_the_half_day_after_it(text: str, seen: list[str]) -> None:
    assert moments(text, "2026-11-25T08:00", 3) == seen


def test_sessions_open_at_half_past_nine_on_both_sides_of_a_change() -> None:
    assert moments("session at=open", "2027-03-12T12:00", 1) == ["2027-03-15 09:30 EDT"]
    assert moments("session at=close plus=15", "2026-10-30T12:00", 2) == [
        "2026-10-30 16:15 EDT",
        "2026-11-02 16:15 EST",
    ]


def test_past_the_calendars_end_there_is_no_run() -> None:
    assert Plan(_read("session at=open"), calendar(), new_york("2029-01-02T08:00")).next is None


def test_runs_that_were_slept_through_are_one() -> None:
    now = new_york("2026-11-20T10:00")
    plan = Plan(_read("interval minutes=5"), None, now)
    assert not plan.take(now + timedelta(minutes=4))
    later = now + timedelta(hours=3)
    assert plan.take(later)
    assert not plan.take(later)
    assert plan.next == later + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("text", "last", "now", "was_due"),
    [
        ("cron hour=9", "2026-11-19T09:00", "2026-11-20T08:59", False),
        ("cron hour=9", "2026-11-19T09:00", "2026-11-20T09:00", True),
        ("cron hour=9", "2026-11-20T09:00:00.2", "2026-11-20T10:31", False),
        ("interval minutes=5", "2026-11-20T10:00", "2026-11-20T10:04", False),
        ("interval minutes=5", "2026-11-20T10:00", "2026-11-20T10:06", True),
        ("session at=close plus=5", "2026-11-25T16:05", "2026-11-27T13:04", False),
        ("session at=close plus=5", "2026-11-25T16:05", "2026-11-27T13:05", True),
        ("session at=close", "2027-01-01T00:00", "2026-11-27T13:05", False),  # the clock was wrong then
    ],
)
def test_whether_a_run_was_missed(text: str, last: str, now: str, was_due: bool) -> None:
    made = trigger(_read(text), calendar(), new_york(now))
    assert due_since(made, new_york(last), new_york(now)) is was_due


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cron hour=nine", '"nine" for field "hour"'),
        ("cron minute=*/0", 'for field "minute"|higher than 0'),
        ("cron day=40-50", 'for field "day"|higher than'),
        ("cron hour=5-2", 'for field "hour"|must not be higher'),
    ],
)
def test_what_apscheduler_cannot_read_is_a_value_error(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        trigger(_read(text), None, new_york("2026-11-20T10:00"))


def test_a_schedule_by_sessions_asks_for_the_calendar() -> None:
    with pytest.raises(ValueError, match="needs the calendar"):
        trigger(_read("session at=open"), None, new_york("2026-11-20T10:00"))
