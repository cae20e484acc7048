"""An order as the wire wants it, and what the broker says it would do."""

from collections.abc import Mapping
from decimal import Decimal, DecimalException
from typing import Any

from ttai.broker.types import BuyingPower, Order, OrderLeg
from ttai.errors import BrokerRefused, BrokerUnavailable
from ttai.tastytrade.limits import reasons, refusal
from ttai.tastytrade.parse import instrument_type, signed

Json = dict[str, Any]

_SIGNS = {"Debit": 1, "Credit": -1, "None": 1}


def sent(order: Order) -> Json:
    """The order as a request says it: prices positive strings beside an effect; ValueError for what is no symbol."""
    return {
        "time-in-force": "Day",
        "order-type": "Limit",
        "price": f"{order.price:f}",
        "price-effect": order.effect.capitalize(),
        "legs": [_leg(leg) for leg in order.legs],
    }


def _leg(leg: OrderLeg) -> Json:
    side = "Buy" if leg.quantity > 0 else "Sell"
    return {
        "instrument-type": instrument_type(leg.symbol),
        "symbol": leg.symbol,
        "quantity": abs(leg.quantity),
        "action": f"{side} to {'Open' if leg.opening else 'Close'}",
    }


def buying_power(account: str, body: Any) -> BuyingPower:
    """What a dry run was answered: BrokerRefused for errors in it, BrokerUnavailable for what can't be read."""
    data = body.get("data") if isinstance(body, Mapping) else None
    # one that failed its checks may be answered as one that passed, with the errors in it
    errors = reasons(data.get("errors")) if isinstance(data, Mapping) else []
    if said := refusal(body) or "; ".join(errors):
        raise BrokerRefused(said)
    if not isinstance(data, Mapping):
        raise BrokerUnavailable("a dry run was answered without data")
    effect = data.get("buying-power-effect")
    if not isinstance(effect, Mapping):
        raise BrokerUnavailable("a dry run was answered without a buying-power-effect")
    fees = data.get("fee-calculation")
    charged = signed(fees, "total-fees") if isinstance(fees, Mapping) else None
    return BuyingPower(
        account=account,
        portfolio_margin=False,
        change=_taken(effect, "change-in-buying-power"),
        requirement=_taken(effect, "isolated-order-margin-requirement"),
        warnings=tuple(reasons(data.get("warnings"))),
        fees=None if charged is None else -charged,
        before=signed(effect, "current-buying-power"),
        after=signed(effect, "new-buying-power"),
    )


def _taken(effect: Mapping[str, Any], name: str) -> Decimal:
    """Dollars that are taken: the wire has them without a sign, and their direction beside them."""
    try:
        value = Decimal(str(effect.get(name)))
        sign = _SIGNS[effect[f"{name}-effect"]]
    except (DecimalException, KeyError, TypeError):
        value, sign = Decimal("NaN"), 1
    if not value.is_finite():
        raise BrokerUnavailable(f"{name} in the answer to a dry run can't be read")
    return sign * value


def is_portfolio_margin(status: Any) -> bool:
    """Whether a trading status is that of an account margined by its risk."""
    if not isinstance(status, Mapping):
        raise BrokerUnavailable("a trading status can't be read")
    kind = str(status.get("equities-margin-calculation-type"))
    return status.get("is-portfolio-margin-enabled") is True or "portfolio" in kind.lower()
