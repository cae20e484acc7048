"""Trend: which way the closes went, how steadily and how fast."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import expm1, log1p
from typing import Literal

from ttai.quant.bars import Bars
from ttai.quant.swings import Swing

Direction = Literal["up", "down", "sideways"]

TREND_BARS = 20
STEADY = 0.25
MOVED = 0.1


@dataclass(frozen=True, slots=True)
class Trend:
    """The line of least squares through the logarithms of the closes, and how well they keep to it.

    `direction` is sideways where `r_squared` is below 0.25, that is where the line climbs or falls by less than twice
    the scatter of the closes around it; but what moved by a tenth, line and closes the same way, is no standstill
    however unsteady. `slope_percent` is the line's change per bar, in percent of the price. `quality`, 0 to 100, says
    how cleanly the closes go the line's way: the mean of R², the share of closes on its side of their 20-bar average,
    and the share of swing highs and lows beyond the one before (left out where no swing has one before); None where
    they go sideways. `r_squared` is None where all closes are equal.
    """

    direction: Direction
    quality: float | None
    slope_percent: float
    r_squared: float | None


def find_trend(bars: Bars, swings: Sequence[Swing]) -> Trend:
    """The trend of the bars and their swings; ValueError for fewer than 20 bars, or closes without a logarithm."""
    import numpy as np

    closes = bars.close
    if len(closes) < TREND_BARS:
        raise ValueError(f"a trend needs {TREND_BARS} bars, here are {len(closes)}")
    if closes.min() <= 0:
        raise ValueError("a trend needs prices above 0: others have no logarithm")
    if closes.min() == closes.max():
        return Trend("sideways", None, 0.0, None)
    logs = np.log(closes)
    logs -= logs.mean()
    steps = np.arange(len(logs)) - (len(logs) - 1) / 2
    together, alone = float(steps @ logs), float(steps @ steps)
    r_squared = min(together**2 / (alone * float(logs @ logs)), 1.0)
    sign = 1 if together > 0 else -1
    slope = together / alone
    moved = min(sign * slope * (len(logs) - 1), sign * float(logs[-1] - logs[0]))
    if r_squared < STEADY and moved < log1p(MOVED):
        return Trend("sideways", None, 100 * expm1(slope), r_squared)
    shares = [r_squared, *_shares(bars, swings, sign)]
    return Trend("up" if sign > 0 else "down", 100 * sum(shares) / len(shares), 100 * expm1(slope), r_squared)


def _shares(bars: Bars, swings: Sequence[Swing], sign: int) -> list[float]:
    """How many of the closes, and of the steps from swing to swing, go one way (`sign`)."""
    import numpy as np
    import talib

    averages = talib.SMA(bars.close, TREND_BARS)[TREND_BARS - 1 :]
    shares = [float(np.mean(sign * (bars.close[TREND_BARS - 1 :] - averages) > 0))]
    moves = np.concatenate([np.diff([one.price for one in swings if one.side == side]) for side in ("high", "low")])
    if len(moves):
        shares.append(float(np.mean(sign * moves > 0)))
    return shares
