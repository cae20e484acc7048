"""Snapshots of candles as the broker's own SDK and a raw client read them."""

import json
import math
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from tastytrade import Session
from tastytrade.dxfeed import Summary, Trade
from tastytrade.market_data import get_market_data_by_type

from tests.wire.candles import (
    BEGIN,
    END,
    FRIDAY,
    INTERVALS,
    INTRADAY,
    REMOVE,
    SNIP,
    candles,
    snapshot,
)
from tests.wire.sdk import streaming
from tests.wire.test_simulator_dxlink import Standing
from ttai.simulator import Simulator
from ttai.simulator.channels import LARGEST


@pytest.fixture
def clock() -> Standing:
    return Standing()  # Friday 2026-11-20, 12:30 in New York


@pytest.fixture(params=["real"])
def simulator(request: pytest.FixtureRequest, clock: Standing) -> Simulator:
    return Simulator(clock=clock, sessions=request.param)


@pytest.mark.parametrize("interval", INTERVALS)
async def test_a_snapshot_of_every_interval(session: Session, interval: str) -> None:
    since = datetime(2026, 11, 9, tzinfo=UTC)
    async with streaming(session) as stream:
        await stream.subscribe_candle(["AAPL"], interval, since)
        first, *between, last = await snapshot(stream)
    written = interval.removeprefix("1") if interval[1:].isalpha() else interval
    bars = [first, *between]
    assert {bar.event_symbol for bar in bars} == {f"AAPL{{={written},tho=true}}"}
    assert (first.event_flags, {bar.event_flags for bar in between} - {0}) == (BEGIN, set())
    assert (last.event_flags, last.time, last.close) == (END | REMOVE, since.timestamp() * 1000, Decimal(0))
    assert all(newer.time > older.time and newer.index > older.index for newer, older in pairwise(bars))
    assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)
    assert all(bar.volume and bar.volume > 0 and bar.count > 0 for bar in bars)
    assert all(bar.vwap is not None and bar.low <= bar.vwap <= bar.high for bar in bars)
    assert bars[-1].time >= since.timestamp() * 1000
    begins = [datetime.fromtimestamp(bar.time / 1000, UTC) for bar in bars]
    if seconds := INTERVALS[interval]:
        assert all((b - datetime.combine(b.date(), time(5), UTC)).seconds % seconds == 0 for b in begins)
    else:
        assert {b.time() for b in begins} == {time(0)}
        days = [b.day for b in begins]
        assert days == ([16, 9] if interval == "1w" else [20, 19, 18, 17, 16, 13, 12, 11, 10, 9])


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("SPY{=1d}", "SPY{=d}"),
        ("SPY{=d}", "SPY{=d}"),
        ("SPY{=1h,tho=true}", "SPY{=h,tho=true}"),
        ("SPY{tho=true,=1m}", "SPY{=m,tho=true}"),
        ("SPY{=15m,tho=false}", "SPY{=15m}"),
        ("BRK/B{=1w,tho=true}", "BRK/B{=w,tho=true}"),
        ("SPY{=1mo}", "SPY{=mo}"),
    ],
)
async def test_the_feed_answers_in_its_own_spelling(session: Session, asked: str, answered: str) -> None:
    async with candles(session, asked, since=round(FRIDAY.timestamp() * 1000) - 3_000_000_000) as client:
        assert {event["eventSymbol"] for event in await client.events()} == {answered}


@pytest.mark.parametrize(
    "symbol",
    [
        *("NOPE{=d}", "SPY", "SPY{}", "SPY{=}", "SPY{=0m}", "SPY{=3x}", "SPY{=3d}", "SPY{=1441m}", "SPY{=d"),
        *("SPY{=d,x=y}", "SPY{=d,tho=maybe}", "SPY{tho=true}", "{=d}", ""),
    ],
)
async def test_what_is_no_candle_is_silent(simulator: Simulator, session: Session, symbol: str) -> None:
    async with candles(session, symbol, "SPY{=w}", since=round(FRIDAY.timestamp() * 1000) - 900_000_000) as client:
        assert {event["eventSymbol"] for event in await client.events()} == {"SPY{=w}"}
        await simulator.tick()
        assert await client.ask({"type": "KEEPALIVE", "channel": 0}) == {"type": "KEEPALIVE", "channel": 0}


@pytest.mark.parametrize("since", ["soon", [], {}, math.inf, 10**400])
async def test_a_time_that_is_none_is_an_error(session: Session, since: Any) -> None:
    async with candles(session, "NOPE{=d}") as client:
        add = [{"type": "Candle", "symbol": "SPY{=d}", "fromTime": since}]
        text = json.dumps({"type": "FEED_SUBSCRIPTION", "channel": 1, "add": add})
        await client.socket.send_text(text.replace("Infinity", "1e999"))
        assert (await client.hear())["error"] == "INVALID_MESSAGE"
        await client.subscribe("SPY{=d}")
        assert len(await client.events()) > 700


async def test_without_a_time_there_is_all_there_is(simulator: Simulator, session: Session) -> None:
    async with candles(session) as client:
        add = [{"type": "Candle", "symbol": "SPY{=d}"}]
        await client.socket.send_json({"type": "FEED_SUBSCRIPTION", "channel": 1, "add": add})
        heard = await client.events()
    assert [event["close"] for event in reversed(heard[1:-1])] == [bar.close for bar in simulator.world.history("SPY")]
    assert heard[-1]["time"] == 0


