"""The answer about the whole book in other markets."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel

from ttai import Count, Percent, Picture
from ttai_portfolio.models.common import BookAnswer

Dollars = Annotated[Count, AfterValidator(lambda n: n and round(n))]  # whole ones: a grid of cents can't be read


class GridRow(BaseModel):
    """The P/L in dollars after `days`, every IV changed by `iv_percent` of itself, at each of `moves_percent`."""

    days: float
    iv_percent: Percent
    pnl: list[Dollars]


class CellRow(BaseModel):
    """One market of the grid, and what is won or lost there."""

    move_percent: Percent
    iv_percent: Percent
    days: float
    pnl: Dollars
    of_net_liq_percent: Percent | None


class PartRow(BaseModel):
    """What one strategy adds to the worst cell, in dollars."""

    account: str
    underlying: str
    strategy: str
    legs: str
    pnl: Dollars


class Stress(BookAnswer):
    """The P/L of the whole book against its marks now, in dollars, revalued at `moves_percent` of the price.

    `beta_weighted`: SPY moves so much, and each underlying its beta times as much; else each of them. `worst_before`
    is the worst of the same grid without what was added and removed.
    """

    beta_weighted: bool
    moves_percent: list[float]
    grid: list[GridRow]
    worst: CellRow
    best: CellRow
    worst_before: CellRow | None = None
    worst_by_position: list[PartRow]
    positions: int


class StressMap(Picture):
    """The same as a picture."""

    accounts: list[str]
    beta_weighted: bool
    moves_percent: list[float]
    grid: list[GridRow]
    worst: CellRow
