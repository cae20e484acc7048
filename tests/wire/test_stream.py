"""The market's socket: the real SDK, the hub and its supervisor, on the simulator's stream."""

import asyncio
import json
import logging
from contextlib import suppress
from itertools import pairwise
from time import monotonic
from typing import Any

import pytest

from tests.desk import BY_TYPE, QUICK, Desk, desk, nothing_left_open, supervised, until
from ttai.errors import UnknownSymbol
from ttai.market.supervisor import Timing
from ttai.market.types import KINDS, QuoteEvent, TradeEvent
from ttai.simulator.dxlink import Gone
from ttai.tastytrade.parse import FIELDS

NEVER = Timing(first_delay=60, last_delay=60)
PATIENT = Timing(quiet=60, quiet_open=60, first_delay=0.02, last_delay=0.2, settled=0.1)


def sign_of_life(d: Desk) -> None:
    """A message to every socket that carries no price."""
    for one in d.simulator._feed.sockets:
        one._kept_alive -= 3600


async def test_a_cold_quote_is_one_round_trip() -> None:
    async with desk() as d:
        await until(lambda: [m["type"] for m in d.tap.said].count("FEED_SETUP") == 5)
        d.tap.said.clear()
        requests = d.simulator.requests.copy()
        quote = await d.market.quote("SPY")
        assert sorted(d.tap.subscribed()) == [("Quote", ["SPY"]), ("Summary", ["SPY"]), ("Trade", ["SPY"])]
        assert [m["type"] for m in d.tap.said] == ["FEED_SUBSCRIPTION"] * 3
        assert d.simulator.requests == requests
        assert (quote.source, quote.stale, quote.notes) == ("simulator", False, ())
        assert None not in (quote.last, quote.bid, quote.ask, quote.volume, quote.prev_close)


async def test_a_warm_quote_is_no_message_at_all() -> None:
    async with desk() as d:
        first = await d.market.quote("SPY")
        d.tap.said.clear()
        assert await d.market.quote("SPY") == first
        assert d.tap.said == []


