"""Where the price is likely to be: a strip below the curves."""

from dataclasses import replace
from typing import TYPE_CHECKING

from ttai.drawing.canvas import Canvas, Panel
from ttai_chains.payoff.scene import Scene, known

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_SMALL, _ROW = 8.5, 16  # points of the names of ranges, pixels of their rows
_MOST, _SHARE = 88, 0.24  # pixels of the strip, and of the room there is
_COLOUR = 5  # of the theme's lines


def room(scene: Scene, height: int) -> int:
    """The strip's pixels where so many are shared out; 0 where nothing is known of the price's future."""
    ranges = scene.one_deviation or scene.two_deviations
    share = min(round(_SHARE * height), _MOST)
    if _density(scene) is not None:
        return share
    return min(2 * _ROW + 4, share) if ranges else 0


def _density(scene: Scene) -> "Numbers | None":
    """It, where there is any."""
    import numpy as np

    if scene.density is None:
        return None
    density = known(scene.density)
    return density if np.nanmax(density, initial=0) > 0 else None


def draw_cone(canvas: Canvas, scene: Scene, strip: Panel) -> None:
    """The density, darker where the price is with 95 and with 68 %, and these ranges by name below it."""
    import numpy as np

    colour, density = canvas.theme.lines[_COLOUR], _density(scene)
    ranges = [("68 %", scene.one_deviation), ("95 %", scene.two_deviations)]
    spans = [(name, ends) for name, span in ranges if span and (ends := _span(strip, span))]
    spans = spans if strip.top - strip.bottom >= 2 * _ROW else []  # a small picture has no room for names
    floor = strip.bottom + _ROW * len(spans)
    if density is not None:
        hill = replace(strip, bottom=floor, low=0, high=float(np.nanmax(density)))
        outline, heights = hill.x(scene.prices), hill.y(density)
        for begin, end in [(strip.left, strip.right), *(ends for _, ends in spans)]:
            within = (begin, hill.bottom, end, hill.top)
            canvas.area(outline, heights, hill.bottom, colour, alpha=0.25, within=within)
        canvas.curve(outline, heights, colour, width=1.25)
    canvas.segments([[(strip.left, floor), (strip.right, floor)]], canvas.theme.grid)
    for row, (name, (left, right)) in enumerate(spans):
        y = floor - _ROW * row - 9
        caps = [[(x, y - 3), (x, y + 4)] for x in (left, right) if strip.left < x < strip.right]
        canvas.segments([[(left, y), (right, y)], *caps], colour)
        canvas.text((left + right) / 2, y, name, _SMALL, colour, align="center", box=canvas.theme.paper)


def _span(strip: Panel, span: tuple[float, float]) -> tuple[float, float] | None:
    """A range's ends in pixels, no further than the strip's; None where it has none of it."""
    import numpy as np

    left, right = np.clip(strip.x(np.array(span)), strip.left, strip.right)
    return (float(left), float(right)) if left < right else None
