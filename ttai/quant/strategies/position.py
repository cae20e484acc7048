"""A position of several legs in a market: what it is worth at any price and time, and where that leads."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ttai.quant import pricing
from ttai.quant.pricing import Greeks
from ttai.quant.strategies.curve import Curves, at_expiry
from ttai.quant.strategies.legs import Columns, Leg, front, net_debit, one_expiration
from ttai.quant.strategies.odds import Lognormal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[np.float64]

MOST_LEGS = 12
_NODES = 601  # prices at which a curve without exact kinks is known
_REACH = 8.0  # deviations they reach; what lies beyond is straight
_ROUNDING = 1e-12  # of the largest P/L: a turn so small is none
_LEAST_VEGA = 1e-12  # $ a point: where none has any, all count alike
_CLOSER, _PARTS = 3, 16  # times, and parts each time, that a stretch is looked at more closely


@dataclass(frozen=True)
class Setting:
    """What options are priced in: `spot` dollars, continuous annual fractions; `european` where none is exercised
    before it expires, as those of indices."""

    spot: float
    rate: float = 0.0
    dividend_yield: float = 0.0
    european: bool = False

    def forward(self, years: float) -> float:
        """The expected price, in dollars: drift r − q."""
        return self.spot * math.exp((self.rate - self.dividend_yield) * years)


@dataclass(frozen=True)
class Position:
    """Legs that belong together, and the setting in which they are priced; ValueError for more than 12, or none.

    `paid` is dollars where that is not the sum of the legs' prices, as after a roll: what went before is in it.
    """

    legs: tuple[Leg, ...]
    setting: Setting
    paid: float | None = None

    def __post_init__(self) -> None:
        """Hold it to what can be analysed."""
        if not 1 <= len(self.legs) <= MOST_LEGS:
            raise ValueError(f"a strategy has 1 to {MOST_LEGS} legs, not {len(self.legs)}")
        if not (math.isfinite(self.setting.spot) and self.setting.spot > 0):
            raise ValueError(f"the price of the underlying is above 0, not {self.setting.spot:g}")
        front(self.legs)

    @cached_property
    def columns(self) -> Columns:
        """The legs as arrays."""
        return Columns.of(self.legs, self.setting.dividend_yield)

    @cached_property
    def debit(self) -> float:
        """Dollars paid for all legs; below 0 a credit."""
        return net_debit(self.legs) if self.paid is None else self.paid

    @cached_property
    def front(self) -> float:
        """Years to the first expiration."""
        return front(self.legs)

    @property
    def exact(self) -> bool:
        """Whether all options expire together, so that the curve there is straight between strikes."""
        return one_expiration(self.legs)

    @cached_property
    def curve(self) -> Curves:
        """The P/L at the first expiration: exact where all expire then, else what is left by the model."""
        at = self.columns
        if self.exact:
            return at_expiry(at.is_call, at.strike, at.shares, [self.debit])
        return self._smooth()

    def worth(self, prices: "ArrayLike", elapsed: float = 0.0, shift: float = 0.0) -> "Numbers":
        """Dollars, at prices (n,) of the underlying, `elapsed` years from now, all volatilities `shift` higher.

        Black, Scholes and Merton at each leg's volatility, at least what exercise brings (of European puts it is not
        asked for; a European call falls below it only where r × K < q × S). A volatility shifted below 0 is 0.
        """
        import numpy as np

        at, one = self.columns, self.setting
        spots = np.asarray(prices, np.float64)[:, np.newaxis]
        options = ~at.is_stock
        is_call, strike = at.is_call[options], at.strike[options]
        left = np.maximum(at.years[options] - elapsed, 0.0)
        volatility = np.maximum(at.volatility[options] + shift, 0.0)
        value = pricing.price(is_call, spots, strike, left, volatility, one.rate, at.dividend_yield[options])
        exercised = np.maximum(np.where(is_call, spots - strike, strike - spots), 0.0)
        value = np.where(is_call | (left <= 0) | (not one.european), np.maximum(value, exercised), value)
        total: Numbers = value @ at.shares[options] + spots[:, 0] * at.shares[at.is_stock].sum()
        return total

    def pnl(self, prices: "ArrayLike", elapsed: float = 0.0, shift: float = 0.0) -> "Numbers":
        """`worth` less what was paid, in dollars."""
        return self.worth(prices, elapsed, shift) - self.debit

    def greeks(self) -> Greeks:
        """Of the whole position now: delta and gamma in shares, theta $ a day, vega $ a point, rho $ per 1 % of rate.

        Black, Scholes and Merton at each leg's volatility.
        """
        at, one = self.columns, self.setting
        options = ~at.is_stock
        each = pricing.greeks(
            at.is_call[options],
            one.spot,
            at.strike[options],
            at.years[options],
            at.volatility[options],
            one.rate,
            at.dividend_yield[options],
        )
        held = at.shares[at.is_stock].sum()
        sums = [(column * at.shares[options]).sum() for column in each]
        return Greeks(sums[0] + held, *sums[1:])

    @cached_property
    def volatility(self) -> float | None:
        """The underlying's until the first expiration: the mean of the legs that expire then, weighted by vega; None
        where none of them knows its own."""
        weighed, weights = 0.0, 0.0
        for leg in self.legs:
            if leg.years == self.front and math.isfinite(leg.volatility):
                weight = max(self._vega(leg) * abs(leg.shares), _LEAST_VEGA)
                weighed, weights = weighed + weight * leg.volatility, weights + weight
        return weighed / weights if weights else None

    def _vega(self, leg: Leg) -> float:
        one = self.setting
        terms = (leg.type == "call", one.spot, leg.strike, leg.years, leg.volatility, one.rate, one.dividend_yield)
        return float(pricing.greeks(*terms).vega)

    def lognormal(self, volatility: float) -> Lognormal:
        """Where the price may be at the first expiration, drift r − q."""
        return Lognormal(self.setting.forward(self.front), volatility * math.sqrt(self.front))

    def _smooth(self) -> Curves:
        """Known at hundreds of prices and at strikes, ever closer together where it turns or crosses 0."""
        import numpy as np

        at, one = self.columns, self.setting
        options = ~at.is_stock
        widest = max(float(at.volatility[options].max()) * math.sqrt(self.front), 0.05)
        strikes = at.strike[options]
        low, high = min(one.spot, strikes.min()), max(one.spot, strikes.max())
        grid = np.geomspace(low * math.exp(-_REACH * widest), high * math.exp(_REACH * widest), _NODES)
        prices = np.unique(np.concatenate([[0.0], strikes, grid]))
        values = self._left(prices)
        for _ in range(_CLOSER):
            between = _inside(prices, values)
            joined = np.concatenate([prices, between])
            prices, first = np.unique(joined, return_index=True)
            values = np.concatenate([values, self._left(between)])[first]
        slope = float((at.shares * at.is_call).sum())
        return Curves(prices[np.newaxis], values[np.newaxis], np.array([slope]))

    def _left(self, prices: "Numbers") -> "Numbers":
        """The P/L at the first expiration; what only rounding leaves of it is 0."""
        import numpy as np

        values = self.pnl(prices, self.front)
        at = self.columns
        size = float((np.abs(at.shares) * (at.strike + at.price)).sum()) + float(np.abs(at.shares).sum()) * prices
        return np.where(np.abs(values) <= _ROUNDING * size, 0.0, values)


def _inside(prices: "Numbers", values: "Numbers") -> "Numbers":
    """Prices inside the stretches that cross 0 or lie beside a turn."""
    import numpy as np

    steps = np.diff(values)
    rising = np.sign(steps) * (np.abs(steps) > _ROUNDING * np.abs(values).max())
    turns = rising[1:] * rising[:-1] < 0
    beside = np.concatenate([turns, [False]]) | np.concatenate([[False], turns])
    here = np.flatnonzero(beside | (values[:-1] * values[1:] < 0))
    parts = np.arange(1, _PARTS) / _PARTS
    return (prices[here, np.newaxis] + np.diff(prices)[here, np.newaxis] * parts).ravel()
