"""The answer one looks at: a chart, and what the page of clients that show one draws."""

from typing import Literal

from pydantic import BaseModel

from ttai import Count, Percent, Picture, Price
from ttai.quant.bars import Time
from ttai_quotes.models.history import Bar, Level


class Drawn(BaseModel):
    """One overlay at the last bar."""

    name: str
    value: Level | None


class Shade(BaseModel):
    """A band of prices that turned the market before."""

    low: Level
    high: Level
    kind: Literal["support", "resistance"]
    label: str


class Stroke(BaseModel):
    """One overlay, a value a bar."""

    name: str
    values: list[Level | None]


class ChartPage(BaseModel):
    """All that the page draws."""

    symbol: str
    interval: str
    theme: str
    title: str
    summary: str
    source: str
    bars: list[Bar]
    lines: list[Stroke]
    zones: list[Shade]


class Chart(Picture):
    """What the picture shows, in figures: `change` from the close before the first bar to the last close."""

    symbol: str
    interval: str
    bars: int
    begins: Time
    ends: Time
    last: Price
    change: Price | None
    change_percent: Percent | None
    low: Price
    high: Price
    average_volume: Count | None
    overlays: list[Drawn]
    zones: list[Shade]