async def test_100_symbols_are_one_message_a_kind() -> None:
    async with desk() as d:
        strangers = [f"Q{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(80)]
        symbols = [*list(d.simulator.world.instruments)[:20], *strangers]
        asking = asyncio.create_task(d.market.quotes(symbols))
        await until(lambda: len(d.tap.subscribed()) == 3)
        asking.cancel()
        assert {len(symbols) for _, symbols in d.tap.subscribed()} == {100 - 4, 100}  # no Quote of the 4 indices


async def test_two_thousand_subscriptions_stay_below_the_largest_message() -> None:
    async with desk() as d:
        symbols = [f"SPY   261218C{strike:08}" for strike in range(100_000, 100_000 + 1900)]
        with d.market.hub.hold(symbols, [QuoteEvent]):
            await until(lambda: sum(len(symbols) for _, symbols in d.tap.subscribed()) == 1900)
        assert [len(symbols) for _, symbols in d.tap.subscribed()] == [500, 500, 500, 400]
        assert max(len(json.dumps(message)) for message in d.tap.said) < 65_536
        assert d.market.hub.sockets == 1


async def test_only_our_fields_are_asked_of_the_feed() -> None:
    async with desk() as d:
        await d.market.quote("SPY")
        setups = [m["acceptEventFields"] for m in d.tap.said if m["type"] == "FEED_SETUP"]
        assert {name: tuple(fields) for setup in setups for name, fields in setup.items()} == {
            name: fields for name, (_, fields) in FIELDS.items()
        }


async def test_what_is_late_is_not_waited_for_once_the_first_is_in() -> None:
    async with desk() as d:
        d.simulator.world.instruments["XSP"] = d.simulator.world.instruments["SPX"]._replace(symbol="ODDX")
        d.simulator.world.instruments["ODDX"] = d.simulator.world.instruments["SPX"]._replace(symbol="ODDX")
        started = monotonic()
        quote = await d.market.quote("ODDX")  # the feed has no Quote of it, and we don't know why
        assert 0.29 <= monotonic() - started < 1.45  # the grace, not the patience
        assert quote.last is not None
        assert quote.bid is None
        assert d.asked(BY_TYPE) == 0
        started = monotonic()
        await d.market.quote("ODDX")
        assert monotonic() - started < 0.29  # the second time it is known to be so


@pytest.mark.slow
async def test_what_the_feed_does_not_know_is_asked_of_rest_after_a_while_and_remembered() -> None:
    async with desk({"kind": "missing", "path": "/dxlink", "symbols": ["SPY"]}) as d:
        started = monotonic()
        quotes, nope = await asyncio.gather(d.market.quotes(["SPY"]), d.market.quote("NOPE"), return_exceptions=True)
        assert monotonic() - started >= 1.45
        assert quotes.quotes[0].last is not None  # type: ignore[union-attr]
        assert isinstance(nope, UnknownSymbol)
        assert d.asked(BY_TYPE) == 1
        started = monotonic()
        with pytest.raises(UnknownSymbol):
            await d.market.quote("NOPE")
        assert monotonic() - started < 1.45
        assert d.asked(BY_TYPE) == 1


async def test_a_bid_that_becomes_nan_does_not_stand_as_it_was() -> None:
    async with desk() as d:
        assert (await d.market.quote("SPY")).bid is not None
        d.simulator.faults.add("nan", "/dxlink", field="bidPrice", symbols=["SPY"])
        d.simulator.set_price("SPY", 700)
        await until(lambda: d.market.hub.line("SPY").events[QuoteEvent].bid is None)  # type: ignore[union-attr]
        await until(lambda: d.market.hub.line("SPY").events[TradeEvent].price == 700)  # type: ignore[union-attr]
        quote = await d.market.quote("SPY")
        assert (quote.bid, quote.mid) == (None, None)
        assert quote.ask is not None
        assert quote.mark == quote.last
        assert quote.notes == ("bid, ask or mid is null: no two-sided market now",)


async def test_prices_move_without_being_asked_for() -> None:
    async with desk() as d:
        seen = asyncio.ensure_future(anext(d.market.hub.changes(["TSLA"], [TradeEvent])))
        await until(lambda: d.market.hub.line("TSLA"))
        assert await seen == {"TSLA"}
        d.simulator.set_price("TSLA", 200)
        await until(lambda: d.market.hub.line("TSLA").events[TradeEvent].price == 200)  # type: ignore[union-attr]
        assert (await d.market.quote("TSLA")).last == 200


@pytest.mark.parametrize("port", [False, True])
@pytest.mark.parametrize("way", ["drop", "error"])
async def test_a_socket_that_ends_is_noticed_and_replaced_at_once(port: bool, way: str) -> None:
    async with desk(port=port) as d:
        await d.market.quote("SPY")
        await until(lambda: not d.market.supervisor._recent)  # what was asked for is beyond suspicion
        d.simulator.set_price("SPY", 700)
        started = monotonic()
        await d.hand(way)
        await until(lambda: d.market.hub.sockets == 2)
        assert monotonic() - started < 5
        quote = await d.market.quote("SPY")
        assert (quote.last, quote.stale) == (700, False)
        assert d.asked(BY_TYPE) == 0
        assert d.market.supervisor.problem is None
        assert len(d.simulator._feed.sockets) == 1


@pytest.mark.slow
async def test_a_quote_under_suspicion_is_whole_all_the_same() -> None:
    async with desk(timing=Timing(first_delay=0.02, settled=0.45)) as d:
        await d.market.quote("SPY")
        await d.hand("drop")  # right after it was asked for: its three kinds are tried one by one
        await until(lambda: d.market.hub.sockets == 2)
        await until(lambda: d.market.hub.line("SPY").priced)  # type: ignore[union-attr]
        quote = await d.market.quote("SPY")
        assert None not in (quote.last, quote.bid, quote.ask, quote.prev_close, quote.volume)
        assert d.asked(BY_TYPE) == 1
        await until(lambda: len(d.market.hub.line("SPY").events) == 3)  # type: ignore[union-attr]
        assert d.market.hub.sockets == 2


@pytest.mark.parametrize("fields", [["eventSymbol", "askPrice"], ["eventSymbol", "askPrice", "bidPrice"]])
async def test_a_feed_with_other_fields_than_asked_for_is_not_read(
    fields: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    async with desk() as d:
        config = {"type": "FEED_CONFIG", "channel": 7, "eventFields": {"Quote": fields, "Greeks": ["eventSymbol"]}}
        await d.simulator._feed.sockets[0]._send(json.dumps(config))
        await until(lambda: d.market.hub.sockets == 2)
    assert "its feed sends other fields of a Quote than were asked for" in caplog.text


@pytest.mark.parametrize("fields", [None, [], "Quote", {}])
async def test_a_feed_that_says_nothing_of_its_fields_is_read(fields: Any) -> None:
    async with desk() as d:
        config = {"type": "FEED_CONFIG", "channel": 7, "eventFields": fields}
        await d.simulator._feed.sockets[0]._send(json.dumps(config))
        assert (await d.market.quote("SPY")).last is not None
        assert d.market.hub.sockets == 1


async def test_a_broker_that_cuts_every_socket_ends_no_watch() -> None:
    symbols = ["SPY", "TSLA", "AAPL"]
    async with desk() as d:
        await d.market.quotes(symbols)
        seen = asyncio.ensure_future(anext(d.market.changes("SPY")))
        d.simulator.faults.add("poison", "/dxlink", symbols=symbols)
        await d.hand("drop")
        await until(lambda: d.market.hub.sockets > 12)
        d.simulator.faults.clear()
        seen.cancel()
        await until(lambda: all(d.market.supervisor.streams(symbol, KINDS) for symbol in symbols))
        await until(lambda: all(d.market.hub.line(symbol).priced for symbol in symbols))  # type: ignore[union-attr]


async def test_a_channel_that_the_feed_closes_ends_the_socket() -> None:
    async with desk() as d:
        await d.market.quote("SPY")
        closed = {"type": "CHANNEL_CLOSED", "channel": 7}
        await d.simulator._feed.sockets[0]._send(json.dumps(closed))
        await until(lambda: d.market.hub.sockets == 2)
        assert (await d.market.quote("SPY")).last is not None


@pytest.mark.parametrize(
    "text",
    ["{", "7", "[]", "[" * 50_000, '{"channel": 1}', '{"type": "FEED_DATA"}', '{"type": "FEED_DATA", "channel": 1}'],
)
async def test_a_message_nobody_can_read_costs_itself(text: str, caplog: pytest.LogCaptureFixture) -> None:
    async with desk() as d:
        await d.market.quote("SPY")
        await d.simulator._feed.sockets[0]._send(text)
        d.simulator.set_price("SPY", 700)
        await until(lambda: d.market.hub.line("SPY").events[TradeEvent].price == 700)  # type: ignore[union-attr]
        assert d.market.hub.sockets == 1
        assert "a message of the feed was not read" in caplog.text


async def test_a_call_in_the_moment_without_a_socket_is_answered() -> None:
    async with desk(timing=NEVER) as d:
        await d.market.quote("SPY")
        await d.hand("drop")
        await until(lambda: not d.market.hub.live)
        quotes = await asyncio.wait_for(d.market.quotes(["SPY", "QQQ", "SPX"]), 1)
        assert [quote.stale for quote in quotes.quotes] == [False] * 3
        assert d.asked(BY_TYPE) == 1


async def test_who_waits_for_the_socket_as_it_ends_is_answered_by_rest() -> None:
    async with desk({"kind": "missing", "path": "/dxlink", "symbols": ["SPY"]}, timing=NEVER) as d:
        waiting = asyncio.create_task(d.market.quote("SPY"))
        await until(lambda: len(d.tap.subscribed()) == 3)
        started = monotonic()
        await d.hand("drop")
        assert (await waiting).last is not None
        assert monotonic() - started < 1.45  # not the 1.5 s of patience with a socket that is there


@pytest.mark.parametrize(("port", "status"), [(False, 503), (True, 503), (True, 401)])
async def test_a_refused_upgrade_is_said_and_rest_serves(port: bool, status: int) -> None:
    async with (
        desk({"kind": "status", "path": "/dxlink", "status": status}, streaming=False, port=port) as d,
        supervised(d.market),
    ):
        await until(lambda: d.asked("/dxlink") == 2)
        assert d.market.supervisor.problem == (
            f"TastyTrade does not answer as it should (it refused the market data socket with HTTP {status})."
        )
        quote = await d.market.quote("SPY")
        assert (quote.last is None, quote.stale, quote.source) == (False, False, "simulator")
        d.simulator.faults.clear()
        await until(lambda: d.market.hub.live)


@pytest.mark.parametrize("port", [False, True])
async def test_a_stalled_feed_is_never_answered_as_fresh(port: bool) -> None:
    timing = Timing(quiet=0.3, quiet_open=0.3, look=60, first_delay=60, last_delay=60, settled=0.1)
    async with desk(timing=timing, port=port) as d:
        before = await d.market.quote("SPY")
        await d.hand("stall")
        d.simulator.set_price("SPY", 700)
        while (quote := await d.market.quote("SPY")).last == before.last:
            assert d.market.hub.silence <= 0.3  # for as long as a living socket may be silent
            await asyncio.sleep(0.01)
        assert (quote.last, quote.stale) == (700, False)
        assert d.asked(BY_TYPE) == 1
        await until(lambda: not d.market.hub.live)
        assert "was heard for 0 s" in str(d.market.supervisor.problem)


async def test_a_keepalive_is_a_sign_of_life() -> None:
    timing = Timing(quiet=0.2, quiet_open=0.2, look=0.02, first_delay=0.02)
    async with desk(timing=timing) as d:
        await d.market.quote("XOM")  # of which an open market may say nothing for a while
        await d.hand("silence")  # no prices, but keepalives
        for _ in range(30):
            sign_of_life(d)
            await d.simulator.tick()
            await asyncio.sleep(0.01)
        assert d.market.hub.sockets == 1
        await until(lambda: d.market.hub.sockets == 2)  # and without them it is given up


async def test_keepalives_alone_are_not_what_an_open_market_says() -> None:
    timing = Timing(quiet=9, quiet_open=0.2, look=0.02, first_delay=60, last_delay=60, settled=0.1)
    async with desk(timing=timing) as d:
        before = await d.market.quote("SPY")
        await d.hand("silence")
        d.simulator.set_price("SPY", 700)
        async with asyncio.timeout(3):
            while (quote := await d.market.quote("SPY")).last == before.last:
                sign_of_life(d)
                await d.simulator.tick()
                await asyncio.sleep(0.01)
        assert (quote.last, quote.stale) == (700, False)
        await until(lambda: not d.market.hub.live)
        assert "(no price was heard for 0 s of an open market)" in str(d.market.supervisor.problem)


@pytest.mark.parametrize("kind", ["stall", "delay"])
async def test_a_socket_that_never_authorises_is_given_up(kind: Any) -> None:
    timing = Timing(enter=0.15, first_delay=0.02)
    fault = {"kind": kind, "path": "/dxlink", "count": 1, "seconds": 0.5}
    async with desk(fault, streaming=False, port=True, timing=timing) as d, supervised(d.market):
        await until(lambda: d.market.supervisor.problem == "no answer in time")
        await until(lambda: d.market.hub.live)
        assert (await d.market.quote("SPY")).last is not None


@pytest.mark.slow
async def test_a_poisonous_symbol_alone_is_left_out_and_the_rest_streams(caplog: pytest.LogCaptureFixture) -> None:
    async with desk({"kind": "poison", "path": "/dxlink", "symbols": ["NVDA"]}) as d:
        symbols = list(d.simulator.world.instruments)
        with d.market.hub.hold(symbols, [TradeEvent]):
            await until(lambda: d.market.hub.rejects("NVDA"), 9)
            good = [symbol for symbol in symbols if symbol != "NVDA"]
            await until(lambda: all(d.market.hub.line(s).events for s in good), 9)  # type: ignore[union-attr]
            requests = d.asked(BY_TYPE)
            answers = await d.market.quotes(["NVDA", "SPX"])
        assert all(quote.last for quote in answers.quotes)
        assert len(answers.quotes) == 2
        assert d.asked(BY_TYPE) == requests + 1  # NVDA by REST
        assert caplog.text.count("left out") == 1
        assert d.market.hub.live


async def test_a_poisoned_quote_among_good_ones_is_answered_meanwhile() -> None:
    async with desk({"kind": "poison", "path": "/dxlink", "symbols": ["NVDA"]}) as d:
        answers = await d.market.quotes(["SPY", "NVDA", "SPX"])
        assert [quote.last is None for quote in answers.quotes] == [False] * 3
        assert answers.missing == ()


@pytest.mark.parametrize(
    "message",
    [
        {"type": "FEED_DATA", "channel": 999, "data": [{"eventSymbol": "SPY"}]},
        {"type": "FEED_DATA", "channel": 1, "data": ["Nonsense", ["SPY", 1]]},
        {"type": "FEED_DATA", "channel": 1, "data": ["Trade", 7]},
        {"type": "FEED_DATA", "channel": 1, "data": ["Trade", [{"deep": []}, 1, 2, 3]]},
        {"type": "FEED_DATA", "channel": 1, "data": []},
        {"type": "SOMETHING_NEW", "channel": 0},
    ],
)
async def test_a_message_nobody_understands_costs_that_message(message: dict[str, Any]) -> None:
    async with desk() as d:
        await d.market.quote("SPY")
        await d.simulator._feed.sockets[0]._send(json.dumps(message))
        d.simulator.set_price("SPY", 700)
        await until(lambda: d.market.hub.line("SPY").events[TradeEvent].price == 700)  # type: ignore[union-attr]
        assert d.market.hub.sockets == 1


async def test_several_kinds_in_one_message_are_all_read() -> None:
    async with desk() as d:
        await d.market.quote("SPY")
        data = ["Trade", ["SPY", 1.5, 2.5], "Quote", ["SPY", 1.25, 1.75]]
        await d.simulator._feed.sockets[0]._send(json.dumps({"type": "FEED_DATA", "channel": 15, "data": data}))
        await until(lambda: d.market.hub.line("SPY").events[TradeEvent].price == 1.5)  # type: ignore[union-attr]
        quote = await d.market.quote("SPY")
        assert (quote.last, quote.bid, quote.ask, quote.volume) == (1.5, 1.25, 1.75, 2.5)


@pytest.mark.parametrize("nonsense", ["not json", "[]", '{"channel": 0}'])
async def test_nonsense_costs_itself_and_is_no_sign_of_life(nonsense: str) -> None:
    async with desk() as d:
        await d.simulator._feed.sockets[0]._send(nonsense)
        assert (await d.market.quote("SPY")).source == "simulator"
        assert d.market.hub.sockets == 1
    quiet = Timing(quiet=0.2, quiet_open=0.2, look=0.05, first_delay=0.02, settled=0.05)
    async with desk({"kind": "silence", "path": "/dxlink"}, timing=quiet, streaming=False) as d, supervised(d.market):
        await until(lambda: d.market.hub.live)
        async with asyncio.timeout(15):
            while d.market.hub.sockets == 1:
                for socket in list(d.simulator._feed.sockets):
                    with suppress(Gone):  # it was just taken down
                        await socket._send(nonsense)
                await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"token": "t0psecret"}},
        {"data": {"dxlink-url": 7, "token": "t0psecret"}},
        {"data": [1]},
        {"token": "t0psecret"},
    ],
)
async def test_a_quote_token_of_another_shape_is_survived_and_shown_to_nobody(
    body: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk(streaming=False) as d:
        d.tap.answer("/api-quote-tokens", body)
        async with supervised(d.market):
            await until(lambda: d.asked("/api-quote-tokens") >= 2)
            assert d.market.supervisor.problem in (
                "the market data socket failed (the log says why)",
                "TastyTrade does not answer as it should (it refused the market data socket).",
            )
            assert "Error" in caplog.text
            assert "t0psecret" not in caplog.text
            d.tap.answers.clear()
            await until(lambda: d.market.hub.live)


@pytest.mark.parametrize("port", [False, True])
async def test_it_ends_cleanly_and_leaves_nothing(port: bool, caplog: pytest.LogCaptureFixture) -> None:
    before = asyncio.all_tasks()
    with nothing_left_open():
        async with desk(port=port, timing=QUICK) as d:
            for _ in range(2):
                await d.market.quotes(["SPY", "SPX"])
                connections = d.market.hub.sockets
                await d.hand("drop")
                await until(lambda n=connections: d.market.hub.sockets == n + 1)  # type: ignore[misc]
            await d.market.quote("QQQ")
        await until(lambda: not d.simulator._feed.sockets)
        assert asyncio.all_tasks() == before
        assert not d.market.hub.live
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_cancelled_in_the_very_moment_the_socket_ends_it_ends() -> None:
    async with desk(streaming=False) as d:
        for turns in range(40):
            task = asyncio.create_task(d.market.supervisor.run())
            await until(lambda: d.market.hub.live)
            await d.hand("error")
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait({task}, timeout=1)
            assert task.cancelled(), f"still there {turns} turns of the loop after the end"


async def test_cancelled_at_any_step_of_the_handshake_it_leaves_nothing_open() -> None:
    with nothing_left_open():
        for turns in range(60):
            async with desk(streaming=False) as d, supervised(d.market):
                for _ in range(turns):
                    await asyncio.sleep(0)


async def test_cancelled_in_the_middle_of_a_handshake_it_ends() -> None:
    async with desk({"kind": "stall", "path": "/dxlink"}, streaming=False) as d:
        async with supervised(d.market):
            await until(lambda: d.simulator._feed.sockets)
        await until(lambda: not d.simulator._feed.sockets)


async def test_between_refusals_it_waits_longer_each_time() -> None:
    timing = Timing(first_delay=0.02, last_delay=0.32)
    async with (
        desk({"kind": "status", "path": "/dxlink", "status": 503}, streaming=False, timing=timing) as d,
        supervised(d.market),
    ):
        times: list[float] = []
        for n in range(1, 6):
            await until(lambda n=n: d.asked("/dxlink") == n)  # type: ignore[misc]
            times.append(monotonic())
        pauses = [b - a for a, b in pairwise(times)]
        assert pauses[-1] >= 0.07 > pauses[0] - 0.06
        assert d.asked("/api-quote-tokens") == 5
