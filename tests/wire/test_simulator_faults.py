"""What the simulator does wrong when told to, as the broker's own SDK meets it."""

import asyncio
import socket
from time import monotonic
from typing import Any

import httpx2
import pytest
import uvicorn
from httpx2.websockets import WebSocketDisconnect, WebSocketUpgradeError
from tastytrade import Session
from tastytrade.dxfeed import Quote, Trade
from tastytrade.market_data import get_market_data_by_type
from tastytrade.utils import TastytradeError

from tests.wire.sdk import streaming
from ttai.simulator import Simulator

BY_TYPE = "/market-data/by-type"


@pytest.fixture
def simulator() -> Simulator:
    return Simulator()


async def listen(session: Session, *symbols: str) -> None:
    """Subscribe to trades until the stream ends."""
    async with streaming(session) as stream:
        await stream.subscribe(Trade, symbols)
        await asyncio.Event().wait()


async def hand(session: Session, method: str, path: str, told: Any = None) -> httpx2.Response:
    return await session._client.request(method, path, json=told)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ({"kind": "status", "status": 429}, "too_many_requests"),
        ({"kind": "status", "status": 500, "message": "Whoops"}, "internal_error: Whoops"),
        ({"kind": "html", "status": 502, "message": "Bad Gateway"}, "Couldn't parse response: <html>"),
        ({"kind": "expire"}, "token_invalid"),
    ],
)
async def test_an_error_as_often_as_asked(
    simulator: Simulator, session: Session, fault: dict[str, Any], text: str
) -> None:
    await session.refresh()
    simulator.faults.add(path="/customers/*", count=1, **fault)
    with pytest.raises(TastytradeError, match=text):
        await session.get_customer()
    await session.refresh(force=True)
    assert (await session.get_customer()).id == "me"
    assert list(simulator.faults) == []


async def test_a_fault_stays_on_its_path_until_cleared(simulator: Simulator, session: Session) -> None:
    simulator.faults.add("status", "/market-data/*")
    for _ in range(2):
        with pytest.raises(TastytradeError):
            await get_market_data_by_type(session, equities=["SPY"])
    assert await session.validate()
    simulator.faults.clear()
    assert await get_market_data_by_type(session, equities=["SPY"])
    assert simulator.requests[BY_TYPE] == 3


async def test_garbage(simulator: Simulator, session: Session) -> None:
    simulator.faults.add("garbage", "/customers/me", message="<nothing>")
    with pytest.raises(ValueError, match="Expecting value"):
        await session.get_customer()


async def test_delay(simulator: Simulator, session: Session) -> None:
    await session.refresh()
    simulator.faults.add("delay", "/customers/me", seconds=0.05)
    began = monotonic()
    assert (await session.get_customer()).id == "me"
    assert monotonic() - began >= 0.05


async def test_stall_holds_until_the_caller_leaves(simulator: Simulator, session: Session) -> None:
    await session.refresh()
    simulator.faults.add("stall", "/customers/me", count=1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(session.get_customer(), 0.05)
    assert (await session.get_customer()).id == "me"


async def test_drop_is_a_transport_error(simulator: Simulator, session: Session) -> None:
    simulator.faults.add("drop", "/customers/me", count=1)
    with pytest.raises(httpx2.RemoteProtocolError):
        await session.get_customer()
    assert (await session.get_customer()).id == "me"


async def test_nan_and_missing_spoil_rows(simulator: Simulator, session: Session) -> None:
    simulator.faults.add("nan", BY_TYPE, field="bid", symbols=["QQQ"])
    simulator.faults.add("missing", BY_TYPE, field="updated-at", count=1)
    simulator.faults.add("missing", BY_TYPE, symbols=["AMD"])
    await session.refresh()
    for first in ("QQQ", None):
        answer = await session._client.get(BY_TYPE, params={"equity": ["QQQ", "SPY", "AMD"]})
        rows = {row["symbol"]: row for row in answer.json()["data"]["items"]}
        assert rows.keys() == {"QQQ", "SPY"}
        assert rows["QQQ"]["bid"] == "NaN"
        assert rows["SPY"]["bid"] != "NaN"
        assert [symbol for symbol, row in rows.items() if "updated-at" not in row] == ([first] if first else [])


async def test_a_rate_limit(simulator: Simulator, session: Session) -> None:
    await session.refresh()
    simulator.faults.limit("/market-data/*", 20)
    path = f"{BY_TYPE}?equity=SPY"
    statuses = [(await session._client.get(path)).status_code for _ in range(25)]
    assert statuses == [200] * 20 + [429] * 5
    assert await session.validate()


@pytest.mark.parametrize("status", [429, 503])
async def test_a_refused_upgrade(simulator: Simulator, session: Session, status: int) -> None:
    if status == 429:
        simulator.faults.limit("/dxlink", 1)
        async with streaming(session):
            pass
    else:
        simulator.faults.add("status", "/dxlink", status=status)
    with pytest.raises((WebSocketUpgradeError, ExceptionGroup)) as caught:
        await listen(session, "SPY")
    leaf: BaseException = caught.value
    while isinstance(leaf, BaseExceptionGroup):
        (leaf,) = leaf.exceptions
    assert isinstance(leaf, WebSocketUpgradeError)
    assert leaf.response.status_code == status


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop"},
        {"kind": "drop", "after": 1},
        {"kind": "poison", "symbols": ["AMD"]},
    ],
)
async def test_a_socket_dies(simulator: Simulator, session: Session, fault: dict[str, Any]) -> None:
    simulator.faults.add(path="/dxlink", count=1, **fault)
    with pytest.raises(ExceptionGroup) as caught:
        await listen(session, "SPY", "AMD")
    assert caught.group_contains(WebSocketDisconnect)
    async with streaming(session) as stream:  # the next one lives
        await stream.subscribe(Trade, ["AMD"])
        assert (await stream.get_event(Trade)).event_symbol == "AMD"


