"""The last value of everything subscribed, from one socket, shared by all who ask.

Subscriptions are reference-counted and linger, so that a second question about a symbol is a look into a
dictionary. Values are conflated: a slow reader sees the newest, never a backlog. Nothing of a reader's runs
while a message is taken in. *Stale* is a property of the socket: a quiet symbol on a live socket is fresh.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime
from time import monotonic, time

from ttai.clock import Clock
from ttai.market.types import OPTION_KINDS, Event, Kind, QuoteEvent, Source, TradeEvent

LINGER = 300.0
MOST = 2000  # symbols
FORGIVE = 600.0  # s: a symbol may have been blamed for a bad network

Key = tuple[Kind, str]

_log = logging.getLogger(__name__)


class Line:
    """All that is known of one symbol."""

    __slots__ = ("at", "events", "first", "symbol", "waiters", "watchers")

    def __init__(self, symbol: str, at: datetime) -> None:
        self.symbol = symbol
        self.events: dict[Kind, Event] = {}
        self.first = 0.0  # when the first event of this socket came
        self.at = at  # when the newest came
        self.waiters: set[asyncio.Future[None]] = set()
        self.watchers: set[_Watcher] = set()

    @property
    def priced(self) -> bool:
        """Whether any price is known: a feed may know a symbol and have nothing but NaN for it."""
        quote, trade = self.events.get(QuoteEvent), self.events.get(TradeEvent)
        prices = (getattr(quote, "bid", None), getattr(quote, "ask", None), getattr(trade, "price", None))
        return any(price is not None for price in prices)

    def take(self, event: Event, now: float, at: datetime) -> None:
        """Replace the value of the event's kind and tell who waits."""
        if not self.events:
            self.first = now
        self.events[type(event)] = event
        self.at = at
        for watcher in self.watchers:
            watcher.changed.add(self.symbol)
        if self.waiters or self.watchers:
            self.wake()

    def wake(self) -> None:
        """Let everyone who waits look again."""
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(None)
        self.waiters.clear()
        for watcher in self.watchers:
            watcher.ready.set()


class _Watcher:
    """The symbols that changed since its reader last looked."""

    __slots__ = ("changed", "ready")

    def __init__(self) -> None:
        self.changed: set[str] = set()
        self.ready = asyncio.Event()


class _Claim:
    """One subscription and how many want it."""

    __slots__ = ("holders", "key", "since")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.holders = 0
        self.since = monotonic()


