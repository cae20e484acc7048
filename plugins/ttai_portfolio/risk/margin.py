"""What a broker asks for the positions of a book by themselves; pure."""

from collections.abc import Sequence

from ttai import Account
from ttai.quant.strategies.legs import Leg
from ttai.quant.strategies.margin import cash_secured, reg_t
from ttai.quant.symbols import BROAD_INDICES
from ttai_portfolio.lines import Line

STRANGER = "what if"  # an account that nobody has: margined as the first that is


def margins(lines: Sequence[Line], accounts: Sequence[Account]) -> dict[str, float]:
    """Dollars by underlying, each account's positions for themselves; what can't be worked out is left out.

    Regulation T's requirement, in a cash account what has to be there. What is added is held by the account that holds
    the same underlying, else by the first.
    """
    on_margin = {one.number: one.margin for one in accounts}
    heaps: dict[tuple[str, str], list[Line]] = {}
    homes: dict[str, str] = {}
    for line in lines:
        one = line.position
        account = homes.setdefault(one.underlying, one.account) if one.account == STRANGER else one.account
        homes.setdefault(one.underlying, account)
        heaps.setdefault((account, one.underlying), []).append(line)
    found: dict[str, float] = {}
    unknown: set[str] = set()
    for (account, underlying), heap in heaps.items():
        asked = _asked(heap, margin=on_margin.get(account, True))
        if asked is None:
            unknown.add(underlying)
        else:
            found[underlying] = found.get(underlying, 0.0) + asked
    return {name: dollars for name, dollars in found.items() if name not in unknown}


def _asked(lines: Sequence[Line], *, margin: bool) -> float | None:
    """Dollars for one underlying of one account; None where something that needs is unknown."""
    spot = lines[0].spot
    legs = [_leg(line) for line in lines]
    if spot is None or None in legs:
        return None
    known = [leg for leg in legs if leg is not None]
    try:
        if margin:
            return reg_t(known, spot, broad_index=lines[0].position.underlying in BROAD_INDICES).requirement
        return cash_secured(known).requirement
    except ValueError:
        return None


def _leg(line: Line) -> Leg | None:
    """A position at its mark."""
    if line.mark is None:
        return None
    contract = line.contract
    if contract is None:
        return Leg("stock", line.shares, max(line.mark.price, 0.0)) if line.position.kind == "equity" else None
    if contract.adjusted:
        return None
    kind = "call" if contract.option.type == "C" else "put"
    strike = float(contract.option.strike)
    return Leg(kind, line.shares, max(line.mark.price, 0.0), strike, contract.years)  # type: ignore[arg-type]
