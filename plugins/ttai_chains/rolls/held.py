"""The position of an underlying that could be rolled, as it stands in the user's own book."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from ttai import Account, Host, Leg, NotFound, Position, TtaiError
from ttai.quant.strategies.recognition import Held, Recognised, recognise
from ttai.quant.symbols import Option, parse_occ

WHY = "find_rolls moves options that are sold; send legs to try a position that is not held"


@dataclass(frozen=True)
class Found:
    """A strategy that is held: its legs at their opening prices, its account, and what else there is to be said."""

    legs: tuple[Leg, ...]
    account: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Strategy:
    """One strategy of an account, with the positions it is in."""

    account: Account
    lines: Sequence[Position]
    one: Recognised

    @property
    def sold(self) -> list[Option]:
        """Its sold options."""
        parts = ((self.lines[part.place], part.quantity) for part in self.one.parts)
        return [parse_occ(line.symbol) for line, quantity in parts if line.kind == "option" and quantity < 0]

    @property
    def legs(self) -> tuple[Leg, ...]:
        """Its parts as legs."""
        return tuple(
            Leg(
                symbol=self.lines[part.place].symbol,
                quantity=float(part.quantity),
                price=None if (paid := self.lines[part.place].average_open_price) is None else float(paid),
            )
            for part in self.one.parts
        )

    def __str__(self) -> str:
        """As a note says it."""
        return f"{self.one.name} of {min(one.expiration for one in self.sold)} in {self.account.number}"


class HeldStrategies:
    """Looks in the book."""

    def __init__(self, host: Host) -> None:
        self._broker = host.broker

    async def find(self, symbol: str, account: str | None) -> Found:
        """The strategy on an underlying whose sold options expire first; NotFound where nothing is sold there."""
        accounts = await self._broker.chosen(account)
        books = await asyncio.gather(*(self._broker.positions(one.number) for one in accounts), return_exceptions=True)
        found: list[_Strategy] = []
        notes: list[str] = []
        for one, book in zip(accounts, books, strict=True):
            if isinstance(book, TtaiError):
                notes.append(f"the positions of {one.number} could not be read: {book.message}")
            elif isinstance(book, BaseException):
                raise book
            else:
                found += _strategies(one, [line for line in book if _fits(line, symbol)])
        sold = sorted((one for one in found if one.sold), key=lambda one: min(leg.expiration for leg in one.sold))
        if not sold:
            where = ", ".join(one.number for one in accounts)
            raise NotFound(f"no option of {symbol} is sold in {where}", ". ".join([*notes, WHY]))
        if len(sold) > 1:
            others = "; ".join(map(str, sold[1:]))
            notes.append(f"of what is held the first to expire; send the legs of another: {others}")
        return Found(sold[0].legs, sold[0].account.number, (f"rolled is what is held: {sold[0]}", *notes))


def _fits(line: Position, symbol: str) -> bool:
    """Whether a position is stock of an underlying, or a standard option on it."""
    if line.underlying != symbol or not line.quantity:
        return False
    return line.kind == "equity" or (line.kind == "option" and not parse_occ(line.symbol).root[-1].isdigit())


def _strategies(account: Account, lines: Sequence[Position]) -> list[_Strategy]:
    return [_Strategy(account, lines, one) for one in recognise([_held(line) for line in lines])]


def _held(line: Position) -> Held:
    if line.kind == "equity":
        return Held("stock", line.quantity, multiplier=1)
    option = parse_occ(line.symbol)
    kind = "call" if option.type == "C" else "put"
    return Held(kind, line.quantity, float(option.strike), option.expiration, option.root, int(line.multiplier))  # type: ignore[arg-type]
