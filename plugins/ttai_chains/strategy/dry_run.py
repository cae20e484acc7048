"""What the broker itself says a position would take of an account."""

import asyncio
import math
from collections.abc import Sequence
from decimal import Decimal

from ttai import BuyingPower, Host, NotLoggedIn, Order, OrderLeg, TtaiError
from ttai_chains.strategy.studies import Study

PATIENCE = 6.0  # s
MOST_LEGS = 4  # of an order


class DryRun:
    """Asks the broker about positions whose legs are listed; nothing is ordered."""

    def __init__(self, host: Host) -> None:
        self._broker = host.broker

    async def asked(self, study: Study) -> tuple[BuyingPower | None, list[str]]:
        """Its answer, or why there is none."""
        if not study.listed:
            return None, []
        order = order_of(study)
        if order is None:
            return None, [f"the broker is not asked: it takes 1 to {MOST_LEGS} legs, whole shares, and a price above 0"]
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._broker.dry_run(order), []
        except NotLoggedIn:
            return None, []
        except TimeoutError:
            return None, ["the broker did not say in time what it would ask"]
        except TtaiError as error:
            return None, [f"the broker's dry run: {error.message}"]


def order_of(study: Study) -> Order | None:
    """The order that would open the position at its price; None where it is none."""
    legs, debit = _netted(study), study.position.debit
    if any(one.leg.quantity != int(one.leg.quantity) for one in study.listed):
        return None
    unit = math.gcd(*(int(leg.shares) for leg in study.position.legs))  # shares behind a dollar of the price
    price = round(Decimal(abs(debit)) / unit, 2)
    if not 1 <= len(legs) <= MOST_LEGS or price <= 0:
        return None
    return Order(tuple(legs), price, "debit" if debit > 0 else "credit")


def _netted(study: Study) -> Sequence[OrderLeg]:
    """Each contract once."""
    quantities: dict[str, float] = {}
    for one in study.listed:
        quantities[one.symbol] = quantities.get(one.symbol, 0) + one.leg.quantity
    return [OrderLeg(symbol, int(quantity)) for symbol, quantity in quantities.items() if quantity]
