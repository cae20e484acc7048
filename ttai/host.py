"""What a plugin's `register(host)` receives: verbs to declare with, services to work with."""

import functools
import inspect
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from fastmcp import FastMCP
from fastmcp.prompts import Prompt
from fastmcp.resources import Resource, ResourceContent, ResourceResult, ResourceTemplate
from fastmcp.server.providers import LocalProvider
from fastmcp.tools import Tool
from mcp.types import ToolAnnotations
from pydantic import BaseModel
from pydantic_core import to_json

from ttai.answers import render
from ttai.broker.broker import Broker
from ttai.cache import Cache
from ttai.clock import Clock
from ttai.isolation import contained
from ttai.market.market import Market
from ttai.settings import Config, S
from ttai.tools import AnswerTool

F = TypeVar("F", bound=Callable[..., Awaitable[Any]])


@dataclass(frozen=True)
class Services:
    """What every plugin shares."""

    market: Market
    broker: Broker
    cache: Cache
    clock: Clock


class Declarations:
    """What one plugin declared, kept from the server until all of it is known to be valid.

    A provider of its own collects and checks it; the server then gets the parts, not the provider: each provider
    more costs every call of every tool a look-up.
    """

    def __init__(self) -> None:
        self.provider = LocalProvider(on_duplicate="error")
        self.names: list[str] = []
        self._open = True

    def note(self, name: str) -> None:
        """Write down a name before it is declared; RuntimeError once `register` has returned."""
        if not self._open:
            raise RuntimeError(f"{name} must be declared while register(host) runs")
        self.names.append(name)

    def close(self) -> None:
        """Take no more."""
        self._open = False

    def serve(self, mcp: FastMCP) -> None:
        """Put all of it into the server."""
        for part in self.provider._components.values():  # noqa: SLF001 - the public lists need a loop
            if isinstance(part, Tool):
                mcp.add_tool(part)
            elif isinstance(part, ResourceTemplate):
                mcp.add_template(part)
            elif isinstance(part, Resource):
                mcp.add_resource(part)
            elif isinstance(part, Prompt):
                mcp.add_prompt(part)


class Host:
    """One plugin's view of the server. Declaring does no IO; it takes effect when `register` returns."""

    def __init__(
        self, name: str, services: Services, config: Config, declarations: Declarations, *, ours: bool
    ) -> None:
        self.name = name
        self.log = logging.getLogger(f"ttai.plugins.{name}")
        self.market = services.market
        self.broker = services.broker
        self.cache = services.cache
        self.clock = services.clock
        self._config = config
        self._prefix = "" if ours else f"{name}_"
        self._declared = declarations

    @overload
    def tool(self, fn: F, /, **options: Any) -> F: ...

    @overload
    def tool(self, /, **options: Any) -> Callable[[F], F]: ...

    def tool(self, fn: F | None = None, /, **options: Any) -> F | Callable[[F], F]:
        """Serve an `async def` as a tool; options are FastMCP's (name, annotations, tags, timeout …).

        A third party's tool gets the plugin's name in front. Output schemas are off unless `output_schema`
        is given. The function stays what it was.
        """
        if fn is None:
            return lambda fn: self._tool(fn, options)
        return self._tool(fn, options)

    def resource(self, uri: str, **options: Any) -> Callable[[F], F]:
        """Serve an `async def` under a URI or template; an Answer is read as JSON; options are FastMCP's."""
        address = self._address(uri)

        def declare(fn: F) -> F:
            _must_be_async(fn, "resource")
            mime = {"mime_type": "application/json"} if _returns_model(fn) else {}
            self._declared.note(f"resource {address}")
            serve = self._declared.provider.resource(address, **{"tags": {self.name}, **mime, **options})
            serve(_contained(fn, address, _read))
            return fn

        return declare

    @overload
    def prompt(self, fn: F, /, **options: Any) -> F: ...

    @overload
    def prompt(self, /, **options: Any) -> Callable[[F], F]: ...

    def prompt(self, fn: F | None = None, /, **options: Any) -> F | Callable[[F], F]:
        """Serve an `async def` as a prompt; options are FastMCP's."""
        if fn is None:
            return lambda fn: self._prompt(fn, options)
        return self._prompt(fn, options)

    def settings(self, section: type[S]) -> S:
        """This plugin's settings: `TTAI_<PLUGIN>_<FIELD>`, `[<plugin>]` in config.toml, the defaults."""
        return self._config.plugin(self.name, section)

    def _tool(self, fn: F, options: dict[str, Any]) -> F:
        _must_be_async(fn, "tool")
        name = self._name(fn, options)
        if options.get("task"):  # FastMCP would refuse to start the whole server
            raise TypeError(f"tool {name!r} has task=True, which ttai does not serve")
        annotations = options.pop("annotations", None)
        if isinstance(annotations, dict):
            annotations = ToolAnnotations(**annotations)
        tags = {self.name, *(options.pop("tags", None) or ())}
        tool = AnswerTool.from_function(
            fn, name=name, annotations=annotations, tags=tags, **{"output_schema": None, **options}
        )
        self._declared.note(f"tool {name}")
        self._declared.provider.add_tool(tool)
        return fn

    def _prompt(self, fn: F, options: dict[str, Any]) -> F:
        _must_be_async(fn, "prompt")
        name = self._name(fn, options)
        self._declared.note(f"prompt {name}")
        self._declared.provider.prompt(_contained(fn, name), name=name, **{"tags": {self.name}, **options})
        return fn

    def _name(self, fn: F, options: dict[str, Any]) -> str:
        """A tool's or prompt's name; one that a model's API refuses would cost the user all of them."""
        name = self._prefix + (options.pop("name", None) or fn.__name__)
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
            raise ValueError(f"{name!r} is no name that clients take: at most 64 of a-z, A-Z, 0-9, _ and -")
        return name

    def _address(self, uri: object) -> str:
        """A third party's URI has the plugin's name as its scheme, or in front of its path."""
        scheme, separator, rest = str(uri).partition("://")
        if not separator:
            raise ValueError(f'{uri!r} is no URI; write @host.resource("scheme://path")')
        return str(uri) if not self._prefix or scheme == self.name else f"{scheme}://{self.name}/{rest}"


def _must_be_async(fn: Callable[..., Any], what: str) -> None:
    if not inspect.iscoroutinefunction(fn):
        raise TypeError(f"{what} {getattr(fn, '__name__', fn)!r} must be `async def`")


def _returns_model(fn: Callable[..., Any]) -> bool:
    hint = inspect.get_annotations(inspect.unwrap(fn), eval_str=True).get("return")
    return isinstance(hint, type) and issubclass(hint, BaseModel)


def _contained(
    fn: Callable[..., Awaitable[Any]], what: str, finish: Callable[[Any], Any] = lambda value: value
) -> Callable[..., Awaitable[Any]]:
    """`fn` with what it returns finished, and its failure made sayable, as tools have it."""

    async def finished(*args: Any, **kwargs: Any) -> Any:
        return finish(await fn(*args, **kwargs))

    @functools.wraps(fn)
    async def contained_fn(*args: Any, **kwargs: Any) -> Any:
        return await contained(lambda: finished(*args, **kwargs), what)

    return contained_fn


def _read(value: Any) -> Any:
    """What a resource returned as FastMCP takes it: answers are read as JSON."""
    if isinstance(value, str | bytes | ResourceResult):
        return value
    return ResourceResult([ResourceContent(to_json(render(value).structured).decode(), "application/json")])
