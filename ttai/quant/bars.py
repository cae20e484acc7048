"""Price bars as columns of numbers: what indicators, levels and charts are made of."""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from ttai.quant.intervals import REGULAR, Interval

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

Time = date | datetime
"""When a bar begins: a day's and a week's has a date, a shorter one a moment (UTC)."""

SESSIONS = 252
"""Trading days a year, by the convention of volatility."""

_NEWEST = 5_000  # bars whose days are counted: a week of minutes


@dataclass(frozen=True, eq=False)
class Bars:
    """The bars of one symbol and interval, oldest first: arrays of one length.

    `time` is the bar's beginning, datetime64[ms] in UTC; a daily or weekly bar stands at midnight UTC of its date.
    Prices are dollars (index points for an index), `volume` shares. NaN is unknown: an index has no volume.
    """

    interval: Interval
    time: "NDArray[np.datetime64]"
    open: "Numbers"
    high: "Numbers"
    low: "Numbers"
    close: "Numbers"
    volume: "Numbers"

    @classmethod
    def of(cls, frame: "pl.DataFrame", interval: Interval) -> Self:
        """The bars of a frame with the columns `time open high low close volume`; no copy where nothing is null."""
        import numpy as np

        columns: dict[str, Any] = {name: frame[name].to_numpy() for name in PRICES}
        for name in PRICES:
            columns[name] = np.ascontiguousarray(columns[name], dtype=np.float64)
        return cls(interval, frame["time"].to_numpy().astype("datetime64[ms]"), **columns)

    def __len__(self) -> int:
        return len(self.close)

    def __getitem__(self, part: slice) -> Self:
        """A stretch of them."""
        return type(self)(self.interval, self.time[part], *(getattr(self, name)[part] for name in PRICES))

    def begins(self, place: int) -> Time:
        """When the bar at a place begins."""
        moment: datetime = self.time[place].item()
        return moment.replace(tzinfo=UTC) if self.interval.intraday else moment.date()

    @cached_property
    def clock(self) -> "NDArray[np.datetime64]":
        """What New York's clocks show when each bar begins, datetime64[ms]; midnight of its date for a day or week."""
        import polars as pl

        if not self.interval.intraday:
            return self.time
        moments = pl.Series(self.time).dt.replace_time_zone("UTC").dt.convert_time_zone("America/New_York")
        return moments.dt.replace_time_zone(None).to_numpy()

    @cached_property
    def day(self) -> "NDArray[np.datetime64]":
        """The date of each bar in New York, datetime64[D]."""
        return self.clock.astype("datetime64[D]")

    @cached_property
    def per_year(self) -> float:
        """How many such bars a year has: what volatility is annualised with.

        252 a year if daily, 52 if weekly; within the day 252 × the median count of the whole days among the newest
        bars, which knows of extended hours; without a whole day, as many as fill a regular session of 6.5 h.
        """
        import numpy as np

        if not self.interval.intraday:
            return 52.0 if self.interval.unit == "week" else float(SESSIONS)
        counts = np.unique(self[-_NEWEST:].day, return_counts=True)[1][1:-1]
        return SESSIONS * float(np.median(counts) if len(counts) else REGULAR / self.interval.minutes)

    @cached_property
    def has_volume(self) -> bool:
        """Whether every bar says how much was traded, and something was."""
        volume = float(self.volume.sum())
        return math.isfinite(volume) and volume > 0

    @cached_property
    def has_ranges(self) -> bool:
        """Whether every bar has a high above its low: then no stretch of them stands still."""
        return bool((self.high > self.low).all())

    @property
    def sound(self) -> Self:
        """The bars since the last one that lacks a price: one NaN poisons every recurrence after it.

        A price is a finite number above zero.
        """
        return self if self._sound is None else self._sound

    @property
    def traded(self) -> Self:
        """The sound bars since the last one that lacks its volume; none where nothing was traded at all."""
        return self if self._traded is None else self._traded

    # None where they are the bars themselves: an object that holds itself lives until the collector comes by.
    @cached_property
    def _sound(self) -> Self | None:
        import numpy as np

        prices = (self.open, self.high, self.low, self.close)
        if not len(self) or all(column.min() > 0 and math.isfinite(column.sum()) for column in prices):
            return None
        whole = np.logical_and.reduce([np.isfinite(column) & (column > 0) for column in prices])
        return self[int(np.flatnonzero(~whole)[-1]) + 1 :]

    @cached_property
    def _traded(self) -> Self | None:
        import numpy as np

        sound = self.sound
        if sound.has_volume and sound.volume.min() >= 0:
            return self._sound
        gaps = np.flatnonzero(~(np.isfinite(sound.volume) & (sound.volume >= 0)))
        traded = sound[int(gaps[-1]) + 1 :] if len(gaps) else sound
        return traded if traded.has_volume else traded[:0]


PRICES = ("open", "high", "low", "close", "volume")
