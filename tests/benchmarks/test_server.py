"""Start, memory and calls, each beside a bare FastMCP server with the same tools.

The two take turns, round by round, because a machine's speed changes while it runs; the best of 7 counts.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.benchmarks.server import BARE, TTAI, Server

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]
ROUNDS = 7
CALLS = 100

Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers and ends them."""
    servers: list[Server] = []

    def begin(*arguments: str) -> Server:
        servers.append(Server(list(arguments), tmp_path))
        return servers[-1]

    yield begin
    for server in servers:
        server.close()


def compare(what: str, must: float, bare: Callable[[], None], ttai: Callable[[], None], unit: float = 1e3) -> None:
    """Print the best of seven rounds of both, taken in turns, and their ratio."""
    best = {"bare": float("inf"), "ttai": float("inf")}
    for n in range(ROUNDS + 1):
        for name, run in (("bare", bare), ("ttai", ttai)):
            began = time.perf_counter()
            run()
            if n:  # the first round warms the disk's cache
                best[name] = min(best[name], time.perf_counter() - began)
    ratio = best["ttai"] / best["bare"]
    print(f"\n{what}: bare {best['bare'] * unit:.2f} ms, ttai {best['ttai'] * unit:.2f} ms, ratio {ratio:.2f}"
          f" (must: {must})")  # fmt: skip
    assert ratio <= must


def test_initialize(start: Start) -> None:
    def run(command: list[str]) -> None:
        start(*command).initialize()

    compare("start to initialize", 1.15, lambda: run(BARE), lambda: run(TTAI))


def test_tools_list(start: Start) -> None:
    def run(command: list[str]) -> None:
        server = start(*command)
        server.initialize()
        assert len(server.ask("tools/list")["result"]["tools"]) == 6

    compare("start to tools/list", 1.25, lambda: run(BARE), lambda: run(TTAI))


def test_warm_quote(start: Start) -> None:
    servers = [start(*BARE), start(*TTAI, "--demo")]

    def run(server: Server) -> None:
        for _ in range(CALLS):
            server.call("get_quote", symbol="SPY")

    for server in servers:
        server.initialize()
        for _ in range(3):  # until the stream has the symbol and every code path has run
            run(server)
    compare("warm quote over stdio", 1.5, lambda: run(servers[0]), lambda: run(servers[1]), unit=1e3 / CALLS)


def test_idle_memory(start: Start) -> None:
    """Sleeps, because the figure is that of a minute after the start."""
    servers = {"bare": start(*BARE), "ttai": start(*TTAI)}
    for server in servers.values():
        server.initialize()
        server.ask("tools/list")
    time.sleep(60)
    megabytes = {name: _resident(server.pid) / 1024 for name, server in servers.items()}
    ratio = megabytes["ttai"] / megabytes["bare"]
    print(f"\nidle memory after 60 s: bare {megabytes['bare']:.0f} MB, ttai {megabytes['ttai']:.0f} MB, "
          f"ratio {ratio:.2f} (must: 1.5)")  # fmt: skip
    assert ratio <= 1.5


def _resident(pid: int) -> int:
    """Kilobytes of a process that are in memory."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
