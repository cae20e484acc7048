"""The answer about rolling a position: the ways to, and beside them closing it and leaving it alone."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel

from ttai import Count, Greek, Money, Percent, Price
from ttai_chains.models.common import ChainAnswer, Move

Shares = Annotated[Count, AfterValidator(lambda n: n and round(n, 1))]


class Close(BaseModel):
    """Buying back what is sold and selling what is bought, of the options that would be rolled.

    `fill`, `mid` and `natural` are dollars a share of a lot, below 0 a credit, `total` dollars of all of them at
    the fill, `pnl` what has been made with them, null where a leg's opening price is not known.
    """

    fill: Price | None
    mid: Price | None
    natural: Price | None
    total: Money | None
    pnl: Money | None


class DoNothing(BaseModel):
    """The position left as it is: `delta` in shares, `time_value` dollars the rolled options still have to lose,
    `theta` $ a day, `max_gain` the most it can still win from here, null without end; `margin_requirement` is
    Regulation T's."""

    delta: Shares | None
    short_delta: Greek | None
    pop: Percent | None
    breakevens: list[Move]
    time_value: Money | None
    theta: Money | None
    max_gain: Money | None
    margin_requirement: Money | None
    at_expiry: str
    events: str | None
    early_assignment: str | None


class RollRow(BaseModel):
    """One roll: `opened` are its legs, such as "+1 210p, -1 220p"; `fill`, `mid` and `natural` are of
    closing and opening together, dollars a share of a lot, below 0 a credit.

    `delta` is the whole position's afterwards, in shares, `delta_cut` how many shares it shrinks,
    `short_delta` the largest of what is sold; `buying_power` dollars the roll takes, below 0 frees;
    `spread_percent` and `open_interest` are the worst leg's; `events` fall before the new expiration.
    """

    expiration: date
    new_settled: str
    dte: int
    added_days: int
    opened: str
    fill: Price
    mid: Price
    natural: Price
    delta: Shares | None
    delta_cut: Shares | None
    short_delta: Greek | None
    pop: Percent | None
    breakevens: list[Move]
    buying_power: Money | None
    spread_percent: Percent | None
    open_interest: Count | None
    events: str | None
    early_assignment: str | None


class Rolls(ChainAnswer):
    """The ways to roll the options of `expiration`, the best first."""

    strategy: str
    expiration: date
    dte: int
    rolled: str
    lots: int
    reading: str
    close: Close
    do_nothing: DoNothing
    rolls: list[RollRow]
