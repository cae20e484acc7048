"""The app's read-only tools, for a plugin that works with them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from fastmcp import FastMCP
from fastmcp.tools import Tool, ToolResult
from mcp.types import TextContent

from ttai.errors import NotReadOnly, UnknownTool

if TYPE_CHECKING:
    from fastmcp.client.client import CallToolResult

APP = "app"  # the tag of what is for the desktop app alone


@dataclass(frozen=True)
class Listed:
    """A tool as a model would be told of it; `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """A tool's answer: the text a model reads, the structure a program reads."""

    text: str
    data: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, result: "ToolResult | CallToolResult") -> Self:
        """A result as the protocol carries it, less what is no text."""
        text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
        return cls(text, result.structured_content or {})


class Toolbox:
    """Lists and calls tools as a client would, through the same middleware; those that only read, none of the app's."""

    def __init__(self, mcp: FastMCP) -> None:
        self._mcp = mcp

    async def list(self) -> list[Listed]:
        """What may be called."""
        tools = sorted(await self._mcp.list_tools(), key=lambda tool: tool.name)
        return [Listed(tool.name, tool.description or "", tool.parameters) for tool in tools if _reads(tool)]

    async def steps(self, steps: Iterable[tuple[str, str]]) -> str:
        """What a prompt asks to do first, numbered: each step is a tool and a sentence, left out where it is not
        listed."""
        there = {tool.name for tool in await self.list()}
        said = [sentence for tool, sentence in steps if tool in there]
        return "\n".join(f"{number}. {sentence}" for number, sentence in enumerate(said, 1))

    async def call(self, name: str, /, **arguments: Any) -> Told:
        """One call; its failure is the error a client would read."""
        tool = await self._mcp.get_tool(name)
        if tool is None or APP in tool.tags:
            raise UnknownTool(name)
        if not _reads(tool):
            raise NotReadOnly(name)
        return Told.of(await self._mcp.call_tool(name, arguments))


def _reads(tool: Tool) -> bool:
    return tool.annotations is not None and tool.annotations.read_only_hint is True and APP not in tool.tags
