"""Where a chart's time axis is marked, and with which words."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ttai.quant.bars import Bars

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Tick(NamedTuple):
    """A mark on the time axis: which bar, its words, whether something larger than its unit begins there."""

    bar: int
    words: str
    major: bool


def _time(moment: datetime) -> str:
    return f"{moment:%H:%M}"


def _date(moment: datetime) -> str:
    return f"{moment:%b} {moment.day}"


def _date_of_year(moment: datetime) -> str:
    return f"{moment:%b} {moment.day}, {moment.year}"


def _month(moment: datetime) -> str:
    return f"{moment:%b}"


def _month_of_year(moment: datetime) -> str:
    return f"{moment:%b} {moment.year}"


def _year(moment: datetime) -> str:
    return str(moment.year)


class _Unit(NamedTuple):
    """A rhythm of ticks: one where `key` changes, in `larger` words where `whole` changes with it."""

    key: "NDArray[np.int64]"
    words: Callable[[datetime], str]
    whole: "NDArray[np.int64]"
    larger: Callable[[datetime], str]


def _units(bars: Bars) -> list[_Unit]:
    """The rhythms that suit these bars, finest first."""
    day, month, year = (bars.clock.astype(f"datetime64[{unit}]").astype("int64") for unit in "DMY")
    units = [
        _Unit(day, _date, year, _date_of_year),
        _Unit((day + 3) // 7, _date, year, _date_of_year),  # the epoch was a Thursday
        _Unit(month, _month, year, _month_of_year),
        _Unit(month // 3, _month, year, _month_of_year),
        *(_Unit(year // span, _year, year // span, _year) for span in (1, 2, 5, 10, 20, 50)),
    ]
    if bars.interval.intraday:
        minute = bars.clock.astype("datetime64[m]").astype("int64")
        units = [*(_Unit(minute // span, _time, day, _date) for span in (1, 5, 15, 30, 60, 120, 240)), *units]
    return units


def time_ticks(bars: Bars, pitch: float, apart: float) -> list[Tick]:
    """Ticks at the beginnings of the finest unit that leaves `apart` pixels between them; `pitch` is a bar's width.

    Times and dates are New York's. Where two stand too close, the larger beginning wins.
    """
    import numpy as np

    most = max(len(bars) * pitch / apart, 1)
    units = _units(bars)
    unit = next((u for u in units if np.count_nonzero(np.diff(u.key)) <= most), units[-1])
    begins = np.flatnonzero(np.diff(unit.key, prepend=unit.key[0] - 1))
    major = np.diff(unit.whole, prepend=unit.whole[0] - 1)[begins] != 0
    chosen: list[Tick] = []
    for at in sorted(range(len(begins)), key=lambda n: (not major[n], n == 0, n)):
        bar = int(begins[at])
        if all(abs(bar - other.bar) * pitch >= apart for other in chosen):
            moment = bars.clock[bar].astype("datetime64[ms]").item()
            chosen.append(Tick(bar, (unit.larger if major[at] else unit.words)(moment), bool(major[at])))
    return sorted(chosen)
