"""The simulated account stream and the hand that moves accounts, heard by the broker's own SDK."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from httpx2.websockets import HTTPXWSException
from tastytrade import Account, AlertStreamer, Session
from tastytrade.account import AccountBalance, CurrentPosition
from tastytrade.order import OrderStatus, PlacedOrder
from tastytrade.utils import TastytradeError

from tests.desk import Tap, served
from tests.wire.test_simulator_accounts import CLOSED, INCOME, RETIREMENT, TRADING, adds_up
from ttai.quant.symbols import parse_occ
from ttai.simulator import Simulator
from ttai.testing import FrozenClock

PUT = "SPY   261218P00640000"


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def simulator(clock: FrozenClock) -> Simulator:
    return Simulator(clock=clock)


@asynccontextmanager
async def hearing(session: Session, url: str = "ws://simulator/streamer") -> AsyncIterator[AlertStreamer]:
    """The SDK's account stream, its queues closed at the end: it leaves them open."""
    stream = AlertStreamer(session)
    stream.base_url = url
    try:
        async with asyncio.timeout(10), stream:
            yield stream
    finally:
        for queue in stream._queues.values():
            await queue.aclose()


async def heard(stream: AlertStreamer, kind: Any) -> Any:
    return await anext(aiter(stream.listen(kind)))


async def test_a_trade_is_booked_and_told(simulator: Simulator, session: Session) -> None:
    account = await Account.get(session, TRADING)
    before = await account.get_balances(session)
    async with hearing(session) as stream:
        await stream.subscribe_accounts([account])
        number = simulator.trade(TRADING, PUT, -2)
        order: PlacedOrder = await heard(stream, PlacedOrder)
        position: CurrentPosition = await heard(stream, CurrentPosition)
        balance: AccountBalance = await heard(stream, AccountBalance)
    assert (order.id, order.status, order.legs[0].symbol, order.legs[0].quantity) == (
        number,
        OrderStatus.FILLED,
        PUT,
        2,
    )
    assert order == await account.get_order(session, number)
    assert (position.symbol, position.quantity, position.quantity_direction) == (PUT, Decimal(2), "Short")
    assert position.average_open_price == order.price
    entry = (await account.get_history(session))[0]
    assert (entry.order_id, entry.symbol, entry.commission) == (number, PUT, Decimal(-2))
    assert balance.cash_balance == before.cash_balance + entry.net_value
    assert (await account.get_balances(session)).net_liquidating_value == balance.net_liquidating_value
    await adds_up(session, account)


async def test_a_position_that_is_closed_is_told_as_none(simulator: Simulator, session: Session) -> None:
    account = await Account.get(session, TRADING)
    async with hearing(session) as stream:
        await stream.subscribe_accounts([account])
        simulator.trade(TRADING, "IWM", 100, 250.5)
        position: CurrentPosition = await heard(stream, CurrentPosition)
    assert (position.quantity, position.quantity_direction) == (Decimal(0), "Zero")
    assert position.realized_today < 0
    assert "IWM" not in {one.symbol for one in await adds_up(session, account)}


async def test_an_order_whose_position_is_gone_is_cancelled_and_told(simulator: Simulator, session: Session) -> None:
    account = await Account.get(session, INCOME)
    (working,) = [one for one in await account.get_live_orders(session) if one.underlying_symbol == "WFC"]
    async with hearing(session) as stream:
        await stream.subscribe_accounts([account])
        filled = simulator.trade(INCOME, working.legs[0].symbol, 2)
        orders = [await heard(stream, PlacedOrder) for _ in range(2)]
    assert [(one.id, one.status) for one in orders] == [
        (filled, OrderStatus.FILLED),
        (working.id, OrderStatus.CANCELLED),
    ]


async def test_a_trade_through_zero_closes_and_opens(simulator: Simulator, session: Session) -> None:
    simulator.trade(TRADING, "IWM", 130)
    account = await Account.get(session, TRADING)
    (held,) = await account.get_positions(session, symbol="IWM")
    assert (held.quantity, held.quantity_direction) == (Decimal(30), "Long")
    actions = [one.transaction_sub_type for one in (await account.get_history(session))[:2]]
    assert actions == ["Buy to Open", "Buy to Close"]
    await adds_up(session, account)


async def test_an_assignment_brings_shares_at_the_strike(simulator: Simulator, session: Session) -> None:
    account = await Account.get(session, INCOME)
    (put,) = [one for one in await account.get_positions(session) if one.underlying_symbol == "XLE"]
    strike = parse_occ(put.symbol).strike
    async with hearing(session) as stream:
        await stream.subscribe_accounts([account])
        simulator.assign(INCOME, put.symbol)
        gone, shares = [await heard(stream, CurrentPosition) for _ in range(2)]
        balance: AccountBalance = await heard(stream, AccountBalance)
    assert (gone.symbol, gone.quantity) == (put.symbol, 1)
    assert (shares.symbol, shares.quantity, shares.average_open_price) == ("XLE", 100, strike)
    assert balance.cash_balance == (await account.get_balances(session)).cash_balance
    delivered, assignment = (await account.get_history(session))[:2]
    assert (assignment.transaction_sub_type, assignment.net_value) == ("Assignment", Decimal(0))
    assert delivered.net_value == -100 * strike - 5
    await adds_up(session, account)


