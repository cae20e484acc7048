"""Whatever the broker sends, it costs the row, the field or the answer it stands in, and nothing else."""

import asyncio
import dataclasses
import json
import math
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response

from tests.core.tastytrade.test_holdings import MONEY, PUT
from tests.core.tastytrade.test_records import SOLD, SPREAD
from tests.desk import BY_TYPE, GOOD, OAUTH, Tap
from tests.fuzz.strategies import anything, cases, spoilt
from tests.fuzz.test_tools import check_answer, in_time
from tests.streamer import Streamer, happened
from ttai.errors import TtaiError
from ttai.simulator import STAMP, Simulator
from ttai.tastytrade import TastyTrade, in_process, parse
from ttai.tastytrade.limits import Tries
from ttai.tastytrade.metrics import metrics
from ttai.tastytrade.watchlists import watchlist
from ttai.testing import FrozenClock, Harness, harness

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

ONCE = Tries(first_pause=0.01, last_pause=0.01, patience=3.05, speed=1000)  # nonsense stays nonsense: no second try
METRICS, SEARCH, ACCOUNTS = "/market-metrics", "/symbols/search/SPY", "/customers/me/accounts"
PRIVATE, PUBLIC = "/watchlists", "/public-watchlists"
PARSERS: dict[str, list[Callable[[Any], Any]]] = {
    BY_TYPE: [lambda item: parse.market_row(item, "rest"), parse.is_index, parse.symbol],
    METRICS: [lambda item: metrics(item, "rest")],
    SEARCH: [parse.instrument],
    ACCOUNTS: [parse.account],
    PRIVATE: [lambda item: watchlist(item, "rest")],
    PUBLIC: [lambda item: watchlist(item, "rest")],
}
NUMBER, FROM, TO = "5WT00718", date(2026, 10, 1), date(2026, 11, 20)
BOOKS = {
    "positions": lambda broker: broker.positions(NUMBER),
    "balances": lambda broker: broker.balances(NUMBER),
    "transactions": lambda broker: broker.transactions(NUMBER, FROM, TO),
    "orders": lambda broker: broker.order_history(NUMBER, FROM, TO),
    "orders/live": lambda broker: broker.live_orders(NUMBER),
    "net-liq/history": lambda broker: broker.net_liq_history(NUMBER, "1m"),
}
LONGEST = 60_000  # of a message: a longer one ends the socket
WORTH = {"time": "2026-11-20T21:00:00Z", **{f"total-{name}": "5.5" for name in ("open", "high", "low", "close")}}
WRITTEN = {
    "positions": {"items": [PUT] * 2},
    "balances": MONEY,
    "transactions": {"items": [SOLD] * 2},
    "orders": {"items": [SPREAD] * 2},
    "orders/live": {"items": [SPREAD] * 2},
    "net-liq/history": {"items": [WORTH] * 2},
}
TOOLS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    BY_TYPE: [("get_quote", {"symbol": "SPY"}), ("get_quotes", {"symbols": ["SPY", "SPX", "BRK/B"]})],
    METRICS: [("get_market_metrics", {"symbols": ["SPY", "AAPL"]}), ("get_events", {"symbols": ["AAPL"], "days": 365})],
    SEARCH: [("search_symbols", {"query": "SPY"})],
    ACCOUNTS: [("test_connection", {})],
    PRIVATE: [
        ("get_watchlists", {}),
        ("get_watchlists", {"name": "Core Holdings"}),
        ("edit_watchlist", {"name": "Core Holdings", "action": "add", "symbols": ["F"]}),
    ],
    PUBLIC: [("get_watchlists", {})],
}


@dataclasses.dataclass(repr=False)
class Broker:
    """An app whose broker answers what a case wants; no stream, so that REST is asked."""

    harness: Harness
    tap: Tap
    bodies: dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker() -> AsyncIterator[Broker]:
    async with harness(app_tools=True) as h:
        h.simulator.faults.add("status", "/dxlink", status=503, count=10**6)
        await h.app.login.settled()
        await h.app.connection.close()
        tap = Tap(h.simulator)
        adapter = TastyTrade(GOOD, "http://simulator", in_process(tap), ONCE)
        h.app.connection._adapter = adapter
        for socket in list(h.simulator._feed.sockets):
            await socket.drop()
        params = {BY_TYPE: {"equity": ["SPY", "BRK/B"], "index": ["SPX"]}, METRICS: {"symbols": ["SPY,AAPL"]}}
        yield Broker(h, tap, {path: await adapter._get(path, params.get(path)) for path in PARSERS})
        tap.answers.clear()
        h.app.cache.clear()
        assert (await h.call("get_quote", symbol="SPY")).data["source"] == "simulator"
        assert len((await h.call("get_market_metrics", symbols=["SPY", "AAPL"])).rows("metrics")) == 2


