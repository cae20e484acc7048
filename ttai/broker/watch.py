"""The one task that owns the account socket, while anybody listens: connects, tells, connects again.

A socket's end cancels the task that entered it and no other, so nobody else may stand inside.
"""

import asyncio
import logging
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from time import monotonic
from typing import NoReturn

from ttai.broker.holdings import AccountEvent
from ttai.broker.ports import Gate
from ttai.errors import BrokerUnavailable, NotFound, TtaiError
from ttai.isolation import end, leaf, place

MOST = 100  # events that wait for a listener: of one that is so far behind nothing but that is told

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pace:
    """How long the watch waits for what, in seconds."""

    enter: float = 15.0  # for connecting and subscribing
    settled: float = 2.0  # after which a socket counts as one that worked
    first_delay: float = 0.25
    last_delay: float = 30.0
    again: float = 900.0  # after refused credentials, where no other request is answered meanwhile


class Watch:
    """Tells of what happens in the open accounts; it follows the login."""

    def __init__(
        self,
        gate: Gate,
        accounts: Callable[[], Awaitable[Sequence[str]]],
        forget: Callable[[str], object],
        pace: Pace | None = None,
    ) -> None:
        """`accounts` says which; `forget` hears of each account something changed in, "" for all of them."""
        self._gate = gate
        self._accounts = accounts
        self._forget = forget
        self._pace = pace or Pace()
        self._listeners: set[_Mailbox] = set()
        self._task: asyncio.Task[NoReturn] | None = None
        self._ending: list[asyncio.Task[NoReturn]] = []  # they may still hold a socket
        self._answered = asyncio.Event()
        self._parked = False
        self._opened: float | None = None  # when the present socket was
        self._short = 0  # sockets in a row that ended at once
        self._live = False
        self._closed = False
        self.problem: str | None = None

    @property
    def live(self) -> bool:
        """Whether the broker tells of changes just now."""
        return self._live

    async def changes(self) -> AsyncIterator[AccountEvent]:
        """What happens from now on, for good: "connected" first, and whenever something may have been missed.

        A slow listener finds what happened meanwhile; beyond 100 events they become one "connected".
        """
        if self._closed:
            return
        mailbox = _Mailbox()
        self._listeners.add(mailbox)
        if self._live:
            mailbox.put(AccountEvent("connected"))
        elif self._task is None:
            self._start()
        try:
            while (event := await mailbox.take()) is not None:
                yield event
        finally:
            self._listeners.discard(mailbox)
            if not self._listeners:
                self._stop()

    def forget(self) -> None:
        """The login has changed: the socket is another's now."""
        self._stop()
        if self._listeners and not self._closed:
            self._start()

    def let_in(self) -> None:
        """Another request was answered: whoever waits for better credentials need not wait any more."""
        if self._parked:
            self._answered.set()

    async def close(self) -> None:
        """End the socket and all that listens."""
        self._closed = True
        self._stop()
        for mailbox in self._listeners:
            mailbox.close()
        await end(self._ending)

    def _start(self) -> None:
        self._short = 0
        # A context of its own: it must not see the request of whoever listens first.
        self._task = asyncio.create_task(self._run(tuple(self._ending)), name="account socket", context=Context())

    def _stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            self._ending = [one for one in (*self._ending, task) if not one.done()]
        self._lose()

    async def _run(self, before: Sequence[asyncio.Task[NoReturn]]) -> NoReturn:
        await end(before)
        while True:
            self._opened = None
            refused = False
            try:
                await self._connect()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                # A cancellation in the moment of the socket's end is lost inside the SDK's task groups.
                if (me := asyncio.current_task()) is None or me.cancelling():
                    raise asyncio.CancelledError from error
                cause = leaf(error)
                self._complain(cause)
                refused = isinstance(cause, TtaiError) and cause.code == "AUTHENTICATION" and not cause.retryable
            self._lose()
            await self._rest(refused=refused)

    async def _connect(self) -> NoReturn:
        accounts = await self._accounts()
        if not accounts:
            raise NotFound("there is no open account")
        port = await self._gate.broker()
        async with asyncio.timeout(self._pace.enter) as entering, port.account_events(accounts) as events:
            entering.reschedule(None)
            self._opened = monotonic()
            self._tell(AccountEvent("connected"))
            async for event in events:
                self._tell(event)
        raise BrokerUnavailable("the account socket ended")

    def _tell(self, event: AccountEvent) -> None:
        """Of a socket that nobody wants any more nothing is told."""
        if self._task is not asyncio.current_task():
            return
        if event.kind == "connected":
            self._live = True
            self.problem = None
        self._forget(event.account)
        for mailbox in self._listeners:
            mailbox.put(event)

    def _lose(self) -> None:
        """What was remembered counts on being told of changes."""
        if self._live:
            self._live = False
            self._forget("")

    def _complain(self, cause: BaseException) -> None:
        late = "no answer in time" if isinstance(cause, TimeoutError) else place(cause)
        said = cause.message if isinstance(cause, TtaiError) else late
        if said != self.problem:
            self.problem = said
            _log.warning("account socket: %s", said)

    async def _rest(self, *, refused: bool) -> None:
        """Back off; refused credentials stay refused until another request is answered, or for a long while."""
        lived = self._opened is not None and monotonic() - self._opened >= self._pace.settled
        self._short = 0 if lived else self._short + 1
        delay = min(self._pace.first_delay * 2.0 ** min(max(self._short - 1, 0), 20), self._pace.last_delay)
        self._parked = refused
        try:
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 - so that not all come back at once
            if refused:  # asking again and again gets the address blocked
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._pace.again):
                        await self._answered.wait()
        finally:
            self._parked = False
            self._answered.clear()


class _Mailbox:
    """What one listener has not heard yet."""

    def __init__(self) -> None:
        self._events: deque[AccountEvent | None] = deque()
        self._filled = asyncio.Event()

    def put(self, event: AccountEvent) -> None:
        if len(self._events) >= MOST:
            self._events.clear()
            event = AccountEvent("connected")
        self._events.append(event)
        self._filled.set()

    def close(self) -> None:
        self._events.append(None)
        self._filled.set()

    async def take(self) -> AccountEvent | None:
        """The next event; None at the end."""
        while not self._events:
            self._filled.clear()
            await self._filled.wait()
        return self._events.popleft()
