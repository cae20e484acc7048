"""An account's positions as the broker writes them."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from ttai.clock import NEW_YORK
from ttai.simulator.accounts.assets import Asset
from ttai.simulator.accounts.customer import Json
from ttai.simulator.accounts.fees import ZERO, cents
from ttai.simulator.accounts.ledger import Closed, Ledger, Lot
from ttai.simulator.accounts.marks import Mark
from ttai.simulator.accounts.past import Past, tape, tick
from ttai.simulator.days import session_before

_EXACT = Decimal("0.000001")


def position_row(number: str, ledger: Ledger, asset: Asset, mark: Mark, past: Past, day: date, at: float) -> Json:
    """One line of a book on a trading day; a position that was closed has a quantity of 0."""
    holding = ledger.holdings.get(asset.symbol)
    lots = [] if holding is None else holding.lots
    quantity = sum((lot.quantity for lot in lots), Decimal(0))
    closed = [one for one in ledger.closed if one.asset.symbol == asset.symbol and _day(one.at) == day]
    average = _average(lots, lambda lot: lot.price)
    realized = _gained(closed, lambda one: one.opened)
    gained = _gained(closed, lambda one: one.opened if _day(one.opened_at) == day else mark.close)
    daily = _average(lots, lambda lot: lot.price if _day(lot.at) == day else mark.close)
    row = {
        "account-number": number,
        "symbol": asset.symbol,
        "instrument-type": asset.kind,
        "underlying-symbol": asset.underlying,
        "quantity": _plain(abs(quantity)),
        "quantity-direction": "Long" if quantity > 0 else "Short" if quantity < 0 else "Zero",
        "close-price": f"{mark.close}",
        "average-open-price": f"{average}",
        "average-yearly-market-close-price": f"{_average(lots, lambda lot: _yearly(lot, asset, past, day))}",
        "average-daily-market-close-price": f"{daily}",
        "multiplier": _plain(asset.multiplier),
        "cost-effect": "Credit" if quantity > 0 else "Debit" if quantity < 0 else "None",
        "is-suppressed": False,
        "is-frozen": False,
        "restricted-quantity": "0.0",
        **_effect("realized-day-gain", gained),
        "realized-day-gain-date": f"{day}",
        **_effect("realized-today", realized),
        "realized-today-date": f"{day}",
        "created-at": _stamp(lots[0].at if lots else at),
        "updated-at": _stamp(at if holding is None else holding.updated),
    }
    return row | ({"expires-at": _stamp(asset.settles)} if asset.is_option else {})


def marked(row: Json, mark: Mark) -> Json:
    """The row with what it is worth."""
    worth = f"{mark.price}"
    return {**row, "mark": worth, "mark-price": worth}


def _average(lots: Sequence[Lot], price: Callable[[Lot], Decimal]) -> Decimal:
    """The mean of the lots, each for as much as is left of it."""
    quantity = sum((lot.quantity for lot in lots), Decimal(0))
    if not quantity:
        return ZERO
    mean = sum((lot.quantity * price(lot) for lot in lots), Decimal(0)) / quantity
    return mean if mean == mean.quantize(_EXACT) else mean.quantize(_EXACT)


def _gained(closed: Sequence[Closed], basis: Callable[[Closed], Decimal]) -> Decimal:
    """Dollars made on what was closed, from a price a share."""
    return cents(sum((one.quantity * (one.price - basis(one)) * one.asset.multiplier for one in closed), ZERO))


def _yearly(lot: Lot, asset: Asset, past: Past, day: date) -> Decimal:
    """What a year's gain counts from: the last close of the year before, or what a lot was opened at since."""
    first = date(day.year, 1, 1)
    if _day(lot.at) >= first or asset.is_option:
        return lot.price
    symbol, times = tape(asset)
    return tick(asset, past.bar(symbol, session_before(first)).close * times if symbol in past.instruments else 0.0)


def _effect(name: str, gained: Decimal) -> Json:
    return {name: f"{abs(gained)}", f"{name}-effect": "Debit" if gained < 0 else "Credit" if gained else "None"}


def _day(at: float) -> date:
    return datetime.fromtimestamp(at, NEW_YORK).date()


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
