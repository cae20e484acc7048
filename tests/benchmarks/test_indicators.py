"""Indicators against TA-Lib called directly, in the same run: what the checks and readings around it cost."""

from collections.abc import Callable
from functools import cache
from time import perf_counter

import numpy as np
import pytest

from tests.core.quant.test_indicators import DIRECT
from tests.price_paths import random_walk
from ttai.quant.bars import PRICES, Bars
from ttai.quant.indicators import DEFAULT, compute, parse

pytestmark = pytest.mark.bench
ROUNDS = 15  # the machine flips between two speeds
DIRECTLY = (*(DIRECT[str(spec)] for spec in DEFAULT if str(spec) in DIRECT), DIRECT["sma:20"])  # two more SMAs, no HV


def best(*runs: Callable[[], object]) -> list[float]:
    """Milliseconds of the best round of each; they take turns, so that a slow moment hits all alike."""
    times = []
    for _ in range(ROUNDS):
        for run in runs:
            start = perf_counter()
            run()
            times.append(1e3 * (perf_counter() - start))
    return [min(times[place :: len(runs)]) for place in range(len(runs))]


@cache
def a_million() -> Bars:
    """Checked, as the bars of a second indicator are."""
    bars = random_walk(1, 1_000_000)
    assert bars.sound is bars.traded is bars
    assert bars.has_ranges
    return bars


def test_the_default_set_on_a_year_of_days() -> None:
    """≤ 1 ms beyond TA-Lib; the bars are new every time, with nothing remembered."""
    year = random_walk(1, 252)

    def ours() -> None:
        bars = Bars(year.interval, year.time, *(getattr(year, name) for name in PRICES))
        for spec in DEFAULT:
            compute(bars, spec)

    def talibs() -> None:
        for call in DIRECTLY:
            call(year)

    whole, direct = best(ours, talibs)
    print(
        f"\n{len(DEFAULT)} indicators on 252 bars: {whole:.3f} ms, TA-Lib {direct:.3f} ms, beyond {whole - direct:.3f}"
    )
    assert whole - direct <= 1


@pytest.mark.parametrize("text", DIRECT)
@pytest.mark.timeout(60)
def test_a_million_bars(text: str) -> None:
    """≤ 1.5 × TA-Lib for every indicator it has."""
    bars, spec = a_million(), parse(text)
    ours, direct = best(lambda: compute(bars, spec), lambda: DIRECT[text](bars))
    print(f"\n{text}: {ours:.2f} ms, TA-Lib {direct:.2f} ms, {ours / direct:.2f} ×")
    assert ours <= 1.5 * direct


@pytest.mark.timeout(60)
def test_the_checks_of_a_million_bars_are_made_once() -> None:
    """What the first indicator pays besides, against one pass over the prices and one over all columns."""
    bars = a_million()

    def check() -> bool:
        fresh = Bars(bars.interval, bars.time, *(getattr(bars, name) for name in PRICES))
        return fresh.sound is fresh.traded and fresh.has_ranges

    def passes() -> list[np.float64]:
        return [getattr(bars, name).sum() for name in PRICES]

    ours, one_pass = best(check, passes)
    print(f"\nchecks: {ours:.2f} ms, a sum of every column {one_pass:.2f} ms, {ours / one_pass:.1f} ×")
    assert ours <= 10 * one_pass
