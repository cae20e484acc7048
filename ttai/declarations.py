"""What one plugin declared, kept from the server until all of it is known to be valid."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from fastmcp import FastMCP
from fastmcp.prompts import Prompt
from fastmcp.resources import Resource, ResourceTemplate
from fastmcp.server.providers import LocalProvider
from fastmcp.tools import Tool

from ttai.background.jobs import Job
from ttai.subscriptions import Changes

Lifespan = Callable[[], AbstractAsyncContextManager[object]]


@dataclass(frozen=True)
class Tables:
    """The modules of a plugin's tables and of their migrations, by name: nothing is imported yet."""

    module: str
    migrations: str | None


@dataclass(frozen=True)
class Offer:
    """A service, and the plugin that provides it."""

    plugin: str
    service: object


class Later(BaseException):
    """Ends a `register` that requires what nobody provides yet: it is tried again after the others.

    No Exception: a plugin must not take it for a failure of its own.
    """

    def __init__(self, kind: type, *, optional: bool) -> None:
        super().__init__(kind.__qualname__)
        self.kind = kind
        self.optional = optional


class Declarations:
    """What one plugin declared.

    A provider of its own collects and checks it; the server then gets the parts, not the provider: each provider
    more costs every call of every tool a look-up.
    """

    def __init__(self) -> None:
        self.provider = LocalProvider(on_duplicate="error")
        self.names: list[str] = []
        self.jobs: list[Job] = []
        self.lifespans: list[Lifespan] = []
        self.changes: dict[str, Changes] = {}  # by the URI or template they are of
        self.tables: Tables | None = None
        self.offers: dict[type, object] = {}
        self.takes: dict[str, bool] = {}  # the plugins whose services it took, and whether it can't do without
        self._open = True

    def note(self, name: str) -> None:
        """Write down a name before it is declared; ValueError for a second one, RuntimeError after `register`."""
        if not self._open:
            raise RuntimeError(f"{name} must be declared while register(host) runs")
        if name in self.names:
            raise ValueError(f"{name} is declared twice")
        self.names.append(name)

    def close(self) -> None:
        """Take no more."""
        self._open = False

    @property
    def must_start(self) -> bool:
        """Whether there is something to wait for before its tools can work."""
        return bool(self.lifespans or self.takes)

    def serve(self, mcp: FastMCP) -> None:
        """Put all that clients see into the server."""
        add: dict[type, Callable[[Any], object]] = {
            Tool: mcp.add_tool,
            ResourceTemplate: mcp.add_template,
            Resource: mcp.add_resource,
            Prompt: mcp.add_prompt,
        }
        for part in self.provider._components.values():  # noqa: SLF001 - the public lists need a loop
            next(adding for kind, adding in add.items() if isinstance(part, kind))(part)
