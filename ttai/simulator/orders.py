"""What the simulated broker says to an order: whether it would take it, and what it would do to the account."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, DecimalException
from typing import Any

from ttai.quant.strategies.legs import Leg, net_debit
from ttai.quant.strategies.margin import Margin
from ttai.simulator.accounts import ACCOUNTS, Json
from ttai.simulator.accounts.assets import Asset, listed, shares
from ttai.simulator.accounts.capital import asked
from ttai.simulator.accounts.fees import Fees, fees
from ttai.simulator.accounts.marks import Valued
from ttai.simulator.boards import Boards
from ttai.simulator.options import SHARES
from ttai.simulator.rows import instrument_type

MOST_LEGS = 4
_YEAR = 365 * 86_400.0  # seconds
_SIDES = {
    f"{side} to {purpose}": (sign, purpose)
    for side, sign in (("Buy", 1), ("Sell", -1))
    for purpose in ("Open", "Close")
}
_FEES = ("commission", "clearing-fees", "regulatory-fees", "proprietary-index-option-fees")

_NEVER = (
    "has-intraday-equities-margin",
    "is-aggregated-at-clearing",
    "is-closed",
    "is-closing-only",
    "is-cryptocurrency-enabled",
    "is-equity-offering-closing-only",
    "is-equity-offering-enabled",
    "is-frozen",
    "is-futures-closing-only",
    "is-futures-intra-day-enabled",
    "is-in-day-trade-equity-maintenance-call",
    "is-in-margin-call",
    "is-pattern-day-trader",
    "is-portfolio-margin-enabled",
    "is-risk-reducing-only",
    "is-small-notional-futures-intra-day-enabled",
)


class Refused(Exception):
    """An order the broker does not take; `errors` say why, as they stand in its answer."""

    def __init__(self, status: int, code: str, message: str, errors: list[Json]) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.errors = status, code, message, errors


@dataclass(frozen=True)
class _Priced:
    """A leg of an order with what the market knows of it."""

    asset: Asset
    leg: Leg
    contracts: int  # or shares


@dataclass(frozen=True)
class Asked:
    """An order that could be one: what it says, and its legs."""

    body: Json
    paid: float  # dollars; below 0 taken in
    priced: list[_Priced]
    underlying: str


class Orders:
    """Looks at orders; what would close a position that isn't there opens one, as at the broker."""

    def __init__(self, boards: Boards) -> None:
        self._boards = boards
        self._world = boards.world

    def understood(self, body: Any) -> Asked:
        """What a request for an order says; Refused where it is none, or no account could have it."""
        price, effect = _price(body)
        priced = [self._priced(one, place) for place, one in enumerate(_legs(body))]
        underlyings = {one.asset.underlying for one in priced}
        if len(underlyings) > 1:
            raise _preflight("multiple_underlyings", "All legs of an order must be on the same underlying.")
        if len({one.contracts > 0 for one in priced}) == 1 and (priced[0].contracts > 0) != (effect == "Debit"):
            verb, way = ("buy", "credit") if effect == "Credit" else ("sell", "debit")
            raise _preflight(f"cant_{verb}_for_{way}", f"You cannot {verb} for a {way}.")
        paid = float(price) * _unit(priced) * (1 if effect == "Debit" else -1)
        return Asked(body, paid, priced, underlyings.pop())

    def dry_run(self, account: Json, asks: Asked, valued: Sequence[Valued], has: float) -> Json:
        """What an order would do to an account that holds this and has so much buying power left.

        Refused where it would not be taken.
        """
        ordered = [one.leg for one in asks.priced]
        before, after = (self._margin(account, legs, asks.underlying) for legs in self._legs(asks, valued))
        taken = after.buying_power - before.buying_power - net_debit(ordered) + asks.paid
        if taken > max(has, 0.0):
            raise _preflight(
                "margin_check_failed", f"You do not have enough buying power: {taken:.2f} needed, {has:.2f} available."
            )
        change = after.requirement - before.requirement
        try:
            isolated = self._margin(account, ordered, asks.underlying).requirement
        except Refused:  # what is held carries it
            isolated = change
        return {
            "order": {
                **_order(account, asks.body),
                "underlying-symbol": asks.underlying,
                "underlying-instrument-type": instrument_type(self._world.instruments[asks.underlying]),
            },
            "warnings": [],
            "buying-power-effect": {
                **_effect("change-in-margin-requirement", change),
                **_effect("change-in-buying-power", taken),
                **_effect("current-buying-power", -has),
                **_effect("new-buying-power", taken - has),
                **_effect("isolated-order-margin-requirement", isolated),
                "is-spread": len(asks.priced) > 1,
                "impact": f"{abs(taken):.2f}",
                "effect": _direction(taken),
            },
            "fee-calculation": _fees(asks, {one.asset.symbol: one.quantity for one in valued}),
        }

    def _legs(self, asks: Asked, valued: Sequence[Valued]) -> tuple[list[Leg], list[Leg]]:
        """What is held of the underlying, and what would be."""
        at = self._world.clock.now().timestamp()
        held = {
            one.asset.symbol: leg
            for one in valued
            if one.asset.underlying == asks.underlying and (leg := one.leg(at)) is not None
        }
        then = dict(held)
        for one in asks.priced:
            symbol, leg = one.asset.symbol, one.leg
            there = then.pop(symbol, None)
            count = leg.shares + (0.0 if there is None else there.shares)
            if count:
                then[symbol] = replace(leg, shares=count)
        return list(held.values()), list(then.values())

    def _margin(self, account: Json, legs: list[Leg], underlying: str) -> Margin:
        now = self._world.snapshot(underlying)
        assert now is not None  # noqa: S101 - it was priced
        try:
            return asked(account, legs, now.last, underlying)
        except ValueError:
            said = "Your account is not approved for positions whose loss has no limit."
            raise _preflight("invalid_option_level", said) from None

    def _priced(self, one: Json, place: int) -> _Priced:
        sign, purpose = _SIDES[one["action"]]
        quantity = sign * int(_number(one["quantity"]))
        symbol = one["symbol"]
        found = None
        if one["instrument-type"] == "Equity Option":
            found = self._option(symbol, quantity, purpose)
        elif one["instrument-type"] == "Equity":
            found = self._stock(symbol, quantity)
        if found is None:
            raise _preflight("instrument_validation_failed", f"legs[{place}]: {symbol} can not be traded.")
        return found

    def _option(self, symbol: str, quantity: int, purpose: str) -> _Priced | None:
        at = self._world.clock.now().timestamp()
        if (contract := self._boards.options.contract(symbol, at)) is None:
            return None
        series, place = contract.series, contract.place
        if series.root.cash and purpose == "Open":
            raise _preflight("closing_only", f"{symbol} can only be closed.")
        board = self._boards.board(series, at)
        leg = Leg(
            type="call" if contract.is_call else "put",
            shares=quantity * SHARES,
            price=(board.bid[place] + board.ask[place]) / 2,
            strike=float(contract.strike),
            years=(series.expiration.settles - at) / _YEAR,
            volatility=board.volatility[place],
        )
        return _Priced(listed(contract), leg, quantity)

    def _stock(self, symbol: str, quantity: int) -> _Priced | None:
        instrument, now = self._world.instruments.get(symbol), self._world.snapshot(symbol)
        if instrument is None or now is None or instrument.kind == "Index":
            return None
        return _Priced(shares(instrument), Leg("stock", quantity, now.last), quantity)


