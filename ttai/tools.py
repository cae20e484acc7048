"""A tool as ttai serves it: tidied arguments in, one rendered answer out, every failure a sentence."""

import functools
import inspect
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, get_type_hints

from fastmcp.exceptions import ValidationError
from fastmcp.tools import FunctionTool, ToolResult
from fastmcp.utilities.types import Audio, File, Image
from mcp import MCPError
from mcp.types import ContentBlock, TextContent
from pydantic import PrivateAttr
from pydantic import ValidationError as PydanticError

from ttai.answers import PAGE, Picture, render, structured
from ttai.arguments import coerce, explain
from ttai.errors import BadArgument, TookTooLong
from ttai.isolation import contained, refuses_client


class AnswerTool(FunctionTool):
    """A plugin's function behind our arguments, our answers and our errors, once its plugin has started."""

    _ready: Callable[[], Awaitable[None]] | None = PrivateAttr(default=None)

    @classmethod
    def from_function(cls, fn: Callable[..., Any], **options: Any) -> FunctionTool:
        """As FastMCP has it, which works out the output schema also where none is wanted: most of what a tool costs."""
        if options.get("output_schema", ...) is not None:
            return super().from_function(fn, **options)
        tool = super().from_function(_untold(fn), **options)
        tool.return_type = _returned(fn)
        return tool

    def wait_for(self, ready: Callable[[], Awaitable[None]]) -> None:
        """Wait for this before every call."""
        self._ready = ready

    async def run(self, arguments: dict[str, Any]) -> ToolResult:
        return await contained(lambda: self._answer(arguments), self.name, refuses_client)

    async def _answer(self, arguments: dict[str, Any]) -> ToolResult:
        if self._ready is not None:
            await self._ready()
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
        if isinstance(raw_value, ToolResult) or _is_content(raw_value):
            return super().convert_result(raw_value)
        answer = render(raw_value)
        if isinstance(raw_value, Picture):
            return _seen(raw_value, answer.structured)
        return ToolResult(content=[TextContent(type="text", text=answer.text)], structured_content=answer.structured)


def _untold(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, without a word of what it returns."""

    @functools.wraps(fn)
    async def untold(*args: Any, **kwargs: Any) -> Any:
        return await fn(*args, **kwargs)

    untold.__annotations__ = {name: kind for name, kind in fn.__annotations__.items() if name != "return"}
    signature = inspect.signature(fn).replace(return_annotation=inspect.Signature.empty)
    untold.__signature__ = signature  # type: ignore[attr-defined]
    return untold


def _returned(fn: Callable[..., Any]) -> Any:
    """What a function says that it returns, as a type where its name is known."""
    returned = inspect.signature(fn).return_annotation
    if isinstance(returned, str):
        with suppress(Exception):  # what a name stands for may be known to type checkers alone
            return get_type_hints(fn, include_extras=True)["return"]
    return returned


def _seen(picture: Picture, facts: dict[str, Any]) -> ToolResult:
    """A picture as the protocol carries it: words, image, structure, and what its page draws."""
    said = "\n".join([*picture.said, *(f"note: {note}" for note in picture.notes)])
    image = Image(data=picture.png, format="png").to_image_content()
    page = structured(picture.page, PAGE) if picture.page else None
    meta = {"ttai/page": page} if page else None
    return ToolResult(content=[TextContent(type="text", text=said), image], structured_content=facts, meta=meta)


def _is_content(value: Any) -> bool:
    """Whether it is made of the protocol's own blocks (pictures, sounds, files), alone or in a list."""
    parts = value if isinstance(value, list | tuple) else [value]
    return any(isinstance(part, ContentBlock | Audio | File | Image) for part in parts)


def _is_overdue(error: MCPError) -> bool:
    """Whether it is FastMCP's word for a tool that took longer than its `timeout`."""
    return error.error.code == -32000 and "execution timed out after" in error.error.message
