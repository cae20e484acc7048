"""The strategies that a trader recognises in what an account holds on one underlying."""

from collections.abc import Iterator, Sequence
from decimal import localcontext

from ttai.quant.strategies.book import calendars, shapes
from ttai.quant.strategies.book.cover import Opened, by_order, draw, joined, stacked, with_shares
from ttai.quant.strategies.book.ladders import Draft, Expiration, Piece, Shares, Stack
from ttai.quant.strategies.book.lines import Held, Part, Recognised, called

__all__ = ["Held", "Part", "Recognised", "recognise"]

_DIGITS = 200  # of shares that floats were made decimals of: the parts of a line add up to it exactly


def recognise(book: Sequence[Held], spot: float | None = None) -> list[Recognised]:
    """The strategies in the lines that one account holds on one underlying; every contract and share is in one.

    What one order opened belongs together; else a short option goes with what covers it before it goes with another
    short one. In this order, each as often as it is there, and what one step has taken the next one does not see:

    1. By order: what one order opened, if that is two contracts or more, whole, under its name or as "custom", which
       nothing else ever is; with the shares that the same order bought or sold, where that has a name. An order's only
       contract goes on as if no order were known.
    2. A contract that is held long and short (a broker nets it, several orders don't) cancels out and joins nothing.
    3. Of one expiration and root, a long option against every short one: box; iron butterfly, reverse iron butterfly;
       iron condor, reverse iron condor (the innermost put and call, the nearest strikes beyond); butterfly with equal
       wings, the nearest first, then with broken ones; condor with equal wings; vertical spread, the nearest strikes
       first, of equal widths the credit. Three sold against two bought are two spreads and a short call: a ratio
       spread or backspread is what one order opened.
    4. With stock, as many shares as whole contracts are of; each shape of the first expiration first. Long stock: with
       what one order opened, where that has a name (a strangle is a covered strangle); conversion; collar; covered
       straddle; covered strangle; covered call, the lowest strike first; protective put, the highest first. Short
       stock: likewise; reversal; reverse collar; covered put, the highest strike first.
    5. Of two expirations, sold in front and bought behind, the next one first: double calendar; double diagonal, the
       long options at the strikes of the short ones or beyond; calendar; the diagonal whose long option covers the
       short one, a call struck lower or a put struck higher, a poor man's covered call among them. What is bought in
       front covers nothing behind: reverse calendars and diagonals are what one order opened.
    6. Of one expiration, with something that is not covered: jade lizard and big lizard, a credit spread of step 3 and
       the nearest short option; vertical spreads that are left; straddle and synthetic stock; strangle, the innermost
       strikes first; guts; risk reversal.
    7. The other diagonals: a long call struck higher, a long put struck lower.
    8. What remains is by itself: an option, contract by contract; stock, with the fractions of a contract's worth.

    So 100 shares, a short call and a put credit spread of one date are a covered call and a put spread, not stock and
    a reverse jade lizard; 100 shares, a short call and a short put are a covered strangle; 100 shares and a call spread
    are stock and a call spread, for the long call covers the short one; a short put, a short call and a deep call of
    next year are a short put and a diagonal, but with a far put of next year a strangle and a long put.

    Contracts of different multipliers never join, nor do adjusted ones (a root that ends in a digit) and others, or
    stock. Neither the order of the lines nor `spot` matters for what goes together: `spot`, dollars, tells a poor man's
    covered call from other call diagonals, as `named` says; where it is None, no diagonal is called so. Whether cash
    secures a short put is the account's business.
    """
    with localcontext(prec=_DIGITS):
        lines = sorted(range(len(book)), key=lambda place: book[place].rank)
        left = {place: abs(book[place].quantity) for place in lines}
        groups, opened = by_order(book, left)
        stacks = stacked(book, [(place, quantity) for place, quantity in left.items() if quantity])
        groups += [draw(draft) for draft in _drafts(stacks, opened)]
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
