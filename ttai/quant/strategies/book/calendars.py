"""The shapes of two expirations: what is sold in front and bought behind.

Each takes what it finds off the ladders, as often as it is there.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

from ttai.quant.strategies.book.ladders import Draft, Expiration, Ladder
from ttai.quant.strategies.book.shapes import both

Term = tuple[Expiration, Expiration]  # a front and a back one


def terms(expirations: Sequence[Expiration]) -> list[Term]:
    """The pairs a calendar can be of, the first to expire first: contracts of one kind, on two days."""
    pairs = combinations(expirations, 2)
    return [(front, back) for front, back in pairs if front.kind == back.kind and front.date != back.date]


def covered(pairs: Sequence[Term]) -> Iterator[Draft]:
    """What is sold with what covers it for longer: two calendars, two diagonals, a calendar, a diagonal."""
    for find in (_two_calendars, _two_diagonals):
        for front, back in pairs:
            if all(ladder.free for ladder in (front.puts[-1], front.calls[-1], back.puts[1], back.calls[1])):
                yield from find(front, back)
    for sold, bought, _ in _facing(pairs):
        for strike, contracts in both(sold, bought).items():
            yield [sold.take(strike, contracts), bought.take(strike, contracts)]
    yield from diagonals(pairs, covering=True)


def diagonals(pairs: Sequence[Term], *, covering: bool) -> Iterator[Draft]:
    """A short option and a later long one that covers it (a call struck lower, a put struck higher), or does not."""
    for sold, bought, calls in _facing(pairs):
        for strike in sold.strikes.copy() if calls else sold.strikes[::-1]:
            yield from _diagonal(sold, bought, strike, upward=covering != calls)


def _facing(pairs: Sequence[Term]) -> Iterator[tuple[Ladder, Ladder, bool]]:
    """What is sold in front, what is bought behind, and whether they are calls; while both are there."""
    for front, back in pairs:
        if front.puts[-1].free and back.puts[1].free:
            yield front.puts[-1], back.puts[1], False
        if front.calls[-1].free and back.calls[1].free:
            yield front.calls[-1], back.calls[1], True


def _diagonal(sold: Ladder, bought: Ladder, strike: float, *, upward: bool) -> Iterator[Draft]:
    while strike in sold.free:
        other = bought.above(strike) if upward else bought.below(strike)
        if other is None:
            return
        contracts = min(sold.free[strike], bought.free[other])
        yield [sold.take(strike, contracts), bought.take(other, contracts)]


def _two_calendars(front: Expiration, back: Expiration) -> Iterator[Draft]:
    """A put and a call, each sold in front and bought behind at one strike, from the innermost outwards."""
    puts, calls = both(front.puts[-1], back.puts[1]), both(front.calls[-1], back.calls[1])
    for put in reversed(puts):
        for call in calls:
            contracts = min(puts[put], calls[call]) if put <= call else 0
            if contracts:
                puts[put] -= contracts
                calls[call] -= contracts
                yield [
                    front.puts[-1].take(put, contracts),
                    back.puts[1].take(put, contracts),
                    front.calls[-1].take(call, contracts),
                    back.calls[1].take(call, contracts),
                ]


def _two_diagonals(front: Expiration, back: Expiration) -> Iterator[Draft]:
    """The innermost put and call sold in front, the nearest bought behind at those strikes or beyond them."""
    puts, calls, lower, upper = front.puts[-1], front.calls[-1], back.puts[1], back.calls[1]
    for put in reversed(puts.strikes.copy()):
        while put in puts.free:
            call = calls.above(put, level=True)
            low, high = lower.below(put, level=True), None if call is None else upper.above(call, level=True)
            if call is None or low is None or high is None:
                break
            contracts = min(puts.free[put], calls.free[call], lower.free[low], upper.free[high])
            yield [
                lower.take(low, contracts),
                puts.take(put, contracts),
                calls.take(call, contracts),
                upper.take(high, contracts),
            ]
