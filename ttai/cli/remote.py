"""A tool of the server that runs, called from the terminal."""

import sys
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ttai.errors import BadArgument
from ttai.presence import Server

if TYPE_CHECKING:
    import httpx2
    from fastmcp.client.client import CallToolResult


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
    except ToolError as error:
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
