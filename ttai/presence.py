"""The HTTP server that runs on a data dir, as `server.json` tells: so that a command of the terminal can use it."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from fastmcp.client.client import CallToolResult

    from ttai.settings import CoreSettings

FILE = "server.json"
ANSWER = 2.0  # s the server may take to say that it is there


@dataclass(frozen=True)
class Server:
    """Where it listens, and the token it asks for."""

    url: str
    token: str | None


@contextmanager
def announced(home: Path, url: str) -> Iterator[None]:
    """Tell where this process listens while inside; a data dir that can't be written is no reason not to serve."""
    path = home / FILE
    said = json.dumps({"pid": os.getpid(), "url": url})
    with suppress(OSError):
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, draft = mkstemp(dir=home)  # 0600
        with os.fdopen(handle, "w") as file:
            file.write(said)
        Path(draft).replace(path)
    try:
        yield
    finally:
        with suppress(OSError, ValueError):
            if path.read_text("utf-8") == said:  # not another's that came later
                path.unlink()


def find_server(settings: "CoreSettings") -> Server | None:
    """The server of this data dir, if it answers: a file may be left by a process that was killed."""
    try:
        url = str(json.loads((settings.home / FILE).read_text("utf-8"))["url"])
        if not _answers(url):
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    key = settings.api_key.get_secret_value() if settings.api_key else ""
    with suppress(OSError):
        key = key or (settings.home / "http.token").read_text("utf-8").strip()
    return Server(url, key or None)


def _answers(url: str) -> bool:
    """Whether it is ttai that listens there: another program on its old port must not be sent the token."""
    from http.client import HTTPConnection, HTTPException

    at = urlsplit(url)
    connection = HTTPConnection(at.hostname or "", at.port, timeout=ANSWER)
    try:
        connection.request("GET", "/health")
        return bool(json.loads(connection.getresponse().read(1000))["status"] == "ok")
    except HTTPException:
        return False
    finally:
        connection.close()


async def ask(server: Server, tool: str, arguments: dict[str, Any]) -> "CallToolResult":
    """The answer of one of its tools; a failure ends the command with the sentence for it."""
    from fastmcp import Client
    from fastmcp.exceptions import ToolError

    try:
        async with Client(f"{server.url}/mcp", auth=server.token, timeout=60) as client:
            answer: CallToolResult = await client.call_tool(tool, arguments)
            return answer
    except ToolError as error:
        sys.exit(f"ttai: {error}")
    except Exception as error:  # noqa: BLE001 - a client library's many ways to say that it could not
        sys.exit(f"ttai: the server at {server.url} did not answer ({type(error).__name__}). Stop it, or try again.")
