"""The market as a plugin asks it: quotes, price history, metrics, lists, sessions, symbols."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime
from functools import lru_cache

from ttai.cache import Cache
from ttai.clock import NEW_YORK, Clock
from ttai.errors import BadArgument, LoginChanged, NotFound, TtaiError, understood
from ttai.listing import Listing, Watchlist
from ttai.market.archive import Archive
from ttai.market.book import Book
from ttai.market.candles import Candles
from ttai.market.chain_reader import ChainReader
from ttai.market.chains import Chain, Chains
from ttai.market.contracts import ContractReader, Contracts
from ttai.market.hub import Hub
from ttai.market.intervals import begin, named
from ttai.market.metrics import Measured, Metrics
from ttai.market.ports import Gate
from ttai.market.rows import Reader
from ttai.market.supervisor import Supervisor, Timing
from ttai.market.ticker import Ticker
from ttai.market.types import History, Instrument, Missing, Quote, Quotes, Row, T
from ttai.quant import symbols as spelling
from ttai.quant.calendar import Calendar, State
from ttai.storage.database import Store
from ttai.warm import warm

ROWS_LIFE = 5.0
METRICS_LIFE = 120.0
SEARCH_LIFE = 300.0
WATCHLISTS_LIFE = 300.0
RATE_LIFE = 3600.0
MOST_AT_ONCE = 100


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
        self._rows: Reader[Row] = Reader(gate, cache, "row", ROWS_LIFE, lambda port, names: port.rows(names))
        self._metrics: Reader[Metrics] = Reader(
            gate, cache, "metrics", METRICS_LIFE, lambda port, names: port.metrics(names)
        )
        self.hub = Hub(clock)
        self._book = Book(self.hub, clock)
        self.supervisor = Supervisor(self.hub, gate, self._book, self._is_open, timing)
        self._ticker = Ticker(self.supervisor, self._rows, cache)
        self._chains = Chains(
            gate, cache, clock, ChainReader(gate, self.supervisor, clock, self.risk_free_rate, self._is_open)
        )
        self._contracts = ContractReader(
            self.supervisor, clock, self.quotes, self.metrics, self.risk_free_rate, self._is_open
        )
        self.candles = Candles(gate, self.supervisor, self._book, Archive(store), clock, self._ticker)

    async def quote(self, symbol: str) -> Quote:
        """One symbol's quote; raises UnknownSymbol, BadArgument, or what the broker's failure was."""
        name = _spell(symbol)
        return await self._ticker.quote(name, (await self.session()).label)

    async def quotes(self, symbols: Iterable[str]) -> Quotes:
        """At most 100 symbols at once; what could not be had is in `missing` with its reason.

        Raises what all of them failed with, where that is one and the same and not about a symbol.
        """
        names, missing = _spell_all(symbols)
        session = (await self.session()).label
        asking = (self._ticker.quote(name, session) for name in names)
        answers = await asyncio.gather(*asking, return_exceptions=True)
        return Quotes(tuple(_had(names, answers, missing)), tuple(missing))

    def changes(self, symbol: str) -> AsyncIterator[object]:
        """One item whenever a symbol's quote may have changed since the last; close it to let go. Raises BadArgument.

        Only the stream tells: there is none while its socket is down.
        """
        return self._ticker.changes(_spell(symbol))

    async def close(self) -> None:
        """Give up what is being asked of the broker."""
        await self._rows.close()
        await self._metrics.close()
        await self.candles.close()

    def forget(self) -> None:
        """What was heard belongs to a login that is over."""
        self.hub.forget()
        self._chains.forget()
        self._book.forget(LoginChanged())

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

        Intervals are 1m 5m 15m 30m 1h 1d 1w; `extended` adds pre-market and after hours. Where there are fewer bars a
        note says so: no market is older than itself. Raises UnknownSymbol, NotFound, BadArgument or what the broker's
        failure was.
        """
        name, length = _spell(symbol), named(interval)
        first = begin(length, end or self._clock.now(), bars=bars, start=start, extended=extended)
        session = (await self.session()).label
        most = None if start else bars
        return await self.candles.history(name, length, first, end, bars=most, extended=extended, session=session)

    async def metrics(self, symbols: Iterable[str]) -> Measured:
        """Volatility, earnings, dividends, expirations of at most 100 underlyings, as the broker works them out."""
        names, missing = _spell_all(symbols)
        answers = await asyncio.gather(*(self._measured(name) for name in names), return_exceptions=True)
        return Measured(tuple(_had(names, answers, missing)), tuple(missing))

    async def chain(self, symbol: str) -> Chain:
        """A snapshot of all listed options of an underlying; NotFound where it has none.

        Their names come with it; their quotes are read per expiration when first asked for, and stay.
        """
        name = spelling.underlying(_underlying(symbol, "options"))
        return await self._chains.make(name, lambda: self._price(name), await self.calendar())

    def kept_chain(self, snapshot: str) -> Chain:
        """The snapshot of that id, of the last half hour's twenty last used; NotFound where it is gone."""
        return self._chains.kept(snapshot)

    async def contracts(self, symbols: Iterable[str]) -> Contracts:
        """Single options by their OCC symbols, as many as are held, with greeks; BadArgument for what is no option.

        They stay subscribed for a while: asking again is cheap. What could not be had is in `missing` with its reason.
        """
        asked = dict.fromkeys(symbols)
        options = understood(lambda: [spelling.parse_occ(spelling.normalize(symbol)) for symbol in asked])
        return await self._contracts.read(options, await self.calendar()) if options else Contracts({}, {}, {})

    async def risk_free_rate(self) -> float:
        """What options are priced with by the broker, a continuous fraction a year, remembered for an hour."""
        port = await self._gate.market()
        return await self._cache.fetch(("rate", port.login), RATE_LIFE, port.risk_free_rate)

    async def public_watchlists(self) -> Listing[Watchlist]:
        """The broker's own lists, open to everybody, remembered for 5 minutes."""
        port = await self._gate.market()
        return await self._cache.fetch(("public watchlists", port.login), WATCHLISTS_LIFE, port.public_watchlists)

    async def search(self, text: str) -> Listing[Instrument]:
        """Symbols whose name or description looks like `text`, the broker's order; BRK.B is looked for as BRK/B."""
        with suppress(ValueError):  # half a symbol, or words
            text = spelling.normalize(text)
        port = await self._gate.market()
        return await self._cache.fetch(("search", port.login, text.upper()), SEARCH_LIFE, lambda: port.search(text))

    async def session(self, moment: datetime | None = None) -> State:
        """Whether the exchange (NYSE) trades now, or did then, by its calendar; the demo's market is always open."""
        then = (moment or self._clock.now()).astimezone(NEW_YORK)
        if self._always_open:
            return State("open", "simulated", then.date(), None, None, None)
        return (await self.calendar()).state(then)

    async def calendar(self) -> Calendar:
        """The exchange's calendar around today."""
        today = self._clock.new_york().date()
        async with self._counting_days:
            if self._calendar is None or not self._calendar.first <= today <= self._calendar.last:
                await warm("quant")
                self._calendar = await asyncio.to_thread(_sessions_around, today.replace(day=1))
        return self._calendar

    def _is_open(self) -> bool:
        """What is known of it without waiting."""
        if self._always_open:
            return True
        return self._calendar is not None and self._calendar.state(self._clock.now()).state == "open"

    async def _price(self, symbol: str) -> float:
        """What an underlying is worth now; the close before is not that."""
        quote = await self.quote(symbol)
        if price := quote.mark or quote.last:
            return price
        raise NotFound(f"no price of {symbol} is known now", "Try again once the market is open")

    async def _measured(self, symbol: str) -> Metrics:
        _underlying(symbol, "metrics")
        metrics = await self._metrics.row(symbol)
        if metrics is None:
            raise NotFound(f"no metrics for {symbol}", "Check the spelling, or look it up with search_symbols")
        return metrics


@lru_cache(maxsize=2)
def _sessions_around(day: date) -> Calendar:
    """The exchange's calendar: a quarter of a second of pandas, once a process."""
    return Calendar.around(day)


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


def _underlying(symbol: str, what: str) -> str:
    """The symbol, where it is one that `what` belongs to."""
    name = _spell(symbol)
    if spelling.kind(name) == "option":
        raise BadArgument(f"{name} is an option, which has no {what}", "Ask for its underlying")
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
