"""Schedules as APScheduler's triggers; loaded through the warm-up door alone."""

from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from ttai.background.jobs import Schedule
from ttai.clock import NEW_YORK
from ttai.quant.calendar import Calendar


class SessionTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler is untyped
    """So many minutes after (or before) every session's open or close, half days and holidays as they are."""

    def __init__(self, calendar: Calendar, at: str, plus: float = 0) -> None:
        shift = timedelta(minutes=plus)
        self._moments = [(session.open if at == "open" else session.close) + shift for session in calendar.sessions]

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """The first moment not before `now` and later than the one before; None past the calendar's end."""
        following = bisect_left(self._moments, now)
        if previous_fire_time is not None:
            following = max(following, bisect_right(self._moments, previous_fire_time))
        return self._moments[following] if following < len(self._moments) else None


def trigger(schedule: Schedule, calendar: Calendar | None, now: datetime) -> Any:
    """The trigger of a schedule that begins now; a session's needs the calendar.

    ValueError where APScheduler can't read its fields.
    """
    options = dict(schedule.options)
    if schedule.kind == "interval":
        return IntervalTrigger(**options, start_date=now.astimezone(UTC) + timedelta(**options), timezone=NEW_YORK)
    if schedule.kind == "cron":
        return CronTrigger(**options, timezone=NEW_YORK)
    if calendar is None:
        raise ValueError("a schedule by sessions needs the calendar")
    return SessionTrigger(calendar, **options)


class Plan:
    """When a job runs next; None where never."""

    def __init__(self, schedule: Schedule, calendar: Calendar | None, now: datetime) -> None:
        """As `trigger` has it."""
        self._trigger = trigger(schedule, calendar, now)
        self.next = self._after(now)

    def take(self, now: datetime) -> bool:
        """Whether its time has come; then the next one follows, however many were passed over."""
        if self.next is None or self.next > now:
            return False
        self.next = self._after(now)
        return True

    def missed(self, last: datetime, now: datetime) -> bool:
        """Whether a run was due after `last` and until `now`."""
        return due_since(self._trigger, last, now)

    def _after(self, moment: datetime) -> datetime | None:
        # In UTC: sums on a wall clock go wrong in the hour that comes twice.
        later = moment.astimezone(UTC) + timedelta(microseconds=1)
        following: datetime | None = self._trigger.get_next_fire_time(None, later)
        return following and following.astimezone(UTC)


def due_since(trigger: Any, last: datetime, now: datetime) -> bool:
    """Whether a run was due after `last` and until `now`."""
    moment = trigger.get_next_fire_time(last, last)
    return moment is not None and moment <= now
