"""The implied volatilities of one expiration across its strikes, and what traders read off them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ttai.quant import pricing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_PAIRS = 5  # strikes nearest the price that say where the forward is
_FARTHEST = 1.5  # times the price, or that part of it: a forward beyond is a bad quote's


@dataclass(frozen=True)
class Point:
    """A place on a smile: a strike in dollars, between two listed ones as a rule, and its volatility, a fraction."""

    strike: float
    iv: float


@dataclass(frozen=True, eq=False)
class Smile:
    """Volatility by strike, each from its out-of-the-money side.

    `strikes` ascend and `iv` are fractions a year, none unknown; `spot` is dollars, `years` the time to settlement,
    `rate` and `dividend_yield` continuous fractions.
    """

    strikes: "Numbers"
    iv: "Numbers"
    spot: float
    years: float
    rate: float
    dividend_yield: float

    def at(self, strike: float) -> float | None:
        """The volatility at a strike, linear in log strike between its neighbours; None beyond the outermost."""
        import numpy as np

        if not len(self.strikes) or not self.strikes[0] <= strike <= self.strikes[-1]:
            return None
        return float(np.interp(np.log(strike), np.log(self.strikes), self.iv))

    def nearest(self, strike: float) -> float | None:
        """The volatility at a strike, beyond the outermost theirs; None where none is known."""
        if not len(self.strikes):
            return None
        return self.at(min(max(strike, float(self.strikes[0])), float(self.strikes[-1])))

    @property
    def atm(self) -> float | None:
        """At-the-money volatility: at the price of the underlying, between the strikes beside it."""
        return self.at(self.spot)

    def at_delta(self, delta: float) -> Point | None:
        """Where the delta is `delta` (calls above 0, puts below), linear between strikes; None where none is near.

        Where bad quotes make it cross several times, the place nearest the price.
        """
        import numpy as np

        deltas = pricing.greeks(
            np.array(delta > 0), self.spot, self.strikes, self.years, self.iv, self.rate, self.dividend_yield
        ).delta
        off = deltas - delta
        crossings = np.flatnonzero((off[:-1] >= 0) & (off[1:] <= 0) & (off[:-1] > off[1:]))  # it falls as strikes rise
        if not len(crossings):
            return None
        place = crossings[np.abs(self.strikes[crossings] - self.spot).argmin()]
        part = off[place] / (off[place] - off[place + 1])
        (low, high), (left, right) = self.strikes[place : place + 2], self.iv[place : place + 2]
        return Point(float(low + part * (high - low)), float(left + part * (right - left)))

    def risk_reversal(self, delta: float = 0.25) -> float | None:
        """Volatility of the call of that delta less the put's: below 0 where the downside costs more."""
        call, put = self.at_delta(delta), self.at_delta(-delta)
        return None if call is None or put is None else call.iv - put.iv

    def butterfly(self, delta: float = 0.25) -> float | None:
        """Mean volatility of call and put of that delta less the at-the-money one: how the wings are raised."""
        call, put, middle = self.at_delta(delta), self.at_delta(-delta), self.atm
        return None if call is None or put is None or middle is None else (call.iv + put.iv) / 2 - middle


def parity_forward(strikes: "Numbers", mids: "Numbers", spot: float, years: float, rate: float) -> float | None:
    """The forward price that put-call parity says: the median of K + (C − P) e^{rT} at the strikes nearest the price.

    `mids` is dollars of shape (2, n), calls first, NaN unknown. Exact for European options; of American ones the early
    exercise of what is nearly at the money hardly counts. None where no strike has both, or the result can't be
    (a price half as high again as the spot).
    """
    import numpy as np

    calls, puts = mids
    both = np.flatnonzero(np.isfinite(mids).all(axis=0))
    if not len(both):
        return None
    near = both[np.argsort(np.abs(strikes[both] - spot), kind="stable")[:_PAIRS]]
    forward = float(np.median(strikes[near] + (calls[near] - puts[near]) * np.exp(rate * years)))
    return forward if spot / _FARTHEST < forward < spot * _FARTHEST else None


def chain_volatility(
    strikes: "Numbers", mids: "Numbers", spot: float, years: float, rate: float, dividend_yield: float
) -> "Numbers":
    """The volatility of each strike from the mid of its out-of-the-money option, shape (n,); NaN where it has none.

    `mids` is dollars of shape (2, n), calls first, NaN unknown. Calls from the forward upward, puts below: what is in
    the money says little of volatility, and of an American put nothing. Source: put-call parity.
    """
    import numpy as np

    is_call = strikes >= spot * np.exp((rate - dividend_yield) * years)
    return pricing.implied_volatility(
        is_call, np.where(is_call, mids[0], mids[1]), spot, strikes, years, rate, dividend_yield
    )
