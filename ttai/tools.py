"""A tool as ttai serves it: tidied arguments in, one rendered answer out, every failure a sentence."""

import functools
from collections.abc import Awaitable, Callable
from types import FunctionType, MethodType
from typing import Any, Self, cast, get_type_hints

from fastmcp.exceptions import ValidationError
from fastmcp.tools import FunctionTool, ToolResult
from fastmcp.utilities.types import Audio, File, Image
from mcp import MCPError
from mcp.types import ContentBlock, TextContent
from pydantic import PrivateAttr
from pydantic import ValidationError as PydanticError

from ttai.answers import PAGE, Picture, Rendered, render, structured
from ttai.arguments import briefly, coerce, explain
from ttai.errors import BadArgument, TookTooLong
from ttai.isolation import contained, refuses_client


class Measured(ToolResult):
    """A result that knows its size: rendering has counted it, the ledger need not."""

    _bytes: int = PrivateAttr(default=0)

    @property
    def bytes(self) -> int:
        """Bytes of text and structure."""
        return self._bytes

    @classmethod
    def of(cls, answer: Rendered) -> Self:
        result = cls(content=[TextContent(type="text", text=answer.text)], structured_content=answer.structured)
        result._bytes = answer.bytes
        return result


class AnswerTool(FunctionTool):
    """A plugin's function behind our arguments, our answers and our errors, once its plugin has started."""

    _ready: Callable[[], Awaitable[None]] | None = PrivateAttr(default=None)
    _takes: dict[str, Any] = PrivateAttr(default_factory=dict)  # the whole schema, of which `parameters` is told

    @classmethod
    def of(cls, fn: Callable[..., Any], **options: Any) -> Self:
        """The tool of a function; its output schema is published only if `output_schema` is given."""
        if "output_schema" in options:
            tool = cast("Self", cls.from_function(fn, **options))
        else:
            tool = cast("Self", cls.from_function(_without_return(fn), output_schema=None, **options))
            tool.return_type = _returned(fn)
        tool.tell_briefly()
        return tool

    def tell_briefly(self) -> None:
        """Publish no more of the schema than a model needs."""
        self._takes, self.parameters = self.parameters, briefly(self.parameters)

    def wait_for(self, ready: Callable[[], Awaitable[None]]) -> None:
        """Wait for this before every call."""
        self._ready = ready

    async def run(self, arguments: dict[str, Any]) -> ToolResult:
        return await contained(lambda: self._answer(arguments), self.name, refuses_client)

    async def _answer(self, arguments: dict[str, Any]) -> ToolResult:
        if self._ready is not None:
            await self._ready()
        try:
            return await super().run(coerce(arguments, self._takes or self.parameters))
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
        return Measured.of(answer)


def _without_return(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The same function that does not say what it returns: half of a start went into schemas nobody was shown."""
    if isinstance(fn, MethodType):
        return MethodType(_without_return(fn.__func__), fn.__self__)
    if not isinstance(fn, FunctionType) or hasattr(fn, "__wrapped__"):  # its signature is that of another
        return fn
    bare = FunctionType(fn.__code__, fn.__globals__, fn.__name__, fn.__defaults__, fn.__closure__)
    bare.__kwdefaults__ = fn.__kwdefaults__
    functools.update_wrapper(bare, fn)
    del bare.__wrapped__  # type: ignore[attr-defined]
    bare.__annotations__ = {name: kind for name, kind in fn.__annotations__.items() if name != "return"}
    return bare


def _returned(fn: Callable[..., Any]) -> Any:
    """What a function says that it returns, None where it does not or in words that mean nothing here."""
    try:
        return get_type_hints(fn, include_extras=True).get("return")
    except Exception:  # noqa: BLE001 - whatever stands there is its author's, and wanted for a listing alone
        return None


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
