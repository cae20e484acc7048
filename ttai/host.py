"""What a plugin's `register(host)` receives: verbs to declare with, services to work with."""

import functools
import inspect
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast, overload

from fastmcp.resources import ResourceContent, ResourceResult
from mcp.types import ToolAnnotations
from pydantic import BaseModel
from pydantic_core import to_json

from ttai.answers import render
from ttai.background.jobs import During, Job, Needs, Schedule
from ttai.background.notifier import Notifier
from ttai.background.scheduler import Scheduler
from ttai.background.tasks import Tasks
from ttai.broker.broker import Broker
from ttai.cache import Cache
from ttai.clock import Clock
from ttai.declarations import Declarations, Later, Lifespan, Offer, Tables
from ttai.errors import MissingService
from ttai.exports import Exports
from ttai.isolation import contained, refuses_client
from ttai.llm import Llm
from ttai.market.market import Market
from ttai.settings import Config, S
from ttai.storage.database import Database
from ttai.subscriptions import Changes, Subscriptions
from ttai.toolbox import Toolbox
from ttai.tools import AnswerTool

F = TypeVar("F", bound=Callable[..., Awaitable[Any]])
L = TypeVar("L", bound=Callable[[], Any])
T = TypeVar("T")
Ready = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Services:
    """What every plugin shares."""

    market: Market
    broker: Broker
    cache: Cache
    clock: Clock
    database: Database
    notifier: Notifier
    scheduler: Scheduler
    tasks: Tasks
    tools: Toolbox
    llm: Llm
    exports: Exports
    subscriptions: Subscriptions


@dataclass(frozen=True)
class Place:
    """Where one plugin stands: what the others provide, whether more may still come, how to wait for its start."""

    offers: Mapping[type, Offer]
    last_call: bool
    ready: Ready


