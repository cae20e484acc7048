"""The adapter's REST: what the broker's rows become, asked as few times as can be."""

from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.desk import BY_TYPE, OAUTH, desk
from ttai.errors import (
    BrokerRefused,
    BrokerUnavailable,
    NotFound,
    NotPermitted,
    SessionRefused,
    TtaiError,
)

OPTION = "SPY   261218C00700000"


def item(symbol: str, kind: str = "Equity", **fields: Any) -> dict[str, Any]:
    return {"symbol": symbol, "instrument-type": kind, "last": "1.5", **fields}


def asked_for(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query)


async def test_rows_are_by_our_spelling_of_the_symbol_with_their_source() -> None:
    async with desk(streaming=False) as d:
        answer = await d.adapter.rows(["SPY", "BRK/B", "SPX", "VIX", "NOPE"])
        assert set(answer.rows) == {"SPY", "BRK/B", "SPX", "VIX"}
        assert answer.failed == {}
        assert {row.source for row in answer.rows.values()} == {"simulator"}
        spy, spx = answer.rows["SPY"], answer.rows["SPX"]
        assert spy.bid is not None
        assert spy.bid <= spy.mark <= spy.ask  # type: ignore[operator]
        assert (spx.bid, spx.ask, spx.mark) == (None, None, spx.last)
        assert d.asked(BY_TYPE) == 1


async def test_each_is_asked_for_under_its_type_at_most_100_at_once() -> None:
    async with desk(streaming=False) as d:
        letters = [chr(65 + n) for n in range(26)]
        symbols = [f"Q{a}{b}" for a in letters[:3] for b in letters][:60]
        await d.adapter.rows([*symbols, "SPX", OPTION])
        queries = [asked_for(query) for path, query in d.tap.queries if path == BY_TYPE]
        assert [len(query) for query in queries] == [100, 22]
        together = queries[0] + queries[1]
        assert together.count(("index", "SPX")) == 1
        assert ("equity", "SPX") not in together
        assert ("equity-option", OPTION) in together
        for symbol in symbols:  # an index nobody told us of would look the same
            assert together.count(("equity", symbol)) == together.count(("index", symbol)) == 1


@pytest.mark.parametrize("turn", [1, -1])
async def test_a_stock_is_not_taken_for_the_index_of_its_name(turn: int) -> None:
    async with desk(streaming=False) as d:
        both = [item("DJT", last="15"), item("DJT", "Index", last="16000")]
        d.tap.answer(BY_TYPE, {"data": {"items": both[::turn]}})
        assert (await d.adapter.rows(["DJT"])).rows["DJT"].last == 15


async def test_an_index_nobody_told_us_of_is_found() -> None:
    async with desk(streaming=False) as d:
        d.tap.answer(BY_TYPE, {"data": {"items": [item("NEWX", "Index", last="16000")]}})
        assert (await d.adapter.rows(["NEWX"])).rows["NEWX"].last == 16000


async def test_a_row_that_cannot_be_read_costs_itself() -> None:
    async with desk(streaming=False) as d:
        items = [item("SPY", volume="1.25", last="NaN"), "noise", {"instrument-type": "Equity", "last": "3"}]
        d.tap.answer(BY_TYPE, {"data": {"items": items}})
        answer = await d.adapter.rows(["SPY", "QQQ"])
        assert answer.rows["SPY"].last is None
        assert answer.rows["SPY"].volume == 1.25
        assert set(answer.failed) == {"QQQ"}  # one of them could be QQQ's: unreadable is not unknown
        answers = await d.market.quotes(["SPY", "QQQ"])
        assert [quote.symbol for quote in answers.quotes] == ["SPY"]
        assert answers.missing[0].reason == (
            "BROKER: TastyTrade does not answer as it should (a row of its market data can't be read). "
            "Try again in a minute."
        )


async def test_a_field_that_is_missing_in_one_row_is_null_there() -> None:
    async with desk({"kind": "missing", "path": BY_TYPE, "field": "bid", "count": 1}, streaming=False) as d:
        answers = await d.market.quotes(["SPY", "QQQ"])
        assert sorted(quote.bid is None for quote in answers.quotes) == [False, True]
        assert answers.missing == ()


async def test_nan_is_null_with_a_reason() -> None:
    async with desk({"kind": "nan", "path": BY_TYPE, "field": "last"}, streaming=False) as d:
        quote = await d.market.quote("SPY")
        assert (quote.last, quote.change) == (None, None)
        assert quote.mark == quote.mid
        assert quote.notes == ("last null: no value was given",)


async def test_a_request_that_fails_costs_the_symbols_in_it() -> None:
    async with desk(streaming=False) as d:
        symbols = [f"Q{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(49)]
        d.tap.answer(BY_TYPE, {"error": {"code": "validation_error", "message": "no"}}, 422, after=1)
        answer = await d.adapter.rows(["SPY", *symbols, "AAPL", "MSFT"])
        assert set(answer.rows) == {"SPY"}
        assert {"AAPL", "MSFT"} == set(answer.failed)
        assert isinstance(answer.failed["MSFT"], BrokerRefused)


@pytest.mark.parametrize(
    "body",
    [{}, {"data": {}}, {"data": []}, {"data": [1]}, {"data": "text"}, {"data": {"items": {}}}, {"data": {"item": []}}],
)
async def test_an_answer_of_another_shape_is_the_brokers_fault(body: Any) -> None:
    async with desk(streaming=False) as d:
        for path in ("/symbols/search/SPY", BY_TYPE):
            d.tap.answer(path, body)
        with pytest.raises(BrokerUnavailable):
            await d.adapter.search("SPY")
        assert isinstance((await d.adapter.rows(["SPY"])).failed["SPY"], BrokerUnavailable)


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (401, SessionRefused, "AUTHENTICATION"),
        (403, NotPermitted, "AUTHORIZATION"),
        (404, NotFound, "NOT_FOUND"),
        (422, BrokerRefused, "BROKER"),
    ],
)
async def test_a_refusal_has_its_code(status: int, error: type[TtaiError], code: str) -> None:
    async with desk({"kind": "status", "path": "/symbols/*", "status": status}, streaming=False) as d:
        with pytest.raises(error) as caught:
            await d.adapter.search("SPY")
        assert caught.value.code == code
        assert d.asked("/symbols/search/SPY") == (2 if status == 401 else 1)
        assert d.asked(OAUTH) == (2 if status == 401 else 1)


async def test_what_is_searched_for_is_one_part_of_the_path() -> None:
    async with desk(streaming=False) as d:
        found = await d.adapter.search("BRK/B")
        assert [(match.symbol, match.description) for match in found] == [("BRK/B", "Berkshire Hathaway Inc. Class B")]


@pytest.mark.parametrize("text", [".", ".."])
async def test_a_step_in_a_path_is_no_symbol(text: str) -> None:
    async with desk(streaming=False) as d:
        assert await d.adapter.search(text) == []
        assert not any(path.startswith("/symbols") for path in d.simulator.requests)


async def test_what_stands_in_an_answer_that_cannot_be_read_is_told_to_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async with desk(streaming=False) as d:
        d.tap.answer("/symbols/search/SPY", {"session": "t0psecret"})
        with pytest.raises(BrokerUnavailable, match=r"\(its answer on /symbols/search/SPY can't be read\)"):
            await d.adapter.search("SPY")
        assert "TastytradeError on /symbols/search/SPY" in caplog.text
        assert "t0psecret" not in caplog.text
