"""Entries of a ledger made by hand, for what is pure."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from ttai import Transaction
from ttai.quant.symbols import kind, parse_occ, underlying

DAY0 = datetime(2026, 3, 2, 15, tzinfo=UTC)
PUT, CALL = "XYZ   260417P00090000", "XYZ   260417C00110000"
PUT_LOW = "XYZ   260417P00085000"
_numbers = count(1)


def entry(
    sub_type: str, symbol: str | None, quantity: str | None, price: str | None, *, day: float = 0, **more: Any
) -> Transaction:
    """A trade as the broker books it, its value made of its price, a dollar of fees; `more` are other facts."""
    of = None if symbol is None else kind(symbol)
    multiplier = 100 if of == "option" else 1
    sign = 1 if sub_type.startswith("Sell") else -1
    value = None if quantity is None or price is None else sign * Decimal(quantity) * Decimal(price) * multiplier
    fees = more.pop("fees", Decimal("-1.00"))
    usual: dict[str, Any] = {
        "id": next(_numbers),
        "account": "A",
        "type": "Trade",
        "description": "",
        "value": value,
        "net_value": None if value is None else value + fees,
        "action": sub_type,
        "commission": fees,
        "order_id": None,
    }
    at = DAY0 + timedelta(days=day)
    if symbol is not None:
        usual |= {"kind": of, "underlying": underlying(parse_occ(symbol).root) if of == "option" else symbol}
    return Transaction(
        sub_type=sub_type,
        symbol=symbol,
        quantity=None if quantity is None else Decimal(quantity),
        price=None if price is None else Decimal(price),
        executed_at=at,
        day=at.date(),
        **{**usual, **more},
    )


def delivered(sub_type: str, symbol: str, quantity: str, *, day: float, **more: Any) -> Transaction:
    """What ends an option: at 0, without fees."""
    usual = {"type": "Receive Deliver", "fees": Decimal(0), "action": None}
    return entry(sub_type, symbol, quantity, "0", day=day, **{**usual, **more})


def money(sub_type: str, amount: str, *, day: float = 0) -> Transaction:
    """Money without a trade."""
    usual: dict[str, Any] = {"type": "Money Movement", "action": None, "commission": None}
    return entry(sub_type, None, None, None, day=day, value=Decimal(amount), net_value=Decimal(amount), **usual)