def _fees(asks: Asked, held: Mapping[str, Decimal]) -> Json:
    """What the order costs, if each leg is filled at its mark."""
    total = Fees()
    for one in asks.priced:
        opening = held.get(one.asset.symbol, Decimal(0)) * one.contracts >= 0
        leg = fees(one.asset, Decimal(one.contracts), Decimal(str(round(one.leg.price, 4))), opening=opening)
        total = Fees(*(a + b for a, b in zip(total, leg, strict=True)))
    rows = [_effect(name, float(dollars)) for name, dollars in zip(_FEES, total, strict=True)]
    return {key: value for row in (*rows, _effect("total-fees", float(total.total))) for key, value in row.items()}


def trading_status(account: Json) -> Json:
    """What an account may do."""
    margin = account["margin-or-cash"] == "Margin"
    return {
        "account-number": account["account-number"],
        "id": 1 + list(ACCOUNTS).index(account["account-number"]),
        "equities-margin-calculation-type": "Reg T" if margin else "Cash",
        "fee-schedule-name": "default",
        "futures-margin-rate-multiplier": "1.0" if margin else "0.0",
        "small-notional-futures-margin-rate-multiplier": "1.0" if margin else "0.0",
        **dict.fromkeys(_NEVER, False),
        "is-full-equity-margin-required": not margin,
        "is-futures-enabled": margin,
        "is-roll-the-day-forward-enabled": True,
        "are-far-otm-net-options-restricted": True,
        "options-level": account["suitable-options-level"],
        "short-calls-enabled": margin,
        "updated-at": account["opened-at"],
    }


