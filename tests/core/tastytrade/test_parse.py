"""What the wire may say, and what is made of it."""

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttai.broker.types import Account
from ttai.market.types import Instrument, QuoteEvent, SummaryEvent, TradeEvent
from ttai.tastytrade import parse

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("wire", "value"),
    [("671.88", 671.88), (12, 12.0), ("0", 0.0), ("1234567.5", 1234567.5), (-1.5, -1.5)],
)
def test_a_number_is_one_in_any_spelling(wire: Any, value: float) -> None:
    assert parse.number(wire) == value


@pytest.mark.parametrize("wire", ["NaN", "Infinity", "-Infinity", math.nan, None, "", "n/a", True, [], {}, 10**400])
def test_what_is_no_finite_number_is_unknown(wire: Any) -> None:
    assert parse.number(wire) is None


NO_AMOUNTS: list[Any] = [None, True, "NaN", "Infinity", math.nan, "much", {}, "1e999", 10**30]


def test_a_moment_needs_its_zone() -> None:
    assert parse.moment("2026-11-20T15:31:00.250Z") == datetime(2026, 11, 20, 15, 31, 0, 250_000, UTC)
    assert parse.moment("2026-11-20T15:31:00") is None
    assert parse.moment("yesterday") is None
    assert parse.moment(1700000000) is None


def test_a_row_is_read_field_by_field() -> None:
    row = parse.market_row(
        {
            "symbol": "BRK/B",
            "instrument-type": "Something New",
            "last": "504.1",
            "bid": "NaN",
            "ask": 504.2,
            "day-high": "506",
            "day-low-price": "501",
            "volume": "1234.56",
            "updated-at": "2026-11-20T15:31:00Z",
            "a-field-of-next-year": {"deep": []},
        },
        "simulator",
    )
    assert row is not None
    assert (row.symbol, row.last, row.bid, row.ask) == ("BRK/B", 504.1, None, 504.2)
    assert (row.source, row.index) == ("simulator", False)
    assert (row.high, row.low, row.volume, row.open) == (506, 501, 1234.56, None)
    assert row.as_of == datetime(2026, 11, 20, 15, 31, tzinfo=UTC)


def test_an_options_row_has_the_padded_symbol() -> None:
    row = parse.market_row({"symbol": "SPY 261218C00700000"}, "rest")
    assert row is not None
    assert row.symbol == "SPY   261218C00700000"


@pytest.mark.parametrize("item", [None, 7, "SPY", [], {}, {"symbol": None}, {"symbol": 7}, {"symbol": "no symbol!"}])
def test_what_is_no_row_is_none(item: Any) -> None:
    assert parse.market_row(item, "rest") is None


def test_a_search_hit_may_lack_its_description() -> None:
    assert parse.instrument({"symbol": "SPY", "description": " SPDR \n S&P "}) == Instrument("SPY", "SPDR S&P")
    assert parse.instrument({"symbol": "SPY"}) == Instrument("SPY", "")
    assert parse.instrument({"description": "nobody"}) is None


def test_an_account_needs_its_number_alone() -> None:
    account = parse.account({"account": {"account-number": "5WT1", "margin-or-cash": "Margin"}})
    assert account == Account("5WT1", "", "unknown", margin=True)
    assert parse.account({"account": {"nickname": "Trading"}}) is None
    assert parse.account("5WT1") is None
    closed = parse.account({"account": {"account-number": "5WT1", "is-closed": True}})
    assert closed == Account("5WT1", "", "unknown", margin=False, closed=True)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("241.62", "241.62"),
        (0.1, "0.1"),
        (7, "7"),
        ("-3.5", "-3.5"),
        *((value, None) for value in NO_AMOUNTS),
        ("1E+400000", None),
        pytest.param(10**5000, None, id="digits"),
    ],
)
def test_an_amount_is_exact_and_of_money_size(value: Any, read: str | None) -> None:
    assert parse.amount(value) == (None if read is None else Decimal(read))


