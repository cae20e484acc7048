"""What speaks against an order before the broker is asked: refused where it can't be meant, else warned of; pure."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from ttai import Position
from ttai.quant.symbols import kind
from ttai_portfolio.preview.drafts import Draft, DraftLeg
from ttai_portfolio.records.orders import written

PENNY = Decimal("0.01")
SUB_PENNY = Decimal("0.0001")  # what stocks below a dollar trade in
GENEROUS = 0.25  # of the mid: better than that is hardly filled
LEAST = 0.05  # dollars a share from the mid that say nothing
TENFOLD, HUNDRED = 10, 100
_ROUNDING = 1e-9


def refusals(draft: Draft) -> list[str]:
    """Why it can't be meant so, with what to do; none where it can."""
    return [*_closed_beyond(draft.legs), *_off_tick(draft), *_wrong_way(draft)]


def warnings(draft: Draft, held: Sequence[Position]) -> list[str]:
    """What may be meant so, and is seldom."""
    return [*_combination_ticks(draft), *_far(draft), *_large(draft.legs, held), *_unchecked(draft)]


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
    """Money that goes the other way than the legs say."""
    if draft.effect is None or draft.direction in (None, draft.effect):
        return []
    at = f" at the mids (${abs(draft.mid):.2f} a share)" if draft.mid is not None else ""
    cure = f"check the signs of the quantities (below 0 sells), or send effect={draft.direction}"
    return [f"these legs are a {draft.direction}{at}, and effect is {draft.effect}: {cure}"]


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
