"""What two years of daily bars of 50 symbols cost: from the feed, from the database, and of memory."""

import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.desk import BRISK, Desk, desk

pytestmark = pytest.mark.bench
SYMBOLS = 50
BARS = 504
COLD, KEPT = 10.0, 0.5  # s, the musts


async def _ask(d: Desk) -> float:
    symbols = list(d.simulator.world.instruments)[:SYMBOLS]
    start = time.perf_counter()
    histories = await asyncio.gather(*(d.market.history(symbol, bars=BARS) for symbol in symbols))
    spent = time.perf_counter() - start
    assert [len(history.frame) for history in histories] == [BARS] * SYMBOLS
    assert not any(history.stale for history in histories)
    return spent


async def _round(home: Path) -> tuple[float, float, float]:
    """Seconds from the feed, of memory, and after a restart from the database."""
    async with desk(home=home, tries=BRISK) as d:
        await d.market.history("VIX", "1h", bars=5)  # the libraries are in
        cold, warm = await _ask(d), await _ask(d)
        await d.written()
    async with desk(home=home, tries=BRISK) as d:
        await d.market.history("VIX", "1h", bars=5)
        for symbol in list(d.simulator.world.instruments)[:SYMBOLS]:  # a broker knows its own bars
            d.simulator.world.snapshot(symbol)
            d.simulator.world.history(symbol)
        return cold, warm, await _ask(d)


@pytest.mark.timeout(300)
async def test_two_years_of_fifty_symbols() -> None:
    rounds = []
    for _ in range(7):
        with TemporaryDirectory() as folder:
            rounds.append(await _round(Path(folder)))
    cold, warm, kept = (min(times) for times in zip(*rounds, strict=True))
    print(
        f"\n{SYMBOLS} symbols x {BARS} daily bars, best of 7: from the simulator's feed {cold:.2f} s, "
        f"from the database {1e3 * kept:.0f} ms, of memory {1e3 * warm:.0f} ms: database / feed {kept / cold:.2f}"
    )
    assert cold <= COLD
    assert kept <= KEPT
