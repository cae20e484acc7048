"""What one order opened, and what stands against shares."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from ttai.quant.strategies.book.ladders import Draft, Expiration, Piece, Shares, Stack, lot
from ttai.quant.strategies.book.lines import Held, called
from ttai.quant.strategies.book.shapes import innermost, same_strike, single
from ttai.quant.strategies.naming import CUSTOM

Opened = list[Stack]  # options of one kind of contract, by one order
Cover = Callable[[Expiration, int], Iterator[Draft]]  # at most so many contracts

_COVERS: Mapping[int, Sequence[Cover]] = {
    1: (
        lambda at, most: same_strike(at.puts[1], at.calls[-1], most),
        lambda at, most: innermost(at.puts[1], at.calls[-1], most),
        lambda at, most: same_strike(at.puts[-1], at.calls[-1], most),
        lambda at, most: innermost(at.puts[-1], at.calls[-1], most),
        lambda at, most: single(at.calls[-1], at.calls[-1].strikes.copy(), most),
        lambda at, most: single(at.puts[1], at.puts[1].strikes[::-1], most),
    ),
    -1: (
        lambda at, most: same_strike(at.puts[-1], at.calls[1], most),
        lambda at, most: innermost(at.puts[-1], at.calls[1], most),
        lambda at, most: single(at.puts[-1], at.puts[-1].strikes[::-1], most),
    ),
}


def stacked(book: Sequence[Held], lines: Sequence[Piece]) -> list[Stack]:
    """Lines, by their places and quantities above 0, contract by contract and side by side."""
    stacks: dict[tuple[object, int], Stack] = {}
    for place, quantity in lines:
        held = book[place]
        key = held.contract, held.sign
        if key not in stacks:
            stacks[key] = Stack(held)
        stacks[key].lines.append((place, quantity))
    return list(stacks.values())


def by_order(book: Sequence[Held], left: dict[int, Decimal]) -> tuple[list[list[Piece]], list[Opened]]:
    """What orders opened with the shares that go with it, and what they opened of options alone.

    Both are taken off what is `left` of the lines. An order's only contract stays there, as if no order were known.
    """
    orders: dict[str, list[Piece]] = defaultdict(list)
    for place, quantity in left.items():
        order = book[place].order
        if order is not None:
            orders[order].append((place, quantity))
    with_shares: list[list[Piece]] = []
    alone: list[Opened] = []
    for pieces in orders.values():
        stacks = stacked(book, pieces)
        stock = [Shares(stack, stack.quantity) for stack in stacks if stack.held.type == "stock"]
        for opened in _kinds(stacks):
            with_shares += [draw(draft) for shares in stock if (draft := joined(opened, shares))]
            if len({stack.held.contract for stack in opened}) > 1:
                alone.append(opened)
    for place, quantity in (piece for group in with_shares for piece in group):
        left[place] -= abs(quantity)
    for place in (place for opened in alone for stack in opened for place, _ in stack.lines):
        left[place] = Decimal()
    return with_shares, alone


def _kinds(stacks: Sequence[Stack]) -> list[Opened]:
    """Options of one multiplier, adjusted ones by root."""
    kinds: dict[tuple[int, str], Opened] = defaultdict(list)
    for stack in stacks:
        if stack.held.type != "stock":
            kinds[stack.held.kind].append(stack)
    return [kinds[kind] for kind in sorted(kinds)]


def joined(opened: Opened, shares: Shares) -> Draft | None:
    """As much of what one order opened as there are shares for, with them; None where that has no name."""
    (multiplier, adjusted), whole = opened[0].held.kind, lot(opened)
    times = min(shares.contracts(multiplier), whole)
    if adjusted or not times:
        return None
    options = [(stack, int(stack.quantity) // whole * times) for stack in opened]
    needed = (shares.stack, times * multiplier)
    signed = [(stack.held, Decimal(number * stack.held.sign)) for stack, number in (needed, *options)]
    if called(signed) == CUSTOM:
        return None
    return [shares.take(times, multiplier), *options]


def with_shares(expirations: Sequence[Expiration], shares: Shares) -> Iterator[Draft]:
    """What shares stand against, the most specific first, the first expiration first."""
    for cover in _COVERS[shares.stack.held.sign]:
        for at in expirations:
            multiplier, adjusted = at.kind
            if not adjusted:
                for draft in cover(at, shares.contracts(multiplier)):
                    yield [shares.take(draft[0][1], multiplier), *draft]


def draw(draft: Draft) -> list[Piece]:
    """The lines a strategy is made of, gone from their stacks."""
    return [piece for stack, number in draft for piece in stack.draw(Decimal(number))]
