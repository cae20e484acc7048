"""The market as a plugin asks it: quotes, sessions, symbols."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from typing import Any

from ttai.cache import Cache
from ttai.clock import Clock, time_left
from ttai.errors import BadArgument, NotFound, TookTooLong, TtaiError, UnknownSymbol
from ttai.listing import Listing, Watchlist
from ttai.market.archive import Archive
from ttai.market.book import Book
from ttai.market.candles import Candles
from ttai.market.hub import Hub, Line
from ttai.market.intervals import begin, named
from ttai.market.metrics import Measured, Metrics
from ttai.market.ports import Gate
from ttai.market.quotes import from_line, from_row
from ttai.market.rows import MetricsReader, RowReader
from ttai.market.supervisor import Supervisor, Timing
from ttai.market.types import (
    KINDS,
    History,
    Instrument,
    Kind,
    Missing,
    Quote,
    Quotes,
    Row,
    SummaryEvent,
    T,
    TradeEvent,
)
from ttai.quant import symbols as spelling
from ttai.quant.calendar import Calendar, State
from ttai.storage.database import Store
from ttai.warm import warm

GRACE = 0.3  # s after a symbol's first event: what has not come by then won't come soon
PATIENCE = 1.5  # s before REST is asked instead
UNKNOWN_LIFE = 600.0
SEARCH_LIFE = 300.0
WATCHLISTS_LIFE = 300.0
MOST_AT_ONCE = 100
MARGIN = 2.0  # s of a call's time kept for answering with what there is

_INDEX_STREAMED: tuple[Kind, ...] = (TradeEvent, SummaryEvent)


class Market:
    """What anyone may know: from the stream, else from REST, else an error that says why."""

    def __init__(
        self,
        gate: Gate,
        cache: Cache,
        clock: Clock,
        store: Store,
        *,
        always_open: bool = False,
        timing: Timing | None = None,
    ) -> None:
        self._gate = gate
        self._cache = cache
        self._clock = clock
        self._always_open = always_open
        self._calendar: Calendar | None = None
        self._counting_days = asyncio.Lock()
        self._rows = RowReader(gate, cache, clock)
        self._metrics = MetricsReader(gate, cache)
        self.hub = Hub(clock)
        self._book = Book(self.hub, clock)
        self.supervisor = Supervisor(self.hub, gate, self._book, self._is_open, timing)
        self.candles = Candles(gate, self.supervisor, self._book, Archive(store), clock, self._exists)

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
        return Quotes(tuple(_had(names, answers, missing)), tuple(missing))

    def changes(self, symbol: str) -> AsyncIterator[object]:
        """One item whenever a symbol's quote may have changed since the last; close it to let go. Raises BadArgument.

        Only the stream tells: there is none while its socket is down.
        """
        name = _spell(symbol)
        return self.hub.changes([spelling.streamer_symbol(name)], _kinds(name))

    async def close(self) -> None:
        """Give up what is being asked of the broker."""
        await self._rows.close()
        await self._metrics.close()
        await self.candles.close()

    def forget(self) -> None:
        """What was heard belongs to a login that is over."""
        self.hub.forget()
        self._book.forget("the login was changed meanwhile")

    async def history(
        self,
        symbol: str,
        interval: str = "1d",
        *,
        bars: int = 100,
        start: datetime | None = None,
        end: datetime | None = None,
        extended: bool = False,
    ) -> History:
        """The bars of a symbol from `start` to `end` (aware; now), or without a start the newest `bars` up to there.

        Intervals are 1m 5m 15m 30m 1h 1d 1w; `extended` adds pre-market and after hours. There may be fewer bars:
        no market is older than itself. Raises UnknownSymbol, NotFound, BadArgument or what the broker's failure was.
        """
        name, length = _spell(symbol), named(interval)
        first = begin(length, end or self._clock.now(), bars=bars, start=start, extended=extended)
        session = (await self.session()).label
        history = await self.candles.history(name, length, first, end, extended=extended, session=session)
        return history if start else replace(history, frame=history.frame.tail(bars))

    async def metrics(self, symbols: Iterable[str]) -> Measured:
        """Volatility, earnings, dividends, expirations of at most 100 underlyings, as the broker works them out."""
        names, missing = _spell_all(symbols)
        answers = await asyncio.gather(*(self._measured(name) for name in names), return_exceptions=True)
        return Measured(tuple(_had(names, answers, missing)), tuple(missing))

    async def public_watchlists(self) -> Listing[Watchlist]:
        """The broker's own lists, open to everybody, remembered for 5 minutes."""
        port = await self._gate.market()
        return await self._cache.fetch(("public watchlists", port.login), WATCHLISTS_LIFE, port.public_watchlists)

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

    async def _exists(self, symbol: str) -> None:
        """UnknownSymbol where it does not."""
        if self._cache.get(("unknown", symbol)) or await self._row(symbol) is None:
            self._cache.set(("unknown", symbol), True, UNKNOWN_LIFE)
            raise UnknownSymbol(symbol)

    async def _row(self, symbol: str) -> Row | None:
        return await _in_time(self._rows.row(symbol))

    async def _measured(self, symbol: str) -> Metrics:
        if spelling.kind(symbol) == "option":
            raise BadArgument(f"{symbol} is an option, which has no metrics", "Ask for its underlying")
        metrics = await _in_time(self._metrics.row(symbol))
        if metrics is None:
            raise NotFound(f"no metrics for {symbol}", "Check the spelling, or look it up with search_symbols")
        return metrics


def _time_left() -> float:
    return max(0.0, time_left(30.0) - MARGIN)


async def _in_time(asking: Coroutine[Any, Any, T]) -> T:
    """What comes within the call's time; TookTooLong for what does not."""
    limit = _time_left()
    try:
        async with asyncio.timeout(limit):
            return await asking
    except TimeoutError:
        raise TookTooLong(limit) from None


def _had(names: list[str], answers: Sequence[T | BaseException], missing: list[Missing]) -> list[T]:
    """The answers that could be had; `missing` grows by the others.

    Raises what all of them failed with, where that is one and the same and not about a symbol.
    """
    had: list[T] = []
    failures: list[TtaiError] = []
    for name, answer in zip(names, answers, strict=True):
        if isinstance(answer, TtaiError):
            missing.append(Missing(name, str(answer)))
            failures.append(answer)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            had.append(answer)
    alike = not had and len({one.reason for one in missing}) == 1
    if alike and failures and failures[0].code not in ("NOT_FOUND", "VALIDATION"):
        raise failures[0]
    return had


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
