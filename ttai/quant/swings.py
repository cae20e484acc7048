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


def find_swings(bars: Bars, width: int, slack: float = 0.0, after: int | None = None) -> tuple[Swing, ...]:
    """The swings, oldest first, that `after` bars have confirmed (None: `width`; one of fewer may yet go).

    A swing high is a turn, above the bar before it and not below the one after it, that none of the `width` bars before
    it and after it tops by more than `slack` dollars: highs as good as equal are one ceiling touched several times, not
    each other's rivals. A low likewise. Source: Bill Williams, Trading Chaos (1995), whose fractal has width 2.
    """
    after = width if after is None else after
    found = [
        *_marked(bars, "high", _turns(bars.high, width, slack, after)),
        *_marked(bars, "low", _turns(-bars.low, width, slack, after)),
    ]
    return tuple(sorted(found, key=lambda swing: swing.index))


def extremes(bars: Bars) -> tuple[Swing, Swing]:
    """The lowest low and the highest high (the first of equals), confirmed or not."""
    [low] = _marked(bars, "low", [int(bars.low.argmin())])
    [high] = _marked(bars, "high", [int(bars.high.argmax())])
    return low, high


def dominant_swing(bars: Bars) -> tuple[Swing, Swing] | None:
    """The widest move of the bars: lowest low and highest high, in the order of time.

    None where one bar is both: which came first, it doesn't say. The younger of the two need not be confirmed.
    """
    low, high = extremes(bars)
    if low.index == high.index:
        return None
    return (low, high) if low.index < high.index else (high, low)


def _turns(values: "Numbers", width: int, slack: float, after: int) -> "NDArray[np.intp]":
    import numpy as np

    if len(values) < width + 1 + after:
        return np.empty(0, dtype=np.intp)
    values = np.append(values, np.full(width - after, -np.inf))
    highest = np.lib.stride_tricks.sliding_window_view(values, 2 * width + 1).max(axis=1)
    before, centre, next_ = values[width - 1 : -width - 1], values[width:-width], values[width + 1 :][: len(highest)]
    return np.flatnonzero((centre > before) & (centre >= next_) & (centre >= highest - slack)) + width


def _marked(bars: Bars, side: Literal["high", "low"], places: Iterable[int]) -> list[Swing]:
    prices = bars.high if side == "high" else bars.low
    return [Swing(side, float(prices[place]), bars.begins(place), int(place)) for place in places]
