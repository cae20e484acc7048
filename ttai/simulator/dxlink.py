"""The streaming wire: DXLink over a websocket, each client told what changed."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress

import anyio
from starlette.types import Receive, Send

from ttai.clock import Clock
from ttai.simulator.boards import Boards
from ttai.simulator.channels import LARGEST, PATH, Channel, Json, Refused, names_options
from ttai.simulator.events import Row
from ttai.simulator.faults import Fault, Faults, cut, refuse
from ttai.simulator.tokens import Tokens
from ttai.warm import warm

BEAT = 0.25  # seconds between two looks at the market
KEEPALIVE = 20.0  # seconds between two signs of life
# how a client that has left shows: on a port, and in process
_LEFT = (OSError, anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError)


class Gone(Exception):
    """The socket has ended, from either side."""


class Poisoned(Exception):
    """A symbol was subscribed that kills the socket."""


class Socket:
    """One client of the stream, from its handshake to its end."""

    def __init__(self, feed: "Feed", receive: Receive, send: Send) -> None:
        self._feed = feed
        self._receive, self._raw = receive, send
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()
        self._authorized = False
        self._channels: dict[int, Channel] = {}
        self._kept_alive = feed.clock.monotonic()
        self._data_left: int | None = None
        self._over = False
        self.stalled = self.silent = False
        self._answers: dict[str, Callable[[Json], list[Json]]] = {
            "SETUP": self._setup,
            "AUTH": self._auth,
            "KEEPALIVE": lambda _: [{"type": "KEEPALIVE", "channel": 0}],
            "CHANNEL_REQUEST": self._open,
            "CHANNEL_CANCEL": self._cancel,
            "FEED_SETUP": lambda message: [self._channel(message).setup(message)],
            "FEED_SUBSCRIPTION": self._subscribe,
        }

    async def run(self, faults: list[Fault]) -> None:
        """Serve the client until one of the two leaves; `faults` are those it was accepted with."""
        await self._raw({"type": "websocket.accept"})
        try:
            for fault in faults:
                await self._begin(fault)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read())
                tasks.create_task(self._push_forever())
        except* Gone:
            pass

    def describe(self) -> Json:
        """What the hand shows of it."""
        subscriptions: dict[str, list[str]] = {}
        for channel in self._channels.values():
            candles = (("Candle", symbol) for symbol in channel.series)
            options = (key for contracts in channel.contracts.values() for key in contracts.sent)
            for name, symbol in (*channel.sent, *options, *candles):
                subscriptions.setdefault(name, []).append(symbol)
        return {
            "authorized": self._authorized,
            "stalled": self.stalled,
            "silent": self.silent,
            "subscriptions": subscriptions,
        }

    def wake(self) -> None:
        """Let it look at the market now; from any thread."""
        self._loop.call_soon_threadsafe(self._wake.set)

    async def push(self, *, due_only: bool = False) -> None:
        """Send what changed, and a sign of life where one is due."""
        clock = self._feed.clock
        async with self._turn:
            now, moment = clock.monotonic(), clock.now().timestamp()
            if now - self._kept_alive >= KEEPALIVE:
                self._kept_alive = now
                await self._send(json.dumps({"type": "KEEPALIVE", "channel": 0}))
            if self.stalled or self.silent:
                return
            for channel in list(self._channels.values()):
                if due_only and now - channel.pushed < channel.period:
                    continue
                channel.pushed = now
                for name, rows in channel.changes(self._feed.world, moment, self._feed.faults).items():
                    await self._send_rows(channel, name, rows)
                for new in channel.option_changes(self._feed.boards, moment, self._feed.faults):
                    for name, rows in new.items():
                        await self._send_rows(channel, name, rows)
                    await asyncio.sleep(0)  # a chain lets others have their turn
                for rows in channel.candles(self._feed.world, moment, self._feed.faults, self._feed.most_bars):
                    await self._send_rows(channel, "Candle", rows)
                    await asyncio.sleep(0)  # a long snapshot lets others have their turn

    async def drop(self, code: int = 1011) -> None:
        """End the connection without a farewell; in process, where there is no line to cut, with a code."""
        if not self._over:
            self._over = True
            if not cut(self._raw):
                await self._close(code)
            self._wake.set()

    async def move(self, action: str) -> None:
        """Do to a live socket what the hand asks for."""
        if action == "drop":
            await self.drop()
        elif action == "error":
            with suppress(Gone):
                await self.fail("UNKNOWN", "Something went wrong on purpose.")
        else:
            self.stalled, self.silent = action == "stall", action == "silence"
            self.wake()

    async def fail(self, kind: str, message: str) -> None:
        """Send the client an ERROR."""
        await self._send(json.dumps({"type": "ERROR", "channel": 0, "error": kind, "message": message}))

    async def _begin(self, fault: Fault) -> None:
        if fault.kind == "error":
            await self.fail("UNKNOWN", fault.message)
        elif fault.kind == "drop" and fault.after:
            self._data_left = fault.after
        elif fault.kind == "drop":
            await self.drop()
            raise Gone
        self.stalled = self.stalled or fault.kind == "stall"
        self.silent = self.silent or fault.kind == "silence"

    async def _push_forever(self) -> None:
        while not self._over:
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT):
                    await self._wake.wait()
            woken = self._wake.is_set()  # it may have come with the end of the wait
            self._wake.clear()
            await self.push(due_only=not woken)
        raise Gone

    async def _send(self, text: str) -> None:
        if self._over:
            raise Gone
        if self.stalled:
            return
        try:
            await self._raw({"type": "websocket.send", "text": text})
        except _LEFT as left:
            self._over = True
            raise Gone from left

    async def _close(self, code: int) -> None:
        with suppress(*_LEFT):
            await self._raw({"type": "websocket.close", "code": code, "reason": ""})

    async def _send_rows(self, channel: Channel, name: str, rows: list[Row]) -> None:
        for text in channel.messages(name, rows):
            await self._send(text)
            if self._data_left is not None:
                self._data_left -= 1
                if not self._data_left:
                    await self.drop()
                    raise Gone

    async def _read(self) -> None:
        while True:
            text = await self._hear()
            if len(text.encode()) > LARGEST:
                self._over = True
                await self._close(1009)
                raise Gone
            try:
                message = json.loads(text)
                if names_options(message):
                    await warm("scipy.special")  # half a second that is not the loop's
                answers = self._answers[message["type"]](message)
            except Poisoned:
                await self.drop()
                raise Gone from None
            except Refused as refused:
                await self.fail(refused.kind, str(refused))
                continue
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
                await self.fail("INVALID_MESSAGE", "This message is not understood.")
                continue
            for answer in answers:
                await self._send(json.dumps(answer))
            if message["type"] == "FEED_SUBSCRIPTION":
                await self.push()

    async def _hear(self) -> str:
        try:
            message = await self._receive()
        except _LEFT as left:
            raise Gone from left
        if message["type"] == "websocket.disconnect":
            raise Gone
        return message.get("text") or ""

    def _setup(self, _: Json) -> list[Json]:
        setup = {"type": "SETUP", "channel": 0, "version": "1.0-ttai", "keepaliveTimeout": 60}
        return [{**setup, "acceptKeepaliveTimeout": 60}, _auth_state("UNAUTHORIZED")]

    def _auth(self, message: Json) -> list[Json]:
        # a second UNAUTHORIZED would have the SDK send the same token again, for ever
        if not self._feed.tokens.may_stream(message["token"]):
            raise Refused("UNAUTHORIZED", "The token is not valid.")
        self._authorized = True
        return [_auth_state("AUTHORIZED")]

    def _open(self, message: Json) -> list[Json]:
        if not self._authorized:
            raise Refused("UNAUTHORIZED", "Send AUTH first.")
        number, service = message["channel"], message["service"]
        if service != "FEED" or not isinstance(number, int) or number % 2 != 1:
            raise Refused("BAD_ACTION", "Only the service FEED is offered, on odd channels.")
        self._channels.setdefault(number, Channel(number))
        opened = {"type": "CHANNEL_OPENED", "channel": number, "service": service}
        return [{**opened, "parameters": {"contract": "AUTO", "subFormat": "LIST"}}]

    def _cancel(self, message: Json) -> list[Json]:
        number = self._channel(message).number
        del self._channels[number]
        return [{"type": "CHANNEL_CLOSED", "channel": number}]

    def _subscribe(self, message: Json) -> list[Json]:
        added = self._channel(message).subscribe(message)
        for fault in self._feed.faults.on(PATH, "poison"):
            if added.intersection(fault.symbols):
                self._feed.faults.spend(fault)
                raise Poisoned
        return []

    def _channel(self, message: Json) -> Channel:
        if message["channel"] not in self._channels:
            raise Refused("BAD_ACTION", f"Channel {message['channel']} is not open.")
        return self._channels[message["channel"]]


class Feed:
    """The stream and the sockets that listen to it."""

    def __init__(self, boards: Boards, tokens: Tokens, faults: Faults, clock: Clock, most_bars: int) -> None:
        self.most_bars = most_bars
        self.boards, self.world = boards, boards.world
        self.tokens, self.faults, self.clock = tokens, faults, clock
        self.sockets: list[Socket] = []

    async def serve(self, receive: Receive, send: Send) -> None:
        """Take a client in, or refuse it where a fault says so."""
        await receive()  # websocket.connect
        if self.faults.exceeded(PATH):
            await refuse(send, 429)
            return
        faults = self.faults.on(PATH, "status", "delay", "drop", "stall", "silence", "error")
        for fault in faults:
            self.faults.spend(fault)
            if fault.kind == "delay":
                await asyncio.sleep(fault.seconds)
            elif fault.kind == "status":
                await refuse(send, fault.status)
                return
        socket = Socket(self, receive, send)
        self.sockets.append(socket)
        try:
            await socket.run(faults)
        finally:
            self.sockets.remove(socket)

    def wake(self) -> None:
        """Let every socket look at the market now."""
        for socket in self.sockets:
            socket.wake()

    async def tick(self) -> None:
        """Send every socket what changed, and return when it is sent."""
        for socket in list(self.sockets):
            with suppress(Gone):
                await socket.push()


def _auth_state(state: str) -> Json:
    return {"type": "AUTH_STATE", "channel": 0, "state": state}