def check_numbers(value: Any) -> None:
    """Nothing but finite numbers, texts, dates and what is made of them."""
    if isinstance(value, float):
        assert math.isfinite(value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        check_numbers([getattr(value, one.name) for one in dataclasses.fields(value)])
    elif isinstance(value, list | tuple):
        for item in value:
            check_numbers(item)
    else:
        assert isinstance(value, str | int | date | Decimal | Enum | None), type(value)
        assert not isinstance(value, Decimal) or math.isfinite(float(value))


@cases(60)
@given(st.data())
async def test_a_row_is_read_or_left_out(broker: Broker, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(PARSERS)), "path")
    item = data.draw(st.sampled_from(broker.bodies[path]["items"]).flatmap(spoilt) | anything, "row")
    for read in PARSERS[path]:
        check_numbers(read(item))


def written(draw: st.DrawFn, body: Any) -> bytes:
    """A body as bytes, now and then cut short or something else."""
    text = json.dumps(body).encode()
    how = draw(st.sampled_from(["whole"] * 8 + ["cut", "other"]))
    if how == "cut":
        return text[: draw(st.integers(0, min(len(text), 200)))]
    return draw(st.sampled_from([b"", b"NaN", b"\xff\xfe", b"[" * 50_000, b"9" * 5_000])) if how == "other" else text


@st.composite
def answers(draw: st.DrawFn, body: Any) -> Response:
    """A broker's answer: mostly a whole one whose rows are spoilt, else cut short or something else."""
    whole = {"data": draw(spoilt(body)), "context": "/"} if draw(st.booleans()) else draw(spoilt({"data": body}))
    status = draw(st.sampled_from([200] * 9 + [204, 201, 302, 400, 404, 422]))
    return Response(written(draw, whole), status, {STAMP: "1"})


@cases(50)
@given(st.data())
async def test_a_tool_answers_whatever_the_broker_does(broker: Broker, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(TOOLS)), "path")
    response = data.draw(answers(broker.bodies[path]), "answer")
    broker.tap.answers = {path: (0, response), f"{path}/Core%20Holdings": (0, response)}
    broker.harness.app.cache.clear()
    for name, sent in TOOLS[path]:
        check_answer(await in_time(partial(broker.harness.client.call_tool_mcp, name, sent)))


@cases(60)
@given(st.data())
async def test_a_book_is_read_or_not(broker: Broker, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(BOOKS)), "path")
    response = data.draw(answers(WRITTEN[path]), "answer")
    broker.tap.answers = {f"/accounts/{NUMBER}/{path}": (0, response)}
    broker.harness.app.cache.clear()
    with suppress(TtaiError):
        async with asyncio.timeout(5):
            check_numbers(await BOOKS[path](broker.harness.app.broker))


@cases(60)
@given(st.data())
async def test_the_account_socket_hears_what_comes_after_any_message(broker: Broker, data: st.DataObject) -> None:
    strange = (spoilt(happened("Order", legs=[1])) | anything).map(json.dumps).filter(lambda text: len(text) < LONGEST)
    messages = data.draw(st.lists(strange, max_size=3), "messages")
    streamer = Streamer(broker.tap)
    adapter = await broker.harness.app.connection.broker()
    async with asyncio.timeout(10), adapter.account_events([NUMBER]) as events:
        for message in messages:
            await streamer.tell(message)
        await streamer.tell(happened("CurrentPosition", "the last"))
        async for event in events:
            check_numbers(event)
            if event.account == "the last":
                break


@st.composite
def logins(draw: st.DrawFn) -> Response:
    """An answer to a login."""
    good = {"access_token": "a.b.c", "token_type": "Bearer", "expires_in": 900}
    return Response(written(draw, draw(spoilt(good))), draw(st.sampled_from([200, 200, 200, 201, 400])), {STAMP: "1"})


@cases(10)
@given(logins())
async def test_a_login_is_answered_whatever_the_broker_does(response: Response) -> None:
    tap = Tap(Simulator(clock=FrozenClock()))
    tap.answers[OAUTH] = 0, response
    adapter = TastyTrade(GOOD, "http://simulator", in_process(tap), ONCE)
    with suppress(TtaiError):
        await adapter.accounts()
    await adapter.close()
