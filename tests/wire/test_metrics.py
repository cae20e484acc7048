"""The broker's metrics as the market service gives them: few requests, each failure said."""

import asyncio

import pytest

from tests.desk import HASTY, desk
from ttai.errors import BadArgument, BrokerUnavailable

PATH = "/market-metrics"


async def test_metrics_come_in_the_order_asked_with_their_source() -> None:
    async with desk(streaming=False) as d:
        answer = await d.market.metrics(["tsla", "BRK.B", "SPX", "TSLA"])
        assert [one.symbol for one in answer.metrics] == ["TSLA", "BRK/B", "SPX"]
        assert {one.source for one in answer.metrics} == {"simulator"}
        assert answer.missing == ()


async def test_single_questions_are_one_request_and_only_for_what_is_not_known() -> None:
    async with desk(streaming=False) as d:
        await asyncio.gather(*(d.market.metrics([symbol]) for symbol in ("SPY", "BRK/B", "SPY")))
        await d.market.metrics(["SPY", "BRK/B", "QQQ"])
        assert [query for path, query in d.tap.queries if path == PATH] == ["symbols=SPY%2CBRK%2FB", "symbols=QQQ"]


async def test_they_are_remembered_for_two_minutes_and_for_one_login() -> None:
    async with desk(streaming=False) as d:
        for passed, requests in ((0, 1), (119, 1), (2, 2)):
            d.clock.advance(passed)
            await d.market.metrics(["SPY"])
            assert d.asked(PATH) == requests
        d.adapter.login = "another"
        await d.market.metrics(["SPY"])
        assert d.asked(PATH) == 3


async def test_a_symbol_without_metrics_and_an_option_are_missing_with_their_reason() -> None:
    async with desk(streaming=False) as d:
        answer = await d.market.metrics(["SPY", "NOPE", "SPY   261218C00700000", "/ESM26"])
        reasons = {one.symbol: one.reason for one in answer.missing}
        assert [one.symbol for one in answer.metrics] == ["SPY"]
        assert reasons["NOPE"].startswith("NOT_FOUND: no metrics for NOPE")
        assert "Ask for its underlying" in reasons["SPY   261218C00700000"]
        assert reasons["/ESM26"].startswith("VALIDATION: ")


async def test_a_row_that_cannot_be_read_costs_the_symbols_that_did_not_come() -> None:
    async with desk(streaming=False) as d:
        d.tap.answer(PATH, {"data": {"items": [{"symbol": "SPY", "beta": "1.0"}, {"beta": "2.0"}]}})
        answer = await d.market.metrics(["SPY", "QQQ"])
        assert [(one.symbol, one.beta, one.iv_rank) for one in answer.metrics] == [("SPY", 1.0, None)]
        assert "a row of its metrics can't be read" in answer.missing[0].reason


async def test_what_all_failed_with_is_raised_and_asked_anew_afterwards() -> None:
    async with desk({"kind": "status", "path": PATH, "status": 502}, streaming=False, tries=HASTY) as d:
        with pytest.raises(BrokerUnavailable, match="HTTP 502"):
            await d.market.metrics(["SPY", "QQQ"])
        d.simulator.faults.clear()
        assert len((await d.market.metrics(["SPY", "QQQ"])).metrics) == 2


async def test_more_than_a_hundred_are_refused() -> None:
    async with desk(streaming=False) as d:
        with pytest.raises(BadArgument, match="101 symbols are too many at once"):
            await d.market.metrics([f"A{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(101)])
        assert d.asked(PATH) == 0


async def test_public_watchlists_are_remembered_for_five_minutes() -> None:
    async with desk(streaming=False) as d:
        for passed, requests in ((0, 1), (299, 1), (2, 2)):
            d.clock.advance(passed)
            lists = {one.name: one for one in await d.market.public_watchlists()}
            assert d.asked("/public-watchlists") == requests
        assert lists["Gold and Bonds"] == ["GLD", "TLT"]
        assert lists["Gold and Bonds"].source == "simulator"
