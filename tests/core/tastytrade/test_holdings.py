"""What an account holds, from the wire's rows."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from tests.core.tastytrade.test_parse import anything
from ttai.broker.holdings import Balances, Position
from ttai.tastytrade import holdings

# As the broker writes one: quantities without a sign, amounts beside their effects.
PUT: dict[str, Any] = {
    "account-number": "5WT00001",
    "symbol": "SPY   261218P00600000",
    "instrument-type": "Equity Option",
    "underlying-symbol": "SPY",
    "quantity": 2,
    "quantity-direction": "Short",
    "close-price": "5.5",
    "average-open-price": "6.12",
    "average-yearly-market-close-price": "6.12",
    "average-daily-market-close-price": "5.5",
    "mark": "10.2",
    "mark-price": "5.1",
    "multiplier": 100,
    "cost-effect": "Debit",
    "is-suppressed": False,
    "is-frozen": False,
    "restricted-quantity": 0,
    "expires-at": "2026-12-18T21:15:00.000+00:00",
    "realized-day-gain": "12.5",
    "realized-day-gain-effect": "Debit",
    "realized-day-gain-date": "2026-11-20",
    "realized-today": "0.0",
    "realized-today-effect": "None",
    "created-at": "2026-11-02T15:01:02.000+00:00",
    "updated-at": "2026-11-20T15:31:00.250+00:00",
}


def row(**fields: Any) -> dict[str, Any]:
    return {**PUT, **{name.replace("_", "-"): value for name, value in fields.items()}}


def read(**fields: Any) -> Position:
    position = holdings.position("5WT00001", row(**fields))
    assert position is not None
    return position


def test_a_position_is_read() -> None:
    assert holdings.position("5WT00001", PUT) == Position(
        account="5WT00001",
        symbol="SPY   261218P00600000",
        underlying="SPY",
        kind="option",
        instrument_type="Equity Option",
        quantity=Decimal(-2),
        multiplier=Decimal(100),
        average_open_price=Decimal("6.12"),
        close_price=Decimal("5.5"),
        day_open_price=Decimal("5.5"),
        mark_price=Decimal("5.1"),
        realized_day_gain=Decimal("-12.5"),
        realized_on=date(2026, 11, 20),
        opened_at=datetime(2026, 11, 2, 15, 1, 2, tzinfo=UTC),
        updated_at=datetime(2026, 11, 20, 15, 31, 0, 250_000, UTC),
        expires_at=datetime(2026, 12, 18, 21, 15, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("quantity", "direction", "held"),
    [
        (2, "Long", "2"),
        (2, "Short", "-2"),
        ("0.375", "Long", "0.375"),
        (0, "Zero", "0"),
        (-2, "Short", "-2"),
        (0, None, 0),
    ],
)
def test_the_direction_is_the_sign(quantity: Any, direction: Any, held: Any) -> None:
    assert read(quantity=quantity, quantity_direction=direction).quantity == Decimal(held)


@pytest.mark.parametrize(
    ("symbol", "kind", "ours", "named"),
    [
        ("BRK/B", "Equity", "equity", "BRK/B"),
        ("SPY 261218P00600000", "Equity Option", "option", "SPY   261218P00600000"),
        ("/ESZ6", "Future", "future", "/ESZ6"),
        ("./ESZ6 EW1Z6 261204P6000", "Future Option", "future_option", "./ESZ6 EW1Z6 261204P6000"),
        ("BTC/USD", "Cryptocurrency", "crypto", "BTC/USD"),
        ("912828ZT0", "Fixed Income Security", "other", "912828ZT0"),
        ("SPAQ+", "Warrant", "other", "SPAQ+"),
        ("SPY", "Warrant", "other", "SPY"),  # not the share of that name
        ("SPY", "Equity Option", "other", "SPY"),
        ("SPY   261218P00600000", "Equity", "other", "SPY   261218P00600000"),
        ("SPX", "Equity", "other", "SPX"),  # would be priced as the index
        ("SPY", None, "other", "SPY"),
    ],
)
def test_what_is_no_symbol_of_ours_is_shown_as_the_broker_writes_it(
    symbol: str, kind: Any, ours: str, named: str
) -> None:
    position = read(symbol=symbol, instrument_type=kind, underlying_symbol=symbol)
    assert (position.symbol, position.kind) == (named, ours)
    assert position.instrument_type == (kind or "Unknown")


@pytest.mark.parametrize(
    ("fields", "underlying"),
    [
        ({"underlying_symbol": "brk.b"}, "BRK/B"),
        ({"underlying_symbol": "912828ZT0!"}, "912828ZT0!"),
        ({"underlying_symbol": None}, "SPY"),
        ({"underlying_symbol": None, "symbol": "SPXW  261218P06000000"}, "SPX"),
        ({"underlying_symbol": None, "symbol": "2SPX  261218P06000000"}, "SPX"),
        ({"underlying_symbol": None, "symbol": "F", "instrument_type": "Equity"}, "F"),
    ],
)
def test_whose_it_is(fields: dict[str, Any], underlying: str) -> None:
    assert read(**fields).underlying == underlying


@pytest.mark.parametrize(
    ("kind", "symbol", "multiplier"),
    [
        ("Equity", "F", 1),
        ("Equity Option", PUT["symbol"], 100),
        ("Bond", "912828ZT0", 1),
        ("Cryptocurrency", "BTC/USD", 1),
    ],
)
def test_a_multiplier_that_is_not_said_is_that_of_its_kind(kind: str, symbol: str, multiplier: int) -> None:
    assert read(instrument_type=kind, symbol=symbol, multiplier="NaN").multiplier == multiplier


def test_a_name_is_one_line_of_what_can_be_printed() -> None:
    position = read(symbol=" A\n\u202eB  C\ud800 ", instrument_type="Warrant", underlying_symbol="\x00")
    assert (position.symbol, position.underlying) == ("A B C", "A B C")


@pytest.mark.parametrize("name", ["average_open_price", "close_price", "mark_price", "realized_day_gain", "updated_at"])
@pytest.mark.parametrize("value", [None, "NaN", [], "soon"])
def test_a_field_that_cannot_be_read_is_unknown(name: str, value: Any) -> None:
    assert getattr(read(**{name: value}), name) is None


@pytest.mark.parametrize(
    "item",
    [
        None,
        "SPY",
        {},
        row(symbol=None),
        row(symbol=" "),
        row(symbol="X" * 101),
        row(quantity=None),
        row(quantity="NaN"),
        row(quantity_direction="Sideways"),  # bought or sold: nobody knows
        row(quantity_direction=None),
        row(symbol="/ESZ6", instrument_type="Future", multiplier=None),
    ],
)
def test_a_row_that_does_not_say_what_is_held_or_how_much_is_unreadable(item: Any) -> None:
    assert holdings.position("1", item) is None


MONEY: dict[str, Any] = {
    "account-number": "5WT00001",
    "net-liquidating-value": "100234.5",
    "cash-balance": "-120.25",
    "pending-cash": "50.0",
    "pending-cash-effect": "Debit",
    "derivative-buying-power": "61480.25",
    "used-derivative-buying-power": "NaN",
    "maintenance-call-value": "12.0",
    "reg-t-call-value": "0.0",
    "day-trading-call-value": "1.0",
    "updated-at": "2026-11-20T15:31:00.250+00:00",
}


def test_balances_are_read() -> None:
    assert holdings.balances("5WT00001", MONEY) == Balances(
        account="5WT00001",
        net_liquidating_value=Decimal("100234.5"),
        cash_balance=Decimal("-120.25"),
        pending_cash=Decimal(-50),
        derivative_buying_power=Decimal("61480.25"),
        maintenance_call=Decimal(12),
        reg_t_call=Decimal(0),
        day_trading_call=Decimal(1),
        updated_at=datetime(2026, 11, 20, 15, 31, 0, 250_000, UTC),
    )


def test_balances_may_come_as_a_list_of_currencies() -> None:
    euros = {**MONEY, "currency": "EUR", "cash-balance": "7"}
    dollars = {**MONEY, "currency": "USD"}
    assert holdings.balances("5WT00001", {"items": ["noise", euros, dollars]}) == holdings.balances("5WT00001", MONEY)
    assert holdings.balances("5WT00001", {"items": [euros]}) is None


@pytest.mark.parametrize("data", [None, [], "much", {}, {"items": []}, {"cash-balance": "NaN"}])
def test_balances_without_an_amount_are_none(data: Any) -> None:
    assert holdings.balances("1", data) is None


@given(anything)
def test_nothing_the_wire_says_is_an_exception(item: Any) -> None:
    holdings.position("1", item)
    holdings.balances("1", item)
    holdings.balances("1", {"items": item})
    for name in PUT:
        holdings.position("1", {**PUT, name: item})
    for name in MONEY:
        holdings.balances("1", {**MONEY, name: item})
