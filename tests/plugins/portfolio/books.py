"""Lines of a book made by hand, for what is pure."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from ttai import Account, Contract, Position, Quote
from ttai.quant import pricing
from ttai.quant.symbols import parse_occ, underlying
from ttai_portfolio.lines import Book, Line, Mark

NOW = datetime(2026, 11, 20, 15, 31, tzinfo=UTC)
RATE = 0.04
MARGIN = Account("5WT00001", "Trading", "Individual", margin=True)


def quote(symbol: str, price: float | None) -> Quote:
    """A quote whose mid is this price."""
    sides = dict.fromkeys(("last", "bid", "ask", "mid", "mark"), price)
    others: dict[str, Any] = dict.fromkeys(("open", "high", "low", "prev_close", "volume", "change", "change_percent"))
    return Quote(symbol=symbol, **sides, **others, as_of=NOW, source="rest", session="open", stale=False)


def position(symbol: str, quantity: str, price: str | None, **more: Any) -> Position:
    """A position opened at a price; an option where the symbol is one."""
    option = len(symbol) == 21
    usual: dict[str, Any] = {
        "account": MARGIN.number,
        "underlying": underlying(parse_occ(symbol).root) if option else symbol,
        "kind": "option" if option else "equity",
        "instrument_type": "Equity Option" if option else "Equity",
        "multiplier": Decimal(100 if option else 1),
        "day_open_price": None if price is None else Decimal(price),
        "opened_at": datetime(2026, 11, 2, 15, tzinfo=UTC),
    }
    opened = None if price is None else Decimal(price)
    return Position(symbol=symbol, quantity=Decimal(quantity), average_open_price=opened, **{**usual, **more})


def option(symbol: str, quantity: str, price: str | None, *, spot: float = 100.0, iv: float | None = 0.3) -> Line:
    """An option marked by the formula at a volatility, with its greeks; without one nothing is known of it."""
    one = parse_occ(symbol)
    years = max((one.expiration - date(2026, 11, 20)).days, 0.2) / 365
    terms = (one.type == "C", spot, float(one.strike), years, iv or 0.3, RATE)
    worth, greeks = float(pricing.price(*terms)), pricing.greeks(*terms)
    told: dict[str, Any] = {} if iv is None else {name: float(value) for name, value in greeks._asdict().items()}
    contract = Contract(
        option=one, underlying=underlying(one.root), quote=quote(symbol, worth), spot=spot, settled="PM", years=years,
        dte=(one.expiration - date(2026, 11, 20)).days, rate=RATE, dividend_yield=0.0, european=False, adjusted=False,
        greeks=None if iv is None else "model", iv=iv, **told,
    )  # fmt: skip
    mark = Mark(worth, "market", "rest", stale=False, as_of=NOW)
    return Line(position(symbol, quantity, price), mark, contract, spot)


def stock(symbol: str, quantity: str, price: str, *, spot: float = 100.0) -> Line:
    """Shares."""
    return Line(position(symbol, quantity, price), Mark(spot, "market", "rest", stale=False, as_of=NOW), None, spot)


def other(symbol: str, quantity: str, price: str, *, mark: float | None = None, **more: Any) -> Line:
    """What the market does not quote."""
    usual = {"kind": "other", "instrument_type": "Fixed Income Security", **more}
    known = None if mark is None else Mark(mark, "broker", "broker", stale=False, as_of=NOW)
    return Line(position(symbol, quantity, price, **usual), known, why=None if known else "it is not quoted here")


def book(*lines: Line) -> Book:
    """These lines as a book of one account."""
    return Book([MARGIN], lines, "open", NOW)


def elsewhere(line: Line, account: str) -> Line:
    """The same in another account."""
    return replace(line, position=replace(line.position, account=account))
