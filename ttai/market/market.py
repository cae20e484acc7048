"""The market as a plugin asks it: quotes, sessions, symbols."""

import asyncio
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace

from ttai.cache import Cache
from ttai.clock import Clock, time_left
from ttai.errors import BadArgument, TookTooLong, TtaiError, UnknownSymbol
from ttai.listing import Listing
from ttai.market.hub import Hub, Line
from ttai.market.ports import Gate
from ttai.market.quotes import from_line, from_row
from ttai.market.rows import RowReader
from ttai.market.supervisor import Supervisor, Timing
from ttai.market.types import KINDS, Instrument, Kind, Missing, Quote, Quotes, Row, SummaryEvent, TradeEvent
from ttai.quant import symbols as spelling
from ttai.quant.calendar import Calendar, State
from ttai.warm import warm

GRACE = 0.3  # s after a symbol's first event: what has not come by then won't come soon
PATIENCE = 1.5  # s before REST is asked instead
UNKNOWN_LIFE = 600.0
SEARCH_LIFE = 300.0
MOST_AT_ONCE = 100
MARGIN = 2.0  # s of a call's time kept for answering with what there is

_INDEX_STREAMED: tuple[Kind, ...] = (TradeEvent, SummaryEvent)


class Market:
    """What anyone may know: from the stream, else from REST, else an error that says why."""

    def __init__(
        self, gate: Gate, cache: Cache, clock: Clock, *, always_open: bool = False, timing: Timing | None = None
    ) -> None:
        self._gate = gate
        self._cache = cache
        self._clock = clock
        self._always_open = always_open
        self._calendar: Calendar | None = None
        self._counting_days = asyncio.Lock()
        self._rows = RowReader(gate, cache)
        self.hub = Hub(clock)
        self.supervisor = Supervisor(self.hub, gate, self._is_open, timing)

    async def quote(self, symbol: str) -> Quote:
        """One symbol's quote; raises UnknownSymbol, BadArgument, or what the broker's failure was."""
        name = _spell(symbol)
        session = (await self.session()).label
        with self._hold([name]):
            return await self._quote(name, session)

    async def quotes(self, symbols: Iterable[str]) -> Quotes:
        """At most 100 symbols at once; what could not be had is in `missing` with its reason.

        Raises what all of them failed with, where that is one and the same and not about a symbol.
        """
        names, missing = _spell_all(symbols)
        session = (await self.session()).label
        with self._hold(names):
            answers = await asyncio.gather(*(self._quote(name, session) for name in names), return_exceptions=True)
        quotes: list[Quote] = []
        failures: list[TtaiError] = []
        for name, answer in zip(names, answers, strict=True):
            if isinstance(answer, Quote):
                quotes.append(answer)
            elif isinstance(answer, TtaiError):
                missing.append(Missing(name, str(answer)))
                failures.append(answer)
            else:
                raise answer
        alike = not quotes and len({one.reason for one in missing}) == 1
        if alike and failures and failures[0].code not in ("NOT_FOUND", "VALIDATION"):
            raise failures[0]
        return Quotes(tuple(quotes), tuple(missing))

    async def close(self) -> None:
        """Give up what is being asked of the broker."""
        await self._rows.close()

    async def search(self, text: str) -> Listing[Instrument]:
        """Symbols whose name or description looks like `text`, the broker's order."""
        port = await self._gate.market()
        return await self._cache.fetch(("search", port.login, text.upper()), SEARCH_LIFE, lambda: port.search(text))

    async def session(self) -> State:
        """Whether the exchange (NYSE) trades now, by its calendar; the demo's market is always open."""
        now = self._clock.new_york()
        if self._always_open:
            return State("open", "simulated", now.date(), None, None, None)
        return (await self.calendar()).state(now)

    async def calendar(self) -> Calendar:
        """The exchange's calendar around today."""
        today = self._clock.new_york().date()
        async with self._counting_days:
            if self._calendar is None or not self._calendar.first <= today <= self._calendar.last:
                await warm("quant")
                self._calendar = await asyncio.to_thread(Calendar.around, today)
        return self._calendar

    def _is_open(self) -> bool:
        """What is known of it without waiting."""
        if self._always_open:
            return True
        return self._calendar is not None and self._calendar.state(self._clock.now()).state == "open"

    def _hold(self, names: Iterable[str]) -> ExitStack:
        stack = ExitStack()
        by_kinds: dict[tuple[Kind, ...], list[str]] = {}
        for name in names:
            by_kinds.setdefault(_kinds(name), []).append(spelling.streamer_symbol(name))
        for kinds, symbols in by_kinds.items():
            stack.enter_context(self.hub.hold(symbols, kinds))
        return stack

    async def _quote(self, symbol: str, session: str) -> Quote:
        line = self.hub.line(streamer := spelling.streamer_symbol(symbol))
        if (line is None or not line.events) and self._cache.get(("unknown", symbol)):
            raise UnknownSymbol(symbol)
        kinds = _kinds(symbol)
        if self.supervisor.streams(streamer, kinds):
            await self.hub.wait(streamer, kinds, GRACE, min(PATIENCE, _time_left()))
            line = self.hub.line(streamer)
        streamed = self._from_line(symbol, line, session) if line is not None and line.events else None
        if line is not None and line.priced and streamed is not None and self.supervisor.streams(streamer, kinds):
            return streamed
        return await self._from_rest(symbol, session, streamed)

    def _from_line(self, symbol: str, line: Line, session: str) -> Quote:
        """What the stream says, or, where it says nothing more, the last it said."""
        stale = not self.supervisor.fresh
        return from_line(symbol, line.events, as_of=line.at, source=self.hub.source, session=session, stale=stale)

    async def _from_rest(self, symbol: str, session: str, streamed: Quote | None) -> Quote:
        """REST's answer; what the stream last said where REST has none."""
        try:
            row = await self._row(symbol)
        except TtaiError as error:
            if streamed is None or streamed.mark is None:
                raise
            return _old(streamed, error)
        if row is not None:
            self.supervisor.let_in()
            return from_row(row, session, self._clock.now())
        if streamed is None:
            self._cache.set(("unknown", symbol), True, UNKNOWN_LIFE)
            raise UnknownSymbol(symbol)
        return _old(streamed, UnknownSymbol(symbol)) if streamed.stale else streamed

    async def _row(self, symbol: str) -> Row | None:
        limit = _time_left()
        try:
            async with asyncio.timeout(limit):
                return await self._rows.row(symbol)
        except TimeoutError:
            raise TookTooLong(limit) from None


