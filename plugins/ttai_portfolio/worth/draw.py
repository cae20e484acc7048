"""What accounts were worth as a PNG: a curve in, bytes out, nothing read and nothing kept."""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from ttai.drawing.axes import decimals, price, price_ticks
from ttai.drawing.canvas import THEMES, Canvas, Panel, plain
from ttai.quant.calendar import NEW_YORK
from ttai_portfolio.worth.curves import Curve
from ttai_portfolio.worth.words import dollars, percent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_TITLE, _WORDS, _SMALL = 12.5, 9.5, 8.5  # points
_EDGE, _ROW, _APART = 14, 19, 15  # pixels: outer margin, row of words, between amounts
_WIDTH, _HEIGHT = 900, 440
_MARGIN = 0.08  # of the range, above and below
_ROOM = 24  # pixels at the foot for what was paid in and out


@dataclass(frozen=True)
class Scene:
    """What is to be seen, and its words."""

    curve: Curve
    title: str
    subtitle: str


def draw(scene: Scene, theme: Literal["dark", "light"]) -> bytes:
    """A PNG of 900 × 440 pixels, the same bytes for the same input; safe in several threads.

    The worst fall is shaded between the curve and what would be there without it; triangles at the foot are what was
    paid in (up) and out (down).
    """
    import numpy as np

    canvas = Canvas(_WIDTH, _HEIGHT, THEMES[theme])
    one = scene.curve
    values = np.asarray(one.values, np.float64)
    ceiling = _ceiling(one)
    top, bottom = _header(canvas, scene), _EDGE + _ROW
    low, high = _range(values, ceiling)
    ticks, step = price_ticks(low, high, most=(top - bottom) // 48)
    labels = [price(float(tick), decimals(step)) for tick in ticks]
    last = dollars(one.values[-1])
    widths = [canvas.length(last, _WORDS, bold=True), *(canvas.length(words, _WORDS) for words in labels)]
    right = int(_WIDTH - _EDGE - 6 - max(widths))
    seconds = np.array([(at - one.times[0]).total_seconds() for at in one.times])
    panel = Panel(_EDGE, right, bottom + (_ROOM if one.paid else 0), top, low, high, 0.0, float(seconds[-1]))
    x, y = panel.x(seconds), panel.y(values)

    _time_axis(canvas, panel, one, bottom)
    _amounts(canvas, panel, ticks, labels, float(y[-1]))
    canvas.area(x, y, float(panel.bottom), canvas.theme.up, alpha=0.10)
    _fall(canvas, one, x, y, panel.y(ceiling))
    canvas.segments([[(panel.left, float(y[-1])), (panel.right, float(y[-1]))]], canvas.theme.up, dashes=(3, 3))
    canvas.curve(x, y, canvas.theme.up, width=2)
    _depth(canvas, panel, one, ceiling)
    _flows(canvas, panel, one, bottom)
    canvas.text(right + 6, float(y[-1]), last, _WORDS, canvas.theme.paper, bold=True, box=canvas.theme.up)
    return canvas.png()


def _ceiling(one: Curve) -> "Numbers":
    """What would be there if it had not fallen from its peak, until that is made up for; NaN elsewhere."""
    import numpy as np

    found = np.full(len(one.times), np.nan)
    if one.fall is None:
        return found
    start = bisect_left(one.times, one.fall.peak)
    end = len(one.times) if one.fall.recovered is None else bisect_left(one.times, one.fall.recovered)
    level = one.values[start]
    paid = one.paid or []
    for place in range(start, end):
        found[place] = level + sum(flow.amount for flow in paid if one.fall.peak < flow.time <= one.times[place])
    return found


def _fall(canvas: Canvas, one: Curve, x: "Numbers", y: "Numbers", ceiling: "Numbers") -> None:
    """What lies between the curve and where it would be: deeper until the worst is over, lighter on the way back."""
    if one.fall is None:
        return
    trough = bisect_left(one.times, one.fall.trough) + 1
    canvas.area(x[:trough], y[:trough], ceiling[:trough], canvas.theme.down, alpha=0.36)
    canvas.area(x[trough - 1 :], y[trough - 1 :], ceiling[trough - 1 :], canvas.theme.down, alpha=0.15)
    canvas.curve(x, ceiling, canvas.theme.down, dashes=(4, 3), width=1)


def _depth(canvas: Canvas, panel: Panel, one: Curve, ceiling: "Numbers") -> None:
    """How deep the worst fall was, where it was worst."""
    if one.fall is None:
        return
    trough = bisect_left(one.times, one.fall.trough)
    x = float(panel.x((one.fall.trough - one.times[0]).total_seconds()))
    foot, head = (float(panel.y(value)) for value in (one.values[trough], float(ceiling[trough])))
    canvas.segments([[(x, foot), (x, head)]], canvas.theme.down)
    words = f"−{percent(one.fall.fraction * 100, sign=False)}"
    half = canvas.length(words, _SMALL, bold=True) / 2 + 4
    middle = min(max(x, panel.left + half), panel.right - half)
    canvas.text(middle, head + 12, words, _SMALL, canvas.theme.down, align="center", bold=True)


def _range(values: "Numbers", ceiling: "Numbers") -> tuple[float, float]:
    """The ends of the axis of dollars."""
    import numpy as np

    both = np.concatenate([values, ceiling[np.isfinite(ceiling)]])
    low, high = float(both.min()), float(both.max())
    edge = _MARGIN * (high - low) or 0.01 * abs(high) or 1.0
    return low - edge, high + edge


def _header(canvas: Canvas, scene: Scene) -> int:
    """Title, subtitle and figures; the top of what is left, in pixels."""
    theme, one, y = canvas.theme, scene.curve, canvas.height - _EDGE - 4
    canvas.text(_EDGE, y, plain(scene.title, 80, bold=True), _TITLE, theme.ink, bold=True)
    y -= _ROW + 1
    canvas.text(_EDGE, y, plain(scene.subtitle, 110), _WORDS, theme.muted)
    y -= _ROW + 2
    first = one.values[0]
    share = f" ({percent(one.change / first * 100)})" if first > 0 else ""
    entries = [(f"{dollars(one.change, sign=True)}{share}", theme.up if one.change >= 0 else theme.down)]
    if one.returned is not None and one.paid:
        signs = {flow.amount > 0 for flow in one.paid}
        what = "deposits and withdrawals" if len(signs) > 1 else "deposits" if signs == {True} else "withdrawals"
        won = f"{dollars(one.won or 0.0, sign=True)} without {what}, time-weighted {percent(one.returned * 100)}"
        entries.append((won, theme.ink))
    if one.fall is not None:
        fall = f"worst fall {dollars(one.fall.dollars)} ({percent(one.fall.fraction * 100, sign=False)})"
        entries.append((fall, theme.down))
    x = float(_EDGE)
    for words, colour in entries:
        length = canvas.length(words, _WORDS, bold=True)
        if x > _EDGE and x + length > canvas.width - _EDGE:
            x, y = float(_EDGE), y - _ROW
        canvas.text(x, y, words, _WORDS, colour, bold=True)
        x += length + 22
    return y - _ROW


def _amounts(canvas: Canvas, panel: Panel, ticks: "Numbers", labels: list[str], tag: float) -> None:
    """Level rules and dollars at the right, none under the tag of the last value."""
    heights = panel.y(ticks)
    canvas.segments([[(panel.left, y), (panel.right, y)] for y in heights], canvas.theme.grid)
    for y, words in zip(heights, labels, strict=True):
        if abs(float(y) - tag) >= _APART:
            canvas.text(panel.right + 6, float(y), words, _WORDS, canvas.theme.muted)


def _time_axis(canvas: Canvas, panel: Panel, one: Curve, bottom: int) -> None:
    """Upright rules and days, or hours, below them."""
    end = 0.0
    for at, words in _marks(one):
        x = float(panel.x((at - one.times[0]).total_seconds()))
        half = canvas.length(words, _WORDS) / 2
        middle = min(max(x, _EDGE + half), panel.right - half)
        if middle - half < end:
            continue
        end = middle + half + 14
        canvas.segments([[(x, bottom), (x, panel.top)]], canvas.theme.grid)
        canvas.text(middle, bottom - _ROW / 2 - 2, words, _WORDS, canvas.theme.muted, align="center")
    if not one.daily:
        canvas.text(panel.right + 6, bottom - _ROW / 2 - 2, "New York", _SMALL, canvas.theme.muted)


def _marks(one: Curve) -> list[tuple[datetime, str]]:
    """Where a month, a week or an hour begins among the points, with its name."""
    span = one.times[-1] - one.times[0]
    if not one.daily:
        each = [(at, f"{at.astimezone(NEW_YORK):%H:00}") for at in one.times]
    elif span > timedelta(days=75):
        long = span > timedelta(days=800)
        each = [(at, f"{day.year}" if long else f"{day:%b} {day.year}" if day.month == 1 else f"{day:%b}")
                for at, day in zip(one.times, one.days, strict=True)]  # fmt: skip
    else:
        weeks = [day - timedelta(days=day.weekday()) for day in one.days]
        each = [(at, f"{week:%b} {week.day}") for at, week in zip(one.times, weeks, strict=True)]
    return [mark for before, mark in pairwise(each) if before[1] != mark[1]]


def _flows(canvas: Canvas, panel: Panel, one: Curve, bottom: int) -> None:
    """A triangle for each payment, with its amount where there is room."""
    end = 0.0
    for flow in one.paid or ():
        x = float(panel.x((flow.time - one.times[0]).total_seconds()))
        words = f"{'▲' if flow.amount > 0 else '▼'} {dollars(abs(flow.amount))}"
        half = canvas.length(words, _SMALL) / 2
        middle = min(max(x, panel.left + half), panel.right - half)
        canvas.segments([[(x, bottom), (x, bottom + 6)]], canvas.theme.ink)
        if middle - half > end:
            canvas.text(middle, bottom + 13, words, _SMALL, canvas.theme.ink, align="center")
            end = middle + half + 8
