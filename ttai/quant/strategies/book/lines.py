"""The lines of a book, the strategies they are parts of, and what those are called."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ttai.quant.strategies.legs import Leg, LegType
from ttai.quant.strategies.naming import CUSTOM, named

_CONTRACT = 100  # shares: a name does not depend on the multiplier
_DAYS = 365.0
_MOST = 15  # digits before the point: no account has more


@dataclass(frozen=True, slots=True)
class Held:
    """One line of a book on one underlying: `quantity` contracts or shares, below 0 short.

    `strike` is dollars, `root` tells two settlements of one date apart (SPX in the morning, SPXW in the afternoon), one
    that ends in a digit is of adjusted contracts; `multiplier` is shares a contract, and of no account for stock;
    `order` is the broker's order that opened the line, where it is known. ValueError for what no line can be: a
    quantity of 0 or of 10^15, contracts that are not whole, an option without a strike or an expiration.
    """

    type: LegType
    quantity: Decimal
    strike: float = 0.0
    expiration: date | None = None
    root: str = ""
    multiplier: int = 100
    order: str | None = None

    def __post_init__(self) -> None:
        """Hold the line to what one can be."""
        if not self.quantity.is_finite() or self.quantity == 0 or self.quantity.adjusted() >= _MOST:
            raise ValueError(f"a line's quantity is a number other than 0, below 10^{_MOST}, not {self.quantity}")
        if self.type == "stock":
            return
        if self.quantity % 1:
            raise ValueError(f"contracts are whole, not {self.quantity}")
        if not (math.isfinite(self.strike) and self.strike > 0):
            raise ValueError(f"a strike is above 0, not {self.strike:g}")
        if self.expiration is None:
            raise ValueError("an option has an expiration")
        if self.multiplier < 1:
            raise ValueError(f"a contract is of 1 share or more, not {self.multiplier}")

    @property
    def sign(self) -> int:
        """1 long, -1 short."""
        return 1 if self.quantity > 0 else -1

    @property
    def kind(self) -> tuple[int, str]:
        """What tells apart contracts that never join: the multiplier, and the root of adjusted ones, such as AAPL7."""
        return self.multiplier, self.root if self.root[-1:].isdigit() else ""

    @property
    def contract(self) -> tuple[date, str, int, float, bool]:
        """What tells contracts apart, in the order of a chain; all stock is one."""
        if self.type == "stock" or self.expiration is None:
            return date.max, "", 1, 0.0, True
        return self.expiration, self.root, self.multiplier, self.strike, self.type != "put"

    @property
    def rank(self) -> tuple[object, ...]:
        """Where it stands among lines in a fixed order: lines of one rank are the same."""
        return self.contract, self.quantity, self.order is not None, self.order or ""


@dataclass(frozen=True, slots=True)
class Part:
    """What a strategy has of one line: the line's `place` in the book, and the signed quantity."""

    place: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Recognised:
    """A strategy by its name, as `naming.named` says it, and what it is made of."""

    name: str
    parts: tuple[Part, ...]


def called(pieces: Sequence[tuple[Held, Decimal]], spot: float | None = None) -> str:
    """The name of signed quantities of lines that belong together.

    "custom" where roots of one date, or both sides of one contract, are among them: `named` can't see the one, and
    would not see the other.
    """
    held: dict[object, Held] = {}
    quantities: dict[object, Decimal] = {}  # added up exactly: the floats of fractional shares would not be
    for line, quantity in pieces:
        held.setdefault(line.contract, line)
        quantities[line.contract] = quantities.get(line.contract, Decimal()) + quantity
    options = [line for line in held.values() if line.type != "stock"]
    both_ways = len({(line.contract, quantity > 0) for line, quantity in pieces}) > len(held)
    if both_ways or len({(line.expiration, line.root) for line in options}) > len(
        {line.expiration for line in options}
    ):
        return CUSTOM
    first = min((line.expiration for line in options if line.expiration), default=date.max)
    multiplier = options[0].multiplier if options else _CONTRACT
    return named([_leg(held[key], quantity, first, multiplier) for key, quantity in quantities.items()], spot)


def _leg(held: Held, quantity: Decimal, first: date, multiplier: int) -> Leg:
    """The leg in a name: contracts count for 100 shares each, and so do as many shares as a contract is of."""
    if held.expiration is None or held.type == "stock":
        return Leg("stock", float(quantity * _CONTRACT / multiplier), 0.0)
    years = (held.expiration - first).days / _DAYS
    return Leg(held.type, float(quantity * _CONTRACT), 0.0, held.strike, years)
