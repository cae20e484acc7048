"""The quotes plugin as a client meets it, in both protocol eras, on the simulated market."""

import json
from datetime import datetime
from typing import Any

import pytest
from fastmcp.exceptions import ToolError
from mcp.types import TextResourceContents

from tests.desk import BY_TYPE, until
from ttai.clock import NEW_YORK
from ttai.testing import Harness, harness

PRICES = ["last", "bid", "ask", "mid", "mark", "open", "high", "low", "prev_close"]
FIELDS = ["symbol", *PRICES, "volume", "change", "change_percent"]
MANY = [f"Q{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(100)]
PROVENANCE = {"as_of", "source", "session", "stale"}


async def test_a_quote_has_every_field_and_its_provenance(demo: Harness) -> None:
    quote = await demo.call("get_quote", symbol="SPY")
    assert set(quote.data) == {*FIELDS, *PROVENANCE}
    assert quote.data["source"] == "simulator"
    assert quote.data["session"] == "open (simulated)"
    assert quote.data["stale"] is False
    assert datetime.fromisoformat(quote.data["as_of"]) == demo.clock.now().replace(microsecond=0)


async def test_the_numbers_of_a_quote_agree_with_each_other(demo: Harness) -> None:
    for symbol in ("SPY", "TSLA", "F", "BRK/B"):
        q = (await demo.call("get_quote", symbol=symbol)).data
        assert q["low"] <= q["last"] <= q["high"]
        assert q["bid"] <= q["mid"] <= q["ask"]
        assert q["mid"] == pytest.approx((q["bid"] + q["ask"]) / 2, abs=1e-4)
        assert q["change"] == pytest.approx(q["last"] - q["prev_close"], abs=1e-3)
        assert q["change_percent"] == pytest.approx(q["change"] / q["prev_close"] * 100, abs=0.01)


async def test_the_text_says_what_the_structure_says(demo: Harness) -> None:
    quote = await demo.call("get_quote", symbol="SPY")
    facts = dict(line.split(": ", 1) for line in quote.text.splitlines())
    assert float(facts["last"]) == quote.data["last"]
    assert facts["stale"] == "no"
    assert facts["as_of"] == "2026-11-20 10:31:00 EST"


@pytest.mark.parametrize("spelling", ["SPY", " spy ", "Spy"])
async def test_spellings_of_a_symbol_are_one_symbol(demo: Harness, spelling: str) -> None:
    assert (await demo.call("get_quote", symbol=spelling)).data["symbol"] == "SPY"


@pytest.mark.parametrize("spelling", ["BRK.B", "BRK/B", "brk.b", "BRK-B"])
async def test_a_share_class_may_be_written_in_any_way(demo: Harness, spelling: str) -> None:
    assert (await demo.call("get_quote", symbol=spelling)).data["symbol"] == "BRK/B"


@pytest.mark.parametrize("symbol", ["SPX", "VIX"])
async def test_an_index_has_a_last_price_and_says_why_it_has_no_bid(demo: Harness, symbol: str) -> None:
    quote = await demo.call("get_quote", symbol=symbol)
    assert quote.data["last"] > 0
    assert quote.data["bid"] is quote.data["ask"] is quote.data["mid"] is None
    assert quote.data["mark"] == quote.data["last"]
    assert "an index has no bid and ask" in " ".join(quote.data["notes"])
    assert "note: " in quote.text


async def test_a_moved_price_is_seen_at_once(fresh: Harness) -> None:
    await fresh.call("get_quote", symbol="TSLA")
    fresh.simulator.set_price("TSLA", 200)
    quote = await _until(fresh, "TSLA", 200)
    assert quote["low"] <= 200
    assert quote["bid"] <= 200 <= quote["ask"]


async def _until(demo: Harness, symbol: str, last: float) -> dict[str, Any]:
    """The quote once the feed has carried the price here; bounded by the test's own time."""
    async for _ in demo.app.market.hub.changes([symbol], ()):
        quote = (await demo.call("get_quote", symbol=symbol)).data
        if quote["last"] == last:
            return quote
    raise AssertionError("the feed ended")


@pytest.mark.parametrize("symbol", ["", "   ", "DROP TABLE", "a" * 500, "/ESM26", "$"])
async def test_what_is_no_symbol_is_said_with_what_one_looks_like(demo: Harness, symbol: str) -> None:
    with pytest.raises(ToolError, match=r"^VALIDATION: ") as caught:
        await demo.call("get_quote", symbol=symbol)
    assert len(str(caught.value)) < 400


async def test_an_unknown_symbol_is_not_found_and_remembered(fresh: Harness) -> None:
    for _ in range(2):
        with pytest.raises(ToolError, match=r"NOT_FOUND: no market data for ZZZZ\. .*search_symbols"):
            await fresh.call("get_quote", symbol="ZZZZ")
    assert fresh.simulator.requests["/market-data/by-type"] == 1


async def test_many_symbols_are_one_table_in_the_order_asked(demo: Harness) -> None:
    answer = await demo.call("get_quotes", symbols=["TSLA", "spx", "BRK.B", "TSLA", "NOPE", "no good"])
    assert [row["symbol"] for row in answer.rows("quotes")] == ["TSLA", "SPX", "BRK/B"]
    assert {row["symbol"]: row["reason"].split(":")[0] for row in answer.rows("missing")} == {
        "NOPE": "NOT_FOUND",
        "no good": "VALIDATION",
    }
    assert answer.data["source"] == "simulator"
    assert "source" not in answer.data["quotes"]["columns"]
    assert all(set(row) == {*FIELDS, *PROVENANCE} for row in answer.rows("quotes"))


async def test_what_is_said_of_many_is_said_once_with_their_symbols() -> None:
    async with harness() as h:
        h.simulator.world.instruments.update(
            {name: h.simulator.world.instruments["SPY"]._replace(symbol=name, tracks="SPY") for name in MANY}
        )
        hub = h.app.market.hub
        await until(lambda: hub.live)
        await h.call("get_quotes", symbols=MANY)
        await until(lambda: all((line := hub.line(name)) and line.priced for name in MANY))
        h.clock.advance(6)  # whatever REST had to say is forgotten
        for path in ("/dxlink", BY_TYPE):
            h.simulator.faults.add("status", path, status=403)
        for socket in list(h.simulator._feed.sockets):
            await socket.move("drop")
        await until(lambda: not hub.live)
        answer = await h.call("get_quotes", symbols=MANY)
        assert len(answer.rows("quotes")) == 100
        assert answer.data["stale"] is True
        assert len(answer.data["notes"]) == 1
        assert answer.data["notes"][0].startswith(f"{', '.join(MANY)}: stale: TastyTrade does not permit this")


@pytest.mark.parametrize("symbols", ['["SPY", "AAPL"]', "SPY,AAPL", "SPY, AAPL", ["SPY, AAPL"], ["SPY", "AAPL"]])
async def test_a_list_may_arrive_in_any_spelling(demo: Harness, symbols: Any) -> None:
    answer = await demo.call("get_quotes", symbols=symbols)
    assert [row["symbol"] for row in answer.rows("quotes")] == ["SPY", "AAPL"]


@pytest.mark.parametrize("symbols", [[], "", "[]", ["", " "]])
async def test_no_symbol_at_all_is_said(demo: Harness, symbols: Any) -> None:
    with pytest.raises(ToolError, match="VALIDATION: no symbol was given"):
        await demo.call("get_quotes", symbols=symbols)


async def test_500_symbols_are_refused_with_how_many_may_be_asked(demo: Harness) -> None:
    with pytest.raises(ToolError, match=r"VALIDATION: 500 symbols are too many at once\. Ask for at most 100"):
        await demo.call("get_quotes", symbols=[f"A{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(500)])


async def test_a_hundred_symbols_stay_within_the_cap(demo: Harness) -> None:
    known = list(demo.simulator.world.instruments)
    filler = [f"Q{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(100 - len(known))]
    answer = await demo.call("get_quotes", symbols=known + filler)
    assert len(answer.rows("quotes")) == len(known)
    assert len(answer.rows("missing")) == len(filler)


async def test_the_default_answers_fit_their_budget(demo: Harness) -> None:
    every = await demo.call("get_quotes", symbols=list(demo.simulator.world.instruments)[:22])
    assert len(every.text.encode()) <= 8 * 1024
    assert len(json.dumps(every.data, separators=(",", ":")).encode()) <= 8 * 1024


async def test_a_quote_is_a_resource_too(demo: Harness) -> None:
    for symbol in ("SPY", "BRK/B"):
        content = (await demo.client.read_resource(f"quote://{symbol}"))[0]
        assert isinstance(content, TextResourceContents)
        assert content.mime_type == "application/json"
        assert json.loads(content.text)["symbol"] == symbol


async def test_a_symbol_is_found_by_its_beginning(demo: Harness) -> None:
    found = (await demo.call("search_symbols", query="ts")).rows("matches")
    assert "Tesla" in next(match["description"] for match in found if match["symbol"] == "TSLA")
    found = (await demo.call("search_symbols", query="brk/")).rows("matches")
    assert [match["symbol"] for match in found] == ["BRK/B"]
    nothing = await demo.call("search_symbols", query="qqqqqq")
    assert (nothing.rows("matches"), nothing.data["source"]) == ([], "simulator")
    assert "source: simulator" in nothing.text


async def test_a_match_that_cannot_be_read_is_counted_in_the_answer(fresh: Harness) -> None:
    fresh.simulator.faults.add("missing", "/symbols/search/*", field="symbol")
    assert "of 2 matches could not be read and are left out" in (await fresh.call("search_symbols", query="sp")).text


@pytest.mark.parametrize("query", ["", "  ", "x" * 51])
async def test_a_search_for_nothing_is_refused(demo: Harness, query: str) -> None:
    with pytest.raises(ToolError, match="VALIDATION: query must be 1 to 50 characters"):
        await demo.call("search_symbols", query=query)


async def test_the_demo_market_is_always_open(demo: Harness) -> None:
    session = (await demo.call("get_market_session")).data
    assert (session["session"], session["tradable"], session["why"]) == ("open", True, "simulated")


MOMENTS = [
    ((2026, 11, 20, 10, 31), "open", True, "regular hours"),
    ((2026, 11, 21, 12, 0), "closed", False, "weekend"),
    ((2026, 11, 26, 12, 0), "closed", False, "holiday (Thanksgiving)"),
    ((2026, 11, 27, 12, 59), "open", True, "early close 13:00"),
    ((2026, 11, 27, 13, 1), "after", False, "after the close 13:00"),
    ((2026, 11, 20, 8, 0), "pre", False, "before the open"),
]


async def test_the_session_follows_the_exchange() -> None:
    async with harness(demo=False) as h:
        for moment, *said in MOMENTS:
            h.clock.set(datetime(*moment, tzinfo=NEW_YORK))
            answer = (await h.call("get_market_session")).data
            assert [answer["session"], answer["tradable"], answer["why"]] == said, moment
            assert answer["next_open"] is not None


async def test_without_credentials_a_quote_says_how_to_get_one() -> None:
    async with harness(demo=False) as h:
        assert {"get_quote", "get_quotes"} <= {tool.name for tool in await h.client.list_tools()}
        with pytest.raises(ToolError, match=r"AUTHENTICATION: not logged in.*TASTYTRADE_CLIENT_SECRET.*--demo"):
            await h.call("get_quote", symbol="SPY")
        with pytest.raises(ToolError, match=r"AUTHENTICATION: not logged in.*--demo"):
            await h.call("get_quotes", symbols=["SPY", "AAPL"])


async def test_every_tool_says_what_it_is_for_and_what_it_does(demo: Harness) -> None:
    writes = {"control_job", "cancel_task", "edit_watchlist", "export_portfolio"}
    for tool in await demo.client.list_tools():
        assert tool.description
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is (tool.name not in writes)
        assert tool.output_schema is None


async def test_a_companys_name_finds_nothing_and_says_why(demo: Harness) -> None:
    answer = await demo.call("search_symbols", query="apple inc")
    assert answer.rows("matches") == []
    assert answer.data["notes"] == ["symbols are found by their beginning, not by a company's name"]
