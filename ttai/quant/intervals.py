"""How long a bar may be."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from difflib import get_close_matches
from math import ceil
from typing import Literal

from ttai.quant.calendar import NEW_YORK
from ttai.quant.texts import brief

REGULAR, EXTENDED = 390, 960
"""Minutes of a session: from 9:30 to 16:00, and with pre-market and after hours from 4:00 to 20:00."""

_CLOSE = time(16)
_DAY = 1440  # minutes


@dataclass(frozen=True, slots=True)
class Interval:
    """One length of bars."""

    name: str
    minutes: int

    @property
    def intraday(self) -> bool:
        """Whether a session has several."""
        return self.minutes < _DAY

    @property
    def unit(self) -> Literal["bar", "day", "week"]:
        """What one bar is called."""
        return "bar" if self.intraday else "day" if self.minutes == _DAY else "week"

    def ends(self, begins: datetime) -> datetime:
        """When the bar that begins then is over: a day's and a week's with New York's regular hours."""
        if self.intraday:
            return begins + timedelta(minutes=self.minutes)
        last = begins.date() + timedelta(days=4 if self.unit == "week" else 0)
        return datetime.combine(last, _CLOSE, NEW_YORK)

    def in_session(self, *, extended: bool) -> int:
        """How many such bars, shorter than a day, a whole session has."""
        return ceil((EXTENDED if extended else REGULAR) / self.minutes)


INTERVALS = {
    interval.name: interval
    for interval in (
        Interval("1m", 1),
        Interval("5m", 5),
        Interval("15m", 15),
        Interval("30m", 30),
        Interval("1h", 60),
        Interval("1d", _DAY),
        Interval("1w", 7 * _DAY),
    )
}

_OTHERS = {
    "1min": "1m", "5min": "5m", "15min": "15m", "30min": "30m", "60m": "1h", "60min": "1h", "1hour": "1h",
    "hourly": "1h", "day": "1d", "daily": "1d", "1day": "1d",
    "week": "1w", "weekly": "1w", "month": "1w", "monthly": "1w", "1mo": "1w",
}  # fmt: skip


def named(name: str) -> Interval:
    """The interval of that name; ValueError lists them, with the nearest guess. 1M is a month elsewhere: no minute."""
    text = name.strip().lower() if name.strip() != "1M" else "1mo"
    found = INTERVALS.get(text)
    if found is None:
        near = get_close_matches(text, [*INTERVALS, *_OTHERS], n=1, cutoff=0.1)
        guess = f"; did you mean {_OTHERS.get(near[0], near[0])}" if near else ""
        raise ValueError(f"there is no interval {brief(name)}{guess}. Ask for one of {', '.join(INTERVALS)}")
    return found
