"""Orders put into an answer: which of them, how much of each was filled and at what; pure."""

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import Literal, Protocol

from ttai import PlacedLeg, PlacedOrder, cut
from ttai_portfolio.models.records import OrderRow, Orders
from ttai_portfolio.records.gathering import Gathered
from ttai_portfolio.records.periods import Period
from ttai_portfolio.records.wording import first_expiration, in_words, local_day, option_of

Status = Literal["live", "filled", "cancelled", "rejected", "all"]
KEPT, MOST = 20, 100  # rows
SHARES = 100
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
    """What the broker told of an account's orders: today's and what works, and those of the period."""

    live: Sequence[PlacedOrder]
    history: Sequence[PlacedOrder] = ()

    @property
    def source(self) -> str | None:
        """Where they are from."""
        return getattr(self.live, "source", None)

    def notes(self, noun: str) -> list[str]:
        """What of them could not be read."""
        both: list[list[str]] = [getattr(one, "notes", _nothing)(noun) for one in (self.live, self.history)]
        return list(dict.fromkeys(note for notes in both for note in notes))


class Source(Protocol):
    """Whoever tells of orders, as the broker does."""

    async def live_orders(self, number: str) -> Sequence[PlacedOrder]:
        """Today's, and what works."""
        ...

    async def order_history(self, number: str, start: date, end: date) -> Sequence[PlacedOrder]:
        """Those of some days."""
        ...


async def read(broker: Source, number: str, days: Period | None) -> Read:
    """The orders of an account: today's as they are now, and those of a period where one is asked for."""
    if days is None:
        return Read(await broker.live_orders(number))
    live, history = await asyncio.gather(broker.live_orders(number), broker.order_history(number, days.start, days.end))
    return Read(live, history)


def state(order: PlacedOrder) -> Status:
    """What became of an order."""
    return ENDS.get(order.status.lower(), "live")


def chosen(read: Iterable[Read], status: Status, days: Period, symbol: str | None) -> list[PlacedOrder]:
    """The orders that are meant, each once as it stands now, the newest first; what works is of no period."""
    known = {order.id: order for one in read for order in (*one.history, *one.live)}
    found = [
        order
        for order in known.values()
        if status in ("all", state(order))
        and _is_about(order, symbol)
        and (state(order) == "live" or _is_in(order, days))
    ]
    return sorted(found, key=_moment, reverse=True)


def answer(
    read: Gathered[Read], status: Status, days: Period, symbol: str | None, limit: int | None, now: datetime
) -> Orders:
    """The whole answer."""
    found = chosen(read.answers.values(), status, days, symbol)
    dated = status != "live"
    kept, more = cut(found, keep=limit or KEPT, ask=f"limit={min(len(found), MOST)}", noun="orders")
    notes = [more] if more else []
    if not found:
        notes.append("no order works now" if status == "live" else "there is no such order")
    return Orders.model_validate(
        {
            **read.facts(now),
            "status": status,
            "start": days.start if dated else None,
            "end": days.end if dated else None,
            "symbol": symbol,
            "count": len(found),
            "orders": [row(order) for order in kept],
            "notes": [*notes, *(days.notes if dated else ()), *read.notes, *read.unread("orders")],
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


def _is_in(order: PlacedOrder, days: Period) -> bool:
    at = order.received_at or order.updated_at
    return at is None or days.start <= local_day(at) <= days.end


def _moment(order: PlacedOrder) -> float:
    at = order.received_at or order.updated_at
    return at.timestamp() if at is not None else -math.inf


_AS_THEY_ARE = (
    "id", "account", "underlying", "status", "type", "time_in_force", "received_at", "updated_at", "reason",
)  # fmt: skip
