"""The options that are rolled, as arrays, and what it costs to be rid of them; pure."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ttai import Expiration
from ttai_chains.fills import fill
from ttai_chains.strategy.studies import Listed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Places = NDArray[np.intp]


@dataclass(frozen=True)
class Rolled:
    """The options that are rolled: all those of one expiration, as they are listed there."""

    legs: tuple[Listed, ...]

    @cached_property
    def unit(self) -> int:
        """How often the position holds its smallest lot; prices are of one lot, dollars a share."""
        return math.gcd(*(int(one.leg.quantity) for one in self.legs))

    @cached_property
    def ratios(self) -> "Places":
        """Contracts of each leg in a lot, below 0 short."""
        import numpy as np

        return np.array([int(one.leg.quantity) // self.unit for one in self.legs], np.intp)

    @cached_property
    def rows(self) -> "Places":
        """The row of each leg in the columns of an expiration."""
        import numpy as np

        return np.array([one.place.row for one in self.legs if one.place is not None], np.intp)

    @cached_property
    def strikes(self) -> "Numbers":
        """The strike of each leg."""
        import numpy as np

        return np.array([one.leg.strike for one in self.legs], np.float64)

    @property
    def sides(self) -> list[int]:
        """The rows that there are legs of; the legs of one move together."""
        return sorted(set(self.rows.tolist()))

    @property
    def expiration(self) -> Expiration:
        """Where they are now."""
        return self.legs[0].read.quotes.expiration

    @property
    def shares(self) -> int:
        """Shares behind one contract of each leg in a lot, all lots together."""
        return self.unit * self.expiration.multiplier

    @property
    def delta(self) -> float:
        """Theirs, in shares; NaN unknown."""
        return math.fsum(one.leg.quantity * one.quoted("delta") for one in self.legs) * self.expiration.multiplier

    @cached_property
    def closing(self) -> tuple[float, float, float]:
        """What it costs to close a lot: at the mid, the natural price and the fill; NaN unknown.

        What has no two-sided market counts at its natural price in all of them: nothing, where nothing is bid.
        """
        natural = [one.quoted("bid" if one.leg.quantity > 0 else "ask") for one in self.legs]
        mids = [one.quoted("mid") for one in self.legs]
        at_mid = [mid if math.isfinite(mid) else at_once for mid, at_once in zip(mids, natural, strict=True)]
        mid, at_once = (math.fsum(-self.ratios * prices) for prices in (at_mid, natural))
        return mid, at_once, float(fill(mid, at_once, self.expiration))

    def anchor(self, row: int) -> int | None:
        """The leg of one type that leads its side: the short one nearest the money; None where nothing is short."""
        sold = [n for n, one in enumerate(self.legs) if self.rows[n] == row and one.leg.quantity < 0]
        return min(sold, key=lambda n: self.strikes[n] * (1 if row == 0 else -1)) if sold else None
