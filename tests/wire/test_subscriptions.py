"""Subscriptions over the real transports: updates come while a client is there, and nothing of it stays."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import SSETransport, StdioTransport, StreamableHttpTransport
from mcp.client.subscriptions import listen
from mcp.types import EmptyResult, ResourceUpdatedNotification, SubscribeRequest, SubscribeRequestParams

from tests.desk import until
from tests.processes import ttai
from tests.processes import until as until_now
from tests.wire.test_http import serving

SPY = "quote://SPY"


class Told:
    """When a client was told that SPY had changed."""

    def __init__(self) -> None:
        self.at: list[float] = []

    async def take(self, message: Any) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            assert str(message.params.uri) == SPY
            self.at.append(monotonic())


@asynccontextmanager
async def subscribed(transport: Any, mode: str) -> AsyncIterator[Told]:
    """A client that is told of SPY; in both eras its message handler hears of it."""
    told = Told()
    async with Client(transport, mode=mode, message_handler=told.take) as client:
        if mode == "legacy":
            await client.session.send_request(SubscribeRequest(params=SubscribeRequestParams(uri=SPY)), EmptyResult)
            yield told
        else:
            async with listen(client.session, resource_subscriptions=[SPY]) as stream:
                assert stream.honored.resource_subscriptions == [SPY]
                yield told


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_quote_of_the_demo_is_told_once_a_second_on_stdio(tmp_path: Path, mode: str) -> None:
    env = {**os.environ, "TTAI_DATA_DIR": str(tmp_path)}
    transport = StdioTransport(sys.executable, ["-m", "ttai", "serve", "--demo"], env=env, keep_alive=False)
    async with subscribed(transport, mode) as told:
        await until(lambda: len(told.at) >= 3, 8)
    assert told.at[2] - told.at[0] > 1  # two paces, less what a busy machine may delay the first


@pytest.mark.parametrize(("path", "mode"), [("/mcp", "auto"), ("/mcp", "legacy"), ("/sse", "legacy")])
async def test_a_quote_is_told_over_http_until_the_client_leaves(path: str, mode: str) -> None:
    async with serving("the-key") as (url, h):
        transport = SSETransport if path == "/sse" else StreamableHttpTransport
        async with subscribed(transport(f"{url}{path}", auth="the-key"), mode) as told:
            price = 600
            while not told.at:  # what changes before a handshake-era client has opened its stream is lost
                price += 1
                h.simulator.set_price("SPY", price)
                await asyncio.sleep(0.1)
            assert h.app.subscriptions.followed == {SPY}
        await until(lambda: not h.app.subscriptions.followed)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_that_is_cut_off_leaves_nothing(mode: str) -> None:
    async with serving() as (url, h):
        path = "/mcp" if mode == "auto" else "/sse"
        transport = StreamableHttpTransport(f"{url}{path}") if mode == "auto" else SSETransport(f"{url}{path}")

        async def be_there() -> None:
            async with subscribed(transport, mode):
                await asyncio.Event().wait()

        client = asyncio.create_task(be_there())
        await until(lambda: h.app.subscriptions.followed)
        client.cancel()
        await asyncio.wait({client})
        await until(lambda: not h.app.subscriptions.followed)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["EOF", "SIGTERM"])
def test_a_process_with_subscribers_ends_as_quickly_as_any(tmp_path: Path, how: str) -> None:
    with ttai("serve", "--demo", home=tmp_path / "home") as server:
        server.greet()
        assert server.answer(server.send("resources/subscribe", {"uri": SPY}))["result"] == {}
        refusal = server.answer(server.send("resources/subscribe", {"uri": "quote://NOSUCHX"}))["error"]
        assert refusal["message"].startswith("NOT_FOUND: no market data for NOSUCHX")
        until_now(lambda: any("notifications/resources/updated" in line for line in server.out), what="an update")
        code, spent = server.end(how)
    assert code == 0
    assert spent < 3
