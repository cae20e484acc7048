"""A book as it is valued: one line a position, its mark, its greeks, what was made with it; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from ttai import Account, Contract, Position, Quote

Whose = Literal["market", "broker"]
Greek = Literal["delta", "gamma", "theta", "vega", "rho"]
DAYS = 365.0  # of a year


@dataclass(frozen=True, slots=True)
class Mark:
    """What a share of a position is worth, dollars: the market's, or the broker's own where that quotes nothing.

    `stale` None: nobody says of when it is.
    """

    price: float
    whose: Whose
    source: str
    stale: bool | None
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """One position as it is valued; `mark` None is unknown. `why` says why it has none, or not the market's."""

    position: Position
    mark: Mark | None
    contract: Contract | None = None
    spot: float | None = None
    why: str | None = None

    @property
    def shares(self) -> float:
        """Contracts × multiplier, or shares; below 0 short."""
        return float(self.position.quantity * self.position.multiplier)

    @property
    def is_option(self) -> bool:
        """Whether it is an equity or index option."""
        return self.position.kind == "option"

    @property
    def is_paid(self) -> bool:
        """Whether it was paid for when it was opened: a future is settled day by day, and has no value of its own."""
        return self.position.kind != "future"

    @property
    def cost(self) -> float | None:
        """Dollars paid for it, below 0 taken in; None of a future."""
        price = self.position.average_open_price
        if price is None or not self.is_paid:
            return None
        return float(price * self.position.quantity * self.position.multiplier)

    @property
    def value(self) -> float | None:
        """Dollars it is worth, below 0 what it would cost to be rid of; None of a future."""
        return None if self.mark is None or not self.is_paid else self.mark.price * self.shares

    @property
    def pnl_open(self) -> float | None:
        """Dollars made since it was opened, fees aside."""
        price = self.position.average_open_price
        return None if self.mark is None or price is None else (self.mark.price - float(price)) * self.shares

    @property
    def pnl_day(self) -> float | None:
        """Dollars made today: since the last close (or today's opening), and on what was closed of it today."""
        since, realized = self.position.day_open_price, self.position.realized_day_gain
        if self.mark is None or since is None:
            return None
        return (self.mark.price - float(since)) * self.shares + float(realized or 0)

    @property
    def dte(self) -> int | None:
        """Calendar days to its expiration in New York; None for what has none."""
        return None if self.contract is None else self.contract.dte

    @property
    def distance_percent(self) -> float | None:
        """How far the price is on the side where the option is out of the money, in percent; below 0 it is in it."""
        if self.contract is None or self.spot is None or self.contract.adjusted:
            return None
        strike = float(self.contract.option.strike)
        away = strike - self.spot if self.contract.option.type == "C" else self.spot - strike
        return away / self.spot * 100

    @property
    def _left_today(self) -> float | None:
        """Dollars a share that are left to decay, where less than a day is left: no more can be lost in it."""
        if self.contract is None or self.mark is None or self.contract.years * DAYS >= 1:
            return None
        away = self.distance_percent
        inside = 0.0 if away is None or self.spot is None else max(-away / 100 * self.spot, 0.0)
        return max(self.mark.price - inside, 0.0)

    def greek(self, name: Greek) -> float | None:
        """One of its greeks, of all its shares; a share's own delta is 1."""
        if self.is_option:
            value = getattr(self.contract, name) if self.contract is not None else None
            if name == "theta" and value is not None and (left := self._left_today) is not None:
                value = max(value, -left)
            return None if value is None else float(value) * self.shares
        if self.position.kind != "equity":
            return None
        return self.shares if name == "delta" else 0.0


@dataclass(frozen=True)
class Book:
    """What accounts hold, valued at one moment.

    `failed` are accounts whose positions could not be had, with the reason: what is said of the others holds all the
    same, and must be said to lack them. `notes` are what was assumed, or left out.
    """

    accounts: Sequence[Account]
    lines: Sequence[Line]
    session: str
    as_of: datetime
    underlyings: Mapping[str, Quote] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()

    @property
    def source(self) -> str | None:
        """Where the marks come from, if that is the same of all."""
        sources = {line.mark.source for line in self.lines if line.mark is not None}
        return sources.pop() if len(sources) == 1 else "mixed" if sources else None

    @property
    def stale(self) -> bool | None:
        """Whether one of its marks is not of now; None where there is none."""
        marks = [line.mark for line in self.lines if line.mark is not None]
        return any(mark.stale for mark in marks) if marks else None


def marked(quote: Quote | None, position: Position, told_by: str, *, closed: bool) -> Mark | None:
    """The mark of a position: the market's mid (last where there is none), else the broker's own, of that source.

    While the exchange is `closed` no mark is of now.
    """
    if quote is not None and quote.mark is not None:
        return Mark(quote.mark, "market", quote.source, quote.stale or closed, quote.as_of)
    if position.mark_price is None:
        return None
    return Mark(float(position.mark_price), "broker", told_by, True if closed else None, None)


def total(values: Sequence[float | None]) -> float | None:
    """Their sum; None where one of them is unknown, for a sum without it would be a lie."""
    return None if None in values else sum(value for value in values if value is not None)
