"""Rows of the broker's that were read one by one."""

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


class Listing(list[T]):
    """The rows that could be read, how many could not (each costs itself alone and is told of), and whose they are."""

    def __init__(self, rows: Iterable[T] = (), *, unreadable: int = 0, source: str = "rest") -> None:
        super().__init__(rows)
        self.unreadable = unreadable
        self.source = source

    def notes(self, noun: str) -> list[str]:
        """What an answer made from it must say: that some are missing; nothing where none is."""
        if not self.unreadable:
            return []
        return [f"{self.unreadable} of {len(self) + self.unreadable} {noun} could not be read and are left out"]


class Watchlist(Listing[str]):
    """Symbols in their list's order, none twice; an entry that says no symbol is counted."""

    def __init__(self, name: str, symbols: Iterable[str] = (), *, unreadable: int = 0, source: str = "rest") -> None:
        super().__init__(dict.fromkeys(symbols), unreadable=unreadable, source=source)
        self.name = name
