"""The stream, read by the broker's own SDK, and by hand where the SDK is too polite."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx2
import pytest
import uvicorn
from httpx2.websockets import AsyncWebSocketSession, WebSocketDisconnect
from tastytrade import Session
from tastytrade.dxfeed import Quote, Summary, Trade
from tastytrade.utils import TastytradeError

from tests.wire.sdk import streaming
from ttai.clock import Clock
from ttai.simulator import Instrument, Simulator
from ttai.simulator.channels import LARGEST


class Standing(Clock):
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()


@pytest.fixture
def clock() -> Standing:
    return Standing()


@pytest.fixture
def simulator(clock: Standing) -> Simulator:
    return Simulator(clock=clock)


async def ended(session: Session, hurt: Callable[[], Awaitable[object]]) -> None:
    """A stream that is hurt once its first event is in, awaited to its end."""
    async with streaming(session) as stream:
        await stream.subscribe(Trade, ["SPY"])
        await stream.get_event(Trade)
        await hurt()
        await asyncio.Event().wait()


async def open_sockets(simulator: Simulator) -> Any:
    """What the hand shows of the stream."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(simulator.app), base_url="http://simulator") as hand:
        return (await hand.get("/-/ws")).json()


class Raw:
    """A DXLink client that says whatever it likes."""

    def __init__(self, socket: AsyncWebSocketSession, token: str) -> None:
        self.socket, self.token = socket, token

    async def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        await self.socket.send_json(message)
        return await self.hear()

    async def hear(self) -> dict[str, Any]:
        message: dict[str, Any] = await self.socket.receive_json()
        return message

    async def authorize(self) -> None:
        assert (await self.ask({"type": "SETUP", "channel": 0, "version": "0.1"}))["type"] == "SETUP"
        assert (await self.hear())["state"] == "UNAUTHORIZED"
        assert (await self.ask({"type": "AUTH", "channel": 0, "token": self.token}))["state"] == "AUTHORIZED"

    async def open(self, channel: int = 1) -> dict[str, Any]:
        asked = {"type": "CHANNEL_REQUEST", "channel": channel, "service": "FEED"}
        return await self.ask({**asked, "parameters": {"contract": "AUTO"}})


@asynccontextmanager
async def raw(session: Session) -> AsyncIterator[Raw]:
    token = (await session._get("/api-quote-tokens"))["token"]
    async with (
        httpx2.AsyncClient(**session.client_kwargs) as client,
        client.websocket("ws://simulator/dxlink", keepalive_ping_interval_seconds=None) as socket,
    ):
        yield Raw(socket, token)


async def test_the_current_values_come_at_once(session: Session) -> None:
    async with streaming(session) as stream:
        for event in (Quote, Trade, Summary):
            await stream.subscribe(event, ["SPY"])
        quote, trade = await stream.get_event(Quote), await stream.get_event(Trade)
        day = await stream.get_event(Summary)
    assert quote.bid_price <= trade.price <= quote.ask_price
    assert quote.bid_size % 100 == quote.ask_size % 100 == 0
    assert day.prev_day_close_price is not None
    assert trade.change == trade.price - day.prev_day_close_price
    assert day.day_low_price is not None
    assert day.day_high_price is not None
    assert day.day_low_price <= trade.price <= day.day_high_price
    assert day.day_close_price is None  # the day is not over
    assert trade.day_volume is not None
    assert trade.day_volume > 1e6


async def test_a_price_that_is_set_is_pushed_at_once(simulator: Simulator, session: Session) -> None:
    async with streaming(session) as stream:
        await stream.subscribe(Trade, ["TSLA", "F"])
        assert {(await stream.get_event(Trade)).event_symbol for _ in range(2)} == {"TSLA", "F"}
        simulator.set_price("TSLA", 200)
        trade = await stream.get_event(Trade)
        assert (trade.event_symbol, trade.price) == ("TSLA", Decimal(200))
        await simulator.tick()
        assert stream.get_event_nowait(Trade) is None  # F did not change, nor does time


async def test_time_moves_the_market(simulator: Simulator, session: Session, clock: Standing) -> None:
    async with streaming(session) as stream:
        await stream.subscribe(Quote, ["SPY"])
        first = await stream.get_event(Quote)
        clock.moment += timedelta(minutes=5)
        await simulator.tick()
        assert (await stream.get_event(Quote)).bid_price != first.bid_price


