"""The one task that owns the socket: connects, subscribes, notices silence, connects again.

A socket's end cancels the task that entered it and no other, so nobody else may stand inside.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import NoReturn

from ttai.errors import TtaiError
from ttai.market.hub import Hub
from ttai.market.ports import Gate, Stream
from ttai.market.types import Kind

CHUNK = 500  # symbols a message: a frame over 64 KB ends the socket
SETTLED = 2.0  # s after which a subscription is no longer suspected of the socket's end
FIRST_DELAY, LAST_DELAY = 0.25, 30.0
ENTER = 15.0  # s for connecting and authorising: the SDK would wait for ever
QUIET, QUIET_OPEN = 65.0, 10.0  # s of silence a socket may show; keepalives come every 30 s
LIQUID = ("SPY", "QQQ", "IWM", "AAPL", "MSFT", "NVDA", "TSLA", "AMD", "SPX")

_log = logging.getLogger(__name__)


class SocketSilent(Exception):
    """Nothing came for longer than a living socket can be quiet."""


@dataclass
class _Batch:
    """Symbols subscribed in one message, and how many sockets ended right after it."""

    kind: Kind
    symbols: list[str]
    deaths: int = 0
    sent: float = 0.0

    def halves(self) -> Iterator["_Batch"]:
        """Two smaller suspects; one more death each is proof enough to go on halving."""
        middle = len(self.symbols) // 2
        for part in (self.symbols[:middle], self.symbols[middle:]):
            yield _Batch(self.kind, part, deaths=1)


class Supervisor:
    """Keeps one socket open for the hub while there is a broker to connect to."""

    def __init__(self, hub: Hub, gate: Gate, is_open: Callable[[], bool]) -> None:
        self._hub = hub
        self._gate = gate
        self._is_open = is_open
        self._active: set[tuple[Kind, str]] = set()
        self._recent: list[_Batch] = []
        self._suspects: list[_Batch] = []
        self._retry = asyncio.Event()
        self.problem: str | None = "not started"
        self.connections = 0

    def retry(self) -> None:
        """Try now: credentials changed."""
        self._retry.set()

    @property
    def allowed_silence(self) -> float:
        """Seconds a living socket can be quiet: short while the market is open and something liquid is held."""
        return QUIET_OPEN if self._is_open() and self._hub.holds(LIQUID) else QUIET

    async def run(self) -> NoReturn:
        """Keep the socket, for ever."""
        delay = FIRST_DELAY
        while True:
            before = self.connections
            try:
                await self._connect()
            except Exception as error:  # noqa: BLE001 - whatever ends a socket, the next one is opened
                cause = _leaf(error)
                self.problem = cause.message if isinstance(cause, TtaiError) else f"{type(cause).__name__}: {cause}"
                _log.warning("market data socket: %s", self.problem)
                patient = isinstance(cause, TtaiError) and cause.code == "AUTHENTICATION"
            finally:
                self._hub.disconnected()
            guilty = self._convict()
            if self.connections > before or guilty:
                delay = FIRST_DELAY
            # Refused credentials stay refused, and asking again gets the address blocked.
            await self._pause(None if patient else delay * random.uniform(0.5, 1.5))  # noqa: S311
            delay = min(delay * 2, LAST_DELAY)

    async def _pause(self, seconds: float | None) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._retry.wait()
        self._retry.clear()

    async def _connect(self) -> None:
        port = await self._gate.market()
        async with asyncio.timeout(ENTER) as entering, port.stream(self._hub.heard) as stream:
            entering.reschedule(None)
            self.connections += 1
            self.problem = None
            self._active.clear()
            self._hub.connected()
            self._hub.changed.set()
            await self._serve(stream)

    async def _serve(self, stream: Stream) -> None:
        hub = self._hub
        while True:
            if hub.changed.is_set():
                hub.changed.clear()
                await self._synchronise(stream)
            elif self._suspects:
                await self._try_suspect(stream)
            self._forget_settled()
            left = hub.heard_at + self.allowed_silence - monotonic()
            if left <= 0:
                raise SocketSilent(f"nothing heard for {self.allowed_silence:.0f} s")
            pause = SETTLED if self._suspects or self._recent else min(left, 30.0)
            with suppress(TimeoutError):
                async with asyncio.timeout(min(pause, left)):
                    await hub.changed.wait()
            hub.sweep()

    async def _synchronise(self, stream: Stream) -> None:
        """Bring the socket to what is wanted; suspects wait for their own turn."""
        wanted = self._hub.wanted
        suspected = {(batch.kind, symbol) for batch in self._suspects for symbol in batch.symbols}
        for kind, symbols in _by_kind(self._active - wanted):
            await stream.unsubscribe(kind, symbols)
        for kind, symbols in _by_kind(wanted - self._active - suspected):
            await self._send(stream, _Batch(kind, symbols))
        self._active = wanted - suspected

    async def _try_suspect(self, stream: Stream) -> None:
        """Subscribe one suspected set alone, once nothing else is under suspicion."""
        if self._recent:
            return
        batch = self._suspects.pop()
        wanted = self._hub.wanted
        batch.symbols = [symbol for symbol in batch.symbols if (batch.kind, symbol) in wanted]
        if batch.symbols:
            self._active.update((batch.kind, symbol) for symbol in batch.symbols)
            await self._send(stream, batch)

    async def _send(self, stream: Stream, batch: _Batch) -> None:
        batch.sent = monotonic()
        self._recent.append(batch)
        await stream.subscribe(batch.kind, batch.symbols)

    def _forget_settled(self) -> None:
        now = monotonic()
        self._recent = [batch for batch in self._recent if now - batch.sent < SETTLED]

    def _convict(self) -> bool:
        """After a socket's end: blame what was just sent; a set that did it twice is halved, one symbol dropped."""
        self._forget_settled()
        guilty, self._recent = self._recent, []
        for batch in guilty:
            batch.deaths += 1
            if batch.deaths < 2:
                self._suspects.append(batch)
            elif len(batch.symbols) > 1:
                self._suspects.extend(batch.halves())
            else:
                _log.warning("the market data socket ends when %s is asked for: left out", batch.symbols[0])
                self._hub.reject(batch.symbols[0])
        return bool(guilty)


def _by_kind(keys: set[tuple[Kind, str]]) -> Iterator[tuple[Kind, list[str]]]:
    sorted_keys: dict[Kind, list[str]] = {}
    for kind, symbol in keys:
        sorted_keys.setdefault(kind, []).append(symbol)
    for kind, symbols in sorted_keys.items():
        symbols.sort()
        for start in range(0, len(symbols), CHUNK):
            yield kind, symbols[start : start + CHUNK]


def _leaf(error: BaseException) -> BaseException:
    """The cause inside nested groups: the SDK's task groups wrap it two or three deep."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
