"""Whatever a client sends, it gets an answer within bounds or a sentence that says what is wrong."""

import asyncio
import base64
import json
import re
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from fastmcp import Client
from fastmcp.exceptions import ToolError
from hypothesis import assume, given
from hypothesis import strategies as st
from mcp import MCPError
from mcp.types import CallToolResult, ImageContent, TextContent

from tests.fuzz.strategies import Schema, arguments, cases, texts
from ttai.answers import CAP
from ttai.testing import Harness, harness
from ttai.web import Token, web_app

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

# What a client may be told: INTERNAL and PLUGIN say that ttai or a plugin is at fault.
SAID = re.compile(
    "(AUTHENTICATION|AUTHORIZATION|VALIDATION|NOT_FOUND|RATE_LIMIT|BROKER|ANALYSIS|DATABASE|LLM|TIMEOUT): ."
)
LEAKS = re.compile(r"Traceback|object at 0x|<class '|site-packages|\.py\"|pydantic")
LONGEST_ERROR = 1024
LARGEST_IMAGE = 150 * 1024
SLOWEST = 5.0
MODERN = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "fuzz", "version": "0"},
}  # fmt: skip


@dataclass(repr=False)  # hypothesis would print it whole
class Server:
    """One app for all cases: a client of each era, its doors to HTTP, its tools as they are listed."""

    harness: Harness
    clients: list[Client[Any]]
    http: httpx2.AsyncClient
    schemas: dict[str, Schema] = field(default_factory=dict)
    uris: list[str] = field(default_factory=list)

    @property
    def tools(self) -> st.SearchStrategy[str]:
        """Names of tools, those more often that take more arguments."""
        weighed = [name for name, schema in sorted(self.schemas.items()) for _ in [0, *schema["properties"]]]
        return st.sampled_from(weighed)


@asynccontextmanager
async def _kept(context: Any) -> AsyncIterator[None]:
    """A context entered and left in one task: a module's fixture begins and ends in two."""
    entered, left = asyncio.Event(), asyncio.Event()

    async def keep() -> None:
        async with context:
            entered.set()
            await left.wait()

    task = asyncio.create_task(keep())
    await entered.wait()
    yield
    left.set()
    await task


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[Server]:
    """A server that must, after all cases, answer as before, read what it wrote, and leave nothing behind."""
    async with AsyncExitStack() as stack:
        h = await stack.enter_async_context(harness(app_tools=True))
        legacy = await stack.enter_async_context(Client(h.app.mcp, mode="legacy"))
        web = web_app(h.app, Token(None))
        await stack.enter_async_context(_kept(web.router.lifespan_context(web)))
        door = httpx2.AsyncClient(transport=httpx2.ASGITransport(web), base_url="http://localhost")
        made = Server(h, [h.client, legacy], await stack.enter_async_context(door))
        made.schemas = {tool.name: tool.input_schema for tool in await h.client.list_tools()}
        made.uris = [str(one.uri) for one in await h.client.list_resources()]
        made.uris += [one.uri_template for one in await h.client.list_resource_templates()]
        yield made
        for client in made.clients:
            assert "pong" in str(await client.call_tool("ping"))
        true = h.simulator.world.snapshot("SPY", h.clock.now().timestamp())
        assert true is not None
        assert (await h.call("get_quote", symbol="SPY")).data["last"] == pytest.approx(true.last)
        for one in (await h.call("get_watchlists")).rows("watchlists"):
            assert (await h.call("get_watchlists", name=one["name"])).data["name"] == one["name"]
        config = h.app.settings.data_dir / "config.toml"
        if config.exists():
            tomllib.loads(config.read_text("utf-8"))
    assert asyncio.all_tasks() == {asyncio.current_task()}


def carried(value: Any) -> int:
    """How many bytes of strict JSON it is."""
    return len(json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode())


