"""An account's orders as the broker writes them: filled, standing, cancelled, rejected."""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from ttai.clock import NEW_YORK
from ttai.simulator.accounts.assets import Asset
from ttai.simulator.accounts.customer import Json
from ttai.simulator.accounts.ledger import TRADE, Entry, Ledger

Legs = tuple[tuple[Asset, str, Decimal], ...]  # what, the action, how many
_OVER = frozenset({"Filled", "Cancelled", "Rejected", "Expired"})


class Placed(NamedTuple):
    """One order; `price` is a share's, below 0 a debit."""

    id: int
    at: float
    legs: Legs
    price: Decimal
    status: str = "Filled"
    until_cancelled: bool = False
    ended: float | None = None
    reason: str | None = None
    fills: tuple[Decimal, ...] = ()

    @property
    def underlying(self) -> str:
        """What its legs are on."""
        return self.legs[0][0].underlying


def filled(entries: Iterable[Entry]) -> list[Placed]:
    """The orders behind the trades of a ledger, oldest first."""
    trades = (entry for entry in entries if entry.type == TRADE and entry.order is not None)
    return [_filled(order, list(group)) for order, group in groupby(trades, lambda entry: entry.order or 0)]


def _filled(order: int, trades: Sequence[Entry]) -> Placed:
    legs = tuple((entry.asset, entry.action or "", abs(entry.change)) for entry in trades if entry.asset is not None)
    prices = tuple(entry.price or Decimal(0) for entry in trades)
    size = _size(legs)
    paid = sum((entry.change * (entry.price or Decimal(0)) for entry in trades), Decimal(0))
    at = trades[0].at
    # a limit order was there a little before its fill
    return Placed(order, at - 2.4, legs, -paid / size, "Filled", ended=at, fills=prices)


def standing(order: Placed, ledger: Ledger) -> Placed:
    """An order to close, cancelled by the broker once what it would close is gone."""
    if order.status != "Live":
        return order
    held = all(
        ledger.quantity(asset) * (1 if action.startswith("Sell") else -1) >= count
        for asset, action, count in order.legs
    )
    if held:
        return order
    symbols = {asset.symbol for asset, *_ in order.legs}
    gone = max((one.at for one in ledger.closed if one.asset.symbol in symbols), default=order.at)
    return order._replace(status="Cancelled", ended=gone)


def order_row(number: str, order: Placed, kind: str) -> Json:
    """One order; `kind` is the instrument type of its underlying."""
    over = order.status in _OVER
    row: Json = {
        "id": order.id,
        "account-number": number,
        "time-in-force": "GTC" if order.until_cancelled else "Day",
        "order-type": "Limit",
        "size": f"{_size(order.legs).normalize():f}",
        "underlying-symbol": order.underlying,
        "underlying-instrument-type": kind,
        "price": f"{abs(order.price)}",
        "price-effect": "Debit" if order.price < 0 else "Credit",
        "status": order.status,
        "cancellable": not over,
        "editable": not over,
        "edited": False,
        "legs": [_leg(order, place) for place in range(len(order.legs))],
        "received-at": _stamp(order.at),
        "updated-at": round((order.ended or order.at) * 1000),
    }
    if order.status != "Rejected":
        row["live-at"] = _stamp(order.at + 0.2)
    if order.ended is not None:
        row["terminal-at"] = _stamp(order.ended)
    if order.status == "Cancelled" and order.ended is not None:
        row["cancelled-at"] = _stamp(order.ended)
    return row | ({"reject-reason": order.reason} if order.reason else {})


def _leg(order: Placed, place: int) -> Json:
    asset, action, count = order.legs[place]
    fills = [
        {
            "fill-id": f"{order.id}_{place + 1}",
            "ext-group-fill-id": f"{order.id}",
            "ext-exec-id": f"{order.id % 100_000}{place + 1}",
            "quantity": _plain(count),
            "fill-price": f"{price}",
            "filled-at": _stamp(order.ended or order.at),
            "destination-venue": "SIMULATED",
        }
        for price in order.fills[place : place + 1]
    ]
    return {
        "instrument-type": asset.kind,
        "symbol": asset.symbol,
        "action": action,
        "quantity": _plain(count),
        "remaining-quantity": "0" if fills else _plain(count),
        "fills": fills,
    }


def is_of(order: Placed, day: date) -> bool:
    """Whether an order still works, or was placed or ended on a date."""
    moments = (order.at, order.ended or order.at)
    return order.status not in _OVER or any(datetime.fromtimestamp(at, NEW_YORK).date() == day for at in moments)


def _size(legs: Legs) -> Decimal:
    """How many times the order's price is paid."""
    counts = [count for *_, count in legs]
    if any(count % 1 for count in counts):
        return counts[0]
    return Decimal(math.gcd(*map(int, counts)))


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
