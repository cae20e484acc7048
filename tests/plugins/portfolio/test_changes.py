"""What became of positions between two snapshots."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.plugins.portfolio.books import position
from ttai import Transaction
from ttai_portfolio.sync.changes import changes

WHEN = datetime(2026, 11, 20, tzinfo=UTC)
PUT = "XYZ   261218P00090000"


def entry(sub_type: str, symbol: str = PUT, kind: str = "option", family: str = "Receive Deliver") -> Transaction:
    return Transaction(
        id=1, account="A", type=family, sub_type=sub_type, description="", executed_at=WHEN,
        day=date(2026, 11, 20), value=None, net_value=None, symbol=symbol, kind=kind, quantity=Decimal(1),  # type: ignore[arg-type]
    )  # fmt: skip


def told(before: dict[str, int], now: dict[str, int], *ledger: Transaction) -> list[str]:
    known = {symbol: ("XYZ", Decimal(quantity)) for symbol, quantity in before.items()}
    held = [position(symbol, str(quantity), "1") for symbol, quantity in now.items()]
    return [str(change) for change in changes("A", known, held, ledger)]


@pytest.mark.parametrize(
    ("before", "now", "ledger", "said"),
    [
        ({}, {"XYZ": 100}, [], ["opened: XYZ (0 → 100)"]),
        ({"XYZ": 100}, {}, [], ["closed: XYZ (100 → 0)"]),
        ({"XYZ": 100}, {"XYZ": 40}, [], ["changed: XYZ (100 → 40)"]),
        ({"XYZ": 100}, {"XYZ": 100}, [], []),
        ({PUT: -2}, {PUT: -1}, ["Assignment"], [f"assigned: {PUT} (-2 → -1)"]),
        ({PUT: -2}, {}, ["Expiration", "Expiration"], [f"expired: {PUT} (-2 → -1)", f"expired: {PUT} (-1 → 0)"]),
        ({PUT: 1}, {}, ["Exercise"], [f"exercised: {PUT} (1 → 0)"]),
        ({PUT: -1}, {}, ["Cash Settled Assignment"], [f"assigned: {PUT} (-1 → 0)"]),
        ({PUT: -2}, {}, ["Assignment"], [f"assigned: {PUT} (-2 → -1)", f"closed: {PUT} (-1 → 0)"]),
        ({PUT: -1}, {PUT: -3}, ["Assignment"], [f"assigned: {PUT} (-1 → 0)", f"opened: {PUT} (0 → -3)"]),
        ({PUT: -1}, {PUT: 1}, ["Assignment"], [f"assigned: {PUT} (-1 → 0)", f"opened: {PUT} (0 → 1)"]),
        ({PUT: -1}, {PUT: -1}, ["Assignment"], []),
    ],
)
def test_what_became_of_it(before: dict[str, int], now: dict[str, int], ledger: list[str], said: list[str]) -> None:
    assert told(before, now, *map(entry, ledger)) == said


def test_the_stock_of_an_assignment_is_opened_and_a_trade_is_no_ending() -> None:
    ledger = [entry("Assignment"), entry("Assignment", "XYZ", "equity"), entry("Buy to Close", family="Trade")]
    assert told({PUT: -1}, {"XYZ": 100}, *ledger) == ["opened: XYZ (0 → 100)", f"assigned: {PUT} (-1 → 0)"]
    assert told({PUT: -1}, {}, entry("Assignment", family="Trade")) == [f"closed: {PUT} (-1 → 0)"]


def test_two_lines_of_a_symbol_are_one_position() -> None:
    held = [position("XYZ", "60", "1"), position("XYZ", "40", "2")]
    assert changes("A", {"XYZ": ("XYZ", Decimal(100))}, held, []) == []
