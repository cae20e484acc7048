"""Subscriptions: who is told that a resource changed, how often, and what ends it; in both protocol eras."""

import asyncio
import itertools
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import pytest
from fastmcp import Client, FastMCP
from fastmcp.server.dependencies import get_context
from mcp import MCPError
from mcp.client.subscriptions import listen
from mcp.shared.memory import create_client_server_memory_streams
from mcp.shared.message import SessionMessage
from mcp.types import (
    EmptyResult,
    JSONRPCRequest,
    JSONRPCResponse,
    ResourceUpdatedNotification,
    SubscribeRequest,
    SubscribeRequestParams,
    TextResourceContents,
    UnsubscribeRequest,
    UnsubscribeRequestParams,
)

from tests.desk import until
from ttai import BadArgument, Host
from ttai.market.hub import Hub
from ttai.subscriptions import Changes, Subscriptions
from ttai.testing import Era, harness

ERAS: list[Era] = ["auto", "legacy"]


class Ear:
    """A client, and the URIs it is told of."""

    def __init__(self, mcp: FastMCP, mode: Era) -> None:
        self.client = Client(mcp, mode=mode, message_handler=self._take if mode == "legacy" else None)
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        self.honoured: Sequence[str] | None = None
        self.ended = asyncio.Event()

    async def _take(self, message: Any) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            self.heard.put_nowait(str(message.params.uri))

    async def subscribe(self, uri: str) -> None:
        request = SubscribeRequest(params=SubscribeRequestParams(uri=uri))
        await self.client.session.send_request(request, EmptyResult)

    async def unsubscribe(self, uri: str) -> None:
        request = UnsubscribeRequest(params=UnsubscribeRequestParams(uri=uri))
        await self.client.session.send_request(request, EmptyResult)

    async def next(self) -> str:
        async with asyncio.timeout(15):
            return await self.heard.get()

    @asynccontextmanager
    async def listening(self, *uris: str) -> AsyncIterator[None]:
        """A stream of the modern era."""
        async with listen(self.client.session, resource_subscriptions=uris) as stream:
            self.honoured = stream.honored.resource_subscriptions

            async def follow() -> None:
                async for event in stream:
                    self.heard.put_nowait(getattr(event, "uri", ""))
                self.ended.set()

            task = asyncio.create_task(follow())
            try:
                yield
            finally:
                task.cancel()
                await asyncio.wait({task})


@asynccontextmanager
async def subscribed(mcp: FastMCP, mode: Era, *uris: str) -> AsyncIterator[Ear]:
    """A client that is told of these."""
    ear = Ear(mcp, mode)
    async with ear.client, AsyncExitStack() as stack:
        if mode == "legacy":
            for uri in uris:
                await ear.subscribe(uri)
        else:
            await stack.enter_async_context(ear.listening(*uris))
        yield ear


class Notes:
    """Resources `note://…` that change when told to, and how their changes are followed."""

    def __init__(self) -> None:
        self.running: list[str] = []
        self.started = 0
        self.yielded = 0
        self._changed: dict[str, asyncio.Event] = {}

    async def read(self, name: str) -> str:
        if name == "bad":
            raise BadArgument("no such note", "Ask for another")
        return name

    async def changes(self, name: str) -> AsyncIterator[None]:
        self.running.append(name)
        self.started += 1
        changed = self._changed[name] = asyncio.Event()
        try:
            while True:
                await changed.wait()
                changed.clear()
                self.yielded += 1
                yield
        finally:
            self.running.remove(name)

    async def change(self, name: str) -> None:
        await until(lambda: name in self.running)
        self._changed[name].set()


class Pace:
    """Time between two updates that passes when the test says so."""

    def __init__(self) -> None:
        self.waiting = 0
        self._go = asyncio.Semaphore(0)

    async def __call__(self) -> None:
        self.waiting += 1
        try:
            await self._go.acquire()
        finally:
            self.waiting -= 1

    def pass_by(self) -> None:
        self._go.release()


