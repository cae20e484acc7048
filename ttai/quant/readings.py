"""What an indicator says in plain words: its latest value against the one before and the price."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ttai.quant.bars import SESSIONS, Bars
from ttai.quant.volatility import percentile

if TYPE_CHECKING:
    from ttai.quant.bars import Numbers

_SQUEEZE = 125  # bars: Bollinger's six months
_CONFIRMING = 20  # bars over which volume and price are compared
_ENOUGH = 60  # values before one of them is called high or low

Reading = Callable[["View"], str]


@dataclass(frozen=True, slots=True)
class View:
    """An indicator at its last bar, whose lines are all known there."""

    parameters: tuple[float, ...]
    lines: dict[str, "Numbers"]
    bars: Bars

    def now(self, line: str = "") -> float:
        """The latest value of a line, of the first one unless named."""
        return float(self._line(line)[-1])

    def before(self, line: str = "") -> float:
        """The value of the bar before; NaN where unknown."""
        values = self._line(line)
        return float(values[-2]) if len(values) > 1 else math.nan

    @property
    def price(self) -> float:
        """The last close."""
        return float(self.bars.close[-1])

    def price_against(self, line: str = "") -> str:
        """Where the price stands against a line: "above", "crossed below", "at" …"""
        close = self.bars.close
        return _stand(self.price, self.now(line), float(close[-2]) if len(close) > 1 else math.nan, self.before(line))

    def against(self, line: str, other: str) -> str:
        """Where one line stands against another."""
        noise = 1e-12 * self.price
        return _stand(self.now(line), self.now(other), self.before(line), self.before(other), noise)

    def against_zero(self) -> str:
        """On which side of zero the first line is."""
        return _stand(self.now(), 0.0, self.before(), 0.0, 1e-12 * self.price)

    def _line(self, name: str) -> "Numbers":
        return self.lines[name] if name else next(iter(self.lines.values()))


def average(view: View) -> str:
    """The price against a moving average."""
    return f"{view.price_against()} its {view.parameters[0]}-{view.bars.interval.unit} average"


def session_average(view: View) -> str:
    """The price against the VWAP."""
    return f"{view.price_against()} the session's VWAP"


def zone(low: float, high: float) -> Reading:
    """Overbought above `high`, oversold below `low`; with a second line, where the first stands against it."""

    def read(view: View) -> str:
        now, before = view.now(), view.before()
        if now > high:
            text = f"overbought (above {high:g})"
        elif now < low:
            text = f"oversold (below {low:g})"
        elif before > high:
            text = f"neutral, fell back below {high:g}"
        elif before < low:
            text = f"neutral, rose back above {low:g}"
        else:
            text = "neutral"
        return f"{text}, %K {view.against('k', 'd')} %D" if "d" in view.lines else text

    return read


def zero(view: View) -> str:
    """The side of zero."""
    return f"{view.against_zero()} zero"


def macd(view: View) -> str:
    """The MACD against its signal line, and zero."""
    return f"{view.against('macd', 'signal')} its signal line, {view.against_zero()} zero"


def band(view: View) -> str:
    """Where the price is between the bands."""
    for line, side in (("upper", "above"), ("lower", "below")):
        if view.price_against(line) in (side, f"crossed {side}"):
            return f"{side} the {line} band"
    side = view.price_against("middle")
    return "at the middle" if side == "at" else f"in the {'upper' if side.endswith('above') else 'lower'} half"


def bollinger(view: View) -> str:
    """The same, and whether the bands are in a squeeze: the narrowest, against their middle, of 125 bars."""
    upper, middle, lower = (view.lines[name][-_SQUEEZE:] for name in ("upper", "middle", "lower"))
    width = (upper - lower) / middle
    squeeze = len(width) == _SQUEEZE and width.argmin() == _SQUEEZE - 1
    return f"{band(view)}{f', squeeze (narrowest in {_SQUEEZE} {view.bars.interval.unit}s)' if squeeze else ''}"


def extremes(view: View) -> str:
    """Whether the last bar made a new high or low."""
    made = [
        name
        for name, new in (
            ("high", view.now("upper") > view.before("upper")),
            ("low", view.now("lower") < view.before("lower")),
        )
        if new
    ]
    return f"a new {view.parameters[0]}-{view.bars.interval.unit} {' and '.join(made)}" if made else band(view)


def stop(view: View) -> str:
    """A trend that lasts until the price crosses its stop."""
    side = view.price_against()
    if side == "at":
        return "at its stop"
    direction = "down" if side.endswith("below") else "up"
    return f"turned {direction}" if side.startswith("crossed") else f"{direction}trend"


def ichimoku(view: View) -> str:
    """The price against the cloud, and the conversion line against the base line."""
    top, bottom = max(view.now("span_a"), view.now("span_b")), min(view.now("span_a"), view.now("span_b"))
    place = "above" if view.price > top else "below" if view.price < bottom else "in"
    return f"{place} the cloud, conversion line {view.against('conversion', 'base')} the base line"


def trend_strength(view: View) -> str:
    """How strong the trend is, and which way: Wilder's 25, and 20 for none."""
    strength, side = view.now("adx"), view.against("plus_di", "minus_di")
    if strength < 20:
        text = "trend is weak (below 20)"
    elif strength > 25:
        text = "trend is strong (above 25)"
    else:
        text = "trend is moderate (20 to 25)"
    return f"{text}, +DI {side} −DI"


