"""What an account holds and is worth, from the wire's words to ours; what can't be read costs that field."""

from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any

from ttai.broker.holdings import Balances, HoldingKind, Position
from ttai.quant import symbols as spelling
from ttai.tastytrade.parse import amount, day, moment, signed

_LONGEST = 100  # characters of a symbol of any kind
_KINDS: dict[str, HoldingKind] = {
    "Equity": "equity",
    "Equity Option": "option",
    "Future": "future",
    "Future Option": "future_option",
    "Cryptocurrency": "crypto",
}
_SIGNS = {"Long": 1, "Short": -1, "Zero": 0}
_MULTIPLIERS: dict[HoldingKind, Decimal] = {"equity": Decimal(1), "option": Decimal(100), "crypto": Decimal(1)}
# Those whose names on the wire are not ours.
_CALLS = {
    "maintenance_call": "maintenance-call-value",
    "reg_t_call": "reg-t-call-value",
    "day_trading_call": "day-trading-call-value",
}


def position(account: str, item: Any) -> Position | None:
    """One row of /positions; None where nobody can tell what is held, or how much of it."""
    if not isinstance(item, Mapping) or (named := instrument(item)) is None:
        return None
    symbol, kind = named
    size, sign = amount(item.get("quantity")), _SIGNS.get(str(item.get("quantity-direction")))
    multiplier = amount(item.get("multiplier")) or _MULTIPLIERS.get(kind)
    if kind == "other" and multiplier is None:
        multiplier = Decimal(1)
    if size is None or (sign is None and size) or multiplier is None:
        return None
    return Position(
        account=account,
        symbol=symbol,
        underlying=underlying(item) or (_owner(symbol) if kind == "option" else symbol),
        kind=kind,
        instrument_type=word(item.get("instrument-type")) or "Unknown",
        quantity=abs(size) * (sign or 0),
        multiplier=multiplier,
        average_open_price=amount(item.get("average-open-price")),
        close_price=amount(item.get("close-price")),
        day_open_price=amount(item.get("average-daily-market-close-price")),
        mark_price=amount(item.get("mark-price")),
        realized_day_gain=signed(item, "realized-day-gain"),
        realized_on=day(item.get("realized-day-gain-date")),
        opened_at=moment(item.get("created-at")),
        updated_at=moment(item.get("updated-at")),
        expires_at=moment(item.get("expires-at")),
    )


def balances(account: str, data: Any) -> Balances | None:
    """The answer of /balances: one row, or a list of one a currency; None where there is none in dollars."""
    if isinstance(data, Mapping) and isinstance(data.get("items"), list):
        rows = [row for row in data["items"] if isinstance(row, Mapping) and row.get("currency") in (None, "USD")]
        data = rows[0] if rows else None
    if not isinstance(data, Mapping):
        return None
    names = [field.name for field in fields(Balances) if field.name not in ("account", "updated_at")]
    money = {name: signed(data, _CALLS.get(name, name.replace("_", "-")), bare=True) for name in names}
    if all(value is None for value in money.values()):
        return None
    return Balances(account=account, updated_at=moment(data.get("updated-at")), **money)


def instrument(item: Mapping[str, Any]) -> tuple[str, HoldingKind] | None:
    """The symbol of a row and what it stands for: ours where the broker means the same by it, else the broker's own."""
    written = word(item.get("symbol"))
    if not written:
        return None
    kind = _KINDS.get(str(item.get("instrument-type")), "other")
    try:
        symbol = spelling.normalize(written)
        agreed = spelling.kind(symbol) == kind
    except ValueError:
        agreed = False
    return (symbol, kind) if agreed else (written, "other")


def underlying(item: Mapping[str, Any]) -> str | None:
    """What a row is about, in our spelling where it is a symbol."""
    written = word(item.get("underlying-symbol"))
    try:
        return spelling.normalize(written) if written else None
    except ValueError:
        return written


def _owner(option: str) -> str:
    """Whose option this is, by its root."""
    return spelling.underlying(option[:6])


def word(value: Any) -> str | None:
    """A short text of the wire as one line; None where there is none, or too much."""
    return line(value) if isinstance(value, str) and len(value) <= _LONGEST else None


def line(text: str) -> str | None:
    """A text as one line of what can be printed; None where nothing is left."""
    if text.isprintable():  # an option's spaces stand as they are
        return text.strip() or None
    return " ".join("".join(one if one.isprintable() else " " for one in text).split()) or None
