"""What positions tie up, by the rules of the account: Regulation T, or cash behind everything."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from ttai.quant.strategies.legs import Leg
from ttai.quant.strategies.margin import Margin, cash_secured, reg_t
from ttai.simulator.accounts.customer import Json
from ttai.simulator.accounts.fees import ZERO, cents
from ttai.simulator.accounts.marks import Valued

_BROAD = frozenset({"SPX", "NDX", "RUT"})
_FUTURE = Decimal("0.08")  # of what a future stands for
_NOTHING = Margin(0.0, 0.0, ())


class Capital(NamedTuple):
    """Dollars: what the account is worth, what is asked for its positions, what is left for others."""

    net_liq: Decimal
    requirement: Decimal
    options: Decimal  # the part of the requirement that options ask for
    futures: Decimal
    power: Decimal
    groups: tuple[tuple[str, Margin], ...]  # what is asked for each underlying


def is_cash(account: Json) -> bool:
    """Whether an account has no credit."""
    return bool(account["margin-or-cash"] == "Cash")


def asked(account: Json, legs: Sequence[Leg], spot: float, underlying: str) -> Margin:
    """What legs on one underlying ask for; ValueError for what the account can't carry."""
    if not legs:
        return _NOTHING
    if is_cash(account):
        return cash_secured(legs)
    return reg_t(legs, spot, broad_index=underlying in _BROAD)


def capital(account: Json, cash: Decimal, valued: Sequence[Valued], at: float) -> Capital:
    """The reckoning of a whole account."""
    groups: dict[str, tuple[float, list[Leg]]] = {}
    net_liq, futures, paid = cash, ZERO, ZERO
    for one in valued:
        net_liq += one.value
        if (leg := one.leg(at)) is not None:
            groups.setdefault(one.asset.underlying, (one.mark.spot, []))[1].append(leg)
        elif one.asset.kind == "Future":
            futures += abs(one.quantity) * one.mark.price * one.asset.multiplier * _FUTURE
        else:
            paid += one.value
    margins = [(one, asked(account, legs, spot, one)) for one, (spot, legs) in sorted(groups.items())]
    optional = {one for one, (_, legs) in groups.items() if any(leg.is_option for leg in legs)}
    requirement = cents(Decimal(str(sum(margin.requirement for _, margin in margins))))
    options = cents(Decimal(str(sum(margin.requirement for one, margin in margins if one in optional))))
    taken = cents(Decimal(str(sum(margin.buying_power for _, margin in margins))))
    power = cents(net_liq) - taken - cents(futures) - cents(paid)
    return Capital(cents(net_liq), requirement, options, cents(futures), power, tuple(margins))
