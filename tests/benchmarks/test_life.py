"""What a server costs that nobody asks, and how long its loop is ever kept from turning."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.server import TTAI, Server
from ttai.testing import harness

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]
IDLE = 120.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(TTAI, tmp_path)
    yield server
    server.close()


def test_idle_cpu(server: Server) -> None:
    """Sleeps, because the figure is that of two minutes in which nothing is asked."""
    server.initialize()
    server.ask("tools/list")
    time.sleep(10)  # the start's own work
    before = _cpu(server.pid)
    time.sleep(IDLE)
    share = (_cpu(server.pid) - before) / IDLE * 100
    print(f"\nidle CPU without credentials over {IDLE:.0f} s: {share:.3f} % of a core (must: 0.2)")
    assert share < 0.2


async def test_loop_lag() -> None:
    """The longest turn of the loop while the heaviest tools answer, after the start."""
    async with harness(serving=True) as h:
        symbols = [one.symbol for one in h.simulator.world.instruments.values()][:100]
        for number in range(200):
            await h.app.notifier.send("A price alert", f"TSLA is at {number}")
        await h.call("get_quotes", symbols=symbols)
        await h.call("render_chart", symbol="SPY")  # with all libraries
        await asyncio.sleep(1)
        worst = 0.0
        done = asyncio.Event()

        async def sample() -> None:
            nonlocal worst
            while not done.is_set():
                began = time.perf_counter()
                await asyncio.sleep(0.001)
                worst = max(worst, time.perf_counter() - began - 0.001)

        sampling = asyncio.create_task(sample())
        for _ in range(7):
            await h.call("get_quotes", symbols=symbols)
            await h.call("list_notifications", limit=200)
            await h.call("get_status")
            await h.call("get_market_metrics", symbols=symbols)
            for symbol in symbols[:3]:
                await h.call("get_price_history", symbol=symbol, interval="1m", limit=300, start="2026-11-02")
                await h.call("get_indicators", symbol=symbol, interval="1m")
                await h.call("find_levels", symbol=symbol, lookback=2000)
                await h.call("render_chart", symbol=symbol, lookback=400)
        done.set()
        await sampling
    print(
        f"\nlongest turn of the loop with {len(symbols)} quotes, charts, indicators: {worst * 1e3:.0f} ms (must: 100)"
    )
    assert worst < 0.1


def _cpu(pid: int) -> float:
    """Seconds of CPU a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
