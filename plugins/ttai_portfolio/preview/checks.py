"""What speaks against an order before the broker is asked: refused where it can't be meant, else warned of; pure."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from ttai import PlacedOrder, Position
from ttai.quant.symbols import kind
from ttai_portfolio.preview.drafts import Draft, DraftLeg
from ttai_portfolio.records.orders import done, written
from ttai_portfolio.records.wording import option_of

PENNY = Decimal("0.01")
SUB_PENNY = Decimal("0.0001")  # what stocks below a dollar trade in
GENEROUS = 0.25  # of the mid: better than that is hardly filled
LEAST = 0.05  # dollars a share from the mid that say nothing
EVEN = 0.1  # of all that is bought and sold: a combination that costs no more may be traded either way
TENFOLD, HUNDRED = 10, 100
_ROUNDING = 1e-9


def refusals(draft: Draft) -> list[str]:
    """Why it can't be meant so, with what to do; none where it can."""
    return [*_closed_beyond(draft.legs), *_off_tick(draft), *_wrong_way(draft)]


def warnings(draft: Draft, held: Sequence[Position], working: Sequence[PlacedOrder] = ()) -> list[str]:
    """What may be meant so, and is seldom."""
    return [
        *_combination_ticks(draft),
        *_other_way(draft),
        *_far(draft),
        *_closed_twice(draft.legs, working),
        *_uncovered(draft, held),
        *_large(draft.legs, held),
        *_unchecked(draft),
    ]


def _closed_beyond(legs: Iterable[DraftLeg]) -> list[str]:
    """More closed than there is: an order's leg opens or closes."""
    return [
        f"{abs(leg.quantity)} of {leg.symbol} can't be closed, for {leg.held.normalize():f} "
        f"{'is' if abs(leg.held) == 1 else 'are'} held: close that many, and open the rest by an order of its own"
        for leg in legs
        if not leg.opening and abs(leg.quantity) > abs(leg.held)
    ]


def _off_tick(draft: Draft) -> list[str]:
    """A price that no exchange takes: the broker's dry run would not notice."""
    tick = _tick(draft)
    if tick is None or draft.price % tick == 0:
        return []
    below = draft.price - draft.price % tick
    near = " or ".join(written(price) for price in (below, below + tick) if price > 0)
    of = draft.legs[0].symbol if len(draft.legs) == 1 else f"a combination on {draft.underlying}"
    return [f"{of} is priced in steps of {written(tick)}: {written(draft.price)} is none of them, send {near}"]


def _wrong_way(draft: Draft) -> list[str]:
    """Money that clearly goes the other way than the legs say."""
    if not _is_other_way(draft) or _may_be_meant(draft):
        return []
    cure = f"check the signs of the quantities (below 0 sells), or send effect={draft.direction}"
    return [f"{_both_ways(draft)}: {cure}"]


def _other_way(draft: Draft) -> list[str]:
    """Money that goes the other way than the mids say, and may: of what costs next to nothing, or waits for more."""
    return [f"{_both_ways(draft)}: is that meant?"] if _is_other_way(draft) and _may_be_meant(draft) else []


def _is_other_way(draft: Draft) -> bool:
    return draft.effect is not None and draft.direction not in (None, draft.effect)


def _may_be_meant(draft: Draft) -> bool:
    """Of legs bought and sold: about even, or a small credit asked for what costs a lot more."""
    mids = [leg.mid for leg in draft.legs]
    if draft.mid is None or len({leg.quantity > 0 for leg in draft.legs}) == 1:
        return False
    whole = sum(abs(leg.shares * (mid or 0.0)) for leg, mid in zip(draft.legs, mids, strict=True)) / draft.unit
    small = draft.effect == "credit" and 2 * float(draft.price) <= abs(draft.mid)
    return small or abs(draft.mid) <= max(LEAST, EVEN * whole)


def _both_ways(draft: Draft) -> str:
    at = f" at the mids (${abs(draft.mid):.2f} a share)" if draft.mid is not None else ""
    return f"these legs are a {draft.direction}{at}, and effect is {draft.effect}"


def _closed_twice(legs: Iterable[DraftLeg], working: Sequence[PlacedOrder]) -> list[str]:
    """More closed than there is, once the orders that work are filled, too."""
    said = []
    for leg in legs:
        if leg.opening:
            continue
        waiting = {order.id: _left(order, leg) for order in working}
        ids = [number for number, left in waiting.items() if left]
        whole = sum(waiting.values(), Decimal(abs(leg.quantity)))
        if ids and whole > abs(leg.held):
            said.append(
                f"order {' and '.join(ids)} works to close {leg.symbol}, too: filled with this one it would be "
                f"{whole.normalize():f}, and {abs(leg.held).normalize():f} are held"
            )
    return said


