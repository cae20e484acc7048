"""Who is told that a resource has changed, in both eras of the protocol.

Clients of the handshake era name one URI in `resources/subscribe`; modern ones (2026-07-28) open a stream of several
with `subscriptions/listen`, which mcp's own handler serves. FastMCP has neither: its `_mcp_server` is the one way in.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection
from contextvars import Context
from functools import partial
from typing import Any

from fastmcp import FastMCP
from fastmcp.exceptions import FastMCPError, NotFoundError, ToolError, to_mcp_error
from mcp import MCPError
from mcp.server.connection import Connection
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourceUpdated, ServerEvent
from mcp.types import (
    INVALID_PARAMS,
    EmptyResult,
    ServerCapabilities,
    SubscribeRequestParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    UnsubscribeRequestParams,
)

from ttai.errors import BadArgument
from ttai.isolation import contained, end

Changes = Callable[..., AsyncIterator[object]]
Asked = ServerRequestContext[Any, Any]

PACE = 1.0  # s between two updates of one URI
EACH = 100  # URIs of one connection, or of one stream
MOST = 1000

_log = logging.getLogger(__name__)


async def _pace() -> None:
    await asyncio.sleep(PACE)


class Subscriptions:
    """What resources offer to tell, who asked for it, and one task a URI that follows its changes."""

    def __init__(
        self, mcp: FastMCP, *, pause: Callable[[], Awaitable[None]] = _pace, each: int = EACH, most: int = MOST
    ) -> None:
        """`pause` is waited for between two updates of a URI; `each` and `most` bound a client and all of them."""
        self._mcp = mcp
        self._pause = pause
        self._each = each
        self._most = most
        self._offers: dict[str, Changes] = {}
        self._wanted: dict[object, set[str]] = {}  # by connection, or by the token of a stream
        self._following: dict[str, asyncio.Task[None]] = {}
        self._outboxes: dict[Connection, _Outbox] = {}
        self._bus = InMemorySubscriptionBus()
        self._streams = ListenHandler(self._bus, max_subscriptions=most)
        server = mcp._mcp_server  # noqa: SLF001 - extensions are refused the protocol's own methods
        server.add_request_handler("resources/subscribe", SubscribeRequestParams, self._subscribe)
        server.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, self._unsubscribe)
        server.add_request_handler("subscriptions/listen", SubscriptionsListenRequestParams, self._listen)
        # mcp takes whoever serves that for one whose lists change; ours are what they are at the start.
        server.get_capabilities = partial(_constant_lists, server.get_capabilities)  # type: ignore[method-assign]

    def offer(self, address: str, changes: Changes) -> None:
        """Let clients subscribe to a URI or template; `changes` takes the template's parameters as text.

        Each item of what it returns means that the resource may have changed since the one before. The next is asked
        for a pace later: what happened meanwhile counts as one change.
        """
        self._offers[address] = changes

    @property
    def followed(self) -> set[str]:
        """The URIs whose changes somebody is told of."""
        return set(self._following)

    async def close(self) -> None:
        """Tell nobody any more; modern streams end with their result."""
        self._streams.close()
        await end([*self._following.values(), *(outbox.task for outbox in self._outboxes.values())])

    async def _subscribe(self, ctx: Asked, params: SubscribeRequestParams) -> EmptyResult:
        connection = ctx.session._connection  # noqa: SLF001 - a session lasts one request
        self._reserve(connection, {params.uri})
        await self._begin(connection, params.uri)
        if connection not in self._outboxes:
            self._outboxes[connection] = _Outbox(connection, self._bus, partial(self._wants, connection))
            connection.exit_stack.callback(self._leave, connection)
        return EmptyResult()

    async def _unsubscribe(self, ctx: Asked, params: UnsubscribeRequestParams) -> EmptyResult:
        self._release(ctx.session._connection, {params.uri})  # noqa: SLF001 - as above
        return EmptyResult()

    async def _listen(self, ctx: Asked, params: SubscriptionsListenRequestParams) -> SubscriptionsListenResult:
        """Serve a stream of the URIs that can be had, which the acknowledgement names; refused where none can."""
        asked = params.notifications
        uris = list(dict.fromkeys(asked.resource_subscriptions or ()))
        stream = object()
        self._reserve(stream, uris)
        try:
            began = await asyncio.gather(*(self._begin(stream, uri) for uri in uris), return_exceptions=True)
            refusals = [refusal for refusal in began if refusal is not None]
            others = asked.tools_list_changed or asked.prompts_list_changed or asked.resources_list_changed
            if uris and len(refusals) == len(uris) and not others:
                raise refusals[0]
            for refusal in refusals:
                _log.info("left out of a stream: %s", refusal)
            had = [uri for uri in uris if self._wants(stream, uri)]
            honoured = asked.model_copy(update={"resource_subscriptions": had})
            return await self._streams(ctx, params.model_copy(update={"notifications": honoured}))
        finally:
            self._release(stream, uris)

    def _wants(self, who: object, uri: str) -> bool:
        return uri in self._wanted.get(who, ())

    def _reserve(self, who: object, uris: Collection[str]) -> None:
        """Take places before anything is waited for, so that the bounds hold."""
        wanted = self._wanted.get(who, set()) | set(uris)
        if len(wanted) > self._each:
            raise _refusal(f"{self._each} subscriptions are the most one client may have", "Unsubscribe from others")
        others = sum(len(held) for holder, held in self._wanted.items() if holder is not who)
        if others + len(wanted) > self._most:
            raise _refusal(f"all {self._most} subscriptions of this server are taken", "Unsubscribe from others")
        if wanted:
            self._wanted[who] = wanted

    def _release(self, who: object, uris: Collection[str]) -> None:
        """Give places up, and end what nobody wants any more."""
        left = self._wanted.pop(who, set()).difference(uris)
        if left:
            self._wanted[who] = left
        for uri in uris:
            if uri in self._following and not any(uri in held for held in self._wanted.values()):
                self._following.pop(uri).cancel()

    def _leave(self, connection: Connection) -> None:
        self._outboxes.pop(connection).close()
        self._release(connection, self._wanted.get(connection, ()))

    async def _begin(self, who: object, uri: str) -> None:
        """Follow the changes of a URI for whoever has a place for it; an MCPError where they can't be had."""
        if uri in self._following:
            return
        try:
            changes = await self._changes_of(uri)
        except BaseException as error:
            self._release(who, {uri})
            if isinstance(error, FastMCPError | NotFoundError):
                raise to_mcp_error(error, default_code=INVALID_PARAMS) from error
            raise
        if self._wants(who, uri) and uri not in self._following:  # else it left, or another came, while we read
            # A context of its own: an iterator that many share must not see the request of the first.
            self._following[uri] = asyncio.create_task(self._follow(uri, changes), name=uri, context=Context())

    async def _changes_of(self, uri: str) -> Callable[[], AsyncIterator[object]]:
        """Where the changes of a URI come from; what can't be read can't be subscribed to, for the same reason."""
        changes, words = self._offers.get(uri), {}
        if changes is None and (template := await self._mcp.get_resource_template(uri)) is not None:
            changes, words = self._offers.get(template.uri_template), template.matches(uri) or {}
        await self._mcp.read_resource(uri)
        if changes is None:
            raise BadArgument(f"{uri} does not tell when it changes", "Read it when you need it")
        return partial(changes, **words)

    async def _follow(self, uri: str, changes: Callable[[], AsyncIterator[object]]) -> None:
        """Tell of a URI until nobody wants it; a failure of the plugin's is the end of this URI alone."""
        try:
            await contained(lambda: self._tell(uri, changes()), f"the changes of {uri}")
            why = "its changes ended"
        except ToolError as error:
            why = str(error)
        _log.warning("subscribers of %s are told no more: %s", uri, why)
        if self._following.get(uri) is asyncio.current_task():
            del self._following[uri]  # who subscribes again starts it again

    async def _tell(self, uri: str, changes: AsyncIterator[object]) -> None:
        try:
            async for _ in changes:
                await self._bus.publish(ResourceUpdated(uri))
                await self._pause()
        finally:
            if isinstance(changes, AsyncGenerator):
                await changes.aclose()