def aroon(view: View) -> str:
    """Chande's thresholds: one line above 70 while the other is below 30."""
    up, down = view.now("up"), view.now("down")
    if up > 70 and down < 30:
        return "uptrend"
    return "downtrend" if down > 70 and up < 30 else "no clear trend"


def true_range(view: View) -> str:
    """The average range in proportion to the price."""
    return f"{_percent(100 * view.now() / view.price)} of the price a {view.bars.interval.unit}"


def relative_range(view: View) -> str:
    """The same where the value already is in percent."""
    return f"{_percent(view.now())} of the price a {view.bars.interval.unit}"


def volatility(view: View) -> str:
    """The latest value in percent, and where it stands among those of the last year of bars."""
    import numpy as np

    values = view.lines["hv"][-SESSIONS - 1 : -1]
    known = values[np.isfinite(values)]
    share = percentile(known, view.now()) if len(known) >= _ENOUGH else None
    if share is not None:
        place = f"higher than {share:.0f}% of the last {len(known)} {view.bars.interval.unit}s"
    else:
        place = "rising" if view.now() > view.before() else "not rising"
    return f"{_percent(100 * view.now())} a year, {place}"


def volume(view: View) -> str:
    """Whether volume goes with the price."""
    span = min(_CONFIRMING, len(view.bars) - 1)
    if not span:
        return "one bar says nothing"
    flow, move = view.now() - float(view.lines["obv"][-1 - span]), view.price - float(view.bars.close[-1 - span])
    over = f"over {span} {view.bars.interval.unit}{'s' if span > 1 else ''}"
    if flow * move < 0:
        return f"{_way(flow)} {over} while the price is {_way(move)}: divergence"
    return f"{_way(flow)} {over}, the price is {_way(move)}"


def _percent(value: float) -> str:
    """At least a tenth and two significant digits of a number from 0: 12.0%, 0.062%; below a millionth nothing."""
    places = max(1, 1 - math.floor(math.log10(value))) if value >= 1e-6 else 1
    return f"{value:.{places}f}%"


def _way(change: float) -> str:
    return "rising" if change > 0 else "falling" if change < 0 else "flat"


def _stand(now: float, other: float, before: float, other_before: float, noise: float = 0.0) -> str:
    """Above, below or at; "crossed" where the bar before stood on the other side."""
    if math.isclose(now, other, rel_tol=1e-9, abs_tol=noise):
        return "at"
    side = "above" if now > other else "below"
    gap = before - other_before
    crossed = gap < 0 if side == "above" else gap > 0
    return f"crossed {side}" if crossed else side
