"""Swings: the highs and lows at which price turned."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING, Literal

from ttai.quant.bars import Bars, Time

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ttai.quant.bars import Numbers


@dataclass(frozen=True, slots=True)
class Swing:
    """A high or a low, in dollars; `time` is its bar's beginning, `index` that bar's place among them."""

    side: Literal["high", "low"]
    price: float
    time: Time
    index: int


def swing_width(count: int) -> int:
    """How many bars on each side confirm a swing: a quarter of the root of their number, 2 to 10.

    That is 2 for 60 bars, 3 for 180, 10 for 2,000: about as many swings as an eye takes in at once.
    """
    return min(max(isqrt(count // 16), 2), 10)


def find_swings(bars: Bars, width: int) -> tuple[Swing, ...]:
    """The confirmed swings, oldest first; none where there are fewer than 2 × `width` + 1 bars.

    A swing high is above the highs of the `width` bars before it and not below those of the `width` bars after it (the
    first of equals counts); a low likewise. Source: Bill Williams, Trading Chaos (1995), whose fractal has width 2.
    """
    if len(bars) < 2 * width + 1:
        return ()
    found = _marked(bars, "high", _turns(bars.high, width)) + _marked(bars, "low", _turns(-bars.low, width))
    return tuple(sorted(found, key=lambda swing: swing.index))


def dominant_swing(bars: Bars) -> tuple[Swing, Swing] | None:
    """The widest move of the bars: lowest low and highest high (the first of equals), in the order of time.

    None where one bar is both: which came first, it doesn't say. The younger of the two need not be confirmed.
    """
    lowest, highest = int(bars.low.argmin()), int(bars.high.argmax())
    if lowest == highest:
        return None
    [low], [high] = _marked(bars, "low", [lowest]), _marked(bars, "high", [highest])
    return (low, high) if lowest < highest else (high, low)


def _turns(values: "Numbers", width: int) -> "NDArray[np.intp]":
    import numpy as np

    windows = np.lib.stride_tricks.sliding_window_view(values, width).max(axis=1)
    centre = values[width:-width]
    return np.flatnonzero((centre > windows[: len(centre)]) & (centre >= windows[width + 1 :])) + width


def _marked(bars: Bars, side: Literal["high", "low"], places: Iterable[int]) -> list[Swing]:
    prices = bars.high if side == "high" else bars.low
    return [Swing(side, float(prices[place]), bars.begins(place), int(place)) for place in places]
