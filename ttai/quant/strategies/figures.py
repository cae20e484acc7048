"""What there is to say of a position in numbers: what it wins and loses, how likely, and how it gets there."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ttai.quant.pricing import Greeks
from ttai.quant.strategies.curve import Distribution
from ttai.quant.strategies.odds import Implied
from ttai.quant.strategies.position import Position

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Odds:
    """The probability of a profit, 0–1, and the expected P/L in dollars, at the first expiration."""

    pop: float
    expected_value: float


@dataclass(frozen=True, eq=False)
class Figures:
    """Dollars of the whole position; `most` and `least` are its P/L at best and at worst, infinite without end.

    `breakevens` and `level` (stretches where it neither wins nor loses) are prices of the underlying at the first
    expiration; `lognormal` and `implied` are None where the volatility or the chain is unknown.
    """

    debit: float
    most: float
    least: float
    breakevens: tuple[float, ...]
    level: tuple[tuple[float, float | None], ...]
    greeks: Greeks
    lognormal: Odds | None
    implied: Odds | None

    @property
    def max_profit(self) -> float | None:
        """The most it can win; None without end."""
        return None if math.isinf(self.most) else self.most

    @property
    def max_loss(self) -> float | None:
        """The most it can lose, 0 or above; None without end."""
        return None if math.isinf(self.least) else max(-self.least, 0.0)


@dataclass(frozen=True, eq=False)
class Scenario:
    """P/L in dollars at prices of the underlying: now, `later` and at the first expiration, by the model until then."""

    prices: "Numbers"
    now: "Numbers"
    later: "Numbers"
    expiry: "Numbers"


def figures(position: Position, volatility: float | None, implied: Implied | None) -> Figures:
    """The figures of a position; the volatility is the underlying's until the first expiration.

    The odds are in closed form over the stretches of the curve: lognormal with drift r − q, and as the chain implies.
    """
    curve = position.curve
    lognormal = None if volatility is None else position.lognormal(volatility)
    return Figures(
        debit=position.debit,
        most=float(curve.highest[0]),
        least=float(curve.lowest[0]),
        breakevens=tuple(curve.breakevens()),
        level=tuple(curve.level()),
        greeks=position.greeks(),
        lognormal=_odds(position, lognormal),
        implied=_odds(position, implied),
    )


def scenario(position: Position, prices: Sequence[float], later: float) -> Scenario:
    """What becomes of the position at these prices, now, `later` (years from now) and at the first expiration."""
    import numpy as np

    at = np.asarray(prices, np.float64)
    return Scenario(at, position.pnl(at), position.pnl(at, later), position.curve.at(at))


def _odds(position: Position, distribution: Distribution | None) -> Odds | None:
    if distribution is None:
        return None
    pop, expected = position.curve.probability(distribution), position.curve.expectation(distribution)
    return Odds(float(pop[0]), float(expected[0]))
