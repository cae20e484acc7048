"""An order in the wire's words, and the answers to a dry run."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.tastytrade.test_parse import anything
from ttai.broker.types import BuyingPower, Order, OrderLeg
from ttai.errors import BrokerRefused, BrokerUnavailable
from ttai.tastytrade import orders

PUT = "SPY   261218P00600000"
# As the broker answers one share of AAPL, with a warning that it gives outside the session.
ANSWER: dict[str, Any] = {
    "data": {
        "order": {"account-number": "5WT00001", "status": "Received"},
        "warnings": [{"code": "next_session", "message": "Your order will begin  working during next valid session."}],
        "buying-power-effect": {
            "change-in-margin-requirement": "183.08",
            "change-in-margin-requirement-effect": "Debit",
            "change-in-buying-power": "183.081",
            "change-in-buying-power-effect": "Debit",
            "current-buying-power": "241.62",
            "current-buying-power-effect": "Credit",
            "new-buying-power": "58.539",
            "new-buying-power-effect": "Credit",
            "isolated-order-margin-requirement": "183.08",
            "isolated-order-margin-requirement-effect": "Debit",
            "is-spread": False,
            "impact": "183.081",
            "effect": "Debit",
        },
        "fee-calculation": {"total-fees": "0.001", "total-fees-effect": "Debit"},
    }
}
EFFECT = ANSWER["data"]["buying-power-effect"]


def answered(**fields: Any) -> dict[str, Any]:
    changed = {name.replace("_", "-"): value for name, value in fields.items()}
    return {"data": {**ANSWER["data"], "buying-power-effect": {**EFFECT, **changed}}}


def test_an_order_is_sent_in_the_brokers_words() -> None:
    legs = (
        OrderLeg(PUT, -2),
        OrderLeg("BRK/B", 100, opening=False),
        OrderLeg(PUT, 1),
        OrderLeg("F", -5, opening=False),
    )
    assert orders.sent(Order(legs, Decimal("1E+1"), "credit")) == {
        "time-in-force": "Day",
        "order-type": "Limit",
        "price": "10",
        "price-effect": "Credit",
        "legs": [
            {"instrument-type": "Equity Option", "symbol": PUT, "quantity": 2, "action": "Sell to Open"},
            {"instrument-type": "Equity", "symbol": "BRK/B", "quantity": 100, "action": "Buy to Close"},
            {"instrument-type": "Equity Option", "symbol": PUT, "quantity": 1, "action": "Buy to Open"},
            {"instrument-type": "Equity", "symbol": "F", "quantity": 5, "action": "Sell to Close"},
        ],
    }


def test_the_answer_is_read() -> None:
    assert orders.buying_power("5WT00001", ANSWER) == BuyingPower(
        account="5WT00001",
        portfolio_margin=False,
        change=Decimal("183.081"),
        requirement=Decimal("183.08"),
        warnings=("Your order will begin working during next valid session.",),
        fees=Decimal("0.001"),
        before=Decimal("241.62"),
        after=Decimal("58.539"),
    )


def test_fees_and_buying_power_that_nobody_can_read_are_unknown() -> None:
    body = answered(current_buying_power="NaN", new_buying_power="5", new_buying_power_effect="Debit")
    unreadable: list[Any] = [None, [], {}, {"total-fees": "much"}]
    for fees in unreadable:
        body["data"]["fee-calculation"] = fees
        read = orders.buying_power("1", body)
        assert (read.fees, read.before, read.after) == (None, None, Decimal(-5))


@pytest.mark.parametrize(
    ("effect", "change"), [("Debit", "4.13"), ("Credit", "-4.13"), ("None", "4.13")], ids=["takes", "frees", "neither"]
)
def test_an_effect_is_a_sign(effect: str, change: str) -> None:
    body = answered(change_in_buying_power=4.13, change_in_buying_power_effect=effect)
    assert orders.buying_power("1", body).change == Decimal(change)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, "without data"),
        ([], "without data"),
        ({"data": []}, "without data"),
        ({"data": {}}, "without a buying-power-effect"),
        ({"data": {"buying-power-effect": "1"}}, "without a buying-power-effect"),
        ({"data": {"buying-power-effect": {}}}, "change-in-buying-power in the answer"),
        (answered(change_in_buying_power="NaN"), "change-in-buying-power in the answer"),
        (answered(change_in_buying_power="much"), "change-in-buying-power in the answer"),
        (answered(change_in_buying_power_effect="Sideways"), "change-in-buying-power in the answer"),
        (answered(change_in_buying_power_effect=[]), "change-in-buying-power in the answer"),
        (answered(isolated_order_margin_requirement=None), "isolated-order-margin-requirement in the answer"),
    ],
)
def test_what_cannot_be_read_is_said(body: Any, said: str) -> None:
    with pytest.raises(BrokerUnavailable, match=said):
        orders.buying_power("1", body)


@pytest.mark.parametrize(
    "refused",
    [
        {"data": {**ANSWER["data"], "errors": [{"code": "x", "message": "Too risky."}, {"code": "worse"}]}},
        {"data": {}, "error": {"code": "preflight", "errors": [{"message": "Too risky."}, {"code": "worse"}]}},
    ],
)
def test_errors_in_what_looks_like_an_answer_are_a_refusal(refused: Any) -> None:
    with pytest.raises(BrokerRefused, match=r"Too risky\.; worse"):
        orders.buying_power("1", refused)


@pytest.mark.parametrize(
    ("status", "is_one"),
    [
        ({"is-portfolio-margin-enabled": True, "equities-margin-calculation-type": "Reg T"}, True),
        ({"is-portfolio-margin-enabled": False, "equities-margin-calculation-type": "Portfolio Margin"}, True),
        ({"is-portfolio-margin-enabled": False, "equities-margin-calculation-type": "IRA Margin"}, False),
        ({}, False),
    ],
)
def test_portfolio_margin_is_told_in_two_ways(status: dict[str, Any], is_one: bool) -> None:
    assert orders.is_portfolio_margin(status) is is_one


@given(anything)
def test_any_other_answer_is_said(body: Any) -> None:
    for one in (body, {"data": body}, {"data": {"buying-power-effect": body}}):
        with pytest.raises((BrokerUnavailable, BrokerRefused)):
            orders.buying_power("1", one)


@given(st.none() | st.integers() | st.text() | st.lists(st.integers()))
def test_a_status_that_is_none_is_said(status: Any) -> None:
    with pytest.raises(BrokerUnavailable, match="trading status"):
        orders.is_portfolio_margin(status)
