"""The shapes of one expiration.

Each takes what it finds off the ladders, as often as it is there.
"""

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush

from ttai.quant.strategies.book.ladders import Draft, Expiration, Ladder

_MILL = 3  # decimals of a strike: widths that differ by rounding only are the same


def covered(at: Expiration) -> Iterator[Draft]:
    """Shapes of one expiration in which a long option stands against every short one, the most specific first.

    Vertical spreads are the last of them: they are noted on the expiration, for some join another leg later.
    """
    yield from boxes(at)
    for level in (True, False):
        for inner in (-1, 1):
            yield from irons(at, inner, level=level)
    for ladders in (at.puts, at.calls):
        for body in (-1, 1):
            yield from butterflies(ladders[body], ladders[-body])
        yield from broken_wings(ladders[-1], ladders[1])
        yield from condors(ladders[-1], ladders[1])
    for ladders, spreads in ((at.puts, at.put_spreads), (at.calls, at.call_spreads)):
        for bought, sold, contracts in nearest(ladders[1].free, ladders[-1].free, falling=ladders is at.puts):
            ladders[1].take(bought, contracts)
            ladders[-1].take(sold, contracts)
            spreads[sold, bought] = spreads.get((sold, bought), 0) + contracts


def uncovered(at: Expiration) -> Iterator[Draft]:
    """Shapes of one expiration with an option that nothing stands against, then the vertical spreads that are left."""
    yield from lizards(at)
    yield from spreads(at)
    for one in (-1, 1):
        for other in (-1, 1):
            yield from same_strike(at.puts[one], at.calls[other])
    for side in (-1, 1):
        yield from innermost(at.puts[side], at.calls[side])
    for side in (-1, 1):
        yield from crossed(at.puts[side], at.calls[side])
    for side in (-1, 1):
        yield from innermost(at.puts[side], at.calls[-side])


def boxes(at: Expiration) -> Iterator[Draft]:
    """The stock bought at one strike, a short put and a long call, and sold at another."""
    bought = both(at.puts[-1], at.calls[1])
    sold = both(at.puts[1], at.calls[-1])
    for low, high, contracts in nearest(bought, sold):
        yield [
            at.puts[-1].take(low, contracts),
            at.calls[1].take(low, contracts),
            at.puts[1].take(high, contracts),
            at.calls[-1].take(high, contracts),
        ]


def irons(at: Expiration, inner: int, *, level: bool) -> Iterator[Draft]:
    """Iron butterflies (`level`) and iron condors: the innermost put and call of a side, the nearest others beyond."""
    puts, calls, lower, upper = at.puts[inner], at.calls[inner], at.puts[-inner], at.calls[-inner]
    for put in reversed(puts.strikes.copy()):
        while put in puts.free:
            call = calls.above(put, level=level)
            low, high = lower.below(put), None if call is None else upper.above(call)
            if call is None or low is None or high is None or (level and call != put):
                break
            contracts = min(puts.free[put], calls.free[call], lower.free[low], upper.free[high])
            yield [
                lower.take(low, contracts),
                puts.take(put, contracts),
                calls.take(call, contracts),
                upper.take(high, contracts),
            ]


