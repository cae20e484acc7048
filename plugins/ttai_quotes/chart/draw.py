"""A candlestick chart as a PNG: arrays in, bytes out, nothing read and nothing kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from ttai.drawing.axes import amount, decimals, price, price_ticks
from ttai.drawing.canvas import THEMES, Canvas, Panel, plain
from ttai.quant.bars import Bars
from ttai_quotes.chart.ticks import time_ticks
from ttai_quotes.chart.zones import draw_zones, label_zones
from ttai_quotes.models.chart import Shade

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Line:
    """An overlay: one value a bar in the bars' unit, NaN where there is none.

    Lines whose names share their first word ("bbands:20,2 upper") share a colour.
    """

    name: str
    values: "Numbers"


class _Scale(NamedTuple):
    """The price axis: its ends, its ticks, the decimals of a tick, and those of any other price."""

    low: float
    high: float
    ticks: "Numbers"
    few: int
    many: int


@dataclass(frozen=True, eq=False)
class _Candles:
    """The bars on the canvas: each in the middle of its pitch, an odd number of pixels wide around its wick."""

    x: "Numbers"
    pitch: float
    half: int
    prices: "Numbers"  # open, high, low, close × bars

    @property
    def rising(self) -> "NDArray[np.bool_]":
        rises: NDArray[np.bool_] = self.prices[3] >= self.prices[0]
        return rises


_TITLE, _WORDS, _SMALL = 12.5, 9.5, 8.5  # points; 9.5 are 13 pixels
_EDGE, _ROW, _GAP, _APART = 14, 19, 10, 15  # pixels: outer margin, row of words, between panels, between prices
_HEIGHT = 500
_FEWEST = 24  # bars that the width is made for: fewer stand at the right, not far apart
_WIDEST = 7  # pixels on each side of a wick
_VOLUME = 0.17  # the volume's share of the height
_REACH = 0.35  # how far overlays and zones may stretch the bars' range, as a share of it
_LARGEST = 1e12  # dollars: what is beyond is no price
_ENTRIES = 12  # of the legend
_STOPS = ("supertrend", "sar")  # indicators that jump to the other side of the price
# A second mark beside the colour; the last is for all that follow.
_DASHES = (None, None, None, (6, 2), (6, 2), (2, 1.5), (1, 1))


def draw(
    bars: Bars,
    *,
    title: str,
    lines: Sequence[Line],
    zones: Sequence[Shade],
    volume: bool,
    theme: Literal["dark", "light"],
    subtitle: str = "",
    width: int = 900,
    height: int = _HEIGHT,
) -> bytes:
    """A PNG of `width` × `height` pixels, the same bytes for the same input; safe in several threads.

    A bar that lacks one of its four prices leaves a gap; times are New York's; the volume has a panel where any is
    known; the legend names the first 12 lines and counts the rest. ValueError where no bar has prices, a line is not
    as long as the bars, or the size is out of reason.
    """
    import numpy as np

    if not (400 <= width <= 2000 and 250 <= height <= 2000):
        raise ValueError(f"a chart is 400 × 250 to 2000 × 2000 pixels, not {width} × {height}")
    for line in lines:
        if len(line.values) != len(bars):
            raise ValueError(f"{line.name} has {len(line.values)} values for {len(bars)} bars")
    prices = _whole(bars)
    closes = prices[3][np.isfinite(prices[3])]
    canvas = Canvas(width, height, THEMES[theme])
    low, high, ticks, few, many = _scale(prices, lines, [(zone.low, zone.high) for zone in zones], height)
    top = _header(canvas, title, subtitle, lines, many)
    right = int(width - _EDGE - 4 - max(canvas.length(price(end, many), _WORDS, bold=True) for end in (low, high)))
    bottom = _EDGE + _ROW
    traded = _known(bars.volume)
    busiest = float(np.nanmax(traded, initial=0)) if volume else 0.0
    floor = bottom + (round((top - bottom) * _VOLUME) + _GAP if busiest > 0 else 0)
    panel = Panel(_EDGE, right, floor, top, low, high)
    candles = _stand(panel, prices)

    colour = canvas.theme.up if closes[-1] >= closes[-2:][0] else canvas.theme.down
    tag = float(panel.y(closes[-1]))
    _time_axis(canvas, panel, bottom, bars, candles)
    _price_axis(canvas, panel, ticks, few, tag)
    draw_zones(canvas, panel, zones)
    if busiest > 0:
        _draw_volume(canvas, Panel(_EDGE, right, bottom, floor - _GAP, 0, busiest), traded, candles)
    _draw_candles(canvas, panel, candles)
    _draw_lines(canvas, panel, lines, candles)
    canvas.segments([[(panel.left, tag), (panel.right, tag)]], colour, dashes=(3, 3))
    canvas.text(right + 6, tag, price(float(closes[-1]), many), _WORDS, canvas.theme.paper, bold=True, box=colour)
    label_zones(canvas, panel, zones, candles.x, prices)
    return canvas.png()


def places(bars: Bars, lines: Sequence[Line], bands: Sequence[tuple[float, float]], height: int = _HEIGHT) -> int:
    """The decimals that a price has on such a chart, whose zones are these bands; ValueError as in `draw`."""
    return _scale(_whole(bars), lines, bands, height).many


def _whole(bars: Bars) -> "Numbers":
    """Open, high, low and close of the bars that have all four; ValueError where none has."""
    import numpy as np

    prices = np.array([_known(column) for column in (bars.open, bars.high, bars.low, bars.close)])
    prices[:, ~np.isfinite(prices).all(axis=0)] = np.nan
    if np.isnan(prices[3]).all():
        raise ValueError("no bar has all of its prices")
    return prices


def _scale(prices: "Numbers", lines: Sequence[Line], bands: Sequence[tuple[float, float]], height: int) -> _Scale:
    low, high = _range(prices, lines, bands)
    ticks, step = price_ticks(low, high, most=height // 45)
    few = decimals(step)
    return _Scale(low, high, ticks, few, max(few, 2) if high >= 1 else few + 1)


def _known(values: "Numbers") -> "Numbers":
    """A copy in which only numbers of a market's size are left."""
    import numpy as np

    return np.where(np.abs(values) < _LARGEST, values, np.nan)


