"""What happened in an account: transactions, orders, its value from day to day; money is Decimal, None is unknown."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from ttai.broker.holdings import HoldingKind
from ttai.broker.types import Effect

Back = Literal["1d", "1m", "3m", "6m", "1y", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One entry of an account's ledger, in dollars: `value` before and `net_value` after fees, below 0 paid.

    `type` and `sub_type` are the broker's words (Trade, Sell to Open; Receive Deliver, Expiration; Money Movement,
    Dividend). `quantity` is without a sign, `action` says which way; `price` is dollars a share. The fees are below 0
    where they were charged; None is none. Entries of one order share its `order_id`.
    """

    id: int
    account: str
    type: str
    sub_type: str
    description: str
    executed_at: datetime
    day: date
    value: Decimal | None
    net_value: Decimal | None
    symbol: str | None = None
    underlying: str | None = None
    kind: HoldingKind | None = None
    action: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    commission: Decimal | None = None
    clearing_fees: Decimal | None = None
    regulatory_fees: Decimal | None = None
    index_option_fees: Decimal | None = None
    other_charge: Decimal | None = None
    order_id: str | None = None
    estimated: bool = False

    @property
    def fees(self) -> Decimal:
        """All of them in dollars, below 0 where charged: what lies between value and net value, else those told."""
        if self.value is not None and self.net_value is not None:
            return self.net_value - self.value
        each = (self.commission, self.clearing_fees, self.regulatory_fees, self.index_option_fees, self.other_charge)
        return sum((fee for fee in each if fee is not None), Decimal(0))


@dataclass(frozen=True, slots=True)
class Fill:
    """A part of an order's leg that was filled: contracts or shares, dollars a share."""

    quantity: Decimal
    price: Decimal
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlacedLeg:
    """One leg of an order: `quantity` below 0 is sold, `remaining` (without a sign) is not filled yet."""

    symbol: str
    quantity: Decimal
    opening: bool | None
    remaining: Decimal | None = None
    fills: tuple[Fill, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedOrder:
    """An order the broker knows, working or done: `price` is above 0 a unit of its legs, `effect` debit or credit.

    `status` is the broker's word (Live, Filled, Cancelled, Rejected …); `cancellable` ones are still working.
    """

    id: str
    account: str
    status: str
    type: str
    time_in_force: str
    underlying: str
    legs: tuple[PlacedLeg, ...]
    price: Decimal | None = None
    effect: Effect | None = None
    stop: Decimal | None = None
    cancellable: bool = False
    received_at: datetime | None = None
    updated_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class NetLiq:
    """What an account was worth in a stretch of time that begins at `time`, pending cash among it, in dollars."""

    time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
