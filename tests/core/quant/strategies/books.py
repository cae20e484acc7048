"""Random positions, and what they are worth by a plain loop: the other opinion of the tests of this room."""

import math
import re
from collections.abc import Sequence

from hypothesis import strategies as st

from ttai.quant.strategies.legs import Leg

YEARS = 45 / 365

STRIKES = st.integers(50, 150).map(float)
LOTS = st.integers(-5, 5).filter(bool)
OPTIONS = st.builds(
    lambda kind, lots, strike, price, volatility: Leg(kind, 100.0 * lots, price, strike, YEARS, volatility),
    st.sampled_from(["call", "put"]),
    LOTS,
    STRIKES,
    st.integers(0, 4000).map(lambda cents: cents / 100),
    st.floats(0.1, 1.2),
)
STOCKS = st.builds(lambda lots, price: Leg("stock", 100.0 * lots, price), LOTS, st.integers(50, 150).map(float))


@st.composite
def books(draw: st.DrawFn, most: int = 11) -> list[Leg]:
    """One to twelve legs of one expiration, sometimes with stock."""
    legs: list[Leg] = draw(st.lists(OPTIONS, min_size=1, max_size=most))
    return [*legs, draw(STOCKS)] if draw(st.booleans()) else legs


def payoff(leg: Leg, price: float) -> float:
    """Dollars that one leg wins when everything expires at this price."""
    if leg.type == "stock":
        return leg.shares * (price - leg.price)
    ahead = price - leg.strike if leg.type == "call" else leg.strike - price
    return leg.shares * (max(ahead, 0.0) - leg.price)


def total(legs: Sequence[Leg], price: float) -> float:
    """Dollars that all legs win."""
    return math.fsum(payoff(leg, price) for leg in legs)


def option(
    kind: str, lots: float, strike: float, price: float, *, years: float = YEARS, volatility: float = 0.3
) -> Leg:
    """So many contracts of 100 shares."""
    return Leg(kind, 100.0 * lots, price, strike, years, volatility)  # type: ignore[arg-type]


def book(text: str) -> list[Leg]:
    """Legs from "-1p95@2.05 1c105@1.10 100s@99": lots of 100, type, strike, price; shares of stock and price."""
    legs = []
    for word in text.split():
        lots, kind, strike, price = re.fullmatch(r"(-?[\d.]+)([cps])([\d.]*)@([\d.]+)", word).groups()  # type: ignore[union-attr]
        if kind == "s":
            legs.append(Leg("stock", float(lots), float(price)))
        else:
            legs.append(option({"c": "call", "p": "put"}[kind], float(lots), float(strike), float(price)))
    return legs
