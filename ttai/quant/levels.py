"""Levels: where price may turn, which way it has been going, and how far it has strayed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ttai.quant.bars import Bars
from ttai.quant.evidence import (
    AVERAGES,
    ENDS,
    Evidence,
    extensions,
    moving_averages,
    open_gaps,
    pivots,
    retracements,
    round_numbers,
    turn_evidence,
    volume_nodes,
)
from ttai.quant.swings import Swing, dominant_swing, find_swings, swing_width
from ttai.quant.trend import MOVED, STEADY, Trend, find_trend
from ttai.quant.zones import Zone, find_zones

ATR_BARS = 14
MEAN_BARS = 20
REACH = 0.75
"""The most ATRs between the evidence of one zone."""

_EQUAL = 0.25  # ATRs between highs, or lows, that are as good as equal
_NEAR = 5
_STILL = 1e-9  # Wilder's average never forgets: after days of one price it is a tiny part of it, not 0


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of so many `bars`; prices in dollars, None for what is unknown, and `reasons` say why.

    `low` and `high` bound the bars: every zone lies within. `atr` is Wilder's average true range over 14 bars. `swings`
    are confirmed by `width` bars on each side, oldest first. `supports` and `resistances` are listed nearest first, the
    ends of the range always among them (but for the close itself). `dominant` is the move that the Fibonacci levels
    measure, from its start to its end; `fibonacci_extensions` lie beyond it, outside the bars' range, by less than its
    height. `extension_atr` is how far the close is above its 20-bar simple average, in ATRs.
    """

    bars: int
    close: float | None = None
    low: float | None = None
    high: float | None = None
    atr: float | None = None
    width: int | None = None
    swings: tuple[Swing, ...] = ()
    supports: tuple[Zone, ...] = ()
    resistances: tuple[Zone, ...] = ()
    dominant: tuple[Swing, Swing] | None = None
    fibonacci_extensions: tuple[Evidence, ...] = ()
    trend: Trend | None = None
    extension_atr: float | None = None
    reasons: tuple[str, ...] = ()


def find_levels(
    bars: Bars,
    *,
    lookback: int | None = None,
    width: int | None = None,
    keep: int = 8,
    forming: bool = True,
    with_round_numbers: bool = True,
) -> Levels:
    """The levels of the newest `lookback` bars (None: of all); ValueError for a count below 1.

    Earlier bars still serve the averages and the ATR; bars up to the last one that lacks a price serve nothing.
    `width` confirms a swing (None: `swing_width` of the number of bars). `keep` is the most zones on each side beside
    that at the range's end; strength counts half for every 5 ATRs from the close. `forming`: the newest bar (intraday:
    its day) is still being traded, so the pivots are those of the one before. Round numbers do not scale with the
    price and can be left out (`with_round_numbers`).
    """
    if min(keep, 1 if lookback is None else lookback, 1 if width is None else width) < 1:
        raise ValueError("lookback, width and keep are counts: 1 or more")
    sound = bars.sound
    part = sound[-lookback:] if lookback else sound
    reasons = []
    if lost := len(bars) - len(sound):
        reasons.append(f"the bars up to the last one that lacks a price are left out: {lost} of {len(bars)}")
    if not len(part):
        return Levels(bars=0, reasons=(*reasons, "there are no bars"))
    width = width or swing_width(len(part))
    if len(part) <= 2 * width:
        reasons.append(f"swings of width {width} need {2 * width + 1} bars, here are {len(part)}")
    close, low, high = float(part.close[-1]), float(part.low.min()), float(part.high.max())
    atr = _atr(sound, reasons)
    unit = atr if atr is not None and atr > _STILL * close else None
    turns = find_swings(part, width, _EQUAL * (atr or 0), after=0)
    swings = tuple(turn for turn in turns if turn.index + width < len(part))
    trend, extension = _trend(part, swings, reasons), _extension(sound, unit, reasons)
    dominant = dominant_swing(part)
    zones: list[Zone] = []
    if unit and low < high:
        found = [*turn_evidence(part, turns, width), *_evidence(sound, part, forming, unit, reasons)]
        if dominant:
            found += retracements(*dominant)
        else:
            reasons.append("one bar holds both the lowest low and the highest high: no Fibonacci levels")
        if with_round_numbers:
            found += round_numbers(low, high, close)
        zones = find_zones((one for one in found if low <= one.price <= high), close, REACH * unit)
    elif atr is not None:
        reasons.append("the prices do not move: there are no levels")
    return Levels(
        bars=len(part),
        close=close,
        low=low,
        high=high,
        atr=atr,
        width=width,
        swings=swings,
        supports=_nearest([zone for zone in zones if zone.side == "support"], close, unit, keep),
        resistances=_nearest([zone for zone in zones if zone.side == "resistance"], close, unit, keep),
        dominant=dominant,
        fibonacci_extensions=tuple(extensions(*dominant)) if dominant else (),
        trend=trend,
        extension_atr=extension,
        reasons=tuple(reasons),
    )


def _atr(bars: Bars, reasons: list[str]) -> float | None:
    import talib

    if len(bars) <= ATR_BARS:
        reasons.append(f"zones and distances need an ATR, that is {ATR_BARS + 1} bars, here are {len(bars)}")
        return None
    return float(talib.ATR(bars.high, bars.low, bars.close, ATR_BARS)[-1])


def _trend(bars: Bars, swings: Sequence[Swing], reasons: list[str]) -> Trend | None:
    try:
        trend = find_trend(bars, swings)
    except ValueError as unknown:
        reasons.append(str(unknown))
        return None
    if trend.r_squared is None:
        reasons.append("all closes are equal: R² and quality are unknown")
    elif trend.direction == "sideways":
        reasons.append(
            f"trend sideways, hence without quality: R² {trend.r_squared:.2f} is below {STEADY}, and its line and the "
            f"closes did not both move {MOVED:.0%} one way"
        )
    return trend


def _extension(bars: Bars, atr: float | None, reasons: list[str]) -> float | None:
    if len(bars) < MEAN_BARS:
        reasons.append(f"the extension needs {MEAN_BARS} bars, here are {len(bars)}")
    elif atr:
        return float(bars.close[-1] - bars.close[-MEAN_BARS:].mean()) / atr
    return None


def _evidence(sound: Bars, part: Bars, forming: bool, atr: float, reasons: list[str]) -> list[Evidence]:
    """What the bars show beside their turns, within their range or not, and the reason for each kind they don't."""
    nodes, averages, turns = volume_nodes(part, atr / 4), moving_averages(sound), pivots(sound, forming)
    if not nodes:
        reasons.append("no volume nodes: volume is unknown, 0 or without a peak")
    if short := [span for span in AVERAGES if len(sound) < span]:
        reasons.append(f"the {short[0]}-bar average needs as many bars, here are {len(sound)}")
    if not turns:
        reasons.append("no pivots: the bars do not hold the whole session before the newest")
    return [*nodes, *open_gaps(part, atr / 4), *averages, *turns]


def _nearest(zones: Iterable[Zone], close: float, atr: float | None, keep: int) -> tuple[Zone, ...]:
    def distance(zone: Zone) -> float:
        return abs(zone.price - close) / (atr or 1)

    best = sorted(zones, key=lambda zone: zone.strength * 0.5 ** (distance(zone) / _NEAR), reverse=True)
    return tuple(sorted([*best[:keep], *(zone for zone in best[keep:] if ENDS & set(zone.kinds))], key=distance))