def _price(body: Any) -> tuple[Decimal, str]:
    """Price and effect of a limit order for the day, the only kind there is."""
    if not isinstance(body, Mapping):
        raise _invalid("order", "is missing")
    for key, values in (("time-in-force", ("Day",)), ("order-type", ("Limit",)), ("price-effect", ("Debit", "Credit"))):
        if body.get(key) not in values:
            raise _invalid(key, "does not have a valid value" if key in body else "is missing")
    if not (price := _number(body.get("price"))) > 0:
        raise _invalid("price", "must be a number above 0")
    return price, str(body["price-effect"])


def _number(value: Any) -> Decimal:
    """A number in any spelling of the wire's; 0 for what is none."""
    try:
        number = Decimal(str(value))
    except DecimalException:
        return Decimal(0)
    return number if number.is_finite() else Decimal(0)


def _legs(body: Any) -> list[Json]:
    """The legs of an order, each with all it needs."""
    legs = body.get("legs")
    if not isinstance(legs, list) or not legs:
        raise _invalid("legs", "is missing")
    if len(legs) > MOST_LEGS:
        raise _invalid("legs", f"must be {MOST_LEGS} at most")
    for place, one in enumerate(legs):
        if not isinstance(one, dict):
            raise _invalid(f"legs[{place}]", "is invalid")
        for key in ("instrument-type", "symbol", "action"):
            if not isinstance(one.get(key), str):
                raise _invalid(f"legs[{place}][{key}]", "is missing")
        if one["action"] not in _SIDES:
            raise _invalid(f"legs[{place}][action]", "does not have a valid value")
        quantity = _number(one.get("quantity"))
        if quantity < 1 or quantity % 1:
            raise _invalid(f"legs[{place}][quantity]", "must be a whole number of 1 or more")
    if len({one["symbol"] for one in legs}) < len(legs):
        raise _invalid("legs", "must have distinct symbols")
    return legs


def _unit(priced: list[_Priced]) -> float:
    """Shares that the price of an order is for: what its legs have in common, a hundred to a contract."""
    return float(math.gcd(*(one.contracts * (SHARES if one.leg.is_option else 1) for one in priced)))


def _order(account: Json, body: Json) -> Json:
    """The order as it was understood."""
    return {
        "account-number": account["account-number"],
        **{key: body[key] for key in ("time-in-force", "order-type", "price", "price-effect")},
        "legs": [{**one, "remaining-quantity": one["quantity"], "fills": []} for one in body["legs"]],
        "status": "Received",
        "cancellable": True,
        "editable": True,
        "edited": False,
        "updated-at": 0,
    }


def _effect(name: str, taken: float) -> Json:
    """Dollars without a sign, and where they go beside them."""
    return {name: f"{abs(taken):.2f}", f"{name}-effect": _direction(taken)}


def _direction(taken: float) -> str:
    cents = round(taken, 2)
    return "Debit" if cents > 0 else "Credit" if cents < 0 else "None"


def _invalid(domain: str, reason: str) -> Refused:
    return Refused(400, "validation_error", "Request validation failed", [{"domain": domain, "reason": reason}])


def _preflight(code: str, message: str) -> Refused:
    said = "One or more preflight checks failed"
    return Refused(422, "preflight_check_failure", said, [{"code": code, "message": message}])