async def at_once() -> None:
    await asyncio.sleep(0)


def served(changes: Changes | None = None, **options: Any) -> tuple[FastMCP, Subscriptions, Notes]:
    """A server of notes; `changes` in place of their own."""
    mcp, notes = FastMCP("trial"), Notes()
    subscriptions = Subscriptions(mcp, **{"pause": at_once, **options})
    mcp.resource("note://{name*}")(notes.read)
    mcp.resource("still://{name}")(notes.read)
    subscriptions.offer("note://{name*}", changes or notes.changes)
    return mcp, subscriptions, notes


@pytest.mark.parametrize("mode", ERAS)
async def test_who_subscribed_is_told_under_the_uri_it_wrote_and_nobody_else(mode: Era) -> None:
    mcp, _, notes = served()
    async with (
        subscribed(mcp, mode, "note://BRK/B", "note://one%20two") as ear,
        subscribed(mcp, mode, "note://c") as other,
    ):
        assert ear.client.server_capabilities.resources.subscribe is True  # type: ignore[union-attr]
        await notes.change("BRK/B")
        assert await ear.next() == "note://BRK/B"
        await notes.change("one two")
        assert await ear.next() == "note://one%20two"
        await notes.change("c")
        assert await other.next() == "note://c"
        assert ear.heard.empty()


@pytest.mark.parametrize("mode", ERAS)
async def test_many_changes_within_a_pace_are_one_update_and_the_last_is_told(mode: Era) -> None:
    pace = Pace()
    mcp, _, notes = served(pause=pace)
    async with subscribed(mcp, mode, "note://a") as ear:
        await notes.change("a")
        assert await ear.next() == "note://a"
        await until(lambda: pace.waiting)
        for _ in range(5):
            await notes.change("a")
            await asyncio.sleep(0)
        assert ear.heard.empty()
        pace.pass_by()
        assert await ear.next() == "note://a"
        await until(lambda: pace.waiting)
        pace.pass_by()
        await until(lambda: not pace.waiting)
        assert ear.heard.empty()
        await notes.change("a")
        assert await ear.next() == "note://a"
        assert notes.yielded == 3


async def test_one_iterator_serves_all_until_the_last_leaves() -> None:
    mcp, _, notes = served()
    async with (
        subscribed(mcp, "legacy", "note://a") as first,
        subscribed(mcp, "auto", "note://a", "note://a") as second,
    ):
        async with subscribed(mcp, "auto", "note://a"):
            await notes.change("a")
            assert await first.next() == await second.next() == "note://a"
        await first.subscribe("note://a")
        await first.unsubscribe("note://a")
        await notes.change("a")
        assert await second.next() == "note://a"
        assert first.heard.empty()
        assert notes.started == 1
    await until(lambda: not notes.running)


async def test_unsubscribing_ends_it_and_subscribing_again_begins_anew() -> None:
    mcp, _, notes = served()
    async with subscribed(mcp, "legacy", "note://a", "note://b") as ear:
        await until(lambda: notes.running == ["a", "b"])
        await ear.unsubscribe("note://a")
        await ear.unsubscribe("note://never")
        await until(lambda: notes.running == ["b"])
        await ear.subscribe("note://a")
        await notes.change("a")
        assert await ear.next() == "note://a"


@pytest.mark.parametrize("mode", ERAS)
async def test_a_client_that_leaves_leaves_nothing_behind(mode: Era) -> None:
    pace = Pace()
    mcp, _, notes = served(pause=pace)
    before = asyncio.all_tasks()
    async with subscribed(mcp, mode, "note://a", "note://b") as ear:
        await notes.change("a")  # one iterator is left in its pause, the other waiting
        await ear.next()
        await until(lambda: notes.running == ["a", "b"])
    await until(lambda: not notes.running)
    await until(lambda: asyncio.all_tasks() == before)