def check_answer(result: CallToolResult) -> None:
    """An answer is strict JSON within the budget, an error a short sentence under one of the codes."""
    text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
    carried(text)
    if result.is_error:
        check_error(text)
        return
    assert len(text.encode()) + carried(result.structured_content) <= CAP
    images = [len(base64.b64decode(block.data)) for block in result.content if isinstance(block, ImageContent)]
    assert len(images) <= 1
    assert sum(images) <= LARGEST_IMAGE


def check_error(said: str) -> None:
    """It says what is wrong, not what ttai is made of."""
    assert carried(said)
    assert SAID.match(said), said[:300]
    assert not LEAKS.search(said), said[:300]
    assert len(said.encode()) <= LONGEST_ERROR, said[:300]


async def in_time(ask: Callable[[], Awaitable[Any]]) -> Any:
    """What comes; what took too long must not the second time, when nothing is loaded and others leave us time."""
    for _ in range(2):
        started = perf_counter()
        came = await ask()
        if (spent := perf_counter() - started) < SLOWEST:
            return came
    raise AssertionError(f"it took {spent:.1f} s, twice")


@cases(150)
@given(st.data())
async def test_a_tool_answers_or_says_what_is_wrong(server: Server, data: st.DataObject) -> None:
    name = data.draw(server.tools, "tool")
    client = server.clients[data.draw(st.integers(0, 1), "era")]
    sent = data.draw(arguments(server.schemas[name]), "arguments")
    try:
        result = await in_time(lambda: client.call_tool_mcp(name, sent))
    except UnicodeEncodeError:
        assume(False)  # this client can't send it, the one below can
    check_answer(result)
    assert name not in {task.get_name() for task in asyncio.all_tasks()}


@cases(40)
@given(st.data())
async def test_what_only_bytes_can_say_is_answered_too(server: Server, data: st.DataObject) -> None:
    name = data.draw(server.tools, "tool")
    sent = data.draw(arguments(server.schemas[name]), "arguments")
    asked = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": name, "arguments": sent, "_meta": META},
    }
    headers = {
        "accept": "application/json, text/event-stream", "content-type": "application/json",
        "mcp-protocol-version": MODERN, "mcp-method": "tools/call", "mcp-name": name,
    }  # fmt: skip
    body = json.dumps(asked)  # with NaN, Infinity and halves of characters
    response = await in_time(lambda: server.http.post("/mcp", content=body, headers=headers))
    if response.headers["content-type"].startswith("text/event-stream"):
        answer = json.loads(response.text.rpartition("data: ")[2])
    else:
        answer = json.loads(response.text)
    if response.status_code == 400:  # digits or brackets without end
        assert answer["error"]["message"] == "Parse error"
    else:
        check_answer(CallToolResult.model_validate(answer["result"]))


@cases(40)
@given(st.data())
async def test_a_resource_is_read_or_its_absence_said(server: Server, data: st.DataObject) -> None:
    client = server.clients[data.draw(st.integers(0, 1), "era")]
    uri = data.draw(st.sampled_from(server.uris), "of")
    uri = re.sub(r"\{[^}]*\}", lambda _: data.draw(texts, "part"), uri) + data.draw(st.just("") | texts, "more")
    try:
        contents = await in_time(lambda: client.read_resource(uri))
    except (ValueError, UnicodeEncodeError):
        assume(False)  # this client can't send it
    except MCPError as error:
        check_error(str(error))
    else:
        assert carried([part.model_dump(mode="json") for part in contents]) < 512 * 1024
        if contents[0].mime_type == "application/json":
            json.loads(contents[0].text, parse_constant=pytest.fail)


@cases(10)
@given(st.data())
async def test_a_tool_that_there_is_not_is_not_found(server: Server, data: st.DataObject) -> None:
    name = data.draw(texts, "name")
    assume(name not in server.schemas)
    try:
        check_answer(await server.clients[data.draw(st.integers(0, 1), "era")].call_tool_mcp(name, {}))
    except (MCPError, ToolError) as error:
        check_error(str(error))
    except UnicodeEncodeError:
        assume(False)