def butterflies(bodies: Ladder, wings: Ladder) -> Iterator[Draft]:
    """Two of a strike, and the nearest wings that are equally far."""
    for body in bodies.strikes.copy():
        for low in reversed(wings.strikes[: bisect_left(wings.strikes, body)]):
            if bodies.free.get(body, 0) < 2:
                break
            high = round(2 * body - low, _MILL)
            if high in wings.free:
                contracts = min(bodies.free[body] // 2, wings.free[low], wings.free[high])
                yield _butterfly(bodies, wings, (low, body, high), contracts)


def broken_wings(bodies: Ladder, wings: Ladder) -> Iterator[Draft]:
    """Two of a strike, and the nearest wings."""
    for body in bodies.strikes.copy():
        while bodies.free.get(body, 0) > 1:
            low, high = wings.below(body), wings.above(body)
            if low is None or high is None:
                break
            contracts = min(bodies.free[body] // 2, wings.free[low], wings.free[high])
            yield _butterfly(bodies, wings, (low, body, high), contracts)


def _butterfly(bodies: Ladder, wings: Ladder, strikes: tuple[float, float, float], contracts: int) -> Draft:
    low, body, high = strikes
    return [wings.take(low, contracts), bodies.take(body, 2 * contracts), wings.take(high, contracts)]


def condors(inner: Ladder, wings: Ladder) -> Iterator[Draft]:
    """Two strikes, and wings beyond them that are equally far: the nearest below the lower one decides how far."""
    for low in inner.strikes.copy():
        wing = wings.below(low)
        if wing is None:
            continue
        for high in inner.strikes[bisect_right(inner.strikes, low) :]:
            far = round(high + low - wing, _MILL)
            if far in wings.free and low in inner.free and wing in wings.free:
                contracts = min(inner.free[low], inner.free[high], wings.free[wing], wings.free[far])
                yield [
                    wings.take(wing, contracts),
                    inner.take(low, contracts),
                    inner.take(high, contracts),
                    wings.take(far, contracts),
                ]


def lizards(at: Expiration) -> Iterator[Draft]:
    """A short put and a call credit spread at or above it; a short call and a put credit spread at or below it."""
    puts, calls = at.puts[-1], at.calls[-1]
    for sold, bought in sorted(pair for pair in at.call_spreads if pair[0] < pair[1]):
        while at.call_spreads[sold, bought] and (put := puts.below(sold, level=True)) is not None:
            contracts = min(at.call_spreads[sold, bought], puts.free[put])
            at.call_spreads[sold, bought] -= contracts
            yield [puts.take(put, contracts), *_spread(at.calls, sold, bought, contracts)]
    for sold, bought in sorted((pair for pair in at.put_spreads if pair[0] > pair[1]), reverse=True):
        while at.put_spreads[sold, bought] and (call := calls.above(sold, level=True)) is not None:
            contracts = min(at.put_spreads[sold, bought], calls.free[call])
            at.put_spreads[sold, bought] -= contracts
            yield [*_spread(at.puts, sold, bought, contracts), calls.take(call, contracts)]


def spreads(at: Expiration) -> Iterator[Draft]:
    """The vertical spreads that joined nothing."""
    for ladders, found in ((at.puts, at.put_spreads), (at.calls, at.call_spreads)):
        for (sold, bought), contracts in sorted(found.items()):
            if contracts:
                yield _spread(ladders, sold, bought, contracts)


def _spread(ladders: Mapping[int, Ladder], sold: float, bought: float, contracts: int) -> Draft:
    return [(ladders[-1].stacks[sold], contracts), (ladders[1].stacks[bought], contracts)]


def same_strike(puts: Ladder, calls: Ladder, most: int = sys.maxsize) -> Iterator[Draft]:
    """A put and a call of one strike, the lowest first."""
    for strike, there in both(puts, calls).items():
        contracts = min(there, most)
        if contracts:
            most -= contracts
            yield [puts.take(strike, contracts), calls.take(strike, contracts)]


def innermost(puts: Ladder, calls: Ladder, most: int = sys.maxsize) -> Iterator[Draft]:
    """The highest put and the lowest call above it."""
    for put in reversed(puts.strikes.copy()):
        while most and put in puts.free and (call := calls.above(put)) is not None:
            contracts = min(puts.free[put], calls.free[call], most)
            most -= contracts
            yield [puts.take(put, contracts), calls.take(call, contracts)]


def crossed(puts: Ladder, calls: Ladder) -> Iterator[Draft]:
    """A put and the nearest call below it."""
    for put in puts.strikes.copy():
        while put in puts.free and (call := calls.below(put)) is not None:
            contracts = min(puts.free[put], calls.free[call])
            yield [puts.take(put, contracts), calls.take(call, contracts)]


def single(ladder: Ladder, strikes: Sequence[float], most: int) -> Iterator[Draft]:
    """Contracts of these strikes, one after the other."""
    for strike in strikes:
        contracts = min(ladder.free[strike], most)
        if contracts:
            most -= contracts
            yield [ladder.take(strike, contracts)]


def nearest(
    bought: Mapping[float, int], sold: Mapping[float, int], *, falling: bool = False
) -> list[tuple[float, float, int]]:
    """Strikes bought and sold in pairs, and contracts: the least width first, of equal ones the credit.

    No strike is in both. The nearest two of opposite sides have nothing between them, so only neighbours are looked
    at. `falling` for puts, whose credit spreads are bought below.
    """
    strikes = sorted([*bought, *sold])
    left = [bought.get(strike, 0) or -sold[strike] for strike in strikes]
    before, after = list(range(-1, len(strikes) - 1)), list(range(1, len(strikes) + 1))

    def step(low: int, high: int) -> tuple[float, bool, int, int]:
        return round(strikes[high] - strikes[low], _MILL), (left[low] > 0) != falling, low, high

    queue = [step(low, low + 1) for low in range(len(strikes) - 1) if left[low] * left[low + 1] < 0]
    heapify(queue)
    found = []
    while queue:
        _, _, low, high = heappop(queue)
        contracts = min(abs(left[low]), abs(left[high]))
        if not contracts:  # one of them has gone to a nearer neighbour
            continue
        up, down = (low, high) if left[low] > 0 else (high, low)
        found.append((strikes[up], strikes[down], contracts))
        left[up] -= contracts
        left[down] += contracts
        for here in (low, high):
            if not left[here]:  # its neighbours are each other's now
                one, other = before[here], after[here]
                if one >= 0:
                    after[one] = other
                if other < len(strikes):
                    before[other] = one
                if one >= 0 and other < len(strikes) and left[one] * left[other] < 0:
                    heappush(queue, step(one, other))
    return found


def both(one: Ladder, other: Ladder) -> dict[float, int]:
    """Contracts by strike, the lowest first, of strikes that are on both ladders."""
    return {strike: min(one.free[strike], other.free[strike]) for strike in one.strikes if strike in other.free}
