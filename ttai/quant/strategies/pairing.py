"""What can be made of the options of one expiration: verticals, and of verticals what has a name."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from heapq import heapify, heappop, heappush
from itertools import pairwise

from ttai.quant.strategies.legs import Leg, LegType
from ttai.quant.strategies.naming import CUSTOM, named

Series = tuple[date, str, int]


@dataclass(frozen=True, slots=True)
class Held:
    """One line of a book on one underlying: `quantity` contracts or shares, below 0 short.

    `multiplier` is shares a contract (1 for stock). Two `root`s on one date settle at other times: SPX in the morning,
    SPXW in the afternoon. `order` is the broker's that opened it, where one order did and somebody knows which.
    ValueError for what no line can be.
    """

    type: LegType
    quantity: Decimal
    strike: float = 0.0
    expiration: date | None = None
    root: str = ""
    multiplier: int = 100
    order: str | None = None

    def __post_init__(self) -> None:
        """Hold it to what can be held."""
        if not self.quantity.is_finite() or not self.quantity:
            raise ValueError(f"what is held is a number other than 0, not {self.quantity}")
        if self.type == "stock":
            return
        if self.expiration is None or not self.strike > 0:
            raise ValueError(f"a {self.type} has a strike and an expiration")
        if self.quantity % 1:
            raise ValueError(f"options come in whole contracts, not {self.quantity}")


@dataclass(frozen=True, slots=True)
class Part:
    """What of a line, by its place, belongs to a strategy: contracts or shares, with the line's sign."""

    place: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Recognised:
    """A strategy by the name that `naming.named` gives it, and what it is made of."""

    name: str
    parts: tuple[Part, ...]


class Node:
    """A contract held in one direction, whatever lines it is in; `left` is what no unit has yet, without a sign."""

    def __init__(self, line: Held, sign: int) -> None:
        self.type, self.strike, self.multiplier, self.sign = line.type, line.strike, line.multiplier, sign
        self.expiration = line.expiration or date.max
        self.series: Series = (self.expiration, line.root, line.multiplier)
        self.lines: list[list[Decimal | int]] = []
        self.left = Decimal(0)

    def take(self, quantity: Decimal) -> Iterator[Part]:
        """So much of it out of its lines, without a sign."""
        while quantity:
            place, there = self.lines[-1]
            part = min(quantity, Decimal(there))
            self.lines[-1][1] = Decimal(there) - part
            if not self.lines[-1][1]:
                self.lines.pop()
            quantity -= part
            yield Part(int(place), part * self.sign)

    def leg(self, ratio: float) -> Leg:
        """So many contracts, or shares, as naming sees them: all that counts of a date is which comes first."""
        shares = float(self.sign * ratio * (1 if self.type == "stock" else self.multiplier))
        years = float("inf") if self.type == "stock" else self.expiration.toordinal() / 365.0
        return Leg(self.type, shares, 0.0, self.strike, years)


@dataclass(slots=True, eq=False)
class Unit:
    """Contracts that belong together, so many times; `ratios` are contracts, or shares, of each in one lot."""

    ratios: tuple[tuple[Node, int], ...]
    lots: Decimal
    name: str = ""

    @property
    def node(self) -> Node:
        """The first of its contracts."""
        return self.ratios[0][0]

    @property
    def sold(self) -> float:
        """The strike that is sold; of what is bought alone, that."""
        return next((node.strike for node, _ in self.ratios if node.sign < 0), self.node.strike)

    @property
    def bought(self) -> float:
        """The strike that is bought; of what is sold alone, that."""
        return next((node.strike for node, _ in self.ratios if node.sign > 0), self.node.strike)

    @property
    def strikes(self) -> tuple[float, ...]:
        """Its strikes, ascending."""
        return tuple(sorted(node.strike for node, _ in self.ratios))

    def with_(self, other: "Unit") -> "Unit | None":
        """As much of both as there is of each, together; None where that has no name."""
        joined = Unit((*self.ratios, *other.ratios), min(self.lots, other.lots))
        joined.name = named([node.leg(ratio) for node, ratio in joined.ratios])
        if joined.name == CUSTOM:
            return None
        self.lots -= joined.lots
        other.lots -= joined.lots
        return joined

    def emitted(self) -> Recognised:
        """Its name, and its parts out of the lines."""
        parts = tuple(part for node, ratio in self.ratios for part in node.take(self.lots * ratio))
        return Recognised(self.name or named([node.leg(ratio) for node, ratio in self.ratios]), parts)


