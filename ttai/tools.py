"""A tool as ttai serves it: tidied arguments in, one rendered answer out, every failure a sentence."""

import asyncio
import logging
from secrets import token_hex
from typing import Any

from fastmcp.exceptions import ToolError, ValidationError
from fastmcp.tools import FunctionTool, ToolResult
from mcp import MCPError
from mcp.types import TextContent
from pydantic import ValidationError as PydanticError

from ttai.answers import render
from ttai.arguments import coerce, explain
from ttai.errors import BadArgument, PluginFailed, TookTooLong, TtaiError, Unexpected

_log = logging.getLogger(__name__)


class AnswerTool(FunctionTool):
    """A plugin's function behind our arguments, our answers and our errors."""

    async def run(self, arguments: dict[str, Any]) -> ToolResult:
        try:
            return await super().run(coerce(arguments, self.parameters))
        except ValidationError as error:
            cause = error.__cause__
            said = explain(cause) if isinstance(cause, PydanticError) else str(error)
            raise BadArgument(said, f"Call {self.name} with other arguments") from None
        except BaseException as error:
            if is_cancelled(error):
                raise
            if self.timeout is not None and isinstance(error, MCPError) and _is_overdue(error):
                raise TookTooLong(self.timeout) from None
            raise sayable(error, self.name) from error

    def convert_result(self, raw_value: Any) -> ToolResult:
        if isinstance(raw_value, ToolResult):
            return raw_value
        answer = render(raw_value)
        return ToolResult(content=[TextContent(type="text", text=answer.text)], structured_content=answer.structured)


def _is_overdue(error: MCPError) -> bool:
    """Whether it is FastMCP's word for a tool that took longer than its `timeout`."""
    return error.error.code == -32000 and "execution timed out after" in error.error.message


def is_cancelled(error: BaseException) -> bool:
    """Whether the call is being cancelled by whoever made it, not a plugin that raises CancelledError by itself."""
    if not isinstance(error, asyncio.CancelledError):
        return False
    task = asyncio.current_task()  # anyio's scopes and asyncio's timeouts cancel the task, and count there
    return task is not None and task.cancelling() > 0


def sayable(error: BaseException, what: str) -> ToolError:
    """What a client may read of a failure; what it may not is logged under a reference."""
    if isinstance(error, TtaiError):
        return error
    if isinstance(error, ToolError):
        return error
    if isinstance(error, SystemExit | KeyboardInterrupt | GeneratorExit):
        _log.error("%s tried to end the server", what)
        return PluginFailed(what, "tried to end the server; it was not let")
    reference = token_hex(3)
    _log.error("%s failed (reference %s)", what, reference, exc_info=error)
    return Unexpected(reference)
