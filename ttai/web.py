"""Headless: who may come in, and where the doors are: /mcp, /sse with /messages, /health."""

import hmac
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from anyio import BrokenResourceError, ClosedResourceError
from fastmcp.server.http import HostOriginGuardMiddleware
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ttai import __version__
from ttai.app import App
from ttai.errors import StartFailed
from ttai.files import replace
from ttai.logs import conceal
from ttai.presence import INSTANCE
from ttai.settings import CoreSettings

EVERYWHERE = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - asked for by name, and with a key
IDLE_SESSION = 1800.0  # s; a session left without a goodbye costs 43 KB until then

_log = logging.getLogger(__name__)


class Token:
    """The word a client must say; None where none is asked for. `path` is where it is kept, if it is."""

    def __init__(self, value: str | None, *, made: bool = False, path: Path | None = None) -> None:
        self.value = value
        self.made = made
        self.path = path
        if value:
            conceal(value)

    @classmethod
    def of(cls, settings: CoreSettings) -> "Token":
        """TTAI_API_KEY, else none in the demo or with --no-auth (this machine only), else one of our own."""
        if settings.api_key:
            return cls(settings.api_key.get_secret_value())
        if not settings.loopback:
            raise StartFailed(
                f"--host {settings.host} opens the server to other machines and there is no key",
                "Set TTAI_API_KEY, or leave --host at localhost",
            )
        if settings.open_to_all:
            return cls(None)
        return cls._kept(settings.home / "http.token")

    @classmethod
    def _kept(cls, path: Path) -> "Token":
        """The token of this data dir, made on first use, readable by its owner alone."""
        with suppress(OSError, UnicodeDecodeError):
            if value := path.read_text("utf-8").strip():
                return cls(value, path=path)
        value = secrets.token_urlsafe(32)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace(path, value.encode())
        except OSError as error:
            _log.warning("the access token can't be kept (%s); it holds for this run. Or set TTAI_API_KEY", error)
            return cls(value, made=True)
        return cls(value, made=True, path=path)


class TokenGuard:
    """Lets in who says the token; /health is open and tells nothing private."""

    def __init__(self, app: ASGIApp, token: Token) -> None:
        self._app = app
        self._expected = token.value.encode() if token.value else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._expected is None or scope["type"] == "lifespan" or scope["path"] == "/health":
            await self._app(scope, receive, send)
            return
        scheme, _, said = Headers(scope=scope).get("authorization", "").partition(" ")
        if hmac.compare_digest(said.strip().encode("latin-1"), self._expected) and scheme.lower() == "bearer":
            await self._app(scope, receive, send)
            return
        refusal = PlainTextResponse(
            "This server asks for its token: send the header `Authorization: Bearer TOKEN`, TOKEN being TTAI_API_KEY "
            "or the content of http.token in the data dir.\n",
            401,
            {"WWW-Authenticate": "Bearer"},
        )
        await refusal(scope, receive, send)


def web_app(app: App, token: Token, idle: float = IDLE_SESSION) -> Starlette:
    """The ASGI app over one FastMCP app: streamable HTTP and the older SSE side by side."""
    streamable = app.mcp.http_app(path="/mcp", session_idle_timeout=idle, host_origin_protection=False)
    sse = app.mcp.http_app(path="/sse", transport="sse", host_origin_protection=False)
    logging.getLogger("mcp.server.streamable_http").addFilter(_told)
    # Bound to every address there is no one right Host; what a rebound name would need is the token.
    hosts = ["*"] if app.settings.host in EVERYWHERE else [app.settings.host]

    async def health(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok", "version": __version__, "instance": INSTANCE})

    async def transport(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].rstrip("/")
        scope = {**scope, "path": f"{path}/" if path == "/messages" else path}
        if (whole := await _whole(receive)) is not None:
            answer = _Answer(send)
            with suppress(*_OVER):
                await (sse if path in ("/sse", "/messages") else streamable)(scope, whole, answer.send)
            await answer.end()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with streamable.lifespan(streamable), sse.lifespan(sse):
            yield

    return Starlette(
        routes=[Route("/health", health), Mount("/", app=transport)],
        lifespan=lifespan,
        middleware=[
            Middleware(HostOriginGuardMiddleware, allowed_hosts=hosts, mode="strict"),
            Middleware(TokenGuard, token=token),
        ],
    )


async def _whole(receive: Receive) -> Receive | None:
    """`receive` from the request's beginning, once all of it is here; None where the client has hung up before.

    mcp takes half a request for a failure of its own, and logs its traceback.
    """
    parts: list[Message] = []
    while not parts or parts[-1].get("more_body"):
        parts.append(await receive())
        if parts[-1]["type"] != "http.request":
            return None

    async def again() -> Message:
        return parts.pop(0) if parts else await receive()

    return again


# What mcp stumbles over where a client ends its session while a request of its own is on the way: the two may come
# on two connections, and a client that cancels and leaves sends just that.
_OVER = (ClosedResourceError, BrokenResourceError)


def _told(record: logging.LogRecord) -> bool:
    """Whether a line of mcp's log is worth reading: not the traceback of a session that was over."""
    error = record.exc_info[1] if record.exc_info else None
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return not isinstance(error, _OVER)


class _Answer:
    """One response: ended where mcp leaves it open, and not begun once more where it sends an error after it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._begun = self._whole = False

    async def send(self, message: Message) -> None:
        if self._whole:
            return
        self._begun = True
        self._whole = message["type"] == "http.response.body" and not message.get("more_body")
        await self._send(message)

    async def end(self) -> None:
        """Send what is missing of it."""
        if not self._begun:
            await self._send({"type": "http.response.start", "status": 404, "headers": []})
        if not self._whole:
            await self._send({"type": "http.response.body", "body": b""})
