"""The strategies of a book and how they stand: profit of the most, breakevens, odds, what to manage."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.plugins.portfolio.books import MARGIN, book, elsewhere, option, other, stock
from ttai_portfolio.groups import Group, grouped, said

P90, P95 = "XYZ   261218P00090000", "XYZ   261218P00095000"
C105, C110, C110_JAN = "XYZ   261218C00105000", "XYZ   261218C00110000", "XYZ   270115C00110000"


def one(*lines: object, **more: object) -> Group:
    (group,) = grouped(book(*lines), **more)  # type: ignore[arg-type]
    return group


def condor(spot: float = 100.0, iv: float = 0.3) -> Group:
    return one(
        option(P90, "1", "1.00", spot=spot, iv=iv), option(P95, "-1", "2.00", spot=spot, iv=iv),
        option(C105, "-1", "2.00", spot=spot, iv=iv), option(C110, "1", "1.00", spot=spot, iv=iv),
    )  # fmt: skip


def test_an_iron_condor_is_one_thing_with_one_most_and_two_breakevens() -> None:
    group = condor()
    assert (group.name, group.account, group.underlying, group.dte) == ("iron condor", MARGIN.number, "XYZ", 28)
    assert group.sum("cost") == -200
    assert group.max_profit == 200
    assert group.figures is not None
    assert group.figures.breakevens == (93.0, 107.0)
    assert 0 < group.figures.lognormal.pop < 1  # type: ignore[union-attr]
    assert group.percent_of_max == pytest.approx(group.sum("pnl_open") / 2)  # type: ignore[operator]
    assert group.distance_percent == pytest.approx(5)
    assert group.greek("theta") == pytest.approx(sum(part.line.greek("theta") for part in group.parts))  # type: ignore[misc]
    assert said(group.options) == "-1 95p, -1 105c, +1 90p, +1 110c"


@pytest.mark.parametrize(
    ("spot", "iv", "state"),
    [
        (100.0, 0.3, []),
        (106.0, 0.3, ["tested"]),
        (109.0, 0.3, ["breached"]),
        (100.0, 0.1, ["50% of max profit"]),
        (150.0, 0.1, ["breached"]),
    ],
)
def test_what_needs_a_look(spot: float, iv: float, state: list[str]) -> None:
    assert condor(spot, iv).state == state


def test_days_and_losses_need_a_look_too() -> None:
    soon = one(option("XYZ   261204P00090000", "-1", "0.10"))
    assert soon.state == ["within 21 DTE"]
    today = one(option("XYZ   261120P00090000", "-1", "0.50"))
    assert "expires today" in today.state
    lost = one(option(C110, "-1", "0.20", spot=109.0))
    assert "loss over 2x credit" in lost.state
    assert one(option("XYZ   261120P00090000", "1", "0.50")).state == ["expires today"]
    assert one(option("XYZ   261204P00090000", "1", "0.50")).state == []


def test_what_needs_a_look_comes_first_then_what_expires_first() -> None:
    groups = grouped(
        book(option(C110, "1", "1"), stock("ABC", "10", "5"), option("XYZ   261204P00090000", "-1", "0.5"))
    )
    assert [group.name for group in groups] == ["short put", "long call", "stock"]


def test_a_covered_call_counts_what_the_stock_cost() -> None:
    group = one(stock("XYZ", "100", "98"), option(C105, "-1", "2.00"))
    assert group.name == "covered call"
    assert group.max_profit == pytest.approx(900)
    assert group.figures is not None
    assert group.figures.breakevens == (96.0,)


def test_a_line_that_is_in_two_strategies_is_parted() -> None:
    groups = grouped(book(stock("XYZ", "250", "98"), option(C105, "-2", "2.00")))
    by_name = {group.name: group for group in groups}
    assert by_name["covered call"].sum("cost") == pytest.approx(200 * 98 - 400)
    assert by_name["stock"].sum("cost") == pytest.approx(50 * 98)
    assert said(by_name["stock"].parts) == "+50 shares"


def test_a_calendar_has_its_odds_at_the_first_expiration_and_says_its_dates() -> None:
    group = one(option(C110, "-1", "1.50"), option(C110_JAN, "1", "2.60"))
    assert group.name == "call calendar"
    assert group.figures is not None
    assert len(group.figures.breakevens) == 2
    assert said(group.options) == "-1 110c Dec18, +1 110c Jan15"


def test_where_something_is_unknown_there_are_no_figures() -> None:
    assert one(option(C110, "-1", None)).figures is None
    assert one(option(C110, "-1", "1.50"), option(C110_JAN, "1", "2.60", iv=None)).figures is None
    blind = one(option(C110, "-1", "1.50", iv=None))
    assert blind.figures is not None  # at expiration no volatility is needed
    assert blind.figures.lognormal is None
    assert blind.greek("delta") is None
    assert one(other("912828XX1", "10", "99")).percent_of_max is None


def test_accounts_are_not_mixed_and_what_is_neither_stock_nor_option_stands_alone() -> None:
    lines = [
        option(P95, "-1", "2"),
        elsewhere(option(C105, "-1", "2"), "5WT00002"),
        other("912828XX1", "10", "99"),
        other("912828YY2", "10", "99"),
    ]
    names = [(group.account, group.name) for group in grouped(book(*lines))]
    assert sorted(names) == [
        ("5WT00001", "fixed income security"),
        ("5WT00001", "fixed income security"),
        ("5WT00001", "short put"),
        ("5WT00002", "short call"),
    ]


def test_adjusted_contracts_make_no_strategy_with_others() -> None:
    adjusted = option("XYZ1  261218P00090000", "1", "1")
    adjusted = replace(
        adjusted,
        position=replace(adjusted.position, underlying="XYZ"),
        contract=replace(adjusted.contract, adjusted=True),  # type: ignore[type-var]
    )
    groups = grouped(book(option(P95, "-1", "2"), adjusted))
    assert sorted(group.name for group in groups) == ["long put (adjusted)", "short put"]
    assert next(group for group in groups if "adjusted" in group.name).figures is None


def test_what_one_order_opened_is_together() -> None:
    orders = {(MARGIN.number, P95): "1", (MARGIN.number, C105): "1"}
    lines = [option(P90, "1", "1"), option(P95, "-1", "2"), option(C105, "-1", "2"), option(C110, "1", "1")]
    names = sorted(group.name for group in grouped(book(*lines), orders))
    assert names == ["long strangle", "short strangle"]


def test_every_position_is_in_the_groups_whole() -> None:
    lines = [stock("XYZ", "250.5", "98"), option(C105, "-3", "2"), option(C110, "1", "1"), option(P90, "-2", "1")]
    sums: dict[str, Decimal] = {}
    for group in grouped(book(*lines)):
        for part in group.parts:
            symbol = part.line.position.symbol
            sums[symbol] = sums.get(symbol, Decimal(0)) + part.quantity
    assert sums == {line.position.symbol: line.position.quantity for line in lines}
