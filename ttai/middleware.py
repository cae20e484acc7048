"""Around every call: an id, a deadline, a ledger of sizes, one log line."""

import asyncio
import logging
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count
from time import perf_counter
from typing import Any

from fastmcp.exceptions import NotFoundError
from fastmcp.resources import ResourceResult
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools import ToolResult
from mcp.types import CallToolRequestParams, ReadResourceRequestParams
from pydantic_core import to_json

from ttai.clock import deadline
from ttai.errors import TookTooLong, TtaiError, UnknownTool

DEADLINE = 40.0  # clients give up after a minute; an answer that says what is missing beats none

request_id: ContextVar[str] = ContextVar("request_id", default="-")

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
    by_tool: dict[str, int] = field(default_factory=dict)

    def enter(self, name: str, size: int, milliseconds: float, *, failed: bool) -> None:
        """Add one call."""
        self.calls += 1
        self.errors += failed
        self.by_tool[name] = self.by_tool.get(name, 0) + 1
        if size > self.largest:
            self.largest, self.largest_tool = size, name
        if milliseconds > self.slowest_ms:
            self.slowest_ms, self.slowest_tool = milliseconds, name


class Calls(Middleware):
    """The one middleware of the app."""

    def __init__(self, ledger: Ledger, answered: Callable[[], None]) -> None:
        self._ledger = ledger
        self._answered = answered
        self._ids = count(1)

    async def on_message(self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]) -> Any:
        try:
            return await call_next(context)
        finally:
            # The answer leaves after this returns: what waits for it starts a moment later.
            asyncio.get_running_loop().call_later(0.05, self._answered)

    async def on_call_tool(
        self,
        context: MiddlewareContext[CallToolRequestParams],
        call_next: CallNext[CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        name = context.message.name
        try:
            result: ToolResult = await self._timed(name, context, call_next)
            return result
        except NotFoundError:
            raise UnknownTool(name[:80]) from None

    async def on_read_resource(
        self,
        context: MiddlewareContext[ReadResourceRequestParams],
        call_next: CallNext[ReadResourceRequestParams, Any],
    ) -> Any:
        return await self._timed(str(context.message.uri), context, call_next)

    async def _timed(self, name: str, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]) -> Any:
        token = request_id.set(f"r{next(self._ids)}")
        start = perf_counter()
        size = 0
        outcome = "failed"
        try:
            with deadline(DEADLINE):
                async with asyncio.timeout(DEADLINE):
                    result = await call_next(context)
            size = _size(result)
            outcome = "ok"
            return result
        except TimeoutError:
            outcome = "TIMEOUT"
            raise TookTooLong(DEADLINE) from None
        except TtaiError as error:
            outcome = error.code
            raise
        finally:
            spent = (perf_counter() - start) * 1000
            self._ledger.enter(name, size, spent, failed=outcome != "ok")
            _log.info("%s %s: %s, %.0f ms, %d bytes", request_id.get(), name, outcome, spent, size)
            request_id.reset(token)


def _size(result: Any) -> int:
    """Bytes of text and structure that leave for the client."""
    if isinstance(result, ResourceResult):
        return sum(len(item.content) for item in result.contents)
    if not isinstance(result, ToolResult):
        return 0
    text = sum(len(getattr(block, "text", "").encode()) for block in result.content)
    return text + (len(to_json(result.structured_content)) if result.structured_content else 0)
