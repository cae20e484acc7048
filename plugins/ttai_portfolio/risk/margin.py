"""What a broker asks for the positions of a book by themselves; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ttai import Account
from ttai.quant.strategies.legs import Leg, LegType
from ttai.quant.strategies.margin import cash_secured, reg_t
from ttai.quant.symbols import BROAD_INDICES
from ttai_portfolio.lines import Line
from ttai_portfolio.whatif import IF


@dataclass(frozen=True)
class Margins:
    """Dollars by underlying, and why those of some can't be told: `refused` are positions that the rules don't allow,
    or whose price is unknown, `others` what is not margined as stock and options are."""

    dollars: Mapping[str, float]
    refused: Mapping[str, str]
    others: tuple[str, ...]

    @property
    def total(self) -> float | None:
        """Of all stock and options; None where one of them can't be told."""
        return None if self.refused or not self.dollars else sum(self.dollars.values())


def margins(lines: Sequence[Line], accounts: Sequence[Account]) -> Margins:
    """What is asked for each underlying, each account's positions for themselves.

    Regulation T's requirement, in a cash account what has to be there. What is added is held by the account that holds
    the same underlying, else by the first.
    """
    on_margin = {one.number: one.margin for one in accounts}
    homes = {line.position.underlying: line.position.account for line in lines if line.position.account in on_margin}
    first = next(iter(on_margin), IF)
    heaps: dict[tuple[str, str], list[Line]] = {}
    others: dict[str, None] = {}
    for line in lines:
        one = line.position
        if one.kind not in ("equity", "option") or (line.contract is not None and line.contract.adjusted):
            others[one.symbol if line.is_option else one.underlying] = None
            continue
        account = one.account if one.account in on_margin else homes.get(one.underlying, first)
        heaps.setdefault((account, one.underlying), []).append(line)
    dollars: dict[str, float] = {}
    refused: dict[str, str] = {}
    for (account, underlying), heap in heaps.items():
        try:
            asked = _asked(heap, margin=on_margin.get(account, True))
        except ValueError as error:
            refused[underlying] = str(error)
        else:
            dollars[underlying] = dollars.get(underlying, 0.0) + asked
    return Margins({name: asked for name, asked in dollars.items() if name not in refused}, refused, tuple(others))


def _asked(lines: Sequence[Line], *, margin: bool) -> float:
    """Dollars for one underlying of one account; ValueError says why nobody knows."""
    spot = next((line.spot for line in lines if line.spot is not None), None)
    if spot is None:
        raise ValueError("no price of it is known")
    legs = list(map(_leg, lines))
    if margin:
        return reg_t(legs, spot, broad_index=lines[0].position.underlying in BROAD_INDICES).requirement
    return cash_secured(legs).requirement


def _leg(line: Line) -> Leg:
    """A position at its mark."""
    if line.mark is None:
        raise ValueError(f"{line.position.symbol} has no mark")
    price = max(line.mark.price, 0.0)
    if not line.is_option:
        return Leg("stock", line.shares, price)
    if line.contract is None:
        raise ValueError(f"{line.position.symbol} is not quoted")
    option = line.contract.option
    kind: LegType = "call" if option.type == "C" else "put"
    return Leg(kind, line.shares, price, float(option.strike), line.contract.years)
