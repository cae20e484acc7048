"""What a position is worth, what was made with it, and what is not known of it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.plugins.portfolio.books import book, option, other, position, quote, stock
from ttai_portfolio.lines import Line, Mark, marked, total

CALL = "XYZ   261218C00110000"


def test_a_short_option_wins_as_it_falls() -> None:
    line = option(CALL, "-2", "3.00")
    assert line.mark is not None
    assert line.cost == -600
    assert line.value == pytest.approx(-200 * line.mark.price)
    assert line.pnl_open == pytest.approx(600 - 200 * line.mark.price)
    assert line.distance_percent == pytest.approx(10)
    assert line.greek("delta") == pytest.approx(-200 * line.contract.delta)  # type: ignore[operator, union-attr]
    assert line.greek("theta") > 0  # type: ignore[operator]


def test_the_day_counts_from_the_last_close_or_todays_opening_with_what_was_realised() -> None:
    line = stock("XYZ", "100", "90", spot=100.0)
    since = replace(line, position=replace(line.position, day_open_price=Decimal(98), realized_day_gain=Decimal(-50)))
    assert since.pnl_day == 150
    unknown = replace(line, position=replace(line.position, day_open_price=None))
    assert unknown.pnl_day is None
    assert unknown.pnl_open == 1000


def test_shares_have_a_delta_of_their_own_and_nothing_else_does() -> None:
    assert stock("XYZ", "-37.5", "90").greek("delta") == -37.5
    assert stock("XYZ", "-37.5", "90").greek("theta") == 0
    assert other("912828XX1", "10", "99").greek("delta") is None
    assert option(CALL, "1", "3", iv=None).greek("delta") is None


def test_a_future_is_settled_day_by_day_and_has_no_value_of_its_own() -> None:
    line = other("/MESZ6", "2", "6700", mark=6710.0, kind="future", multiplier=Decimal(5))
    assert (line.value, line.cost, line.pnl_open) == (None, None, 100)


def test_without_a_mark_nothing_is_made_up() -> None:
    line = other("912828XX1", "10", "99")
    assert (line.value, line.pnl_open, line.pnl_day, line.cost) == (None, None, None, 990)
    unpaid = Line(position("XYZ", "1", None), Mark(5.0, "market", "rest", stale=False, as_of=None))
    assert (unpaid.value, unpaid.pnl_open, unpaid.cost) == (5, None, None)


def test_the_mark_is_the_market_s_else_the_broker_s_own() -> None:
    held = position("XYZ", "1", "5", mark_price=Decimal("6.5"))
    theirs = marked(quote("XYZ", 7.0), held, "rest", closed=False)
    assert theirs is not None
    assert (theirs.price, theirs.whose, theirs.source, theirs.stale) == (7.0, "market", "rest", False)
    own = marked(quote("XYZ", None), held, "rest", closed=False)
    assert own is not None
    assert (own.price, own.whose, own.source) == (6.5, "broker", "rest")
    assert marked(None, position("XYZ", "1", "5"), "rest", closed=False) is None


def test_while_the_exchange_is_closed_no_mark_is_of_now() -> None:
    held = position("XYZ", "1", "5", mark_price=Decimal("6.5"))
    for one in (marked(quote("XYZ", 7.0), held, "rest", closed=True), marked(None, held, "rest", closed=True)):
        assert one is not None
        assert one.stale


def test_a_book_says_whose_its_marks_are_if_that_is_the_same_of_all() -> None:
    assert book(stock("XYZ", "1", "5")).source == "rest"
    assert (
        book(
            stock("XYZ", "1", "5"),
            replace(other("B", "1", "5", mark=4.0), mark=Mark(4.0, "broker", "cache", None, None)),
        ).source
        == "mixed"
    )
    assert (book().source, book().stale) == (None, None)
    assert book(stock("XYZ", "1", "5")).stale is False


def test_a_sum_without_one_of_its_parts_would_be_a_lie() -> None:
    assert total([1.0, 2.0]) == 3
    assert total([1.0, None]) is None
    assert total([]) == 0
