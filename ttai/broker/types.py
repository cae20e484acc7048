"""What is known of the user's accounts, and what is asked about an order."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Effect = Literal["debit", "credit"]


@dataclass(frozen=True, slots=True)
class Account:
    """One trading account; `margin` False means cash."""

    number: str
    nickname: str
    type: str
    margin: bool
    closed: bool = False


@dataclass(frozen=True, slots=True)
class OrderLeg:
    """One instrument of an order: `quantity` contracts or shares, below 0 to sell.

    `symbol` is an option or a ticker in any spelling; `opening` False closes what is held.
    """

    symbol: str
    quantity: int
    opening: bool = True


@dataclass(frozen=True, slots=True)
class Order:
    """What could be sent to the broker: a limit order for the day.

    `price` is above 0, in dollars a share for one unit of the legs (their quantities without their common divisor, so
    that ten spreads cost what one does); `effect` says whether it is paid or taken.
    """

    legs: tuple[OrderLeg, ...]
    price: Decimal
    effect: Effect


@dataclass(frozen=True, slots=True)
class BuyingPower:
    """What an order would do to an account, by the broker's word.

    `change` dollars of buying power it takes, fees and what is held there considered; below 0 it frees them.
    `requirement` is the margin in dollars for the order by itself. `portfolio_margin` tells whether the account is
    margined by its risk and not by Regulation T: False where the broker did not say. `fees` are what it would charge
    in dollars, None where it does not say; `before` and `after` the buying power there is. `warnings` are its own
    words.
    """

    account: str
    portfolio_margin: bool
    change: Decimal
    requirement: Decimal
    warnings: tuple[str, ...] = ()
    fees: Decimal | None = None
    before: Decimal | None = None
    after: Decimal | None = None
