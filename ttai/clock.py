"""What time it is, and how long a call may still take."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


class Clock:
    """The one source of time; `ttai.testing` has one that stands still."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)

    def new_york(self) -> datetime:
        """The present moment on the exchange's wall clock."""
        return self.now().astimezone(NEW_YORK)

    def monotonic(self) -> float:
        """Seconds that never run backwards: for ages and lifetimes."""
        return time.monotonic()


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Let `time_left` count down from `seconds` inside; an earlier outer deadline holds."""
    end = time.monotonic() + seconds
    outer = _deadline.get()
    token = _deadline.set(end if outer is None else min(end, outer))
    try:
        yield
    finally:
        _deadline.reset(token)


def time_left(default: float) -> float:
    """Seconds the current call may still take; `default` where no deadline was set (jobs)."""
    end = _deadline.get()
    return default if end is None else max(0.0, end - time.monotonic())
