"""Real `ttai` processes: started with a data dir of their own, watched with a bound, ended by whoever started them."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

START = 20.0  # s a start may take on a busy machine
WELCOME = re.compile(r"at (http://\S+?)/mcp")


def until(true: Callable[[], object], seconds: float = START, what: str = "it") -> None:
    """Wait for a condition, at most so long."""
    end = monotonic() + seconds
    while not true():
        assert monotonic() < end, f"{what} did not happen in {seconds} s"
        sleep(0.01)


class Process:
    """One `ttai`; what it says on stdout and stderr is kept, unless `deaf` leaves stderr unread."""

    def __init__(self, words: tuple[str, ...], home: Path, env: dict[str, str], *, stdin: int, deaf: bool) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *words],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "TTAI_DATA_DIR": str(home), **env},
            cwd=home.parent,
        )
        self.out: list[str] = []
        self.err: list[str] = []
        self._ids = 0
        self._threads = [self._read(self.process.stdout, self.out)]
        if not deaf:
            self._threads.append(self._read(self.process.stderr, self.err))

    def _read(self, stream: Any, lines: list[str]) -> threading.Thread:
        def read() -> None:
            lines.extend(line.decode().rstrip("\n") for line in stream)

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread

    @property
    def url(self) -> str:
        """Where it serves HTTP, read from its welcome."""
        until(lambda: any(map(WELCOME.search, self.err)) or self.process.poll() is not None, what="the welcome")
        found = next(filter(None, map(WELCOME.search, self.err)), None)
        assert found, self.err
        return found[1]

    def send(self, method: str, params: dict[str, Any] | None = None, *, raw: str | None = None) -> int:
        """Send one request on stdin; its id."""
        self._ids += 1
        body = {"jsonrpc": "2.0", "id": self._ids, "method": method, "params": params or {}}
        self.write(raw.replace("ID", str(self._ids)) if raw else json.dumps(body))
        return self._ids

    def write(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def answer(self, number: int) -> dict[str, Any]:
        """The answer to a request, once it is there."""
        until(lambda: number in self.answers or self.process.poll() is not None, what=f"the answer to {number}")
        assert number in self.answers, (self.out, self.err)
        return self.answers[number]

    @property
    def answers(self) -> dict[int, dict[str, Any]]:
        """What came on stdout by the ids of the requests; every line there is JSON-RPC."""
        messages = [json.loads(line) for line in self.out[:]]
        assert all(message["jsonrpc"] == "2.0" for message in messages)
        return {message["id"]: message for message in messages if "id" in message}

    def greet(self) -> None:
        """The handshake of before 2026."""
        who = {"name": "trial", "version": "0"}
        self.answer(self.send("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": who}))
        self.write('{"jsonrpc": "2.0", "method": "notifications/initialized"}')

    def call(self, tool: str, **arguments: Any) -> int:
        """Call a tool on stdin; the request's id."""
        return self.send("tools/call", {"name": tool, "arguments": arguments})

    def end(self, how: str) -> tuple[int, float]:
        """End it by "EOF", "SIGTERM" or "SIGINT": its exit code, and how long it took."""
        start = monotonic()
        if how == "EOF":
            assert self.process.stdin is not None
            self.process.stdin.close()
        else:
            self.process.send_signal(getattr(signal, how))
        code = self.process.wait(START)
        spent = monotonic() - start
        for thread in self._threads:
            thread.join(5)
        return code, spent

    def wait(self) -> int:
        """Its exit code, once it has ended by itself."""
        code = self.process.wait(START)
        for thread in self._threads:
            thread.join(5)
        return code


@contextmanager
def ttai(
    *words: str, home: Path, env: dict[str, str] | None = None, stdin: int = subprocess.PIPE, deaf: bool = False
) -> Iterator[Process]:
    """`python -m ttai WORDS` (or `python WORDS` where the first is an option of python)."""
    argv = words if words[:1] == ("-c",) else ("-m", "ttai", *words)
    running = Process(argv, home, env or {}, stdin=stdin, deaf=deaf)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
        running.process.wait()
        for stream in (running.process.stdin, running.process.stdout, running.process.stderr):
            with suppress(BrokenPipeError):
                if stream:
                    stream.close()
