"""The quote of one symbol: from the stream, else from REST, else an error that says why."""

from collections.abc import AsyncIterator
from dataclasses import replace

from ttai.cache import Cache
from ttai.errors import TtaiError, UnknownSymbol
from ttai.market.hub import Line
from ttai.market.quotes import from_line, from_row
from ttai.market.rows import Reader, seconds_left
from ttai.market.supervisor import Supervisor
from ttai.market.types import KINDS, Kind, Quote, Row, SummaryEvent, TradeEvent
from ttai.quant import symbols as spelling

GRACE = 0.3  # s after a symbol's first event: what has not come by then won't come soon
PATIENCE = 1.5  # s before REST is asked instead
UNKNOWN_LIFE = 600.0

_INDEX_STREAMED: tuple[Kind, ...] = (TradeEvent, SummaryEvent)


class Ticker:
    """Quotes of symbols in the project's spelling; what nobody knows is remembered for ten minutes."""

    def __init__(self, supervisor: Supervisor, rows: Reader[Row], cache: Cache) -> None:
        self._supervisor = supervisor
        self._hub = supervisor.hub
        self._rows = rows
        self._cache = cache
        self._indices = set(spelling.INDICES)  # and those that REST told of

    def changes(self, symbol: str) -> AsyncIterator[object]:
        """One item whenever the symbol's quote may have changed since the last."""
        streamer, kinds = self._asked(symbol)
        return self._hub.changes([streamer], kinds)

    async def quote(self, symbol: str, session: str) -> Quote:
        """The symbol's quote in this session; raises UnknownSymbol, or what the broker's failure was."""
        streamer, kinds = self._asked(symbol)
        if not ((line := self._hub.line(streamer)) and line.events):
            self.refuse_unknown(symbol)
        with self._hub.hold([streamer], kinds):
            if self._supervisor.streams(streamer, kinds):
                await self._hub.wait(streamer, kinds, GRACE, min(PATIENCE, seconds_left()))
            streamed, priced = None, False
            if (line := self._hub.line(streamer)) and line.events:
                streamed, priced = self._from_line(symbol, line, session), line.priced
            if streamed and priced and self._supervisor.streams(streamer, kinds):
                return streamed
            try:
                row = await self._row(symbol)
            except TtaiError as error:
                if streamed is None or not priced:
                    raise
                return _old(streamed, error)
        if row is not None:
            return from_row(row, session)
        if streamed is None:
            raise self._unknown(symbol)
        return _old(streamed, UnknownSymbol(symbol)) if streamed.stale else streamed

    def is_index(self, symbol: str) -> bool:
        """Whether nobody trades the symbol itself: it has no bid, ask or volume, whatever the feed says."""
        return symbol in self._indices

    def refuse_unknown(self, symbol: str) -> None:
        """UnknownSymbol where REST said within ten minutes that there is no such symbol."""
        if self._cache.get(("unknown", symbol)):
            raise UnknownSymbol(symbol)

    async def look_up(self, symbol: str) -> None:
        """UnknownSymbol where there is no such symbol."""
        self.refuse_unknown(symbol)
        if await self._row(symbol) is None:
            raise self._unknown(symbol)

    def _asked(self, symbol: str) -> tuple[str, tuple[Kind, ...]]:
        """What the feed calls the symbol, and what it tells of it."""
        return spelling.streamer_symbol(symbol), _INDEX_STREAMED if self.is_index(symbol) else KINDS

    def _from_line(self, symbol: str, line: Line, session: str) -> Quote:
        """What the stream says, or, where it says nothing more, the last it said."""
        return from_line(
            symbol,
            line.events,
            index=self.is_index(symbol),
            as_of=line.at,
            source=self._hub.source,
            session=session,
            stale=not self._supervisor.fresh,
        )

    async def _row(self, symbol: str) -> Row | None:
        row = await self._rows.row(symbol)
        if row is not None and row.index:
            self._indices.add(symbol)
        return row

    def _unknown(self, symbol: str) -> UnknownSymbol:
        self._cache.set(("unknown", symbol), True, UNKNOWN_LIFE)
        return UnknownSymbol(symbol)


def _old(quote: Quote, why: TtaiError) -> Quote:
    return replace(quote, stale=True, notes=(f"stale: {why.message}", *quote.notes))