async def test_others_accounts_are_not_told_of(simulator: Simulator, session: Session) -> None:
    async with hearing(session) as stream:
        await stream.subscribe_accounts([await Account.get(session, RETIREMENT)])
        simulator.trade(TRADING, "SPY", 10)
        simulator.trade(RETIREMENT, "SPY", 5)
        order: PlacedOrder = await heard(stream, PlacedOrder)
        assert order.account_number == RETIREMENT


async def test_an_empty_account_has_cash_alone(simulator: Simulator, session: Session) -> None:
    simulator.empty(RETIREMENT)
    account = await Account.get(session, RETIREMENT)
    assert await adds_up(session, account) == []
    (entry,) = await account.get_history(session)
    balances = await account.get_balances(session)
    assert entry.value == balances.cash_balance == balances.net_liquidating_value == balances.derivative_buying_power
    assert (await account.get_live_orders(session), len(await account.get_order_history(session))) == ([], 0)
    for back in ("1d", "1y"):
        bars = await account.get_net_liquidating_value_history(session, back)
        assert bars[-1].close == balances.net_liquidating_value


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("5WT00000", PUT, 1), "no open account 5WT00000"),
        ((CLOSED, PUT, 1), "no open account"),
        ((TRADING, "NOPE", 1), "NOPE is not traded here"),
        ((TRADING, "SPX", 1), "SPX is not traded here"),
        ((TRADING, PUT, 0), "other than 0"),
        ((TRADING, PUT, 1.5), "whole numbers"),
        ((TRADING, PUT, "x"), "other than 0"),
        ((TRADING, PUT, 1, -2.0), "positive number"),
        ((TRADING, PUT, 1, float("nan")), "positive number"),
    ],
)
def test_a_trade_that_can_t_be_is_told_in_a_sentence(simulator: Simulator, wrong: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        simulator.trade(*wrong)


async def test_an_assignment_that_can_t_be_is_told_in_a_sentence(simulator: Simulator, session: Session) -> None:
    held = await (await Account.get(session, TRADING)).get_positions(session)
    short = next(one.symbol for one in held if one.symbol.startswith("SPXW") and one.quantity_direction == "Short")
    put = next(one.symbol for one in held if one.underlying_symbol == "MSFT")
    for wrong, said in (
        ((TRADING, PUT), "is not short SPY"),
        ((TRADING, "IWM"), "is not short IWM"),
        ((TRADING, short), "European"),
        ((TRADING, put, 2), "Between 1 and 1 contracts"),
        ((TRADING, put, 0), "Between 1 and 1 contracts"),
        (("5WT00000", put), "no open account"),
    ):
        with pytest.raises(ValueError, match=said):
            simulator.assign(*wrong)
    with pytest.raises(ValueError, match="no open account"):
        simulator.empty(CLOSED)


async def test_the_hand_over_http(simulator: Simulator, session: Session) -> None:
    async def hand(path: str, **body: Any) -> Any:
        answer = await session._client.post(path, json=body)
        return answer.status_code, answer.json()

    status, said = await hand("/-/trade", account=TRADING, symbol="SPY", quantity=-10, price=671.25)
    account = await Account.get(session, TRADING)
    order = await account.get_order(session, said.pop("order"))
    assert (status, said) == (200, {"account": TRADING, "symbol": "SPY", "quantity": -10, "price": 671.25})
    assert (order.price, order.underlying_symbol) == (Decimal("671.25"), "SPY")
    put = next(one.symbol for one in await account.get_positions(session) if one.underlying_symbol == "MSFT")
    assert await hand("/-/assign", account=TRADING, symbol=put) == (
        200,
        {"account": TRADING, "symbol": put, "contracts": 1},
    )
    assert await hand("/-/assign", account=TRADING, symbol=put) == (400, {"error": f"{TRADING} is not short {put}."})
    status, said = await hand("/-/trade", account=TRADING, symbol="NOPE", quantity=1)
    assert (status, said["error"]) == (400, "NOPE is not traded here.")
    assert (await hand("/-/trade", account=TRADING, symbol="SPY"))[0] == 400


@asynccontextmanager
async def dialled(session: Session) -> AsyncIterator[Any]:
    """The account stream without the SDK."""
    async with session:
        await session.refresh()
        async with session._client.websocket("/streamer") as socket:
            yield socket


async def say(session: Session, *messages: dict[str, Any]) -> list[dict[str, Any]]:
    """What the stream answers to messages."""
    async with dialled(session) as socket:
        token = f"Bearer {session.session_token}"
        answers = []
        for message in messages:
            await socket.send_json({"auth-token": token, **message})
            answers.append(await socket.receive_json())
        return answers


async def test_the_stream_s_protocol(session: Session) -> None:
    early, heartbeat, connected, later = await say(
        session,
        {"action": "quote-alerts-subscribe", "request-id": 1},
        {"action": "heartbeat", "request-id": 2},
        {"action": "connect", "value": [TRADING, INCOME], "request-id": 3},
        {"action": "public-watchlists-subscribe", "request-id": 4},
    )
    assert (early["status"], early["message"], early["request-id"]) == ("error", "connect-not-completed", 1)
    assert (heartbeat["status"], heartbeat["action"], heartbeat["request-id"]) == ("ok", "heartbeat", 2)
    assert connected == {"status": "ok", "action": "connect", "value": [TRADING, INCOME], "request-id": 3}
    assert later["status"] == "ok"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"action": "connect", "value": [TRADING], "auth-token": "Bearer nothing"}, "invalid-session"),
        ({"action": "connect", "value": [TRADING], "auth-token": None}, "invalid-session"),
        ({"action": "connect", "value": ["5WT00000"]}, "unknown-account"),
        ({"action": "connect", "value": [CLOSED]}, "unknown-account"),
        ({"action": "connect", "value": [["x"]]}, "unknown-account"),
        ({"action": "connect"}, "unknown-account"),
        ({"action": "dance"}, "unknown-action"),
        ({"action": ["dance"]}, "unknown-action"),
    ],
)
async def test_what_the_stream_refuses(session: Session, wrong: dict[str, Any], said: str) -> None:
    (answer,) = await say(session, {**wrong, "request-id": 9})
    assert (answer["status"], answer["message"], answer["request-id"]) == ("error", said, 9)


