"""Candles after their snapshot: a last bar that lives, what is let go, what goes wrong."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from httpx2.websockets import WebSocketDisconnect
from tastytrade import Session
from tastytrade.dxfeed import Candle, Trade

from tests.wire.candles import (
    BEGIN,
    END,
    FRIDAY,
    INTERVALS,
    REMOVE,
    at,
    candles,
    of,
    ohlcv,
    snapshot,
    told,
)
from tests.wire.sdk import streaming
from tests.wire.test_simulator_dxlink import Standing, open_sockets
from ttai.clock import NEW_YORK
from ttai.simulator import Simulator
from ttai.simulator.candles import CandleSymbol


@pytest.fixture
def clock() -> Standing:
    return Standing()  # Friday 2026-11-20, 12:30 in New York


@pytest.fixture(params=["real"])
def simulator(request: pytest.FixtureRequest, clock: Standing) -> Simulator:
    return Simulator(clock=clock, sessions=request.param)


always = pytest.mark.parametrize("simulator", ["always"], indirect=True)


async def test_two_clients_have_one_market(simulator: Simulator, session: Session) -> None:
    ms = round(FRIDAY.timestamp() * 1000)
    async with candles(session, "TSLA{=5m}", since=ms) as one, candles(session, "TSLA{=5m}", since=ms) as other:
        assert await one.events() == await other.events()
        simulator.set_price("TSLA", 300)
        assert await one.event() == await other.event()


async def test_the_last_bar_lives(simulator: Simulator, session: Session, clock: Standing) -> None:
    async with streaming(session) as stream:
        await stream.subscribe_candle(["NVDA"], "5m", clock.moment - timedelta(hours=1))
        begun = (await snapshot(stream))[0]
        clock.moment += timedelta(seconds=30)
        await simulator.tick()
        live = await stream.get_event(Candle)
        assert (live.event_flags, live.time, live.open) == (0, begun.time, begun.open)
        assert live.volume is not None
        assert begun.volume is not None
        assert live.volume > begun.volume
        await simulator.tick()
        assert stream.get_event_nowait(Candle) is None  # time stands, and so does the bar
        clock.moment += timedelta(minutes=5)
        await simulator.tick()
        finished, new = await stream.get_event(Candle), await stream.get_event(Candle)
        assert (finished.time, new.time) == (begun.time, begun.time + 300_000)
        await stream.subscribe_candle(["NVDA"], "5m", clock.moment - timedelta(hours=1))
        again = await snapshot(stream)
    plain = {"event_flags": 0}
    assert [bar.model_copy(update=plain) for bar in again[:2]] == [new, finished]


@pytest.mark.slow
async def test_every_bar_of_a_pause_is_told(simulator: Simulator, session: Session, clock: Standing) -> None:
    async with candles(session, "SPY{=h,tho=true}", since=round(clock.moment.timestamp() * 1000) - 1) as client:
        assert (await client.events())[0]["eventFlags"] == BEGIN | END | REMOVE
        clock.moment = datetime(2026, 11, 24, 11, tzinfo=NEW_YORK)
        await simulator.tick()
        heard = [await client.event() for _ in range(13)]
    moments = [f"{at(bar):%a %H}" for bar in heard]
    assert moments == [
        *("Fri 13", "Fri 14", "Fri 15"),
        *(f"Mon {hour:02}" for hour in range(9, 16)),
        *("Tue 09", "Tue 10", "Tue 11"),
    ]
    assert [ohlcv(bar) for bar in heard] == [ohlcv(bar) for bar in told(simulator.world, "SPY{=h,tho=true}")[-13:]]


@pytest.mark.parametrize("simulator", ["real", "always"], indirect=True)
async def test_a_price_that_is_set_is_in_every_bar(simulator: Simulator, session: Session) -> None:
    since = datetime(2026, 11, 16, tzinfo=UTC)
    world, symbols = simulator.world, [f"AMD{{={interval},tho=true}}" for interval in INTERVALS]
    was = {symbol: told(world, symbol, since) for symbol in symbols}
    async with candles(session, *symbols, since=round(since.timestamp() * 1000)) as client:
        for _ in symbols:
            await client.events()
        simulator.set_price("AMD", 250.01)
        heard: dict[str, dict[str, Any]] = {}
        while len(heard) < len(symbols):
            event = await client.event()
            heard[event["eventSymbol"]] = event
    for symbol in symbols:
        *past, last = told(world, symbol, since)
        before = was[symbol][-1]
        assert past == was[symbol][:-1]
        assert (last["close"], last["open"], last["low"]) == (250.01, before["open"], before["low"])
        assert last["high"] == max(250.01, before["high"])
        parsed = CandleSymbol.parse(symbol)
        assert ohlcv(heard[str(parsed)]) == ohlcv(last)


@always
async def test_a_day_that_is_over_is_told_anew(simulator: Simulator, session: Session, clock: Standing) -> None:
    async with candles(session, "SPY{=d}", "SPY{=h}", since=round(FRIDAY.timestamp() * 1000) - 86_400_000) as client:
        await client.events()
        assert len(await client.events()) == 24 + 13 + 1 - 8  # Friday to 12:30; Thursday from 4:00, its end at 20:00
        clock.moment += timedelta(days=1)
        await simulator.tick()
        days, shown = (await client.events())[:-1], (await client.events())[:-1]
    assert [f"{datetime.fromtimestamp(bar['time'] / 1000, UTC):%a}" for bar in days] == ["Sat", "Fri"]
    friday = of(list(reversed(shown)), FRIDAY.date())
    assert {4, 9, 15, 19} <= {at(bar).hour for bar in friday} <= set(range(4, 20))
    assert shown == sorted(shown, key=lambda bar: -bar["time"])
    assert at(shown[0]).date() == date(2026, 11, 21)


async def test_what_is_unsubscribed_is_silent(simulator: Simulator, session: Session, clock: Standing) -> None:
    async with streaming(session) as stream:
        await stream.subscribe_candle(["SPY", "QQQ"], "1h", FRIDAY)
        await snapshot(stream)
        await snapshot(stream)
        await stream.unsubscribe_candle("SPY", "1h", extended_trading_hours=False)
        await stream.subscribe_candle(["IWM"], "1h", FRIDAY)  # its answer says that the message before was taken in
        await snapshot(stream)
        clock.moment += timedelta(seconds=20)
        await simulator.tick()
        assert {(await stream.get_event(Candle)).event_symbol for _ in range(2)} == {
            "QQQ{=h,tho=true}",
            "IWM{=h,tho=true}",
        }
        assert stream.get_event_nowait(Candle) is None
        (shown,) = await open_sockets(simulator)
        assert shown["subscriptions"] == {"Candle": ["QQQ{=h,tho=true}", "IWM{=h,tho=true}"]}


async def test_a_reset_leaves_nothing(simulator: Simulator, session: Session) -> None:
    async with candles(session, "SPY{=d}") as client:
        await client.events()
        await client.socket.send_json({"type": "FEED_SUBSCRIPTION", "channel": 1, "reset": True})
        await client.ask({"type": "KEEPALIVE", "channel": 0})
        (shown,) = await open_sockets(simulator)
        assert shown["subscriptions"] == {}


@pytest.mark.slow
async def test_a_long_snapshot_lets_others_speak(simulator: Simulator, session: Session) -> None:
    async with streaming(session) as stream, candles(session) as client:
        await stream.subscribe(Trade, ["SPY"])
        await stream.get_event(Trade)
        await client.subscribe("SPY{=h}")
        await client.event()
        await stream.subscribe(Trade, ["QQQ"])
        assert (await stream.get_event(Trade)).event_symbol == "QQQ"
        assert simulator._feed.sockets[1]._turn.locked()  # it is not through yet
        assert len(await client.events()) == 7999


async def test_who_lets_go_in_the_middle_hears_no_more(simulator: Simulator, session: Session) -> None:
    async with candles(session, "SPY{=h}") as client:
        await client.event()
        (channel,) = simulator._feed.sockets[0]._channels.values()
        channel.subscribe({"remove": [{"type": "Candle", "symbol": "SPY{=1h}"}]})
        await client.subscribe("SPY{=w}", since=round(FRIDAY.timestamp() * 1000) - 900_000_000)
        heard = await client.events()
    assert {event["eventSymbol"] for event in heard} == {"SPY{=h}", "SPY{=w}"}
    assert len(heard) < 1000


@pytest.mark.parametrize("named", ["SPY", "SPY{=d}"])
async def test_faults_know_candles_too(simulator: Simulator, session: Session, named: str) -> None:
    since = round(FRIDAY.timestamp() * 1000) - 864_000_000
    simulator.faults.add("missing", "/dxlink", symbols=[named])
    async with candles(session, "SPY{=1d}", "QQQ{=d}", since=since) as client:
        assert {event["eventSymbol"] for event in await client.events()} == {"QQQ{=d}"}
        simulator.faults.clear()
        simulator.faults.add("nan", "/dxlink", field="close", symbols=[named], count=1)
        await simulator.tick()
        first, *rest = (await client.events())[:-1]
        assert (first["eventSymbol"], first["close"]) == ("SPY{=d}", "NaN")
        assert all(bar["close"] > 0 for bar in rest)
    simulator.faults.add("poison", "/dxlink", symbols=[named], count=1)
    with pytest.raises((ExceptionGroup, WebSocketDisconnect)):
        await first_candle(session, "SPY")


async def first_candle(session: Session, symbol: str) -> Candle:
    async with streaming(session) as stream:
        await stream.subscribe_candle([symbol], "1d", FRIDAY, extended_trading_hours=True)
        return await stream.get_event(Candle)