def _time_left() -> float:
    return max(0.0, time_left(30.0) - MARGIN)


def _old(quote: Quote, why: TtaiError) -> Quote:
    return replace(quote, stale=True, notes=(f"stale: {why.message}", *quote.notes))


def _kinds(symbol: str) -> tuple[Kind, ...]:
    return _INDEX_STREAMED if spelling.kind(symbol) == "index" else KINDS


def _spell(symbol: str) -> str:
    try:
        name = spelling.normalize(symbol)
    except ValueError as error:
        raise BadArgument(str(error)) from None
    if spelling.kind(name) not in ("equity", "index", "option"):
        kind = spelling.kind(name).replace("_", " ")
        raise BadArgument(
            f"{name} is a {kind}, which is not quoted", "Ask for an equity, ETF, index or one of their options"
        )
    return name


def _spell_all(symbols: Iterable[str]) -> tuple[list[str], list[Missing]]:
    asked = dict.fromkeys(symbols)
    if len(asked) > MOST_AT_ONCE:
        raise BadArgument(f"{len(asked)} symbols are too many at once", f"Ask for at most {MOST_AT_ONCE}")
    names: dict[str, None] = {}
    missing = []
    for symbol in asked:
        try:
            names[_spell(symbol)] = None
        except BadArgument as error:
            missing.append(Missing(symbol[:40], str(error)))
    return list(names), missing
