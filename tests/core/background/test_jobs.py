"""When a job runs, as its author and the user write it."""

from typing import Any

import pytest

from ttai.background.jobs import Job, Schedule


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("interval", {"minutes": 5}, "interval minutes=5"),
        ("interval", {"hours": 1, "seconds": 0.5}, "interval hours=1 seconds=0.5"),
        ("cron", {"day_of_week": "mon-fri", "hour": 9}, "cron day_of_week=mon-fri hour=9"),
        ("cron", {"minute": "*/10"}, "cron minute=*/10"),
        ("session", {"at": "open"}, "session at=open"),
        ("session", {"at": "close", "plus": -5}, "session at=close plus=-5"),
    ],
)
def test_a_schedule_reads_as_it_is_written(kind: str, options: dict[str, Any], said: str) -> None:
    schedule = Schedule(kind, options)
    assert str(schedule) == said
    assert Schedule.read(said) == schedule
    assert Schedule.read(f"  {said.replace(' ', '   ')} ") == schedule


def test_off_is_no_schedule() -> None:
    assert Schedule.read("off") is None


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("daily", {}, "a schedule is one of interval, cron, session, not 'daily'"),
        ("interval", {}, "interval needs one of days, hours, minutes, seconds, weeks"),
        ("interval", {"minute": 5}, "interval takes days, hours, minutes, seconds, weeks, not minute"),
        ("interval", {"minutes": 0}, "a second at least"),
        ("interval", {"seconds": 0.01}, "a second at least"),
        ("interval", {"minutes": -5}, "a positive number"),
        ("interval", {"minutes": "5"}, "a positive number"),
        ("interval", {"minutes": True}, "a positive number"),
        ("interval", {"minutes": float("nan")}, "a positive number"),
        ("interval", {"weeks": float("inf")}, "a positive number"),
        ("interval", {"weeks": 10**7}, "a year at most"),
        ("cron", {}, "cron needs one of"),
        ("cron", {"weekday": "fri"}, "cron takes day, day_of_week"),
        ("cron", {"day_of_week": 5}, "day_of_week=5 is ambiguous; write names: mon-fri"),
        ("cron", {"day_of_week": "1-5"}, "day_of_week=1-5 is ambiguous; write names: mon-fri"),
        ("cron", {"hour": 24}, "hour=24 is not between 0 and 23"),
        ("cron", {"minute": -1}, "minute=-1 is not between 0 and 59"),
        ("cron", {"hour": 9.5}, "hour=9.5 is no number and no expression"),
        ("cron", {"hour": None}, "hour=None is no number and no expression"),
        ("cron", {"hour": ""}, "hour='' is no number and no expression"),
        ("session", {"plus": 5}, 'session takes at="open" or at="close"'),
        ("session", {"at": "noon"}, 'session takes at="open" or at="close"'),
        ("session", {"at": "open", "plus": "soon"}, "plus, a number of minutes"),
        ("session", {"at": "open", "plus": 1441}, "a day at most"),
    ],
)
def test_a_bad_schedule_says_what_is_wrong(kind: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=r"^") as caught:
        Schedule(kind, options)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "on", "off now", "interval", "interval minutes", "interval minutes=often", "interval minutes=", "=",
             "interval =5", "cron day_of_week=1", "session at", "minutes=5", "interval minutes=5 x=1"]
)  # fmt: skip
def test_what_the_user_mistypes_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(a schedule|interval|an interval|cron|day_of_week|session)"):
        Schedule.read(text)


@pytest.mark.parametrize(("field", "said"), [("during", "open, extended"), ("needs", "market, broker")])
def test_a_job_refuses_conditions_it_does_not_know(field: str, said: str) -> None:
    async def work() -> None: ...

    with pytest.raises(ValueError, match=f"{field} is one of {said}, not 'night'"):
        Job("alarm", "vix", work, Schedule("interval", {"minutes": 5}), **{field: "night"})  # type: ignore[arg-type]
