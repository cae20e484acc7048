"""The strategies that a trader recognises in what an account holds on one underlying."""

from collections.abc import Iterator, Sequence

from ttai.quant.strategies.book import calendars, shapes
from ttai.quant.strategies.book.cover import Opened, by_order, draw, joined, stacked, with_shares
from ttai.quant.strategies.book.ladders import Draft, Expiration, Piece, Shares, Stack
from ttai.quant.strategies.book.lines import Held, Part, Recognised, called

__all__ = ["Held", "Part", "Recognised", "recognise"]


def recognise(book: Sequence[Held], spot: float | None = None) -> list[Recognised]:
    """The strategies in the lines that one account holds on one underlying; every contract and share is in one.

    A short option goes with what covers it before it goes with another short one. In this order, each as often as it
    is there, and what one step has taken is not there for the next:

    1. What one order opened, two contracts or more (or options and the shares they need), stays together in whole
       ratios, under its name or as "custom". Nothing else is ever custom.
    2. A contract held both long and short, by several orders, cancels out and joins nothing.
    3. Of one expiration and root, where a long option stands against every short one: box; iron butterfly, reverse
       iron butterfly; iron condor, reverse iron condor (the innermost put and call, the nearest strikes beyond);
       butterfly with equal wings, then with broken ones; condor with equal wings; vertical spreads, the nearest
       strikes first. Three sold against two bought are two spreads and a short call: a ratio spread is one order's.
    4. With stock, whole contracts' worth only, the first expiration first. Long: the short strangle, straddle or risk
       reversal of one order; conversion and collar; covered straddle and covered strangle; covered call, the lowest
       strike first; protective put, the highest first. Short: reversal and reverse collar, covered put.
    5. Sold in front and bought behind, the next expiration first: double calendar, double diagonal, calendar, and the
       diagonal whose long option is at least as near to the money as the short one, a poor man's covered call among
       them. The other way round they need an order.
    6. Of one expiration, where something is not covered: jade and big lizards (a spread of step 3 and the nearest
       short option); the spreads that are left; straddle and synthetic stock; strangle, the innermost strikes first;
       guts; risk reversal.
    7. Other diagonals: the long option farther from the money than the short one.
    8. What remains: single options, one contract each, and stock with its fractions.

    So 100 shares, a short call and a put credit spread are a covered call and a put spread, not stock and a reverse
    jade lizard; 100 shares, a short call and a short put of one date are a covered strangle; 100 shares and a call
    spread are stock and a call spread, since the long call covers the short one already; and a short strangle whose
    call is covered by a long call of a later year is a short put and a diagonal.

    Contracts of different multipliers never join, nor adjusted ones (a root that ends in a digit) with others or with
    stock. Neither the order of the lines nor `spot` matters for what is grouped; `spot`, dollars, only tells a poor
    man's covered call from other call diagonals, as `named` describes it.
    """
    lines = sorted(range(len(book)), key=lambda place: book[place].rank)
    left = {place: abs(book[place].quantity) for place in lines}
    groups, opened = by_order(book, left)
    stacks = stacked(book, [(place, quantity) for place, quantity in left.items() if quantity])
    for draft in _drafts(stacks, opened):
        groups.append(draw(draft))
    groups += [stack.draw(stack.quantity) for stack in stacks if stack.lines]
    return [_recognised(book, group, spot) for group in groups]


def _drafts(stacks: Sequence[Stack], opened: Sequence[Opened]) -> Iterator[Draft]:
    """Strategies of several lines, step by step, each to be drawn before the next is asked for."""
    expirations, shares = _expirations(stacks), _shares(stacks)
    for at in expirations:
        at.net()
        yield from shapes.covered(at)
    if shares:
        for one in opened:
            if draft := joined(one, shares):
                yield draft
    for one in opened:
        if one[0].lines:
            yield [(stack, int(stack.quantity)) for stack in one]
    if shares:
        yield from with_shares(expirations, shares)
    pairs = calendars.terms(expirations)
    yield from calendars.covered(pairs)
    for at in expirations:
        yield from shapes.uncovered(at)
    yield from calendars.diagonals(pairs, covering=False)


def _expirations(stacks: Sequence[Stack]) -> list[Expiration]:
    """The options on their ladders, the first to expire first."""
    expirations: dict[tuple[object, ...], Expiration] = {}
    for stack in stacks:
        held = stack.held
        if held.expiration is None or held.type == "stock":
            continue
        key = held.expiration, held.root, held.multiplier
        if key not in expirations:
            expirations[key] = Expiration(held.expiration, held.kind)
        at = expirations[key]
        (at.puts if held.type == "put" else at.calls)[held.sign].add(stack)
    return list(expirations.values())


def _shares(stacks: Sequence[Stack]) -> Shares | None:
    """The shares that are long or short, less what is held the other way."""
    stock = sorted((stack for stack in stacks if stack.held.type == "stock"), key=lambda stack: stack.quantity)
    if not stock:
        return None
    return Shares(stock[-1], stock[-1].quantity - sum(stack.quantity for stack in stock[:-1]))


def _recognised(book: Sequence[Held], group: Sequence[Piece], spot: float | None) -> Recognised:
    """A strategy by its name, its lines in the order of a chain."""
    parts = sorted(group, key=lambda piece: (book[piece[0]].rank, piece[0]))
    name = called([(book[place], quantity) for place, quantity in parts], spot)
    return Recognised(name, tuple(Part(place, quantity) for place, quantity in parts))
