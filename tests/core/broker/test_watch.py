"""What happens in the accounts is told to all who listen, over one socket, across its ends and those of logins."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.core.broker.test_books import NUMBER, PATH, answer
from tests.desk import BAD, OAUTH, Desk, desk, until
from tests.streamer import ACCOUNTS, Streamer, happened
from ttai.broker.broker import Broker
from ttai.broker.holdings import AccountEvent
from ttai.broker.watch import MOST, Pace
from ttai.errors import NotLoggedIn
from ttai.tastytrade import TastyTrade
from ttai.testing import harness

CONNECTED = AccountEvent("connected")
ORDER = AccountEvent("order", ACCOUNTS[0])


class Listener:
    """Somebody who listens."""

    def __init__(self, broker: Broker) -> None:
        self.heard: list[AccountEvent] = []
        self.task = asyncio.create_task(self._listen(broker.changes()))

    async def _listen(self, changes: AsyncIterator[AccountEvent]) -> None:
        assert isinstance(changes, AsyncGenerator)
        try:
            async for event in changes:
                self.heard.append(event)
        finally:
            await changes.aclose()

    async def leave(self) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})


@asynccontextmanager
async def listening(broker: Broker) -> AsyncIterator[Listener]:
    listener = Listener(broker)
    try:
        yield listener
    finally:
        await listener.leave()


async def test_all_listeners_share_one_socket() -> None:
    async with desk(streaming=False) as d:
        broker = Streamer(d.tap)
        assert not d.broker.watch.live
        async with listening(d.broker) as one:
            await until(lambda: one.heard == [CONNECTED])
            async with listening(d.broker) as two:
                await until(lambda: two.heard == [CONNECTED])
                await broker.tell(happened("Order"))
                await until(lambda: one.heard[1:] == two.heard[1:] == [ORDER])
            assert d.broker.watch.live
            assert (broker.opened, broker.open) == (1, 1)
            assert [message["value"] for message in broker.said] == [ACCOUNTS]
        assert not d.broker.watch.live
        await until(lambda: broker.open == 0)


async def test_who_comes_after_the_last_one_left_has_a_socket_too() -> None:
    async with desk(streaming=False) as d:
        broker = Streamer(d.tap)
        for opened in (1, 2):
            async with listening(d.broker) as one:
                await until(lambda one=one: one.heard == [CONNECTED])  # type: ignore[misc]
                assert broker.opened == opened


async def test_it_comes_back_after_an_end_and_says_so() -> None:
    async with desk(streaming=False) as d:
        broker = Streamer(d.tap)
        async with listening(d.broker) as one:
            await until(lambda: one.heard == [CONNECTED])
            await broker.drop()
            await until(lambda: one.heard == [CONNECTED, CONNECTED])
            await broker.tell(happened("Order"))
            await until(lambda: one.heard[2:] == [ORDER])


async def test_a_broker_that_is_away_is_tried_ever_less_often_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    async with desk(streaming=False) as d:
        broker = Streamer(d.tap)
        broker.denies = True
        tried = 0

        async def count(scope: Any, receive: Any, send: Any) -> None:
            nonlocal tried
            tried += 1
            await broker(scope, receive, send)

        d.tap.sockets["/streamer"] = count
        start = time.monotonic()
        async with listening(d.broker) as one:
            await until(lambda: tried == 5)
            assert time.monotonic() - start > 0.01 + 0.02 + 0.04 + 0.08  # half of each delay, at least
            assert caplog.text.count("account socket:") == 1
            broker.denies = False
            await until(lambda: one.heard == [CONNECTED])


async def test_a_slow_listener_finds_what_happened_meanwhile() -> None:
    async with desk(streaming=False) as d:
        broker = Streamer(d.tap)
        changes = d.broker.changes()
        assert await anext(changes) == CONNECTED
        async with listening(d.broker) as other:
            for _ in range(3):
                await broker.tell(happened("Order"))
            await until(lambda: len(other.heard) == 4)
            assert [await anext(changes) for _ in range(3)] == [ORDER] * 3
            for _ in range(MOST + 2):
                await broker.tell(happened("Order"))
            await until(lambda: len(other.heard) == MOST + 6)
            assert [await anext(changes) for _ in range(2)] == [CONNECTED, ORDER]
        assert isinstance(changes, AsyncGenerator)
        await changes.aclose()


async def test_an_event_empties_the_memory_of_its_account() -> None:
    async with desk(streaming=False) as d:
        broker = Streamer(d.tap)
        answer(d)
        async with listening(d.broker) as one:
            await until(lambda: d.broker.watch.live)
            for account, requests in ((ACCOUNTS[1], 1), (NUMBER, 2)):
                await d.broker.positions(NUMBER)
                d.clock.advance(20)  # longer than without a socket
                await broker.tell(happened("CurrentPosition", account))
                await until(lambda account=account: one.heard[-1].account == account)  # type: ignore[misc]
                await d.broker.positions(NUMBER)
                assert d.asked(f"{PATH}/positions") == requests


async def test_what_was_remembered_for_longer_is_forgotten_with_the_socket() -> None:
    async with desk(streaming=False) as d:
        Streamer(d.tap)
        answer(d)
        async with listening(d.broker):
            await until(lambda: d.broker.watch.live)
            await d.broker.balances(NUMBER)
        await d.broker.balances(NUMBER)
        assert d.asked(f"{PATH}/balances") == 2


async def test_refused_credentials_are_not_tried_again_until_another_request_is_answered() -> None:
    async with desk(streaming=False, credentials=BAD) as d:
        broker = Streamer(d.tap)
        async with listening(d.broker) as one:
            await until(lambda: d.broker.watch.problem)
            await asyncio.sleep(0.3)
            assert (d.asked(OAUTH), broker.opened) == (1, 0)
            d.adapter.session._refused = None
            d.broker.watch.let_in()
            await until(lambda: d.asked(OAUTH) == 2)
            assert one.heard == []


async def test_refused_credentials_are_tried_again_after_a_long_while() -> None:
    async with desk(streaming=False, credentials=BAD) as d:
        patient = Broker(d.broker._gate, d.cache, pace=Pace(first_delay=0.01, again=0.05))
        async with listening(patient):
            await until(lambda: d.asked(OAUTH) == 1)
            d.adapter.session._refused = None
            await until(lambda: d.asked(OAUTH) == 2)
        await patient.close()


async def test_without_credentials_it_waits_for_a_login() -> None:
    async with desk(streaming=False) as d:
        Streamer(d.tap)
        gate, out = d.broker._gate, True

        class Door:
            async def broker(self) -> TastyTrade:
                if out:
                    raise NotLoggedIn
                return await gate.broker()  # type: ignore[return-value]

        d.broker._gate = d.broker.watch._gate = Door()
        async with listening(d.broker) as one:
            await until(lambda: d.broker.watch.problem)
            out = False
            d.broker.watch.forget()
            await until(lambda: one.heard == [CONNECTED])


async def test_another_login_has_a_socket_of_its_own() -> None:
    async with desk(streaming=False) as d:
        broker = Streamer(d.tap)
        async with listening(d.broker) as one:
            await until(lambda: one.heard == [CONNECTED])
            d.broker.watch.forget()
            assert not d.broker.watch.live
            await until(lambda: one.heard == [CONNECTED, CONNECTED])
            await until(lambda: broker.open == 1)
            assert broker.opened == 2


async def test_without_an_open_account_nothing_is_asked() -> None:
    async with desk(streaming=False) as d:
        broker = Streamer(d.tap)
        d.tap.answer("/customers/me/accounts", {"data": {"items": []}})
        async with listening(d.broker):
            await until(lambda: d.broker.watch.problem == "there is no open account.")
        assert broker.opened == 0


async def test_the_end_of_the_server_is_the_end_of_all_that_listens() -> None:
    async with desk(streaming=False) as d:
        broker = Streamer(d.tap)
        async with listening(d.broker) as one:
            await until(lambda: one.heard)
            await d.broker.close()
            await asyncio.wait_for(one.task, 1)
            assert broker.open == 0
            assert [event async for event in d.broker.changes()] == []


async def test_the_app_follows_its_login_and_ends_it() -> None:
    async with harness() as h:
        await h.app.login.settled()
        listener = Listener(h.app.broker)
        await until(lambda: h.app.broker.watch._task)
        before = h.app.broker.watch._task
        await h.app.login.anew()
        assert h.app.broker.watch._task is not before
    await asyncio.wait_for(listener.task, 1)


def listeners(d: Desk) -> int:
    return len(d.broker.watch._listeners)


async def test_who_never_asks_does_not_listen() -> None:
    async with desk(streaming=False) as d:
        d.broker.changes()
        assert listeners(d) == 0
        assert d.broker.watch._task is None
