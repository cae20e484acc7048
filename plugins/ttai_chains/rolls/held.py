"""The position of an underlying that could be rolled, as it stands in the user's own book."""

from dataclasses import dataclass
from datetime import date

from ttai import Leg, NotFound
from ttai.quant.symbols import parse_occ
from ttai_portfolio import Group, Portfolio

SHARES = 100  # behind a contract that is not adjusted
WHY = "find_rolls moves options that are sold; send legs to try a position that is not held"


@dataclass(frozen=True)
class Found:
    """A strategy that is held: its legs at their opening prices, and what else there is to be said."""

    legs: tuple[Leg, ...]
    notes: tuple[str, ...]


class HeldStrategies:
    """Looks in the book, where there is one."""

    def __init__(self, portfolio: Portfolio | None) -> None:
        self._portfolio = portfolio

    async def find(self, symbol: str, account: str | None) -> Found:
        """The strategy on an underlying whose sold options expire first; NotFound where nothing is sold there."""
        if self._portfolio is None:
            raise NotFound("the portfolio plugin is not loaded, so nobody knows what is held", "Send legs")
        book = await self._portfolio.book(account, symbol)
        notes = [f"the positions of {number} could not be read: {reason}" for number, reason in book.failed.items()]
        notes += [note for note in book.notes if "positions" in note]  # that some of them could not be read
        groups = await self._portfolio.strategies(book)
        sold = sorted((one for one in groups if _sold(one) is not None), key=lambda one: _sold(one) or date.max)
        if not sold:
            where = ", ".join(one.number for one in book.accounts)
            raise NotFound(f"no option of {symbol} is sold in {where}", ". ".join([*notes, WHY]))
        if len(sold) > 1:
            others = "; ".join(map(_told, sold[1:]))
            notes.append(f"of what is held the first to expire; send the legs of another: {others}")
        return Found(_legs(sold[0]), (f"rolled is what is held: {_told(sold[0])}", *notes))


def _sold(group: Group) -> date | None:
    """When the first of its sold options expires; None where it has none, or adjusted ones that are not rolled."""
    sold = [part.line.position for part in group.options if part.quantity < 0]
    options = [parse_occ(one.symbol) for one in sold if one.multiplier == SHARES]
    return min((one.expiration for one in options if not one.root[-1].isdigit()), default=None)


def _told(group: Group) -> str:
    return f"{group.name} of {_sold(group)} in {group.account}"


def _legs(group: Group) -> tuple[Leg, ...]:
    return tuple(
        Leg(
            symbol=part.line.position.symbol,
            quantity=float(part.quantity),
            price=None if (paid := part.line.position.average_open_price) is None else float(paid),
        )
        for part in group.parts
    )