def _range(prices: "Numbers", lines: Sequence[Line], bands: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The price axis' ends: all of the bars, and of overlays and zones what doesn't flatten them."""
    import numpy as np

    low, high = float(np.nanmin(prices)), float(np.nanmax(prices))
    if high - low <= 1e-6 * abs(high):  # all equal: a range that isn't there would be noise
        edge = 0.01 * abs(high) or 1.0
        return low - edge, high + edge
    reach = _REACH * (high - low)
    others = np.concatenate([*(_known(line.values) for line in lines), *bands, []])
    others = others[(others >= low - reach) & (others <= high + reach)]
    low, high = min([low, *others]), max([high, *others])
    edge = 0.04 * (high - low)
    return low - edge, high + edge


def _stand(panel: Panel, prices: "Numbers") -> _Candles:
    """Evenly from the right: nights and weekends take no room."""
    import numpy as np

    count = prices.shape[1]
    pitch = (panel.right - panel.left - 4) / max(count, _FEWEST)
    x = np.floor(panel.right - 4 - pitch * (count - 0.5 - np.arange(count))) + 0.5
    half = min(round(max(pitch * 0.72 - 1, 0) / 2), _WIDEST)
    return _Candles(x, pitch, half, prices)


def _styles(canvas: Canvas, lines: Sequence[Line]) -> list[tuple[str, tuple[float, ...] | None]]:
    """The colour and the dashes of each line."""
    families = list(dict.fromkeys(line.name.split(" ")[0] for line in lines))
    order = [families.index(line.name.split(" ")[0]) for line in lines]
    colours = canvas.theme.lines
    return [(colours[at % len(colours)], _DASHES[min(at, len(_DASHES) - 1)]) for at in order]


def _header(canvas: Canvas, title: str, subtitle: str, lines: Sequence[Line], places: int) -> int:
    """Title, subtitle and legend with each overlay's last value; the top of what is left, in pixels."""
    import numpy as np

    theme, y = canvas.theme, canvas.height - _EDGE - 4
    canvas.text(_EDGE, y, plain(title, canvas.width // 11, bold=True), _TITLE, theme.ink, bold=True)
    if subtitle:
        y -= _ROW + 1
        canvas.text(_EDGE, y, plain(subtitle, canvas.width // 8), _WORDS, theme.muted)
    x = float(canvas.width)
    for line, (colour, dashes) in zip(lines[:_ENTRIES], _styles(canvas, lines), strict=False):
        last = _known(line.values[-1:])[0]
        words = plain(f"{line.name} {price(float(last), places) if np.isfinite(last) else '–'}", 40)
        length = 28 + canvas.length(words, _WORDS)
        if x + length > canvas.width - _EDGE:
            x, y = _EDGE, y - _ROW
        canvas.curve(np.array([x, x + 22]), np.array([y, y]) + 0.5, colour, dashes=dashes)
        canvas.text(x + 28, y, words, _WORDS, theme.ink)
        x += length + 18
    if more := len(lines[_ENTRIES:]):
        words = f"+{more} more"
        if x + canvas.length(words, _WORDS) > canvas.width - _EDGE:
            x, y = _EDGE, y - _ROW
        canvas.text(x, y, words, _WORDS, theme.muted)
    return y - _ROW + 4


def _time_axis(canvas: Canvas, panel: Panel, bottom: int, bars: Bars, candles: _Candles) -> None:
    """Upright rules and the words below them."""
    ticks = time_ticks(bars, candles.pitch, apart=82)
    canvas.segments([[(candles.x[t.bar], bottom), (candles.x[t.bar], panel.top)] for t in ticks], canvas.theme.grid)
    end = 0.0  # of the words before
    for tick in ticks:
        half = canvas.length(tick.words, _WORDS, bold=tick.major) / 2
        x = min(max(float(candles.x[tick.bar]), _EDGE + half), panel.right - half)
        if x - half < end:
            continue
        end = x + half + 8
        colour = canvas.theme.ink if tick.major else canvas.theme.muted
        canvas.text(x, bottom - _ROW / 2 - 2, tick.words, _WORDS, colour, align="center", bold=tick.major)
    if bars.interval.intraday:
        canvas.text(panel.right + 6, bottom - _ROW / 2 - 2, "New York", _SMALL, canvas.theme.muted)


def _price_axis(canvas: Canvas, panel: Panel, ticks: "Numbers", places: int, tag: float) -> None:
    """Level rules and prices at the right, none under the tag of the last price."""
    heights = panel.y(ticks)
    canvas.segments([[(panel.left, y), (panel.right, y)] for y in heights], canvas.theme.grid)
    for value, y in zip(ticks, heights, strict=True):
        if abs(y - tag) >= _APART:
            canvas.text(panel.right + 6, y, price(float(value), places), _WORDS, canvas.theme.muted)


def _draw_volume(canvas: Canvas, panel: Panel, traded: "Numbers", candles: _Candles) -> None:
    import numpy as np

    canvas.segments([[(panel.left, panel.bottom), (panel.right, panel.bottom)]], canvas.theme.grid)
    for up, colour in ((True, canvas.theme.up), (False, canvas.theme.down)):
        shown = np.isfinite(traded) & (traded > 0) & (candles.rising == up)
        x, floor = candles.x[shown], np.full(np.count_nonzero(shown), float(panel.bottom))
        half = candles.half + 0.5
        canvas.boxes(x - half, floor, x + half, panel.y(traded[shown]), face=colour, alpha=0.55)
    canvas.text(panel.right + 6, panel.top - 6, amount(panel.high), _SMALL, canvas.theme.muted)
    canvas.text(panel.left + 3, panel.top - 6, "volume", _SMALL, canvas.theme.muted, box=canvas.theme.paper)


def _upright(x: "Numbers", low: "Numbers", high: "Numbers") -> "Numbers":
    import numpy as np

    return np.stack([x, low, x, high], axis=1).reshape(-1, 2, 2)


def _draw_candles(canvas: Canvas, panel: Panel, candles: _Candles) -> None:
    """A rising bar is hollow, a falling one filled."""
    import numpy as np

    theme = canvas.theme
    whole = np.isfinite(candles.prices[3])
    for up, colour, face in ((True, theme.up, theme.paper), (False, theme.down, theme.down)):
        shown = whole & (candles.rising == up)
        x = candles.x[shown]
        first, high, low, last = np.round(panel.y(candles.prices[:, shown])) + 0.5
        canvas.segments(_upright(x, low, high), colour, alpha=1 if candles.half else 0.5)
        if not candles.half:  # no room for a body beside the wick
            canvas.segments(_upright(x, np.minimum(first, last) - 0.5, np.maximum(first, last) + 0.5), colour)
        else:
            canvas.boxes(x - candles.half, first, x + candles.half, last, face=face, edge=colour)


def _draw_lines(canvas: Canvas, panel: Panel, lines: Sequence[Line], candles: _Candles) -> None:
    """Each is whole but for a stop, which breaks off where the price crosses it."""
    import numpy as np

    within = (panel.left, panel.bottom, panel.right, panel.top)
    for line, (colour, dashes) in zip(lines, _styles(canvas, lines), strict=True):
        x, values = candles.x, _known(line.values)
        if line.name.split(":")[0] in _STOPS:
            side = np.sign(candles.prices[3] - values)
            turns = np.flatnonzero(side[1:] * side[:-1] < 0) + 1
            x, values = np.insert(x, turns, np.nan), np.insert(values, turns, np.nan)
        canvas.curve(x, panel.y(values), colour, dashes=dashes, within=within)