@dataclass(slots=True)
class Heap:
    """The options of one expiration and root: verticals by type and whether they are a credit, singles by type and
    sign, and what was made of them."""

    nodes: list[Node] = field(default_factory=list)
    verticals: dict[tuple[str, bool], list[Unit]] = field(default_factory=dict)
    singles: dict[tuple[str, int], list[Unit]] = field(default_factory=dict)
    made: list[Unit] = field(default_factory=list)

    def add(self, node: Node) -> None:
        self.nodes.append(node)

    def pair(self) -> None:
        """Verticals, and what is made of them."""
        for kind in ("call", "put"):
            for unit in _verticals([node for node in self.nodes if node.type == kind]):
                credit = (unit.sold < unit.bought) == (kind == "call")
                self.verticals.setdefault((kind, credit), []).append(unit)
            for sign in (1, -1):
                left = [node for node in self.nodes if node.type == kind and node.sign == sign and node.left]
                # the innermost first: a put's highest strike, a call's lowest
                left.sort(key=lambda node: node.strike, reverse=kind == "put")
                self.singles[kind, sign] = [Unit(((node, 1),), _all_of(node)) for node in left]
        calls = self.spreads("call", credit=False), self.spreads("call", credit=True)
        puts = self.spreads("put", credit=False), self.spreads("put", credit=True)
        for some, others in zip(calls, puts, strict=True):
            self.join(some, others, lambda one, other: one.strikes == other.strikes)
        for bought, sold in (calls, puts):
            self.join(bought, sold, lambda one, other: one.sold == other.sold)
            self.join(bought, sold, lambda one, other: one.bought == other.bought)
        self.join(puts[1], calls[1], lambda one, other: one.sold <= other.sold)
        self.join(puts[0], calls[0], lambda one, other: one.bought <= other.bought)
        for bought, sold in (calls, puts):
            self.join(bought, sold, _outside)

    def pair_alone(self) -> None:
        """What is left alone: jade lizards, straddles and strangles."""
        puts, calls = self.singles["put", -1], self.singles["call", -1]
        self.join(puts, self.spreads("call", credit=True), lambda one, other: one.sold <= other.sold)
        self.join(self.spreads("put", credit=True), calls, lambda one, other: one.sold <= other.sold)
        for sign in (-1, 1):
            puts, calls = self.singles["put", sign], self.singles["call", sign]
            self.join(puts, calls, lambda one, other: one.strikes == other.strikes)
            self.join(puts, calls, lambda _, __: True)

    def spreads(self, kind: str, *, credit: bool) -> list[Unit]:
        """The verticals of a type, the innermost first."""
        found = self.verticals.get((kind, credit), [])
        return sorted(found, key=lambda unit: unit.sold, reverse=kind == "put")

    def join(self, some: list[Unit], others: list[Unit], fits: Callable[[Unit, Unit], bool]) -> None:
        """Make what can be made of two lists, in their order."""
        for one in some:
            for other in others:
                if not one.lots:
                    break
                if other.lots and fits(one, other) and (joined := one.with_(other)):
                    self.made.append(joined)
            others = [other for other in others if other.lots]

    def all(self) -> list[Unit]:
        """All verticals and singles there still are."""
        lists = [*self.verticals.values(), *self.singles.values()]
        return [unit for some in lists for unit in some if unit.lots]


def _all_of(node: Node) -> Decimal:
    left, node.left = node.left, Decimal(0)
    return left


def _verticals(nodes: Sequence[Node]) -> list[Unit]:
    """Each sold option of one type with the nearest bought one, the narrowest pair first.

    The narrowest of all are neighbours: what lay between them would be nearer to one of the two.
    """
    nodes = sorted(nodes, key=lambda node: (node.strike, node.sign))
    before = dict(pairwise(reversed(range(len(nodes)))))
    after = dict(pairwise(range(len(nodes))))
    heap = [(nodes[n + 1].strike - nodes[n].strike, n, n + 1) for n in range(len(nodes) - 1)]
    heapify(heap)
    found = []
    while heap:
        width, low, high = heappop(heap)
        one, other = nodes[low], nodes[high]
        if after.get(low) != high or one.sign == other.sign or not width:
            continue
        lots = min(one.left, other.left)
        one.left -= lots
        other.left -= lots
        found.append(Unit(((one, 1), (other, 1)), lots))
        for gone in (low, high):
            if not nodes[gone].left:
                near, far = before.pop(gone, None), after.pop(gone, None)
                if near is not None:
                    after[near] = far  # type: ignore[assignment]
                if far is not None:
                    before[far] = near  # type: ignore[assignment]
                if near is not None and far is not None:
                    heappush(heap, (nodes[far].strike - nodes[near].strike, near, far))
    return found


def _outside(debit: Unit, credit: Unit) -> bool:
    """Whether two verticals of a type are the two sides of a condor: what is sold lies inside."""
    low, high = sorted((debit, credit), key=lambda unit: unit.strikes)
    return low.bought < low.sold < high.sold < high.bought