@pytest.mark.parametrize(
    ("effect", "read"),
    [("Debit", "-4.13"), ("Credit", "4.13"), ("None", None), (None, None), ("Sideways", None), ([], None)],
)
def test_an_effect_is_the_sign_of_an_amount(effect: Any, read: str | None) -> None:
    assert parse.signed({"fee": "4.13", "fee-effect": effect}, "fee") == (None if read is None else Decimal(read))


def test_nothing_needs_no_sign() -> None:
    assert parse.signed({"fee": "0.0", "fee-effect": "Sideways"}, "fee") == 0
    assert parse.signed({"fee": "-4.13"}, "fee") is None
    assert parse.signed({"fee": "-4.13"}, "fee", bare=True) == Decimal("-4.13")
    assert parse.signed({"fee": "4.13", "fee-effect": None}, "fee", bare=True) is None
    assert parse.signed({}, "fee") is None


def test_a_day_is_of_iso_8601() -> None:
    assert parse.day("2026-11-20") == date(2026, 11, 20)
    assert [parse.day(value) for value in ("2026-13-20", "today", 20261120, None)] == [None] * 4


def test_flat_values_and_dictionaries_are_the_same_events() -> None:
    flat = ["SPY", 671.87, 671.88, "QQQ", "NaN", 605]
    full = [
        {"eventSymbol": "SPY", "bidPrice": 671.87, "askPrice": 671.88},
        {"eventSymbol": "QQQ", "bidPrice": "NaN", "askPrice": 605},
        "noise",
    ]
    expected = [QuoteEvent("SPY", 671.87, 671.88), QuoteEvent("QQQ", None, 605)]
    assert parse.feed_events("Quote", flat) == expected
    assert parse.feed_events("Quote", full) == expected


def test_volumes_may_have_fractions_and_closes_be_nan() -> None:
    assert parse.feed_events("Trade", ["BTC", 1.5, 1234.5678]) == [TradeEvent("BTC", 1.5, 1234.5678)]
    assert parse.feed_events("Summary", ["VIX", 17, 18, 16, "NaN", 0]) == [SummaryEvent("VIX", 17, 18, 16, None, 0)]


def test_half_an_event_at_the_end_is_left_out() -> None:
    assert parse.feed_events("Trade", ["SPY", 1, 2, "QQQ", 4]) == [TradeEvent("SPY", 1, 2)]
    assert parse.feed_events("Trade", [7, 1, 2]) == []
    assert parse.feed_events("Trade", []) == []


@given(anything)
def test_nothing_the_wire_says_is_an_exception(item: Any) -> None:
    parse.number(item)
    parse.moment(item)
    parse.market_row(item, "rest")
    parse.market_row({"symbol": "SPY", "last": item, "day-high": item, "updated-at": item}, "rest")
    parse.instrument(item)
    parse.instrument({"symbol": "SPY", "description": item})
    parse.account({"account": item})
    parse.account({"account": {"account-number": "5WT1", "nickname": item, "is-closed": item}})
    parse.amount(item)
    parse.signed({"fee": 1, "fee-effect": item}, "fee")
    parse.day(item)


@given(
    st.lists(st.tuples(st.text(min_size=1), *[anything] * (len(parse.FIELDS["Quote"][1]) - 1)), min_size=1, max_size=4)
)
def test_no_values_of_the_feed_are_an_exception(rows: list[tuple[Any, ...]]) -> None:
    events = parse.feed_events("Quote", [value for row in rows for value in row])
    assert len(events) == len(rows)
    for event in events:
        assert all(value is None or math.isfinite(value) for value in event[1:])


@pytest.mark.parametrize("time", [1e308, 10**40, 2**63, 9e15, 253_402_300_800_000, -1e14, "1e18", "soon", None])
def test_a_candle_of_no_time_we_could_say_stands_where_unreadable_ones_do(time: Any) -> None:
    (candle,) = parse.candle_events(["SPY{=d}", 0, time, 1, 2, 1, 2, 100])
    assert candle.time == -1
    (candle,) = parse.candle_events(["SPY{=d}", 0, 1_763_596_800_000, 1, 2, 1, 2, 100])
    assert candle.time == 1_763_596_800_000
