"""Around every call: the deadline, the ledger, the log line."""

import asyncio
import logging
import math
from collections.abc import Callable

import pytest
from fastmcp import Client, FastMCP
from fastmcp.exceptions import ToolError
from mcp import MCPError
from mcp.types import INVALID_PARAMS

from ttai import Answer, BadArgument, Host
from ttai.clock import time_left
from ttai.logs import request_id
from ttai.middleware import Calls, Ledger
from ttai.testing import Era, harness
from ttai.tools import AnswerTool

ERAS: list[Era] = ["auto", "legacy"]


class Note(Answer):
    text: str


def small(seconds: float, ledger: Ledger, answered: Callable[[], None] = lambda: None) -> FastMCP:
    """A server of a few tools behind the middleware."""
    mcp = FastMCP("small", middleware=[Calls(ledger, answered, seconds)], mask_error_details=True)

    async def stuck() -> str:
        await asyncio.Event().wait()
        return "never"

    async def left() -> float:
        return time_left(math.inf)

    async def say(text: str) -> Note:
        return Note(text=text)

    async def refuse() -> str:
        raise BadArgument("no", "Ask otherwise")

    for fn in (stuck, left, say, refuse):
        mcp.add_tool(AnswerTool.from_function(fn, output_schema=None))

    @mcp.resource("trial://{how}")
    async def read(how: str) -> str:
        return await stuck() if how == "stuck" else "ü" * 10

    @mcp.prompt
    async def brief() -> str:
        """Brief, not."""
        return await stuck()

    return mcp


async def test_what_does_not_end_is_answered_at_the_deadline() -> None:
    ledger = Ledger()
    async with Client(small(0.05, ledger)) as client:
        with pytest.raises(ToolError, match=r"TIMEOUT: no answer within 0 s\. Try again, or ask for less at once"):
            await client.call_tool("stuck")
        with pytest.raises(MCPError, match="TIMEOUT"):
            await client.read_resource("trial://stuck")
        with pytest.raises(MCPError, match="TIMEOUT"):
            await client.get_prompt("brief")
    assert (ledger.calls, ledger.errors) == (3, 3)


async def test_a_tool_knows_how_long_it_may_take() -> None:
    async with Client(small(7, Ledger())) as client:
        left = (await client.call_tool("left")).structured_content
    assert left is not None
    assert 6 < left["result"] <= 7


async def test_the_ledger_counts_calls_errors_sizes_and_time() -> None:
    ledger = Ledger()
    async with Client(small(7, ledger)) as client:
        await client.call_tool("say", {"text": "é" * 1000})
        await client.call_tool("say", {"text": "short"})
        with pytest.raises(ToolError):
            await client.call_tool("refuse")
    assert (ledger.calls, ledger.errors, ledger.largest_tool) == (3, 1, "say")
    assert ledger.largest == len(f"text: {'é' * 1000}".encode()) + len(f'{{"text":"{"é" * 1000}"}}'.encode())
    assert ledger.slowest_ms > 0


async def test_resources_are_counted_in_bytes() -> None:
    ledger = Ledger()
    async with Client(small(7, ledger)) as client:
        await client.read_resource("trial://now")
    assert (ledger.largest, ledger.largest_tool) == (20, "trial://now")


async def test_each_call_is_one_line_with_its_id(caplog: pytest.LogCaptureFixture) -> None:
    ids: list[str] = []

    class Keep(logging.Handler):
        def emit(self, _record: logging.LogRecord) -> None:
            ids.append(request_id.get())

    keep = Keep()
    caplog.set_level(logging.INFO, "ttai.calls")
    logging.getLogger("ttai.calls").addHandler(keep)
    async with Client(small(7, Ledger())) as client:
        await client.call_tool("say", {"text": "x"})
        with pytest.raises(ToolError):
            await client.call_tool("refuse")
        with pytest.raises(ToolError):
            await client.call_tool("n" * 5000)
    logging.getLogger("ttai.calls").removeHandler(keep)
    lines = [record.getMessage() for record in caplog.records if record.name == "ttai.calls"]
    assert [line.split(",")[0] for line in lines] == ["say: ok", "refuse: VALIDATION", f"{'n' * 80}: NOT_FOUND"]
    assert ids == ["r1", "r2", "r3"]


async def test_a_call_that_its_client_gave_up_is_said_to_be_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "ttai.calls")
    ledger = Ledger()
    async with Client(small(7, ledger)) as client:
        with pytest.raises(MCPError):
            await client.call_tool("stuck", timeout=0.05)
        await client.call_tool("left")  # the loop has turned
    assert "stuck: cancelled" in caplog.text


async def test_an_unknown_tool_is_said_to_be_unknown_and_briefly() -> None:
    async with harness() as h:
        with pytest.raises(ToolError, match=r"^NOT_FOUND: there is no tool get_qoute\. Did you mean get_quote\?"):
            await h.call("get_qoute")
        with pytest.raises(ToolError) as refused:
            await h.call("x" * 10_000)
        assert len(str(refused.value)) < 200


@pytest.mark.parametrize("mode", ERAS)
async def test_an_unknown_resource_or_prompt_is_said_so_under_the_protocols_code(mode: Era) -> None:
    async with harness(mode=mode) as h:
        with pytest.raises(MCPError, match=r"^NOT_FOUND: there is no resource nothing://here\. List") as refused:
            await h.client.read_resource("nothing://here")
        assert refused.value.error.code == INVALID_PARAMS
        assert refused.value.error.data == {"uri": "nothing://here"}
        with pytest.raises(MCPError, match=r"^NOT_FOUND: there is no prompt nothing\. List the prompts") as refused:
            await h.client.get_prompt("nothing")
        assert refused.value.error.code == INVALID_PARAMS
        with pytest.raises(MCPError) as refused:
            await h.client.get_prompt("x" * 10_000)
        assert len(str(refused.value)) < 200


async def test_the_ledger_is_in_get_status() -> None:
    def register(host: Host) -> None:
        @host.tool
        async def much() -> Note:
            """Say much."""
            return Note(text="x" * 5000)

    async with harness(register) as h:
        await h.call("trial_much")
        with pytest.raises(ToolError):
            await h.call("nothing")
        status = (await h.call("get_status")).data
    assert (status["calls"], status["errors"]) == (2, 1)
    assert status["largest_answer_tool"] == "trial_much"
    assert status["largest_answer_bytes"] > 10_000
    assert status["slowest_call_tool"] in {"trial_much", "nothing"}


async def test_who_waits_for_the_first_answer_is_told_after_it() -> None:
    told = asyncio.Event()
    async with Client(small(7, Ledger(), told.set)) as client:
        await client.call_tool("left")
        await asyncio.wait_for(told.wait(), 5)


async def test_a_first_message_that_may_wait_for_a_plugin_lets_them_start_at_once() -> None:
    begun = asyncio.Event()
    mcp = small(5, Ledger(), begun.set)

    @mcp.tool
    async def wait() -> str:
        await begun.wait()
        return "begun"

    async with Client(mcp, mode="2026-07-28") as client:  # sends no server/discover
        assert (await client.call_tool("wait")).data == "begun"
