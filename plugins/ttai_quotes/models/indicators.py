"""The answer about indicators: each line in its own unit."""

from collections.abc import Iterable

from pydantic import BaseModel

from ttai import Count, Percent
from ttai.quant.bars import Time
from ttai.quant.indicators import Indicator, Unit
from ttai_quotes.analysis import Study
from ttai_quotes.models.history import HistoryAnswer, Level


class IndicatorValue(BaseModel):
    """One line of an indicator at the last bar and at the one before, in the indicator's unit."""

    indicator: str
    line: str
    value: Level | None
    previous: Level | None
    reading: str | None

    @staticmethod
    def of(found: Indicator) -> "list[IndicatorValue]":
        """Each line of an indicator; the first has the reading."""
        latest, previous, kind = found.latest, found.previous, _VALUES.get(found.unit, IndicatorValue)
        readings = [found.reading, *[None] * (len(found.lines) - 1)]
        return [
            kind(indicator=str(found.spec), line=line, value=latest[line], previous=previous[line], reading=reading)
            for line, reading in zip(found.lines, readings, strict=True)
        ]


class _Dollars(IndicatorValue):
    value: Level | None
    previous: Level | None


class _Fraction(IndicatorValue):
    value: Percent | None
    previous: Percent | None


class _Shares(IndicatorValue):
    value: Count | None
    previous: Count | None


_VALUES: dict[Unit, type[IndicatorValue]] = {
    "price": _Dollars, "dollars": _Dollars, "fraction": _Fraction, "shares": _Shares,
}  # fmt: skip


class IndicatorSeries(BaseModel):
    """The newest values of one line, oldest first, in the indicator's unit."""

    indicator: str
    line: str
    values: list[Level | None]

    @staticmethod
    def of(found: Indicator, count: int) -> "list[IndicatorSeries]":
        """So many of the newest values of each line."""
        kind = _SERIES.get(found.unit, IndicatorSeries)
        return [
            kind(indicator=str(found.spec), line=line, values=values[-count:].tolist())
            for line, values in found.lines.items()
        ]


class _DollarSeries(IndicatorSeries):
    values: list[Level | None]


class _FractionSeries(IndicatorSeries):
    values: list[Percent | None]


class _ShareSeries(IndicatorSeries):
    values: list[Count | None]


_SERIES: dict[Unit, type[IndicatorSeries]] = {
    "price": _DollarSeries, "dollars": _DollarSeries, "fraction": _FractionSeries, "shares": _ShareSeries,
}  # fmt: skip


class Indicators(HistoryAnswer):
    """Indicators on the bars up to the last close."""

    bars_used: int
    last_bar: Time
    close: Level | None
    indicators: list[IndicatorValue]
    series_times: list[Time] | None = None
    series: list[IndicatorSeries] | None = None

    @classmethod
    def of(cls, study: Study, series: int, notes: Iterable[str]) -> "Indicators":
        """The indicators of a study, and so many of the newest values of each line."""
        bars, newest = study.bars, range(max(0, len(study.bars) - series), len(study.bars))
        unknown = [f"{one.spec} null: {one.reason}" for one in study.indicators if one.reason]
        return cls(
            **cls.facts(study),
            bars_used=len(bars),
            last_bar=bars.begins(-1),
            close=float(bars.close[-1]),
            indicators=[value for one in study.indicators for value in IndicatorValue.of(one)],
            series_times=[bars.begins(n) for n in newest] if series else None,
            series=[line for one in study.indicators for line in IndicatorSeries.of(one, series)] if series else None,
            notes=[*study.history.notes, *unknown, *notes],
        )
