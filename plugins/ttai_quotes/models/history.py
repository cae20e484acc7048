"""The answers about what prices did: bars, indicators, levels."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel

from ttai import Count, Greek, MarketAnswer, Percent, Price
from ttai.quant.bars import Bars

Time = date | datetime  # a day's and a week's bar have a date, shorter ones a moment
Level = Annotated[Price, AfterValidator(lambda n: n and round(n, 2 if abs(n) >= 1 else 4))]  # as fine as it means
Atrs = Annotated[Price, AfterValidator(lambda n: n and round(n, 2))]  # average true ranges


def told(history: Any) -> dict[str, Any]:
    """Where the market's history comes from, as answers say it."""
    names = ("symbol", "interval", "as_of", "source", "session", "stale")
    return {**{name: getattr(history, name) for name in names}, "extended_hours": history.extended}


def times(bars: Bars) -> list[Time]:
    """When each bar begins."""
    from datetime import UTC

    moments: list[datetime] = bars.time.tolist()
    if bars.intraday:
        return [moment.replace(tzinfo=UTC) for moment in moments]
    return [moment.date() for moment in moments]


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
    atr_14: Level | None
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
    value: Level | None
    previous: Level | None
    reading: str | None


class IndicatorSeries(BaseModel):
    """The newest values of one line, oldest first."""

    indicator: str
    line: str
    values: list[Level | None]


class Indicators(HistoryAnswer):
    """Indicators on the bars up to the last close."""

    bars_used: int
    last_bar: Time
    close: Level | None
    indicators: list[IndicatorValue]
    series_times: list[Time] | None = None
    series: list[IndicatorSeries] | None = None


class Zone(BaseModel):
    """Where price may turn; `strength` 0–100, distances of `price` from the last close."""

    side: str
    price: Level
    low: Level
    high: Level
    strength: int
    touches: int
    last_touch: Time | None
    distance_percent: Percent
    distance_atr: Atrs | None
    confluence: bool
    kinds: str


class Turn(BaseModel):
    """A confirmed swing high or low."""

    time: Time
    side: str
    price: Level


class Extension(BaseModel):
    """A Fibonacci extension beyond the dominant swing."""

    level: str
    price: Level


class TrendFacts(BaseModel):
    """The regression of the closes: slope in percent of price a bar; quality 0–100."""

    direction: str
    quality: int | None
    slope_percent: Percent
    r_squared: Greek | None


class LevelsAnswer(HistoryAnswer):
    """Support and resistance of the bars looked at, nearest first, and the way the price went."""

    bars_used: int
    close: Level | None
    range_low: Level | None
    range_high: Level | None
    atr_14: Level | None
    extension_atr: Atrs | None
    trend: TrendFacts | None
    supports: list[Zone]
    resistances: list[Zone]
    swings: list[Turn]
    fibonacci_extensions: list[Extension]