async def test_an_index_has_no_quote_and_the_unknown_nothing(simulator: Simulator, session: Session) -> None:
    async with streaming(session) as stream:
        for event in (Quote, Trade, Summary):
            await stream.subscribe(event, ["SPX", "NOPE", "SPY"])
        assert (await stream.get_event(Quote)).event_symbol == "SPY"
        assert {(await stream.get_event(Trade)).event_symbol for _ in range(2)} == {"SPX", "SPY"}
        assert {(await stream.get_event(Summary)).event_symbol for _ in range(2)} == {"SPX", "SPY"}
        await simulator.tick()
        assert [stream.get_event_nowait(event) for event in (Quote, Trade, Summary)] == [None] * 3


async def test_what_is_unsubscribed_is_silent(simulator: Simulator, session: Session, clock: Standing) -> None:
    async with streaming(session) as stream:
        await stream.subscribe(Trade, ["SPY", "QQQ"])
        assert {(await stream.get_event(Trade)).event_symbol for _ in range(2)} == {"SPY", "QQQ"}
        await stream.unsubscribe(Trade, ["SPY"])
        await stream.subscribe(Trade, ["IWM"])  # its answer says that the message before was taken in
        assert (await stream.get_event(Trade)).event_symbol == "IWM"
        clock.moment += timedelta(minutes=5)
        await simulator.tick()
        assert {(await stream.get_event(Trade)).event_symbol for _ in range(2)} == {"QQQ", "IWM"}
        assert await open_sockets(simulator) == [
            {"authorized": True, "stalled": False, "silent": False, "subscriptions": {"Trade": ["QQQ", "IWM"]}}
        ]
    assert await open_sockets(simulator) == []


async def test_the_handshake_word_by_word(session: Session) -> None:
    async with raw(session) as client:
        assert (await client.open())["error"] == "UNAUTHORIZED"
        await client.authorize()
        assert (await client.open())["type"] == "CHANNEL_OPENED"
        setup = {"type": "FEED_SETUP", "channel": 1, "acceptDataFormat": "COMPACT", "acceptAggregationPeriod": 0.5}
        fields = {"Trade": ["price", "eventSymbol", "mood"], "Quote": ["eventSymbol"]}
        config = await client.ask({**setup, "acceptEventFields": fields})
        assert (config["aggregationPeriod"], config["dataFormat"]) == (0.5, "COMPACT")
        assert config["eventFields"] == {"Trade": ["price", "eventSymbol"], "Quote": ["eventSymbol"]}
        add = [{"type": "Trade", "symbol": "SPX"}, {"type": "Quote", "symbol": "SPY"}]
        data = await client.ask({"type": "FEED_SUBSCRIPTION", "channel": 1, "add": add})
        assert (data["type"], data["data"][0], data["data"][1][1]) == ("FEED_DATA", "Trade", "SPX")
        assert (await client.hear())["data"] == ["Quote", ["SPY"]]  # one event type a message
        assert await client.ask({"type": "KEEPALIVE", "channel": 0}) == {"type": "KEEPALIVE", "channel": 0}
        reset = {"type": "FEED_SUBSCRIPTION", "channel": 1, "reset": True, "add": add[1:]}
        assert (await client.ask(reset))["data"] == ["Quote", ["SPY"]]
        assert await client.ask({"type": "CHANNEL_CANCEL", "channel": 1}) == {"type": "CHANNEL_CLOSED", "channel": 1}


async def test_full_format_names_the_fields(session: Session) -> None:
    async with raw(session) as client:
        await client.authorize()
        await client.open()
        add = [{"type": "Summary", "symbol": "SPY"}]
        data = await client.ask({"type": "FEED_SUBSCRIPTION", "channel": 1, "add": add})
        (event,) = data["data"]
        assert (event["eventType"], event["eventSymbol"], event["dayClosePrice"]) == ("Summary", "SPY", "NaN")


@pytest.mark.parametrize(
    "nonsense",
    [
        "not json",
        "[]",
        '{"type": "DANCE", "channel": 0}',
        '{"type": "AUTH", "channel": 0}',
        '{"type": "CHANNEL_REQUEST", "channel": 2, "service": "FEED"}',
        '{"type": "CHANNEL_REQUEST", "channel": 1, "service": "POEMS"}',
        '{"type": "FEED_SUBSCRIPTION", "channel": 99, "add": []}',
        '{"type": "AUTH", "channel": 0, "token": "stolen"}',
    ],
)
async def test_nonsense_is_an_error(session: Session, nonsense: str) -> None:
    async with raw(session) as client:
        await client.authorize()
        await client.socket.send_text(nonsense)
        answer = await client.hear()
        assert answer["type"] == "ERROR"
        assert answer["message"]


