"""The service of this plugin: indicators, levels and watched symbols, for its own tools and for other plugins."""

from collections.abc import Iterable, Sequence

from ttai import Host
from ttai.quant.bars import Bars
from ttai.quant.indicators import Indicator, Spec, compute
from ttai.quant.intervals import named
from ttai.quant.levels import Levels, find_levels
from ttai_quotes import analysis
from ttai_quotes.lists import LocalLists

AVERAGES = 200  # bars before those looked at: the long average is among the levels


class Quotes:
    """What the bars of a symbol say, worked out off the loop: `host.require(Quotes)`.

    The bars themselves come from `host.market.history`.
    """

    def __init__(self, host: Host, lists: LocalLists) -> None:
        self._market = host.market
        self._clock = host.clock
        self._work = host.tasks.compute
        self._lists = lists

    async def indicators(self, symbol: str, names: Iterable[str], interval: str = "1d") -> list[Indicator]:
        """Indicators such as "rsi:14" on the newest bars; ValueError for a name there is not."""
        specs, length = analysis.specs(names), named(interval)
        needed = analysis.bars_needed(specs, length, extended=False)
        history = await self._market.history(symbol, interval, bars=needed)
        return await self.compute(history.bars, specs)

    async def levels(self, symbol: str, interval: str = "1d", lookback: int = 180) -> Levels:
        """Support, resistance and trend of the newest `lookback` bars."""
        history = await self._market.history(symbol, interval, bars=lookback + AVERAGES)
        return await self.find_levels(history.bars, lookback, extended=False)

    async def watched(self) -> list[str]:
        """The symbols on the watchlists kept on this computer, each once."""
        lists = await self._lists.all()
        return list(dict.fromkeys(symbol for symbols in lists.values() for symbol in symbols))

    async def compute(self, bars: Bars, specs: Sequence[Spec]) -> list[Indicator]:
        """Each of the indicators on these bars."""
        return await self._work(lambda: [compute(bars, spec) for spec in specs])

    async def find_levels(self, bars: Bars, lookback: int, *, extended: bool) -> Levels:
        """The levels of the newest so many of these bars."""
        forming = await self.is_forming(bars, extended=extended)
        return await self._work(find_levels, bars, lookback=lookback, forming=forming)

    async def is_forming(self, bars: Bars, *, extended: bool) -> bool:
        """Whether the newest of these bars is still being traded."""
        session = await self._market.session()
        return analysis.is_forming(bars, self._clock.now(), session.state, session.next_open, extended=extended)