async def test_what_is_no_message_is_refused(session: Session) -> None:
    async with dialled(session) as socket:
        for text in ("{", "[]", "null", '"connect"'):
            await socket.send_text(text)
            assert await socket.receive_json() == {"status": "error", "message": "invalid-message"}


async def test_the_sdk_reads_a_refusal(session: Session) -> None:
    with pytest.RaisesGroup(
        pytest.RaisesExc(TastytradeError, match="Call `subscribe_accounts"), flatten_subgroups=True
    ):
        async with hearing(session) as stream:
            await stream.subscribe_quote_alerts()


async def test_a_status_fault_refuses_the_upgrade(simulator: Simulator, session: Session) -> None:
    simulator.faults.add("status", path="/streamer", status=503, count=1)
    with pytest.RaisesGroup(HTTPXWSException, flatten_subgroups=True, allow_unwrapped=True):
        async with hearing(session):
            pass
    async with hearing(session) as stream:
        await stream.subscribe_accounts([await Account.get(session, TRADING)])


async def test_a_drop_ends_the_stream_after_so_many_messages(simulator: Simulator, session: Session) -> None:
    simulator.faults.add("drop", path="/streamer", count=1, after=2)
    seen = []
    with pytest.RaisesGroup(HTTPXWSException, flatten_subgroups=True):
        async with hearing(session) as stream:
            await stream.subscribe_accounts([await Account.get(session, TRADING)])
            simulator.trade(TRADING, "SPY", 1)
            seen += [await heard(stream, PlacedOrder), await heard(stream, CurrentPosition)]
            await heard(stream, AccountBalance)
    assert len(seen) == 2
    simulator.faults.add("drop", path="/streamer", count=1)
    with pytest.RaisesGroup(HTTPXWSException, flatten_subgroups=True):
        async with hearing(session):
            await asyncio.sleep(5)


async def test_a_stalled_stream_says_nothing_and_a_silent_one_only_acks(simulator: Simulator, session: Session) -> None:
    account = await Account.get(session, TRADING)
    simulator.faults.add("silence", path="/streamer", count=1)
    async with hearing(session) as stream:
        await stream.subscribe_accounts([account])
        simulator.trade(TRADING, "SPY", 1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(heard(stream, PlacedOrder), 0.1)
    simulator.faults.add("stall", path="/streamer", count=1)
    async with hearing(session) as stream:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stream.subscribe_accounts([account]), 0.1)


async def test_a_delay_keeps_the_client_waiting(simulator: Simulator, session: Session) -> None:
    simulator.faults.add("delay", path="/streamer", seconds=0.1, count=1)
    before = asyncio.get_running_loop().time()
    async with hearing(session):
        assert asyncio.get_running_loop().time() - before >= 0.1


async def test_on_a_port(simulator: Simulator) -> None:
    async with served(Tap(simulator)) as url:
        session = Session(simulator.CLIENT_SECRET, simulator.REFRESH_TOKEN)
        async with session:
            session._client.base_url = url
            account = await Account.get(session, INCOME)
            async with hearing(session, url.replace("http", "ws") + "/streamer") as stream:
                await stream.subscribe_accounts([account])
                simulator.trade(INCOME, "WFC", -100)
                order: PlacedOrder = await heard(stream, PlacedOrder)
                assert (order.underlying_symbol, order.account_number) == ("WFC", INCOME)