async def test_from_a_bar_on(session: Session) -> None:
    ten = round(FRIDAY.replace(hour=10).timestamp() * 1000)
    async with candles(session, "SPY{=5m,tho=true}", since=ten) as client:
        bars = (await client.events())[:-1]
        assert len(bars) == 31  # from 10:00 to 12:30
        assert bars[-1]["time"] == ten
        await client.subscribe("SPY{=5m,tho=true}", since=ten + 1)
        assert [bar["time"] for bar in await client.events()] == [*(bar["time"] for bar in bars[:-1]), ten + 1]


async def test_nothing_yet(simulator: Simulator, session: Session, clock: Standing) -> None:
    later = clock.moment + timedelta(minutes=10)
    async with candles(session, "SPY{=5m}", since=round(later.timestamp() * 1000)) as client:
        (event,) = await client.events()
        assert (event["eventFlags"], event["close"], event["volume"]) == (BEGIN | END | REMOVE, "NaN", "NaN")
        clock.moment = later + timedelta(minutes=6)
        await simulator.tick()
        heard = [await client.event() for _ in range(2)]
    assert [(bar["eventFlags"], bar["time"] - event["time"]) for bar in heard] == [(0, 0), (0, 300_000)]


async def test_a_snapshot_too_long_is_snipped(clock: Standing, session: Session, simulator: Simulator) -> None:
    async with candles(session, "SPY{=1m}") as client:
        heard = await client.events()
    assert len(heard) == 8000
    assert heard[-1]["eventFlags"] == SNIP
    assert heard[-1]["close"] > 0
    simulator._feed.most_bars = 3
    monday, tuesday = (round((FRIDAY - timedelta(days=d)).replace(hour=0).timestamp() * 1000) for d in (4, 3))
    async with candles(session, "SPY{=d}", since=monday) as client:
        assert [event["eventFlags"] for event in await client.events()] == [BEGIN, 0, SNIP]
        await client.subscribe("SPY{=d}", since=tuesday)  # three days, and no more to be had
        assert [event["eventFlags"] for event in await client.events()] == [BEGIN, 0, 0, END | REMOVE]
    simulator._feed.most_bars = 1
    async with candles(session, "SPY{=d}", since=monday) as client:
        assert [event["eventFlags"] for event in await client.events()] == [BEGIN | SNIP]


async def test_only_the_fields_agreed_on(session: Session) -> None:
    fields = ["eventSymbol", "eventFlags", "time", "open", "high", "low", "close", "volume"]
    async with candles(session, "SPY{=d}", since=round(FRIDAY.timestamp() * 1000) - 864_000_000, fields=fields) as c:
        for event in await c.events():
            assert list(event) == ["eventType", *fields]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["FULL", "COMPACT"])
async def test_messages_stay_below_what_a_client_takes(session: Session, form: str) -> None:
    async with candles(session) as client:
        await client.ask({"type": "FEED_SETUP", "channel": 1, "acceptDataFormat": form})
        await client.subscribe("BRK/B{=15m,tho=true}")
        seen = 0
        while seen < 8000:
            text = await client.socket.receive_text()
            assert len(text.encode()) <= LARGEST
            sent = json.loads(text)["data"]
            seen += len(sent) if form == "FULL" else len(sent[1]) // 17
    assert seen == 8000


@pytest.mark.parametrize("simulator", ["real", "always"], indirect=True)
@pytest.mark.parametrize("symbol", ["SPY", "BRK/B", "SPX"])
async def test_the_last_bars_say_what_the_trade_says(simulator: Simulator, session: Session, symbol: str) -> None:
    async with streaming(session) as stream:
        await stream.subscribe(Trade, [symbol])
        await stream.subscribe(Summary, [symbol])
        trade, day = await stream.get_event(Trade), await stream.get_event(Summary)
        for interval in INTERVALS:
            for extended in (True, False):
                await stream.subscribe_candle([symbol], interval, FRIDAY.replace(tzinfo=UTC), extended)
                bars = [bar for bar in await snapshot(stream) if not bar.remove]
                if interval != "1w":
                    assert bars[0].close == trade.price
                if interval == "1d":
                    (bar,) = bars
                    assert bar.volume == (None if symbol == "SPX" else trade.day_volume)
                    assert (bar.open, bar.high, bar.low) == (day.day_open_price, day.day_high_price, day.day_low_price)
                elif interval in INTRADAY and not extended:
                    assert max(bar.high for bar in bars) == day.day_high_price
                    assert min(bar.low for bar in bars) == day.day_low_price
                    assert bars[-1].open == day.day_open_price
                    if symbol != "SPX":
                        assert sum(bar.volume or 0 for bar in bars) == trade.day_volume


async def test_the_day_before_is_the_close_before(simulator: Simulator, session: Session) -> None:
    async with streaming(session) as stream:
        await stream.subscribe_candle(["MSFT"], "1d", FRIDAY - timedelta(days=3))
        _, thursday, *_ = await snapshot(stream)
    (row,) = await get_market_data_by_type(session, equities=["MSFT"])
    assert thursday.close == row.prev_close == Decimal(str(simulator.world.history("MSFT")[-1].close))


async def test_an_index_has_no_volume(session: Session) -> None:
    async with streaming(session) as stream:
        for symbol in ("SPX", "VIX"):
            for interval in ("5m", "1d", "1w"):
                await stream.subscribe_candle([symbol], interval, FRIDAY - timedelta(days=14))
                bars = (await snapshot(stream))[:-1]
                assert {(bar.volume, bar.vwap, bar.count) for bar in bars} == {(None, None, 0)}
                assert all(bar.close > 0 for bar in bars)
