"""The answers about what prices did: bars, indicators, levels."""

from typing import Any

from pydantic import BaseModel

from ttai import Count, Greek, MarketAnswer, Percent, Price
from ttai.quant.bars import Time


def told(history: Any) -> dict[str, Any]:
    """Where the market's history comes from, as answers say it."""
    names = ("symbol", "interval", "as_of", "source", "session", "stale")
    return {**{name: getattr(history, name) for name in names}, "extended_hours": history.extended}


class Bar(BaseModel):
    """One bar; prices in dollars or index points."""

    time: Time
    open: Price | None
    high: Price | None
    low: Price | None
    close: Price | None
    volume: Count | None


class Summary(BaseModel):
    """A whole range of bars: prices in dollars or points, volatility a year, averages a bar."""

    bars: int
    begins: Time
    ends: Time
    first_open: Price | None
    last: Price | None
    high: Price | None
    low: Price | None
    change_from_first_open: Price | None
    change_from_first_open_percent: Percent | None
    realised_volatility: Percent | None
    atr_14: Price | None
    average_volume: Count | None


class HistoryAnswer(MarketAnswer):
    """What is made from the bars of one symbol and interval."""

    symbol: str
    interval: str
    extended_hours: bool
    last_bar_forming: bool  # still being traded: its volume and range are not whole


class PriceHistory(HistoryAnswer):
    """The bars that were asked for, and the whole range in a few numbers."""

    bars: list[Bar]
    summary: Summary


class IndicatorValue(BaseModel):
    """One line of an indicator at the last bar and at the one before."""

    indicator: str
    line: str
    value: Price | None
    previous: Price | None
    reading: str | None


class IndicatorSeries(BaseModel):
    """The newest values of one line, oldest first."""

    indicator: str
    line: str
    values: list[Price | None]


class Indicators(HistoryAnswer):
    """Indicators on the bars up to the last close."""

    bars_used: int
    last_bar: Time
    close: Price | None
    indicators: list[IndicatorValue]
    series_times: list[Time] | None = None
    series: list[IndicatorSeries] | None = None


class Zone(BaseModel):
    """Where price may turn; `strength` 0–100, distances of `price` from the last close."""

    side: str
    price: Price
    low: Price
    high: Price
    strength: int
    touches: int
    last_touch: Time | None
    distance_percent: Percent
    distance_atr: Price | None
    kinds: str


class Confluence(BaseModel):
    """A zone where at least three kinds of evidence meet."""

    side: str
    price: Price
    strength: int
    kinds: str


class Turn(BaseModel):
    """A confirmed swing high or low."""

    time: Time
    side: str
    price: Price


class Extension(BaseModel):
    """A Fibonacci extension beyond the dominant swing."""

    level: str
    price: Price


class TrendFacts(BaseModel):
    """The regression of the closes: slope in percent of price a bar; quality 0–100."""

    direction: str
    quality: int | None
    slope_percent: Percent
    r_squared: Greek | None


class LevelsAnswer(HistoryAnswer):
    """Support and resistance of the bars looked at, nearest first, and the way the price went."""

    bars_used: int
    close: Price | None
    range_low: Price | None
    range_high: Price | None
    atr_14: Price | None
    extension_atr: Price | None
    trend: TrendFacts | None
    supports: list[Zone]
    resistances: list[Zone]
    confluences: list[Confluence]
    swings: list[Turn]
    fibonacci_extensions: list[Extension]
