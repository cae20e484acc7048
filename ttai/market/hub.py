"""The last value of everything subscribed, from one socket, shared by all who ask.

Subscriptions are reference-counted and linger, so that a second question about a symbol is a look into a
dictionary. Values are conflated: a slow reader sees the newest, never a backlog. Nothing of a reader's runs
while a message is taken in. *Stale* is a property of the socket: a quiet symbol on a live socket is fresh.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from time import monotonic

from ttai.market.types import KINDS, Event, Kind

LINGER = 300.0
MOST = 2000


class Line:
    """All that is known of one symbol."""

    __slots__ = ("at", "events", "first", "symbol", "waiters", "watchers")

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.events: dict[Kind, Event] = {}
        self.first = 0.0  # when the first event of this socket came
        self.at = 0.0  # when the newest came
        self.waiters: list[asyncio.Future[None]] = []
        self.watchers: set[_Watcher] = set()

    def take(self, event: Event, now: float) -> None:
        """Replace the value of the event's kind and tell who waits."""
        if not self.events:
            self.first = now
        self.events[type(event)] = event
        self.at = now
        if self.waiters:
            self.wake()
        for watcher in self.watchers:
            watcher.changed.add(self.symbol)
            watcher.ready.set()

    def wake(self) -> None:
        """Let everyone who waits look again."""
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(None)
        self.waiters.clear()


class _Watcher:
    """The symbols that changed since its reader last looked."""

    __slots__ = ("changed", "ready")

    def __init__(self) -> None:
        self.changed: set[str] = set()
        self.ready = asyncio.Event()


class Hub:
    """Who wants which symbols, and the last value of each; `ttai.market.supervisor` keeps the socket."""

    def __init__(self, linger: float = LINGER, most: int = MOST) -> None:
        self._lines: dict[str, Line] = {}
        self._holders: dict[tuple[Kind, str], int] = {}
        self._idle: dict[tuple[Kind, str], float] = {}  # oldest first: released, not yet given up
        self._linger = linger
        self._most = most
        self.changed = asyncio.Event()
        self.rejected: set[str] = set()
        self.live = False
        self.heard_at = 0.0
        self.received = 0

    def heard(self, events: Sequence[Event]) -> None:
        """Take in one message of the socket."""
        now = self.heard_at = monotonic()
        self.received += len(events)
        lines = self._lines
        for event in events:
            line = lines.get(event.symbol)
            if line is not None:
                line.take(event, now)

    def connected(self) -> None:
        """A new socket: what the old one said is no longer known to hold."""
        self.live = True
        self.heard_at = monotonic()
        for line in self._lines.values():
            line.events.clear()

    def disconnected(self) -> None:
        """The socket is gone: nobody need wait for it."""
        self.live = False
        for line in self._lines.values():
            line.wake()

    def reject(self, symbol: str) -> None:
        """A symbol that kills the socket is not asked for again."""
        self.rejected.add(symbol)
        self._drop(key for key in list(self._holders) if key[1] == symbol)

    @property
    def wanted(self) -> set[tuple[Kind, str]]:
        """What a socket should be subscribed to."""
        return set(self._holders)

    @property
    def symbols(self) -> int:
        """How many symbols are subscribed or lingering."""
        return len(self._lines)

    def holds(self, symbols: Iterable[str]) -> bool:
        """Whether any of these is subscribed."""
        return any(symbol in self._lines for symbol in symbols)

    @contextmanager
    def hold(self, symbols: Iterable[str], kinds: Sequence[Kind]) -> Iterator[None]:
        """Want these while inside; afterwards they linger, the longest unused going first."""
        keys = [(kind, symbol) for symbol in symbols if symbol not in self.rejected for kind in kinds]
        fresh = False
        for key in keys:
            fresh |= key not in self._holders
            self._holders[key] = self._holders.get(key, 0) + 1
            self._idle.pop(key, None)
            self._lines.setdefault(key[1], Line(key[1]))
        if fresh:
            self.changed.set()
        try:
            yield
        finally:
            now = monotonic()
            for key in keys:
                if key in self._holders:
                    self._holders[key] -= 1
                    if not self._holders[key]:
                        self._idle[key] = now
            self.sweep()

    def sweep(self) -> None:
        """Give up what nobody has wanted for a while, or what is too much."""
        old = monotonic() - self._linger
        excess = len(self._holders) - self._most
        gone = []
        for n, (key, since) in enumerate(self._idle.items()):
            if since > old and n >= excess:
                break
            gone.append(key)
        self._drop(gone)

    def _drop(self, keys: Iterable[tuple[Kind, str]]) -> None:
        for key in keys:
            self._holders.pop(key, None)
            self._idle.pop(key, None)
            line = self._lines[key[1]]
            line.events.pop(key[0], None)
            if not any((kind, key[1]) in self._holders for kind in KINDS):
                line.wake()
                del self._lines[key[1]]
            self.changed.set()

    def line(self, symbol: str) -> Line | None:
        """What is known of a symbol that is subscribed."""
        return self._lines.get(symbol)

    async def wait(self, symbol: str, kinds: Sequence[Kind], grace: float, timeout: float) -> None:
        """Until all kinds are in, or `grace` s after the first, or `timeout` s, or the socket's end."""
        end = monotonic() + timeout
        while self.live and (line := self._lines.get(symbol)) is not None:
            if all(kind in line.events for kind in kinds):
                return
            limit = min(end, line.first + grace) if line.events else end
            left = limit - monotonic()
            if left <= 0:
                return
            waiter = asyncio.get_running_loop().create_future()
            line.waiters.append(waiter)
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await waiter

    async def changes(self, symbols: Sequence[str], kinds: Sequence[Kind]) -> AsyncIterator[set[str]]:
        """The symbols with news since the last look, for ever; close the iterator to let go."""
        watcher = _Watcher()
        with self.hold(symbols, kinds):
            lines = [line for symbol in symbols if (line := self._lines.get(symbol))]
            for line in lines:
                line.watchers.add(watcher)
            try:
                while True:
                    await watcher.ready.wait()
                    watcher.ready.clear()
                    changed, watcher.changed = watcher.changed, set()
                    yield changed
            finally:
                for line in lines:
                    line.watchers.discard(watcher)

    @asynccontextmanager
    async def watch(
        self, symbols: Sequence[str], kinds: Sequence[Kind], call: Callable[[set[str]], None]
    ) -> AsyncIterator[None]:
        """Call back with the symbols that have news while inside, in a task of its own."""

        async def follow() -> None:
            async for changed in self.changes(symbols, kinds):
                call(changed)

        task = asyncio.create_task(follow())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
