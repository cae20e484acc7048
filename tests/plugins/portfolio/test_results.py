"""Ledgers made by hand: what is realised, told apart, and proved."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.plugins.portfolio.entries import CALL, DAY0, PUT, PUT_LOW, delivered, entry, money
from ttai import Account, BadArgument, Position, Transaction
from ttai.listing import Listing
from ttai.quant.portfolio.lots import Split
from ttai.testing import FrozenClock
from ttai_portfolio.exports.tables import performance
from ttai_portfolio.gathering import Gathered
from ttai_portfolio.models.performance import By, Performance, Reconciliation
from ttai_portfolio.performance.ledger import booked
from ttai_portfolio.performance.results import Results, results
from ttai_portfolio.performance.sheet import Sheet
from ttai_portfolio.records.periods import Period
from ttai_portfolio.tools.performance import BACK, Ledgers

A = Account("A", "Trading", "Individual", margin=True)
B = Account("B", "Income", "Individual", margin=True)
LATER = 10.0


def made(entries: Sequence[Transaction], *, day: float = 0) -> Results:
    return results("A", booked(entries), (DAY0 + timedelta(days=day)).date())


def told(entries: Sequence[Transaction], by: By = "strategy", held: Sequence[Position] | None = None) -> Performance:
    read: Gathered[Sequence[Transaction]] = Gathered([A], {"A": entries}, {})
    days, since = Period(DAY0.date(), date(2026, 12, 31)), {"A": date(2025, 1, 1)}
    return Sheet(read, days, since, by, DAY0, {} if held is None else {"A": held}).answer()


def proof(answer: Performance) -> Reconciliation:
    assert answer.reconciliation is not None
    return answer.reconciliation


def holding(symbol: str, quantity: int) -> Position:
    return Position(
        account="A", symbol=symbol, underlying="XYZ", kind="option", instrument_type="Equity Option",
        quantity=Decimal(quantity), multiplier=Decimal(100),
    )  # fmt: skip


def net_of(found: Results) -> Decimal:
    return sum((trade.net for trade in found.trades), Decimal(0))


def test_a_spread_opened_by_one_order_is_one_trade_also_where_its_legs_end_apart() -> None:
    found = made([
        entry("Sell to Open", PUT, "2", "2.00", order_id="1"),
        entry("Buy to Open", PUT_LOW, "2", "0.80", order_id="1"),
        entry("Buy to Close", PUT, "2", "0.50", day=3, order_id="2"),
        delivered("Expiration", PUT_LOW, "2", day=46),
    ])  # fmt: skip
    (trade,) = found.trades
    assert trade.name == "put credit spread"
    assert (trade.gross, trade.fees, trade.net) == (Decimal(140), Decimal(-3), Decimal(137))
    assert trade.days == 46
    assert found.proof.difference == 0


def test_a_leg_that_is_closed_alone_still_belongs_to_what_was_opened() -> None:
    found = made([
        entry("Sell to Open", PUT, "1", "2.00", order_id="1"),
        entry("Buy to Open", PUT_LOW, "1", "0.80", order_id="1"),
        entry("Buy to Close", PUT, "1", "0.50", day=3),
    ])  # fmt: skip
    assert [trade.name for trade in found.trades] == ["put credit spread"]
    assert found.proof.open_at_end == Decimal(-81)
    assert found.proof.difference == 0


def test_what_was_opened_before_the_period_is_closed_in_it() -> None:
    found = made(
        [entry("Sell to Open", PUT, "3", "2.00", order_id="1"), entry("Buy to Close", PUT, "2", "1.00", day=LATER)],
        day=5,
    )
    assert net_of(found) == Decimal("198.33")  # two thirds of the opening's dollar of fees, to the cent
    assert found.proof.open_at_start == Decimal(599)
    assert found.proof.open_at_end == Decimal("199.67")
    assert found.proof.difference == 0


def test_an_assignment_realises_the_premium_and_opens_the_stock_at_the_strike() -> None:
    found = made([
        entry("Sell to Open", PUT, "1", "2.00", order_id="1"),
        delivered("Assignment", PUT, "1", day=LATER),
        entry("Buy to Open", "XYZ", "100", "90", day=LATER, type="Receive Deliver", fees=Decimal(-5)),
        entry("Sell to Close", "XYZ", "100", "88", day=LATER + 1),
    ])  # fmt: skip
    assert {trade.name: trade.net for trade in found.trades} == {"short put": Decimal(199), "stock": Decimal(-206)}
    assert found.proof.difference == 0


@pytest.mark.parametrize(("opened", "sign"), [("Sell to Open", 1), ("Buy to Open", -1)])
@pytest.mark.parametrize("action", [None, "Sell to Close"])
def test_what_ends_a_position_ends_it_whatever_the_broker_says_of_the_side(
    opened: str, sign: int, action: str | None
) -> None:
    found = made([entry(opened, PUT, "1", "2.00"), delivered("Expiration", PUT, "1", day=LATER, action=action)])
    assert net_of(found) == 200 * sign - 1
    assert found.proof.open_at_end == 0


def test_a_cash_settlement_closes_at_what_is_paid() -> None:
    settled = delivered("Cash Settled Assignment", PUT, "1", day=LATER, fees=Decimal(-5))
    paid = Transaction(**{
        **{name: getattr(settled, name) for name in settled.__dataclass_fields__},
        "value": Decimal(-350), "net_value": Decimal(-355),
    })  # fmt: skip
    found = made([entry("Sell to Open", PUT, "1", "2.00"), paid])
    assert net_of(found) == Decimal(-156)
    assert found.proof.difference == 0


def test_a_close_without_an_opening_is_told_and_not_invented() -> None:
    answer = told([entry("Buy to Close", CALL, "1", "0.40", day=1)])
    assert (answer.trades, answer.net) == (0, 0)
    assert (proof(answer).unmatched, proof(answer).difference) == (-41, 0)
    assert answer.notes[1] == (
        "closes without a known opening, not in net: 1, which brought −$41.00; opened before 2025-01-01, or come from "
        f"elsewhere: {CALL}"
    )


def test_a_split_makes_more_shares_of_the_same_dollars() -> None:
    out = entry(
        "Forward Split", "XYZ", "10", "0", day=2, type="Receive Deliver", action="Sell to Close", value=Decimal(0)
    )
    come = entry(
        "Forward Split", "XYZ", "30", "0", day=2, type="Receive Deliver", action="Buy to Open", value=Decimal(0)
    )
    found = made([entry("Buy to Open", "XYZ", "10", "90"), out, come, entry("Sell to Close", "XYZ", "30", "31", day=4)])
    assert net_of(found) == Decimal(28)
    book = booked([out, come])
    assert [event.factor for _, event in book.fills if isinstance(event, Split)] == [Fraction(3)]
    assert booked([out]).moved == [out]


def test_what_came_from_elsewhere_is_moved_and_what_lacks_its_money_unreadable() -> None:
    answer = told([
        entry("ACAT", "XYZ", "100", "0", type="Receive Deliver", action="Buy to Open", fees=Decimal(0)),
        entry("Symbol Change", "ABC", "5", "0", type="Receive Deliver", action="Sell to Close", fees=Decimal(0)),
        entry("Buy to Open", "XYZ", "5", None),
        entry("Buy to Open", "XYZ", None, "5"),
        money("Deposit", "5000"), money("Dividend", "12.50"), money("Dividend", "7.50"), money("Debit Interest", "-3"),
    ])  # fmt: skip
    notes = "\n".join(answer.notes)
    assert (
        "entries without a trade (transfers, renamed symbols, reinvested dividends), not followed: 2, of XYZ, ABC"
        in notes
    )
    assert "trades without a quantity or a value, and left out: 2, of XYZ" in notes
    assert [(row.kind, row.count, row.net_value) for row in answer.other] == [
        ("Dividend", 2, 20), ("Debit Interest", 1, -3),
    ]  # fmt: skip
    assert (answer.other_net, answer.net_with_other, answer.net) == (17, 17, 0)


def test_futures_are_booked_by_what_they_were_settled_with() -> None:
    bought = entry("Buy", "/MESH7", "1", "6800", value=Decimal(0), net_value=Decimal("-1.52"), underlying="/MES")
    sold = entry("Sell", "/MESH7", "1", "6810", day=1, value=Decimal(50), net_value=Decimal("48.48"), underlying="/MES")
    answer = told([bought, sold], "strategy")
    assert [(row.name, row.net) for row in answer.rows] == [("future", 46.96)]
    assert "section 1256" in "\n".join(answer.notes)
    assert proof(answer).difference == 0


def test_a_value_that_no_price_makes_is_kept_to_the_cent() -> None:
    odd = entry("Buy to Open", "XYZ", "0.333", "12.345", value=Decimal("-4.11"), net_value=Decimal("-4.21"))
    found = made(
        [odd, entry("Sell to Close", "XYZ", "0.1", "13", day=1, value=Decimal("1.30"), net_value=Decimal("1.29"))]
    )
    assert found.proof.difference == 0
    assert found.proof.trades_net_value == Decimal("-2.92")


def test_fees_are_told_by_net_value_and_by_themselves_where_there_is_none() -> None:
    plain = entry("Sell to Open", PUT, "1", "2.00", net_value=None)
    bare = entry("Buy to Close", PUT, "1", "1.00", day=1, value=None, net_value=Decimal(-103))
    silent = entry("Buy to Close", PUT, "1", "1.00", day=1, value=None, net_value=None)
    assert net_of(made([plain, bare])) == Decimal(96)
    assert net_of(made([plain, silent])) == Decimal(98)


def test_a_trade_of_two_months_is_in_both_with_its_part() -> None:
    answer = told([
        entry("Sell to Open", PUT, "2", "2.00", order_id="1"),
        entry("Buy to Close", PUT, "1", "1.00", day=20), entry("Buy to Close", PUT, "1", "3.00", day=40),
    ], "month")  # fmt: skip
    assert [(row.name, row.trades, row.wins) for row in answer.rows] == [("2026-03", 1, 1), ("2026-04", 1, 0)]
    assert (answer.trades, answer.wins, answer.win_rate) == (1, 0, 0)
    assert sum(row.net for row in answer.rows) == pytest.approx(answer.net)


def test_the_order_of_the_broker_s_numbers_means_nothing() -> None:
    opened = entry("Sell to Open", PUT, "1", "2.00", id=900)
    closed = entry("Buy to Close", PUT, "1", "1.00", day=1, id=800)
    assert net_of(made([closed, opened])) == Decimal(98)


def test_unknown_things_have_plain_names() -> None:
    odd: dict[str, Any] = {"kind": "other", "underlying": None, "value": Decimal(-10), "net_value": Decimal(-10)}
    whole: dict[str, Any] = {"kind": "other", "underlying": None, "value": Decimal(12), "net_value": Decimal(12)}
    bought, sold = (
        entry("Buy to Open", "BTC/USD", "1", "10", **odd),
        entry("Sell to Close", "BTC/USD", "1", "12", **whole),
    )
    assert [trade.name for trade in made([bought, sold]).trades] == ["crypto"]


def test_amounts_and_moments_beyond_reason_are_reckoned_with_all_the_same() -> None:
    huge = [
        entry("Buy to Open", "XYZ", "1", "1", value=Decimal("-9e23"), net_value=Decimal("-9e23")),
        entry("Sell to Close", "XYZ", "0.3", "1", value=Decimal("9.123e23"), net_value=Decimal("8.123e23"), day=1),
    ]
    last = replace(huge[1], executed_at=datetime.max.replace(tzinfo=UTC), day=date.max)
    first = replace(huge[0], executed_at=datetime.min.replace(tzinfo=UTC), day=date.min)
    answer = told([first, last], "month")
    assert proof(answer).difference == 0
    assert proof(told([*huge], "month")).difference == 0


async def test_where_more_was_entered_than_can_be_read_openings_are_not_looked_for() -> None:
    class Full:
        async def transactions(self, number: str, start: date, _end: date) -> Sequence[Transaction]:
            if number == "A" and start < DAY0.date():
                raise BadArgument("that is more than 25,000 entries")
            return [entry("Buy to Close", PUT, "1", "1.00", day=1)]

    days = Period(DAY0.date(), date(2026, 12, 31))
    read = await Ledgers(cast("Any", SimpleNamespace(broker=Full(), clock=FrozenClock(DAY0)))).read([A, B], days)
    assert read.since == {"A": DAY0.date(), "B": DAY0.date() - BACK}
    answer = Sheet(read.entries, days, read.since, "month", DAY0).answer()
    assert answer.failed is None
    assert "opened before 2026-03-02 (A), 2025-01-26 (B)" in "\n".join(answer.notes)


def test_a_close_without_an_opening_leaves_nothing_behind_for_what_comes_after() -> None:
    answer = told([
        entry("Buy to Close", PUT, "5", "0.50", order_id="1"),
        entry("Sell to Open", PUT, "2", "1.00", day=1, order_id="2"),
        delivered("Expiration", PUT, "2", day=20),
    ])  # fmt: skip
    assert (answer.trades, answer.net, proof(answer).open_at_end) == (1, 199, 0)


def test_the_strike_of_a_settlement_is_no_money() -> None:
    settled = delivered("Cash Settled Assignment", PUT, "1", day=20)
    strike = replace(settled, price=Decimal(90), value=None, net_value=None)
    answer = told([entry("Sell to Open", PUT, "1", "1.00"), strike])
    assert (answer.trades, answer.net) == (0, 0)
    assert f"trades without a quantity or a value, and left out: 1, of {PUT}" in answer.notes
    worthless = replace(delivered("Expiration", PUT, "1", day=20), value=None, net_value=None)
    assert told([entry("Sell to Open", PUT, "1", "1.00"), worthless]).net == 99


def test_the_broker_s_sum_has_what_could_not_be_followed() -> None:
    lacking = entry("Buy to Close", PUT, None, None, day=2, value=Decimal(-900), net_value=Decimal(-901))
    reinvested = entry(
        "Dividend", "XYZ", "1", "100", day=1, type="Receive Deliver", fees=Decimal(0), value=Decimal(-100)
    )
    answer = told([
        entry("Sell to Open", PUT, "1", "5.00", order_id="1"), entry("Buy to Open", PUT_LOW, "1", "2.00", order_id="1"),
        money("Dividend", "100.00", day=1), reinvested,
        lacking, entry("Sell to Close", PUT_LOW, "1", "6.00", day=2, order_id="2"),
    ])  # fmt: skip
    found = proof(answer)
    assert (found.trades_net_value, found.left_out, found.difference) == (-104, -1001, 0)
    assert "not followed: 1, of XYZ, −$100.00 in other_net" in "\n".join(answer.notes)
    assert "closed in part, and counted with that part: 1, put credit spread on XYZ" in answer.notes


def test_money_that_no_figure_has_is_a_difference_and_said() -> None:
    silent = entry("Buy to Close", PUT, "1", "1.00", day=1, value=None, net_value=None)
    answer = told([entry("Sell to Open", PUT, "1", "2.00"), silent])
    assert (answer.net, proof(answer).difference) == (98, -100)
    assert "the figures miss the broker's own sum by −$100.00" in answer.notes


def test_what_is_open_is_held_against_what_the_broker_holds() -> None:
    opened = entry("Sell to Open", PUT, "2", "1.00")
    assert (
        "what is open by these entries is what the broker holds now: 1 positions, compared one by one"
        in told([opened], held=[holding(PUT, -2)]).notes
    )
    notes = "\n".join(told([opened], held=[holding(PUT, -3), holding(CALL, 1)]).notes)
    assert f"is not what the broker holds: {CALL} 0, 1 held, {PUT} -2, -3 held; opened before 2025-01-01" in notes
    assert "what is open by these entries" not in "\n".join(told([opened]).notes)


def test_a_month_is_that_of_the_broker_s_date() -> None:
    late = replace(entry("Buy to Close", PUT, "1", "1.00", day=29.9), day=date(2026, 4, 1))
    night = replace(late, executed_at=datetime(2026, 4, 1, 1, tzinfo=UTC))  # in New York it is March still
    answer = told([entry("Sell to Open", PUT, "1", "2.00"), night], "month")
    assert [row.name for row in answer.rows] == ["2026-04"]


def test_what_could_not_be_read_at_all_is_unknown_and_not_nothing() -> None:
    answer = told(Listing([], unreadable=4))
    assert (answer.trades, answer.net, answer.other_net, answer.reconciliation) == (None, None, None, None)
    assert answer.notes == [
        "nothing of these days could be read", "4 of 4 transactions could not be read and are left out",
    ]  # fmt: skip


def test_fees_that_are_estimates_are_said_to_be() -> None:
    answer = told([entry("Sell to Open", PUT, "1", "2.00", estimated=True)])
    assert "fees of 1 entries are estimates by the broker's word" in answer.notes


def test_a_future_s_prices_are_not_made_of_its_settlement() -> None:
    bought = entry("Buy", "/CLJ4", "1", "79.69", value=Decimal(0), net_value=Decimal("-3.07"), underlying="/CL")
    sold = entry(
        "Sell", "/CLJ4", "1", "79.53", day=1, value=Decimal(-160), net_value=Decimal("-163.07"), underlying="/CL"
    )
    (row,) = performance({"A": made([bought, sold])}).rows
    assert (row["open_price"], row["close_price"], row["net"]) == (None, None, Decimal("-166.14"))
