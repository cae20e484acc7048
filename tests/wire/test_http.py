"""HTTP with real clients over real sockets: both eras at /mcp, the older one at /sse, with a token and without."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
import uvicorn
from fastmcp import Client
from fastmcp.client.transports import SSETransport, StreamableHttpTransport
from pydantic import SecretStr

from ttai import Host
from ttai.cli.remote import ask
from ttai.presence import Server
from ttai.serve import _Uvicorn, bind
from ttai.testing import Harness, harness
from ttai.web import Token, web_app

HELLO = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "trial", "version": "0"}},
}  # fmt: skip
PING = {"jsonrpc": "2.0", "id": 2, "method": "ping"}


def trial(host: Host) -> None:
    @host.tool
    async def word(text: str) -> str:
        """Say it again."""
        return text

    @host.tool
    async def lock(key: SecretStr) -> str:
        """Take a secret."""
        return str(key)


@asynccontextmanager
async def serving(token: str | None = None, idle: float = 60) -> AsyncIterator[tuple[str, Harness]]:
    """The app behind its HTTP doors on a free port."""
    async with harness(trial) as h:
        sockets = bind("127.0.0.1", 0)
        web = web_app(h.app, Token(token), idle)
        config = uvicorn.Config(web, log_config=None, lifespan="on", ws="none", timeout_graceful_shutdown=1)
        server = _Uvicorn(config)
        serving = asyncio.create_task(server.serve(sockets))
        try:
            yield f"http://127.0.0.1:{sockets[0].getsockname()[1]}", h
        finally:
            server.leave()
            await serving


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_both_eras_at_mcp(mode: str) -> None:
    async with (
        serving("the-key") as (url, _),
        Client(StreamableHttpTransport(f"{url}/mcp", auth="the-key"), mode=mode) as client,
    ):
        assert client.protocol_version == ("2025-11-25" if mode == "legacy" else "2026-07-28")
        assert "get_quote" in {tool.name for tool in await client.list_tools()}
        quote = (await client.call_tool("get_quote", {"symbol": "SPY"})).structured_content
        assert quote is not None
        assert quote["source"] == "simulator"


async def test_older_clients_at_sse() -> None:
    async with serving("the-key") as (url, _), Client(SSETransport(f"{url}/sse", auth="the-key")) as client:
        assert client.protocol_version == "2025-11-25"
        assert (await client.call_tool("trial_word", {"text": "schön"})).structured_content == {"result": "schön"}


@pytest.mark.parametrize("auth", [None, "wrong"])
async def test_a_client_without_the_token_is_told(auth: str | None) -> None:
    async with serving("the-key") as (url, _):
        for transport in (StreamableHttpTransport(f"{url}/mcp", auth=auth), SSETransport(f"{url}/sse", auth=auth)):
            with pytest.raises(Exception, match=r"401|error response"):
                async with Client(transport):
                    pass


async def test_messages_has_a_slash_or_none() -> None:
    async with (
        serving() as (url, _),
        httpx2.AsyncClient(base_url=url, timeout=5) as client,
        client.stream("GET", "/sse") as stream,
    ):
        lines = stream.aiter_lines()
        assert await anext(lines) == "event: endpoint"
        endpoint = (await anext(lines)).removeprefix("data: ")
        assert endpoint.startswith("/messages/?session_id=")
        for path in (endpoint, endpoint.replace("/messages/", "/messages")):
            assert (await client.post(path, json=PING)).status_code == 202


async def test_several_clients_at_once_each_get_their_own_answer() -> None:
    async def ask(url: str, path: str, word: str) -> str:
        async with Client(f"{url}{path}") as client:
            answer = (await client.call_tool("trial_word", {"text": word})).structured_content
            return str((answer or {})["result"])

    async with serving() as (url, _):
        words = [f"word {number}" for number in range(8)]
        paths = ["/mcp", "/sse"] * 4
        assert await asyncio.gather(*map(ask, [url] * 8, paths, words)) == words


async def test_a_session_that_is_left_without_a_goodbye_has_an_end() -> None:
    accept = {"Accept": "application/json, text/event-stream"}
    async with serving(idle=0.05) as (url, _), httpx2.AsyncClient(base_url=url, headers=accept, timeout=5) as client:
        session = (await client.post("/mcp", json=HELLO)).headers["mcp-session-id"]
        for pause in (0, 0.1, 0.2, 0.4, 0.8, 1.6):  # a question counts as life: only a longer pause can end it
            await asyncio.sleep(pause)
            answer = await client.post("/mcp", json=PING, headers={"mcp-session-id": session})
            if answer.status_code == 404:
                break
        assert "Session not found" in answer.text


async def test_a_client_that_hangs_up_in_the_middle_of_its_request_is_no_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    head = "Host: localhost\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\n"
    async with serving() as (url, _):
        port = httpx2.URL(url).port
        for path in ("/mcp", f"/messages/?session_id={'0' * 32}"):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"POST {path} HTTP/1.1\r\n{head}Content-Length: 99\r\n\r\n{{".encode())
            await writer.drain()
            await asyncio.sleep(0.05)
            writer.transport.abort()
        async with Client(f"{url}/mcp") as client:
            await client.list_tools()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_session_ended_while_something_is_asked_of_it_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    """As the SDK's own client leaves in the middle of a call: it cancels and says goodbye on two connections."""
    accept = {"Accept": "application/json, text/event-stream"}
    cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 2}}
    word = {
        "jsonrpc": "2.0",
        "id": 2,
        "method": "tools/call",
        "params": {"name": "trial_word", "arguments": {"text": ""}},
    }
    async with serving() as (url, _), httpx2.AsyncClient(base_url=url, headers=accept, timeout=5) as client:
        for messages in ([cancelled] * 6, [word] * 6, [word, cancelled] * 3):
            session = {"mcp-session-id": (await client.post("/mcp", json=HELLO)).headers["mcp-session-id"]}
            asks = [client.post("/mcp", json=message, headers=session) for message in messages]
            answers = await asyncio.gather(*asks, client.delete("/mcp", headers=session))
            assert answers[-1].status_code == 200
            assert {answer.status_code for answer in answers} <= {200, 202, 404}
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


async def test_the_terminal_asks_with_the_right_key_and_without_secrets() -> None:
    async with serving("the-key") as (url, _):
        answer = await ask(Server(url, "the-key"), "trial_word", {"text": "yes"})
        assert answer.structured_content == {"result": "yes"}
        for key in ("wrong", None):
            with pytest.raises(SystemExit, match="asks for another key"):
                await ask(Server(url, key), "trial_word", {"text": "no"})
        with pytest.raises(SystemExit, match=r"trial_lock takes secrets.*Use `ttai login`"):
            await ask(Server(url, "the-key"), "trial_lock", {"key": "hunter2hunter2"})