def _left(order: PlacedOrder, leg: DraftLeg) -> Decimal:
    """How much of an order may still trade a leg the same way."""
    same = [one for one in order.legs if one.symbol == leg.symbol and one.quantity * leg.quantity > 0]
    return sum((abs(one.quantity) - done(one) for one in same), Decimal(0))


def _uncovered(draft: Draft, held: Sequence[Position]) -> list[str]:
    """Shares that are sold under short calls."""
    sold = sum(-leg.quantity for leg in draft.legs if leg.expiration is None and leg.quantity < 0 and not leg.opening)
    if not sold:
        return []
    traded = {leg.symbol: Decimal(leg.quantity) for leg in draft.legs}
    shares = sum((one.quantity for one in held if one.symbol == draft.underlying), Decimal(0)) - sold
    calls = [
        (one.quantity + traded.get(one.symbol, Decimal(0))) * one.multiplier
        for one in held
        if one.underlying == draft.underlying and (of := option_of(one.symbol)) is not None and of.type == "C"
    ]
    short = -sum(calls, Decimal(0))
    if short <= 0 or shares >= short:
        return []
    left = f"{max(shares, Decimal(0)).normalize():f}"
    return [f"short calls on {short.normalize():f} shares of {draft.underlying} would have {left} under them"]


def _tick(draft: Draft) -> Decimal | None:
    """The step that its price must be on; None unknown.

    Combinations trade in pennies, those of index options in the least step of theirs.
    """
    if len(draft.legs) > 1:
        return _least_step(draft) if kind(draft.underlying) == "index" else PENNY
    one = draft.legs[0]
    if one.expiration is None:
        return PENNY if draft.price >= 1 else SUB_PENNY
    if one.expiration.ticks is None:
        return None
    return Decimal(str(float(one.expiration.ticks.at(float(draft.price)))))


def _least_step(draft: Draft) -> Decimal | None:
    """The finest step that any of the options has."""
    ladders = [leg.expiration.ticks for leg in draft.legs if leg.expiration is not None]
    steps = [size for ladder in ladders if ladder is not None for _, size in ladder.steps]
    return Decimal(str(min(steps))) if steps else None


def _combination_ticks(draft: Draft) -> list[str]:
    """A combination between the steps of its legs: taken, but fewer fill it."""
    step = _least_step(draft) if len(draft.legs) > 1 else None
    if step is None or draft.price % step == 0:
        return []
    return [f"the legs are priced in steps of {written(step)}: {written(draft.price)} lies between them"]


def _far(draft: Draft) -> list[str]:
    """A price that gives money away, or that nobody will give."""
    paid, mid, natural = draft.paid, draft.mid, draft.natural
    if paid is None or mid is None:
        return []
    if natural is not None and paid > natural + _ROUNDING:
        return [f"{_priced(paid)} is worse than what can be had at once, {_priced(natural)}; the mid is {_priced(mid)}"]
    if mid - paid > max(GENEROUS * abs(mid), LEAST):
        return [f"{_priced(paid)} is ${mid - paid:.2f} a share better than the mid, {_priced(mid)}: it may never fill"]
    return []


def _large(legs: Iterable[DraftLeg], held: Sequence[Position]) -> list[str]:
    """Contracts in a number that looks like shares, or like a zero too many."""
    most = max((abs(one.quantity) for one in held if one.kind == "option"), default=Decimal(0))
    said = []
    for leg in legs:
        count = abs(leg.quantity)
        if leg.expiration is None or not leg.opening:
            continue
        if count >= HUNDRED:
            said.append(f"{count} contracts of {leg.symbol} are {abs(leg.shares):,} shares: are contracts meant?")
        elif most and count >= TENFOLD * most:
            largest = f"{most.normalize():f}"
            said.append(
                f"{count} contracts of {leg.symbol}, and no option is held in more than {largest}: a 0 too many?"
            )
    return said


def _unchecked(draft: Draft) -> list[str]:
    """What could not be looked at."""
    blind = [leg for leg in draft.legs if leg.mid is None]
    said = [f"the price is not compared with the market: {leg.symbol}: {leg.why or 'no mid'}" for leg in blind[:1]]
    unknown = [leg.expiration.root for leg in draft.legs if leg.expiration is not None and not leg.expiration.ticks]
    return [*said, *(f"the steps of prices of {root} are not known" for root in unknown[:1])]


def _priced(paid: float) -> str:
    return f"${abs(paid):.2f} {'debit' if paid >= 0 else 'credit'}"