@pytest.mark.parametrize("mode", ERAS)
async def test_closing_ends_every_iterator_and_the_modern_stream_with_its_result(mode: Era) -> None:
    mcp, subscriptions, notes = served()
    async with subscribed(mcp, mode, "note://a") as ear:
        await until(lambda: notes.running)
        await subscriptions.close()
        assert not notes.running
        if mode == "auto":
            async with asyncio.timeout(15):
                await ear.ended.wait()


async def _raises(name: str) -> AsyncIterator[None]:
    yield
    raise ValueError(name)


async def _leaves(name: str) -> AsyncIterator[None]:
    yield
    sys.exit(3)


async def _cancels(name: str) -> AsyncIterator[None]:
    yield
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


async def _ends(name: str) -> AsyncIterator[None]:
    yield


def _fails(name: str) -> AsyncIterator[None]:
    raise BadArgument(f"no changes of {name}")


@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize(("broken", "said"), [
    (_raises, "INTERNAL: something unexpected"), (_leaves, "tried to end the server"), (_cancels, "cancelled itself"),
    (_ends, "its changes ended"), (_fails, "VALIDATION: no changes of broken"),
])  # fmt: skip
async def test_an_iterator_that_fails_costs_its_subscription_alone(
    mode: Era, broken: Changes, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    def changes(name: str) -> AsyncIterator[object]:
        return broken(name) if name == "broken" else notes.changes(name)

    def lines() -> list[str]:
        return [r.getMessage() for r in caplog.records if r.name == "ttai.subscriptions"]

    mcp, _, notes = served(changes)
    uris = ("note://broken", "note://whole")
    with caplog.at_level(logging.WARNING, "ttai.subscriptions"):
        async with subscribed(mcp, mode, *uris) as ear:
            await until(lines)
            await notes.change("whole")
            while await ear.next() != "note://whole":
                pass
            assert await ear.client.read_resource("note://broken")
    (line,) = lines()
    assert line.startswith("subscribers of note://broken are told no more: ")
    assert said in line


async def test_an_iterator_that_failed_starts_again_for_who_subscribes_again() -> None:
    fails = [True]

    def changes(name: str) -> AsyncIterator[object]:
        return _fails(name) if fails.pop() else notes.changes(name)

    mcp, subscriptions, notes = served(changes)
    async with subscribed(mcp, "legacy", "note://a") as ear:
        await until(lambda: not fails)
        fails.append(False)
        await until(lambda: not subscriptions.followed)
        await ear.subscribe("note://a")
        await notes.change("a")
        assert await ear.next() == "note://a"


@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize(("uri", "said"), [
    ("nothing://a", "NOT_FOUND|Unknown resource|not found"),
    ("note://bad", "VALIDATION: no such note. Ask for another"),
    ("still://a", "VALIDATION: still://a does not tell when it changes. Read it when you need it"),
])  # fmt: skip
async def test_what_cannot_be_had_is_refused_with_the_reason(mode: Era, uri: str, said: str) -> None:
    mcp, subscriptions, _ = served()
    with pytest.raises(MCPError, match=said):
        async with subscribed(mcp, mode, uri):
            pass
    assert not subscriptions.followed


async def test_a_modern_stream_names_what_it_will_tell_and_leaves_out_the_rest() -> None:
    mcp, _, notes = served()
    async with subscribed(mcp, "auto", "note://bad", "note://a", "still://a", "nothing://a") as ear:
        assert ear.honoured == ["note://a"]
        await notes.change("a")
        assert await ear.next() == "note://a"


async def test_a_stream_of_lists_alone_needs_no_resource() -> None:
    mcp, _, _ = served()
    ear = Ear(mcp, "auto")
    async with ear.client, listen(ear.client.session, tools_list_changed=True, resource_subscriptions=["x://y"]) as one:
        assert one.honored.tools_list_changed
        assert not one.honored.resource_subscriptions


@pytest.mark.parametrize("mode", ERAS)
async def test_a_client_has_so_many_and_all_of_them_have_so_many(mode: Era) -> None:
    mcp, _, notes = served(each=2, most=3)
    with pytest.raises(MCPError, match=r"VALIDATION: 2 subscriptions are the most one client may have\. Unsubscribe"):
        async with subscribed(mcp, mode, "note://a", "note://b", "note://c"):
            pass
    async with subscribed(mcp, mode, "note://a", "note://b"):
        with pytest.raises(MCPError, match="VALIDATION: all 3 subscriptions of this server are taken"):
            async with subscribed(mcp, mode, "note://a", "note://b"):
                pass
        async with subscribed(mcp, mode, "note://a"):
            pass
    async with subscribed(mcp, mode, "note://c", "note://d") as ear:
        await notes.change("d")
        assert await ear.next() == "note://d"


async def test_a_place_that_was_refused_is_free_again() -> None:
    mcp, _, _ = served(each=1, most=1)
    async with subscribed(mcp, "legacy") as ear:
        with pytest.raises(MCPError, match="no such note"):
            await ear.subscribe("note://bad")
        await ear.subscribe("note://a")
        await ear.subscribe("note://a")
        await ear.unsubscribe("note://a")
        await ear.subscribe("note://b")


async def test_a_client_that_does_not_read_keeps_nobody_waiting_and_has_no_backlog() -> None:
    mcp, _, notes = served()
    async with create_client_server_memory_streams() as ((read, write), (its_read, its_write)):

        async def ask(method: str, params: dict[str, Any]) -> None:
            message = {"jsonrpc": "2.0", "id": method, "method": method, "params": params}
            await write.send(SessionMessage(JSONRPCRequest.model_validate(message)))

        async def updates_before(method: str) -> int:
            """How many updates come before its answer."""
            for count in itertools.count():
                received = await read.receive()
                assert isinstance(received, SessionMessage)
                if isinstance(received.message, JSONRPCResponse):
                    assert received.message.id == method
                    return count
            raise AssertionError

        who = {"name": "slow", "version": "0"}
        server = mcp._mcp_server
        serving = asyncio.create_task(server.run(its_read, its_write, server.create_initialization_options()))
        await ask("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": who})
        await updates_before("initialize")
        await ask("resources/subscribe", {"uri": "note://a"})
        await updates_before("resources/subscribe")
        async with subscribed(mcp, "legacy", "note://a") as quick:
            for _ in range(50):
                await notes.change("a")
                assert await quick.next() == "note://a"
        await ask("resources/unsubscribe", {"uri": "note://a"})
        assert 0 < await updates_before("resources/unsubscribe") < 10
        serving.cancel()
        await asyncio.wait({serving})


