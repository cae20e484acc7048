"""The answers about what prices did: bars, and what all answers made from bars say."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel

from ttai import Count, History, MarketAnswer, Percent, Price
from ttai.quant.bars import Bars, Time
from ttai_quotes.analysis import Range, Study

Level = Annotated[Price, AfterValidator(lambda n: n and round(n, 2 if abs(n) >= 1 else 4))]  # as fine as it means
Atrs = Annotated[Price, AfterValidator(lambda n: n and round(n, 2))]  # average true ranges


def provenance(history: History) -> dict[str, Any]:
    """Which bars they are and where they come from, as answers say it."""
    return {name: getattr(history, name) for name in ("symbol", "interval", "as_of", "source", "session", "stale")}


class Bar(BaseModel):
    """One bar; prices in dollars or index points."""

    time: Time
    open: Price | None
    high: Price | None
    low: Price | None
    close: Price | None
    volume: Count | None

    @classmethod
    def of(cls, bars: Bars, places: Iterable[int] | None = None) -> list["Bar"]:
        """The bars, all or those at these places."""
        columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
        o, h, low, c, v = (column.tolist() for column in columns)
        return [
            cls(time=bars.begins(n), open=o[n], high=h[n], low=low[n], close=c[n], volume=v[n])
            for n in (range(len(bars)) if places is None else places)
        ]


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

    @classmethod
    def of(cls, found: Range) -> "Summary":
        """The same as an answer has it."""
        return cls.model_validate(found, from_attributes=True)


class HistoryAnswer(MarketAnswer):
    """What is made from the bars of one symbol and interval."""

    symbol: str
    interval: str
    extended_hours: bool
    last_bar_forming: bool  # still being traded: its volume and range are not whole

    @staticmethod
    def facts(study: Study) -> dict[str, Any]:
        """The fields of this class."""
        extended, forming = study.history.extended, study.forming
        return {**provenance(study.history), "extended_hours": extended, "last_bar_forming": forming}


class PriceHistory(HistoryAnswer):
    """The bars that were asked for, and the whole range in a few numbers."""

    bars: list[Bar]
    summary: Summary

    @classmethod
    def of(cls, study: Study, places: Iterable[int], found: Range, notes: Iterable[str]) -> "PriceHistory":
        """The bars at these places, and what was found of all."""
        return cls(
            **cls.facts(study),
            bars=Bar.of(study.bars, places),
            summary=Summary.of(found),
            notes=[*study.history.notes, *notes, *found.notes],
        )
