"""What a chain is made of: the contracts of an expiration, and what they were quoted at a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as day
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from ttai.market.types import Source
from ttai.quant.calendar import MINUTES_A_YEAR, days_to_expiration
from ttai.quant.smile import Smile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[np.float64]

ExpirationKind = Literal["weekly", "monthly", "quarterly", "end_of_month"]
Settled = Literal["AM", "PM"]
TYPES: tuple[Literal["call"], Literal["put"]] = ("call", "put")
"""The rows of every two-dimensional column here: calls, then puts."""


@dataclass(frozen=True)
class Ticks:
    """What a price is a multiple of: `steps` are (below this price, dollars) ascending, the last without an end."""

    steps: tuple[tuple[float, float], ...]

    def at(self, price: "ArrayLike") -> "Numbers":
        """The tick in dollars at prices of any shape, without their sign."""
        import numpy as np

        ends, sizes = np.array(self.steps).T
        tick: Numbers = sizes[np.searchsorted(ends[:-1], np.abs(np.asarray(price, np.float64)), side="right")]
        return tick

    def __str__(self) -> str:
        """As a trader says it."""
        *below, (_, last) = self.steps
        said = [f"{size:g} below {end:g}" for end, size in below]
        return ", ".join([*said, f"else {last:g}" if said else f"{last:g}"])


@dataclass(frozen=True, eq=False, kw_only=True)
class Expiration:
    """The contracts of one root that expire on a date.

    `strikes` ascend; `symbols` and `streamers` are the OCC's and the feed's names, calls then puts, "" where a strike
    lacks one; `multiplier` is shares a contract. `deliverable` says what an adjusted contract delivers: it is not
    100 shares of the underlying, and its prices mean something else. `ticks` are those of a price, None unknown.
    """

    root: str
    date: day
    settled: Settled
    kind: ExpirationKind
    multiplier: int
    strikes: "Numbers"
    symbols: tuple[Sequence[str], Sequence[str]]
    streamers: tuple[Sequence[str], Sequence[str]]
    deliverable: str | None = None
    ticks: Ticks | None = None

    @property
    def adjusted(self) -> bool:
        """Whether it is priced as nothing standard is."""
        return self.deliverable is not None

    @property
    def key(self) -> tuple[day, str]:
        """What tells it from the others of a chain, in their order."""
        return (self.date, self.root)


@dataclass(frozen=True, eq=False, kw_only=True)
class ExpirationQuotes:
    """All contracts of an expiration at a moment: columns of shape (2, strikes), calls first; NaN is unknown.

    Prices are dollars a share, `iv` a fraction a year, `theta` $ per calendar day, `vega` $ per volatility point,
    `rho` $ per 1 % of rate, all a share; `streamed` tells whose greeks came from the feed, the others are the model's.
    `spot` is the underlying's price at that moment, `forward` what put-call parity says, `years` the time left.
    `missing` contracts gave no answer; `failed` says why, where there is one reason.
    """

    expiration: Expiration
    as_of: datetime
    source: Source
    spot: float
    forward: float
    years: float
    rate: float
    strikes: "Numbers"
    bid: "Numbers"
    ask: "Numbers"
    iv: "Numbers"
    delta: "Numbers"
    gamma: "Numbers"
    theta: "Numbers"
    vega: "Numbers"
    rho: "Numbers"
    open_interest: "Numbers"
    volume: "Numbers"
    streamed: "NDArray[np.bool_]"
    missing: int = 0
    failed: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def dte(self) -> int:
        """Calendar days to the expiration when it was read, in New York."""
        return days_to_expiration(self.expiration.date, self.as_of)

    @property
    def hours(self) -> float | None:
        """Hours to the settlement, on the last day."""
        return self.years * MINUTES_A_YEAR / 60 if self.dte == 0 else None

    @cached_property
    def mid(self) -> "Numbers":
        """Halfway between bid and ask of a two-sided market; NaN where nothing is bid."""
        return middle(self.bid, self.ask)

    @cached_property
    def spread_percent(self) -> "Numbers":
        """Ask less bid in percent of the mid."""
        return (self.ask - self.bid) / self.mid * 100

    @property
    def dividend_yield(self) -> float:
        """The continuous yield that the forward stands for, borrowing and all."""
        import math

        return self.rate - math.log(self.forward / self.spot) / self.years if self.years > 0 else 0.0

    @cached_property
    def out_of_the_money(self) -> "NDArray[np.intp]":
        """Of each strike which row is out of the money: 0 where the call is, 1 where the put is."""
        return (self.strikes < self.forward).astype(int)

    @cached_property
    def smile(self) -> Smile:
        """The volatilities by strike, each of the out-of-the-money contract."""
        import numpy as np

        iv = self.iv[self.out_of_the_money, np.arange(len(self.strikes))]
        known = np.isfinite(iv) & (iv > 0)
        return Smile(self.strikes[known], iv[known], self.spot, self.years, self.rate, self.dividend_yield)

    @cached_property
    def straddle(self) -> float | None:
        """The mid of call and put at the strike nearest the price, in dollars a share."""
        import numpy as np

        if not len(self.strikes):
            return None
        both = self.mid.sum(axis=0)[np.abs(self.strikes - self.spot).argmin()]
        return float(both) if np.isfinite(both) else None


def middle(bid: "Numbers", ask: "Numbers") -> "Numbers":
    """The mids of two-sided markets: something is bid and the ask is not below it; else NaN."""
    import numpy as np

    return np.where((bid > 0) & (ask >= bid), (bid + ask) / 2, np.nan)
