"""Thousands of iron condors priced and ranked at once, beside a loop that looks at them one by one."""

import math
from time import perf_counter

import pytest

from ttai.testing import harness
from ttai_chains.batches import Batch
from ttai_chains.candidates import Terms, best, search
from ttai_chains.templates import named

pytestmark = pytest.mark.bench
ROUNDS = 7
MOST = 8_000
BASELINE = 200  # of them one by one


def above(strike: float, forward: float, deviation: float) -> tuple[float, float]:
    """The probability to end above a strike, and what a call pays on average."""
    upper = math.log(forward / strike) / deviation + deviation / 2
    near, far = (0.5 * math.erfc(-x / math.sqrt(2)) for x in (upper, upper - deviation))
    return far, forward * near - strike * far


def one_by_one(batch: Batch) -> list[tuple[float, float]]:
    """Expected value and probability of profit, the way one would write it for a single condor."""
    ends = batch.lognormal
    assert ends is not None
    quotes, found = batch.front, []
    rows = [part.row for part in batch.template.parts]
    for columns in batch.columns[:BASELINE].tolist():
        strikes = [float(quotes.strikes[column]) for column in columns]
        bids = [float(quotes.bid[row, column]) for row, column in zip(rows, columns, strict=True)]
        asks = [float(quotes.ask[row, column]) for row, column in zip(rows, columns, strict=True)]
        mids = [(bid + ask) / 2 for bid, ask in zip(bids, asks, strict=True)]
        natural = asks[0] - bids[1] - bids[2] + asks[3]
        mid = mids[0] - mids[1] - mids[2] + mids[3]
        credit = -(mid + (natural - mid) / 3)
        low, put, call, high = (above(strike, ends.forward, ends.deviation)[1] for strike in strikes)
        puts = put - low + strikes[1] - strikes[0]  # by parity
        expected = 100 * (credit - puts - (call - high))
        inside = [above(price, ends.forward, ends.deviation)[0] for price in (strikes[1] - credit, strikes[2] + credit)]
        found.append((expected, inside[0] - inside[1]))
    return found


async def test_five_thousand_iron_condors_are_ranked() -> None:
    async with harness() as h:
        chain = await h.app.market.chain("SPX")
        quotes = await chain.quotes(next(one for one in chain.expirations if one.date.isoformat() == "2026-12-31"))
    template, terms = named("iron_condor"), Terms(index=True)
    took, loops = [], []
    for _ in range(ROUNDS):
        began = perf_counter()
        found = search(template, quotes, None, terms, MOST)
        chosen, _ = best([found.batch], "expected_value", 10, terms)
        took.append((perf_counter() - began) * 1000)
        began = perf_counter()
        slow = one_by_one(found.batch)
        loops.append((perf_counter() - began) * 1000 / BASELINE * len(found.batch))
    print(
        f"\n{found.total:,} iron condors of SPX: priced, sifted and ranked in {min(took):.1f} ms, "
        f"{min(took) / found.total * 1000:.1f} µs each; one by one {min(loops):.0f} ms, "
        f"{min(loops) / min(took):.1f} times as long"
    )
    assert len(chosen) > 1
    assert [pop for _, pop in slow] == pytest.approx(found.batch.pop[:BASELINE].tolist(), abs=2e-3)  # but for the tick
    assert [expected for expected, _ in slow] == pytest.approx(found.batch.expected[:BASELINE].tolist(), abs=10)
    assert found.total >= 5_000
    assert min(took) <= 150
