"""A sheet of pixels to draw a chart on, and its colours.

matplotlib's Agg canvas without pyplot and axes: nothing is shared between threads, and colours, widths, smoothing and
the font (matplotlib's own, by its path) are said mark by mark, not left to the machine's fonts and styles.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.font_manager import FontProperties
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

V = TypeVar("V", float, "Numbers")  # one value, or many
Box = tuple[float, float, float, float]  # left, bottom, right, top, in pixels
_DPI = 100


class Theme(NamedTuple):
    """Colours told apart by lightness too, so that every eye can: what rises is blue, what falls is orange."""

    paper: str
    ink: str
    muted: str
    grid: str
    up: str
    down: str
    lines: tuple[str, ...]


THEMES = {
    "dark": Theme(
        paper="#10151c", ink="#e8edf4", muted="#9aa7b8", grid="#232c38", up="#5cb3ff", down="#ff8a3c",
        lines=("#f2e34c", "#e583e0", "#35d6a0", "#ffffff", "#ff6b7d", "#a79bff"),
    ),
    "light": Theme(
        paper="#ffffff", ink="#141b24", muted="#556273", grid="#e6eaf0", up="#1769c0", down="#e06c00",
        lines=("#8a6d00", "#b0309f", "#008a5e", "#141b24", "#cc2244", "#5b48d6"),
    ),
}  # fmt: skip


@cache
def _font(bold: bool) -> "FontProperties":
    """matplotlib's own font by its path: nothing is looked for among the system's."""
    from matplotlib import get_data_path
    from matplotlib.font_manager import FontProperties

    return FontProperties(fname=f"{get_data_path()}/fonts/ttf/DejaVuSans{'-Bold' if bold else ''}.ttf")


@cache
def _glyphs(bold: bool) -> frozenset[int]:
    from matplotlib.font_manager import get_font

    return frozenset(get_font(str(_font(bold).get_file())).get_charmap())


def plain(words: str, longest: int, *, bold: bool = False) -> str:
    """One line of at most so many characters that the font has: what it lacks becomes `?`."""
    line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    line = line if len(line) <= longest else line[: longest - 1] + "…"
    return "".join(c if ord(c) in _glyphs(bold) else "?" for c in line)


@dataclass(frozen=True)
class Panel:
    """A rectangle of pixels with a scale of values from its bottom to its top, and one from its left to its right."""

    left: int
    right: int
    bottom: int
    top: int
    low: float
    high: float
    first: float = 0
    last: float = 1

    def x(self, values: V) -> V:
        """Where values of the level scale stand, in pixels."""
        return self.left + (values - self.first) / (self.last - self.first) * (self.right - self.left)

    def y(self, values: V) -> V:
        """Where values stand, in pixels."""
        return self.bottom + (values - self.low) / (self.high - self.low) * (self.top - self.bottom)


class Canvas:
    """A figure whose unit is the pixel, counted from the lower left corner; later marks lie on earlier ones."""

    def __init__(self, width: int, height: int, theme: Theme) -> None:
        """An empty canvas in the colour of the theme's paper."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.transforms import IdentityTransform

        self.width, self.height, self.theme = width, height, theme
        inches = ((width + 0.01) / _DPI, (height + 0.01) / _DPI)  # the canvas cuts a pixel's fraction off
        self._figure = Figure(figsize=inches, dpi=_DPI, facecolor=theme.paper, edgecolor="none", frameon=True)
        self._canvas: Any = FigureCanvasAgg(self._figure)
        self._pixels = IdentityTransform()
        self._marks = 0

    def length(self, words: str, size: float, *, bold: bool = False) -> float:
        """How wide words are, in pixels; `size` in points."""
        font = _font(bold).copy()
        font.set_size(size)
        width: float = self._canvas.get_renderer().get_text_width_height_descent(words, font, ismath=False)[0]
        return width

    def text(
        self, x: float, y: float, words: str, size: float, colour: str, *,
        align: str = "left", bold: bool = False, box: str | None = None,
    ) -> None:  # fmt: skip
        """Words whose middle is at the height `y`, on a box of a colour where one is given."""
        frame = {"boxstyle": "square,pad=0.25", "facecolor": box, "edgecolor": "none", "linewidth": 0}
        mark = self._figure.text(
            round(x), round(y), words, color=colour, ha=align, va="center_baseline", fontproperties=_font(bold),
            bbox=frame if box else None, parse_math=False, usetex=False, transform=self._pixels,
        )  # fmt: skip
        mark.set_fontsize(size)
        mark.set_antialiased(True)
        self._above(mark)

    def segments(
        self,
        points: "Numbers | Sequence[Any]",
        colour: str,
        *,
        dashes: tuple[float, ...] | None = None,
        alpha: float = 1,
    ) -> None:
        """Upright and level strokes, a pixel wide, on whole pixels: pairs of (x, y)."""
        from matplotlib.collections import LineCollection

        pairs: Any = points
        stroke = LineCollection(pairs, colors=colour, linewidths=72 / _DPI, capstyle="butt", alpha=alpha)
        if dashes:
            stroke.set_linestyle((0, dashes))
        self._add(stroke, snap=True)

    def curve(
        self, x: "Numbers", y: "Numbers", colour: str, *,
        dashes: tuple[float, ...] | None = None, width: float = 1.5, within: Box | None = None,
    ) -> None:  # fmt: skip
        """A smooth line so many pixels wide, with a gap wherever a point is NaN, cut off outside of a box."""
        from matplotlib.lines import Line2D
        from matplotlib.transforms import Bbox

        line = Line2D(
            x, y, color=colour, linewidth=width * 72 / _DPI, linestyle=(0, dashes) if dashes else "-", marker="",
            solid_capstyle="round", solid_joinstyle="round", dash_capstyle="butt",
        )  # fmt: skip
        if within:
            line.set_clip_box(Bbox.from_extents(*within))
        self._add(line, snap=False)

    def area(
        self, x: "Numbers", y: "Numbers", base: "Numbers | float", colour: str, *,
        alpha: float = 1, within: Box | None = None,
    ) -> None:  # fmt: skip
        """What lies between a curve and another or a level: nothing where one is NaN, or outside of a box."""
        import numpy as np
        from matplotlib.collections import PolyCollection
        from matplotlib.transforms import Bbox

        foot = np.broadcast_to(np.asarray(base, float), y.shape)
        known = np.flatnonzero(np.isfinite(y) & np.isfinite(foot))
        runs = [run for run in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1) if len(run) > 1]
        outlines: Any = [
            np.column_stack([np.append(x[run], x[run[::-1]]), np.append(y[run], foot[run[::-1]])]) for run in runs
        ]
        shapes = PolyCollection(outlines, facecolors=colour, edgecolors="none", linewidths=0)
        shapes.set_alpha(alpha)
        if within:
            shapes.set_clip_box(Bbox.from_extents(*within))
        self._add(shapes, snap=False)

    def boxes(
        self, left: "Numbers", bottom: "Numbers", right: "Numbers",
        top: "Numbers", *, face: str, edge: str = "none", alpha: float = 1,
    ) -> None:  # fmt: skip
        """Rectangles on whole pixels; one without a height is a level stroke of its edge."""
        import numpy as np
        from matplotlib.collections import PolyCollection

        corners: Any = np.stack([left, bottom, left, top, right, top, right, bottom], axis=1).reshape(-1, 4, 2)
        thick = 0 if edge == "none" else 72 / _DPI
        shapes = PolyCollection(corners, facecolors=face, edgecolors=edge, linewidths=thick, joinstyle="miter")
        shapes.set_alpha(alpha)
        self._add(shapes, snap=True)

    def png(self) -> bytes:
        """It as it is now, in 256 colours: a third of the bytes, and the eye sees no difference."""
        from PIL import Image

        self._canvas.draw()
        drawn = Image.frombuffer("RGBA", (self.width, self.height), self._canvas.buffer_rgba(), "raw", "RGBA", 0, 1)
        out = BytesIO()
        few = drawn.convert("RGB").quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(out, "PNG", compress_level=9)
        return out.getvalue()

    def _add(self, mark: Any, *, snap: bool) -> None:
        mark.set_transform(self._pixels)
        mark.set_snap(snap)
        mark.set_antialiased(True)
        self._above(self._figure.add_artist(mark))

    def _above(self, mark: Any) -> None:
        self._marks += 1
        mark.set_zorder(self._marks)
