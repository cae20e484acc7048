"""The account socket: what it tells, what it says itself, and how it ends."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.desk import Desk, desk, nothing_left_open, until
from tests.streamer import ACCOUNTS, Streamer, happened
from ttai.broker.holdings import AccountEvent
from ttai.errors import BrokerUnavailable
from ttai.isolation import leaf
from ttai.tastytrade.alerts import Alerts, open_alerts, streamer_url


@pytest.mark.parametrize(
    ("api", "url"),
    [
        ("https://api.tastyworks.com", "wss://streamer.tastyworks.com"),
        ("https://api.tastyworks.com/", "wss://streamer.tastyworks.com"),
        ("https://api.cert.tastyworks.com", "wss://streamer.cert.tastyworks.com"),
        ("http://127.0.0.1:8123", "ws://127.0.0.1:8123/streamer"),
        ("http://[::1]:8123/", "ws://[::1]:8123/streamer"),
        ("http://simulator", "ws://simulator/streamer"),
        ("https://broker.example:8443", "wss://broker.example:8443/streamer"),
    ],
)
def test_where_it_is_follows_from_the_api(api: str, url: str) -> None:
    assert streamer_url(api) == url


@asynccontextmanager
async def alerts(d: Desk, **times: float) -> AsyncIterator[Alerts]:
    async with open_alerts(d.adapter.session, d.adapter.origin, ACCOUNTS, **times) as opened:
        yield opened


async def end_of(d: Desk, then: Callable[[], Awaitable[object]] | None = None, **times: float) -> BaseException:
    """Why the socket ended, after `then` was done."""
    try:
        async with asyncio.timeout(5), alerts(d, **times) as opened:
            if then is not None:
                await then()
            async for _ in opened:
                pass
    except Exception as error:
        return leaf(error)
    raise AssertionError("it did not end")


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (happened("Order", status="Filled", legs="odd"), AccountEvent("order", ACCOUNTS[0])),
        (happened("AccountBalance", ACCOUNTS[1]), AccountEvent("balance", ACCOUNTS[1])),
        (happened("CurrentPosition"), AccountEvent("position", ACCOUNTS[0])),
        (happened("ExternalTransaction"), AccountEvent("other", ACCOUNTS[0])),
        ({"type": "QuoteAlert", "data": {"symbol": "SPY"}}, AccountEvent("other")),
        ({"type": "Order"}, AccountEvent("order")),  # of whom, nobody knows
        ({"type": "Order", "data": {"account-number": 7}}, AccountEvent("order")),
        ({"results": ["noise", happened("CurrentPosition")]}, AccountEvent("position", ACCOUNTS[0])),
    ],
)
async def test_what_happened_is_told(message: Any, event: AccountEvent) -> None:
    async with desk(streaming=False) as d:
        broker = Streamer(d.tap)
        async with alerts(d) as opened:
            await broker.tell(message)
            assert await anext(opened) == event


async def test_it_asks_for_all_accounts_with_the_token() -> None:
    async with desk(streaming=False) as d:
        broker = Streamer(d.tap)
        with nothing_left_open():
            async with alerts(d):
                (asked,) = broker.said
        token = d.adapter.session.session_token
        assert (asked["action"], asked["value"], asked["auth-token"]) == ("connect", ACCOUNTS, f"Bearer {token}")
        await until(lambda: broker.open == 0)


@pytest.mark.parametrize("noise", ["{", "[1]", '"word"', "[" * 50_000, "{}", '{"type": 7}', '{"request-id": []}'])
async def test_a_message_that_cannot_be_read_costs_itself(noise: str) -> None:
    async with desk(streaming=False) as d:
        broker = Streamer(d.tap)
        async with alerts(d) as opened:
            await broker.tell(noise)
            await broker.tell(happened("Order"))
            assert await anext(opened) == AccountEvent("order", ACCOUNTS[0])


async def test_it_shows_that_it_is_there_with_a_token_that_is_valid() -> None:
    async with desk(streaming=False) as d:
        broker = Streamer(d.tap)
        async with alerts(d, beat=0.02):
            await until(lambda: broker.actions().count("heartbeat") >= 2)
            d.adapter.session.session_expiration = 0.0
            old = d.adapter.session.session_token
            await until(lambda: d.adapter.session.session_token != old)
            await until(lambda: broker.said[-1]["auth-token"] == f"Bearer {d.adapter.session.session_token}")
        assert len({message["request-id"] for message in broker.said}) == len(broker.said)


async def test_a_socket_that_answers_nothing_any_more_is_dead() -> None:
    async with desk(streaming=False) as d:
        broker = Streamer(d.tap)
        broker.ignores.add("heartbeat")
        error = await end_of(d, beat=0.05, dead=0.12)
        assert isinstance(error, BrokerUnavailable)
        assert "nothing was heard on the account socket" in error.message
        assert broker.actions()[:2] == ["connect", "heartbeat"]


async def test_one_that_tells_something_lives() -> None:
    async with desk(streaming=False) as d:
        broker = Streamer(d.tap)
        broker.ignores.add("heartbeat")
        async with alerts(d, beat=0.05, dead=0.5):
            for _ in range(14):
                await asyncio.sleep(0.05)
                await broker.tell(happened("Order"))


@pytest.mark.parametrize("action", ["connect", "heartbeat"])
async def test_a_refusal_ends_it_and_tells_no_token(action: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with desk(streaming=False) as d:
        Streamer(d.tap).refuses.add(action)
        error = await end_of(d, beat=0.02)
        assert isinstance(error, BrokerUnavailable)
        assert f"refused to {action}" in error.message
        assert "secret-token" not in error.message + caplog.text
        assert d.adapter.session.session_token not in caplog.text


async def test_a_close_is_the_end() -> None:
    async with desk(streaming=False) as d:
        broker = Streamer(d.tap)
        error = await end_of(d, broker.drop)
        assert isinstance(error, BrokerUnavailable)
        assert "closed the account socket, code 1001" in error.message


@pytest.mark.parametrize("port", [False, True])
async def test_a_socket_that_is_not_there_is_said(port: bool) -> None:
    async with desk(streaming=False, port=port) as d:
        Streamer(d.tap).denies = True
        error = await end_of(d)
        assert isinstance(error, BrokerUnavailable)
        assert "account socket" in error.message


async def test_it_works_on_a_port() -> None:
    async with desk(streaming=False, port=True) as d:
        broker = Streamer(d.tap)
        async with d.adapter.account_events(ACCOUNTS) as events:
            await broker.tell(happened("Order"))
            async for event in events:
                assert event == AccountEvent("order", ACCOUNTS[0])
                break
