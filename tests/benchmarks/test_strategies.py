"""Thousands of iron condors ranked at once beside a loop, four legs analysed beside a grid, a picture of them."""

import math
from time import perf_counter

import numpy as np
import pytest

from ttai.quant.smile import Smile
from ttai.quant.strategies.figures import figures, scenario
from ttai.quant.strategies.legs import Leg
from ttai.quant.strategies.odds import Implied
from ttai.quant.strategies.position import Position, Setting
from ttai.testing import harness
from ttai_chains.candidates.batches import Batch
from ttai_chains.candidates.ranking import Terms, best, search
from ttai_chains.candidates.templates import named

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


def sampled(position: Position, volatility: float) -> tuple[float, float, float, float]:
    """Most, least, probability and expected value off a grid of a hundred thousand prices, the common way."""
    prices = np.linspace(0.01, 400, 100_001)
    pnl = position.pnl(prices, position.front)
    density = position.lognormal(volatility).density(prices)
    step = prices[1] - prices[0]
    return pnl.max(), pnl.min(), float((density * (pnl > 0)).sum() * step), float((density * pnl).sum() * step)


def test_four_legs_are_analysed() -> None:
    condor = [
        Leg("put", 100, 1.10, 90, 45 / 365, 0.34), Leg("put", -100, 2.05, 95, 45 / 365, 0.32),
        Leg("call", -100, 1.95, 105, 45 / 365, 0.28), Leg("call", 100, 0.90, 110, 45 / 365, 0.27),
    ]  # fmt: skip
    calendar = [
        Leg("call", -100, 2.5, 100, 30 / 365, 0.3), Leg("call", 100, 3.6, 100, 60 / 365, 0.3),
        Leg("put", -100, 2.3, 95, 30 / 365, 0.33), Leg("put", 100, 3.2, 95, 60 / 365, 0.32),
    ]  # fmt: skip
    strikes = np.arange(60.0, 150.0)
    implied = Implied(Smile(strikes, np.full(len(strikes), 0.3), 100.0, 45 / 365, 0.04, 0.0))
    moves = [100 * (1 + move / 100) for move in (-20, -10, -5, -2, 0, 2, 5, 10, 20)]
    figures(Position(tuple(condor), Setting(100, 0.04)), 0.3, implied)  # the chain is read once
    for name, legs in (("iron condor", condor), ("double calendar", calendar)):
        took, grids = [], []
        for _ in range(ROUNDS):
            for _ in range(5):
                began = perf_counter()
                position = Position(tuple(legs), Setting(100, 0.04))
                found = figures(position, 0.3, implied)
                scenario(position, moves, 0.05)
                for points in (-0.1, -0.05, 0.05, 0.1):
                    position.pnl([100.0], 0.0, points)
                took.append((perf_counter() - began) * 1000)
            began = perf_counter()
            grid = sampled(position, 0.3)
            grids.append((perf_counter() - began) * 1000)
        assert found.lognormal is not None
        print(
            f"\n{name}: {min(took):.2f} ms with odds, greeks, P/L at 9 prices and 3 times, 4 volatilities; "
            f"max, min, PoP and EV off a grid of 100,001 prices {min(grids):.1f} ms ({min(grids) / min(took):.0f} x)"
        )
        assert found.lognormal.pop == pytest.approx(grid[2], abs=1e-3)
        assert found.lognormal.expected_value == pytest.approx(grid[3], abs=0.1)
        assert min(took) <= 2


async def test_an_analysis_and_a_picture_as_a_client_asks_for_them() -> None:
    async with harness(serving=True) as h:
        asked = {"strategy": "iron_condor", "deltas": [0.16]}
        first = await h.call("analyze_strategy", symbol="SPX", **asked)
        await h.call("render_payoff", snapshot=first.data["snapshot"], **asked)
        times: dict[str, list[float]] = {"ping": [], "analyze_strategy": [], "render_payoff": []}
        for _ in range(ROUNDS):
            for tool, took in times.items():
                arguments = {} if tool == "ping" else {"snapshot": first.data["snapshot"], **asked}
                began = perf_counter()
                await h.call(tool, **arguments)
                took.append((perf_counter() - began) * 1000)
    said = ", ".join(f"{tool} {min(took):.1f} ms" for tool, took in times.items())
    print(f"\nSPX iron condor from a snapshot, with paths and the broker's dry run: {said}")
    assert min(times["render_payoff"]) <= 300
