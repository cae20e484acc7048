"""A book with legs added to it, or taken out: "what does this trade do to me?"."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from ttai import BadArgument, Host, Leg, NotFound, Position, understood
from ttai.quant.symbols import kind, parse_occ, underlying
from ttai_portfolio.books import Books
from ttai_portfolio.lines import Book, Line
from ttai_portfolio.naming import listed

IF = "what if"
PRICED = "the prices of the legs sent do not count here: all is counted from the marks now"
SHARES = 100
MOST = 100_000_000  # contracts or shares


class WhatIf:
    """Changes books, and nothing else."""

    def __init__(self, host: Host, books: Books) -> None:
        self._market = host.market
        self._books = books

    async def changed(self, book: Book, add: Sequence[Leg], remove: Sequence[Leg], symbol: str | None) -> Book:
        """The book after a trade: `add` done at the marks now, which closes what is held the other way first; `remove`
        closed. `symbol` is the underlying of legs that don't say theirs. BadArgument for what can't be told, or is not
        held."""
        lines = list(book.lines)
        for number, leg in enumerate(remove, 1):
            name, quantity = await self._named(leg, symbol, f"remove leg {number}"), Decimal(str(leg.quantity))
            there = sum(line.position.quantity for line in lines if line.position.symbol == name)
            held = _taken(lines, name, quantity) or there
            if held != quantity:
                what = f"{float(held):g} are held" if held else "none is held"
                raise BadArgument(
                    f"{leg.quantity:g} of {name} can't be removed: {what}", "remove takes what is held, with its sign"
                )
        opening = []
        for number, leg in enumerate(add, 1):
            name, quantity = await self._added(leg, symbol, f"add leg {number}"), Decimal(str(leg.quantity))
            if left := quantity + _taken(lines, name, -quantity):  # what closes something held is not held beside it
                opening.append(_position(name, left))
        if opening:
            opened = await self._books.valued(opening)
            for line in opened.lines:
                if line.mark is None:
                    raise NotFound(f"{line.position.symbol} has no mark now: {line.why}", "Send legs that are quoted")
            lines += opened.lines
        priced = any(leg.price is not None for leg in (*add, *remove))
        return replace(book, lines=lines, notes=[*book.notes, *([PRICED] if priced else [])])

    async def _added(self, leg: Leg, symbol: str | None, which: str) -> str:
        """The symbol of a leg that can be opened: of an option, or of a stock."""
        if (leg.volatility, leg.years) != (None, None):
            raise BadArgument(f"{which} counts at its own IV and expiration", "Leave volatility and years out")
        name = await self._named(leg, symbol, which)
        what = kind(name)
        if what == "index":
            raise BadArgument(
                f"{which}: {name} is an index, and has no shares", "Send options on it, or a fund's shares"
            )
        if what not in ("equity", "option"):
            raise BadArgument(f"{which}: {name} is neither stock nor option", "Only those can be added")
        if abs(leg.quantity) > MOST:
            raise BadArgument(f"{which}: {leg.quantity:g} is more than anybody holds", f"Send {MOST:,} at most")
        return name

    async def _named(self, leg: Leg, symbol: str | None, which: str) -> str:
        """The symbol of a leg; an option given by strike and date is looked for in its chain."""
        if leg.symbol is not None:
            return leg.symbol
        if symbol is None:
            raise BadArgument(f"{which} does not say its underlying", "Send symbol=…, or the legs' OCC symbols")
        if leg.type == "stock":
            return understood(lambda: underlying(symbol))
        if leg.expiration is None:
            raise BadArgument(f"{which} has no expiration", "Send it with the leg, such as 2026-12-18")
        return listed(await self._market.chain(symbol), leg, which)[0]


def _position(symbol: str, quantity: Decimal) -> Position:
    """A leg as if it were held; what it would cost is not asked for."""
    is_option = kind(symbol) == "option"
    return Position(
        account=IF,
        symbol=symbol,
        underlying=underlying(parse_occ(symbol).root) if is_option else symbol,
        kind="option" if is_option else "equity",
        instrument_type="Equity Option" if is_option else "Equity",
        quantity=quantity,
        multiplier=Decimal(SHARES if is_option else 1),
    )


def _taken(lines: list[Line], symbol: str, quantity: Decimal) -> Decimal:
    """Take so much of what is held of a symbol, with the same sign, out of the lines; how much there was to take."""
    left = quantity
    for place, line in enumerate(lines):
        held = line.position.quantity
        if line.position.symbol != symbol or held * left <= 0:
            continue
        gone = max(left, held) if left < 0 else min(left, held)
        left -= gone
        lines[place] = replace(line, position=replace(line.position, quantity=held - gone))
    lines[:] = [line for line in lines if line.position.quantity]
    return quantity - left