async def test_an_iterator_that_many_share_does_not_see_the_request_of_one() -> None:
    seen: list[str] = []

    async def changes(name: str) -> AsyncIterator[None]:
        try:
            get_context()
        except RuntimeError as error:
            seen.append(str(error))
        else:
            seen.append("a request")
        yield

    mcp, _, _ = served(changes)
    async with subscribed(mcp, "legacy", "note://a"):
        await until(lambda: seen)
    assert "No active context" in seen[0]


def _vix(notes: Notes) -> Callable[[Host], None]:
    def register(host: Host) -> None:
        @host.resource("vix://now", changes=lambda: notes.changes("vix"))
        async def now() -> str:
            return "vix"

        host.resource("level://{name}", changes=notes.changes)(notes.read)

    return register


@pytest.mark.parametrize("mode", ERAS)
async def test_a_plugin_declares_the_changes_of_a_resource_beside_it(mode: Era) -> None:
    notes = Notes()
    async with (
        harness(_vix(notes), name="vix") as h,
        subscribed(h.app.mcp, mode, "vix://now", "level://vix/one") as ear,
    ):
        await notes.change("vix")
        assert await ear.next() == "vix://now"
        await notes.change("one")
        assert await ear.next() == "level://vix/one"
        with pytest.raises(MCPError, match=r"NOT_FOUND: there is no resource level://one\. List the resources"):
            async with subscribed(h.app.mcp, mode, "level://one"):
                pass


