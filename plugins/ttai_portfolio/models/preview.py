"""The answer about an order that nobody sent."""

from datetime import date

from pydantic import BaseModel

from ttai import Count, MarketAnswer, Money, Price


class PreviewLeg(BaseModel):
    """One leg: `quantity` below 0 to sell, `held` as it is now, prices in dollars a share."""

    symbol: str
    quantity: int
    action: str
    held: Count
    expiration: date | None
    bid: Price | None
    ask: Price | None
    mid: Price | None


class PreviewWarning(BaseModel):
    """Something to look at before the order is sent, by our checks or in the broker's words."""

    warning: str


class Preview(MarketAnswer):
    """What an order would do to an account; it was not placed, and can't be from here.

    `price` is what was asked about, dollars a share for one unit of the legs, `mid` and `natural` (what can be had at
    once) likewise, below 0 taken in; `net_debit` dollars for all of it, below 0 taken in, before `fees`. By the
    broker's word: `buying_power_change` dollars it takes, below 0 frees; `requirement` by itself.
    """

    placed: bool = False
    accepted: bool
    account: str
    underlying: str
    strategy: str
    legs_said: str
    price: str
    effect: str
    mid: Price | None
    natural: Price | None
    net_debit: Money
    fees: Money | None = None
    buying_power_change: Money | None = None
    buying_power_before: Money | None = None
    buying_power_after: Money | None = None
    requirement: Money | None = None
    portfolio_margin: bool | None = None
    refused_because: str | None = None
    warnings: list[PreviewWarning] | None = None
    legs: list[PreviewLeg]
