"""What the simulated broker's accounts hold, asked by the broker's own SDK: books that add up on any date."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tastytrade import Account, Session
from tastytrade.account import CurrentPosition, MarginReportEntry
from tastytrade.instruments import Option
from tastytrade.market_data import get_market_data_by_type
from tastytrade.order import InstrumentType, OrderAction
from tastytrade.utils import TastytradeError

from tests.wire.test_simulator_orders import _limit
from tests.wire.test_simulator_rest import connected
from ttai.clock import NEW_YORK
from ttai.quant.symbols import parse_occ
from ttai.simulator import Simulator
from ttai.testing import FrozenClock

TRADING, RETIREMENT, INCOME, CLOSED = "5WT00718", "5WT00934", "5WT01122", "5WT00345"
NUMBERS = (TRADING, RETIREMENT, INCOME)


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    """One for all that only read: books take half a second to write."""
    return Simulator(clock=FrozenClock())


async def get(session: Session, path: str, **query: Any) -> Any:
    await session.refresh()
    return await session._client.get(path, params=query)


def signed(position: CurrentPosition) -> Decimal:
    return position.quantity * {"Long": 1, "Short": -1, "Zero": 0}[position.quantity_direction]


def worth(position: CurrentPosition) -> Decimal:
    mark = position.mark_price or Decimal(0)
    if position.instrument_type is InstrumentType.FUTURE:
        mark -= position.average_open_price
    return signed(position) * position.multiplier * mark


async def adds_up(session: Session, account: Account) -> list[CurrentPosition]:
    """The invariants of a book, as a customer can reckon them."""
    entries = await account.get_history(session, page_offset=None, sort="Asc")
    balances = await account.get_balances(session)
    positions = await account.get_positions(session, include_marks=True)
    assert balances.cash_balance == sum(entry.net_value for entry in entries)
    assert balances.cash_balance.as_tuple().exponent == -2
    assert balances.net_liquidating_value == round(balances.cash_balance + sum(map(worth, positions)), 2)
    left: dict[str, list[tuple[Decimal, Decimal]]] = {}
    for entry in entries:
        if entry.symbol is None or not entry.quantity or entry.action is None:
            continue
        lots = left.setdefault(entry.symbol, [])
        change = entry.quantity * (1 if entry.action.value.startswith("Buy") else -1)
        assert (
            entry.action.value.endswith("Close") == bool(lots)
            or entry.instrument_type is InstrumentType.FUTURE
            or (lots[0][0] * change > 0)
        )
        while change and lots and lots[0][0] * change < 0:
            part = min(abs(change), abs(lots[0][0])).copy_sign(change)
            lots[0], change = (lots[0][0] + part, lots[0][1]), change - part
            if not lots[0][0]:
                lots.pop(0)
        if change:
            lots.append((change, entry.price or Decimal(0)))
    quantities = {symbol: sum(count for count, _ in lots) for symbol, lots in left.items() if lots}
    assert {position.symbol: signed(position) for position in positions} == quantities
    for position in positions:
        lots = left[position.symbol]
        average = sum(count * price for count, price in lots) / quantities[position.symbol]
        assert position.average_open_price == pytest.approx(average, abs=Decimal("0.000001"))
    return positions


@pytest.mark.parametrize(
    ("moment", "sessions"),
    [
        ((2026, 11, 20, 10, 31), "always"),
        ((2026, 11, 20, 0, 0, 1), "always"),
        ((2027, 3, 21, 18, 0), "always"),  # a Sunday
        ((2027, 12, 31, 16, 30), "real"),
        ((2028, 7, 4, 9, 0), "real"),  # a holiday
    ],
)
async def test_books_add_up_whenever_the_simulator_is_started(moment: tuple[int, ...], sessions: Any) -> None:
    clock = FrozenClock(datetime(*moment, tzinfo=NEW_YORK))  # type: ignore[misc,arg-type]
    session = connected(Simulator(clock=clock, sessions=sessions))
    accounts = await Account.get(session)
    assert [account.account_number for account in accounts] == list(NUMBERS)
    held = [position for account in accounts for position in await adds_up(session, account)]
    assert 55 <= len(held) <= 65
    options = [position.symbol for position in held if position.instrument_type is InstrumentType.EQUITY_OPTION]
    quoted = [
        row for part in (options[:40], options[40:]) for row in await get_market_data_by_type(session, options=part)
    ]
    assert {row.symbol: row.mark for row in quoted} == {
        position.symbol: position.mark_price for position in held if position.symbol in options
    }
    for account in accounts:
        assert (await account.get_balances(session)).derivative_buying_power > 10_000


async def test_the_same_seed_and_moment_have_the_same_books() -> None:
    clock = FrozenClock()
    rows = [
        [
            (await get(connected(Simulator(clock=clock, seed=seed)), f"/accounts/{number}/{what}")).json()
            for number in NUMBERS
        ]
        for seed in (7, 7, 8)
        for what in ("positions",)
    ]
    assert rows[0] == rows[1] != rows[2]


async def test_every_kind_of_instrument_is_held(session: Session) -> None:
    account = await Account.get(session, INCOME)
    held = {position.symbol: position for position in await account.get_positions(session, include_marks=True)}
    kinds = {position.instrument_type.value for position in held.values()}
    assert kinds == {"Equity", "Equity Option", "Future", "Cryptocurrency", "Fixed Income Security"}
    future = next(position for symbol, position in held.items() if symbol.startswith("/MES"))
    assert (future.multiplier, future.underlying_symbol) == (Decimal(5), future.symbol)
    assert (future.mark_price or 1) % Decimal("0.25") == 0
    assert any(parse_occ(symbol).root == "DIS1" for symbol in held if symbol.startswith("DIS1"))
    assert held["BTC/USD"].quantity == Decimal("0.3517")
    fractional = await (await Account.get(session, RETIREMENT)).get_positions(session, symbol="SPY")
    assert [(one.quantity, one.quantity_direction, one.cost_effect) for one in fractional] == [
        (Decimal("37.4182"), "Long", "Credit")
    ]


async def test_a_position_tells_what_a_day_s_gain_counts_from(session: Session) -> None:
    account = await Account.get(session, TRADING)
    held = {one.symbol: one for one in await account.get_positions(session)}
    assert {one.mark_price for one in held.values()} == {None}
    today = [one for one in held.values() if one.created_at.date().isoformat() == "2026-11-20"]
    assert [one.underlying_symbol for one in today] == ["SMH"]
    assert today[0].average_daily_market_close_price == today[0].average_open_price != today[0].close_price
    old = held["AAPL"]
    assert old.average_daily_market_close_price == old.close_price != old.average_open_price
    assert (old.expires_at, today[0].expires_at is None) == (None, False)
    trimmed = [one for one in held.values() if one.underlying_symbol == "PLTR"]
    assert all(one.realized_today for one in trimmed)
    assert all(one.realized_today != one.realized_day_gain for one in trimmed)
    assert {one.realized_today for one in held.values() if one.underlying_symbol != "PLTR"} == {0}
    short = held["IWM"]
    assert (short.quantity, short.quantity_direction, short.cost_effect) == (Decimal(100), "Short", "Debit")


async def test_positions_can_be_asked_for_in_part(session: Session) -> None:
    account = await Account.get(session, TRADING)
    of_two = await account.get_positions(session, underlying_symbols=["AAPL", "SPX"])
    assert {one.underlying_symbol for one in of_two} == {"AAPL", "SPX"}
    stock = await account.get_positions(session, instrument_type=InstrumentType.EQUITY)
    assert {one.symbol for one in stock} == {"AAPL", "IWM"}
    assert await account.get_positions(session, symbol="NOPE") == []


async def test_what_expired_is_settled_when_the_account_is_looked_at() -> None:
    session = connected(Simulator(clock=(clock := FrozenClock())))
    accounts = await Account.get(session)
    before = {one.symbol for account in accounts for one in await account.get_positions(session)}
    clock.set(clock.now() + timedelta(days=60))
    after: set[str] = set()
    for account in accounts:
        after |= {one.symbol for one in await adds_up(session, account)}
        entries = await account.get_history(session, page_offset=None, start_date=datetime(2026, 11, 21).date())  # noqa: DTZ001
        assert {entry.transaction_type for entry in entries} <= {"Receive Deliver", "Money Movement"}
    due = {symbol for symbol in before if len(symbol) == 21 and parse_occ(symbol).expiration < clock.new_york().date()}
    assert due
    assert not due & after
    assert {symbol for symbol in before - due if len(symbol) == 21} <= after  # and still listed, or it had no mark


async def test_today_s_expiration_ends_with_the_close() -> None:
    session = connected(Simulator(clock=(clock := FrozenClock())))
    account = await Account.get(session, TRADING)
    (due,) = [one for one in await account.get_positions(session) if parse_due(one) == clock.new_york().date()]
    clock.set(datetime(2026, 11, 20, 15, 59, tzinfo=NEW_YORK))
    assert due.symbol in {one.symbol for one in await account.get_positions(session)}
    clock.set(datetime(2026, 11, 20, 16, 0, tzinfo=NEW_YORK))
    assert due.symbol not in {one.symbol for one in await adds_up(session, account)}


def parse_due(position: CurrentPosition) -> Any:
    is_option = position.instrument_type is InstrumentType.EQUITY_OPTION
    return parse_occ(position.symbol).expiration if is_option else None


async def test_closing_frees_what_a_position_ties_up(session: Session) -> None:
    account = await Account.get(session, TRADING)
    (put,) = [
        one for one in await account.get_positions(session, include_marks=True) if one.underlying_symbol == "MSFT"
    ]
    option = await Option.get(session, put.symbol)
    leg = option.build_leg(Decimal(1), OrderAction.BUY_TO_CLOSE)
    placed = await account.place_order(session, _limit([leg], f"-{put.mark_price}"))
    effect = placed.buying_power_effect
    assert effect.change_in_margin_requirement > 10_000  # a credit: what was asked for is given back
    assert effect.new_buying_power > effect.current_buying_power
    fees = placed.fee_calculation
    assert fees is not None
    assert (fees.commission, fees.clearing_fees, fees.regulatory_fees) == (
        Decimal(0),
        Decimal("-0.10"),
        Decimal("-0.02"),
    )
    opening = await Option.get(session, "AMD   261218P00220000")
    sold = await account.place_order(session, _limit([opening.build_leg(Decimal(12), OrderAction.SELL_TO_OPEN)], "1"))
    assert sold.fee_calculation is not None
    assert (sold.fee_calculation.commission, sold.fee_calculation.clearing_fees) == (Decimal(-10), Decimal("-1.20"))


async def test_what_is_tied_up_is_told_by_underlying(session: Session) -> None:
    for number in NUMBERS:
        account = await Account.get(session, number)
        report, balances = await account.get_margin_requirements(session), await account.get_balances(session)
        groups = [group for group in report.groups if isinstance(group, MarginReportEntry)]
        of_margin = {InstrumentType.EQUITY, InstrumentType.EQUITY_OPTION}
        held = [one for one in await account.get_positions(session) if one.instrument_type in of_margin]
        assert {group.code for group in groups} == {one.underlying_symbol for one in held}
        asked = -sum(group.margin_requirement for group in groups)
        assert asked == pytest.approx(balances.reg_t_margin_requirement, abs=Decimal("0.1"))
        assert report.option_buying_power == balances.derivative_buying_power
        assert report.margin_equity == balances.net_liquidating_value


async def test_a_covered_call_can_be_sold_where_the_shares_are(session: Session) -> None:
    account = await Account.get(session, RETIREMENT)
    calls = await listed_calls(session, "JNJ")
    option = await Option.get(session, calls[-1])
    with pytest.raises(TastytradeError, match="loss has no limit"):
        await account.place_order(session, _limit([option.build_leg(Decimal(1), OrderAction.SELL_TO_OPEN)], "0.5"))
    covered = await Option.get(session, (await listed_calls(session, "TLT"))[-1])
    leg = covered.build_leg(Decimal(1), OrderAction.SELL_TO_OPEN)
    placed = await account.place_order(session, _limit([leg], "0.5"))
    assert placed.buying_power_effect.change_in_margin_requirement == 0


async def listed_calls(session: Session, symbol: str) -> list[str]:
    chain = (await get(session, f"/option-chains/{symbol}/nested")).json()["data"]["items"][0]
    return [strike["call"] for strike in chain["expirations"][2]["strikes"]]


async def test_a_closed_account_is_listed_and_has_nothing(session: Session) -> None:
    everyone = await Account.get(session, include_closed=True)
    assert [one.account_number for one in everyone if one.is_closed] == [CLOSED]
    assert (await Account.get(session, CLOSED)).is_closed
    for number in (CLOSED, "5WT00000"):
        for what in (
            "positions",
            "balances",
            "balances/USD",
            "transactions",
            "orders",
            "orders/live",
            "trading-status",
        ):
            assert (await get(session, f"/accounts/{number}/{what}")).status_code == 404
        assert (await get(session, f"/accounts/{number}/net-liq/history", **{"time-back": "1m"})).status_code == 404
