"""Time that moves only when told to."""

from datetime import UTC, datetime, timedelta

from ttai.clock import NEW_YORK, Clock

# A Friday morning with the market open.
MORNING = datetime(2026, 11, 20, 10, 31, tzinfo=NEW_YORK)


class FrozenClock(Clock):
    """Stands at `now` until `advance` or `set` is called."""

    def __init__(self, now: datetime = MORNING) -> None:
        self._now = now
        self._passed = 0.0

    def now(self) -> datetime:
        return self._now.astimezone(UTC)

    def monotonic(self) -> float:
        return self._passed

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)
        self._passed += seconds

    def set(self, now: datetime) -> None:
        """Jump to an aware moment; ages measured by `monotonic` are not touched."""
        self._now = now
