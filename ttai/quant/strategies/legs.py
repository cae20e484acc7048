"""The legs of a strategy, as mathematics sees them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_ROUNDING = 1e-13  # of the largest leg: less is nothing

LegType = Literal["call", "put", "stock"]


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg: `shares` is contracts × multiplier, or shares of the stock; below 0 it is short.

    `price` is dollars a share, `strike` dollars (0 for stock), `years` the time to its settlement (infinite for
    stock), `volatility` an annual fraction (0 for stock; NaN unknown, which makes NaN of what needs it),
    `dividend_yield` what the forward of its expiration stands for, None the setting's. ValueError for numbers that no
    leg has.
    """

    type: LegType
    shares: float
    price: float
    strike: float = 0.0
    years: float = math.inf
    volatility: float = 0.0
    dividend_yield: float | None = None

    def __post_init__(self) -> None:
        """Hold the numbers to what a leg can have."""
        if not math.isfinite(self.shares) or self.shares == 0:
            raise ValueError(f"a leg's quantity is a number other than 0, not {self.shares:g}")
        if not math.isfinite(self.price) or self.price < 0:
            raise ValueError(f"a leg's price is 0 or more, not {self.price:g}")
        if self.type == "stock":
            return
        if not (math.isfinite(self.strike) and self.strike > 0):
            raise ValueError(f"a strike is above 0, not {self.strike:g}")
        if not (math.isfinite(self.years) and self.years >= 0):
            raise ValueError(f"an option has 0 years or more to live, not {self.years:g}")
        if self.volatility < 0 or math.isinf(self.volatility):
            raise ValueError(f"a volatility is 0 or more, not {self.volatility:g}")

    @property
    def is_option(self) -> bool:
        """Whether it expires."""
        return self.type != "stock"


@dataclass(frozen=True, eq=False)
class Columns:
    """Legs as arrays of one length: a stock is a call struck at 0 that never expires."""

    is_call: "NDArray[np.bool_]"
    is_stock: "NDArray[np.bool_]"
    shares: "Numbers"
    strike: "Numbers"
    price: "Numbers"
    years: "Numbers"
    volatility: "Numbers"
    dividend_yield: "Numbers"

    @classmethod
    def of(cls, legs: Sequence[Leg], dividend_yield: float = 0.0) -> "Columns":
        """The arrays of these legs, in their order; the yield of those that have none of their own."""
        import numpy as np

        shares, strike, price, years, volatility = np.array(
            [(leg.shares, leg.strike, leg.price, leg.years, leg.volatility) for leg in legs], np.float64
        ).T
        yields = [dividend_yield if leg.dividend_yield is None else leg.dividend_yield for leg in legs]
        types = np.array([leg.type for leg in legs])
        return cls(types != "put", types == "stock", shares, strike, price, years, volatility, np.array(yields))


def net_debit(legs: Sequence[Leg]) -> float:
    """Dollars paid for all legs together; below 0 is a credit."""
    paid = [leg.shares * leg.price for leg in legs]
    total = math.fsum(paid)
    return 0.0 if abs(total) <= _ROUNDING * max(map(abs, paid), default=0.0) else total


def front(legs: Sequence[Leg]) -> float:
    """Years to the first expiration among the legs; ValueError where none is an option."""
    options = [leg.years for leg in legs if leg.is_option]
    if not options:
        raise ValueError("a strategy has at least one option")
    return min(options)


def one_expiration(legs: Sequence[Leg]) -> bool:
    """Whether all options expire at the same moment: then what they are worth there is exact."""
    return len({leg.years for leg in legs if leg.is_option}) <= 1
