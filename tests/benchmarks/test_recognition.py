"""A book of 500 lines recognised, beside spreads from all pairs of it, and beside the sorting of its lines."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from time import perf_counter

import pytest

from ttai.quant.strategies.recognition import Held, recognise

pytestmark = pytest.mark.bench
ROUNDS = 7
FIRST = date(2026, 12, 18)


def book(size: int, dates: int) -> list[Held]:
    """Options at random on weekly expirations, one in five by one of 50 orders, and a thousand shares."""
    chance = random.Random(7)
    lines = [
        Held(
            chance.choice(["call", "put"]),
            Decimal(chance.choice([-3, -2, -1, 1, 2, 3])),
            chance.randint(100, 300) / 2,
            FIRST + timedelta(weeks=chance.randrange(dates)),
            order=f"{chance.randrange(50)}" if chance.random() < 0.2 else None,
        )
        for _ in range(size)
    ]
    return [*lines, Held("stock", Decimal(1000), multiplier=1)]


def pairs(lines: list[Held]) -> list[tuple[Held, Held]]:
    """Vertical spreads alone, the way one would write them: every pair of an expiration, the nearest taken first."""
    held: dict[object, list[Held]] = {}
    for line in lines:
        held.setdefault((line.type, line.expiration), []).append(line)
    found = []
    for there in held.values():
        sold, bought = [line for line in there if line.quantity < 0], [line for line in there if line.quantity > 0]
        widths = [(abs(a.strike - b.strike), i, j) for i, a in enumerate(sold) for j, b in enumerate(bought)]
        left = [{*range(len(sold))}, {*range(len(bought))}]
        for width, i, j in sorted(widths):
            if width and i in left[0] and j in left[1]:
                left[0].remove(i)
                left[1].remove(j)
                found.append((sold[i], bought[j]))
    return found


def by_contract(lines: list[Held]) -> list[Held]:
    """The lines in the order of a chain."""
    return sorted(lines, key=lambda line: (line.expiration or date.max, line.root, line.strike, line.type))


def best(work: Callable[[list[Held]], object], lines: list[Held]) -> float:
    """Milliseconds, the best of 7."""
    took = []
    for _ in range(ROUNDS):
        began = perf_counter()
        work(lines)
        took.append((perf_counter() - began) * 1000)
    return min(took)


@pytest.mark.parametrize(("size", "dates"), [(4, 1), (60, 4), (500, 1), (500, 8), (500, 30), (2000, 30)])
def test_a_book_is_recognised(size: int, dates: int) -> None:
    lines = book(size, dates)
    ours, naive, sort = best(recognise, lines), best(pairs, lines), best(by_contract, lines)
    print(
        f"\n{size} lines on {dates} dates: {ours:.2f} ms; spreads alone, from all pairs, {naive:.2f} ms "
        f"({ours / naive:.1f} x); the lines sorted {sort:.2f} ms ({ours / sort:.0f} x)"
    )
    if size <= 500:
        assert ours <= 50
