"""The indicators there are: what each is, its parameters, lines, formula and reading."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ttai.quant import formulas, readings

if TYPE_CHECKING:
    from ttai.quant.bars import Numbers

Unit = Literal["price", "dollars", "points", "percent", "fraction", "shares"]
"""What a line's values are; a `price` is in dollars too, and can be drawn over the price."""

_LONGEST = 5_000  # bars; beyond it TA-Lib's windows take seconds

STANDSTILL = "prices did not move"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number an indicator takes, from `least` to `most`."""

    name: str
    default: float
    least: float = 2
    most: float = _LONGEST
    whole: bool = True

    @property
    def range(self) -> str:
        """What it may be, in words."""
        return f"a {'whole ' if self.whole else ''}number from {self.least:g} to {self.most:g}"


@dataclass(frozen=True, slots=True)
class Definition:
    """One indicator.

    `formula` takes sound bars and the parameters and gives an array for each of `lines`; `needs` takes the parameters
    and says how many bars the last of the lines needs. `unit` is that of each line. The first `rising` parameters must
    rise. `intraday`: it is of one session, which must be whole. `unknown` says why a value is missing though there are
    bars enough.
    """

    about: str
    parameters: tuple[Parameter, ...]
    lines: tuple[str, ...]
    formula: Callable[..., "tuple[Numbers, ...]"]
    needs: Callable[..., int]
    reading: readings.Reading
    unit: Unit = "points"
    rising: int = 0
    volume: bool = False
    intraday: bool = False
    unknown: str = STANDSTILL

    @property
    def defaults(self) -> tuple[float, ...]:
        """What the parameters are when none are given."""
        return tuple(parameter.default for parameter in self.parameters)


def _period(default: int, name: str = "period", least: int = 2) -> Parameter:
    return Parameter(name, default, least)


def _width(name: str, default: float) -> Parameter:
    return Parameter(name, default, 0.1, 10, whole=False)


_BANDS = ("upper", "middle", "lower")

CATALOGUE: dict[str, Definition] = {
    "sma": Definition(
        "simple moving average", (_period(20),), ("sma",), formulas.sma, lambda n: n, readings.average, "price"
    ),
    "ema": Definition(
        "exponential moving average", (_period(21),), ("ema",), formulas.ema, lambda n: n, readings.average, "price"
    ),
    "wma": Definition(
        "weighted moving average", (_period(20),), ("wma",), formulas.wma, lambda n: n, readings.average, "price"
    ),
    "bbands": Definition(
        "Bollinger bands: SMA ± population standard deviations",
        (_period(20), _width("deviations", 2)),
        _BANDS,
        formulas.bbands,
        lambda n, *_: n,
        readings.bollinger,
        "price",
    ),
    "keltner": Definition(
        "Keltner channel: EMA of the typical price ± ATRs",
        (_period(20), _width("multiplier", 2), _period(10, "atr_period")),
        _BANDS,
        formulas.keltner,
        lambda n, _, ranges: max(n, ranges + 1),
        readings.band,
        "price",
    ),
    "donchian": Definition(
        "Donchian channel: highest high and lowest low",
        (_period(20),),
        _BANDS,
        formulas.donchian,
        lambda n: n,
        readings.extremes,
        "price",
    ),
    "supertrend": Definition(
        "Supertrend: a trailing stop of ATRs",
        (_period(10), _width("multiplier", 3)),
        ("supertrend",),
        formulas.supertrend,
        lambda n, _: n + 1,
        readings.stop,
        "price",
    ),
    "ichimoku": Definition(
        "Ichimoku: conversion and base line, and the cloud between the spans",
        (_period(9, "conversion"), _period(26, "base"), _period(52, "span")),
        ("conversion", "base", "span_a", "span_b"),
        formulas.ichimoku,
        lambda _, base, span: base + span,
        readings.ichimoku,
        "price",
        rising=3,
    ),
    "sar": Definition(
        "parabolic stop and reverse",
        (Parameter("acceleration", 0.02, 0.001, 1, whole=False), Parameter("maximum", 0.2, 0.01, 1, whole=False)),
        ("sar",),
        formulas.sar,
        lambda *_: 2,
        readings.stop,
        "price",
        rising=2,
    ),
    "vwap": Definition(
        "volume-weighted average price of the session",
        (),
        ("vwap",),
        formulas.vwap,
        lambda: 2,
        readings.session_average,
        "price",
        volume=True,
        intraday=True,
        unknown="nothing was traded yet in this session",
    ),
    "rsi": Definition(
        "relative strength index, Wilder's", (_period(14),), ("rsi",), formulas.rsi, lambda n: n + 1,
        readings.zone(30, 70),
    ),
    "stochrsi": Definition(
        "stochastic of the RSI, %K unsmoothed",
        (_period(14), _period(14, "window"), _period(3, "smoothing", 1)),
        ("k", "d"),
        formulas.stochrsi,
        lambda n, window, smoothing: n + window + smoothing - 1,
        readings.zone(20, 80),
        unknown="its RSI did not move, or not for long enough",
    ),
    "macd": Definition(
        "moving average convergence divergence",
        (_period(12, "fast"), _period(26, "slow"), _period(9, "signal", 1)),
        ("macd", "signal", "histogram"),
        formulas.macd,
        lambda _, slow, signal: slow + signal - 1,
        readings.macd,
        "dollars",
        rising=2,
    ),
    "stoch": Definition(
        "slow stochastic",
        (_period(14), _period(3, "smoothing", 1), _period(3, "signal", 1)),
        ("k", "d"),
        formulas.stoch,
        lambda n, smoothing, signal: n + smoothing + signal - 2,
        readings.zone(20, 80),
    ),
    "willr": Definition(
        "Williams %R", (_period(14),), ("willr",), formulas.willr, lambda n: n, readings.zone(-80, -20)
    ),
    "cci": Definition(
        "commodity channel index", (_period(20),), ("cci",), formulas.cci, lambda n: n, readings.zone(-100, 100)
    ),
    "mfi": Definition(
        "money flow index",
        (_period(14),),
        ("mfi",),
        formulas.mfi,
        lambda n: n + 1,
        readings.zone(20, 80),
        volume=True,
        unknown="prices did not move or nothing was traded",
    ),
    "adx": Definition(
        "average directional index with +DI and −DI",
        (_period(14),),
        ("adx", "plus_di", "minus_di"),
        formulas.adx,
        lambda n: 2 * n,
        readings.trend_strength,
        unknown=f"{STANDSTILL}, or not for long enough",
    ),
    "aroon": Definition(
        "Aroon: how recent the extremes are", (_period(25),), ("up", "down"), formulas.aroon, lambda n: n + 1,
        readings.aroon,
    ),
    "roc": Definition(
        "rate of change, percent", (_period(10, least=1),), ("roc",), formulas.roc, lambda n: n + 1, readings.zero,
        "percent",
    ),
    "mom": Definition(
        "momentum, dollars", (_period(10, least=1),), ("mom",), formulas.mom, lambda n: n + 1, readings.zero,
        "dollars",
    ),
    "trix": Definition(
        "change of a triple EMA, percent", (_period(15),), ("trix",), formulas.trix, lambda n: 3 * n - 1,
        readings.zero, "percent",
    ),
    "atr": Definition(
        "average true range, dollars", (_period(14),), ("atr",), formulas.atr, lambda n: n + 1, readings.true_range,
        "dollars",
    ),
    "natr": Definition(
        "average true range, percent of the close", (_period(14),), ("natr",), formulas.natr, lambda n: n + 1,
        readings.relative_range, "percent",
    ),
    "hv": Definition(
        "historical volatility: deviation of log returns, annualised",
        (_period(30),),
        ("hv",),
        formulas.hv,
        lambda n: n + 1,
        readings.volatility,
        "fraction",
    ),
    "obv": Definition(
        "on-balance volume from the first bar used: its changes count, not its level", (), ("obv",), formulas.obv,
        lambda: 1, readings.volume, "shares", volume=True,
    ),
}  # fmt: skip

ALIASES = {
    "bb": "bbands",
    "bollinger": "bbands",
    "kc": "keltner",
    "psar": "sar",
    "stochastic": "stoch",
    "williams": "willr",
}
"""Other names that are understood."""
