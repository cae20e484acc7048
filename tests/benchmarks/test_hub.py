"""The hub's figures: what one socket can carry, and what a symbol nobody asked for yet costs."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from pydantic import SecretStr

from ttai.clock import Clock
from ttai.login.credentials import Credentials
from ttai.market.book import Book
from ttai.market.hub import Hub
from ttai.market.types import Event, QuoteEvent
from ttai.tastytrade import TastyTrade, over_network
from ttai.testing import harness

pytestmark = pytest.mark.bench
FRAMES, EVENTS = 300, 1000
MUST = 20_000


@pytest.fixture
def feeder() -> Iterator[str]:
    """The URL of a broker in another process."""
    command = [sys.executable, str(Path(__file__).parent / "feeder.py"), str(FRAMES), str(EVENTS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.terminate()


async def _carry(url: str) -> tuple[float, float]:
    """Wall and CPU seconds from the first quote to the last through the real SDK into the hub."""
    broker = TastyTrade(Credentials(SecretStr("s"), SecretStr("t")), url, over_network())
    hub = Hub()
    began: list[float] = []
    cpu: list[float] = []
    done = asyncio.Event()
    received = 0

    def heard(events: Sequence[Event]) -> None:
        nonlocal received
        hub.heard(events)
        received += len(events)
        if events and not began:
            began.append(time.perf_counter())
            cpu.append(time.process_time())
        if events and events[-1].symbol == "LAST":
            done.set()

    symbols = [*(f"S{k}" for k in range(EVENTS)), "LAST"]
    with hub.hold(symbols, [QuoteEvent]):
        async with broker.stream(heard, Book(hub, Clock())) as stream:
            hub.connected()
            await stream.subscribe(QuoteEvent, symbols)
            await done.wait()
    await broker.close()
    assert received == FRAMES * EVENTS + 1
    return time.perf_counter() - began[0], time.process_time() - cpu[0]


@pytest.mark.timeout(120)
def test_events_a_second(feeder: str) -> None:
    best = min((asyncio.run(_carry(feeder)) for _ in range(7)), key=lambda pair: pair[0])
    rate = FRAMES * EVENTS / best[0]
    print(f"\nhub: {rate:,.0f} quote events/s ({1e6 * best[1] / (FRAMES * EVENTS):.1f} µs of CPU each), "
          f"{rate / MUST:.1f} x the {MUST:,} that it must")  # fmt: skip
    assert rate >= MUST


@pytest.mark.timeout(60)
async def test_cold_quote() -> None:
    """A cold quote on an open socket, beside a warm one, in process."""
    cold: list[float] = []
    warm: list[float] = []
    async with harness() as h:
        await h.call("get_quote", symbol="SPY")
        for symbol in list(h.simulator.world.instruments)[1:8]:
            for times in (cold, warm):
                start = time.perf_counter()
                await h.call("get_quote", symbol=symbol)
                times.append(time.perf_counter() - start)
    print(f"\nquote in memory, best of 7: cold {1e3 * min(cold):.1f} ms, warm {1e3 * min(warm):.1f} ms")
