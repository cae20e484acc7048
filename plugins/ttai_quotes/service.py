"""The service of this plugin: indicators, levels and watched symbols, for its own tools and for other plugins."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from ttai import Host, understood
from ttai.quant.indicators import Indicator, Spec, compute
from ttai.quant.intervals import named
from ttai.quant.levels import Levels, find_levels
from ttai_quotes import analysis
from ttai_quotes.analysis import Study
from ttai_quotes.lists import LocalLists


class Quotes:
    """What the bars of a symbol say, worked out off the loop: `host.require(Quotes)`.

    Raises BadArgument for what can't be asked, else what the market raises.
    """

    def __init__(self, host: Host, lists: LocalLists) -> None:
        self._market = host.market
        self._clock = host.clock
        self._work = host.tasks.compute
        self._lists = lists

    async def indicators(self, symbol: str, names: Iterable[str], interval: str = "1d") -> Sequence[Indicator]:
        """Indicators such as "rsi:14" on the newest bars, in the order asked, each once."""
        specs = understood(lambda: analysis.specs(names))
        return (await self.study(symbol, interval, specs)).indicators

    async def levels(self, symbol: str, interval: str = "1d", lookback: int = 180) -> Levels:
        """Support, resistance and trend of the newest `lookback` bars."""
        return await self.find_levels(await self.study(symbol, interval, lookback=lookback), lookback)

    async def watched(self) -> list[str]:
        """The symbols on the watchlists kept on this computer, each once."""
        lists = await self._lists.all()
        return list(dict.fromkeys(symbol for symbols in lists.values() for symbol in symbols))

    async def study(
        self, symbol: str, interval: str, specs: Sequence[Spec] = (), *, lookback: int = 0, extended: bool = False
    ) -> Study:
        """These indicators on the newest `lookback` bars, and on those before, in which averages settle."""
        before = analysis.bars_needed(specs, understood(lambda: named(interval)), extended=extended)
        study = await self.history(symbol, interval, bars=lookback + before, extended=extended)
        return replace(study, indicators=await self._work(lambda: [compute(study.bars, spec) for spec in specs]))

    async def find_levels(self, study: Study, lookback: int) -> Levels:
        """The levels of the newest so many of these bars."""
        return await self._work(
            lambda: understood(lambda: find_levels(study.bars, lookback=lookback, forming=study.forming))
        )

    async def history(
        self,
        symbol: str,
        interval: str,
        *,
        bars: int,
        start: datetime | None = None,
        end: datetime | None = None,
        extended: bool = False,
    ) -> Study:
        """The market's history, and whether its newest bar is still being traded."""
        history = await self._market.history(symbol, interval, bars=bars, start=start, end=end, extended=extended)
        session, columns, now = await self._market.session(), history.bars, self._clock.now()
        forming = analysis.is_forming(columns, now, session.state, session.next_open, extended=extended)
        return Study(history, columns, forming)
