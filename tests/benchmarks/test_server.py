"""Start, memory and calls, each beside a bare FastMCP server with the same tools.

The two take turns, round by round, because a machine's speed changes while it runs; the best of 7 counts.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.benchmarks.server import BARE, TTAI, Server

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]
ROUNDS = 7

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


def compare(what: str, must: float, bare: Callable[[], object], ttai: Callable[[], object], *, times: int = 1) -> None:
    """Print the best of seven rounds of both and their ratio; a round is the median of `times`, taken in turns."""
    best = {"bare": float("inf"), "ttai": float("inf")}
    for n in range(ROUNDS + 1):
        spent: dict[str, list[float]] = {"bare": [], "ttai": []}
        for _ in range(times):
            for name, run in (("bare", bare), ("ttai", ttai)):
                began = time.perf_counter()
                run()
                spent[name].append(time.perf_counter() - began)
        if n:  # the first round warms the disk's cache
            best = {name: min(best[name], statistics.median(spent[name])) for name in best}
    ratio = best["ttai"] / best["bare"]
    print(f"\n{what}: bare {best['bare'] * 1e3:.2f} ms, ttai {best['ttai'] * 1e3:.2f} ms, ratio {ratio:.2f}"
          f" (must: {must})")  # fmt: skip
    assert ratio <= must


def test_initialize(start: Start) -> None:
    def run(command: list[str]) -> None:
        start(*command).initialize()

    compare("start to initialize", 1.15, lambda: run(BARE), lambda: run(TTAI))


def test_tools_list(start: Start) -> None:
    listed: list[set[str]] = []

    def run(command: list[str]) -> None:
        server = start(*command)
        server.initialize()
        listed.append({tool["name"] for tool in server.ask("tools/list")["result"]["tools"]})

    compare("start to tools/list", 1.25, lambda: run(BARE), lambda: run(TTAI))
    assert all(names == listed[0] for names in listed)


def test_warm_quote(start: Start) -> None:
    bare, ttai = start(*BARE), start(*TTAI, "--demo")
    for server in (bare, ttai):
        server.initialize()
        for _ in range(300):  # until the stream has the symbol and every code path has run
            server.call("get_quote", symbol="SPY")
    compare(
        "warm quote over stdio", 1.5,
        lambda: bare.call("get_quote", symbol="SPY"), lambda: ttai.call("get_quote", symbol="SPY"), times=200,
    )  # fmt: skip


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
