"""What the simulated broker says to orders, asked by the broker's own SDK and by hand."""

from decimal import Decimal
from typing import Any

import pytest
from tastytrade import Account, Session
from tastytrade.instruments import Option
from tastytrade.order import InstrumentType, Leg, LimitOrder, OrderAction, OrderTimeInForce
from tastytrade.utils import TastytradeError

from tests.wire.test_simulator_rest import Standing, connected
from ttai.simulator import Simulator

PUT = "SPY   261218P00640000"
BODY: dict[str, Any] = {
    "time-in-force": "Day",
    "order-type": "Limit",
    "price": "2.00",
    "price-effect": "Credit",
    "legs": [{"instrument-type": "Equity Option", "symbol": PUT, "quantity": 1, "action": "Sell to Open"}],
}


@pytest.fixture
def session() -> Session:
    return connected(Simulator(clock=Standing(2026, 11, 20, 12)))


async def test_the_sdk_reads_a_dry_run(session: Session) -> None:
    account = await Account.get(session, "5WT00718")
    short, long = await Option.get(session, PUT), await Option.get(session, "SPY   261218P00630000")
    legs = [short.build_leg(Decimal(2), OrderAction.SELL_TO_OPEN), long.build_leg(Decimal(2), OrderAction.BUY_TO_OPEN)]
    placed = await account.place_order(session, _limit(legs, "2.00"))
    effect = placed.buying_power_effect
    assert effect.isolated_order_margin_requirement == -2000
    assert effect.change_in_buying_power == -1600
    power = (await account.get_balances(session)).derivative_buying_power
    assert (effect.current_buying_power, effect.new_buying_power) == (power, power - 1600)
    assert (placed.order.underlying_symbol, placed.order.price) == ("SPY", Decimal(2))
    assert (placed.warnings, placed.errors) == ([], None)


async def test_the_sdk_reads_a_refusal(session: Session) -> None:
    account = await Account.get(session, "5WT00718")
    leg = Leg(instrument_type=InstrumentType.EQUITY, symbol="SPY", action=OrderAction.BUY_TO_OPEN, quantity=Decimal(1))
    with pytest.raises(TastytradeError, match="cant_buy_for_credit: You cannot buy for a credit"):
        await account.place_order(session, _limit([leg], "600"))


async def test_the_sdk_reads_what_accounts_may_do(session: Session) -> None:
    statuses = [await one.get_trading_status(session) for one in await Account.get(session)]
    assert [one.is_portfolio_margin_enabled for one in statuses] == [False] * 3
    assert [one.equities_margin_calculation_type for one in statuses] == ["Reg T", "Cash", "Reg T"]
    assert [one.short_calls_enabled for one in statuses] == [True, False, True]


def _limit(legs: list[Leg], price: str) -> LimitOrder:
    return LimitOrder(time_in_force=OrderTimeInForce.DAY, legs=legs, price=Decimal(price))


def leg(**changes: Any) -> list[dict[str, Any]]:
    changed = {name.replace("_", "-"): value for name, value in changes.items()}
    return [{key: value for key, value in {**BODY["legs"][0], **changed}.items() if value is not None}]


@pytest.mark.parametrize(
    ("changes", "domain"),
    [
        ({"legs": []}, "legs"),
        ({"legs": None}, "legs"),
        ({"legs": ["SPY"]}, "legs[0]"),
        ({"legs": leg(symbol=None)}, "legs[0][symbol]"),
        ({"legs": leg(instrument_type=None)}, "legs[0][instrument-type]"),
        ({"legs": leg(action="Hold")}, "legs[0][action]"),
        *[({"legs": leg(quantity=number)}, "legs[0][quantity]") for number in (0, -1, 1.5, "NaN", True, None)],
        *[({"price": number}, "price") for number in ("0", "-1", "NaN", "", None)],
        ({"price-effect": "None"}, "price-effect"),
        ({"order-type": "Market"}, "order-type"),
        ({"time-in-force": "GTC"}, "time-in-force"),
    ],
)
async def test_what_is_no_order_is_a_validation_error(session: Session, changes: dict[str, Any], domain: str) -> None:
    await session.refresh()
    answer = await session._client.post("/accounts/5WT00718/orders/dry-run", json={**BODY, **changes})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["errors"][0]["domain"]) == (400, "validation_error", domain)


async def test_a_quantity_may_be_text(session: Session) -> None:
    await session.refresh()
    for quantity in ("1", "1.0", 1):
        body = {**BODY, "legs": leg(quantity=quantity)}
        assert (await session._client.post("/accounts/5WT00718/orders/dry-run", json=body)).status_code == 201


@pytest.mark.parametrize("content", [b"{", b"[]", b"null", b'"order"'])
async def test_a_body_that_is_no_order_is_refused(session: Session, content: bytes) -> None:
    await session.refresh()
    answer = await session._client.post("/accounts/5WT00718/orders/dry-run", content=content)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "validation_error")


async def test_an_account_that_is_not_there_has_nothing(session: Session) -> None:
    await session.refresh()
    for method, path in (("POST", "orders/dry-run"), ("GET", "trading-status")):
        answer = await session._client.request(method, f"/accounts/5WT00000/{path}", json=BODY)
        assert answer.status_code == 404
