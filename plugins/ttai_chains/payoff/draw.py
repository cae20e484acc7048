"""A payoff as a PNG: arrays in, bytes out, nothing read and nothing kept."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from ttai.drawing.axes import decimals, price, price_ticks
from ttai.drawing.canvas import THEMES, Canvas, Panel, plain
from ttai_chains.payoff.cone import draw_cone, room
from ttai_chains.payoff.scene import Scene, known

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_TITLE, _WORDS, _SMALL = 12.5, 9.5, 8.5  # points
_EDGE, _ROW, _TAG, _GAP = 14, 19, 17, 10  # pixels: outer margin, row of words, row of tags, between panels
_STEEPEST = 8  # times the other side: as far as a slope that runs off is followed
_MARGIN = 0.06  # of the range, above and below
_TODAY = (6, 3)  # dashes


class _Tag(NamedTuple):
    """A price named above the curves: in which row, its words, their middle and half their width."""

    x: float
    row: int
    middle: float
    half: float
    words: str
    spot: bool


def draw(scene: Scene, theme: Literal["dark", "light"], width: int = 900, height: int = 500) -> bytes:
    """A PNG of `width` × `height` pixels, the same bytes for the same input; safe in several threads.

    Profit is blue, loss orange. A slope that runs off is followed to 8 times the other side, or it would hide that.
    ValueError where the size is out of reason.
    """
    if not (400 <= width <= 2000 and 250 <= height <= 2000):
        raise ValueError(f"a payoff is 400 × 250 to 2000 × 2000 pixels, not {width} × {height}")
    canvas = Canvas(width, height, THEMES[theme])
    top, bottom = _header(canvas, scene), _EDGE + _ROW
    low, high = _range(scene)
    ticks, step = price_ticks(low, high, most=max((top - bottom) // 55, 3))
    labels = [dollars(float(tick), max(decimals(step), 2) if step < 1 else 0, sign=True) for tick in ticks]
    right = int(width - _EDGE - 4 - max((canvas.length(words, _WORDS) for words in labels), default=40))
    axis = Panel(_EDGE, right, bottom, top, low, high, float(scene.prices[0]), float(scene.prices[-1]))
    tags = _tags(canvas, scene, axis)
    strip = room(scene, top - bottom)
    floor, ceiling = bottom + (strip + _GAP if strip else 0), top - _TAG * max((tag.row + 1 for tag in tags), default=0)
    panel = replace(axis, bottom=floor, top=ceiling)

    _price_axis(canvas, scene, panel, bottom)
    _profit_axis(canvas, panel, ticks, labels)
    _shade(canvas, scene, panel)
    if strip:
        draw_cone(canvas, scene, replace(axis, top=bottom + strip))
    _draw_tags(canvas, panel, tags)
    _draw_curves(canvas, scene, panel)
    return canvas.png()


def dollars(value: float, places: int, *, sign: bool = False) -> str:
    """Dollars with their sign: `−$1,250`, with `sign` also `+$1,250`."""
    amount = price(abs(value), places)
    mark = "" if not amount.strip("0.,") else "−" if value < 0 else "+" if sign else ""
    return f"{mark}${amount}"


def bound(said: str, other: str, value: float | None) -> str:
    """What can be won or lost at most (None: unlimited): `max loss $120.00`; below zero, the least of the other."""
    if value is None:
        return f"max {said} unlimited"
    words = dollars(abs(value), 0 if abs(value) >= 1000 else 2)
    return f"least {other} {words}" if round(value, 2) < 0 else f"max {said} {words}"


def _header(canvas: Canvas, scene: Scene) -> int:
    """Title, subtitle, the two curves' names and what can be won and lost; the top of what is left, in pixels."""
    import numpy as np

    theme, y = canvas.theme, canvas.height - _EDGE - 4
    canvas.text(_EDGE, y, plain(scene.title, canvas.width // 11, bold=True), _TITLE, theme.ink, bold=True)
    if scene.subtitle:
        y -= _ROW + 1
        canvas.text(_EDGE, y, plain(scene.subtitle, canvas.width // 8), _WORDS, theme.muted)
    y -= _ROW + 2
    x = float(_EDGE)
    entries = (
        (plain(scene.expiry_label, 40), theme.ink, 28, None),
        (plain(scene.today_label, 40), theme.lines[0], 28, _TODAY),
        (bound("profit", "loss", scene.max_profit), theme.up, 0, None),
        (bound("loss", "profit", scene.max_loss), theme.down, 0, None),
    )
    for words, colour, mark, dashes in entries:
        length = mark + canvas.length(words, _WORDS, bold=not mark)
        if x > _EDGE and x + length > canvas.width - _EDGE:
            x, y = _EDGE, y - _ROW
        if mark:
            canvas.curve(np.array([x, x + 22]), np.array([y, y]) + 0.5, colour, dashes=dashes, width=2)
        canvas.text(x + mark, y, words, _WORDS, theme.ink if mark else colour, bold=not mark)
        x += length + 20
    return y - _ROW + 6


def _range(scene: Scene) -> tuple[float, float]:
    """The ends of the P/L axis: zero is always between them."""

    expiry, today = known(scene.expiry), known(scene.today)
    first, last = scene.one_deviation or (scene.spot, scene.spot)
    likely = (scene.prices >= first) & (scene.prices <= last)
    loss, profit = _reach(-expiry, -today, likely), _reach(expiry, today, likely)
    low, high = -_held(loss, profit), _held(profit, loss)
    span = high - low
    if span < 0.01:  # a cent: nothing is won or lost
        return -1, 1
    return float(low - _MARGIN * span), float(high + _MARGIN * span)


class _Reach(NamedTuple):
    """How far P/L goes to one side, whether that is a plateau, and how far where the price is likely to be."""

    far: float
    plateau: bool
    likely: float


def _reach(expiry: "Numbers", today: "Numbers", likely: "NDArray[np.bool_]") -> _Reach:
    import numpy as np

    end = float(np.nanmax(expiry))
    flat = np.count_nonzero(expiry >= end - 1e-9 * abs(end)) > 1
    both = np.nan_to_num(np.stack([expiry, today]), nan=0)
    return _Reach(float(both.max(initial=0)), bool(flat), float(both[:, likely].max(initial=0)))


def _held(side: _Reach, other: _Reach) -> float:
    """As far as one side of the axis goes."""
    if side.plateau or other.far <= 0:
        return side.far
    return min(side.far, max(_STEEPEST * other.far, side.likely))


def _tags(canvas: Canvas, scene: Scene, axis: Panel) -> list[_Tag]:
    """The spot and the breakevens, in the lowest row that has room; what finds none in three rows is left out."""
    places = max(decimals((axis.last - axis.first) / 100), 2)
    named = [(f"spot {price(scene.spot, places)}", scene.spot, True)]
    named += [(f"B/E {price(one, places)}", one, False) for one in scene.breakevens]
    tags: list[_Tag] = []
    for words, value, spot in named:
        if not axis.first <= value <= axis.last:
            continue
        x, half = axis.x(value), canvas.length(words, _SMALL, bold=spot) / 2 + 4
        middle = min(max(x, axis.left + half), axis.right - half)
        taken = {tag.row for tag in tags if abs(tag.middle - middle) < tag.half + half}
        if free := [row for row in range(3) if row not in taken]:
            tags.append(_Tag(x, free[0], middle, half, words, spot))
    return tags


def _draw_tags(canvas: Canvas, panel: Panel, tags: Sequence[_Tag]) -> None:
    """Uprights first, so that none crosses another's words."""
    theme = canvas.theme
    for tag in tags:
        stroke = [[(tag.x, panel.bottom), (tag.x, panel.top + tag.row * _TAG + 3)]]
        canvas.segments(stroke, theme.muted if tag.spot else theme.ink, dashes=None if tag.spot else (4, 3))
    for tag in tags:
        y, colour, box = panel.top + tag.row * _TAG + 10, theme.ink, theme.paper
        if tag.spot:
            colour, box = theme.paper, theme.muted
        canvas.text(tag.middle, y, tag.words, _SMALL, colour, align="center", bold=tag.spot, box=box)


def _price_axis(canvas: Canvas, scene: Scene, panel: Panel, bottom: int) -> None:
    """Strikes in ink, marked at the curves' foot too; round prices where these leave room."""
    theme = canvas.theme
    ticks, step = price_ticks(panel.first, panel.last, most=(panel.right - panel.left) // 90)
    strikes = sorted({one for one in scene.strikes if panel.first <= one <= panel.last})
    ends: list[tuple[float, float]] = []
    for value, strike in [*((one, True) for one in strikes), *((float(one), False) for one in ticks)]:
        x = panel.x(value)
        words = f"{round(value, 3):,.10g}" if strike else price(value, decimals(step))
        half = canvas.length(words, _WORDS, bold=strike) / 2
        middle = min(max(x, panel.left + half), panel.right - half)
        if any(middle - half - 8 < end and middle + half + 8 > begin for begin, end in ends):
            continue
        ends.append((middle - half, middle + half))
        canvas.segments([[(x, bottom), (x, panel.top)]], theme.grid)
        colour = theme.ink if strike else theme.muted
        canvas.text(middle, bottom - _ROW / 2 - 2, words, _WORDS, colour, align="center", bold=strike)
    marks = [[(panel.x(one), panel.bottom), (panel.x(one), panel.bottom + 8)] for one in strikes]
    canvas.segments(marks, theme.ink)


def _profit_axis(canvas: Canvas, panel: Panel, ticks: "Numbers", labels: Sequence[str]) -> None:
    """Level rules and dollars at the right; that of zero is in ink."""
    heights = panel.y(ticks)
    canvas.segments([[(panel.left, y), (panel.right, y)] for y in heights], canvas.theme.grid)
    for y, words in zip(heights, labels, strict=True):
        colour = canvas.theme.muted if words[0] in "+−" else canvas.theme.ink
        canvas.text(panel.right + 6, y, words, _WORDS, colour)


def _shade(canvas: Canvas, scene: Scene, panel: Panel) -> None:
    """What is won and lost at expiry, between the curve and zero."""
    x, y, zero = panel.x(scene.prices), panel.y(known(scene.expiry)), panel.y(0.0)
    canvas.area(x, y, zero, canvas.theme.up, alpha=0.28, within=(panel.left, zero, panel.right, panel.top))
    canvas.area(x, y, zero, canvas.theme.down, alpha=0.28, within=(panel.left, panel.bottom, panel.right, zero))
    canvas.segments([[(panel.left, zero), (panel.right, zero)]], canvas.theme.ink, alpha=0.7)


def _draw_curves(canvas: Canvas, scene: Scene, panel: Panel) -> None:
    x, within = panel.x(scene.prices), (panel.left, panel.bottom, panel.right, panel.top)
    canvas.curve(x, panel.y(known(scene.today)), canvas.theme.lines[0], dashes=_TODAY, width=1.75, within=within)
    canvas.curve(x, panel.y(known(scene.expiry)), canvas.theme.ink, width=2.25, within=within)
