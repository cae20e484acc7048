"""Orders read from the broker, and put into an answer: which of them, how much of each was filled and at what."""

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Literal, Protocol

from ttai import BadArgument, PlacedLeg, PlacedOrder, cut
from ttai_portfolio.gathering import Gathered
from ttai_portfolio.models.records import OrderRow, Orders
from ttai_portfolio.records.periods import Period
from ttai_portfolio.records.wording import first_expiration, in_words, local_day, option_of

Status = Literal["live", "filled", "cancelled", "rejected", "all"]
KEPT, MOST = 20, 100  # rows
SHARES = 100
BACK = timedelta(days=60)  # before the period: an order received then may be filled in it
NONE_TODAY = "no order works now, and today there was none; status=all has the last 30 days"
OLDER = "what works now, and today's; status=all has the last 30 days"
WRITE = "export_portfolio writes all of them to a file"
_NONE = "there is no such order"
_DIGITS = 60  # more than any two amounts multiplied have
ENDS: Mapping[str, Status] = {
    "filled": "filled", "cancelled": "cancelled", "canceled": "cancelled", "expired": "cancelled",
    "removed": "cancelled", "partially removed": "cancelled", "rejected": "rejected",
}  # fmt: skip
"""The broker's words for an order that is done, and what is asked for to see it; any other works still."""


@dataclass(frozen=True)
class Filled:
    """How much of an order is done: units, and dollars a share for one of them, below 0 taken in."""

    units: Decimal | None
    price: Decimal | None


@dataclass(frozen=True)
class Read:
    """What the broker told of an account's orders: today's and what works, and those received from `since` on."""

    live: Sequence[PlacedOrder]
    history: Sequence[PlacedOrder] = ()
    since: date | None = None

    @property
    def source(self) -> str | None:
        """Where they are from."""
        return getattr(self.live, "source", None)

    def notes(self, noun: str) -> list[str]:
        """What of them could not be read."""
        both: list[list[str]] = [getattr(one, "notes", _nothing)(noun) for one in (self.live, self.history)]
        return list(dict.fromkeys(note for notes in both for note in notes))


@dataclass(frozen=True)
class Asked:
    """Which orders are meant: what became of them, in which days, of an underlying or a contract; None are all.

    Without days it is what works now, and today's.
    """

    status: Status | None = None
    days: Period | None = None
    symbol: str | None = None


class Source(Protocol):
    """Whoever tells of orders, as the broker does."""

    async def live_orders(self, number: str) -> Sequence[PlacedOrder]:
        """Today's, and what works."""
        ...

    async def order_history(self, number: str, start: date, end: date) -> Sequence[PlacedOrder]:
        """Those received in some days."""
        ...


async def read(broker: Source, number: str, days: Period | None) -> Read:
    """The orders of an account: today's as they are now, and those of a period where one is asked for.

    The broker looks orders up by when it received them: it is asked for those from before the period, too.
    """
    if days is None:
        return Read(await broker.live_orders(number))
    live, (history, since) = await asyncio.gather(broker.live_orders(number), _history(broker, number, days))
    return Read(live, history, since)


async def _history(broker: Source, number: str, days: Period) -> tuple[Sequence[PlacedOrder], date]:
    since = days.start - BACK
    try:
        return await broker.order_history(number, since, days.end), since
    except BadArgument:  # more than can be read at once
        return await broker.order_history(number, days.start, days.end), days.start


def state(order: PlacedOrder) -> Status:
    """What became of an order."""
    return ENDS.get(order.status.lower(), "live")


def chosen(read: Iterable[Read], asked: Asked, today: date) -> list[PlacedOrder]:
    """The orders that are meant, each once as it stands now, the one of which there is the latest news first.

    What works is of no period. An order is of the days on which it was received, filled, or changed at last.
    """
    known: dict[str, tuple[PlacedOrder, bool]] = {}
    for one in read:
        known |= {order.id: (order, False) for order in one.history}
        known |= {order.id: (order, True) for order in one.live}
    found = [
        order
        for order, lately in known.values()
        if asked.status in (None, "all", state(order))
        and _is_about(order, asked.symbol)
        and (state(order) == "live" or _is_in(order, asked.days, today, lately=lately))
    ]
    return sorted(found, key=_moment, reverse=True)


def answer(read: Gathered[Read], asked: Asked, limit: int | None, now: datetime) -> Orders:
    """The whole answer."""
    found = chosen(read.answers.values(), asked, local_day(now))
    days, most = asked.days, min(len(found), MOST)
    more_by = WRITE if limit and limit >= most else f"ask limit={most}"
    kept, more = cut(found, keep=limit or KEPT, ask=f"limit={most}", noun="orders")
    notes = [more.replace(f"ask limit={most}", more_by)] if more else []
    if not found:
        notes.append(_NONE if days is not None else "no order works now" if asked.status == "live" else NONE_TODAY)
    elif days is None and asked.status is None:
        notes.append(OLDER)
    since = max((one.since for one in read.answers.values() if one.since is not None), default=None)
    if since is not None:
        notes.append(f"of orders received before {since} only what works now, or became of them today, is known")
    return Orders.model_validate(
        {
            **read.facts(now),
            "status": asked.status or ("today" if days is None else "all"),
            "start": days and days.start,
            "end": days and days.end,
            "symbol": asked.symbol,
            "count": len(found),
            "orders": [row(order) for order in kept],
            "notes": [*notes, *(days.notes if days else ()), *read.notes, *read.unread("orders")],
        }
    )


