"""An account's transactions as fills that realise profit and loss, exactly as the broker booked their money; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import cast

from ttai import Transaction
from ttai.quant.portfolio.lots import Effect, Fill, Kind, Split

TRADE, DELIVERED = "trade", "receive deliver"
SHARES = Decimal(100)
_DIGITS = 60
_ENDS: Mapping[str, Kind] = {
    "expiration": "expiration",
    "assignment": "assignment",
    "exercise": "exercise",
    "cash settled assignment": "cash settlement",
    "cash settled exercise": "cash settlement",
}
_REMOVED = ("expiration", "assignment", "exercise")  # an option that ends so goes for nothing
_EFFECTS: Mapping[str, Effect] = {"open": "open", "close": "close"}


@dataclass(frozen=True)
class Booked:
    """An account's entries by what they are: `fills` change positions for money, each with what it is made of.

    `others` are money without a trade, `moved` positions that came, went or were renamed without a price, `unreadable`
    trades that lack a quantity or their money.
    """

    fills: Sequence[tuple[Transaction, Fill | Split]]
    others: Sequence[Transaction]
    moved: Sequence[Transaction]
    unreadable: Sequence[Transaction]
    trades: Sequence[Transaction] = ()  # trades and deliveries, all of them


@dataclass
class _Writing:
    fills: list[tuple[Transaction, Fill | Split]] = field(default_factory=list)
    others: list[Transaction] = field(default_factory=list)
    moved: list[Transaction] = field(default_factory=list)
    unreadable: list[Transaction] = field(default_factory=list)
    held: dict[str, Decimal] = field(default_factory=dict)
    halves: dict[tuple[str, date], Transaction] = field(default_factory=dict)  # of splits
    time: datetime | None = None

    def take(self, one: Transaction) -> None:
        """Put an entry where it belongs."""
        if not _is_of_positions(one):
            self.others.append(one)
        elif "split" in one.sub_type.lower():
            self._split(one)
        elif not _is_fill(one):
            self.moved.append(one)
        else:
            self._fill(one)

    def _fill(self, one: Transaction) -> None:
        fill = None if not one.symbol or not one.quantity else _fill(one, self._sign(one), self._next(one))
        if fill is None:
            self.unreadable.append(one)
            return
        held = self.held.get(fill.symbol, Decimal(0))
        closes = fill.may == "close"
        there = -held if held * fill.quantity < 0 else Decimal(0)  # a close without an opening leaves nothing behind
        change = min(abs(fill.quantity), abs(there)).copy_sign(fill.quantity) if closes else fill.quantity
        self.held[fill.symbol] = held + change
        self.fills.append((one, fill))

    def _sign(self, one: Transaction) -> int:
        """Which way a position changes. Of what ends it the broker does not reliably say: against what is held."""
        held = self.held.get(one.symbol or "", Decimal(0))
        if one.sub_type.lower() in _ENDS and held:
            return -1 if held > 0 else 1
        return 1 if (one.action or one.sub_type).lower().startswith("buy") else -1

    def _split(self, one: Transaction) -> None:
        """The first entry of a split takes the old shares out, the second brings the new ones."""
        key = (one.symbol or "", one.day)
        other = self.halves.pop(key, None)
        if other is None:
            self.halves[key] = one
            return
        gone, come = (one, other) if _closes(one) else (other, one)
        if not gone.quantity or not come.quantity or not one.symbol:
            self.moved += [other, one]
            return
        factor = Fraction(come.quantity) / Fraction(gone.quantity)
        held = self.held.get(one.symbol, Decimal(0))
        self.held[one.symbol] = held * factor.numerator / factor.denominator
        self.fills.append((one, Split(one.symbol, factor, self._next(one))))

    def _next(self, one: Transaction) -> datetime:
        """When it happened, not before what the broker booked on an earlier day."""
        self.time = one.executed_at if self.time is None else max(self.time, one.executed_at)
        return self.time


def booked(entries: Iterable[Transaction]) -> Booked:
    """The entries of one account, in the order in which they were booked.

    A fill's money is the broker's to the cent: its price is the broker's where that makes the value, else what makes
    it, and its fees are what lies between value and net value.
    """
    writing, known = _Writing(), list(entries)
    with localcontext() as context:
        context.prec = _DIGITS
        for one in sorted(known, key=lambda one: (one.day, one.executed_at, one.id)):
            writing.take(one)
    writing.moved += writing.halves.values()
    trades = [one for one in known if _is_of_positions(one)]
    return Booked(writing.fills, writing.others, writing.moved, writing.unreadable, trades)


def net_of(one: Transaction) -> Decimal:
    """What an entry brought, by the broker's word; by value and fees where it has no net value."""
    return one.net_value if one.net_value is not None else (one.value or Decimal(0)) + one.fees


def _fill(one: Transaction, sign: int, time: datetime) -> Fill | None:
    """An entry as a fill; None where nobody can tell its money."""
    quantity = (one.quantity or Decimal(0)) * sign
    multiplier = SHARES if one.kind == "option" else Decimal(1)
    value = _value(one, quantity * multiplier)
    if value is None:
        return None
    told = one.price
    price = told if told is not None and -quantity * told * multiplier == value else -value / (quantity * multiplier)
    return Fill(
        symbol=cast("str", one.symbol),
        quantity=quantity,
        price=price,
        multiplier=multiplier,
        fees=one.fees if one.net_value is None else one.net_value - value,
        time=time,
        order_id=one.order_id,
        kind=_ENDS.get(one.sub_type.lower(), "trade"),
        effect=_effect(one),
        day=one.day,
    )


def _value(one: Transaction, shares: Decimal) -> Decimal | None:
    """Dollars before fees; a price makes them in a trade alone: that of a delivery may be the strike."""
    if one.value is not None:
        return one.value
    if one.net_value is not None:
        return one.net_value - one.fees
    is_money = one.type.lower() == TRADE or (one.price == 0 and one.sub_type.lower() in _REMOVED)
    return -shares * one.price if one.price is not None and is_money else None


def _effect(one: Transaction) -> Effect | None:
    """Whether it opens or closes, as the broker says; futures are only bought and sold."""
    if one.sub_type.lower() in _ENDS:
        return "close"
    return _EFFECTS.get((one.action or one.sub_type).lower().rpartition(" to ")[2])


def _closes(one: Transaction) -> bool:
    return "close" in (one.action or one.sub_type).lower()


def _is_of_positions(one: Transaction) -> bool:
    return one.type.lower().replace("-", " ") in (TRADE, DELIVERED)


def _is_fill(one: Transaction) -> bool:
    """Whether it is a trade, or an option's end and what it delivered; not what came from another broker."""
    said = one.sub_type.lower()
    return one.type.lower() == TRADE or said in _ENDS or said.startswith(("buy", "sell"))
