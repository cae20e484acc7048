"""The strategies a trader recognises in a book, and how each of them stands; pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from ttai import Contract
from ttai.quant.strategies.figures import Figures, figures
from ttai.quant.strategies.legs import Leg, LegType
from ttai.quant.strategies.position import MOST_LEGS, Position
from ttai.quant.strategies.recognition import Held, recognise
from ttai.quant.symbols import parse_occ
from ttai_portfolio.lines import Book, Line

HALF = 50.0  # percent of the most a strategy can win, at which many take it
MANAGE = 21  # days to expiration at which many close or roll what is sold
SECURED = "cash-secured put"  # what a sold put is in an account without margin
TWICE = 2.0  # times the credit: a loss at which many give up
Orders = Mapping[tuple[str, str], str | None]


@dataclass(frozen=True, slots=True)
class Part:
    """What of a line belongs to a group: contracts or shares, below 0 short."""

    line: Line
    quantity: Decimal

    @property
    def share(self) -> float:
        """The part of the line, 0–1."""
        return float(self.quantity / self.line.position.quantity)

    @property
    def shares(self) -> float:
        """Contracts × multiplier, or shares."""
        return float(self.quantity * self.line.position.multiplier)

    @property
    def type(self) -> LegType:
        """What the position is."""
        if not self.line.is_option:
            return "stock"
        return "call" if parse_occ(self.line.position.symbol).type == "C" else "put"

    def of(self, value: float | None) -> float | None:
        """The group's part of what holds of the whole line."""
        return None if value is None else value * self.share

    @property
    def inside(self) -> bool:
        """Whether it is an option in the money now."""
        away = self.line.distance_percent
        return away is not None and away < 0


@dataclass(frozen=True)
class Group:
    """Positions of one account on one underlying that make a strategy, as `recognise` names it."""

    account: str
    underlying: str
    name: str
    parts: tuple[Part, ...]

    def sum(self, name: str) -> float | None:
        """The group's part of a figure of its lines; None where one of them does not know it."""
        values = [part.of(getattr(part.line, name)) for part in self.parts]
        return None if None in values else math.fsum(value for value in values if value is not None)

    def greek(self, name: str) -> float | None:
        """One of its greeks; None where a line does not know its own."""
        values = [part.of(part.line.greek(name)) for part in self.parts]  # type: ignore[arg-type]
        return None if None in values else math.fsum(value for value in values if value is not None)

    @property
    def options(self) -> list[Part]:
        """Its options, in their order of expiration and strike."""
        found = [part for part in self.parts if part.line.is_option]
        return sorted(found, key=lambda part: (parse_occ(part.line.position.symbol).expiration, part.shares > 0))

    @cached_property
    def dte(self) -> int | None:
        """Calendar days to its first expiration."""
        days = [part.line.dte for part in self.options if part.line.dte is not None]
        return min(days, default=None)

    @cached_property
    def position(self) -> Position | None:
        """It as mathematics sees it, at its opening prices; None where something that needs is unknown."""
        options = self.options
        contracts = [part.line.contract for part in options]
        if not options or len(self.parts) > MOST_LEGS or any(one is None or one.adjusted for one in contracts):
            return None
        first = contracts[0]
        setting = first.setting if first is not None else None
        if setting is None or any(part.line.position.average_open_price is None for part in self.parts):
            return None
        try:
            position = Position(tuple(map(_leg, self.parts)), setting)
        except ValueError:  # numbers that no position has: a price or a multiplier below 0
            return None
        later = [leg for leg in position.legs if leg.is_option and leg.years > position.front]
        return None if any(math.isnan(leg.volatility) for leg in later) else position

    @cached_property
    def figures(self) -> Figures | None:
        """What it wins and loses by its first expiration, counted from its opening prices."""
        return None if self.position is None else figures(self.position, self.position.volatility, None)

    @property
    def max_profit(self) -> float | None:
        """The most it can win from its opening, dollars; None without end, or unknown."""
        return None if self.figures is None else self.figures.max_profit

    @property
    def percent_of_max(self) -> float | None:
        """How much of the most it can win has been won, in percent; None without a most."""
        made, most = self.sum("pnl_open"), self.max_profit
        return None if made is None or most is None or most <= 0 else made / most * 100

    @property
    def distance_percent(self) -> float | None:
        """How far the price is from the nearest strike that is sold (else held), in percent; below 0 it is past it."""
        sold = [part for part in self.options if part.quantity < 0] or self.options
        away = [part.line.distance_percent for part in sold]
        known = [one for one in away if one is not None]
        return min(known, default=None)

    @property
    def state(self) -> list[str]:
        """What a trader would manage: nothing of a group in which no option is sold but its last day."""
        said = ["expires today"] if self.dte == 0 else []
        if self.dte == 1 and any(one is not None and one.settled == "AM" for one in self._first):
            said = ["trades for the last time today"]
        if not any(part.quantity < 0 for part in self.options):
            return said
        if any(part.inside and part.quantity < 0 for part in self.options):
            said.append("breached" if self._loses_here else "tested")
        reached, made, cost = self.percent_of_max, self.sum("pnl_open"), self.sum("cost")
        if reached is not None and reached >= HALF:
            said.append(f"{HALF:.0f}% of max profit")
        if made is not None and cost is not None and made < TWICE * cost < 0:
            said.append(f"loss over {TWICE:g}x credit")
        if self.dte is not None and 0 < self.dte <= MANAGE:
            said.append(f"within {MANAGE} DTE")
        return said

    @property
    def _first(self) -> list[Contract | None]:
        """The contracts that expire first."""
        return [part.line.contract for part in self.options if part.line.dte == self.dte]

    @property
    def _loses_here(self) -> bool:
        """Whether it would lose if the price stayed where it is: it is past its breakeven."""
        position = self.position
        return position is not None and float(position.curve.at([position.setting.spot])[0]) < 0