async def test_a_token_not_handed_out_is_fatal_for_the_sdk(session: Session) -> None:
    async with raw(session) as client:
        await client.ask({"type": "SETUP", "channel": 0})
        assert (await client.hear())["type"] == "AUTH_STATE"
        assert (await client.ask({"type": "AUTH", "channel": 0, "token": "stolen"}))["error"] == "UNAUTHORIZED"


async def test_signs_of_life(simulator: Simulator, session: Session, clock: Standing) -> None:
    async with raw(session) as client:
        await client.authorize()
        clock.moment += timedelta(seconds=30)
        await simulator.tick()
        assert await client.hear() == {"type": "KEEPALIVE", "channel": 0}


async def test_no_message_is_larger_than_a_client_takes(
    simulator: Simulator, session: Session, clock: Standing
) -> None:
    spy, names = simulator.world.instruments["SPY"], [f"{'LONG' * 1000}{n}" for n in range(30)]
    for name in names:  # as many bytes as the rows of a chain
        simulator.world.instruments[name] = spy._replace(symbol=name, tracks="SPY")
    async with raw(session) as client:
        await client.authorize()
        await client.open()
        for start in range(0, 30, 10):
            add = [{"type": "Trade", "symbol": name} for name in names[start : start + 10]]
            await client.ask({"type": "FEED_SUBSCRIPTION", "channel": 1, "add": add})
        clock.moment += timedelta(seconds=15)
        await simulator.tick()
        seen: list[str] = []
        while len(seen) < len(names):
            text = await client.socket.receive_text()
            assert len(text.encode()) <= LARGEST
            seen += [event["eventSymbol"] for event in json.loads(text)["data"]]
    assert seen == names


async def test_a_subscription_too_long_closes_the_socket(session: Session) -> None:
    async def subscribe() -> None:
        async with streaming(session) as stream:
            await stream.subscribe(Quote, [f"SYMBOL{n}" for n in range(2000)])
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as caught:  # the in-process transport wraps what the SDK raises
        await subscribe()
    assert caught.group_contains(TastytradeError, match="Subscription message too long")


async def test_an_ended_client_leaves_nothing(simulator: Simulator, session: Session) -> None:
    before = asyncio.all_tasks()
    async with streaming(session) as stream:
        await stream.subscribe(Quote, ["SPY"])
        await stream.get_event(Quote)
    assert simulator._feed.sockets == []
    assert asyncio.all_tasks() == before


@asynccontextmanager
async def served(simulator: Simulator, ws: str) -> AsyncIterator[Session]:
    """A session with the simulator on a port of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(simulator.app, ws=ws, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    session = Session(simulator.CLIENT_SECRET, simulator.REFRESH_TOKEN)
    session._client.base_url = httpx2.URL(f"http://127.0.0.1:{listening.getsockname()[1]}")
    async with session:
        yield session
    server.should_exit = True
    await serving
    listening.close()


@pytest.mark.parametrize("ws", ["websockets-sansio", "wsproto"])
async def test_the_same_on_a_port(ws: str) -> None:
    simulator = Simulator()
    async with served(simulator, ws) as session:
        async with streaming(session) as stream:
            await stream.subscribe(Trade, ["BRK/B"])
            assert (await stream.get_event(Trade)).event_symbol == "BRK/B"
            answer = await session._client.post("/-/price", json={"symbol": "BRK/B", "last": 321.09})
            assert answer.status_code == 200
            while (await stream.get_event(Trade)).price > 400:
                pass
        with pytest.raises(ExceptionGroup) as caught:
            await ended(session, lambda: session._client.post("/-/ws", json={"action": "drop"}))
    assert caught.group_contains(httpx2.websockets.WebSocketNetworkError)  # the line was cut, not closed


async def test_a_close_in_process_has_a_code(simulator: Simulator, session: Session) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        await ended(session, lambda: simulator._feed.sockets[0].drop())  # noqa: PLW0108  (there is no socket yet)
    assert caught.group_contains(WebSocketDisconnect)


def test_instruments_are_plain_facts() -> None:
    assert Instrument("X", "A thing", "Equity", "XNYS", 10.0, 0.3, 0.5).beta == pytest.approx(0.98, abs=0.01)
