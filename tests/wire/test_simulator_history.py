"""A year of the simulated accounts: transactions, orders and what they were worth, asked by the broker's own SDK."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from tastytrade import Account, Session
from tastytrade.account import Transaction
from tastytrade.order import InstrumentType, OrderStatus
from tastytrade.utils import TastytradeError

from tests.wire.test_simulator_accounts import INCOME, NUMBERS, RETIREMENT, TRADING, get
from tests.wire.test_simulator_rest import connected
from ttai.clock import NEW_YORK
from ttai.quant.symbols import parse_occ
from ttai.simulator import Simulator
from ttai.testing import FrozenClock

TODAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    """One for all that only read: books take half a second to write."""
    return Simulator(clock=FrozenClock())


async def entries(session: Session, number: str, **asked: Any) -> list[Transaction]:
    account = await Account.get(session, number)
    return await account.get_history(session, page_offset=None, sort="Asc", **asked)


async def test_a_year_comes_in_pages(session: Session) -> None:
    account = await Account.get(session, TRADING)
    everything = await account.get_history(session, page_offset=None)
    assert len(everything) > 500
    assert [one.executed_at for one in everything] == sorted((one.executed_at for one in everything), reverse=True)
    second = await account.get_history(session, page_offset=1)
    assert second == everything[250:500]
    answer = (await get(session, f"/accounts/{TRADING}/transactions", **{"per-page": 100, "page-offset": 2})).json()
    total = len(everything)
    assert answer["pagination"] == {
        "per-page": 100,
        "page-offset": 2,
        "item-offset": 200,
        "total-items": total,
        "total-pages": -(-total // 100),
        "current-item-count": 100,
        "previous-link": None,
        "next-link": None,
        "paging-link-template": None,
    }
    assert await account.get_history(session, page_offset=99) == []


async def test_every_entry_is_its_value_less_its_fees(session: Session) -> None:
    for number in NUMBERS:
        for one in await entries(session, number):
            fees = (one.commission, one.clearing_fees, one.regulatory_fees, one.proprietary_index_option_fees)
            assert one.net_value == one.value + sum(fee or 0 for fee in fees)
            assert all((fee or 0) <= 0 for fee in fees)
            if one.transaction_type != "Trade" or one.instrument_type is InstrumentType.FUTURE:
                continue
            assert one.order_id is not None
            assert one.quantity is not None
            assert one.price is not None
            assert one.action is not None
            is_option = one.instrument_type is InstrumentType.EQUITY_OPTION
            multiplier = Decimal(
                "0.01" if one.instrument_type is InstrumentType.FIXED_INCOME else 100 if is_option else 1
            )
            sign = -1 if one.action.value.startswith("Buy") else 1
            assert abs(one.value - sign * one.quantity * one.price * multiplier) <= Decimal("0.005")
            assert (one.commission != 0) == (one.action.value.endswith("Open") and is_option)


async def test_an_index_option_pays_its_exchange(session: Session) -> None:
    of_index = [
        one for one in await entries(session, TRADING, underlying_symbol="SPX") if one.transaction_type == "Trade"
    ]
    assert {one.proprietary_index_option_fees for one in of_index} == {Decimal("-0.65")}
    others = await entries(session, TRADING, underlying_symbol="QQQ")
    assert {one.proprietary_index_option_fees for one in others} == {0}


async def test_all_that_can_happen_has_happened(session: Session) -> None:
    every = [one for number in NUMBERS for one in await entries(session, number)]
    kinds = Counter((one.transaction_type, one.transaction_sub_type) for one in every)
    for kind in ("Deposit", "Withdrawal", "Dividend", "Credit Interest", "Balance Adjustment"):
        assert kinds["Money Movement", kind]
    for kind in ("Expiration", "Assignment", "Cash Settled Assignment", "Buy to Open", "Sell to Open"):
        assert kinds["Receive Deliver", kind]
    for kind in ("Sell to Open", "Buy to Close", "Buy to Open", "Sell to Close"):
        assert kinds["Trade", kind] > 10


async def test_an_assignment_is_an_option_gone_and_shares_at_its_strike(session: Session) -> None:
    delivered = await entries(session, INCOME, types=["Receive Deliver"], underlying_symbol="INTC")
    gone, shares = delivered
    assert (gone.transaction_sub_type, gone.price, gone.value, gone.net_value) == ("Assignment", *[Decimal(0)] * 3)
    strike = parse_occ(gone.symbol or "").strike
    assert (shares.transaction_sub_type, shares.symbol, shares.price, shares.quantity) == (
        "Buy to Open",
        "INTC",
        strike,
        Decimal(200),
    )
    assert (shares.value, shares.net_value, shares.order_id) == (-200 * strike, -200 * strike - 5, None)
    (held,) = await (await Account.get(session, INCOME)).get_positions(session, symbol="INTC")
    assert (held.quantity, held.average_open_price) == (Decimal(200), strike)


async def test_a_cash_settlement_pays_what_the_index_is_past_the_strike(session: Session, simulator: Simulator) -> None:
    settled = await entries(session, TRADING, sub_types=["Cash Settled Assignment"])
    bars = {bar.day: bar.close for bar in simulator.world.history("SPX")}
    assert settled
    for one in settled:
        option = parse_occ(one.symbol or "")
        assert one.price == option.strike
        paid = abs(Decimal(str(bars[option.expiration])) - option.strike)
        assert one.value == -paid * 100 * (one.quantity or 0)
        assert one.net_value == one.value - 5


async def test_transactions_can_be_asked_for_in_part(session: Session) -> None:
    first, last = date(2026, 8, 3), date(2026, 9, 30)
    between = await entries(session, TRADING, start_date=first, end_date=last)
    assert between
    assert all(first <= one.transaction_date <= last for one in between)
    trades = await entries(session, TRADING, type="Trade", action="Sell to Open", underlying_symbol="TSLA")
    assert {(one.transaction_type, one.action, one.underlying_symbol) for one in trades} == {
        ("Trade", "Sell to Open", "TSLA")
    }
    one_symbol = await entries(session, TRADING, symbol=trades[0].symbol)
    assert {one.symbol for one in one_symbol} == {trades[0].symbol}
    moment = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert {one.transaction_date for one in await entries(session, TRADING, start_at=moment)} == {TODAY}
    account = await Account.get(session, TRADING)
    assert await account.get_transaction(session, trades[0].id) == trades[0]
    for wrong in ({"start-date": "soon"}, {"sort": "Up"}, {"per-page": "none"}, {"page-offset": "-1"}):
        refused = await get(session, f"/accounts/{TRADING}/transactions", **wrong)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "validation_error")


async def test_a_day_s_fees_are_those_of_its_entries(session: Session) -> None:
    account = await Account.get(session, TRADING)
    today = await account.get_total_fees(session, TODAY)
    of_today = await entries(session, TRADING, start_date=TODAY)
    assert today.total_fees == sum(one.net_value - one.value for one in of_today) < 0
    assert (await account.get_total_fees(session, date(2026, 11, 1))).total_fees == 0  # a Sunday


async def test_live_orders_are_today_s_and_those_that_still_work() -> None:
    session = connected(Simulator(clock=(clock := FrozenClock())))
    account = await Account.get(session, TRADING)
    live = await account.get_live_orders(session)
    assert Counter(one.status for one in live) == {
        OrderStatus.LIVE: 4,
        OrderStatus.FILLED: 2,
        OrderStatus.CANCELLED: 1,
        OrderStatus.REJECTED: 1,
    }
    (rejected,) = [one for one in live if one.status is OrderStatus.REJECTED]
    assert "buying power" in (rejected.reject_reason or "")
    held = {one.symbol: one.quantity for one in await account.get_positions(session)}
    for order in (one for one in live if one.status is OrderStatus.LIVE):
        assert (order.time_in_force.value, order.cancellable) == ("GTC", True)
        assert all(leg.quantity == held[leg.symbol] and not leg.fills for leg in order.legs)
        assert (order.price or 0) < 0
    assert await account.get_order(session, live[0].id) == live[0]
    with pytest.raises(TastytradeError, match="not_found"):
        await account.get_order(session, 1)
    clock.set(clock.now() + timedelta(days=3))
    assert {one.status for one in await account.get_live_orders(session)} == {OrderStatus.LIVE}


async def test_an_order_to_close_what_is_gone_is_cancelled() -> None:
    session = connected(Simulator(clock=(clock := FrozenClock())))
    account = await Account.get(session, TRADING)
    working = [one for one in await account.get_live_orders(session) if one.status is OrderStatus.LIVE]
    clock.set(clock.now() + timedelta(days=60))
    again = [await account.get_order(session, one.id) for one in working]
    assert {one.status for one in again} == {OrderStatus.CANCELLED}
    assert all(one.cancelled_at is not None and one.cancelled_at < clock.now() for one in again)


async def test_every_trade_has_its_order(session: Session) -> None:
    for number in NUMBERS:
        account = await Account.get(session, number)
        orders = await account.get_order_history(session, page_offset=None, start_date=date(2025, 1, 1))
        trades = [one for one in await entries(session, number) if one.transaction_type == "Trade"]
        filled = {one.id: one for one in orders if one.status is OrderStatus.FILLED}
        assert set(filled) == {one.order_id for one in trades}
        assert sum(len(one.legs) for one in filled.values()) == len(trades)
        for order in filled.values():
            assert order.price == pytest.approx(-order.average_fill_price(), abs=Decimal("0.0001"))


async def test_orders_can_be_asked_for_in_part(session: Session) -> None:
    account = await Account.get(session, TRADING)
    page = await account.get_order_history(session, page_offset=1, per_page=7, start_date=date(2026, 1, 1))
    everything = await account.get_order_history(session, page_offset=None, start_date=date(2026, 1, 1))
    assert page == everything[7:14]
    of_one = await account.get_order_history(
        session, page_offset=None, underlying_symbol="GLD", statuses=[OrderStatus.FILLED], end_date=date(2026, 10, 31)
    )
    assert {(one.underlying_symbol, one.status) for one in of_one} == {("GLD", OrderStatus.FILLED)}
    assert max(one.received_at for one in of_one if one.received_at) < datetime(2026, 11, 1, tzinfo=NEW_YORK)
    rolled = [one for one in of_one if len({leg.action.value[-5:] for leg in one.legs}) == 2]
    assert rolled  # closes and opens in one


@pytest.mark.parametrize("number", NUMBERS)
async def test_what_an_account_was_worth_ends_with_what_it_is(session: Session, number: str) -> None:
    account = await Account.get(session, number)
    now = (await account.get_balances(session)).net_liquidating_value
    for back, least, most in (("1d", 120, 130), ("1m", 19, 24), ("3m", 60, 66), ("1y", 240, 253), ("all", 240, 253)):
        bars = await account.get_net_liquidating_value_history(session, back)
        assert least <= len(bars) <= most
        assert bars[-1].close == bars[-1].total_close == now
        assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)
        assert all(after.open == before.close for before, after in pairwise(bars))
        assert [bar.time for bar in bars] == sorted(bar.time for bar in bars)
        moves = sorted(abs(bar.close - bar.open) / bar.open for bar in bars)
        assert moves[-3] < Decimal("0.06")  # two deposits aside


async def test_a_deposit_shows(session: Session) -> None:
    account = await Account.get(session, RETIREMENT)
    deposits = await entries(session, RETIREMENT, sub_types=["Deposit"])
    bars = {bar.time[:10]: bar for bar in await account.get_net_liquidating_value_history(session, "1y")}
    for deposit in deposits[1:]:
        bar = bars[f"{deposit.transaction_date}"]
        assert bar.close - bar.open == pytest.approx(deposit.value, rel=Decimal("0.4"))


async def test_history_since_a_moment(session: Session) -> None:
    account = await Account.get(session, TRADING)
    bars = await account.get_net_liquidating_value_history(session, start_time=datetime(2026, 11, 2, 15, tzinfo=UTC))
    assert (bars[0].time[:10], len(bars)) == ("2026-11-02", 15)
    refused = await get(session, f"/accounts/{TRADING}/net-liq/history", **{"time-back": "2w"})
    assert (refused.status_code, "time-back is one of" in refused.text) == (400, True)


@pytest.mark.parametrize(
    "odd", ["", "0", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "-1", "NaN", "x" * 999, "\u0663"]
)
async def test_no_question_breaks_the_broker(session: Session, odd: str) -> None:
    names = (
        "start-date",
        "end-date",
        "start-at",
        "end-at",
        "per-page",
        "page-offset",
        "sort",
        "date",
        "start-time",
        "symbol",
    )
    for what in (
        "transactions",
        "transactions/total-fees",
        "transactions/x",
        "orders",
        "orders/x",
        "net-liq/history",
        "positions",
    ):
        for name in names:
            answer = await get(session, f"/accounts/{TRADING}/{what}", **{name: odd})
            assert answer.status_code in (200, 400, 404)
