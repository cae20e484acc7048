"""What happened in an account, from the wire's words to ours; a row that can't be read costs itself."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from ttai.broker.records import Fill, NetLiq, PlacedLeg, PlacedOrder, Transaction
from ttai.clock import NEW_YORK
from ttai.tastytrade.holdings import instrument, line, underlying, word
from ttai.tastytrade.parse import amount, day, effect, moment, signed

_ACTION = re.compile(r"(?P<side>Buy|Sell)(?: to (?P<effect>Open|Close))?")
_ZONE = re.compile(r"\[[^\]]*\]$")  # Java's way to name it, after the offset
_LONGEST = 300  # characters of a description
_END = 4_102_444_800_000  # ms: the year 2100


def transaction(account: str, item: Any) -> Transaction | None:
    """One row of /transactions; None without a number, or where nobody can tell when it was."""
    if not isinstance(item, Mapping):
        return None
    number, at = _number(item.get("id")), moment(item.get("executed-at"))
    if number is None or not number.isdecimal() or at is None:
        return None
    symbol, kind = instrument(item) or (None, None)
    return Transaction(
        id=int(number),
        account=account,
        type=word(item.get("transaction-type")) or "Unknown",
        sub_type=word(item.get("transaction-sub-type")) or "Unknown",
        description=_line(item.get("description")) or "",
        executed_at=at,
        day=day(item.get("transaction-date")) or _day_of(at),
        value=signed(item, "value"),
        net_value=signed(item, "net-value"),
        symbol=symbol,
        underlying=underlying(item),
        kind=kind,
        action=word(item.get("action")),
        quantity=_size(item.get("quantity")),
        price=amount(item.get("price")),
        commission=signed(item, "commission"),
        clearing_fees=signed(item, "clearing-fees"),
        regulatory_fees=signed(item, "regulatory-fees"),
        index_option_fees=signed(item, "proprietary-index-option-fees"),
        other_charge=signed(item, "other-charge"),
        order_id=_number(item.get("order-id")),
        estimated=item.get("is-estimated-fee") is True,
    )


def placed_order(account: str, item: Any) -> PlacedOrder | None:
    """One order; None where it has no number or no status, or one of its legs can't be read: half a spread is none."""
    if not isinstance(item, Mapping):
        return None
    number, status, rows = _number(item.get("id")), word(item.get("status")), item.get("legs")
    legs = [_leg(row) for row in rows] if isinstance(rows, list) else [None]
    read = tuple(leg for leg in legs if leg is not None)
    if number is None or status is None or not legs or len(read) < len(legs):
        return None
    price = _size(item.get("price"))
    return PlacedOrder(
        id=number,
        account=account,
        status=status,
        type=word(item.get("order-type")) or "Unknown",
        time_in_force=word(item.get("time-in-force")) or "Unknown",
        underlying=underlying(item) or read[0].symbol,
        legs=read,
        price=price,
        effect=effect(item, "price"),
        stop=_size(item.get("stop-trigger")),
        cancellable=item.get("cancellable") is True,
        received_at=_instant(item.get("received-at")),
        updated_at=_instant(item.get("updated-at")),
        reason=_line(item.get("reject-reason")),
    )


def _leg(item: Any) -> PlacedLeg | None:
    if not isinstance(item, Mapping) or (named := instrument(item)) is None:
        return None
    action = _ACTION.fullmatch(str(item.get("action")))
    rows = item.get("fills")
    fills = tuple(fill for row in (rows if isinstance(rows, list) else []) if (fill := _fill(row)) is not None)
    quantity = _size(item.get("quantity"))
    if quantity is None:  # an order by value says no quantity
        quantity = sum((fill.quantity for fill in fills), Decimal(0))
    if action is None:
        return None
    return PlacedLeg(
        symbol=named[0],
        quantity=-quantity if action["side"] == "Sell" else quantity,
        opening=None if action["effect"] is None else action["effect"] == "Open",
        remaining=_size(item.get("remaining-quantity")),
        fills=fills,
    )


def _fill(item: Any) -> Fill | None:
    if not isinstance(item, Mapping):
        return None
    quantity, price = _size(item.get("quantity")), amount(item.get("fill-price"))
    return None if quantity is None or price is None else Fill(quantity, price, _instant(item.get("filled-at")))


def net_liq(item: Any) -> NetLiq | None:
    """One row of the history of an account's worth; None without its time or one of its values."""
    if not isinstance(item, Mapping):
        return None
    at = _time(item.get("time"))
    opened, high, low, close = (amount(item.get(f"total-{name}")) for name in ("open", "high", "low", "close"))
    if at is None or opened is None or high is None or low is None or close is None:
        return None
    return NetLiq(at, opened, high, low, close)


def _size(value: Any) -> Decimal | None:
    """How much, without a sign."""
    read = amount(value)
    return None if read is None else abs(read)


def _number(value: Any) -> str | None:
    """A number that names something, which the wire has as one or as text."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return word(str(value)) if isinstance(value, str) or abs(value) < 10**20 else None


def _line(value: Any) -> str | None:
    return line(value[:_LONGEST]) if isinstance(value, str) else None


def _day_of(at: datetime) -> date:
    try:
        return at.astimezone(NEW_YORK).date()
    except OverflowError:  # the first or the last day there is
        return at.date()


def _instant(value: Any) -> datetime | None:
    """A moment of an order, which the wire has as text, or as milliseconds since 1970."""
    if isinstance(value, int) and not isinstance(value, bool):
        return datetime.fromtimestamp(value / 1000, UTC) if 0 < value < _END else None
    return moment(value)


def _time(value: Any) -> datetime | None:
    """A moment of a history; one without a zone is UTC's."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(_ZONE.sub("", value))
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
