"""Start, memory and calls, each beside a bare FastMCP server with the same tools, in the same run."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.server import BARE, TTAI, Server

pytestmark = pytest.mark.bench
ROUNDS = 7
COMMANDS = {"bare": BARE, "ttai": TTAI}

both = pytest.mark.parametrize("name", COMMANDS)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers and ends them."""
    servers: list[Server] = []

    def begin(*arguments: str) -> Server:
        servers.append(Server(list(arguments), tmp_path))
        return servers[-1]

    yield begin
    for server in servers:
        server.close()


@pytest.mark.benchmark(group="start to `initialize` answered (must: 1.15 x bare)")
@both
def test_initialize(benchmark: Any, start: Callable[..., Server], name: str) -> None:
    benchmark.pedantic(lambda: start(*COMMANDS[name]).initialize(), rounds=ROUNDS, warmup_rounds=1)


@pytest.mark.benchmark(group="start to `tools/list` answered (must: 1.25 x bare)")
@both
def test_tools_list(benchmark: Any, start: Callable[..., Server], name: str) -> None:
    def begin() -> None:
        server = start(*COMMANDS[name])
        server.initialize()
        assert len(server.ask("tools/list")["result"]["tools"]) == 6

    benchmark.pedantic(begin, rounds=ROUNDS, warmup_rounds=1)


@pytest.mark.benchmark(group="100 warm quotes over stdio (must: 1.5 x bare's trivial tool)")
@both
def test_warm_quote(benchmark: Any, start: Callable[..., Server], name: str) -> None:
    server = start(*COMMANDS[name], *(["--demo"] if name == "ttai" else []))
    server.initialize()
    server.call("get_quote", symbol="SPY")

    def ask() -> None:
        for _ in range(100):
            server.call("get_quote", symbol="SPY")

    benchmark.pedantic(ask, rounds=ROUNDS, warmup_rounds=2)


@pytest.mark.timeout(180)
def test_idle_memory(start: Callable[..., Server]) -> None:
    """Sleeps, because the figure is that of a minute after the start."""
    servers = {name: start(*command) for name, command in COMMANDS.items()}
    for server in servers.values():
        server.initialize()
        server.ask("tools/list")
    time.sleep(60)
    megabytes = {name: _resident(server.pid) / 1024 for name, server in servers.items()}
    ratio = megabytes["ttai"] / megabytes["bare"]
    print(f"\nidle memory after 60 s: bare {megabytes['bare']:.0f} MB, ttai {megabytes['ttai']:.0f} MB, "
          f"ratio {ratio:.2f} (must: 1.5)")  # fmt: skip


def _resident(pid: int) -> int:
    """Kilobytes of a process that are in memory."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
