"""The account stream: what happens to orders, positions and balances, told on a websocket as it happens."""

import asyncio
import json
from collections.abc import Iterable
from contextlib import suppress

import anyio
from starlette.types import Receive, Send

from ttai.clock import Clock
from ttai.simulator.accounts import OPEN, Json
from ttai.simulator.accounts.office import Told
from ttai.simulator.faults import Fault, Faults, cut, refuse
from ttai.simulator.tokens import Tokens

PATH = "/streamer"
_LEFT = (OSError, anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError)
_SUBSCRIPTIONS = frozenset({"public-watchlists-subscribe", "quote-alerts-subscribe", "user-message-subscribe"})


class _Gone(Exception):
    """The socket has ended, from either side."""


class Line:
    """One client of the account stream."""

    def __init__(self, tokens: Tokens, receive: Receive, send: Send) -> None:
        self._tokens = tokens
        self._receive, self._raw = receive, send
        self._loop = asyncio.get_running_loop()
        self._outgoing: asyncio.Queue[Json] = asyncio.Queue()
        self._left: int | None = None  # messages until it drops
        self._accounts: frozenset[str] | None = None
        self.stalled = self.silent = False

    async def run(self, faults: list[Fault]) -> None:
        """Serve the client until one of the two leaves; `faults` are those it was accepted with."""
        await self._raw({"type": "websocket.accept"})
        self.stalled = any(fault.kind == "stall" for fault in faults)
        self.silent = any(fault.kind == "silence" for fault in faults)
        for fault in faults:
            if fault.kind == "drop" and not fault.after:
                await self.drop()
                return
            if fault.kind == "drop":
                self._left = fault.after
        with suppress(_Gone):
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._read())
                    tasks.create_task(self._write())
            except* _Gone as gone:
                raise _Gone from gone

    def tell(self, number: str, message: Json) -> None:
        """Let the client know, if it asked for this account; from any thread."""
        if self._accounts is not None and number in self._accounts and not self.silent:
            self._loop.call_soon_threadsafe(self._outgoing.put_nowait, message)

    async def _read(self) -> None:
        while True:
            try:
                message = await self._receive()
            except _LEFT as left:
                raise _Gone from left
            if message["type"] == "websocket.disconnect":
                raise _Gone
            self._outgoing.put_nowait(self._answer(message.get("text") or ""))

    async def _write(self) -> None:
        while True:
            message = await self._outgoing.get()
            if self.stalled:
                continue
            try:
                await self._raw({"type": "websocket.send", "text": json.dumps(message)})
            except _LEFT as left:
                raise _Gone from left
            if self._left is not None and "type" in message:
                self._left -= 1
                if not self._left:
                    await self.drop()
                    raise _Gone

    def _answer(self, text: str) -> Json:
        """The broker's word on what a client wants."""
        try:
            asked = json.loads(text)
        except ValueError:
            asked = None
        if not isinstance(asked, dict):
            return {"status": "error", "message": "invalid-message"}
        wrong = self._wrong(asked)
        of = {key: asked[key] for key in ("action", "request-id", "value") if key in asked}
        return {"status": "error", **of, "message": wrong} if wrong else {"status": "ok", **of}

    def _wrong(self, asked: Json) -> str | None:
        """Why a client does not get what it wants; None where it does."""
        scheme, _, token = str(asked.get("auth-token", "")).partition(" ")
        if scheme != "Bearer" or not self._tokens.may_call(token):
            return "invalid-session"
        action = asked.get("action")
        if action == "connect":
            numbers = asked.get("value")
            if not isinstance(numbers, list) or not all(isinstance(one, str) and one in OPEN for one in numbers):
                return "unknown-account"
            self._accounts = frozenset(numbers)
            return None
        if action == "heartbeat":
            return None
        if not isinstance(action, str) or action not in _SUBSCRIPTIONS:
            return "unknown-action"
        return "connect-not-completed" if self._accounts is None else None

    async def drop(self) -> None:
        """End the connection without a farewell; in process, where there is no line to cut, with a code."""
        if not cut(self._raw):
            with suppress(*_LEFT):
                await self._raw({"type": "websocket.close", "code": 1011, "reason": ""})


class Alerts:
    """The account stream and those who listen."""

    def __init__(self, tokens: Tokens, faults: Faults, clock: Clock) -> None:
        self._tokens, self._faults, self._clock = tokens, faults, clock
        self.lines: list[Line] = []

    async def serve(self, receive: Receive, send: Send) -> None:
        """Take a client in, or refuse it where a fault says so."""
        await receive()  # websocket.connect
        if self._faults.exceeded(PATH):
            await refuse(send, 429)
            return
        faults = self._faults.on(PATH, "status", "delay", "drop", "stall", "silence")
        for fault in faults:
            self._faults.spend(fault)
            if fault.kind == "delay":
                await asyncio.sleep(fault.seconds)
            elif fault.kind == "status":
                await refuse(send, fault.status)
                return
        line = Line(self._tokens, receive, send)
        self.lines.append(line)
        try:
            await line.run(faults)
        finally:
            self.lines.remove(line)

    def tell(self, number: str, told: Iterable[Told]) -> None:
        """Tell whoever listens to an account what has become of it."""
        stamp = round(self._clock.now().timestamp() * 1000)
        for kind, row in told:
            for line in list(self.lines):
                line.tell(number, {"type": kind, "data": row, "timestamp": stamp})
