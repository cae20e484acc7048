"""Two hundred options stressed over a grid, beside loops of one price at a time; the event loop while it runs."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

import pytest

from tests.core.quant.portfolio.books import book, pnl
from ttai.quant.american import Engine
from ttai.quant.portfolio.stress import Grid, stress
from ttai.quant.pricing import DAYS

pytestmark = pytest.mark.bench

SPOTS = (-0.3, -0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2, 0.3)
IVS = (-0.3, -0.2, -0.1, 0.0, 0.1, 0.3, 0.5)
AHEAD = (0.0, 7.0, 30.0)
HOLDINGS = book(200, 20)
PUTS = [
    replace(one, legs=tuple(replace(leg, type="put", years=400 / DAYS) for leg in one.legs if leg.is_option))
    for one in HOLDINGS
]
ROUNDS = 7


def best(work: Callable[[], object], times: int = ROUNDS) -> float:
    """Milliseconds, the best of so many."""
    took = []
    for _ in range(times):
        began = perf_counter()
        work()
        took.append((perf_counter() - began) * 1000)
    return min(took)


def grid(*, american: bool) -> Grid:
    return stress(HOLDINGS, SPOTS, IVS, AHEAD, american=american)


def erf_loop() -> float:
    """Every option in every market by a plain formula in pure Python: the fastest loop there is without arrays."""
    total = 0.0
    root = math.sqrt(2)
    for one in HOLDINGS:
        r, q = one.setting.rate, one.setting.dividend_yield
        for leg in one.legs:
            if not leg.is_option:
                continue
            sign = 1 if leg.type == "call" else -1
            for day in AHEAD:
                left = max(leg.years - day / DAYS, 1e-12)
                cash = leg.strike * math.exp(-r * left)
                for iv in IVS:
                    deviation = leg.volatility * (1 + iv) * math.sqrt(left)
                    for move in SPOTS:
                        spot = one.setting.spot * (1 + (one.beta or 1) * move)
                        stock = spot * math.exp(-q * left)
                        d1 = math.log(stock / cash) / deviation + deviation / 2
                        near = (1 + math.erf(sign * d1 / root)) / 2
                        far = (1 + math.erf(sign * (d1 - deviation) / root)) / 2
                        value = sign * (stock * near - cash * far)
                        total += leg.shares * max(value, sign * (spot - leg.strike))
    return total


def engine_loop() -> int:
    """Every option in every market asked of QuantLib's engine, set up once: nothing skipped."""
    asked = 0
    engines = {is_call: Engine(is_call, quick=True) for is_call in (True, False)}
    for one in HOLDINGS:
        for leg in one.legs:
            for day in AHEAD if leg.is_option else ():
                left = leg.years - day / DAYS
                for iv in IVS if left > 0 else ():
                    for move in SPOTS:
                        percent = 100 * one.setting.spot * (1 + (one.beta or 1) * move) / leg.strike
                        deviation = leg.volatility * (1 + iv) * math.sqrt(left)
                        rates = one.setting.rate * left, one.setting.dividend_yield * left
                        engines[leg.type == "call"].price(percent, deviation, *rates)
                        asked += 1
    return asked


def test_a_grid_over_two_hundred_options() -> None:
    options = sum(leg.is_option for one in HOLDINGS for leg in one.legs)
    cells = len(SPOTS) * len(IVS) * len(AHEAD)
    european, american = best(lambda: grid(american=False)), best(lambda: grid(american=True))
    hardest = best(lambda: stress(PUTS, SPOTS, IVS, AHEAD))
    python, quantlib = best(erf_loop, 3), best(engine_loop, 3)
    scalar = {}
    for early in (False, True):
        began = perf_counter()
        looped = pnl(HOLDINGS, -0.1, 0.1, 7, early=early)
        scalar[early] = (perf_counter() - began) * 1000 / 2 * cells  # now and there are two prices
        found = float(grid(american=early).pnl[1, 4, 2])
        assert found == pytest.approx(looped, abs=2 * 1e-4 * 100 * options * 300)
    print(
        f"\n{options} options over {len(SPOTS)} × {len(IVS)} × {len(AHEAD)} = {cells} markets"
        f"\n  European {european:.1f} ms; a loop in plain Python {python:.0f} ms ({python / european:.0f} x), "
        f"of pricing.price one by one {scalar[False]:.0f} ms ({scalar[False] / european:.0f} x)"
        f"\n  American {american:.0f} ms; QuantLib's quick engine asked for all {quantlib:.0f} ms "
        f"({quantlib / american:.1f} x), american.price one by one {scalar[True]:.0f} ms "
        f"({scalar[True] / american:.0f} x)"
        f"\n  all of them puts of 400 days, none of which the engine can be spared: {hardest:.0f} ms"
    )
    assert options == 200
    assert european <= 300
    assert max(american, hardest) <= 2000
    assert python >= 5 * european


async def test_the_event_loop_turns_while_a_book_is_stressed() -> None:
    grid(american=True)  # imports

    async def lag(until: "asyncio.Task[Grid]") -> float:
        most = 0.0
        while not until.done():
            began = perf_counter()
            await asyncio.sleep(0.001)
            most = max(most, perf_counter() - began - 0.001)
        return most * 1000

    for american in (False, True):
        found = []
        for _ in range(ROUNDS):
            work = asyncio.create_task(asyncio.to_thread(grid, american=american))
            found.append(await lag(work))
        middle, kind = sorted(found)[ROUNDS // 2], "American" if american else "European"
        print(f"\n{kind}: the event loop lags {max(found):.1f} ms at most, {middle:.1f} in the middle of {ROUNDS} runs")
        assert middle <= 100
