"""The answer about the risk of a whole book."""

from datetime import date

from pydantic import BaseModel

from ttai import Count, Money, Percent, Price
from ttai_portfolio.models.common import BookAnswer, Gamma, Shares


class TotalRow(BaseModel):
    """The book `now`, or `after` the trade: `beta_delta` in SPY shares, `beta_gamma` in SPY shares per $1 of SPY, theta
    $ a day, vega $ a point; `day_deviation` is one standard deviation of a day's P/L in dollars."""

    when: str
    beta_delta: Shares | None
    beta_delta_dollars: Money | None
    beta_gamma: Gamma | None
    delta_dollars: Money | None
    theta: Money | None
    theta_of_net_liq_percent: Percent | None
    vega: Money | None
    day_deviation: Money | None
    day_deviation_of_net_liq_percent: Percent | None
    diversification: Percent | None
    margin: Money | None


class UnderlyingRisk(BaseModel):
    """One underlying: delta in shares, `beta_delta` in SPY shares, theta $ a day, vega $ a point.

    `margin` is Regulation T's of its positions by themselves, `variance_percent` its share of the book's variance,
    below 0 where it hedges the others.
    """

    underlying: str
    price: Price | None
    beta: Count | None
    positions: int
    value: Money | None
    delta: Shares | None
    delta_dollars: Money | None
    beta_delta: Shares | None
    gamma: Gamma | None
    theta: Money | None
    vega: Money | None
    margin: Money | None
    variance_percent: Percent | None


class ExpirationRow(BaseModel):
    """What expires on a date: contracts held long and short, those of them in the money, of which underlyings."""

    expiration: date
    dte: int
    long: Count
    short: Count
    short_in_the_money: Count | None
    underlyings: str


class RadarRow(BaseModel):
    """A short option that may be assigned, and why; `likely` where its holder gains by exercising now."""

    account: str
    position: str
    dte: int
    likely: bool
    risk: str


class Risk(BookAnswer):
    """The risk of the book in dollars; percentages of net liq where it is known.

    `buying_power_used` is what the broker says options tie up. `concentration_percent` is the share of the largest
    underlying in the sum of all delta dollars without their sign.
    """

    net_liq: Money | None
    buying_power_used: Money | None
    buying_power_used_percent: Percent | None
    spy: Price | None
    largest: str | None
    concentration_percent: Percent | None
    totals: list[TotalRow]
    underlyings: list[UnderlyingRisk]
    expirations: list[ExpirationRow]
    radar: list[RadarRow]
