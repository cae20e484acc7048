"""A book with legs added to it, or taken out: "what does this trade do to me?"."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from ttai import BadArgument, Host, Leg, NotFound, Position
from ttai.quant.symbols import kind, parse_occ, underlying
from ttai_portfolio.books import Books
from ttai_portfolio.lines import Book, Line

IF = "what if"
SHARES = 100


class WhatIf:
    """Changes books, and nothing else."""

    def __init__(self, host: Host, books: Books) -> None:
        self._market = host.market
        self._books = books

    async def changed(self, book: Book, add: Sequence[Leg], remove: Sequence[Leg], symbol: str | None) -> Book:
        """The book after a trade: `add` opened at the marks now, `remove` closed; `symbol` is the underlying of legs
        that don't say theirs. BadArgument for what can't be told, or is not held."""
        lines = list(book.lines)
        for number, leg in enumerate(remove, 1):
            _take_out(lines, await self._named(leg, symbol, f"remove leg {number}"), leg.quantity)
        if add:
            named = [(await self._named(leg, symbol, f"add leg {n}"), leg) for n, leg in enumerate(add, 1)]
            opened = await self._books.valued([_position(name, leg) for name, leg in named])
            for line in opened.lines:
                if line.mark is None:
                    raise NotFound(f"{line.position.symbol} has no mark now: {line.why}", "Send legs that are quoted")
            lines += opened.lines
        return replace(book, lines=lines)

    async def _named(self, leg: Leg, symbol: str | None, which: str) -> str:
        """The symbol of a leg; an option given by strike and date is looked for in its chain."""
        if leg.symbol is not None:
            return leg.symbol
        if symbol is None:
            raise BadArgument(f"{which} does not say its underlying", "Send symbol=…, or the legs' OCC symbols")
        if leg.type == "stock":
            return underlying(symbol)
        if leg.expiration is None:
            raise BadArgument(f"{which} has no expiration", "Send it with the leg, such as 2026-12-18")
        chain = await self._market.chain(symbol)
        day, _, root = leg.expiration.partition(" ")
        for one in chain.expirations:
            fits = root.upper() in ("", one.root, one.settled) and not (one.adjusted and root.upper() != one.root)
            places = [n for n, strike in enumerate(one.strikes.tolist()) if strike == leg.strike]
            if f"{one.date}" == day and fits and places:
                found = one.symbols[0 if leg.type == "call" else 1][places[0]]
                if found:
                    return found
        raise NotFound(
            f"{which}: {chain.symbol} has no {leg.type} {leg.strike:g} of {day}", "get_option_chain lists the strikes"
        )


def _position(symbol: str, leg: Leg) -> Position:
    """A leg as if it were held; without a price it opens at its mark."""
    is_option = kind(symbol) == "option"
    return Position(
        account=IF,
        symbol=symbol,
        underlying=underlying(parse_occ(symbol).root) if is_option else symbol,
        kind="option" if is_option else "equity",
        instrument_type="Equity Option" if is_option else "Equity",
        quantity=Decimal(str(leg.quantity)),
        multiplier=Decimal(SHARES if is_option else 1),
        average_open_price=None if leg.price is None else Decimal(str(leg.price)),
    )


def _take_out(lines: list[Line], symbol: str, quantity: float) -> None:
    """Close so much of what is held of a symbol; BadArgument where less is held."""
    held = sum(float(line.position.quantity) for line in lines if line.position.symbol == symbol)
    if held * quantity <= 0 or abs(quantity) > abs(held):
        what = f"{held:g} are held" if held else "none is held"
        raise BadArgument(
            f"{quantity:g} of {symbol} can't be removed: {what}", "remove takes what is held, with its sign"
        )
    left = Decimal(str(quantity))
    for place, line in enumerate(lines):
        if line.position.symbol != symbol or not left:
            continue
        gone = max(left, line.position.quantity) if left < 0 else min(left, line.position.quantity)
        left -= gone
        lines[place] = replace(line, position=replace(line.position, quantity=line.position.quantity - gone))
    lines[:] = [line for line in lines if line.position.quantity]
