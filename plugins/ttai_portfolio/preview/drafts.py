"""An order that somebody thinks of, with what is quoted and held of its legs; pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from ttai import Expiration, Order, OrderLeg, Quote
from ttai.quant.strategies.legs import Leg as Part
from ttai.quant.strategies.naming import named
from ttai_portfolio.records.wording import in_words, option_of


@dataclass(frozen=True)
class DraftLeg:
    """One contract, or shares: `quantity` below 0 to sell, `held` as it is now; without a quote `why` says so.

    `expiration` is what it is listed under, None for shares.
    """

    symbol: str
    quantity: int
    held: Decimal
    quote: Quote | None
    why: str | None = None
    expiration: Expiration | None = None

    @property
    def opening(self) -> bool:
        """Whether it adds to what is held, and does not take from it."""
        return self.held * self.quantity >= 0

    @property
    def action(self) -> str:
        """In the broker's words."""
        return f"{'Buy' if self.quantity > 0 else 'Sell'} to {'Open' if self.opening else 'Close'}"

    @property
    def shares(self) -> int:
        """Contracts × multiplier, or shares."""
        return self.quantity * (self.expiration.multiplier if self.expiration is not None else 1)

    @property
    def mid(self) -> float | None:
        """Halfway between bid and ask."""
        return None if self.quote is None else self.quote.mid

    @property
    def natural(self) -> float | None:
        """What can be had at once: the ask of what is bought, the bid of what is sold."""
        if self.quote is None:
            return None
        return self.quote.ask if self.quantity > 0 else self.quote.bid


@dataclass(frozen=True)
class Draft:
    """The legs with their price: above 0, dollars a share for one unit of the legs.

    `effect` is whether it is paid or taken; None where the draft does not say.
    """

    underlying: str
    legs: Sequence[DraftLeg]
    price: Decimal
    effect: str | None

    @cached_property
    def unit(self) -> int:
        """Shares that a dollar of the price stands for."""
        return math.gcd(*(leg.shares for leg in self.legs))

    @cached_property
    def mid(self) -> float | None:
        """Dollars a share to pay at the mids, below 0 to take; None where a leg has none."""
        return self._at([leg.mid for leg in self.legs])

    @cached_property
    def natural(self) -> float | None:
        """Dollars a share to pay at once, below 0 to take; None where a leg can't be had."""
        return self._at([leg.natural for leg in self.legs])

    @property
    def direction(self) -> str | None:
        """What it is by its own legs, debit or credit: all bought or all sold, else by the mids; None unknown."""
        if len({leg.quantity > 0 for leg in self.legs}) == 1:
            return "debit" if self.legs[0].quantity > 0 else "credit"
        if self.mid is None or round(self.mid, 4) == 0:
            return None
        return "debit" if self.mid > 0 else "credit"

    @property
    def paid(self) -> float | None:
        """The price with its sign: dollars a share, below 0 taken; None where nobody says which way it goes."""
        effect = self.effect or self.direction
        return None if effect is None else float(self.price) * (1 if effect == "debit" else -1)

    @property
    def name(self) -> str:
        """What traders call what is traded; of what takes from what is held, what is closed, or rolled."""
        closed = [_part(leg, -1) for leg in self.legs if not leg.opening]
        opened = [_part(leg, 1) for leg in self.legs if leg.opening]
        if not closed:
            return named(opened)
        if not opened:
            return f"closing {named(closed)}"
        before, after = named(closed), named(opened)
        return f"roll of {before}" if before == after else f"closing {before}, opening {after}"

    @property
    def said(self) -> str:
        """The legs in words."""
        return in_words([(leg.symbol, Decimal(leg.quantity)) for leg in self.legs])

    @property
    def order(self) -> Order:
        """What the broker is asked about."""
        legs = tuple(OrderLeg(leg.symbol, leg.quantity, leg.opening) for leg in self.legs)
        return Order(legs, self.price, "debit" if (self.effect or self.direction) == "debit" else "credit")

    def _at(self, prices: Sequence[float | None]) -> float | None:
        known = [price for price in prices if price is not None]
        if len(known) < len(prices):
            return None
        return math.fsum(leg.shares * price for leg, price in zip(self.legs, known, strict=True)) / self.unit


def _part(leg: DraftLeg, sign: int) -> Part:
    option = option_of(leg.symbol)
    if option is None:
        return Part("stock", float(leg.shares * sign), 0.0)
    years = option.expiration.toordinal() / 365  # from a day of no meaning: only their order counts
    kind = "call" if option.type == "C" else "put"
    return Part(kind, float(leg.shares * sign), 0.0, float(option.strike), years)  # type: ignore[arg-type]
