"""What is left of a book while strategies are recognised in it: contracts by strike, shares, the lines they are of."""

import math
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ttai.quant.strategies.book.lines import Held

Piece = tuple[int, Decimal]  # of a line: its place in the book, the signed quantity


@dataclass(slots=True, eq=False)
class Stack:
    """The lines of one contract, or of the stock, on one side; the first is drawn from first."""

    held: Held  # any of them
    lines: deque[Piece] = field(default_factory=deque)  # quantities above 0

    @property
    def quantity(self) -> Decimal:
        """What nothing has drawn yet."""
        return sum((quantity for _, quantity in self.lines), Decimal())

    def draw(self, quantity: Decimal) -> list[Piece]:
        """So much of the lines, which is then gone from them."""
        drawn: list[Piece] = []
        while quantity:
            place, there = self.lines.popleft()
            part = min(there, quantity)
            drawn.append((place, part * self.held.sign))
            quantity -= part
            if there > part:
                self.lines.appendleft((place, there - part))
        return drawn


Pick = tuple[Stack, int]  # contracts or shares of a stack
Draft = list[Pick]  # a strategy, before it is known which lines it is made of


@dataclass(slots=True, eq=False)
class Shares:
    """The shares of one side that are free to stand against options."""

    stack: Stack
    free: Decimal

    def contracts(self, multiplier: int) -> int:
        """How many contracts they are enough for."""
        return int(self.free // multiplier)

    def take(self, contracts: int, multiplier: int) -> Pick:
        """The shares of so many contracts, which are free no more."""
        self.free -= contracts * multiplier
        return self.stack, contracts * multiplier


class Ladder:
    """The contracts of one type and side of one expiration that are still free, by strike."""

    def __init__(self) -> None:
        """Nothing on it yet."""
        self.stacks: dict[float, Stack] = {}
        self.free: dict[float, int] = {}  # no strike without a contract
        self.strikes: list[float] = []  # the same, from the lowest up

    def add(self, stack: Stack) -> None:
        """The lines of a strike."""
        strike = stack.held.strike
        self.stacks[strike], self.free[strike] = stack, int(stack.quantity)
        insort(self.strikes, strike)

    def take(self, strike: float, contracts: int) -> Pick:
        """Contracts that are free no more."""
        self.free[strike] -= contracts
        if not self.free[strike]:
            del self.free[strike]
            del self.strikes[bisect_left(self.strikes, strike)]
        return self.stacks[strike], contracts

    def below(self, strike: float, *, level: bool = False) -> float | None:
        """The nearest strike under this one that has contracts, or this one itself where `level`."""
        here = (bisect_right if level else bisect_left)(self.strikes, strike)
        return self.strikes[here - 1] if here else None

    def above(self, strike: float, *, level: bool = False) -> float | None:
        """The nearest strike over this one that has contracts, or this one itself where `level`."""
        here = (bisect_left if level else bisect_right)(self.strikes, strike)
        return self.strikes[here] if here < len(self.strikes) else None


def _sides() -> dict[int, Ladder]:
    return {-1: Ladder(), 1: Ladder()}


@dataclass(slots=True, eq=False)
class Expiration:
    """The ladders of one root and date by sign, and the vertical spreads found on them that may still join a leg."""

    date: date
    kind: tuple[int, str]  # what joins: the multiplier, the root of adjusted contracts
    puts: dict[int, Ladder] = field(default_factory=_sides)
    calls: dict[int, Ladder] = field(default_factory=_sides)
    put_spreads: dict[tuple[float, float], int] = field(default_factory=dict)  # contracts by strikes, sold and bought
    call_spreads: dict[tuple[float, float], int] = field(default_factory=dict)

    def net(self) -> None:
        """Take off what is held both ways."""
        for ladders in (self.puts, self.calls):
            for strike in [strike for strike in ladders[1].strikes if strike in ladders[-1].free]:
                both = min(ladder.free[strike] for ladder in ladders.values())
                for ladder in ladders.values():
                    ladder.take(strike, both)


def lot(stacks: Sequence[Stack]) -> int:
    """How often the smallest whole ratio is there."""
    return math.gcd(*(int(stack.quantity) for stack in stacks))
