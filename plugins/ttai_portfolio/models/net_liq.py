"""The answers about what accounts were worth."""

from datetime import date, datetime

from pydantic import BaseModel

from ttai import Count, Money, Percent, Picture
from ttai_portfolio.models.common import Failed
from ttai_portfolio.models.records import Records


class Worth(BaseModel):
    """How a value went, in dollars.

    `change_without_flows` and `time_weighted_return` leave out what was paid in or out; `max_drawdown` is the worst
    fall, between `drawdown_peak` and `drawdown_trough`, made up for by `drawdown_recovered`.
    """

    first: Money | None = None
    last: Money | None = None
    high: Money | None = None
    low: Money | None = None
    change: Money | None = None
    change_percent: Percent | None = None
    deposits: Money | None = None
    withdrawals: Money | None = None
    change_without_flows: Money | None = None
    time_weighted_return: Percent | None = None
    max_drawdown: Money | None = None
    max_drawdown_percent: Percent | None = None
    drawdown_peak: date | datetime | None = None
    drawdown_trough: date | datetime | None = None
    drawdown_recovered: date | datetime | None = None


class AccountWorth(Worth):
    """That of one account."""

    account: str
    points: Count


class FlowRow(BaseModel):
    """What was paid in on a day, in dollars; below 0 paid out."""

    date: date
    account: str
    kind: str
    amount: Money


class PointRow(BaseModel):
    """What all accounts were worth together, in dollars."""

    time: date | datetime
    value: Money


class NetLiqHistory(Worth, Records):
    """What the accounts were worth together; each of several has a row of its own."""

    range: str
    points_read: int
    by_account: list[AccountWorth] | None = None
    flows: list[FlowRow] | None = None
    points: list[PointRow]


class NetLiqPicture(Worth, Picture):
    """The same to look at."""

    range: str
    accounts: list[str]
    failed: list[Failed] | None = None
    points_read: int
