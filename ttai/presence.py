"""The HTTP server that runs on a data dir, as `server.json` tells: so that a command of the terminal can use it."""

import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ttai.errors import BadArgument
from ttai.files import replace

if TYPE_CHECKING:
    import httpx2
    from fastmcp.client.client import CallToolResult

    from ttai.settings import CoreSettings

FILE = "server.json"
ANSWER = 2.0  # s the server may take to say that it is there
INSTANCE = secrets.token_hex(16)  # this process: said in the file and at /health, so that one proves the other


@dataclass(frozen=True)
class Server:
    """Where it listens, and the token it asks for."""

    url: str
    token: str | None


@contextmanager
def announced(home: Path, url: str) -> Iterator[None]:
    """Tell where this process listens while inside; a data dir that can't be written is no reason not to serve."""
    path = home / FILE
    said = json.dumps({"pid": os.getpid(), "url": url, "instance": INSTANCE})
    with suppress(OSError):
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace(path, said.encode())
    try:
        yield
    finally:
        with suppress(OSError, ValueError, KeyError, TypeError):
            if json.loads(path.read_text("utf-8"))["instance"] == INSTANCE:  # not another's that came later
                path.unlink()


def find_server(settings: "CoreSettings") -> Server | None:
    """The server of this data dir, if it answers: a file may be left by a process that was killed."""
    try:
        said = json.loads((settings.home / FILE).read_text("utf-8"))
        url = str(said["url"])
        if not (is_alive(said["pid"]) and _answers(url, said["instance"])):
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    key = settings.api_key.get_secret_value() if settings.api_key else ""
    with suppress(OSError):
        key = key or (settings.home / "http.token").read_text("utf-8").strip()
    return Server(url, key or None)


def is_alive(pid: object) -> bool:
    """Whether that process is there, as far as this can be asked without harm."""
    if not isinstance(pid, int) or pid <= 0:
        return False
    if sys.platform == "win32":  # os.kill would end it
        return True
    try:
        os.kill(pid, 0)
    except PermissionError:  # another user's
        return True
    except (OSError, OverflowError):
        return False
    return True


def _answers(url: str, instance: object) -> bool:
    """Whether who wrote the file listens there: another ttai or program on its port must not be sent the token."""
    from http.client import HTTPConnection, HTTPException  # which knows no proxy

    at = urlsplit(url)
    connection = HTTPConnection(at.hostname or "", at.port, timeout=ANSWER)
    try:
        connection.request("GET", "/health")
        said = json.loads(connection.getresponse().read(1000))
        return bool(said["status"] == "ok" and isinstance(instance, str) and said["instance"] == instance)
    except HTTPException:
        return False
    finally:
        connection.close()


async def ask(server: Server, tool: str, arguments: dict[str, Any]) -> "CallToolResult":
    """The answer of one of its tools; a failure ends the command with the sentence for it."""
    from fastmcp import Client
    from fastmcp.client.transports import StreamableHttpTransport
    from fastmcp.exceptions import ToolError

    door = _Door()
    transport = StreamableHttpTransport(f"{server.url}/mcp", auth=server.token, httpx_client_factory=door.client)
    try:
        async with Client(transport, timeout=60) as client:
            if arguments:  # only they can be secrets
                refuse_secrets(tool, {one.name: one.input_schema for one in await client.list_tools()}.get(tool))
            answer: CallToolResult = await client.call_tool(tool, arguments)
            return answer
    except (ToolError, BadArgument) as error:
        sys.exit(f"ttai: {error}")
    except Exception as error:  # noqa: BLE001 - a client library's many ways to say that it could not
        if door.refused:
            sys.exit(f"ttai: the server at {server.url} asks for another key. Set TTAI_API_KEY as the server has it")
        sys.exit(f"ttai: the server at {server.url} did not answer ({type(error).__name__}). Stop it, or try again.")


class _Door:
    """The way to the server, past any proxy of the environment: the token is for the server alone."""

    def __init__(self) -> None:
        self.refused = False

    def client(
        self,
        headers: dict[str, str] | None = None,
        timeout: "httpx2.Timeout | None" = None,
        auth: "httpx2.Auth | None" = None,
        **_: Any,
    ) -> "httpx2.AsyncClient":
        import httpx2

        timeout = timeout or httpx2.Timeout(30, read=300)
        hooks = {"response": [self._look]}
        return httpx2.AsyncClient(headers=headers, timeout=timeout, auth=auth, trust_env=False, event_hooks=hooks)

    async def _look(self, response: "httpx2.Response") -> None:
        self.refused = self.refused or response.status_code == HTTPStatus.UNAUTHORIZED


def refuse_secrets(tool: str, parameters: Any) -> None:
    """BadArgument where a tool takes a secret: on the command line every process of the machine could read it."""
    if _asks_for_secret(parameters):
        raise BadArgument(f"{tool} takes secrets, which don't belong on a command line", "Use `ttai login`")


def _asks_for_secret(schema: Any) -> bool:
    if isinstance(schema, dict):
        hidden = schema.get("format") == "password" or schema.get("writeOnly") is True
        return hidden or any(map(_asks_for_secret, schema.values()))
    return isinstance(schema, list) and any(map(_asks_for_secret, schema))
