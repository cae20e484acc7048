"""Net and beta-weighted greeks of a book."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Known = Literal["spot", "beta", "delta", "gamma", "theta", "vega"]
_GREEKS: tuple[Known, ...] = ("delta", "gamma", "theta", "vega")


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """One leg's greeks a share, as somebody gave them: NaN unknown.

    `shares` is contracts × multiplier, or shares of the stock; below 0 it is short. `delta` $ per $ of the underlying,
    `gamma` delta per $, `theta` $ per calendar day, `vega` $ per volatility point (0.01). Stock has delta 1 and nothing
    else: `Sensitivity(symbol, shares, 1, 0, 0, 0)`.
    """

    symbol: str
    shares: float
    delta: float
    gamma: float
    theta: float
    vega: float


@dataclass(frozen=True, slots=True)
class Underlying:
    """Its price in dollars and its beta to SPY; None unknown."""

    spot: float | None
    beta: float | None


@dataclass(frozen=True)
class Exposure:
    """What one underlying, or all of them together, moves by; None where nothing of it is known.

    `delta` shares of the underlying and `gamma` shares per $ are None in the total: shares of different stocks don't
    add up. `delta_dollars` is delta × spot, `beta_delta` in SPY shares, `beta_gamma` SPY shares per $1 of SPY, `theta`
    $ per calendar day, `vega` $ per volatility point. Sums are of what is known: `unknown` counts the legs that are
    missing in them, by what they lack, and `lacking` names their underlyings.
    """

    symbol: str | None
    legs: int
    delta: float | None
    gamma: float | None
    delta_dollars: float | None
    beta_delta: float | None
    beta_gamma: float | None
    theta: float | None
    vega: float | None
    unknown: Mapping[Known, int] = field(default_factory=dict)
    lacking: Mapping[Known, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Book:
    """The exposure of each underlying, in the order they came, and of all."""

    underlyings: tuple[Exposure, ...]
    total: Exposure


def exposure(legs: Iterable[Sensitivity], underlyings: Mapping[str, Underlying], spy: float | None) -> Book:
    """The greeks of a book; `spy` is SPY's price in dollars, None unknown.

    An underlying moves by x = β × S / S_spy dollars for every dollar of SPY. By the chain rule its delta is Δ·x SPY
    shares and its gamma Γ·x²: beta weighting as brokers do it (thinkorswim, tastytrade), gamma included.
    """
    of: dict[str, list[Sensitivity]] = {}
    for leg in legs:
        of.setdefault(leg.symbol, []).append(leg)
    each = tuple(
        _of_one(symbol, held, underlyings.get(symbol, Underlying(None, None)), spy) for symbol, held in of.items()
    )
    return Book(each, _total(each))


def _of_one(symbol: str, held: Sequence[Sensitivity], underlying: Underlying, spy: float | None) -> Exposure:
    sums = {greek: _sum(leg.shares * getattr(leg, greek) for leg in held) for greek in _GREEKS}
    spot = underlying.spot if _positive(underlying.spot) else None
    beta = underlying.beta if underlying.beta is not None and math.isfinite(underlying.beta) else None
    unknown = Counter({greek: sum(not math.isfinite(getattr(leg, greek)) for leg in held) for greek in _GREEKS})
    unknown["spot"] = len(held) if spot is None else 0
    unknown["beta"] = len(held) if beta is None else 0
    counted = {what: count for what, count in unknown.items() if count}
    x = beta * spot / spy if beta is not None and spot is not None and spy is not None and _positive(spy) else None
    return Exposure(
        symbol,
        len(held),
        delta=sums["delta"],
        gamma=sums["gamma"],
        delta_dollars=_times(sums["delta"], spot),
        beta_delta=_times(sums["delta"], x),
        beta_gamma=_times(sums["gamma"], None if x is None else x * x),
        theta=sums["theta"],
        vega=sums["vega"],
        unknown=counted,
        lacking=dict.fromkeys(counted, (symbol,)),
    )


def _total(each: Sequence[Exposure]) -> Exposure:
    unknown: Counter[Known] = Counter()
    lacking: dict[Known, tuple[str, ...]] = {}
    for one in each:
        unknown.update(one.unknown)
        for what, symbols in one.lacking.items():
            lacking[what] = lacking.get(what, ()) + symbols
    return Exposure(
        None,
        sum(one.legs for one in each),
        delta=None,
        gamma=None,
        delta_dollars=_sum(one.delta_dollars for one in each),
        beta_delta=_sum(one.beta_delta for one in each),
        beta_gamma=_sum(one.beta_gamma for one in each),
        theta=_sum(one.theta for one in each),
        vega=_sum(one.vega for one in each),
        unknown=dict(unknown),
        lacking=lacking,
    )


def _sum(values: Iterable[float | None]) -> float | None:
    """Of what is known; None where nothing is."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    return math.fsum(known) if known else None


def _times(value: float | None, factor: float | None) -> float | None:
    return None if value is None or factor is None else value * factor


def _positive(price: float | None) -> bool:
    return price is not None and math.isfinite(price) and price > 0
