"""What the adapter asks of an account, and what it makes of the answers."""

import asyncio
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tests.core.tastytrade.test_holdings import PUT
from tests.core.tastytrade.test_records import SOLD, SPREAD
from tests.desk import Desk, desk
from ttai.errors import BadArgument, BrokerUnavailable, TtaiError
from ttai.tastytrade.limits import Tries

NUMBER = "5WT1"
PATH = f"/accounts/{NUMBER}"
HISTORY, ORDERS = f"{PATH}/transactions", f"{PATH}/orders"
FROM, TO = date(2026, 11, 1), date(2026, 11, 20)


class Pages(Response):
    """An answer in pages; a body of its own for some of them."""

    def __init__(self, d: Desk, path: str, count: int, rows: Callable[[int], list[Any]]) -> None:
        super().__init__()
        self.rows = rows
        self.count = count
        self.odd: dict[int, tuple[int, Any]] = {}
        self.asked: list[dict[str, str]] = []
        d.tap.answers[path] = 0, self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = dict(part.split("=") for part in scope["query_string"].decode().split("&"))
        self.asked.append(query)
        number = int(query["page-offset"])
        whole = {"data": {"items": self.rows(number)}, "pagination": {"page-offset": number, "total-pages": self.count}}
        status, body = self.odd.get(number, (200, whole))
        await JSONResponse(body, status)(scope, receive, send)


def sold(number: int) -> list[dict[str, Any]]:
    """Two entries a page, of which the first was the last of the page before."""
    return [{**SOLD, "id": number}, {**SOLD, "id": number + 1}]


async def test_all_pages_of_a_history_are_read_each_entry_once() -> None:
    async with desk(streaming=False) as d:
        pages = Pages(d, HISTORY, 7, sold)
        read = await d.adapter.transactions(NUMBER, FROM, TO)
        assert [row.id for row in read] == list(range(8))
        assert sorted(int(query["page-offset"]) for query in pages.asked) == list(range(7))
        assert pages.asked[0] == {
            "sort": "Asc", "start-date": "2026-11-01", "end-date": "2026-11-20", "per-page": "250", "page-offset": "0",
        }  # fmt: skip


async def test_orders_come_with_the_newest_first() -> None:
    async with desk(streaming=False) as d:
        pages = Pages(d, ORDERS, 2, lambda number: [{**SPREAD, "id": 9 - number}, "noise"])
        read = await d.adapter.order_history(NUMBER, FROM, TO, "SPY")
        assert [row.id for row in read] == ["9", "8"]
        assert read.notes("orders") == ["2 of 4 orders could not be read and are left out"]
        assert (pages.asked[0]["sort"], pages.asked[0]["underlying-symbol"]) == ("Desc", "SPY")


@pytest.mark.parametrize("odd", [(400, {"error": {"code": "no"}}), (200, {"data": {}}), (200, {"data": {"items": 7}})])
async def test_a_page_that_fails_fails_them_all(odd: tuple[int, Any]) -> None:
    async with desk(streaming=False) as d:
        Pages(d, HISTORY, 7, sold).odd[5] = odd
        with pytest.raises(TtaiError):
            await d.adapter.transactions(NUMBER, FROM, TO)


async def test_more_pages_than_can_be_read_are_refused_after_the_first() -> None:
    async with desk(streaming=False) as d:
        pages = Pages(d, HISTORY, 201, sold)
        with pytest.raises(BadArgument, match=r"more than 50,000 entries\. Ask for fewer days"):
            await d.adapter.transactions(NUMBER, FROM, TO)
        assert len(pages.asked) == 1


@pytest.mark.parametrize("pagination", [None, {}, {"total-pages": "NaN"}])
async def test_an_answer_that_does_not_count_its_pages_is_whole_where_it_is_not_full(pagination: Any) -> None:
    async with desk(streaming=False) as d:
        full = [{**SPREAD, "id": number} for number in range(50)]
        d.tap.answer(ORDERS, {"data": {"items": full[:49]}, "pagination": pagination})
        assert len(await d.adapter.order_history(NUMBER, FROM, TO)) == 49
        d.tap.answer(ORDERS, {"data": {"items": full}, "pagination": pagination})
        with pytest.raises(BrokerUnavailable, match="does not say how many pages there are"):
            await d.adapter.order_history(NUMBER, FROM, TO)


async def test_positions_are_asked_for_with_their_marks() -> None:
    async with desk(streaming=False) as d:
        d.tap.answer(f"{PATH}/positions", {"data": {"items": [PUT, {**PUT, "quantity": None}]}})
        read = await d.adapter.positions(NUMBER)
        assert [(row.account, row.quantity) for row in read] == [(NUMBER, Decimal(-2))]
        assert read.notes("positions") == ["1 of 2 positions could not be read and are left out"]
        assert read.source == "simulator"
        assert (f"{PATH}/positions", "include-marks=true") in d.tap.queries


async def test_balances_that_cannot_be_read_are_said() -> None:
    async with desk(streaming=False) as d:
        d.tap.answer(f"{PATH}/balances", {"data": {"cash-balance": "much"}})
        with pytest.raises(BrokerUnavailable, match="balances of an account can't be read"):
            await d.adapter.balances(NUMBER)


async def test_a_history_of_worth_is_told_from_the_oldest() -> None:
    async with desk(streaming=False) as d:
        worth = {f"total-{name}": "5" for name in ("open", "high", "low", "close")}
        items = [{"time": f"2026-11-{day}T21:00:00Z", **worth} for day in (20, 18, 19)]
        d.tap.answer(f"{PATH}/net-liq/history", {"data": {"items": [*items, {"time": "soon", **worth}]}})
        read = await d.adapter.net_liq_history(NUMBER, "1m")
        assert [row.time.day for row in read] == [18, 19, 20]
        assert read.unreadable == 1
        assert (f"{PATH}/net-liq/history", "time-back=1m") in d.tap.queries


async def test_positions_and_balances_of_several_accounts_are_asked_for_side_by_side() -> None:
    async with desk(streaming=False, tries=Tries(speed=5)) as d:  # a request of a family each 0.22 s
        await d.adapter.session.refresh()
        numbers = ("5WT1", "5WT2", "5WT3")
        for number in numbers:
            d.tap.answer(f"/accounts/{number}/positions", {"data": {"items": [PUT]}})
            d.tap.answer(f"/accounts/{number}/balances", {"data": {"cash-balance": "5"}})
        await asyncio.gather(*map(d.adapter.positions, numbers), *map(d.adapter.balances, numbers))
        asked = [path.rpartition("/")[2] for path, _ in d.tap.queries if path.startswith("/accounts/")]
        assert [set(asked[start : start + 2]) for start in (0, 2, 4)] == [{"positions", "balances"}] * 3
