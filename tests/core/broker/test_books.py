"""What the broker has written down is asked once and remembered for a little while."""

import asyncio
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.core.tastytrade.test_holdings import MONEY, PUT
from tests.core.tastytrade.test_records import SOLD, SPREAD
from tests.desk import Desk, Gate, desk
from ttai.broker.books import Books
from ttai.errors import BadArgument, NotFound

NUMBER = "5WT00718"
PATH = f"/accounts/{NUMBER}"
FROM, TO = date(2026, 11, 1), date(2026, 11, 20)
WORTH = {"time": "2026-11-20T21:00:00Z", **{f"total-{name}": 5 for name in ("open", "high", "low", "close")}}


def answer(d: Desk) -> None:
    """The account has something of everything."""
    for path, item in (
        ("positions", PUT),
        ("transactions", SOLD),
        ("orders", SPREAD),
        ("orders/live", SPREAD),
        ("net-liq/history", WORTH),
    ):
        d.tap.answer(f"{PATH}/{path}", {"data": {"items": [item]}})
    d.tap.answer(f"{PATH}/balances", {"data": MONEY})


QUESTIONS: list[tuple[str, Callable[[Any], Any], float]] = [
    ("positions", lambda of: of.positions(NUMBER), 5),
    ("balances", lambda of: of.balances(NUMBER), 5),
    ("transactions", lambda of: of.transactions(NUMBER, FROM, TO, None), 60),
    ("orders", lambda of: of.order_history(NUMBER, FROM, TO, None), 60),
    ("net-liq/history", lambda of: of.net_liq_history(NUMBER, "1m"), 60),
]


@pytest.mark.parametrize(("path", "ask", "life"), QUESTIONS)
async def test_an_answer_is_remembered_for_a_little_while(path: str, ask: Callable[[Any], Any], life: float) -> None:
    async with desk(streaming=False) as d:
        answer(d)
        first, second = await asyncio.gather(ask(d.broker), ask(d.broker))
        assert first == second
        d.clock.advance(life - 1)
        await ask(d.broker)
        assert d.asked(f"{PATH}/{path}") == 1
        d.clock.advance(2)
        await ask(d.broker)
        assert d.asked(f"{PATH}/{path}") == 2


@pytest.mark.parametrize(("path", "ask", "life"), QUESTIONS)
async def test_a_change_of_the_account_empties_the_memory(path: str, ask: Callable[[Any], Any], life: float) -> None:
    async with desk(streaming=False) as d:
        answer(d)
        books = Books(Gate(d.adapter), d.cache)
        for account, requests in (("5WT00934", 1), (NUMBER, 2), ("", 3)):
            await ask(books)
            books.forget(account)
            await ask(books)
            assert d.asked(f"{PATH}/{path}") == requests


async def test_while_the_broker_tells_of_changes_the_holdings_are_remembered_for_longer() -> None:
    async with desk(streaming=False) as d:
        answer(d)
        books = Books(Gate(d.adapter), d.cache, told=lambda: True)
        for passed, requests in ((0, 1), (29, 1), (2, 2)):
            d.clock.advance(passed)
            await books.positions(NUMBER)
            await books.balances(NUMBER)
            assert (d.asked(f"{PATH}/positions"), d.asked(f"{PATH}/balances")) == (requests, requests)


async def test_live_orders_are_never_remembered() -> None:
    async with desk(streaming=False) as d:
        answer(d)
        for _ in range(2):
            (order,) = await d.broker.live_orders(NUMBER)
            assert (order.id, order.account) == ("273880112", NUMBER)
        assert d.asked(f"{PATH}/orders/live") == 2


async def test_another_login_has_books_of_its_own() -> None:
    async with desk(streaming=False) as d:
        answer(d)
        await d.broker.balances(NUMBER)
        d.adapter.login = "another"
        assert (await d.broker.balances(NUMBER)).pending_cash == Decimal(-50)
        assert d.asked(f"{PATH}/balances") == 2


async def test_an_underlying_is_taken_in_any_spelling() -> None:
    async with desk(streaming=False) as d:
        answer(d)
        await d.broker.transactions(NUMBER, FROM, TO, " brk.b ")
        await d.broker.order_history(NUMBER, FROM, TO, "spxw")
        queries = dict(d.tap.queries)
        assert "underlying-symbol=BRK%2FB" in queries[f"{PATH}/transactions"]
        assert "underlying-symbol=SPX" in queries[f"{PATH}/orders"]
        with pytest.raises(BadArgument, match="is not a symbol"):
            await d.broker.transactions(NUMBER, FROM, TO, "no symbol!")


@pytest.mark.parametrize("number", ["", "..", "a/b?c", "x" * 99])
async def test_what_is_no_number_is_not_asked_for(number: str) -> None:
    async with desk(streaming=False) as d:
        for ask in (d.broker.positions, d.broker.balances, d.broker.live_orders):
            with pytest.raises(NotFound, match="there is no account"):
                await ask(number)
        assert d.asked("/oauth/token") == 0
