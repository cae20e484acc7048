"""What happened in an account, from the wire's rows."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from tests.core.tastytrade.test_parse import anything
from ttai.broker.records import Fill, NetLiq, PlacedLeg, PlacedOrder, Transaction
from ttai.tastytrade import records

SOLD: dict[str, Any] = {
    "id": 252640963,
    "account-number": "5WT00001",
    "symbol": "SPY   261218P00600000",
    "instrument-type": "Equity Option",
    "underlying-symbol": "SPY",
    "transaction-type": "Trade",
    "transaction-sub-type": "Sell to Open",
    "description": "Sold 2 SPY 12/18/26 Put 600.00 @ 6.12",
    "action": "Sell to Open",
    "quantity": "2.0",
    "price": "6.12",
    "executed-at": "2026-11-20T20:59:00.000+00:00",
    "transaction-date": "2026-11-20",
    "value": "1224.0",
    "value-effect": "Credit",
    "regulatory-fees": "0.084",
    "regulatory-fees-effect": "Debit",
    "clearing-fees": "0.2",
    "clearing-fees-effect": "Debit",
    "proprietary-index-option-fees": "0.0",
    "proprietary-index-option-fees-effect": "None",
    "commission": "2.0",
    "commission-effect": "Debit",
    "net-value": "1221.716",
    "net-value-effect": "Credit",
    "is-estimated-fee": True,
    "order-id": 273880112,
    "leg-count": 1,
}


def test_a_trade_is_read() -> None:
    read = records.transaction("5WT00001", SOLD)
    assert read == Transaction(
        id=252640963,
        account="5WT00001",
        type="Trade",
        sub_type="Sell to Open",
        description="Sold 2 SPY 12/18/26 Put 600.00 @ 6.12",
        executed_at=datetime(2026, 11, 20, 20, 59, tzinfo=UTC),
        day=date(2026, 11, 20),
        value=Decimal(1224),
        net_value=Decimal("1221.716"),
        symbol="SPY   261218P00600000",
        underlying="SPY",
        kind="option",
        action="Sell to Open",
        quantity=Decimal(2),
        price=Decimal("6.12"),
        commission=Decimal(-2),
        clearing_fees=Decimal("-0.2"),
        regulatory_fees=Decimal("-0.084"),
        index_option_fees=Decimal(0),
        order_id="273880112",
        estimated=True,
    )
    assert read.fees == Decimal("-2.284")
    assert records.transaction("5WT00001", {**SOLD, "id": "252640963", "order-id": "273880112"}) == read


@pytest.mark.parametrize(
    ("changed", "fees"),
    [
        ({"commission-effect": "?"}, "-2.284"),  # what can't be read of it is between value and net value
        ({"net-value": None}, "-2.284"),
        ({"net-value": None, "commission-effect": "?"}, "-0.284"),
    ],
)
def test_fees_are_what_lies_between_value_and_net_value(changed: dict[str, Any], fees: str) -> None:
    read = records.transaction("1", {**SOLD, **changed})
    assert read is not None
    assert read.fees == Decimal(fees)


def test_a_movement_of_money_has_no_symbol() -> None:
    item = {
        "id": 7,
        "transaction-type": "Money Movement",
        "transaction-sub-type": "Debit Interest",
        "description": " FROM 10/16\n THRU 11/15 ",
        "executed-at": "2026-11-17T03:00:00.000+00:00",  # the evening before in New York
        "value": "3.21",
        "value-effect": "Debit",
        "net-value": "3.21",
        "net-value-effect": "Debit",
    }
    read = records.transaction("1", item)
    assert read is not None
    assert (read.symbol, read.kind, read.quantity, read.order_id) == (None, None, None, None)
    assert (read.day, read.value, read.net_value, read.fees) == (
        date(2026, 11, 16),
        Decimal("-3.21"),
        read.value,
        Decimal(0),
    )
    assert read.description == "FROM 10/16 THRU 11/15"


@pytest.mark.parametrize(
    "item",
    [
        None,
        [],
        {},
        {**SOLD, "id": None},
        {**SOLD, "id": True},
        {**SOLD, "id": "x7"},
        {**SOLD, "id": -7},
        {**SOLD, "executed-at": "2026-11-20"},
    ],
)
def test_an_entry_without_its_number_or_its_time_is_unreadable(item: Any) -> None:
    assert records.transaction("1", item) is None


LEGS: list[dict[str, Any]] = [
    {
        "instrument-type": "Equity Option",
        "symbol": "SPY   261218P00640000",
        "quantity": 2,
        "remaining-quantity": 1,
        "action": "Sell to Open",
        "fills": [
            {"fill-id": "7", "quantity": "1.0", "fill-price": "6.2", "filled-at": "2026-11-20T15:31:00.250+00:00"},
            {"fill-id": "8", "quantity": "NaN"},
        ],
    },
    {
        "instrument-type": "Equity Option",
        "symbol": "SPY   261218P00630000",
        "quantity": 2,
        "remaining-quantity": 2,
        "action": "Buy to Close",
        "fills": [],
    },
]
SPREAD: dict[str, Any] = {
    "id": 273880112,
    "account-number": "5WT00001",
    "time-in-force": "GTC",
    "order-type": "Limit",
    "size": 2,
    "underlying-symbol": "SPY",
    "underlying-instrument-type": "Equity",
    "price": "2.1",
    "price-effect": "Credit",
    "status": "Live",
    "cancellable": True,
    "editable": True,
    "edited": False,
    "received-at": "2026-11-20T15:30:00.000+00:00",
    "updated-at": 1_795_190_460_250,
    "legs": LEGS,
}


def order(**fields: Any) -> PlacedOrder:
    changed = {name.replace("_", "-"): value for name, value in fields.items()}
    read = records.placed_order("5WT00001", {**SPREAD, **changed})
    assert read is not None
    return read


def leg(**fields: Any) -> PlacedLeg:
    changed = {name.replace("_", "-"): value for name, value in fields.items()}
    return order(legs=[{**LEGS[0], **changed}]).legs[0]


def test_an_order_is_read() -> None:
    fill = Fill(Decimal(1), Decimal("6.2"), datetime(2026, 11, 20, 15, 31, 0, 250_000, UTC))
    assert order() == PlacedOrder(
        id="273880112",
        account="5WT00001",
        status="Live",
        type="Limit",
        time_in_force="GTC",
        underlying="SPY",
        legs=(
            PlacedLeg("SPY   261218P00640000", Decimal(-2), opening=True, remaining=Decimal(1), fills=(fill,)),
            PlacedLeg("SPY   261218P00630000", Decimal(2), opening=False, remaining=Decimal(2)),
        ),
        price=Decimal("2.1"),
        effect="credit",
        cancellable=True,
        received_at=datetime(2026, 11, 20, 15, 30, tzinfo=UTC),
        updated_at=datetime.fromtimestamp(1_795_190_460.25, UTC),
    )


def test_an_order_without_a_price_has_no_effect() -> None:
    market = order(order_type="Stop", price=None, price_effect=None, stop_trigger="500.5", reject_reason=" too\nlate ")
    assert (market.price, market.effect, market.stop, market.reason) == (None, None, Decimal("500.5"), "too late")


@pytest.mark.parametrize(
    ("action", "quantity", "opening"),
    [
        ("Buy to Open", 2, True),
        ("Sell to Open", -2, True),
        ("Buy to Close", 2, False),
        ("Sell to Close", -2, False),
        ("Buy", 2, None),
        ("Sell", -2, None),
    ],
)
def test_a_leg_says_which_way_it_goes(action: str, quantity: int, opening: bool | None) -> None:
    read = leg(action=action)
    assert (read.quantity, read.opening) == (Decimal(quantity), opening)


def test_an_order_by_value_has_the_quantity_that_was_filled() -> None:
    assert leg(quantity=None, action="Buy to Open").quantity == 1
    assert leg(quantity=None, fills=None).quantity == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": True},
        {"status": 7},
        {"legs": None},
        {"legs": []},
        {"legs": [LEGS[0], "noise"]},
        {"legs": [{**LEGS[0], "symbol": None}]},
        {"legs": [{**LEGS[0], "action": "Hold"}]},
    ],
)
def test_half_an_order_is_none(changes: dict[str, Any]) -> None:
    assert records.placed_order("1", {**SPREAD, **changes}) is None


@pytest.mark.parametrize(
    ("time", "read"),
    [
        ("2026-11-20T21:00:00.000+00:00", datetime(2026, 11, 20, 21, tzinfo=UTC)),
        ("2026-11-20 21:00:00+00", datetime(2026, 11, 20, 21, tzinfo=UTC)),
        ("2026-11-20T21:00:00Z[UTC]", datetime(2026, 11, 20, 21, tzinfo=UTC)),
        ("2026-11-20T21:00:00", datetime(2026, 11, 20, 21, tzinfo=UTC)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
    ],
)
def test_a_worth_is_told_with_pending_cash(time: str, read: datetime) -> None:
    item = {"time": time, "open": "1", "total-open": "2", "total-high": 4.5, "total-low": "1.5", "total-close": "3"}
    assert records.net_liq(item) == NetLiq(read, Decimal(2), Decimal("4.5"), Decimal("1.5"), Decimal(3))
    for name in ("time", "total-open", "total-high", "total-low", "total-close"):
        assert records.net_liq({**item, name: "NaN"}) is None


@given(anything)
def test_nothing_the_wire_says_is_an_exception(item: Any) -> None:
    for read in (records.transaction, records.placed_order):
        read("1", item)
    records.net_liq(item)
    records.net_liq({"time": item})
    for name in SOLD:
        records.transaction("1", {**SOLD, name: item})
    for name in SPREAD:
        records.placed_order("1", {**SPREAD, name: item})
    for name in LEGS[0]:
        records.placed_order("1", {**SPREAD, "legs": [{**LEGS[0], name: item}]})
        records.placed_order("1", {**SPREAD, "legs": [{**LEGS[0], "fills": [{"quantity": 1, name: item}]}]})
