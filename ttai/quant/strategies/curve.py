"""Profit and loss by the price of the underlying, exact: straight between its kinks and beyond the last."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[np.float64]

_ROUNDING = 1e-13  # of what the legs are worth: less is no profit and no loss


class Distribution(Protocol):
    """Where a price may end: what `probability` and `expectation` ask, for whole arrays of prices at once."""

    def below(self, price: "ArrayLike") -> "Numbers":
        """The probability, 0–1, to end below a price."""
        ...

    def call(self, strike: "ArrayLike") -> "Numbers":
        """The expected dollars above a strike, E[max(S − K, 0)]; at 0 the expected price."""
        ...


@dataclass(frozen=True, eq=False)
class Curves:
    """The P/L in dollars of n positions at one moment, by the price of the underlying.

    `prices` (n, k) ascend in each row, the first is 0; `values` (n, k) are the P/L there, straight between them;
    `slope` (n,) is dollars of P/L a dollar of price beyond the last.
    """

    prices: "Numbers"
    values: "Numbers"
    slope: "Numbers"

    def __len__(self) -> int:
        return len(self.values)

    @property
    def highest(self) -> "Numbers":
        """The most that can be won, (n,), infinite where there is no end to it."""
        import numpy as np

        most: Numbers = np.where(self.slope > 0, math.inf, self.values.max(axis=1))
        return most

    @property
    def lowest(self) -> "Numbers":
        """The least P/L, (n,), minus infinity where there is no end to the loss."""
        import numpy as np

        least: Numbers = np.where(self.slope < 0, -math.inf, self.values.min(axis=1))
        return least

    def at(self, prices: "ArrayLike", row: int = 0) -> "Numbers":
        """The P/L of one position at prices of any shape."""
        import numpy as np

        prices = np.asarray(prices, np.float64)
        last = self.prices[row, -1]
        beyond = np.maximum(prices - last, 0.0) * self.slope[row]
        pnl: Numbers = np.interp(np.minimum(prices, last), self.prices[row], self.values[row]) + beyond
        return pnl

    def probability(self, distribution: Distribution, least: "ArrayLike" = 0.0) -> "Numbers":
        """The probability, (n,), of a P/L above `least` dollars (one, or one a position)."""
        import numpy as np

        low, high = self._above(np.asarray(least, np.float64))
        inside: Numbers = (distribution.below(high) - distribution.below(low)).sum(axis=1)
        return np.clip(inside, 0.0, 1.0)

    def expectation(self, distribution: Distribution) -> "Numbers":
        """The expected P/L in dollars, (n,): v₀ + Σ slopeₖ × E[part of S in stretch k]."""
        import numpy as np

        gaps = np.diff(self.prices, axis=1)
        slopes = np.divide(np.diff(self.values, axis=1), gaps, out=np.zeros_like(gaps), where=gaps > 0)
        above = distribution.call(self.prices)
        inside = (slopes * (above[:, :-1] - above[:, 1:])).sum(axis=1)
        expected: Numbers = self.values[:, 0] + inside + self.slope * above[:, -1]
        return expected

    def breakevens(self, row: int = 0) -> list[float]:
        """Where the P/L of one position is 0 at a single price, above 0, ascending; `level` says where it stays 0."""
        import numpy as np

        prices, values = self.prices[row], self.values[row]
        before, after = values[:-1], values[1:]
        cross = before * after < 0
        share = before[cross] / (before[cross] - after[cross])
        found = [*(prices[:-1][cross] + share * np.diff(prices)[cross])]
        if values[-1] * self.slope[row] < 0:
            found.append(prices[-1] - values[-1] / self.slope[row])
        flat = self.level(row)
        at_kinks = prices[(values == 0) & (prices > 0)]
        found += [one for one in at_kinks if not any(low <= one <= (high or math.inf) for low, high in flat)]
        return sorted(map(float, set(found)))

    def level(self, row: int = 0) -> list[tuple[float, float | None]]:
        """The stretches of prices on which one position wins and loses nothing; one without end has None."""
        import numpy as np

        prices, values = self.prices[row], self.values[row]
        found: list[tuple[float, float | None]] = []
        flat = (values[:-1] == 0) & (values[1:] == 0) & (prices[1:] > prices[:-1])
        for place in np.flatnonzero(flat):
            low, high = float(prices[place]), float(prices[place + 1])
            joins = bool(found) and found[-1][1] == low
            found[-1:] = [(found[-1][0], high)] if joins else [*found[-1:], (low, high)]
        if values[-1] == self.slope[row] == 0:
            joins = bool(found) and found[-1][1] == prices[-1]
            found[-1:] = [(found[-1][0], None)] if joins else [*found[-1:], (float(prices[-1]), None)]
        return found

    def _above(self, least: "Numbers") -> "tuple[Numbers, Numbers]":
        """Of each stretch the part, from and to, where the P/L is above `least`; where none is, both are its start."""
        import numpy as np

        least = least[..., np.newaxis] if least.ndim else least
        ends = np.full((len(self), 1), math.inf)
        starts, stops = self.prices, np.concatenate([self.prices[:, 1:], ends], axis=1)
        before = self.values - least
        after = np.concatenate([before[:, 1:], self.slope[:, np.newaxis]], axis=1)  # the last by its direction
        with np.errstate(all="ignore"):
            inside = before[:, :-1] / (before[:, :-1] - after[:, :-1])
            crossing = starts[:, :-1] + inside * (stops - starts)[:, :-1]
            last = self.prices[:, -1:] - before[:, -1:] / self.slope[:, np.newaxis]
        crossing = np.concatenate([crossing, last], axis=1)
        rises, falls = (before <= 0) & (after > 0), (before > 0) & (after < 0)
        low = np.where(rises, crossing, starts)
        whole = (before > 0) & ~falls
        high = np.where(rises | whole, stops, np.where(falls, crossing, low))
        return low, high


def at_expiry(is_call: "ArrayLike", strikes: "ArrayLike", shares: "ArrayLike", debit: "ArrayLike") -> Curves:
    """The curves of n positions of m legs when all their options expire, kinks at strikes.

    `is_call` (m,), where a stock is a call struck at 0; `strikes` and `shares` (n, m) or (m,), `shares` signed;
    `debit` (n,) dollars paid for all legs, below 0 a credit.
    """
    import numpy as np

    is_call = np.asarray(is_call, bool)
    debit = np.atleast_1d(np.asarray(debit, np.float64))
    shape = (len(debit), len(is_call))
    strikes = np.broadcast_to(np.asarray(strikes, np.float64), shape)
    shares = np.broadcast_to(np.asarray(shares, np.float64), shape)
    prices = np.sort(np.concatenate([np.zeros((len(debit), 1)), strikes], axis=1), axis=1)
    ahead = (prices[:, :, np.newaxis] - strikes[:, np.newaxis, :]) * np.where(is_call, 1.0, -1.0)
    values = (np.maximum(ahead, 0.0) * shares[:, np.newaxis, :]).sum(axis=2) - debit[:, np.newaxis]
    size = (np.abs(shares) * strikes).sum(axis=1) + np.abs(debit)
    slope = (shares * is_call).sum(axis=1)
    slope[np.abs(slope) <= _ROUNDING * np.abs(shares).sum(axis=1)] = 0.0
    return Curves(prices, np.where(np.abs(values) <= _ROUNDING * size[:, np.newaxis], 0.0, values), slope)
