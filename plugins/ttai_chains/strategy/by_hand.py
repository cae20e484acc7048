"""A position of legs whose numbers were sent along: what is missing is worked out of what is there; pure."""

import math
from collections.abc import Sequence

from ttai import Leg
from ttai.quant import pricing
from ttai.quant.strategies.legs import Leg as Part
from ttai.quant.strategies.position import Position, Setting
from ttai_chains.strategy.studies import Given, Study, brief

WEIGHED = "mean IV of the legs that expire first, weighed by vega"


def study(legs: Sequence[Leg], years: Sequence[float], setting: Setting, given: Given, notes: list[str]) -> Study:
    """The position; ValueError for a leg that has neither a price nor a volatility from anywhere."""
    multiplier = given.multiplier or 100
    known = [_volatility(leg, left, setting, given) for leg, left in zip(legs, years, strict=True)]
    finite = [one for one in known if math.isfinite(one)]
    usual = sum(finite) / len(finite) if finite else math.nan
    parts: list[Part] = []
    for number, (leg, left, own) in enumerate(zip(legs, years, known, strict=True), 1):
        if leg.type == "stock":
            parts.append(Part("stock", leg.quantity, setting.spot if leg.price is None else leg.price))
            continue
        if leg.price is not None and (why := _market(leg, setting, left, leg.price)):
            notes.append(f"leg {number}, {brief(leg)}: {why}")
        volatility = own if math.isfinite(own) else usual
        if not math.isfinite(own) and math.isfinite(usual):
            notes.append(f"leg {number} has no IV of its own: the mean of the others, {usual:.1%}, is used")
        price = leg.price
        if price is None:
            price = _model(leg, setting, left, volatility)
            if not math.isfinite(price):
                raise ValueError(f"leg {number}, {brief(leg)}, has neither price nor volatility; send one of the two")
            notes.append(f"leg {number} priced by the model at {volatility:.1%}: {price:.4g}")
        shares, strike = leg.quantity * multiplier, leg.strike or 0.0
        parts.append(Part(leg.type or "call", shares, price, strike, left, volatility))
    position = Position(tuple(parts), setting)
    if blind := [n for n, part in enumerate(parts, 1) if part.years > position.front and math.isnan(part.volatility)]:
        raise ValueError(f"leg {blind[0]} can't be valued at the first expiration; send its volatility")
    expected, said = _of_the_underlying(position, given)
    return Study(tuple(legs), position, expected, said, given.symbol, notes=tuple(notes), multiplier=multiplier)


def _volatility(leg: Leg, years: float, setting: Setting, given: Given) -> float:
    """The leg's own, else that of all, else what its price implies; NaN where there is none."""
    if leg.type == "stock":
        return math.nan
    for volatility in (leg.volatility, given.volatility):
        if volatility is not None:
            return volatility
    if leg.price is None:
        return math.nan
    return float(pricing.implied_volatility(leg.type == "call", leg.price, *_terms(leg, setting, years)))


def _market(leg: Leg, setting: Setting, years: float, price: float) -> str | None:
    """Why no volatility makes that price: it violates arbitrage, or there is no time value in it."""
    return pricing.no_volatility(leg.type == "call", price, *_terms(leg, setting, years))


def _terms(leg: Leg, setting: Setting, years: float) -> tuple[float, float, float, float, float]:
    """What a price is solved for its volatility with."""
    return setting.spot, leg.strike or 0.0, years, setting.rate, setting.dividend_yield


def _model(leg: Leg, setting: Setting, years: float, volatility: float) -> float:
    terms = (setting.spot, leg.strike or 0.0, years, volatility, setting.rate, setting.dividend_yield)
    return float(pricing.price(leg.type == "call", *terms))


def _of_the_underlying(position: Position, given: Given) -> tuple[float | None, str]:
    """The volatility until the first expiration, and where it is from."""
    if given.volatility is not None:
        return given.volatility, "the volatility given"
    return position.volatility, WEIGHED if position.volatility is not None else "unknown"