def _constant_lists(told: Callable[..., ServerCapabilities], *args: Any, **kwargs: Any) -> ServerCapabilities:
    """What the server can do, without announcements of changed lists."""
    capabilities = told(*args, **kwargs)
    for part in (capabilities.tools, capabilities.prompts, capabilities.resources):
        if part is not None:
            part.list_changed = False
    return capabilities


class _Outbox:
    """What a connection of the handshake era is to be told; one that reads slowly is told less often."""

    def __init__(self, connection: Connection, bus: InMemorySubscriptionBus, wants: Callable[[str], bool]) -> None:
        self._connection = connection
        self._wants = wants
        self._due: dict[str, None] = {}
        self._filled = asyncio.Event()
        self._deaf = bus.subscribe(self._hear)
        self.task = asyncio.create_task(self._send(), context=Context())

    def close(self) -> None:
        self._deaf()
        self.task.cancel()

    def _hear(self, event: ServerEvent) -> None:
        if isinstance(event, ResourceUpdated) and self._wants(event.uri):
            self._due[event.uri] = None
            self._filled.set()

    async def _send(self) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._due:
                del self._due[uri := next(iter(self._due))]
                if self._wants(uri):  # still
                    await self._connection.send_resource_updated(uri)


def _refusal(what: str, hint: str) -> MCPError:
    return MCPError(code=INVALID_PARAMS, message=str(BadArgument(what, hint)))
