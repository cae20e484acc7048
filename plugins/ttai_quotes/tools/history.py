"""What prices did, as answers: bars, indicators, levels."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, TypeVar

from pydantic import Field

from ttai import BadArgument, Host
from ttai.quant.bars import Bars
from ttai.quant.indicators import DEFAULT, DEFAULT_INTRADAY
from ttai.quant.intervals import Interval, named
from ttai_quotes import analysis
from ttai_quotes.models.history import (
    Confluence,
    Extension,
    Indicators,
    IndicatorSeries,
    LevelsAnswer,
    PriceHistory,
    TrendFacts,
    told,
)
from ttai_quotes.service import AVERAGES, Quotes
from ttai_quotes.tools.quotes import Symbol

T = TypeVar("T")

IntervalName = Annotated[str, Field(description="1m 5m 15m 30m 1h 1d 1w")]
Extended = Annotated[bool, Field(description="With pre-market and after hours")]
When = Annotated[str | None, Field(description="2026-01-31 or 2026-01-31T09:30, New York")]
MOST_ROWS = 300
MOST_SERIES = 100
MOST_INDICATORS = 30
MOST_VALUES = 1500  # of series in one answer
MOST_LOOKBACK = 5000


def understood(read: Callable[[], T]) -> T:
    """What `read` makes of an argument; its ValueError as one a client can read."""
    try:
        return read()
    except ValueError as error:
        raise BadArgument(str(error)) from None


class HistoryTools:
    """The tools about bars."""

    def __init__(self, host: Host, service: Quotes) -> None:
        self._market = host.market
        self._clock = host.clock
        self._compute = host.tasks.compute
        self._service = service

    async def get_price_history(
        self,
        symbol: Symbol,
        interval: IntervalName = "1d",
        start: When = None,
        end: When = None,
        limit: Annotated[int, Field(ge=1, le=MOST_ROWS, description="Rows")] = 60,
        sample: Annotated[bool, Field(description="Rows spread evenly over the range, not the newest")] = False,
        extended: Extended = False,
    ) -> PriceHistory:
        """Price bars of a symbol, and the whole range summed up: change, high, low, realised volatility, ATR, volume.
        Use it for what a price did; get_indicators and find_levels say what to make of it."""
        length = understood(lambda: named(interval))
        last = self._end(end, length)
        first = None if start is None else understood(lambda: analysis.moment(start, length))
        if first is not None and last is not None and first > last:
            raise BadArgument(f"the start, {start}, is after the end, {end}", "Swap them")
        history = await self._market.history(symbol, interval, bars=limit, start=first, end=last, extended=extended)
        bars: Bars = history.bars
        places = analysis.sampled(len(bars), limit) if sample else range(max(0, len(bars) - limit), len(bars))
        summary, notes = await self._compute(analysis.summarise, bars)
        if len(places) < len(bars):
            which = "spread evenly" if sample else "the newest"
            notes.insert(0, f"{len(places)} of {len(bars)} bars, {which}; ask limit={min(len(bars), MOST_ROWS)}")
        return PriceHistory(
            **told(history),
            last_bar_forming=await self._service.is_forming(bars, extended=extended),
            bars=analysis.rows(bars, places),
            summary=summary,
            notes=[*history.notes, *notes],
        )

    def _end(self, end: str | None, interval: Interval) -> datetime | None:
        if end is None:
            return None
        begins = understood(lambda: analysis.moment(end, interval))
        now = self._clock.new_york()
        if begins > now if interval.intraday else begins.date() > now.date():
            raise BadArgument(f"the end, {end}, is in the future", "Leave it out for the newest bars")
        return understood(lambda: analysis.moment(end, interval, end=True))

    async def get_indicators(
        self,
        symbol: Symbol,
        interval: IntervalName = "1d",
        indicators: Annotated[
            list[str] | None, Field(description='Such as "rsi:14" "ema:21" "macd:12,26,9"; a default set without')
        ] = None,
        series: Annotated[int, Field(ge=0, le=MOST_SERIES, description="Newest values of each line")] = 0,
        extended: Extended = False,
    ) -> Indicators:
        """Technical indicators of a symbol, latest and previous value, each with a plain reading.
        Use it for momentum, trend and volatility; an unknown name is answered with all there are."""
        asked = understood(lambda: analysis.specs(indicators or ()))
        if len(asked) > MOST_INDICATORS:
            raise BadArgument(f"{len(asked)} indicators are too many", f"Ask for at most {MOST_INDICATORS} at once")
        length = understood(lambda: named(interval))
        specs = asked or list(DEFAULT_INTRADAY if length.intraday else DEFAULT)
        needed = analysis.bars_needed(specs, length, extended=extended)
        history = await self._market.history(symbol, interval, bars=needed, extended=extended)
        bars: Bars = history.bars
        computed = await self._service.compute(bars, specs)
        values, notes = analysis.values(computed)
        answer = Indicators(
            **told(history),
            last_bar_forming=await self._service.is_forming(bars, extended=extended),
            bars_used=len(bars),
            last_bar=bars.begins(-1),
            close=float(bars.close[-1]),
            indicators=values,
            notes=[*history.notes, *notes],
        )
        if series:
            most = MOST_VALUES // sum(len(one.lines) for one in computed)
            if series > most:
                answer.notes.append(f"series: the newest {most} values, all that fit with so many lines; ask fewer")
                series = most
            answer.series_times = [bars.begins(n) for n in range(max(0, len(bars) - series), len(bars))]
            answer.series = [
                IndicatorSeries(indicator=str(one.spec), line=line, values=column[-series:].tolist())
                for one in computed
                for line, column in one.lines.items()
            ]
        return answer

    async def find_levels(
        self,
        symbol: Symbol,
        interval: IntervalName = "1d",
        lookback: Annotated[int, Field(ge=1, le=MOST_LOOKBACK, description="Bars looked at")] = 180,
        extended: Extended = False,
    ) -> LevelsAnswer:
        """Support and resistance zones with strength and evidence, swings, confluences, trend, distance from the mean.
        Use it to place strikes and stops, or to say where a move may end."""
        history = await self._market.history(symbol, interval, bars=lookback + AVERAGES, extended=extended)
        bars: Bars = history.bars
        levels = await self._service.find_levels(bars, lookback, extended=extended)
        trend = levels.trend
        return LevelsAnswer(
            **told(history),
            last_bar_forming=await self._service.is_forming(bars, extended=extended),
            bars_used=levels.bars,
            close=levels.close,
            range_low=levels.low,
            range_high=levels.high,
            atr_14=levels.atr,
            extension_atr=levels.extension_atr,
            trend=None
            if trend is None
            else TrendFacts(
                direction=trend.direction,
                quality=None if trend.quality is None else round(trend.quality),
                slope_percent=trend.slope_percent,
                r_squared=trend.r_squared,
            ),
            supports=analysis.zones(levels.supports, levels),
            resistances=analysis.zones(levels.resistances, levels),
            confluences=[
                Confluence(side=one.side, price=one.price, strength=round(one.strength), kinds=", ".join(one.kinds))
                for one in levels.confluences
            ],
            swings=analysis.turns(levels),
            fibonacci_extensions=[Extension(level=one.label, price=one.price) for one in levels.fibonacci_extensions],
            notes=[*history.notes, *levels.reasons],
        )
