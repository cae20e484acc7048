"""The answers about transactions and orders."""

from datetime import date, datetime

from pydantic import BaseModel

from ttai import Count, Money, Price
from ttai_portfolio.models.common import RecordAnswer


class Records(RecordAnswer):
    """What is made from the broker's records: `source` is rest, or simulator."""

    source: str | None = None


class TransactionRow(BaseModel):
    """One entry: `value` before and `net_value` after `fees`, in dollars, below 0 paid; `price` dollars a share."""

    id: int
    account: str
    executed_at: datetime
    transaction_type: str
    transaction_sub_type: str
    description: str
    symbol: str | None
    action: str | None
    quantity: Count | None
    price: Price | None
    value: Money | None
    fees: Money
    net_value: Money | None
    order_id: str | None


class Transactions(Records):
    """The entries of some days, the newest first; the sums are of all `count` of them, dollars, below 0 paid."""

    start: date
    end: date
    type: str | None
    symbol: str | None
    count: int
    value: Money | None
    fees: Money | None
    net_value: Money | None
    transactions: list[TransactionRow]


class OrderRow(BaseModel):
    """One order: `legs` are contracts (c, p) or shares, below 0 sold; `price` and `filled_price` are dollars a share
    for one of its `quantity` units, `effect` whether that is paid or taken; `filled` of the units are done."""

    id: str
    account: str
    underlying: str
    status: str
    legs: str
    expiration: date | None
    purpose: str | None
    type: str
    time_in_force: str
    quantity: Count | None
    price: str | None
    effect: str | None
    stop: str | None
    filled: Count | None
    filled_price: str | None
    received_at: datetime | None
    updated_at: datetime | None
    reason: str | None


class Orders(Records):
    """Orders, that with the latest news first; of `status` today those that work, too, and no `start` and `end`."""

    status: str
    start: date | None
    end: date | None
    symbol: str | None
    count: int
    orders: list[OrderRow]
