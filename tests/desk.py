"""A market on the simulator for tests: the real SDK on the real wire, in process or on a port."""

import asyncio
import gc
import json
import socket
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn
from pydantic import SecretStr
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ttai.broker.broker import Broker
from ttai.broker.watch import Pace
from ttai.cache import Cache
from ttai.login.credentials import Credentials
from ttai.market.market import Market
from ttai.market.supervisor import Timing
from ttai.settings import GROUP
from ttai.simulator import STAMP, Simulator
from ttai.storage.database import Database
from ttai.tastytrade import TastyTrade, in_process, over_network
from ttai.tastytrade.limits import Tries
from ttai.testing import FrozenClock, harness

BY_TYPE = "/market-data/by-type"
OAUTH = "/oauth/token"
QUICK = Timing(first_delay=0.02, last_delay=0.2, settled=0.05)
QUICKLY = Pace(settled=0.05, first_delay=0.02, last_delay=0.2)
# A broker of a test's own may be asked faster, and given up sooner.
BRISK = Tries(first_pause=0.02, speed=50)
HASTY = Tries(timeout=0.15, first_pause=0.02, patience=3.5, speed=50)
GOOD = Credentials(SecretStr(Simulator.CLIENT_SECRET), SecretStr(Simulator.REFRESH_TOKEN))
BAD = Credentials(SecretStr("wrong-secret"), SecretStr("wrong-refresh"))
# The app without the plugins it comes with: half of what it costs, where a test brings its own.
bare = partial(harness, plugins=",".join(f"-{point.name}" for point in entry_points(group=GROUP)))


