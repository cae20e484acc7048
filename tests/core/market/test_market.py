"""The market as a plugin asks it: what a quote is made of, where it comes from, how old it is."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.desk import BY_TYPE, HASTY, Desk, desk, supervised, until
from ttai.cache import Cache
from ttai.clock import NEW_YORK, deadline
from ttai.errors import BadArgument, BrokerUnavailable, NotLoggedIn, TookTooLong, UnknownSymbol
from ttai.login.connection import Connection
from ttai.login.vault import Vault
from ttai.market.market import Market
from ttai.market.quotes import from_line, from_row
from ttai.market.types import Event, Kind, Quote, QuoteEvent, Row, SummaryEvent, TradeEvent
from ttai.settings import CoreSettings
from ttai.simulator import Simulator
from ttai.storage.database import Database
from ttai.tastytrade.limits import Tries
from ttai.testing import FrozenClock, MemoryKeyring

NOBODY = Vault(Path("/nowhere"), MemoryKeyring())
NOTHING_KEPT = Database(Path("/nowhere"), FrozenClock()).of("core")

NOW = datetime(2026, 11, 20, 15, 31, tzinfo=UTC)


def streamed(symbol: str = "SPY", *events: Event) -> Quote:
    by_kind: dict[Kind, Event] = {type(event): event for event in events}
    return from_line(symbol, by_kind, index=False, as_of=NOW, source="stream", session="open", stale=False)


def test_the_mark_is_the_brokers_where_rest_gave_it() -> None:
    row = Row("SPY", last=10, bid=9, ask=12, mark=10.25)
    assert from_row(row, "open").mark == 10.25


@pytest.mark.parametrize(
    ("bid", "ask", "mid", "mark"),
    [
        (9.0, 11.0, 10.0, 10.0),
        (0.0, 0.05, 0.025, 0.025),
        (None, 11.0, None, 7.0),
        (9.0, None, None, 7.0),
        (12.0, 11.0, None, None),
        (0.0, 0.0, None, None),
    ],
)
def test_else_the_mark_is_the_middle_of_two_sides_else_the_last_of_one(
    bid: float | None, ask: float | None, mid: float | None, mark: float | None
) -> None:
    quote = streamed("SPY", QuoteEvent("SPY", bid, ask), TradeEvent("SPY", 7, 100.5))
    assert (quote.mid, quote.mark, quote.volume) == (mid, mark, 100.5)
    assert any("mid" in note for note in quote.notes) == (mid is None)
    assert any("mark are null" in note for note in quote.notes) == (mark is None)


def test_what_is_unknown_is_null_and_says_why() -> None:
    quote = streamed("SPY", SummaryEvent("SPY", None, 2, 1, 5))
    assert (quote.last, quote.mark, quote.change, quote.open, quote.high) == (None, None, None, None, 2)
    assert quote.notes == (
        "bid, ask or mid is null: no two-sided market now",
        "last, open, volume null: no value was given",
    )


def test_the_change_is_against_the_previous_close() -> None:
    quote = streamed("F", TradeEvent("F", 11, 1), SummaryEvent("F", 10, 12, 9, 10))
    assert quote.change == 1
    assert quote.change_percent == pytest.approx(10)
    assert streamed("F", TradeEvent("F", 11, 1), SummaryEvent("F", 1, 1, 1, 0)).change_percent is None


def test_a_row_says_when_it_is_of() -> None:
    then = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
    assert from_row(Row("SPY", as_of=then), "open").as_of == then
    undated = from_row(Row("SPY"), "open")
    assert undated.as_of is None
    assert "as_of null: no value was given" in undated.notes[-1]
    assert from_row(Row("SPY"), "open").source == "rest"


@pytest.mark.parametrize("symbol", ["SPX", "VIX"])
async def test_an_index_is_answered_without_a_quote_and_without_waiting_for_one(symbol: str) -> None:
    async with desk() as d:
        quote = await asyncio.wait_for(d.market.quote(symbol), 0.25)
        assert quote.last is not None
        assert quote.mark == quote.last
        assert quote.bid is None
        assert quote.notes[0] == "bid, ask or mid is null: an index has no bid and ask"
        assert {kind for kind, _ in d.tap.subscribed()} == {"Trade", "Summary"}
        assert d.asked(BY_TYPE) == 0


@pytest.mark.parametrize("symbol", ["SPX", "VIX"])
async def test_of_an_index_the_stream_and_rest_know_the_same(symbol: str) -> None:
    async with desk() as d:
        of_stream = await d.market.quote(symbol)
        assert d.asked(BY_TYPE) == 0
        row = (await d.adapter.rows([symbol])).rows[symbol]
    of_rest = from_row(row, of_stream.session)
    nulls = [{name: getattr(quote, name) is None for name in quote.__slots__} for quote in (of_stream, of_rest)]
    assert nulls[0] == nulls[1]
    assert of_stream.notes == of_rest.notes
    assert nulls[0]["volume"]


async def test_a_share_class_in_any_spelling_is_one_subscription() -> None:
    async with desk() as d:
        answers = await d.market.quotes(["BRK.B", "brk/b", " BRK-B "])
        assert [quote.symbol for quote in answers.quotes] == ["BRK/B"]
        assert {symbol for _, symbols in d.tap.subscribed() for symbol in symbols} == {"BRK/B"}


async def test_answers_keep_the_order_and_say_what_is_missing() -> None:
    async with desk(streaming=False) as d:
        answers = await d.market.quotes(["TSLA", "no symbol!", "NOPE", "SPX", "/ESM26:XCME"])
        assert [quote.symbol for quote in answers.quotes] == ["TSLA", "SPX"]
        reasons = {missing.symbol: missing.reason.split(":")[0] for missing in answers.missing}
        assert reasons == {"no symbol!": "VALIDATION", "NOPE": "NOT_FOUND", "/ESM26:XCME": "VALIDATION"}
        with pytest.raises(BadArgument, match="101 symbols are too many"):
            await d.market.quotes(f"S{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(101))
        assert await d.market.quotes([]) == type(answers)((), ())


async def test_an_unknown_symbol_is_remembered_for_ten_minutes() -> None:
    clock = FrozenClock()
    async with desk(streaming=False, clock=clock) as d:
        for passed, requests in ((0, 1), (590, 1), (20, 2)):
            clock.advance(passed)
            with pytest.raises(UnknownSymbol, match="no market data for NOPE"):
                await d.market.quote("NOPE")
            assert d.asked(BY_TYPE) == requests


async def test_what_is_asked_for_meanwhile_does_not_prolong_that() -> None:
    clock = FrozenClock()
    async with desk(streaming=False, clock=clock) as d:
        for passed, requests in ((0, 1), (400, 1), (400, 2)):
            clock.advance(passed)
            with pytest.raises(UnknownSymbol):
                await d.market._ticker.look_up("NOPE")
            assert d.asked(BY_TYPE) == requests


async def test_what_is_known_to_be_unknown_is_not_subscribed() -> None:
    async with desk() as d:
        with pytest.raises(UnknownSymbol):
            await d.market._ticker.look_up("NOPE")
        with pytest.raises(UnknownSymbol):
            await d.market.quote("NOPE")
        with pytest.raises(UnknownSymbol):
            await d.market.history("NOPE")
        assert d.market.hub.wanted == set()


async def test_an_index_that_rest_told_of_is_one_for_the_stream_too() -> None:
    async with desk() as d:
        instruments = d.simulator.world.instruments
        instruments["NEWX"] = instruments["SPX"]._replace(symbol="NEWX", tracks="SPX")
        await d.market._ticker.look_up("NEWX")
        quote = await d.market.quote("NEWX")
        assert (quote.last is not None, quote.volume) == (True, None)
        assert quote.notes[0] == "bid, ask or mid is null: an index has no bid and ask"
        assert {kind for kind, _ in d.tap.subscribed()} == {"Trade", "Summary"}
        assert (await d.market.history("NEWX", bars=5)).frame["volume"].null_count() == 5


async def test_a_symbol_that_begins_to_stream_is_no_longer_unknown() -> None:
    async with desk(streaming=False) as d:
        with pytest.raises(UnknownSymbol):
            await d.market.quote("NEWCO")
        spy = d.simulator.world.instruments["SPY"]
        d.simulator.world.instruments["NEWCO"] = spy._replace(symbol="NEWCO", tracks="SPY")
        async with supervised(d.market):
            await until(lambda: (line := d.market.hub.line("NEWCO")) and line.priced)
            assert (await d.market.quote("NEWCO")).last is not None


async def test_a_row_where_there_is_no_stream_says_its_source_and_age() -> None:
    async with desk(streaming=False) as d:
        quote = await d.market.quote("SPY")
        assert (quote.source, quote.stale, quote.session) == ("simulator", False, "open (simulated)")
        assert quote.as_of == d.clock.now()
        assert quote.mark == quote.mid
        assert quote.notes == ()


async def test_the_age_of_a_quote_is_that_of_its_newest_event() -> None:
    async with desk() as d:
        await d.market.quote("SPY")
        came = d.clock.now()
        d.clock.advance(0.1)
        assert (await d.market.quote("SPY")).as_of == came
        d.simulator.set_price("SPY", 700)
        await until(lambda: d.market.hub.line("SPY").at > came)  # type: ignore[union-attr]
        assert (await d.market.quote("SPY")).as_of == d.clock.now()


async def test_a_symbol_with_nothing_but_nan_is_asked_of_rest() -> None:
    faults: list[dict[str, Any]] = [
        {"kind": "nan", "path": "/dxlink", "field": field} for field in ("bidPrice", "askPrice", "price")
    ]
    async with desk(*faults) as d:
        quote = await d.market.quote("SPY")
        assert quote.last is not None
        assert d.asked(BY_TYPE) == 1


async def both_gone(d: Desk) -> None:
    """REST broken, the socket dropped and refused from now on."""
    d.simulator.faults.add("status", BY_TYPE, status=502)
    d.simulator.faults.add("status", "/dxlink", status=503)
    await d.hand("drop")
    await until(lambda: not d.market.hub.live)


async def test_with_socket_and_rest_gone_the_last_value_is_given_as_stale() -> None:
    async with desk(tries=HASTY) as d:
        before = await d.market.quote("SPY")
        await both_gone(d)
        d.clock.advance(120)
        with deadline(5):
            quote = await d.market.quote("SPY")
            assert (quote.last, quote.as_of, quote.stale) == (before.last, before.as_of, True)
            assert (
                quote.notes[0] == "stale: TastyTrade does not answer as it should (HTTP 502 on /market-data/by-type)."
            )
            with pytest.raises(BrokerUnavailable):
                await d.market.quote("QQQ")  # nothing is known of it


async def test_a_row_missing_at_rest_does_not_make_a_known_symbol_unknown() -> None:
    async with desk(tries=HASTY) as d:
        before = await d.market.quote("SPY")
        await both_gone(d)
        d.simulator.faults.clear()
        d.simulator.faults.add("status", "/dxlink", status=503)
        d.simulator.faults.add("missing", BY_TYPE, symbols=["SPY"])
        quote = await d.market.quote("SPY")
        assert (quote.last, quote.stale) == (before.last, True)
        assert quote.notes[0].startswith("stale: no market data for SPY")


async def test_a_rest_that_never_answers_costs_no_more_than_the_deadline() -> None:
    async with desk({"kind": "stall", "path": BY_TYPE}, streaming=False, tries=Tries()) as d:
        started = asyncio.get_running_loop().time()
        with deadline(2.4), pytest.raises(TookTooLong):
            await d.market.quotes(["SPY", "QQQ"])
        assert asyncio.get_running_loop().time() - started < 2.4


async def test_a_silent_feed_is_not_waited_for_beyond_the_deadline() -> None:
    async with desk({"kind": "missing", "path": "/dxlink", "symbols": ["SPY"]}) as d:
        started = asyncio.get_running_loop().time()
        with deadline(2.1), pytest.raises(TookTooLong):
            await d.market.quote("SPY")
        assert asyncio.get_running_loop().time() - started < 1.4


async def test_what_the_stream_says_now_is_fresh_though_rest_does_not_know_it() -> None:
    faults: list[dict[str, Any]] = [
        {"kind": "nan", "path": "/dxlink", "field": field} for field in ("bidPrice", "askPrice", "price")
    ]
    async with desk(*faults, {"kind": "missing", "path": BY_TYPE, "symbols": ["SPY"]}) as d:
        quote = await d.market.quote("SPY")
        assert (quote.last, quote.stale) == (None, False)
        assert quote.prev_close is not None


async def test_of_an_account_it_says_stream_or_rest() -> None:
    async with desk(real=True) as d:
        assert (await d.market.quote("SPY")).source == "stream"
        assert (await d.market.history("SPY", bars=5)).source == "stream"
    async with desk(streaming=False, real=True) as d:
        assert (await d.market.quote("SPY")).source == "rest"
        assert (await d.market.metrics(["SPY"])).metrics[0].source == "rest"
        assert (await d.market.search("SPY")).source == "rest"
        assert {one.source for one in await d.market.public_watchlists()} == {"rest"}


async def test_what_streams_is_answered_though_the_rest_of_the_list_is_late() -> None:
    async with desk({"kind": "stall", "path": BY_TYPE}) as d:
        with deadline(2.3):
            answers = await d.market.quotes(["SPY", "NOPE"])
        assert [quote.symbol for quote in answers.quotes] == ["SPY"]
        assert [missing.symbol for missing in answers.missing] == ["NOPE"]


async def test_search_is_asked_once_and_remembered() -> None:
    async with desk(streaming=False) as d:
        found = await d.market.search("spy")
        assert [match.symbol for match in found] == ["SPY"]
        await d.market.search("SPY")
        assert d.asked("/symbols/search/SPY") == 1
        for text in ("BRK.B", "brk-b", " BRK/B "):
            assert [match.symbol for match in await d.market.search(text)] == ["BRK/B"]
        assert d.asked("/symbols/search/BRK/B") == 1
        assert await d.market.search("zz/..?#%") == []


def real_market(clock: FrozenClock) -> Market:
    connection = Connection(CoreSettings(), clock, NOBODY)
    return Market(connection, Cache(clock), clock, NOTHING_KEPT)


async def test_the_session_is_the_exchanges() -> None:
    clock = FrozenClock()
    market = real_market(clock)
    states = await asyncio.gather(*(market.session() for _ in range(8)))
    assert {state.state for state in states} == {"open"}
    market.hub.connected()
    assert 64 < market.supervisor.left <= 65  # open, but nothing liquid is held
    with market.hub.hold(["SPY"], [TradeEvent]):
        assert 9 < market.supervisor.left <= 10
        clock.set(datetime(2026, 11, 21, 12, tzinfo=NEW_YORK))
        assert (await market.session()).state == "closed"
        assert 64 < market.supervisor.left <= 65
    clock.set(datetime(2031, 3, 5, 12, tzinfo=NEW_YORK))  # beyond the calendar that was made
    assert (await market.session()).state == "open"


async def test_without_credentials_it_says_how_to_log_in() -> None:
    market = real_market(FrozenClock())
    for ask in (market.quote("SPY"), market.search("SPY")):
        with pytest.raises(NotLoggedIn, match=r"TASTYTRADE_CLIENT_SECRET.*--demo"):
            await ask
    with pytest.raises(NotLoggedIn):
        await market.quotes(["SPY", "QQQ"])
    answers = await market.quotes(["SPY", "no symbol!"])  # one of them is for another reason
    assert [missing.symbol for missing in answers.missing] == ["no symbol!", "SPY"]
    assert answers.missing[1].reason == str(NotLoggedIn())


async def test_symbols_that_nobody_knows_are_missing_and_no_error() -> None:
    async with desk(streaming=False) as d:
        answers = await d.market.quotes(["NOPE"])
        assert answers.missing[0].reason == str(UnknownSymbol("NOPE"))
        answers = await d.market.quotes(["no symbol!"])
        assert answers.missing[0].reason.startswith("VALIDATION: ")


async def test_too_many_symbols_are_counted_before_they_are_spelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ttai.market.market._spell", None)
    with pytest.raises(BadArgument, match="300000 symbols are too many"):
        await real_market(FrozenClock()).quotes(str(n) for n in range(300_000))


async def test_work_on_its_way_does_not_reopen_the_broker_once_it_is_closed() -> None:
    clock, cache = FrozenClock(), Cache(FrozenClock())
    connection = Connection(CoreSettings(demo=True), clock, NOBODY, simulator := Simulator(clock=clock))
    market = Market(connection, cache, clock, NOTHING_KEPT, always_open=True)
    await connection.market()
    simulator.faults.add("stall", BY_TYPE)
    before = asyncio.all_tasks()
    asks: list[Any] = [market.quotes(["SPY", "QQQ"]), market.search("SPY")]
    asking = [asyncio.create_task(ask) for ask in asks]
    await until(lambda: market._rows._requests)
    await market.close()
    await cache.close()
    await connection.close()
    await asyncio.wait(asking, timeout=1)
    assert all(task.done() for task in asking)
    assert asyncio.all_tasks() == before  # nobody is left to ask for the broker
    assert connection._adapter is None


async def test_the_demo_is_always_open() -> None:
    clock = FrozenClock(datetime(2026, 11, 22, 3, tzinfo=NEW_YORK))
    connection = Connection(CoreSettings(demo=True), clock, NOBODY, Simulator(clock=clock))
    market = Market(connection, Cache(clock), clock, NOTHING_KEPT, always_open=True)
    state = await market.session()
    assert (state.state, state.why) == ("open", "simulated")
