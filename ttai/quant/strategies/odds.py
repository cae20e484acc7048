"""Where the price of the underlying may be on a day: lognormal, and as a chain's options imply it."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ttai.quant import pricing
from ttai.quant.smile import Smile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[np.float64]

_STILL = 1e-12  # of ln S: less is no movement
_STEP = 0.1  # of a deviation between the prices at which a smile is read
_REACH = 6.0  # deviations
_FEWEST = 5  # volatilities that make a smile


@dataclass(frozen=True)
class Lognormal:
    """ln S is normal: the expected price is `forward` dollars, `deviation` is σ√T. Source: Black (1976)."""

    forward: float
    deviation: float

    def below(self, price: "ArrayLike") -> "Numbers":
        """The probability, 0–1, to end below a price."""
        import numpy as np
        from scipy.special import ndtr

        deviation = max(self.deviation, _STILL)
        with np.errstate(divide="ignore"):
            distance = np.log(np.asarray(price, np.float64) / self.forward)
        answer: Numbers = ndtr(distance / deviation + deviation / 2)
        return answer

    def call(self, strike: "ArrayLike") -> "Numbers":
        """The expected dollars above a strike; at 0 the expected price."""
        return pricing.price(True, self.forward, strike, 1.0, self.deviation)

    def quantile(self, probability: "ArrayLike") -> "Numbers":
        """The price below which it ends with that probability."""
        import numpy as np
        from scipy.special import ndtri

        drift = -(self.deviation**2) / 2
        return self.forward * np.exp(drift + self.deviation * ndtri(np.asarray(probability, np.float64)))

    def density(self, price: "ArrayLike") -> "Numbers":
        """The probability a dollar of price, at prices above 0."""
        import numpy as np

        deviation = max(self.deviation, _STILL)
        price = np.asarray(price, np.float64)
        z = np.log(price / self.forward) / deviation + deviation / 2
        answer: Numbers = np.exp(-z * z / 2) / (math.sqrt(2 * math.pi) * deviation * price)
        return answer


@dataclass(frozen=True, eq=False)
class Implied:
    """As the options of one expiration price it, skew and all; the forward is the smile's.

    Source: Breeden and Litzenberger, Prices of State-Contingent Claims (1978): the probability to end above a price is
    what a call costs less a strike higher. Read off call prices a tenth of a deviation apart, so that the ticks of
    quotes don't show, and made to fall (isotonic regression) where quotes contradict each other; beyond the outermost
    strikes the volatility stays as it is there.
    """

    smile: Smile

    def __post_init__(self) -> None:
        """ValueError where a smile is none."""
        if len(self.smile.strikes) < _FEWEST or self.smile.years <= 0:
            raise ValueError(f"fewer than {_FEWEST} strikes of the expiration have a known volatility")

    @property
    def forward(self) -> float:
        """The expected price."""
        one = self.smile
        return one.spot * math.exp((one.rate - one.dividend_yield) * one.years)

    def below(self, price: "ArrayLike") -> "Numbers":
        """The probability, 0–1, to end below a price."""
        import numpy as np

        prices, chances = self._steps
        with np.errstate(divide="ignore"):
            answer: Numbers = np.interp(np.log(np.asarray(price, np.float64)), prices, chances, left=0.0, right=1.0)
        return answer

    def call(self, strike: "ArrayLike") -> "Numbers":
        """The expected dollars above a strike; at 0 the expected price."""
        return pricing.price(True, self.forward, strike, self.smile.years, self._volatility(strike))

    @cached_property
    def _steps(self) -> "tuple[Numbers, Numbers]":
        """Logarithms of prices and the probability to end below each, 0 to 1."""
        import numpy as np
        from scipy.optimize import isotonic_regression

        one = self.smile
        middle = float(np.interp(self.forward, one.strikes, one.iv)) * math.sqrt(one.years)
        widest = float(one.iv.max()) * math.sqrt(one.years)
        count = math.ceil(2 * _REACH * widest / (_STEP * middle)) + 1
        logs = math.log(self.forward) + np.linspace(-_REACH * widest, _REACH * widest, count)
        strikes = np.exp(logs)
        above = -np.diff(self.call(strikes)) / np.diff(strikes)
        falling = np.asarray(isotonic_regression(np.clip(above, 0.0, 1.0), increasing=False).x)
        return (logs[:-1] + logs[1:]) / 2, 1.0 - falling

    def _volatility(self, strike: "ArrayLike") -> "Numbers":
        import numpy as np

        one = self.smile
        with np.errstate(divide="ignore"):
            at = np.log(np.asarray(strike, np.float64))
        return np.interp(at, np.log(one.strikes), one.iv)