async def test_changes_that_cannot_be_iterated_fail_the_plugin_at_once() -> None:
    async def never(name: str) -> None: ...

    def register(host: Host) -> None:
        host.resource("vix://{name}", changes=never)(Notes().read)  # type: ignore[arg-type]

    async with harness(register, name="vix", failing=True) as h:
        (report,) = [report for report in h.app.plugins.reports if report.name == "vix"]
        assert "the changes of vix://{name} must be `async def` with `yield`" in report.line


async def test_a_plugin_that_did_not_start_is_the_reason_of_a_refusal() -> None:
    def register(host: Host) -> None:
        host.resource("vix://{name}", changes=Notes().changes)(Notes().read)

        @host.lifespan
        async def broken() -> AsyncIterator[None]:
            raise RuntimeError("no such file")
            yield

    async with harness(register, name="vix", failing=True) as h:
        with pytest.raises(MCPError, match="PLUGIN: vix did not start"):
            async with subscribed(h.app.mcp, "auto", "vix://a"):
                pass


def lets_go(hub: Hub) -> bool:
    """Whether nothing is held: with no time to linger it goes at the next sweep."""
    hub.sweep()
    return not hub.wanted


async def last(uri: str, ear: Ear) -> object:
    (content,) = await ear.client.read_resource(uri)
    assert isinstance(content, TextResourceContents)
    return json.loads(content.text)["last"]


@pytest.mark.parametrize("mode", ERAS)
async def test_a_quote_is_told_of_and_let_go(mode: Era) -> None:
    async with harness() as h:
        hub = h.app.market.hub
        async with subscribed(h.app.mcp, mode, "quote://BRK/B", "quote://SPX") as ear:
            h.simulator.set_price("BRK/B", 512)
            while await ear.next() != "quote://BRK/B" or await last("quote://BRK/B", ear) != 512:
                pass
            h.simulator.set_price("SPX", 6500)
            while await ear.next() != "quote://SPX" or await last("quote://SPX", ear) != 6500:
                pass
        hub._linger = 0
        await until(partial(lets_go, hub))


async def test_a_quote_nobody_can_have_is_refused() -> None:
    async with harness() as h:
        for uri, said in [("quote://NOSUCHX", "NOT_FOUND: no market data for NOSUCHX"), ("quote://$$$", "VALIDATION")]:
            with pytest.raises(MCPError, match=said):
                async with subscribed(h.app.mcp, "legacy", uri):
                    pass


async def test_a_quote_that_is_left_out_is_told_of_again_once_it_is_forgiven() -> None:
    async with harness() as h, subscribed(h.app.mcp, "legacy", "quote://TSLA") as ear:
        hub = h.app.market.hub
        await until(lambda: (line := hub.line("TSLA")) and line.watchers and line.priced)
        hub._forgive = 0.2
        hub.reject("TSLA")
        await until(lambda: hub.wanted == set() and not hub.changed.is_set())
        await until(lambda: not hub.rejects("TSLA"))
        hub.sweep()
        h.simulator.set_price("TSLA", 200)
        while await ear.next() != "quote://TSLA" or await last("quote://TSLA", ear) != 200:
            pass


async def test_a_new_login_goes_on_telling() -> None:
    async with harness() as h, subscribed(h.app.mcp, "auto", "quote://SPY") as ear:
        await h.app.login.anew()
        await until(lambda: not h.app.market.hub.live)
        await until(lambda: h.app.market.hub.live)
        h.simulator.set_price("SPY", 700)
        while await ear.next() != "quote://SPY" or await last("quote://SPY", ear) != 700:
            pass


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_it_says_that_resources_can_be_subscribed_to_and_lists_do_not_change(mode: Era) -> None:
    async with harness(mode=mode) as h:
        capabilities = h.client.server_capabilities
        assert capabilities is not None
        assert capabilities.resources is not None
        assert capabilities.resources.subscribe is True
        for part in (capabilities.tools, capabilities.prompts, capabilities.resources):
            assert part is None or not part.list_changed
