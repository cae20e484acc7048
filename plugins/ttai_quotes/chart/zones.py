"""The bands of prices on a chart that turned the market before."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ttai.drawing.canvas import Canvas, Panel, plain
from ttai_quotes.models.chart import Shade

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_SMALL, _APART = 8.5, 15  # points of a label, pixels between two


def _bands(panel: Panel, zones: Sequence[Shade]) -> list[tuple[Shade, float, float]]:
    """The zones in sight with their lower and upper pixel, at least two apart."""
    import numpy as np

    seen = [zone for zone in zones if zone.high >= panel.low and zone.low <= panel.high]
    ends = [np.clip(panel.y(np.array([z.low, z.high])), panel.bottom, panel.top).round() for z in seen]
    return [(zone, float(low), float(max(high, low + 2))) for zone, (low, high) in zip(seen, ends, strict=True)]


def draw_zones(canvas: Canvas, panel: Panel, zones: Sequence[Shade]) -> None:
    import numpy as np

    left, right = np.array([panel.left]), np.array([panel.right])
    for zone, low, high in _bands(panel, zones):
        colour = canvas.theme.up if zone.kind == "support" else canvas.theme.down
        canvas.boxes(left, np.array([low]), right, np.array([high]), face=colour, alpha=0.16)


def label_zones(canvas: Canvas, panel: Panel, zones: Sequence[Shade], x: "Numbers", prices: "Numbers") -> None:
    """Each zone's label where it covers fewest candles; the less important of two that would overlap is left out."""
    import numpy as np

    low, high = panel.y(prices[2]), panel.y(prices[1])
    taken: list[float] = []
    for zone, bottom, top in _bands(panel, zones):
        y = min(max((bottom + top) / 2, panel.bottom + 8), panel.top - 8)
        if not zone.label or any(abs(y - other) < _APART for other in taken):
            continue
        words = plain(zone.label, 40)
        length = canvas.length(words, _SMALL) + 8
        places = np.linspace(panel.left + 4, panel.right - length, 9)
        level = (low < y + 8) & (high > y - 8)
        covered = [np.count_nonzero(level & (x > at - 4) & (x < at + length)) for at in places]
        colour = canvas.theme.up if zone.kind == "support" else canvas.theme.down
        canvas.text(float(places[np.argmin(covered)]), y, words, _SMALL, colour, box=canvas.theme.paper)
        taken.append(y)
