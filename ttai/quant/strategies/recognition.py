"""Which strategies a trader recognises in what an account holds on one underlying."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from ttai.quant.strategies.naming import CUSTOM, named
from ttai.quant.strategies.pairing import Heap, Held, Node, Part, Recognised, Series, Unit

__all__ = ["Held", "Part", "Recognised", "recognise"]

PMCC = "poor man's covered call"
_DEEP = 0.9  # of the spot: a call struck no higher stands in for the stock


def recognise(book: Sequence[Held], spot: float | None = None) -> list[Recognised]:
    """The strategies in the lines of one account on one underlying, at `spot` dollars where that is known.

    Every share and contract is in one of them, once, and what comes of it does not depend on the order of the lines.
    It is greedy, in this order; what is left of a step goes on to the next:

    1. What one order opened belongs together; it is "custom" where it has no name.
    2. Options of one expiration and root: each sold option with the nearest bought one of its type (verticals), the
       narrowest first; and of verticals then boxes, butterflies (the sold strike is shared), iron condors and
       butterflies (the innermost with the innermost), reverse ones, condors.
    3. Stock with what is sold or bought alone, whole contracts, the nearest expiration first: long stock covers a sold
       call, together with a bought put (collar) or a sold one (covered strangle) of the same expiration; then a bought
       put protects it. Short stock likewise, with puts and calls changed.
    4. Of one expiration again: a sold put with a call credit spread (jade lizard) and the reverse, then puts and calls
       both sold or both bought: straddles, then strangles, the innermost first. A put and a call of which one is sold
       and one bought are a risk reversal only where one order opened them.
    5. Across expirations: what is sold, with what is bought of its type and expires later: calendars (the same
       strike), then diagonals (the nearest strike), the earliest first; a call calendar and a put calendar of the same
       dates are a double one. A diagonal whose bought call is struck at 90 % of the spot or lower, as in place of the
       stock, is a poor man's covered call.
    6. What is left is a single option, or stock.
    """
    found: list[Recognised] = []
    loose = _by_order(book, found)
    nodes = _nodes(book, loose)
    units = _Units()
    for node in nodes:
        if node.type != "stock":
            units.of(node.series).add(node)
    for heap in units:
        heap.pair()
    stock = [node for node in nodes if node.type == "stock"]
    made = [unit for node in stock for unit in _covered(node, units)]
    for heap in units:
        heap.pair_alone()
    made += [unit for heap in units for unit in heap.made] + _over_time(units, spot)
    made += [unit for heap in units for unit in heap.all()]
    made += [Unit(((node, 1),), node.left) for node in stock if node.left]
    return found + [unit.emitted() for unit in made if unit.lots]


class _Units:
    """The heaps by series, the earliest first."""

    def __init__(self) -> None:
        self._heaps: dict[Series, Heap] = {}

    def of(self, series: Series) -> Heap:
        """The heap of a series."""
        return self._heaps.setdefault(series, Heap())

    def __iter__(self) -> Iterator[Heap]:
        return iter(self._heaps.values())

    def singles(self, kind: str, sign: int) -> list[Unit]:
        """What is left alone of a type and sign, the earliest first."""
        return [unit for heap in self for unit in heap.singles[kind, sign] if unit.lots]


def _by_order(book: Sequence[Held], found: list[Recognised]) -> list[int]:
    """The lines that no order ties together; what one does is `found`."""
    orders: dict[str, list[int]] = {}
    for place, line in enumerate(book):
        if line.order is not None:
            orders.setdefault(line.order, []).append(place)
    tied: set[int] = set()
    for order in sorted(orders):
        places = sorted(orders[order], key=lambda place: _sorting(book[place]))
        if len(places) > 1:
            legs = [Node(book[n], 1).leg(float(book[n].quantity)) for n in places]
            found.append(Recognised(named(legs), tuple(Part(n, book[n].quantity) for n in places)))
            tied.update(places)
    return [place for place in range(len(book)) if place not in tied]


def _sorting(line: Held) -> tuple[object, ...]:
    return (
        line.expiration or date.max, line.root, line.multiplier, line.type, line.strike, line.quantity > 0,
        line.order or "", line.quantity,
    )  # fmt: skip


def _nodes(book: Sequence[Held], places: Iterable[int]) -> list[Node]:
    """The contracts in these lines, in an order of their own."""
    nodes: dict[tuple[object, ...], Node] = {}
    for place in sorted(places, key=lambda place: _sorting(book[place])):
        line = book[place]
        sign = 1 if line.quantity > 0 else -1
        key = (line.type, line.strike, line.expiration, line.root, line.multiplier, sign)
        node = nodes.setdefault(key, Node(line, sign))
        node.lines.append([place, abs(line.quantity)])
        node.left += abs(line.quantity)
    return list(nodes.values())


def _covered(stock: Node, units: _Units) -> list[Unit]:
    """Stock with the options it covers, or that protect it."""
    covers, protects = ("call", "put") if stock.sign > 0 else ("put", "call")
    found = []
    for sold in units.singles(covers, -1):
        heap = units.of(sold.node.series)
        beside = [*heap.singles[protects, 1], *heap.singles[protects, -1]] if stock.sign > 0 else []
        for other in [one for one in beside if one.lots]:
            found += _with_stock(stock, sold, other)
        found += _with_stock(stock, sold)
    for bought in units.singles(protects, 1):
        found += _with_stock(stock, bought)
    return found


def _with_stock(stock: Node, *options: Unit) -> list[Unit]:
    """As many lots as there are whole ones."""
    shares = options[0].node.multiplier
    lots = min(stock.left // shares, *(one.lots for one in options))
    if not lots:
        return []
    ratios = ((stock, shares), *(one.ratios[0] for one in options))
    name = named([node.leg(ratio) for node, ratio in ratios])
    if name == CUSTOM:
        return []
    stock.left -= lots * shares
    for one in options:
        one.lots -= lots
    return [Unit(ratios, lots, name)]


def _over_time(units: _Units, spot: float | None) -> list[Unit]:
    """Calendars and diagonals of what is left alone."""
    found: list[Unit] = []
    for kind in ("call", "put"):
        sold, bought = units.singles(kind, -1), units.singles(kind, 1)
        for same in (True, False):
            for one in sold:
                later = [other for other in bought if other.lots and _covers(other.node, one.node)]
                fitting = [other for other in later if not same or other.node.strike == one.node.strike]
                nearest = sorted(fitting, key=lambda other: _nearness(one.node, other.node))
                found += [joined for other in nearest if one.lots and (joined := one.with_(other))]
    for unit in found:
        if unit.name == "call diagonal" and spot is not None and unit.ratios[1][0].strike <= _DEEP * spot:
            unit.name = PMCC
    return [*_doubled(found), *found]


def _covers(bought: Node, sold: Node) -> bool:
    return bought.expiration > sold.expiration and bought.multiplier == sold.multiplier


def _nearness(sold: Node, bought: Node) -> tuple[float, date, str, float]:
    return abs(bought.strike - sold.strike), bought.expiration, bought.series[1], bought.strike


def _doubled(found: Sequence[Unit]) -> list[Unit]:
    """A call calendar (diagonal) and a put calendar (diagonal) of the same dates are one strategy."""
    doubles = []
    for call in [unit for unit in found if unit.name in ("call calendar", "call diagonal")]:
        for put in [unit for unit in found if unit.name in ("put calendar", "put diagonal")]:
            dates = [[node.series for node, _ in unit.ratios] for unit in (call, put)]
            if call.lots and put.lots and dates[0] == dates[1] and (joined := call.with_(put)):
                doubles.append(joined)
    return doubles
