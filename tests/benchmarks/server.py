"""A server process spoken to in raw JSON lines: no client library's time is in the figures."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "bench", "version": "1"},
}
BARE = [str(Path(__file__).parent / "bare.py")]
TTAI = ["-m", "ttai", "serve"]


class Server:
    """One process on stdio."""

    def __init__(self, arguments: list[str], data_dir: Path) -> None:
        environment = {**os.environ, "TTAI_DATA_DIR": str(data_dir), "PYTHONDONTWRITEBYTECODE": ""}
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        self._id = 0

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def initialize(self) -> None:
        """The first answer."""
        self.ask("initialize", INITIALIZE)
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def ask(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """One request, its answer."""
        self._id += 1
        self._send({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params or {}})
        assert self._process.stdout is not None
        while True:
            message: dict[str, Any] = json.loads(self._process.stdout.readline())
            if message.get("id") == self._id:
                return message

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """One tool call that must succeed."""
        answer = self.ask("tools/call", {"name": tool, "arguments": arguments})
        assert not answer["result"].get("isError"), answer
        return answer

    def close(self) -> None:
        """End the process by the end of its input."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()
