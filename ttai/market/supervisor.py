"""The one task that owns the socket: connects, subscribes, notices silence, connects again.

A socket's end cancels the task that entered it and no other, so nobody else may stand inside.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import NoReturn

from ttai.errors import BrokerUnavailable, TtaiError
from ttai.isolation import leaf, place
from ttai.market.hub import Hub, Key
from ttai.market.ports import CandleSink, Gate, Stream
from ttai.market.types import OPTION_KINDS, CandleEvent, Kind

CHUNK = 500  # symbols a message: a frame over 64 KB ends the socket
HUNT = 12  # sockets that may end in a row, before anything lived on them, until the broker is blamed, not a symbol
NOT_STARTED = "not started"
LIQUID = ("SPY", "QQQ", "IWM", "AAPL", "MSFT", "NVDA", "TSLA", "AMD", "SPX")

_ORDER: tuple[Kind, ...] = (*OPTION_KINDS, CandleEvent)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Timing:
    """How long the supervisor waits for what, in seconds."""

    quiet: float = 65.0  # the silence a living socket may show: keepalives come every 30 s
    quiet_open: float = 10.0  # the same of prices alone while the market is open and something liquid is held
    look: float = 5.0  # between two looks at the clock: the market opens, a laptop wakes
    enter: float = 15.0  # for connecting and authorising, for subscribing: the SDK would wait for ever
    settled: float = 2.0  # after which a subscription is no longer suspected of the socket's end
    first_delay: float = 0.25
    last_delay: float = 30.0
    again: float = 900.0  # after refused credentials, where no other request is answered meanwhile


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

    def __init__(
        self, hub: Hub, gate: Gate, candles: CandleSink, is_open: Callable[[], bool], timing: Timing | None = None
    ) -> None:
        self.hub = hub
        self._gate = gate
        self._candles = candles
        self._is_open = is_open
        self._timing = timing or Timing()
        self._active: set[Key] = set()
        self._recent: list[_Batch] = []
        self._suspects: list[_Batch] = []
        self._controlled = False  # something else lived on the present socket: what ends it now is to blame
        self._fruitless = 0  # sockets in a row that suspects ended without such a control
        self._answered = asyncio.Event()
        self._parked = False
        self._opened: float | None = None  # when the present socket was
        self._short = 0  # sockets in a row that ended at once
        self.opening = False  # the first socket is on its way: who needs much of it may wait a moment
        self.problem: str | None = NOT_STARTED

    @property
    def left(self) -> float:
        """Seconds the socket may go on as it does before it counts as dead; below 0 it does.

        It must say something now and then; while the market is open and something liquid is held, prices, and often.
        """
        left = self._timing.quiet - self.hub.silence
        if self._is_open() and (hunger := self.hub.hunger(LIQUID)) is not None:
            left = min(left, self._timing.quiet_open - hunger)
        return left

    @property
    def fresh(self) -> bool:
        """Whether what the hub knows holds now: the socket is open and has not been silent for too long."""
        return self.hub.live and self.left >= 0

    def streams(self, symbol: str, kinds: Iterable[Kind]) -> bool:
        """Whether the socket tells all of this: not while one of it is blamed for, or suspected of, ending sockets."""
        suspected = any(batch.kind in kinds and symbol in batch.symbols for batch in self._suspects)
        return self.fresh and not suspected and not self.hub.rejects(symbol)

    def let_in(self) -> None:
        """Another request was answered: whoever waits for better credentials need not wait any more."""
        if self._parked:
            self._answered.set()

    async def run(self) -> NoReturn:
        """Keep the socket, for ever."""
        self.opening = True
        while True:
            self._opened = None
            refused = False
            try:
                await self._connect()
            except asyncio.CancelledError:
                self.problem = NOT_STARTED
                raise
            except Exception as error:
                # A cancellation in the moment of the socket's end is lost inside the SDK's task groups.
                if (me := asyncio.current_task()) is not None and me.cancelling():
                    raise asyncio.CancelledError from error
                cause = leaf(error)
                self.problem = _said(cause)
                _log.warning("market data socket: %s", _told(cause))
                refused = isinstance(cause, TtaiError) and cause.code == "AUTHENTICATION" and not cause.retryable
            finally:
                self.opening = False
                self.hub.disconnected()
            await self._pause(self._delay(), refused=refused)

    def _delay(self) -> float:
        """Seconds until the next try: few after a socket that worked, or while a symbol is hunted."""
        lived = self._opened is not None and monotonic() - self._opened >= self._timing.settled
        self._short = 0 if lived else self._short + 1
        hunting = self._convict() and self._short <= HUNT
        doublings = 0 if hunting else max(0, min(self._short - 1, 20))
        delay = min(self._timing.first_delay * 2.0**doublings, self._timing.last_delay)
        return delay * random.uniform(0.5, 1.0)  # noqa: S311 - so that not all clients come back at once

    async def _pause(self, seconds: float, *, refused: bool) -> None:
        """Back off; refused credentials stay refused until another request is answered, or for a long while."""
        self._parked = refused
        try:
            await asyncio.sleep(seconds)
            if refused:  # asking again and again gets the address blocked
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._timing.again):
                        await self._answered.wait()
        finally:
            self._parked = False
            self._answered.clear()

    async def _connect(self) -> NoReturn:
        port = await self._gate.market()
        opening = port.stream(self.hub.heard, self._candles)
        async with asyncio.timeout(self._timing.enter) as entering, opening as stream:
            entering.reschedule(None)
            self.problem = None
            self._opened = monotonic()
            self._active.clear()
            self._controlled = False
            self.hub.connected("simulator" if port.simulated else "stream")
            await self._serve(stream)

    async def _serve(self, stream: Stream) -> NoReturn:
        hub = self.hub
        while True:
            async with asyncio.timeout(self._timing.enter):
                if hub.changed.is_set():
                    hub.changed.clear()
                    await self._synchronise(stream)
                if self._suspects:
                    await self._try_suspect(stream)
            self._forget_settled()
            if (left := self.left) <= 0:
                lively = hub.silence < self._timing.quiet
                said = f"no price was heard for {self._timing.quiet_open:.0f} s of an open market"
                raise BrokerUnavailable(said if lively else f"nothing was heard for {self._timing.quiet:.0f} s")
            look = self._timing.settled if self._suspects or self._recent else self._timing.look
            with suppress(TimeoutError):
                async with asyncio.timeout(min(look, left, self._timing.look)):
                    await hub.changed.wait()
            hub.sweep()

    async def _synchronise(self, stream: Stream) -> None:
        """Bring the socket to what is wanted; suspects wait for their own turn."""
        wanted = self.hub.wanted
        # What was dropped and is wanted again is asked for anew: the feed tells a value once.
        gone = self._active & (self.hub.take_dropped() | (self._active - wanted))
        suspected = {(batch.kind, symbol) for batch in self._suspects for symbol in batch.symbols}
        new = wanted - (self._active - gone) - suspected
        self._active = wanted - suspected
        for kind, symbols in _chunks(gone):
            await stream.unsubscribe(kind, symbols)
        for kind, symbols in _chunks(new):
            await self._send(stream, _Batch(kind, symbols))

    async def _try_suspect(self, stream: Stream) -> None:
        """Subscribe one suspected set alone, once nothing else is under suspicion."""
        if self._recent:
            return
        batch = self._suspects.pop()
        wanted = self.hub.wanted
        batch.symbols = [symbol for symbol in batch.symbols if (batch.kind, symbol) in wanted]
        if batch.symbols:
            self._active.update((batch.kind, symbol) for symbol in batch.symbols)
            await self._send(stream, batch)

    async def _send(self, stream: Stream, batch: _Batch) -> None:
        batch.sent = monotonic()
        self._recent.append(batch)
        await stream.subscribe(batch.kind, batch.symbols)
        batch.sent = monotonic()  # the first of its kind opens a channel before

    def _forget_settled(self) -> None:
        """What a socket outlived is beyond suspicion, and a control for what it is asked for next."""
        now = monotonic()
        recent = [batch for batch in self._recent if now - batch.sent < self._timing.settled]
        self._controlled = self._controlled or len(recent) < len(self._recent)
        self._recent = recent

    def _convict(self) -> bool:
        """After a socket's end: suspect what was just sent; halve what did it again, alone, down to one symbol.

        That one is left out only where something else lived on the same socket: else it is the broker, who ends them
        all, and in the end all is suspected anew.
        """
        self._forget_settled()
        guilty, self._recent = self._recent, []
        if guilty:
            self._fruitless = 0 if self._controlled else self._fruitless + 1
        for batch in guilty:
            batch.deaths += 1
            if batch.deaths < 2 or len(guilty) > 1:
                self._suspects.append(batch)
            elif len(batch.symbols) > 1:
                self._suspects.extend(batch.halves())
            elif self._controlled:
                _log.warning("the market data socket ends when %s is asked for: left out", batch.symbols[0])
                self.hub.reject(batch.symbols[0])
            else:
                self._suspects.insert(0, batch)  # after the others: one that lives is the control
        if self._fruitless > HUNT:
            self._suspects.clear()
            self._fruitless = 0
        return bool(guilty)


def _chunks(keys: Iterable[Key]) -> Iterator[tuple[Kind, list[str]]]:
    """The keys by kind, a message's worth at a time; what comes last, as an option's greeks, came after the others."""
    by_kind: dict[Kind, list[str]] = {}
    for kind, symbol in keys:
        by_kind.setdefault(kind, []).append(symbol)
    for kind in sorted(by_kind, key=_ORDER.index):
        symbols = sorted(by_kind[kind])
        for start in range(0, len(symbols), CHUNK):
            yield kind, symbols[start : start + CHUNK]


def _said(error: BaseException) -> str:
    if isinstance(error, TtaiError):
        return error.message
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return "the market data socket failed (the log says why)"


def _told(error: BaseException) -> str:
    return _said(error) if isinstance(error, TtaiError | TimeoutError) else place(error)