async def test_poison_is_harmless_where_it_is_not_subscribed(simulator: Simulator, session: Session) -> None:
    simulator.faults.add("poison", "/dxlink", symbols=["AMD"])
    async with streaming(session) as stream:
        await stream.subscribe(Trade, ["SPY"])
        assert (await stream.get_event(Trade)).event_symbol == "SPY"


async def test_an_error_message_ends_the_sdks_stream(simulator: Simulator, session: Session) -> None:
    simulator.faults.add("error", "/dxlink", message="Bad mood")
    with pytest.raises(ExceptionGroup) as caught:
        await listen(session, "SPY")
    assert caught.group_contains(TastytradeError, match="Bad mood")


async def test_nan_and_missing_in_events(simulator: Simulator, session: Session) -> None:
    simulator.faults.add("nan", "/dxlink", field="bidPrice", symbols=["SPY"], count=1)
    simulator.faults.add("missing", "/dxlink", symbols=["AMD"])
    async with streaming(session) as stream:
        await stream.subscribe(Quote, ["SPY", "AMD", "QQQ"])
        assert (await stream.get_event(Quote)).event_symbol == "QQQ"  # the SDK leaves out what has no bid
        assert next(iter(simulator.faults)).kind == "missing"  # the other has struck


async def test_a_stalled_socket_says_nothing_until_resumed(simulator: Simulator, session: Session) -> None:
    async with streaming(session) as stream:
        await stream.subscribe(Trade, ["TSLA"])
        await stream.get_event(Trade)
        for action in ("stall", "silence"):
            assert (await hand(session, "POST", "/-/ws", {"action": action})).status_code == 200
            (shown,) = (await hand(session, "GET", "/-/ws")).json()
            assert (shown["stalled"], shown["silent"]) == (action == "stall", action == "silence")
            simulator.set_price("TSLA", 150)
            await simulator.tick()
            while (waiting := stream.get_event_nowait(Trade)) is not None:
                assert waiting.price > 151
        await hand(session, "POST", "/-/ws", {"action": "resume"})
        while (await stream.get_event(Trade)).price > 151:
            pass


async def test_a_stall_at_the_door_accepts_and_keeps_quiet(simulator: Simulator, session: Session) -> None:
    simulator.faults.add("stall", "/dxlink")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(listen(session, "SPY"), 0.2)
    assert simulator.requests["/dxlink"] == 1


async def test_the_hand_over_http(simulator: Simulator, session: Session) -> None:
    told = [{"path": "/customers/*", "kind": "status", "status": 503, "count": 2}, {"kind": "delay", "seconds": 0}]
    assert (await hand(session, "POST", "/-/faults", told)).status_code == 200
    shown = (await hand(session, "GET", "/-/faults")).json()
    assert [(fault["kind"], fault["path"], fault["count"]) for fault in shown] == [
        ("status", "/customers/*", 2),
        ("delay", "*", None),
    ]
    assert (await hand(session, "DELETE", "/-/faults")).json() == []
    assert list(simulator.faults) == []
    assert (await hand(session, "POST", "/-/price", {"symbol": "F", "last": 9.5})).status_code == 200
    (ford,) = await get_market_data_by_type(session, equities=["F"])
    assert ford.last is not None
    assert abs(float(ford.last) - 9.5) < 0.02


@pytest.mark.parametrize(
    ("path", "told", "sentence"),
    [
        ("/-/faults", {"kind": "earthquake"}, "kind: Input should be"),
        ("/-/faults", {"kind": "status", "mood": "bad"}, "mood: Extra inputs"),
        ("/-/faults", {"kind": "status", "status": 200}, "status: Input should be greater"),
        ("/-/faults", {"kind": "nan"}, "nan needs the field"),
        ("/-/faults", {"kind": "missing"}, "missing needs a field"),
        ("/-/faults", {"kind": "poison"}, "poison needs the symbols"),
        ("/-/faults", 7, "fault: Input should be"),
        ("/-/price", {"symbol": "NOPE", "last": 1}, "NOPE is not traded here."),
        ("/-/price", {"symbol": "SPY", "last": -1}, "positive number"),
        ("/-/price", {"symbol": "SPY"}, "last: Field required"),
        ("/-/ws", {"action": "sing"}, "action is one of"),
    ],
)
async def test_bad_input_is_told_in_a_sentence(
    simulator: Simulator, session: Session, path: str, told: Any, sentence: str
) -> None:
    answer = await hand(session, "POST", path, told)
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]
    assert list(simulator.faults) == []


async def test_a_body_that_is_not_json(session: Session) -> None:
    answer = await session._client.post("/-/faults", content=b"{")
    assert (answer.status_code, answer.json()) == (400, {"error": "The body is not JSON."})


async def test_a_dropped_call_on_a_port_gets_no_answer(simulator: Simulator) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(simulator.app, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    session = Session(simulator.CLIENT_SECRET, simulator.REFRESH_TOKEN)
    session._client.base_url = httpx2.URL(f"http://127.0.0.1:{listening.getsockname()[1]}")
    async with session:
        await session.refresh()
        simulator.faults.add("drop", "/customers/me", count=1)
        with pytest.raises(httpx2.TransportError):
            await session.get_customer()
        simulator.faults.add("stall", "/customers/me", count=1)
        with pytest.raises(httpx2.ReadTimeout):
            await session._client.get("/customers/me", timeout=0.05)
        assert (await session.get_customer()).id == "me"
    server.should_exit = True
    await serving
    listening.close()
