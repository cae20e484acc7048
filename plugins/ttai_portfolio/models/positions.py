"""The answers about what is held."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel

from ttai import Count, Money, Percent, Price
from ttai_portfolio.models.common import BookAnswer, Gamma, Shares

GroupBy = Literal["strategy", "underlying", "none"]


class StrategyRow(BaseModel):
    """One strategy as it stands: `legs` are contracts (c, p) and shares, below 0 short; `dte` of the first expiration.

    `net_debit` is what it was opened for in dollars, below 0 a credit, `value` what it is worth, below 0 what closing
    costs; `of_max_percent` how much of the most it can win has been won; `breakevens` and `pop`, the probability of
    any profit, are at the first expiration, counted from the opening; `distance_percent` is how far the price is from
    the nearest strike that is sold, below 0 past it. Delta in shares, theta $ a day. `state`: what to manage.
    """

    account: str
    underlying: str
    price: Price | None
    strategy: str
    legs: str
    expiration: date | None
    dte: int | None
    net_debit: Money | None
    value: Money | None
    pnl_day: Money | None
    pnl_open: Money | None
    of_max_percent: Percent | None
    breakevens: list[Price] | None
    pop: Percent | None
    distance_percent: Percent | None
    delta: Shares | None
    theta: Money | None
    state: str | None


class UnderlyingRow(BaseModel):
    """All positions on one underlying: dollars, delta and gamma in shares, theta $ a day, vega $ a point."""

    underlying: str
    price: Price | None
    positions: int
    value: Money | None
    pnl_day: Money | None
    pnl_open: Money | None
    delta: Shares | None
    gamma: Gamma | None
    theta: Money | None
    vega: Money | None
    next_expiration: date | None


class PositionRow(BaseModel):
    """One position: prices in dollars a share, greeks of all of it (delta in shares, theta $ a day, vega $ a point).

    `mark_of` tells whose the mark is: the market's, else the broker's own; `pnl_open_percent` is of what was paid or
    taken; `distance_percent` how far out of the money, below 0 in it.
    """

    account: str
    symbol: str
    underlying: str
    type: str
    quantity: Count
    average_open_price: Price | None
    mark: Price | None
    mark_of: str | None
    source: str | None
    stale: bool | None
    close_price: Price | None
    cost: Money | None
    value: Money | None
    pnl_day: Money | None
    pnl_open: Money | None
    pnl_open_percent: Percent | None
    realized_day_gain: Money | None
    dte: int | None
    distance_percent: Percent | None
    iv: Percent | None
    delta: Shares | None
    gamma: Gamma | None
    theta: Money | None
    vega: Money | None
    opened_at: datetime | None


class Positions(BookAnswer):
    """What is held, by `group_by`; `value` and P/L in dollars are of all positions whose mark is known."""

    group_by: GroupBy
    symbol: str | None = None
    positions: int
    value: Money | None
    pnl_day: Money | None
    pnl_open: Money | None
    theta: Money | None
    strategies: list[StrategyRow] | None = None
    underlyings: list[UnderlyingRow] | None = None
    lines: list[PositionRow] | None = None
