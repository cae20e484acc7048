"""A tool as ttai serves it: tidied arguments in, one rendered answer out, every failure a sentence."""

from typing import Any

from fastmcp.exceptions import ValidationError
from fastmcp.tools import FunctionTool, ToolResult
from mcp import MCPError
from mcp.types import TextContent
from pydantic import ValidationError as PydanticError

from ttai.answers import render
from ttai.arguments import coerce, explain
from ttai.errors import BadArgument, TookTooLong
from ttai.isolation import contained


class AnswerTool(FunctionTool):
    """A plugin's function behind our arguments, our answers and our errors."""

    async def run(self, arguments: dict[str, Any]) -> ToolResult:
        return await contained(lambda: self._answer(arguments), self.name)

    async def _answer(self, arguments: dict[str, Any]) -> ToolResult:
        try:
            return await super().run(coerce(arguments, self.parameters))
        except ValidationError as error:
            cause = error.__cause__
            said = explain(cause) if isinstance(cause, PydanticError) else str(error)
            raise BadArgument(said, f"Call {self.name} with other arguments") from None
        except MCPError as error:
            if self.timeout is not None and _is_overdue(error):
                raise TookTooLong(self.timeout) from None
            raise

    def convert_result(self, raw_value: Any) -> ToolResult:
        if isinstance(raw_value, ToolResult):
            return raw_value
        answer = render(raw_value)
        return ToolResult(content=[TextContent(type="text", text=answer.text)], structured_content=answer.structured)


def _is_overdue(error: MCPError) -> bool:
    """Whether it is FastMCP's word for a tool that took longer than its `timeout`."""
    return error.error.code == -32000 and "execution timed out after" in error.error.message
