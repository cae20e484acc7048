"""The answer about what was made."""

from datetime import date
from typing import Literal

from pydantic import BaseModel

from ttai import Count, Money, Percent
from ttai_portfolio.models.records import Records

By = Literal["strategy", "underlying", "month"]


class ResultRow(BaseModel):
    """Trades of one strategy, underlying or month: a trade is what was closed of what one order opened.

    Dollars: `gross` before and `net` after the `fees` of both ends, `best` and `worst` the net of one trade;
    `days_held` on average, from the opening to the last close. `section_1256` tells of broad index options, futures.
    """

    name: str
    trades: int
    wins: int
    win_rate: Percent | None
    gross: Money
    fees: Money
    net: Money
    days_held: Count | None
    best: Money | None
    worst: Money | None
    section_1256: bool | None = None


class OtherRow(BaseModel):
    """Money that came or went without a trade: `net_value` in dollars, below 0 paid."""

    kind: str
    count: int
    net_value: Money


class Reconciliation(BaseModel):
    """realised + unmatched + open_at_end − open_at_start + left_out = trades_net_value, the broker's sum of all trades
    and deliveries; dollars.

    `open_…` is what those lots brought when they were opened, fees charged, below 0 paid; `left_out` what entries
    brought that could not be followed.
    """

    realised: Money
    unmatched: Money
    open_at_end: Money
    open_at_start: Money
    left_out: Money
    trades_net_value: Money
    difference: Money


class Performance(Records):
    """Realised P/L of a period by FIFO, by the broker's dates, in dollars; what was paid in or out is in none of it."""

    start: date
    end: date
    by: By
    trades: int | None
    wins: int | None
    win_rate: Percent | None
    gross: Money | None
    fees: Money | None
    net: Money | None
    days_held: Count | None
    other_net: Money | None = None
    net_with_other: Money | None = None
    reconciliation: Reconciliation | None = None
    rows: list[ResultRow]
    other: list[OtherRow]
