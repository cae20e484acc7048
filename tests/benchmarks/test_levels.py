"""Levels of 2,000 bars, beside the plain passes over the same numbers that they rest on."""

from collections.abc import Callable
from time import perf_counter

import numpy as np
import pytest
import talib

from tests.price_paths import random_walk, recorded
from ttai.quant.bars import Bars
from ttai.quant.levels import find_levels

pytestmark = pytest.mark.bench


def best(work: Callable[[Bars], object], bars: Bars) -> float:
    """Milliseconds, the best of 7, each on bars that remember nothing."""
    took = []
    for _ in range(7):
        fresh = bars[:]
        began = perf_counter()
        work(fresh)
        took.append((perf_counter() - began) * 1000)
    return min(took)


def passes(bars: Bars) -> None:
    """TA-Lib's ATR and average, a fit, a sort, running extremes: one call each."""
    talib.ATR(bars.high, bars.low, bars.close, 14)
    talib.SMA(bars.close, 20)
    np.polyfit(np.arange(len(bars)), np.log(bars.close), 1)
    np.sort(bars.volume)
    np.minimum.accumulate(bars.low)
    np.maximum.accumulate(bars.high)
    talib.MAX(bars.high, 21)
    talib.MIN(bars.low, 21)


SERIES: dict[str, Callable[[], Bars]] = {
    "2,000 bars of AAPL": lambda: recorded("AAPL")[-2000:],
    "2,000 bars of IBM": lambda: recorded("IBM")[-2000:],
    "2,000 bars at random": lambda: random_walk(1, 2000),
    "180 bars of AAPL": lambda: recorded("AAPL")[-180:],
    "100,000 bars at random": lambda: random_walk(2, 100_000),
}


@pytest.mark.parametrize("series", SERIES)
def test_levels(series: str) -> None:
    bars = SERIES[series]()
    ours, plain = best(find_levels, bars), best(passes, bars)
    print(f"\nlevels of {series}: {ours:.2f} ms; the plain passes {plain:.2f} ms")
    if len(bars) <= 2000:
        assert ours <= 20
