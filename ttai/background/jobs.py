"""What a plugin wants done again and again: declared without APScheduler, which is loaded later."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, get_args

During = Literal["open", "extended"]
Needs = Literal["market", "broker"]

_SPANS = frozenset({"weeks", "days", "hours", "minutes", "seconds"})
_FIELDS = {
    "year": (1970, 9999),
    "month": (1, 12),
    "day": (1, 31),
    "week": (1, 53),
    "day_of_week": None,
    "hour": (0, 23),
    "minute": (0, 59),
    "second": (0, 59),
}
_OPTIONS: dict[str, frozenset[str]] = {
    "interval": _SPANS,
    "cron": frozenset(_FIELDS),
    "session": frozenset({"at", "plus"}),
}
OFF = "off"
LONGEST = timedelta(days=366)
DAY = 24 * 60  # minutes


@dataclass(frozen=True)
class Schedule:
    """When: `interval` minutes=5; `cron` day_of_week="fri", hour=17 (New York); `session` at="close", plus=5 (minutes).

    ValueError where APScheduler could not use it, or would misread it.
    """

    kind: str
    options: Mapping[str, Any]

    def __post_init__(self) -> None:
        if self.kind not in _OPTIONS:
            raise ValueError(f"a schedule is one of {', '.join(_OPTIONS)}, not {self.kind!r}")
        if strange := sorted(self.options.keys() - _OPTIONS[self.kind]):
            raise ValueError(f"{self.kind} takes {', '.join(sorted(_OPTIONS[self.kind]))}, not {', '.join(strange)}")
        if not self.options:
            raise ValueError(f"{self.kind} needs one of {', '.join(sorted(_OPTIONS[self.kind]))}")
        getattr(self, f"_check_{self.kind}")()

    def _check_interval(self) -> None:
        if not all(_is_number(value) and value >= 0 for value in self.options.values()):
            raise ValueError("an interval is a positive number of weeks, days, hours, minutes or seconds")
        if not timedelta(seconds=1) <= timedelta(**self.options) <= LONGEST:
            raise ValueError("an interval is a second at least and a year at most")

    def _check_cron(self) -> None:
        day = str(self.options.get("day_of_week", ""))
        if any(sign.isdigit() for sign in day):  # APScheduler's Monday is 0, cron's is 1
            raise ValueError(f"day_of_week={day} is ambiguous; write names: mon-fri")
        for name, value in self.options.items():
            if not isinstance(value, int | str) or isinstance(value, bool) or value == "":
                raise ValueError(f"{name}={value!r} is no number and no expression such as */5 or 9-16")
            if isinstance(value, int) and (span := _FIELDS[name]) and not span[0] <= value <= span[1]:
                raise ValueError(f"{name}={value} is not between {span[0]} and {span[1]}")

    def _check_session(self) -> None:
        plus = self.options.get("plus", 0)
        if self.options.get("at") not in ("open", "close") or not _is_number(plus) or abs(plus) > DAY:
            raise ValueError('session takes at="open" or at="close", and plus, a number of minutes, a day at most')

    @classmethod
    def read(cls, text: str) -> "Schedule | None":
        """A schedule as the user writes it: "interval minutes=10", "session at=close plus=5"; None for "off"."""
        kind, *words = text.split()[:20] or [""]
        if kind == OFF and not words:
            return None
        options = {name: _value(value) for name, _, value in (word.partition("=") for word in words)}
        return cls(kind, options)

    def __str__(self) -> str:
        return " ".join([self.kind, *(f"{name}={value}" for name, value in self.options.items())])


@dataclass(frozen=True)
class Job:
    """One job of one plugin; `during` and `needs` say when a run is skipped."""

    name: str
    plugin: str
    fn: Callable[[], Awaitable[object]]
    schedule: Schedule
    during: During | None = None
    needs: Needs | None = None

    def __post_init__(self) -> None:
        for name, kinds in (("during", During), ("needs", Needs)):
            value = getattr(self, name)
            if value is not None and value not in get_args(kinds):
                raise ValueError(f"{name} is one of {', '.join(get_args(kinds))}, not {value!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**8


def _value(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
