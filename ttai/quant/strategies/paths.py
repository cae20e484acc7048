"""What may happen on the way to expiry, by a seeded Monte Carlo: a profit worth taking, a strike touched."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ttai.quant.strategies.position import Position

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

PATHS = 8192
SEED = 20260821
_STEPS = 96  # moments a path is looked at
_NODES = 241  # prices at which the position is priced each time
_REACH = 6.0  # deviations they reach


@dataclass(frozen=True)
class OnTheWay:
    """Probabilities, 0–1, of what happens at some moment up to the first expiration; None where nothing is asked.

    `profit`: the position could be closed for the profit asked for; `touch`: the price touches one of the prices.
    `error` is the standard error of either at worst.
    """

    profit: float | None
    touch: float | None
    error: float


def on_the_way(
    position: Position, volatility: float, profit: float | None, touched: Sequence[float], *, seed: int = SEED
) -> OnTheWay:
    """Follow the price along 8,192 paths (half of them mirrored) in 96 steps, drift r − q, at a volatility.

    `profit` is dollars above 0, for which the position is priced by the model at each step, each leg's volatility as
    it is now; `touched` are prices, whose crossing between two steps has the probability of a Brownian bridge,
    exp(−2 ab / σ²Δt), a and b the distances in ln S (Glasserman, Monte Carlo Methods in Financial Engineering,
    section 6.4). The same seed gives the same answer. ValueError for a position that has expired.
    """
    import numpy as np

    if position.front <= 0:
        raise ValueError("the position has expired: nothing can happen any more")
    one, step = position.setting, position.front / _STEPS
    deviation = max(volatility, 1e-9) * math.sqrt(step)
    drift = (one.rate - one.dividend_yield - volatility * volatility / 2) * step
    random = np.random.default_rng(seed)
    reach = _REACH * deviation * math.sqrt(_STEPS)
    grid = np.linspace(min(drift * _STEPS, 0.0) - reach, max(drift * _STEPS, 0.0) + reach, _NODES)
    marks = np.array([math.log(price / one.spot) for price in touched if price > 0])
    now = np.zeros(PATHS)
    earned, untouched = np.zeros(PATHS, bool), np.ones(PATHS)
    for number in range(1, _STEPS + 1):
        half = random.standard_normal(PATHS // 2)
        after = now + drift + deviation * np.concatenate([half, -half])
        for mark in marks:
            apart = (mark - now) * (mark - after)
            untouched *= np.where(apart > 0, 1 - np.exp(-2 * apart / deviation**2), 0.0)
        now = after
        if profit is not None:
            left = position.pnl(one.spot * np.exp(grid), number * step)
            earned |= np.interp(now, grid, left) >= profit
    return OnTheWay(
        profit=float(earned.mean()) if profit is not None else None,
        touch=float(1 - untouched.mean()) if len(marks) else None,
        error=0.5 / math.sqrt(PATHS),
    )