async def until(true: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait for a condition; TimeoutError where it does not come."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - of things that know no events
            await asyncio.sleep(0.002)


@contextmanager
def nothing_left_open() -> Iterator[None]:
    """What is made inside is closed when it ends; what others left open before is not counted."""
    gc.collect()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always", ResourceWarning)
        yield
        gc.collect()
    assert [str(warning.message) for warning in seen if warning.category is ResourceWarning] == []


@dataclass
class Tap:
    """Stands in the wire: notes what the client says, answers in the simulator's place where told to.

    One that is `real` takes the simulator's stamp away.
    """

    simulator: Simulator
    said: list[dict[str, Any]] = field(default_factory=list)
    headers: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    queries: list[tuple[str, str]] = field(default_factory=list)
    answers: dict[str, tuple[int, Response]] = field(default_factory=dict)
    sockets: dict[str, ASGIApp] = field(default_factory=dict)  # who serves a path of websockets in its place
    real: bool = False

    def answer(self, path: str, body: Any, status: int = 200, *, after: int = 0) -> None:
        """Answer a path with this JSON from now on, `after` so many requests."""
        self.answers[path] = after, Response(json.dumps(body), status, {STAMP: "1"})

    def _answer(self, path: str) -> Response | None:
        after, response = self.answers.get(path, (1, None))
        return response if self.simulator.requests[path] >= after else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            decoded = {name.decode(): value.decode() for name, value in scope["headers"]}
            self.headers.append((scope["path"], decoded))
            self.queries.append((scope["path"], scope["query_string"].decode()))
        if scope["type"] == "http" and (answer := self._answer(scope["path"])) is not None:
            self.simulator.requests[scope["path"]] += 1
            await answer(scope, receive, send)
            return
        if scope["type"] == "websocket" and scope["path"] in self.sockets:
            await self.sockets[scope["path"]](scope, receive, send)
            return

        async def listen() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive" and message.get("text"):
                self.said.append(json.loads(message["text"]))
            return message

        async def speak(message: Message) -> None:
            if self.real and message["type"] == "http.response.start":
                kept = [one for one in message["headers"] if one[0].decode().lower() != STAMP.lower()]
                message = {**message, "headers": kept}
            await send(message)

        await self.simulator.app(scope, listen, speak if self.real else send)

    def subscribed(self, verb: str = "add") -> list[tuple[str, list[str]]]:
        """Event type and symbols of every subscription message, in the order they came."""
        entries = [m[verb] for m in self.said if m["type"] == "FEED_SUBSCRIPTION" and verb in m]
        return [(entry[0]["type"], [e["symbol"] for e in entry]) for entry in entries]


class Gate:
    """The way to one adapter."""

    def __init__(self, adapter: TastyTrade) -> None:
        self._adapter = adapter

    async def market(self) -> TastyTrade:
        return self._adapter

    async def broker(self) -> TastyTrade:
        return self._adapter


class Desk:
    """Market and broker over one adapter, and the simulator behind it."""

    def __init__(
        self,
        simulator: Simulator,
        tap: Tap,
        clock: FrozenClock,
        adapter: TastyTrade,
        database: Database,
        timing: Timing,
    ) -> None:
        self.simulator = simulator
        self.tap = tap
        self.clock = clock
        self.adapter = adapter
        self.cache = Cache(clock)
        core = database.of("core")
        self.market = Market(Gate(adapter), self.cache, clock, core, always_open=True, timing=timing)
        self.broker = Broker(Gate(adapter), self.cache, pace=QUICKLY)

    def asked(self, path: str) -> int:
        """How many requests the simulator got on a path."""
        return self.simulator.requests[path]

    async def written(self) -> None:
        """Until the bars that were heard are written down."""
        await asyncio.gather(*self.market.candles._keeping)

    async def hand(self, action: str) -> None:
        """Do to the open sockets what the simulator's hand can."""
        for one in list(self.simulator._feed.sockets):
            await one.move(action)


@asynccontextmanager
async def desk(
    *faults: dict[str, Any],
    streaming: bool = True,
    port: bool = False,
    credentials: Credentials = GOOD,
    timing: Timing = QUICK,
    tries: Tries = BRISK,
    clock: FrozenClock | None = None,
    home: Path | None = None,
    real: bool = False,
) -> AsyncIterator[Desk]:
    """A desk whose simulator has these faults.

    `streaming` waits for the socket, `port` listens on loopback, `real` hides that it is a simulator, `home` is the
    folder of the database (else one of its own, opened when it is first used).
    """
    clock = clock or FrozenClock()
    simulator = Simulator(clock=clock)
    for fault in faults:
        simulator.faults.add(**fault)
    tap = Tap(simulator, real=real)
    async with AsyncExitStack() as stack:
        url, wire = "http://simulator", in_process(tap)
        if port:
            url, wire = await stack.enter_async_context(served(tap)), over_network()

        def answered() -> None:
            made.market.supervisor.let_in()

        adapter = TastyTrade(credentials, url, wire, tries, answered)
        stack.push_async_callback(adapter.close)
        database = Database(home or Path(stack.enter_context(TemporaryDirectory(prefix="ttai-"))), clock)
        stack.push_async_callback(database.close)
        made = Desk(simulator, tap, clock, adapter, database, timing)
        stack.push_async_callback(made.market.close)
        stack.push_async_callback(made.broker.close)
        if streaming:
            await stack.enter_async_context(supervised(made.market))
            await until(lambda: made.market.hub.live)
        yield made


@asynccontextmanager
async def supervised(market: Market) -> AsyncIterator[asyncio.Task[Any]]:
    """The market's socket kept while inside."""
    task = asyncio.create_task(market.supervisor.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            task.result()  # what ended it is the test's failure


class _Server(uvicorn.Server):
    """Ends when told to, not at the next of its ticks."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ended = asyncio.Event()

    async def main_loop(self) -> None:
        await self.ended.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in self.server_state.tasks:
            task.cancel()
        await until(lambda: not self.server_state.tasks and not self.server_state.connections)


@asynccontextmanager
async def served(app: Tap) -> AsyncIterator[str]:
    """The URL of an app on a loopback port of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = _Server(uvicorn.Config(app, ws="wsproto", log_level="critical", lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.ended.set()
        await serving
        listening.close()
