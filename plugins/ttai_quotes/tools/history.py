"""What prices did, as answers: bars, indicators, levels."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from ttai import BadArgument, Host, understood
from ttai.quant.intervals import Interval, named
from ttai_quotes import analysis
from ttai_quotes.models.history import PriceHistory
from ttai_quotes.models.indicators import Indicators
from ttai_quotes.models.levels import LevelsAnswer
from ttai_quotes.service import Quotes
from ttai_quotes.tools.arguments import Extended, IntervalName, Symbol

When = Annotated[str | None, Field(description="2026-01-31 or 2026-01-31T09:30, New York")]
MOST_ROWS = 300
MOST_SERIES = 100
MOST_INDICATORS = 30
MOST_VALUES = 1500  # of series in one answer
MOST_LOOKBACK = 5000


class HistoryTools:
    """The tools about bars."""

    def __init__(self, host: Host, service: Quotes) -> None:
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
        study = await self._service.history(symbol, interval, bars=limit, start=first, end=last, extended=extended)
        count = len(study.bars)
        places = analysis.sampled(count, limit) if sample else range(max(0, count - limit), count)
        found = await self._compute(analysis.summarise, study.bars)
        which = "spread evenly" if sample else "the newest"
        said = f"{len(places)} of {count} bars, {which}; ask limit={min(count, MOST_ROWS)}"
        return PriceHistory.of(study, places, found, [said] if len(places) < count else [])

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
        specs = asked or analysis.default(understood(lambda: named(interval)))
        study = await self._service.study(symbol, interval, specs, extended=extended)
        most = MOST_VALUES // sum(len(one.lines) for one in study.indicators)
        said = f"series: the newest {most} values, all that fit with so many lines; ask fewer"
        return Indicators.of(study, min(series, most), [said] if series > most else [])

    async def find_levels(
        self,
        symbol: Symbol,
        interval: IntervalName = "1d",
        lookback: Annotated[int, Field(ge=1, le=MOST_LOOKBACK, description="Bars looked at")] = 180,
        extended: Extended = False,
    ) -> LevelsAnswer:
        """Support and resistance zones with touches and evidence, swings, trend, distance from the mean.
        Use it to place strikes and stops, or to say where a move may end."""
        study = await self._service.study(symbol, interval, lookback=lookback, extended=extended)
        return LevelsAnswer.of(study, await self._service.find_levels(study, lookback))
