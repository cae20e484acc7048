"""A client without manners: it connects, asks and hangs up in the middle."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import httpx2

from tests.chaos.askers import Asker
from tests.chaos.questions import ask
from tests.chaos.stage import KEY

HEADERS = {"Authorization": f"Bearer {KEY}", "Accept": "application/json, text/event-stream"}


class Lout(Asker):
    """Leaves sessions, requests and streams behind."""

    def __init__(self, url: str, *who: Any) -> None:
        super().__init__(*who)
        self._url = httpx2.URL(url)

    async def run(self) -> None:
        """Again and again."""
        while True:
            await self.may_ask.wait()
            await asyncio.sleep(self.dice.uniform(0.5, 4))
            path = self.dice.choice(("/mcp", "/mcp", "/sse"))
            with suppress(OSError, httpx2.TransportError):
                await self._hang_up("GET", path, {}) if path == "/sse" else await self._ask_and_hang_up()
                self.notes.called(f"rudely {path}", "cut", 0)

    async def _ask_and_hang_up(self) -> None:
        who = {"name": "lout", "version": "0"}
        hello = _rpc("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": who})
        if self.dice.random() < 0.3:
            await self._hang_up("POST", "/mcp", {}, hello)
            return
        async with httpx2.AsyncClient(base_url=self._url, headers=HEADERS, timeout=20) as client:
            session = {
                "mcp-session-id": (await client.post("/mcp", content=hello, headers=_JSON)).headers["mcp-session-id"]
            }
        if self.dice.random() < 0.2:
            await self._hang_up("GET", "/mcp", session)
            return
        question = ask(self.dice)
        body = _rpc("tools/call", {"name": question.tool, "arguments": question.arguments})
        await self._hang_up("POST", "/mcp", session, body)

    async def _hang_up(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> None:
        """Send a request, at times not all of it, and cut the line."""
        all_headers = {"Host": f"{self._url.host}:{self._url.port}", **HEADERS, **_JSON, **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in {**all_headers, "Content-Length": len(body)}.items())
        _, writer = await asyncio.open_connection(self._url.host, self._url.port)
        try:
            writer.write(
                f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body[: len(body) - self.dice.choice((0, 0, 5))]
            )
            await asyncio.sleep(self.dice.uniform(0, 1.5))
        finally:
            writer.transport.abort()


_JSON = {"Content-Type": "application/json"}


def _rpc(method: str, params: dict[str, Any]) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
