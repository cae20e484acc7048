"""Whatever the feed says costs the message, the row or the field it stands in; whatever it is told, the client."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from tests.desk import QUICK, until
from tests.fuzz.strategies import cases, spoilt
from tests.fuzz.test_tools import check_answer, in_time
from tests.fuzz.test_wire import check_numbers, written
from ttai.errors import LoginChanged
from ttai.market.types import UNREADABLE, CandleEvent, TradeEvent
from ttai.simulator import Simulator
from ttai.simulator.channels import LARGEST
from ttai.tastytrade import parse
from ttai.testing import FrozenClock, Harness, harness

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

EVENTS: dict[str, list[Any]] = {
    "Quote": ["SPY", 671.87, 671.88],
    "Trade": ["SPY", 671.88, 31057899.0],
    "Summary": ["SPY", 677.25, 679.59, 671.66, 677.9, 0.0],
    "Greeks": [".SPY261218C670", 0.1581, 0.5531, 0.0119, -0.2145, 0.7402, 0.2701],
    "Candle": ["SPY{=d,tho=true}", 0, 1_763_596_800_000, 677.25, 679.59, 671.66, 671.88, 31057899.0],
}
OF_A_CLIENT: list[Any] = [
    {"type": "SETUP", "channel": 0, "version": "0.1", "keepaliveTimeout": 60, "acceptKeepaliveTimeout": 60},
    {"type": "AUTH", "channel": 0, "token": "no"},
    {"type": "CHANNEL_REQUEST", "channel": 1, "service": "FEED", "parameters": {"contract": "AUTO"}},
    {"type": "FEED_SETUP", "channel": 1, "acceptAggregationPeriod": 0.1, "acceptDataFormat": "COMPACT",
     "acceptEventFields": {"Quote": ["eventSymbol", "bidPrice"]}},
    {"type": "FEED_SUBSCRIPTION", "channel": 1, "add": [{"type": "Quote", "symbol": "SPY"}],
     "remove": [{"type": "Trade", "symbol": "SPY"}]},
    {"type": "FEED_SUBSCRIPTION", "channel": 1,
     "add": [{"type": "Candle", "symbol": "SPY{=5m}", "fromTime": 1_763_646_300_000}]},
    {"type": "FEED_SUBSCRIPTION", "channel": 1, "add": [{"type": "Greeks", "symbol": ".SPY261218C670"}],
     "remove": [{"type": "Quote", "symbol": ".SPY261218C670"}]},
    {"type": "KEEPALIVE", "channel": 0},
    {"type": "CHANNEL_CANCEL", "channel": 1},
]  # fmt: skip
TOOLS = ("get_quote", "get_price_history", "get_indicators", "find_levels", "render_chart", "get_option_chain")


def told(name: str) -> st.SearchStrategy[Any]:
    """The values of two events, flat or named, spoilt."""
    named = [dict(zip(parse.FIELDS[name][1], EVENTS[name], strict=True))] * 2
    return spoilt(EVENTS[name] * 2) | spoilt(named)


@cases(60)
@given(st.sampled_from(sorted(EVENTS)).flatmap(lambda name: st.tuples(st.just(name), told(name))))
async def test_an_event_is_read_or_left_out(said: tuple[str, Any]) -> None:
    name, values = said
    if not isinstance(values, list):
        return
    for event in parse.candle_events(values) if name == "Candle" else parse.feed_events(name, values):
        check_numbers(list(event))
        if isinstance(event, CandleEvent) and event.time != UNREADABLE:
            datetime.fromtimestamp(event.time / 1000, UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app() -> AsyncIterator[Harness]:
    """An app that hears quotes and candles, and must hear them rightly after all cases."""
    async with harness() as h:
        h.app.market.supervisor._timing = QUICK
        await h.app.login.settled()
        yield h
        h.app.market._book.forget(LoginChanged())
        hub, before = h.app.market.hub, h.app.market.hub.sockets
        for socket in list(h.simulator._feed.sockets):
            await socket.drop()
        await until(lambda: hub.live and hub.sockets > before, 15)
        true = h.simulator.world.snapshot("SPY", h.clock.now().timestamp())
        assert true is not None
        await h.call("get_quote", symbol="SPY")
        await until(lambda: hub.line("SPY").events[TradeEvent].price == true.last)  # type: ignore[union-attr]
        assert (await h.call("get_quote", symbol="SPY")).data["last"] == pytest.approx(true.last)
        assert (await h.call("get_price_history", symbol="SPY")).data["summary"]["last"] == pytest.approx(true.last)


@st.composite
def messages(draw: st.DrawFn) -> str:
    """A message of the feed that nobody should send."""
    name = draw(st.sampled_from([*EVENTS, "Candle", "Candle"]))
    values = draw(told(name))
    data = [name, values] if isinstance(values, list) and not isinstance(values[:1], dict) else values
    message = {"type": "FEED_DATA", "channel": 1, "data": data}
    how = draw(st.sampled_from(["well", "well", "well", "well", "spoilt", "other"]))
    if how == "well":
        return json.dumps(message)
    return written(draw, draw(spoilt(message)) if how == "spoilt" else message).decode("latin-1")


@cases(30)
@given(said=st.lists(messages(), min_size=1, max_size=3), tool=st.sampled_from(TOOLS))
async def test_a_tool_answers_whatever_the_feed_says(app: Harness, said: list[str], tool: str) -> None:
    await until(lambda: app.app.market.hub.live, 15)
    await app.client.call_tool_mcp("get_quote", {"symbol": "SPY"})
    await app.client.call_tool_mcp("get_price_history", {"symbol": "SPY"})
    for text in said:
        for socket in list(app.simulator._feed.sockets):
            if not socket._over:
                await socket._raw({"type": "websocket.send", "text": text})
    await asyncio.sleep(0.005)
    check_answer(await in_time(lambda: app.client.call_tool_mcp(tool, {"symbol": "SPY"})))


@cases(50)
@given(
    st.lists(st.sampled_from(OF_A_CLIENT).flatmap(lambda one: st.just(one) | spoilt(one)), max_size=8), st.booleans()
)
async def test_the_simulator_survives_its_clients(said: list[Any], authorized: bool) -> None:
    simulator = Simulator(clock=FrozenClock())
    inbox: list[dict[str, Any]] = [{"type": "websocket.connect"}]
    greeting = (
        {"type": "AUTH", "channel": 0, "token": simulator._tokens.quote()} if authorized else {"type": "KEEPALIVE"}
    )
    inbox += [{"type": "websocket.receive", "text": json.dumps(one)} for one in [greeting, *said]]
    outbox: list[Mapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        return inbox.pop(0) if inbox else {"type": "websocket.disconnect", "code": 1000}

    async def send(message: Mapping[str, Any]) -> None:
        outbox.append(message)

    async with asyncio.timeout(15):
        await simulator.app({"type": "websocket", "path": "/dxlink", "headers": []}, receive, send)
    for message in outbox:
        if message["type"] == "websocket.send":
            assert len(message["text"].encode()) <= LARGEST
            assert "type" in json.loads(message["text"])