def row(order: PlacedOrder) -> OrderRow:
    """One order as a row."""
    quantity, so_far = units(order.legs), filled(order)
    effect = order.effect or (None if so_far.price is None else "credit" if so_far.price < 0 else "debit")
    shown = so_far.price if effect == "debit" or so_far.price is None else -so_far.price
    return OrderRow.model_validate(
        {
            **{name: getattr(order, name) for name in _AS_THEY_ARE},
            "legs": in_words([(leg.symbol, leg.quantity) for leg in order.legs]),
            "expiration": first_expiration(leg.symbol for leg in order.legs),
            "purpose": _purpose(order.legs),
            "quantity": quantity,
            "price": None if order.price is None else written(order.price),
            "effect": effect,
            "stop": None if order.stop is None else written(order.stop),
            "filled": so_far.units,
            "filled_price": None if shown is None else written(shown),
        }
    )


def units(legs: Sequence[PlacedLeg]) -> Decimal | None:
    """How many times the smallest order of this kind it is: what the price is of; None for parts of shares."""
    if len(legs) == 1:
        return abs(legs[0].quantity)
    shares = [_shares(leg.symbol, leg.quantity) for leg in legs]
    if any(one % 1 for one in shares) or not all(shares):
        return None
    common = Decimal(math.gcd(*(int(one) for one in shares)))
    return common / SHARES if any(option_of(leg.symbol) for leg in legs) else common


def filled(order: PlacedOrder) -> Filled:
    """How much was filled of an order, and at what on average."""
    quantity = units(order.legs)
    if quantity is None or not quantity:
        return Filled(None, None)
    parts = [done(leg) / abs(leg.quantity) for leg in order.legs]
    prices = [average(leg) for leg in order.legs]
    whole = min(parts) * quantity
    if not whole or any(price is None for price in prices):
        return Filled(whole, None)
    weights = [_shares(leg.symbol, leg.quantity) for leg in order.legs]
    with localcontext(prec=_DIGITS):
        unit = quantity * (SHARES if any(option_of(leg.symbol) for leg in order.legs) else 1)
        price = sum((weight * (one or 0) for weight, one in zip(weights, prices, strict=True)), Decimal(0)) / unit
        return Filled(whole, round(price, 4))


def written(price: Decimal) -> str:
    """A price of an order: "1.25", with cents at least."""
    plain = f"{price.normalize():f}"
    _, _, decimals = plain.partition(".")
    return plain if len(decimals) >= 2 else f"{price:.2f}"


def _nothing(_noun: str) -> list[str]:
    return []


def done(leg: PlacedLeg) -> Decimal:
    """Without a sign, how much of a leg is filled."""
    told = sum((fill.quantity for fill in leg.fills), Decimal(0))
    return told or (abs(leg.quantity) - leg.remaining if leg.remaining is not None else Decimal(0))


def average(leg: PlacedLeg) -> Decimal | None:
    """Dollars a share that a leg was filled at; None where nothing is told of it."""
    told = sum((fill.quantity for fill in leg.fills), Decimal(0))
    return sum((fill.quantity * fill.price for fill in leg.fills), Decimal(0)) / told if told else None


def _shares(symbol: str, quantity: Decimal) -> Decimal:
    return quantity * (SHARES if option_of(symbol) is not None else 1)


def _purpose(legs: Sequence[PlacedLeg]) -> str | None:
    """Whether it opens, closes, or does both."""
    said = {leg.opening for leg in legs}
    if None in said:
        return None
    return "open and close" if len(said) > 1 else "open" if said == {True} else "close"


def _is_about(order: PlacedOrder, symbol: str | None) -> bool:
    return symbol is None or symbol == order.underlying or any(leg.symbol == symbol for leg in order.legs)


def _is_in(order: PlacedOrder, days: Period | None, today: date, *, lately: bool) -> bool:
    """Whether something became of it in these days; of what is in today's list something did today."""
    if days is None or (lately and days.start <= today <= days.end):
        return True
    known = _moments(order)
    return not known or any(days.start <= local_day(at) <= days.end for at in known)


def _moments(order: PlacedOrder) -> list[datetime]:
    fills = (fill.at for leg in order.legs for fill in leg.fills)
    return [at for at in (order.received_at, order.updated_at, *fills) if at is not None]


def _moment(order: PlacedOrder) -> float:
    return max((at.timestamp() for at in _moments(order)), default=-math.inf)


_AS_THEY_ARE = (
    "id", "account", "underlying", "status", "type", "time_in_force", "received_at", "updated_at", "reason",
)  # fmt: skip
