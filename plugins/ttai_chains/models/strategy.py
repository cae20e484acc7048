"""The answer about a strategy: what it wins and loses, how likely, and how it gets there."""

from datetime import date
from typing import ClassVar

from pydantic import BaseModel

from ttai import Count, Greek, MarketAnswer, Money, Percent, Price, Strike


class LegRow(BaseModel):
    """One leg: `price` is what it counts at, dollars a share; `natural` is the ask of what is bought, the bid of what
    is sold; delta is a share's."""

    quantity: Count
    type: str
    strike: Strike | None
    expiration: date | None
    price: Price
    natural: Price | None
    iv: Percent | None
    delta: Greek | None
    symbol: str | None


class PnlRow(BaseModel):
    """The P/L in dollars at a price of the underlying: now, `later` and at the (first) expiration."""

    price: Price
    move_percent: Percent
    now: Money | None
    later: Money | None
    expiry: Money


class ShiftRow(BaseModel):
    """The P/L in dollars now, at the price now, with all volatilities so many points higher."""

    iv_points: Count
    now: Money | None


class Strategy(MarketAnswer):
    """A strategy in dollars of the whole position; probabilities and yields are fractions.

    `net_debit` below 0 is a credit, `net_debit_natural` what it costs at once; `max_loss` is positive; what has no end
    is null with its `…_unlimited` true. `pop` is the probability of any profit at the (first) expiration, `…_skew` as
    the chain implies it. Greeks are the position's: delta and gamma in shares, theta $ a day, vega $ a point, rho $ per
    1 % of rate. `capital` is the most it can lose, else what it takes of buying power. `margin_requirement` and
    `buying_power` are Regulation T's, `broker_…` those of the broker's dry run. The structure keeps 8 digits.
    """

    precision: ClassVar[int] = 8

    symbol: str | None = None
    strategy: str
    price: Price
    snapshot: str | None = None
    expiration: date | None = None
    days: Count
    net_debit: Money
    net_debit_natural: Money | None = None
    max_profit: Money | None
    max_profit_unlimited: bool
    max_loss: Money | None
    max_loss_unlimited: bool
    breakevens: list[Price]
    level_zones: list[str] | None = None
    pop: Percent | None
    pop_skew: Percent | None
    expected_value: Money | None
    expected_value_skew: Money | None
    prob_half_profit: Percent | None = None
    prob_touch: Percent | None = None
    touch_of: str | None = None
    delta: Greek | None
    gamma: Greek | None
    theta: Greek | None
    vega: Greek | None
    rho: Greek | None
    capital: Money | None
    return_on_capital: Percent | None
    annualised: Percent | None
    margin_requirement: Money | None = None
    buying_power: Money | None = None
    margin_rules: list[str] | None = None
    broker_account: str | None = None
    broker_buying_power: Money | None = None
    broker_requirement: Money | None = None
    volatility: Percent | None
    rate: Percent
    dividend_yield: Percent
    later_days: Count
    legs: list[LegRow]
    pnl: list[PnlRow]
    iv_shifts: list[ShiftRow]