class Hub:
    """Who wants which symbols, and the last value of each; `ttai.market.supervisor` keeps the socket."""

    def __init__(
        self, clock: Clock | None = None, *, linger: float = LINGER, most: int = MOST, forgive: float = FORGIVE
    ) -> None:
        self._clock = clock or Clock()
        self._lines: dict[str, Line] = {}
        self._claims: dict[Key, _Claim] = {}
        self._idle: OrderedDict[Key, float] = OrderedDict()  # oldest first: released, not yet given up
        self._dropped: set[Key] = set()  # given up since the supervisor last looked
        self._rejected: dict[str, float] = {}  # until when
        self._linger = linger
        self._most = most
        self._forgive = forgive
        self._heard = self._heard_on = 0.0
        self._fed = self._fed_on = 0.0  # the same of what brought a quote or a trade: keepalives are not counted
        self.changed = asyncio.Event()
        self.opened = asyncio.Event()  # set while a socket is open
        self.sockets = 0  # how many there have been
        self.source: Source = "stream"

    def heard(self, events: Sequence[Event]) -> None:
        """Take in one message of the socket."""
        now = self._heard = monotonic()
        self._heard_on = time()
        if events:
            self._fed, self._fed_on = self._heard, self._heard_on
        at = self._clock.now()
        lines = self._lines
        for event in events:
            line = lines.get(event.symbol)
            if line is not None:
                line.take(event, now, at)

    @property
    def silence(self) -> float:
        """Seconds since the socket last said anything, by the clock that says more: one stops while a laptop sleeps."""
        return max(monotonic() - self._heard, time() - self._heard_on)

    def hunger(self, symbols: Iterable[str]) -> float | None:
        """Seconds since the socket last brought an event, while one of these is subscribed; None while none is.

        They count from when the first of these was asked for: before, there may have been nothing to bring.
        """
        keys = ((kind, symbol) for symbol in symbols for kind in (QuoteEvent, TradeEvent))
        since = min((claim.since for key in keys if (claim := self._claims.get(key))), default=None)
        if since is None:
            return None
        return min(max(monotonic() - self._fed, time() - self._fed_on), monotonic() - since)

    @property
    def live(self) -> bool:
        """Whether a socket is open."""
        return self.opened.is_set()

    def connected(self, source: Source = "stream") -> None:
        """A new socket: what the old one said is no longer known to hold."""
        self.opened.set()
        self.sockets += 1
        self.source = source
        self._heard, self._heard_on = self._fed, self._fed_on = monotonic(), time()
        self._dropped.clear()
        for line in self._lines.values():
            line.events.clear()
        self.changed.set()

    def disconnected(self) -> None:
        """The socket is gone: nobody need wait for it."""
        self.opened.clear()
        for line in self._lines.values():
            line.wake()

    def forget(self) -> None:
        """What was heard belongs to a login that is over."""
        for line in self._lines.values():
            line.events.clear()
            line.wake()

    def reject(self, symbol: str) -> None:
        """A symbol that kills the socket is not asked for again for a while; whoever holds it goes on holding it."""
        self._rejected[symbol] = monotonic() + self._forgive
        self.changed.set()
        if line := self._lines.get(symbol):
            line.wake()

    def rejects(self, symbol: str) -> bool:
        """Whether the symbol is kept from the socket."""
        return self._rejected.get(symbol, 0.0) > monotonic()

    @property
    def wanted(self) -> set[Key]:
        """What a socket should be subscribed to."""
        return {key for key in self._claims if not self.rejects(key[1])}

    def take_dropped(self) -> set[Key]:
        """What was given up since the last look, even if it is wanted again: its values are gone."""
        dropped, self._dropped = self._dropped, set()
        return dropped

    @property
    def symbols(self) -> int:
        """How many symbols are held or linger; candles are counted elsewhere."""
        return len(self._lines)

    @contextmanager
    def hold(self, symbols: Iterable[str], kinds: Sequence[Kind]) -> Iterator[None]:
        """Want these while inside; afterwards they linger, the longest unused going first."""
        claims = [self._claim((kind, symbol)) for symbol in symbols for kind in kinds]
        try:
            yield
        finally:
            now = monotonic()
            for claim in claims:
                claim.holders -= 1
                if not claim.holders and self._claims.get(claim.key) is claim:
                    self._idle[claim.key] = now
            self.sweep()

    def _claim(self, key: Key) -> _Claim:
        claim = self._claims.get(key)
        if claim is None:
            claim = self._claims[key] = _Claim(key)
            if key[0] in OPTION_KINDS:
                self._lines.setdefault(key[1], Line(key[1], self._clock.now()))
            self.changed.set()
        self._idle.pop(key, None)
        claim.holders += 1
        return claim

    def sweep(self) -> None:
        """Give up what nobody has wanted for a while, or what is too much; ask again for what is forgiven."""
        now = monotonic()
        while self._idle:
            key, since = next(iter(self._idle.items()))
            if since > now - self._linger and len(self._lines) <= self._most:
                break
            self.drop([key])
        for symbol, until in list(self._rejected.items()):
            if until <= now:
                del self._rejected[symbol]
                self.changed.set()

    def claims(self, key: Key) -> bool:
        """Whether it is held or lingers."""
        return key in self._claims

    def drop(self, keys: Iterable[Key]) -> None:
        """Give these up at once."""
        for key in keys:
            del self._claims[key]
            self._idle.pop(key, None)
            self._dropped.add(key)
            self.changed.set()
            if (line := self._lines.get(key[1])) is None:
                continue
            line.events.pop(key[0], None)
            if not any((kind, key[1]) in self._claims for kind in OPTION_KINDS):
                line.wake()
                del self._lines[key[1]]

    def line(self, symbol: str) -> Line | None:
        """What is known of a symbol that is held or lingers."""
        return self._lines.get(symbol)

    async def wait(self, symbol: str, kinds: Sequence[Kind], grace: float, timeout: float) -> None:
        """Until all kinds are in, or `grace` s after the first, or `timeout` s, or nothing will come."""
        end = monotonic() + timeout
        while self.live and not self.rejects(symbol) and (line := self._lines.get(symbol)) is not None:
            missing = [(kind, symbol) for kind in kinds if kind not in line.events]
            if not missing:
                return
            asked = (claim.since for key in missing if (claim := self._claims.get(key)))  # they may be asked for later
            limit = min(end, max(line.first, *asked) + grace) if line.events else end
            left = limit - monotonic()
            if left <= 0:
                return
            waiter = asyncio.get_running_loop().create_future()
            line.waiters.add(waiter)
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await waiter
            finally:
                line.waiters.discard(waiter)

    async def wait_all(
        self, symbols: Iterable[str], kinds: Sequence[Kind], *, first: float, grace: float, timeout: float
    ) -> None:
        """Until all kinds of all symbols are in, or nothing will come: no symbol for `first` s, no more for `grace` s.

        In `timeout` s it ends all the same.
        """
        watcher = _Watcher()
        lines = [line for symbol in symbols if (line := self._lines.get(symbol))]
        waiting = {line.symbol: line for line in lines if not all(kind in line.events for kind in kinds)}
        end = monotonic() + timeout
        limit = min(end, monotonic() + (first if len(waiting) == len(lines) else grace))
        for line in lines:
            line.watchers.add(watcher)
        try:
            while waiting and self.live and (left := limit - monotonic()) > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await watcher.ready.wait()
                watcher.ready.clear()
                changed, watcher.changed = watcher.changed, set()
                done = [name for name in changed if name in waiting and all(k in waiting[name].events for k in kinds)]
                for name in done:
                    del waiting[name]
                if done:
                    limit = min(end, monotonic() + grace)
        finally:
            for line in lines:
                line.watchers.discard(watcher)

    async def changes(self, symbols: Sequence[str], kinds: Sequence[Kind]) -> AsyncIterator[set[str]]:
        """The symbols with news since the last look; close the iterator to let go.

        One that ends the sockets is silent for ten minutes. It ends once nobody, not even itself, holds any of them.
        """
        watcher = _Watcher()
        with self.hold(symbols, kinds):
            lines = [line for symbol in symbols if (line := self._lines.get(symbol))]
            for line in lines:
                line.watchers.add(watcher)
            try:
                while watcher.changed or any(self._lines.get(line.symbol) is line for line in lines):
                    await watcher.ready.wait()
                    watcher.ready.clear()
                    changed, watcher.changed = watcher.changed, set()
                    if changed:
                        yield changed
            finally:
                for line in lines:
                    line.watchers.discard(watcher)

    @asynccontextmanager
    async def watch(
        self, symbols: Sequence[str], kinds: Sequence[Kind], call: Callable[[set[str]], None]
    ) -> AsyncIterator[None]:
        """Call back with the symbols that have news while inside, in a task of its own.

        `call` must not block. One that raises is called again at the next news; the first failure of a row is logged.
        Where there will be no news any more (as `changes` says) that is logged.
        """

        async def follow() -> None:
            failing = False
            async for changed in self.changes(symbols, kinds):
                try:
                    call(changed)
                    failing = False
                except Exception:  # noqa: BLE001 - not of the reader: the next news may suit it
                    if not failing:
                        _log.exception("a callback on market data failed")
                    failing = True
            _log.warning("no more market data for %s: it is not subscribed any more", ", ".join(symbols))

        task = asyncio.create_task(follow())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})
