"""Realised P/L: by hand as a broker books it, and for any stream of fills to the cent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttai.quant.portfolio.lots import Effect, Fill, Kind, Split, realise

D = Decimal
BEGIN = datetime(2026, 11, 2, 15, tzinfo=UTC)
PUT = "AMD   261218P00200000"


def at(day: int) -> datetime:
    return BEGIN + timedelta(days=day)


def row(*facts: object) -> tuple[object, ...]:
    """Decimals beside plain numbers."""
    return facts


def fill(
    day: int,
    quantity: str,
    price: str,
    *,
    symbol: str = PUT,
    multiplier: int = 100,
    fees: str = "0",
    kind: Kind = "trade",
    effect: Effect | None = None,
) -> Fill:
    return Fill(symbol, D(quantity), D(price), D(multiplier), D(fees), at(day), f"#{day}", kind, effect)


def test_the_oldest_lot_is_closed_first_with_its_share_of_the_fees() -> None:
    ledger = realise([
        fill(0, "3", "2.00", fees="-3.40"),
        fill(1, "2", "2.50", fees="-2.27"),
        fill(5, "-4", "3.00", fees="-4.55"),
    ])  # fmt: skip
    first, second = ledger.realised
    assert row(first.quantity, first.open_price, first.close_price, first.gross) == (3, D("2.00"), 3, 300)
    assert row(first.fees, first.net) == (D("-3.40") + D("-3.41"), D("293.19"))
    assert row(first.opened_at, first.closed_at, first.open_order_id, first.close_order_id) == (
        at(0),
        at(5),
        "#0",
        "#5",
    )
    assert row(second.quantity, second.gross, second.fees) == (1, 50, D("-1.14") + D("-1.14"))
    (left,) = ledger.open
    assert row(left.quantity, left.price, left.cash, left.fees) == (1, D("2.5"), -250, D("-1.13"))
    assert ledger.net == D("293.19") + D("47.72")
    assert ledger.unmatched == 0


def test_a_short_wins_as_it_falls_and_a_trade_may_turn_it_round() -> None:
    ledger = realise([fill(0, "-1", "2.00", fees="-1"), fill(1, "3", "0.50", fees="-1.00")])
    (closed,) = ledger.realised
    assert row(closed.quantity, closed.gross, closed.fees, closed.net) == (-1, 150, D("-1.33"), D("148.67"))
    (left,) = ledger.open
    assert row(left.quantity, left.fees, left.opened_at) == (2, D("-0.67"), at(1))


def test_assignment_realises_the_premium_and_opens_the_stock_at_the_strike() -> None:
    ledger = realise([
        fill(0, "-1", "4.00", fees="-1.13"),
        fill(9, "1", "0", kind="assignment"),
        fill(9, "100", "200", symbol="AMD", multiplier=1, fees="-5", kind="assignment"),
        fill(10, "-100", "195", symbol="AMD", multiplier=1),
    ])  # fmt: skip
    premium, stock = ledger.realised
    assert row(premium.symbol, premium.kind, premium.net) == (PUT, "assignment", D("398.87"))
    assert row(stock.symbol, stock.open_price, stock.net) == ("AMD", 200, -505)
    assert ledger.open == ()


def test_expirations_and_cash_settlements_only_close() -> None:
    kinds: list[tuple[Kind, str, int]] = [
        ("expiration", "0", -200),
        ("removal", "0", -200),
        ("cash settlement", "5.25", 325),
    ]
    for kind, price, won in kinds:
        (closed,) = realise([fill(0, "1", "2.00"), fill(9, "-1", price, kind=kind)]).realised
        assert row(closed.kind, closed.net) == (kind, won)
        (alone,) = (lost := realise([fill(9, "-1", price, kind=kind)])).realised
        assert row(alone.net, alone.gross, alone.open_price, alone.opened_at, alone.quantity) == (
            None,
            None,
            None,
            None,
            1,
        )
        assert alone.unmatched is not None
        assert row(alone.cash, lost.unmatched, lost.open, lost.net) == (D(price) * 100, 1, (), 0)


def test_a_close_of_more_than_is_known_is_not_invented() -> None:
    ledger = realise([fill(0, "1", "2"), fill(1, "-3", "3", fees="-3", effect="close")])
    known, unknown = ledger.realised
    assert row(known.net, known.fees) == (99, -1)
    assert row(unknown.quantity, unknown.net, unknown.fees, unknown.cash) == (2, None, -2, 598)
    assert row(ledger.open, ledger.unmatched) == ((), 1)
    opened = realise([fill(0, "1", "2"), fill(1, "-3", "3", effect="open")])
    assert row(opened.realised, [lot.quantity for lot in opened.open]) == ((), [1, -3])
    assert [one.quantity for one in realise([*_both(), fill(2, "1", "1", effect="close")]).open] == [1, -2]


def _both() -> list[Fill]:
    return [fill(0, "1", "2"), fill(1, "-3", "3", effect="open")]


def test_a_split_changes_shares_and_realises_nothing() -> None:
    bought = fill(0, "300", "10", symbol="X", multiplier=1)
    forward = realise([bought, Split("X", Fraction(10), at(1)), Split("Y", Fraction(2), at(1))])
    (lot,) = forward.open
    assert row(lot.quantity, lot.price, lot.cash) == (3000, 1, -3000)
    back = realise([bought, Split("X", Fraction(1, 3), at(1)), fill(2, "-100", "33", symbol="X", multiplier=1)])
    (closed,) = back.realised
    assert row(closed.quantity, closed.open_price, closed.net, back.open) == (100, 30, 300, ())


def test_only_fills_in_order_are_taken() -> None:
    good = fill(1, "1", "2")
    for bad, said in (
        (fill(0, "1", "2"), "order of time"),
        (replace(good, quantity=D(0)), "a quantity and a multiplier"),
        (replace(good, multiplier=D(0)), "a quantity and a multiplier"),
        (replace(good, price=D("NaN")), "no number: NaN"),
        (replace(good, fees=D("Infinity")), "no number: Infinity"),
        (Split("X", Fraction(0), at(1)), "more than 0 shares"),
    ):
        with pytest.raises(ValueError, match=said):
            realise([good, bad])
    assert realise([]).realised == ()


CENTS = st.integers(-500, 0).map(lambda cents: D(cents) / 100)
FILLS = st.builds(
    lambda symbol, quantity, price, fees, kind, effect: Fill(
        symbol, D(quantity) / 4, D(price) / 10_000, D(100 if symbol == PUT else 1), fees, BEGIN, None, kind, effect
    ),
    st.sampled_from([PUT, "AMD"]),
    st.integers(-40, 40).filter(bool),
    st.integers(0, 10**7),
    CENTS | st.integers(-50_000, 0).map(lambda parts: D(parts) / 10_000),
    st.sampled_from(["trade", "trade", "trade", "expiration", "assignment", "exercise", "cash settlement", "removal"]),
    st.sampled_from([None, None, "open", "close"]),
)
SPLITS = st.builds(lambda new, old: Split("AMD", Fraction(new, old), BEGIN), st.integers(1, 20), st.integers(1, 20))


@given(st.lists(FILLS | SPLITS, max_size=40))
def test_no_cent_is_lost_whatever_was_traded(events: list[Fill | Split]) -> None:
    ledger = realise(events)
    flows = sum((event.cash for event in events if isinstance(event, Fill)), D(0))
    realised = sum((one.cash for one in ledger.realised), D(0))
    opened = sum((lot.cash + lot.fees for lot in ledger.open), D(0))
    assert abs(realised + opened - flows) < D("1e-15")
    fees = sum((event.fees for event in events if isinstance(event, Fill)), D(0))
    assert sum((one.fees for one in ledger.realised), D(0)) + sum((lot.fees for lot in ledger.open), D(0)) == fees
    for one in ledger.realised:
        assert (one.net is None) == (one.unmatched is not None)
        assert one.net is None or (one.net == one.cash and one.gross is not None)


@given(st.lists(FILLS, max_size=40))
def test_without_splits_what_is_held_is_what_was_traded(fills: list[Fill]) -> None:
    """The shares that are open are those of the fills but for closes that had nothing to close."""
    ledger = realise(fills)
    for symbol in (PUT, "AMD"):
        traded = sum((one.quantity for one in fills if one.symbol == symbol), D(0))
        lost = sum((one.quantity for one in ledger.realised if one.unmatched and one.symbol == symbol), D(0))
        assert sum((lot.quantity for lot in ledger.open if lot.symbol == symbol), D(0)) == traded + lost
