"""Realised profit and loss by FIFO, exact: which lots a close took, with the fees of both ends."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from typing import Literal

Kind = Literal["trade", "expiration", "assignment", "exercise", "cash settlement", "removal"]
Effect = Literal["open", "close"]

_ENDS: frozenset[Kind] = frozenset({"expiration", "cash settlement", "removal"})
_CENT, _DIGITS = Decimal("0.01"), 60
_NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class Fill:
    """What changed a position: `quantity` above 0 was bought, `price` is dollars a share, `fees` all of them, below 0
    charged.

    `day` is that on which it is booked, if that is told. `effect` is what the broker says of it, None unknown: then it
    closes what is held the other way and opens with the rest, but an expiration, cash settlement or removal, and an
    assignment or exercise at a price of 0, only closes.

    Assignment and exercise are booked as tastytrade does: the option is removed at 0, which realises its premium on its
    own, and the stock is a fill at the strike. A cash settlement closes at what is paid a share.
    """

    symbol: str
    quantity: Decimal
    price: Decimal
    multiplier: Decimal
    fees: Decimal
    time: datetime
    order_id: str | None = None
    kind: Kind = "trade"
    effect: Effect | None = None
    day: date | None = None

    @property
    def cash(self) -> Decimal:
        """Dollars it brought, fees charged; below 0 it cost."""
        return -self.quantity * self.price * self.multiplier + self.fees

    @property
    def may(self) -> Effect | None:
        """Whether it can only open or only close; None both."""
        ends = self.kind in _ENDS or (self.kind in {"assignment", "exercise"} and self.price == 0)
        return self.effect or ("close" if ends else None)


@dataclass(frozen=True, slots=True)
class Split:
    """A split: a share of `symbol` became `factor` shares (10, or 1/3 in a reverse one); nothing is realised.

    Of the stock alone: options that are adjusted get another symbol or strike, which the broker books as fills.
    """

    symbol: str
    factor: Fraction
    time: datetime


@dataclass(frozen=True, slots=True)
class Lot:
    """What is left of an opening: `quantity` above 0 is long, `cash` what it brought before `fees`, below 0 cost."""

    symbol: str
    quantity: Decimal
    multiplier: Decimal
    cash: Decimal
    fees: Decimal
    opened_at: datetime
    order_id: str | None

    @property
    def price(self) -> Decimal:
        """Dollars a share that it was opened at."""
        return -self.cash / (self.quantity * self.multiplier)


@dataclass(frozen=True, slots=True)
class Realised:
    """One lot, or a part of it, that was closed: `quantity` above 0 was long.

    `gross` is what both ends brought in dollars, `fees` both ends' share of theirs, `net` their sum. Of a close without
    a known opening the opening's figures, gross and net are None and `unmatched` says why; `cash` is what it brought.
    """

    symbol: str
    quantity: Decimal
    kind: Kind
    opened_at: datetime | None
    closed_at: datetime
    open_price: Decimal | None
    close_price: Decimal
    gross: Decimal | None
    fees: Decimal
    net: Decimal | None
    cash: Decimal
    open_order_id: str | None
    close_order_id: str | None
    unmatched: str | None = None
    closed_on: date | None = None


@dataclass(frozen=True)
class Ledger:
    """What was realised, in the order of the closes, and the lots that are open, by symbol, the oldest first.

    For matched closes `cash` is `net`, so that Σ cash of realised + Σ (cash + fees) of open lots = Σ cash of fills.
    """

    realised: tuple[Realised, ...]
    open: tuple[Lot, ...]

    @property
    def unmatched(self) -> int:
        """How many closes have no known opening."""
        return sum(one.unmatched is not None for one in self.realised)

    @property
    def net(self) -> Decimal:
        """Dollars realised after fees, unmatched closes left out."""
        return sum((one.net for one in self.realised if one.net is not None), _NONE)


@dataclass
class _Books:
    lots: dict[str, list[Lot]] = field(default_factory=dict)
    realised: list[Realised] = field(default_factory=list)

    def fill(self, fill: Fill) -> None:
        """Close what it closes, the oldest first, and open the rest."""
        lots = self.lots.setdefault(fill.symbol, [])
        left, fees = fill.quantity, fill.fees
        while left and fill.may != "open" and (lot := _against(lots, left)) is not None:
            quantity = min(abs(left), abs(lot.quantity)).copy_sign(left)
            charged = _share(fees, quantity, left)
            at = lots.index(lot)
            closed, rest = _taken(lot, -quantity)
            lots[at : at + 1] = [rest] if rest.quantity else []
            self.realised.append(_closed(closed, fill, charged))
            left, fees = left - quantity, fees - charged
        if left and fill.may == "close":
            self.realised.append(_unmatched(fill, left, fees))
        elif left:
            cash = -left * fill.price * fill.multiplier
            lots.append(Lot(fill.symbol, left, fill.multiplier, cash, fees, fill.time, fill.order_id))

    def split(self, split: Split) -> None:
        """The same dollars in more shares."""
        lots = self.lots.get(split.symbol, [])
        lots[:] = [
            replace(lot, quantity=lot.quantity * split.factor.numerator / split.factor.denominator) for lot in lots
        ]


def realise(events: Iterable[Fill | Split]) -> Ledger:
    """The profit and loss that fills realised, first in first out, in dollars to the last digit.

    Fees go with the parts of a fill by their quantity, to the cent, the last part taking what is left, so that nothing
    is lost. A close without a known opening is a record of its own, without profit. ValueError for events that are not
    in the order of time, a quantity of 0, a multiplier or factor not above 0, and what is no number.
    """
    books, before = _Books(), None
    with localcontext() as context:
        context.prec, context.rounding = _DIGITS, ROUND_HALF_EVEN
        for event in events:
            if before is not None and event.time < before:
                raise ValueError(f"fills come in the order of time, and {event.time} is before {before}")
            before = event.time
            _check(event)
            if isinstance(event, Split):
                books.split(event)
            else:
                books.fill(event)
    return Ledger(tuple(books.realised), tuple(lot for lots in books.lots.values() for lot in lots))


def _against(lots: Iterable[Lot], quantity: Decimal) -> Lot | None:
    """The oldest lot held the other way."""
    return next((lot for lot in lots if lot.quantity * quantity < 0), None)


def _share(fees: Decimal, quantity: Decimal, of: Decimal) -> Decimal:
    """Fees for a part, to the cent; for all of it all of them."""
    return fees if quantity == of else (fees * quantity / of).quantize(_CENT)


def _taken(lot: Lot, quantity: Decimal) -> tuple[Lot, Lot]:
    """So much of a lot, and what is left of it."""
    cash = lot.cash if quantity == lot.quantity else lot.cash * quantity / lot.quantity
    fees = _share(lot.fees, quantity, lot.quantity)
    taken = replace(lot, quantity=quantity, cash=cash, fees=fees)
    return taken, replace(lot, quantity=lot.quantity - quantity, cash=lot.cash - cash, fees=lot.fees - fees)


def _closed(lot: Lot, fill: Fill, fees: Decimal) -> Realised:
    gross = lot.cash + lot.quantity * fill.price * fill.multiplier
    net = gross + lot.fees + fees
    return Realised(
        symbol=fill.symbol,
        quantity=lot.quantity,
        kind=fill.kind,
        opened_at=lot.opened_at,
        closed_at=fill.time,
        open_price=lot.price,
        close_price=fill.price,
        gross=gross,
        fees=lot.fees + fees,
        net=net,
        cash=net,
        open_order_id=lot.order_id,
        close_order_id=fill.order_id,
        closed_on=fill.day,
    )


def _unmatched(fill: Fill, quantity: Decimal, fees: Decimal) -> Realised:
    return Realised(
        symbol=fill.symbol,
        quantity=-quantity,
        kind=fill.kind,
        opened_at=None,
        closed_at=fill.time,
        open_price=None,
        close_price=fill.price,
        gross=None,
        fees=fees,
        net=None,
        cash=-quantity * fill.price * fill.multiplier + fees,
        open_order_id=None,
        close_order_id=fill.order_id,
        unmatched="opened before the history starts, or never told of",
        closed_on=fill.day,
    )


def _check(event: Fill | Split) -> None:
    if isinstance(event, Split):
        if event.factor <= 0:
            raise ValueError(f"a share becomes more than 0 shares, not {event.factor}")
        return
    for number in (event.quantity, event.price, event.multiplier, event.fees):
        if not number.is_finite():
            raise ValueError(f"a fill of {event.symbol} has a figure that is no number: {number}")
    if event.quantity == 0 or event.multiplier <= 0:
        raise ValueError(f"a fill has a quantity and a multiplier, not {event.quantity} × {event.multiplier}")
