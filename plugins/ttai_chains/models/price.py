"""The answer about one option worked out from its inputs."""

from typing import ClassVar

from ttai import Answer, Count, Greek, Money, Percent, Price


class OptionPrice(Answer):
    """A share's worth of one option: theta $ a calendar day, vega $ a volatility point, rho $ per 1 % of rate.

    `vanna` is the change of delta, `vomma` of vega a volatility point, `charm` the change of delta a day. What is null
    has its `reason`; the structure keeps 8 significant digits.
    """

    precision: ClassVar[int] = 8

    price: Price | None
    volatility: Percent | None
    delta: Greek | None
    gamma: Count | None
    theta: Greek | None
    vega: Greek | None
    rho: Greek | None
    prob_itm: Percent | None
    prob_touch: Percent | None
    early_exercise_premium: Money | None = None
    vanna: Count | None = None
    charm: Count | None = None
    vomma: Count | None = None
    years: Count
    rate: Percent
    dividend_yield: Percent
    reason: str | None = None
    method: str