class Host:
    """One plugin's view of the server. Declaring does no IO; it takes effect when `register` returns."""

    def __init__(
        self, name: str, services: Services, config: Config, declarations: Declarations, place: Place, *, ours: bool
    ) -> None:
        self.name = name
        self.log = logging.getLogger(f"ttai.plugins.{name}")
        self.market = services.market
        self.broker = services.broker
        self.cache = services.cache
        self.clock = services.clock
        self.database = services.database.of(name)
        self.notifier = services.notifier
        self.scheduler = services.scheduler
        self.tasks = services.tasks
        self.tools = services.tools
        self.llm = services.llm
        self.exports = services.exports
        self._place = place
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
            return lambda fn: self._tool(fn, dict(options))  # it may be used for several tools
        return self._tool(fn, options)

    def resource(self, uri: str, *, changes: Changes | None = None, **options: Any) -> Callable[[F], F]:
        """Serve an `async def` under a URI or template; an Answer is read as JSON; options are FastMCP's.

        With `changes` clients may subscribe to it: an `async def` that takes the template's parameters (as text) and
        yields whenever the resource may have changed. It runs once a URI while anybody is subscribed, and goes on at
        most once a second: what happened meanwhile is one change.
        """
        address = self._address(uri)
        if changes is not None and inspect.iscoroutinefunction(changes):
            raise TypeError(f"the changes of {address} must be `async def` with `yield`, or return such an iterator")

        def declare(fn: F) -> F:
            _must_be_async(fn, "resource")
            mime = {"mime_type": "application/json"} if _returns_model(fn) else {}
            self._declared.note(f"resource {address}")
            if changes is not None:
                self._declared.changes[address] = changes
            serve = self._declared.provider.resource(address, **{**mime, **options, "tags": self._tags(options)})
            serve(_contained(fn, address, self._place.ready, _read))
            return fn

        return declare

    @overload
    def prompt(self, fn: F, /, **options: Any) -> F: ...

    @overload
    def prompt(self, /, **options: Any) -> Callable[[F], F]: ...

    def prompt(self, fn: F | None = None, /, **options: Any) -> F | Callable[[F], F]:
        """Serve an `async def` as a prompt; options are FastMCP's."""
        if fn is None:
            return lambda fn: self._prompt(fn, dict(options))
        return self._prompt(fn, options)

    def settings(self, section: type[S]) -> S:
        """This plugin's settings: `TTAI_<PLUGIN>_<FIELD>`, `[<plugin>]` in config.toml, the defaults."""
        return self._config.plugin(self.name, section)

    def job(
        self,
        kind: str,
        /,
        *,
        name: str | None = None,
        during: During | None = None,
        needs: Needs | None = None,
        **schedule: Any,
    ) -> Callable[[F], F]:
        """Run an `async def` without arguments on a schedule, in one process of a data dir.

        `"interval", minutes=5`, `"cron", day_of_week="fri", hour=17` (APScheduler's fields, New York time), or
        `"session", at="open"|"close", plus=5` (minutes). `during="open"` or `"extended"` (pre-market and after hours
        too) and `needs="market"` or `"broker"` skip runs. What was missed is caught up once.
        """
        when = Schedule(kind, schedule)

        def declare(fn: F) -> F:
            _must_be_async(fn, "job")
            if needed := [one.name for one in inspect.signature(fn).parameters.values() if one.default is one.empty]:
                raise TypeError(f"job {fn.__name__!r} takes {', '.join(needed)}, and nobody gives a job arguments")
            job = Job(self._prefix + (name or fn.__name__), self.name, fn, when, during, needs)
            self._declared.note(f"job {job.name}")
            self._declared.jobs.append(job)
            return fn

        return declare

    def lifespan(self, fn: L) -> L:
        """Enter an `async def` with one yield at start (after the first answer), leave it at stop: the place for IO."""
        if not inspect.isasyncgenfunction(fn):
            raise TypeError(f"lifespan {getattr(fn, '__name__', fn)!r} must be `async def` with one `yield`")
        self._declared.note(f"lifespan {fn.__name__}")
        lifespan: Lifespan = asynccontextmanager(fn)
        self._declared.lifespans.append(lifespan)
        return fn

    def tables(self, module: str, *, migrations: str | None = None) -> None:
        """Own the SQLModel tables of a module, named `<plugin>_…`, and the steps that changed them (`STEPS`)."""
        self._declared.note("tables")
        self._declared.tables = Tables(module, migrations)

    def provide(self, kind: type[T], service: T) -> None:
        """Offer a service to the plugins that `require` its type."""
        self._declared.note(f"service {_path(kind)}")
        self._declared.offers[kind] = service

    @overload
    def require(self, kind: type[T], *, optional: Literal[False] = False) -> T: ...

    @overload
    def require(self, kind: type[T], *, optional: bool) -> T | None: ...

    def require(self, kind: type[T], *, optional: bool = False) -> T | None:
        """The service of that type; an `optional` one is None where no plugin that registered provides it.

        The taker starts after its provider, and fails with it, unless it took it as optional: then it has a service
        whose plugin did not start. `register` may be called again once the provider is there: it declares, and does
        nothing else.
        """
        offer = self._place.offers.get(kind)
        if offer is not None:
            takes = self._declared.takes
            takes[offer.plugin] = takes.get(offer.plugin, False) or not optional
            return cast("T", offer.service)
        if not self._place.last_call:
            raise Later(kind, optional=optional)
        if optional:
            return None
        raise MissingService(_path(kind))

    def _tool(self, fn: F, options: dict[str, Any]) -> F:
        _must_be_async(fn, "tool")
        name = self._name(fn, options)
        if options.get("task"):  # FastMCP would refuse to start the whole server
            raise TypeError(f"tool {name!r} has task=True, which ttai does not serve")
        annotations = options.pop("annotations", None)
        if isinstance(annotations, dict):
            annotations = ToolAnnotations(**annotations)
        tags = self._tags(options)
        tool = AnswerTool.of(fn, name=name, annotations=annotations, tags=tags, **options)
        tool.wait_for(self._place.ready)
        self._declared.note(f"tool {name}")
        self._declared.provider.add_tool(tool)
        return fn

    def _prompt(self, fn: F, options: dict[str, Any]) -> F:
        _must_be_async(fn, "prompt")
        name = self._name(fn, options)
        self._declared.note(f"prompt {name}")
        self._declared.provider.prompt(
            _contained(fn, name, self._place.ready), name=name, **{**options, "tags": self._tags(options)}
        )
        return fn

    def _tags(self, options: dict[str, Any]) -> set[str]:
        return {self.name, *(options.pop("tags", None) or ())}

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
    fn: Callable[..., Awaitable[Any]], what: str, ready: Ready, finish: Callable[[Any], Any] = lambda value: value
) -> Callable[..., Awaitable[Any]]:
    """`fn` after its plugin's start, what it returns finished, its failure made sayable, as tools have it."""

    async def finished(*args: Any, **kwargs: Any) -> Any:
        await ready()
        return finish(await fn(*args, **kwargs))

    @functools.wraps(fn)
    async def contained_fn(*args: Any, **kwargs: Any) -> Any:
        return await contained(lambda: finished(*args, **kwargs), what, refuses_client)

    return contained_fn


def _path(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _read(value: Any) -> Any:
    """What a resource returned as FastMCP takes it: answers are read as JSON."""
    if isinstance(value, str | bytes | ResourceResult):
        return value
    return ResourceResult([ResourceContent(to_json(render(value).structured).decode(), "application/json")])
