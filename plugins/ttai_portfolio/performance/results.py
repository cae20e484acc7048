"""What was made in a period: closes by the order that opened them, and the proof that no money is lost; pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, localcontext
from functools import cached_property

from ttai import Transaction
from ttai.quant.portfolio.lots import Fill, Lot, Realised, realise
from ttai.quant.strategies.legs import Leg
from ttai.quant.strategies.naming import CUSTOM, named
from ttai.quant.symbols import BROAD_INDICES, kind
from ttai.quant.symbols import underlying as whose
from ttai_portfolio.performance.ledger import Booked, net_of
from ttai_portfolio.records.wording import local_day, option_of

NONE = Decimal(0)
SECTION_1256 = BROAD_INDICES | {"VIX"}
_DAY = 86_400.0
_DIGITS = 60
_EPOCH = date(2000, 1, 1)


@dataclass(frozen=True)
class Trade:
    """What was closed of what one order opened: `name` is the strategy it opened, `records` the closes; `partly` where
    some of it is still open."""

    account: str
    underlying: str
    name: str
    records: tuple[Realised, ...]
    partly: bool = False

    @cached_property
    def gross(self) -> Decimal:
        """Dollars before fees."""
        return sum((one.gross or NONE for one in self.records), NONE)

    @cached_property
    def fees(self) -> Decimal:
        """Dollars of both ends, below 0 charged."""
        return sum((one.fees for one in self.records), NONE)

    @cached_property
    def net(self) -> Decimal:
        """Dollars after fees."""
        return sum((one.net or NONE for one in self.records), NONE)

    @property
    def days(self) -> float:
        """From its opening to the last close, in days."""
        opened = min(one.opened_at for one in self.records if one.opened_at is not None)
        return (max(one.closed_at for one in self.records) - opened).total_seconds() / _DAY

    @property
    def is_1256(self) -> bool:
        """Whether it is in contracts of section 1256: options on broad indices, futures and options on these."""
        return self.underlying in SECTION_1256 or self.underlying.startswith("/")


@dataclass(frozen=True)
class Proof:
    """Realised, and the money behind what is open, against the broker's own sum; dollars, below 0 paid.

    realised + unmatched + open_at_end − open_at_start + left_out = trades_net_value: `open_…` is what the lots that
    were open then brought when they were opened, fees charged; `unmatched` what closes without a known opening brought;
    `left_out` what entries brought that could not be followed. The sum is over all trades and deliveries as the broker
    has them, whatever was made of them.
    """

    realised: Decimal
    unmatched: Decimal
    open_at_end: Decimal
    open_at_start: Decimal
    trades_net_value: Decimal
    left_out: Decimal = NONE

    @property
    def difference(self) -> Decimal:
        """What is lost or invented: 0.00."""
        with localcontext(prec=_DIGITS):
            told = self.realised + self.unmatched + self.open_at_end - self.open_at_start + self.left_out
            return round(told - self.trades_net_value, 2) + NONE

    def __add__(self, other: "Proof") -> "Proof":
        """That of two accounts."""
        return Proof(
            self.realised + other.realised,
            self.unmatched + other.unmatched,
            self.open_at_end + other.open_at_end,
            self.open_at_start + other.open_at_start,
            self.trades_net_value + other.trades_net_value,
            self.left_out + other.left_out,
        )


NOTHING = Proof(NONE, NONE, NONE, NONE, NONE)


@dataclass(frozen=True)
class Results:
    """What was made in an account from a day on; `open` is how much of what is open at the end."""

    trades: Sequence[Trade]
    unmatched: Sequence[Realised]
    proof: Proof
    others: Sequence[Transaction]
    moved: Sequence[Transaction]
    unreadable: Sequence[Transaction]
    open: Mapping[str, Decimal]
    estimated: int = 0


def results(account: str, book: Booked, start: date) -> Results:
    """What was closed from `start` on, with its openings from before."""
    early = sum(entry.day < start for entry, _ in book.fills)
    events = [event for _, event in book.fills]
    whole, before = realise(events), realise(events[:early])
    new = whole.realised[len(before.realised) :]
    matched = [one for one in new if one.unmatched is None]
    unmatched = [one for one in new if one.unmatched is not None]
    proof = Proof(
        realised=sum((one.net or NONE for one in matched), NONE),
        unmatched=sum((one.cash for one in unmatched), NONE),
        open_at_end=_cash(whole.open),
        open_at_start=_cash(before.open),
        trades_net_value=sum((net_of(one) for one in book.trades if one.day >= start), NONE),
        left_out=sum((net_of(one) for one in _left_out(book) if one.day >= start), NONE),
    )
    owners = {entry.symbol: entry.underlying for entry, _ in book.fills if entry.symbol and entry.underlying}
    names = {order: _named(amounts) for order, amounts in _opened(whole.realised, whole.open).items()}
    heaps: dict[tuple[str, str], list[Realised]] = {}
    for one in matched:
        heaps.setdefault(_key(one.open_order_id, one.symbol, one.opened_at), []).append(one)
    still = {_key(lot.order_id, lot.symbol, lot.opened_at) for lot in whole.open}
    trades = [
        Trade(account, _owner(records[0].symbol, owners), names[key], tuple(records), key in still)
        for key, records in heaps.items()
    ]
    amounts: dict[str, Decimal] = {}
    for lot in whole.open:
        amounts[lot.symbol] = amounts.get(lot.symbol, NONE) + lot.quantity
    others, moved, lacking = (
        [one for one in entries if one.day >= start] for entries in (book.others, book.moved, book.unreadable)
    )
    estimated = sum(one.estimated for one in book.trades if one.day >= start)
    return Results(trades, unmatched, proof, others, moved, lacking, amounts, estimated)


def by_month(trades: Iterable[Trade]) -> dict[str, list[Trade]]:
    """The trades by the month of their closes; one closed in two months is in both, with its part."""
    found: dict[str, list[Trade]] = {}
    for trade in trades:
        parts: dict[str, list[Realised]] = {}
        for one in trade.records:
            parts.setdefault(f"{one.closed_on or local_day(one.closed_at):%Y-%m}", []).append(one)
        for month, records in parts.items():
            part = replace(trade, records=tuple(records))
            found.setdefault(month, []).append(part)
    return dict(sorted(found.items()))


def heaped(trades: Iterable[Trade], name: Callable[[Trade], str]) -> dict[str, list[Trade]]:
    """The trades by a name, those first that made or lost the most."""
    found: dict[str, list[Trade]] = {}
    for trade in trades:
        found.setdefault(name(trade), []).append(trade)
    return dict(sorted(found.items(), key=lambda heap: (-abs(sum((one.net for one in heap[1]), NONE)), heap[0])))


def _left_out(book: Booked) -> list[Transaction]:
    """Trades and deliveries that are in no fill."""
    followed = {id(entry) for entry, event in book.fills if isinstance(event, Fill)}
    return [one for one in book.trades if id(one) not in followed]


def _cash(lots: Iterable[Lot]) -> Decimal:
    return sum((lot.cash + lot.fees for lot in lots), NONE)


def _key(order: str | None, symbol: str, opened: datetime | None) -> tuple[str, str]:
    """What was opened together: by an order, else at once."""
    return ("order", order) if order is not None else (symbol, f"{opened}")


def _opened(closed: Iterable[Realised], still: Iterable[Lot]) -> dict[tuple[str, str], dict[str, Decimal]]:
    """How much of which symbol each order opened: what of it was closed, and what is still open."""
    found: dict[tuple[str, str], dict[str, Decimal]] = {}
    lots = [(_key(one.open_order_id, one.symbol, one.opened_at), one.symbol, one.quantity) for one in closed]
    lots += [(_key(lot.order_id, lot.symbol, lot.opened_at), lot.symbol, lot.quantity) for lot in still]
    for key, symbol, quantity in lots:
        heap = found.setdefault(key, {})
        heap[symbol] = heap.get(symbol, NONE) + quantity
    return found


def _named(amounts: Mapping[str, Decimal]) -> str:
    """What traders call it."""
    legs = [_leg(symbol, quantity) for symbol, quantity in amounts.items() if quantity]
    known = [leg for leg in legs if leg is not None]
    if len(known) == len(legs):
        return named(known)
    return _what(next(iter(amounts))) if len(amounts) == 1 else CUSTOM


def _leg(symbol: str, quantity: Decimal) -> Leg | None:
    """What is held as a leg, its expiration in years from a day of no meaning; None for what is neither."""
    option = option_of(symbol)
    if option is not None:
        years = max((option.expiration - _EPOCH).days, 0) / 365
        name = "call" if option.type == "C" else "put"
        return Leg(name, float(quantity * 100), 0.0, float(option.strike), years)  # type: ignore[arg-type]
    return Leg("stock", float(quantity), 0.0) if _what(symbol) == "equity" else None


def _what(symbol: str) -> str:
    try:
        return kind(symbol).replace("_", " ")
    except ValueError:
        return "other"


def _owner(symbol: str, owners: Mapping[str, str]) -> str:
    if symbol in owners:
        return owners[symbol]
    option = option_of(symbol)
    return whose(option.root.rstrip("0123456789")) if option is not None else symbol
