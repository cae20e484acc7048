"""What a chart costs once matplotlib is warm."""

import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tests.plugins.quotes.test_chart import average, walk
from ttai_quotes.chart.draw import Line, draw
from ttai_quotes.models.chart import Shade

pytestmark = pytest.mark.bench
MUST = 0.4


def best(call: Callable[[], object]) -> float:
    """The least seconds of seven calls after one that warms up."""
    times = []
    call()
    for _ in range(7):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def empty() -> None:
    """The baseline: a figure of the same size with nothing on it, as matplotlib saves it."""
    canvas: Any = FigureCanvasAgg(Figure(figsize=(9, 5), dpi=100))
    canvas.print_png(BytesIO())


@pytest.mark.timeout(60)
def test_a_chart_of_120_bars() -> None:
    bars = walk(120)
    lines = [Line(f"sma:{n}", average(bars, n)) for n in (5, 10, 20, 50)]
    low = float(bars.close.min())
    zones = [Shade(low=low * k, high=low * k + 4, kind="support", label="held") for k in (1, 1.05)]

    def chart() -> bytes:
        return draw(bars, title="SPY 1d", subtitle="as of 16:00", lines=lines, zones=zones, volume=True, theme="dark")

    took, baseline = best(chart), best(empty)
    print(f"\nchart: {1e3 * took:.0f} ms, {len(chart()) / 1024:.0f} KB; an empty figure takes {1e3 * baseline:.0f} ms: "
          f"{took / baseline:.1f} x")  # fmt: skip
    assert took <= MUST