def grouped(book: Book, orders: Orders | None = None) -> list[Group]:
    """The strategies of a book, account by account, underlying by underlying; every position is in them, whole.

    `orders` are the broker's orders that opened what is held, by account and symbol. What is neither option nor stock
    is a group of its own, and so are adjusted contracts: they do not deliver what the others do.
    """
    cash = {one.number for one in book.accounts if not one.margin}
    heaps: dict[tuple[str, str, str], list[tuple[Line, Held]]] = {}
    found: list[Group] = []
    for line in book.lines:
        held, one = _held(line, orders or {}), line.position
        if held is None:
            alone = (Part(line, one.quantity),)
            found.append(Group(one.account, one.underlying, one.instrument_type.lower(), alone))
        else:
            heaps.setdefault((one.account, one.underlying, _adjusted(line)), []).append((line, held))
    for (account, underlying, adjusted), heap in heaps.items():
        spot = next((line.spot for line, _ in heap if line.spot is not None), None)
        for strategy in recognise([held for _, held in heap], spot=spot):
            parts = tuple(Part(heap[part.place][0], part.quantity) for part in strategy.parts)
            name = SECURED if strategy.name == "short put" and account in cash else strategy.name
            found.append(Group(account, underlying, f"{name} (adjusted)" if adjusted else name, parts))
    return sorted(found, key=_urgency)


def _urgency(group: Group) -> tuple[bool, int, str, str]:
    """What needs a look first, then what expires first."""
    return (not group.state, group.dte if group.dte is not None else 10_000, group.underlying, group.account)


def _adjusted(line: Line) -> str:
    """The root of contracts that do not deliver what others do; "" for all else, which belongs together."""
    if not line.is_option:
        return ""
    root = parse_occ(line.position.symbol).root
    return root if root[-1].isdigit() or line.position.multiplier != 100 else ""


def _held(line: Line, orders: Orders) -> Held | None:
    """A line as `recognise` takes it; None for what is neither stock nor option, or is held as none can be."""
    position = line.position
    order = orders.get((position.account, position.symbol))
    try:
        if position.kind == "equity":
            return Held("stock", position.quantity, multiplier=1, order=order)
        if not line.is_option:
            return None
        option = parse_occ(position.symbol)
        return Held(
            "call" if option.type == "C" else "put", position.quantity, float(option.strike), option.expiration,
            option.root, int(position.multiplier), order,
        )  # fmt: skip
    except ValueError:
        return None


def _leg(part: Part) -> Leg:
    """One part at its opening price."""
    price = float(part.line.position.average_open_price or 0)
    contract = part.line.contract
    if contract is None:
        return Leg("stock", part.shares, price)
    volatility = math.nan if contract.iv is None else contract.iv
    strike = float(contract.option.strike)
    return Leg(part.type, part.shares, price, strike, contract.years, volatility, contract.dividend_yield)


def said(parts: Sequence[Part]) -> str:
    """The legs in a few words: "-1 190c +1 200c", with dates where they differ."""
    days = {parse_occ(part.line.position.symbol).expiration for part in parts if part.line.is_option}
    words = []
    for part in parts:
        quantity = f"{part.quantity.normalize():+f}"
        if not part.line.is_option:
            words.append(f"{quantity} {'shares' if part.line.position.kind == 'equity' else part.line.position.symbol}")
            continue
        option = parse_occ(part.line.position.symbol)
        day = f" {option.expiration:%b%d}" if len(days) > 1 else ""
        words.append(f"{quantity} {option.strike.normalize():f}{option.type.lower()}{day}")
    return ", ".join(words)
