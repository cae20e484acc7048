"""Around every call: an id, a deadline, a ledger of sizes, one log line."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import count
from time import perf_counter
from typing import Any

from fastmcp.exceptions import NotFoundError
from fastmcp.resources import ResourceResult
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools import ToolResult
from mcp import MCPError
from mcp.types import INVALID_PARAMS, CallToolRequestParams, GetPromptRequestParams, ReadResourceRequestParams
from pydantic_core import to_json

from ttai.clock import deadline
from ttai.errors import NotFound, TookTooLong, TtaiError, UnknownTool
from ttai.logs import request_id

# What is answered without any plugin's start; all else may be waiting for one.
_OF_ITSELF = frozenset({"initialize", "server/discover", "ping", "tools/list", "resources/list", "prompts/list",
                        "resources/templates/list"})  # fmt: skip
DEADLINE = 40.0  # s; clients give up after a minute, and an answer that says what is missing beats none
LONGEST_NAME = 80

_log = logging.getLogger("ttai.calls")


@dataclass
class Ledger:
    """What the calls so far cost: counts, the largest answer in bytes (text and structure), the slowest call."""

    calls: int = 0
    errors: int = 0
    largest: int = 0
    largest_tool: str | None = None
    slowest_ms: float = 0.0
    slowest_tool: str | None = None

    def enter(self, name: str, size: int, milliseconds: float, *, failed: bool) -> None:
        """Add one call."""
        self.calls += 1
        self.errors += failed
        if size > self.largest:
            self.largest, self.largest_tool = size, name
        if milliseconds > self.slowest_ms:
            self.slowest_ms, self.slowest_tool = milliseconds, name


class Calls(Middleware):
    """The one middleware of the app; `answered` is called once the first answer is out."""

    def __init__(self, ledger: Ledger, answered: Callable[[], None], seconds: float = DEADLINE) -> None:
        self._ledger = ledger
        self.why_absent: Callable[[str], str | None] = lambda _: None  # which plugin's failure a missing tool is
        self._answered: Callable[[], None] | None = answered
        self._seconds = seconds
        self._ids = count(1)

    async def on_message(self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]) -> Any:
        if context.method not in _OF_ITSELF:
            self._begin()
        try:
            return await call_next(context)
        finally:
            self._begin()  # the answer leaves after this returns: what waits for it starts a moment later

    def _begin(self) -> None:
        if self._answered:
            asyncio.get_running_loop().call_later(0.05, self._answered)
            self._answered = None

    async def on_call_tool(
        self,
        context: MiddlewareContext[CallToolRequestParams],
        call_next: CallNext[CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        result: ToolResult = await self._timed(context.message.name, context, call_next)
        return result

    async def on_read_resource(
        self,
        context: MiddlewareContext[ReadResourceRequestParams],
        call_next: CallNext[ReadResourceRequestParams, Any],
    ) -> Any:
        return await self._timed(str(context.message.uri), context, call_next)

    async def on_get_prompt(
        self,
        context: MiddlewareContext[GetPromptRequestParams],
        call_next: CallNext[GetPromptRequestParams, Any],
    ) -> Any:
        return await self._timed(f"prompt {context.message.name}", context, call_next)

    async def _timed(self, name: str, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]) -> Any:
        name = name[:LONGEST_NAME]
        token = request_id.set(f"r{next(self._ids)}")
        start = perf_counter()
        size = 0
        outcome = "failed"
        try:
            with deadline(self._seconds):
                async with asyncio.timeout(self._seconds):
                    result = await call_next(context)
            size = _size(result)
            outcome = "ok"
            return result
        except TimeoutError:
            outcome = TookTooLong.code
            raise TookTooLong(self._seconds) from None
        except NotFoundError:
            outcome = UnknownTool.code
            raise await self._unknown(context, name) from None
        except TtaiError as error:
            outcome = error.code
            raise
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        finally:
            spent = (perf_counter() - start) * 1000
            self._ledger.enter(name, size, spent, failed=outcome != "ok")
            _log.info("%s: %s, %.0f ms, %d bytes", name, outcome, spent, size)
            request_id.reset(token)

    async def _unknown(self, context: MiddlewareContext[Any], name: str) -> Exception:
        """The sentence for what is not there; of resources and prompts under the protocol's own code."""
        if context.method == "tools/call":
            there = context.fastmcp_context and await context.fastmcp_context.fastmcp.list_tools()
            near = get_close_matches(name, [tool.name for tool in there or ()], n=1)
            return UnknownTool(name, near[0] if near else None, self.why_absent(name))
        kind = "resource" if context.method == "resources/read" else "prompt"
        what = name.removeprefix("prompt ")
        said = NotFound(f"there is no {kind} {what}", f"List the {kind}s to see what there is")
        data = {"uri": str(context.message.uri)} if kind == "resource" else None
        return MCPError(code=INVALID_PARAMS, message=str(said), data=data)


def _size(result: Any) -> int:
    """Bytes of text and structure that leave for the client."""
    if isinstance(result, ResourceResult):
        return sum(len(part.content.encode() if isinstance(part.content, str) else part.content)
                   for part in result.contents)  # fmt: skip
    if not isinstance(result, ToolResult):
        return 0
    if counted := getattr(result, "bytes", 0):
        return int(counted)
    text = sum(len(getattr(block, "text", "").encode()) for block in result.content)
    return text + (len(to_json(result.structured_content)) if result.structured_content else 0)
