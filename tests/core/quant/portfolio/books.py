"""Books of several underlyings, and what they are worth by a plain loop: the tests' other opinion."""

import math
from collections.abc import Sequence

import numpy as np

from ttai.quant import american, pricing
from ttai.quant.portfolio.holdings import Holding
from ttai.quant.strategies.legs import Leg
from ttai.quant.strategies.position import Setting

LIFE = (2, 9, 16, 30, 44, 72, 200, 400)  # days


def book(options: int = 200, underlyings: int = 20, *, seed: int = 1, rate: float = 0.04) -> list[Holding]:
    """Options of underlyings with and without dividends, half of them with stock, at prices of the model."""
    chance = np.random.default_rng(seed)
    holdings = []
    for number in range(underlyings):
        spot = round(float(chance.uniform(20, 600)), 2)
        setting = Setting(spot, rate, float(chance.choice([0.0, 0.012])))
        legs = [Leg("stock", 100.0, spot)] if number % 2 else []
        for _ in range(options // underlyings):
            is_call, years = bool(chance.integers(2)), int(chance.choice(LIFE)) / 365
            strike, volatility = round(spot * float(chance.uniform(0.75, 1.25))) + 0.5, float(chance.uniform(0.15, 0.7))
            mark = american.price(is_call, spot, strike, years, volatility, rate, setting.dividend_yield)
            lots = 100.0 * int(chance.choice([-3, -1, 1, 2]))
            legs.append(Leg("call" if is_call else "put", lots, mark, strike, years, volatility))
        holdings.append(Holding(f"S{number}", tuple(legs), setting, round(float(chance.uniform(0.5, 2)), 2)))
    return holdings


def value(leg: Leg, setting: Setting, spot: float, iv: float, days: float, *, early: bool) -> float:
    """Dollars that one leg is worth in another market, by the scalar formulas."""
    if leg.type == "stock":
        return leg.shares * spot
    is_call, left = leg.type == "call", max(leg.years - days / 365, 0.0)
    q = setting.dividend_yield if leg.dividend_yield is None else leg.dividend_yield
    asked = (is_call, spot, leg.strike, left, leg.volatility * (1 + iv), setting.rate, q)
    if early and not setting.european:
        return leg.shares * american.price(*asked)
    european = float(pricing.price(*asked))
    exercised = spot - leg.strike if is_call else leg.strike - spot
    return leg.shares * (max(european, exercised) if left == 0 or not setting.european else european)


def pnl(holdings: Sequence[Holding], move: float, iv: float, days: float, *, early: bool) -> float:
    """Dollars that a book wins, leg by leg."""
    won = []
    for one in holdings:
        spot, beta = one.setting.spot, 1.0 if one.beta is None else one.beta
        moved = spot * max(1 + beta * move, 1e-6)
        for leg in one.legs:
            before = value(leg, one.setting, spot, 0.0, 0.0, early=early)
            won.append(value(leg, one.setting, moved, iv, days, early=early) - before)
    return math.fsum(won)
