"""Options on the stream, read by the broker's own SDK: what is told at once, when it changes, and what goes wrong."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import httpx2
import pytest
from tastytrade import Session
from tastytrade.dxfeed import Greeks, Quote, Summary, Trade
from tastytrade.market_data import get_market_data
from tastytrade.order import InstrumentType

from tests.wire.sdk import streaming
from tests.wire.test_simulator_dxlink import Standing, open_sockets
from ttai.simulator import Simulator
from ttai.simulator.channels import PATH
from ttai.simulator.events import FIELDS

CALL, PUT = ".SPY261218C670", ".SPY261218P670"


@pytest.fixture
def clock() -> Standing:
    return Standing()


@pytest.fixture
def simulator(clock: Standing) -> Simulator:
    return Simulator(clock=clock)


def test_the_fields_are_the_sdks_in_its_order() -> None:
    assert list(FIELDS["Greeks"]) == [field.alias for field in Greeks.model_fields.values()]


async def test_the_stream_says_what_the_calls_say(session: Session) -> None:
    row = await get_market_data(session, "SPY   261218C00670000", InstrumentType.EQUITY_OPTION)
    async with streaming(session) as stream:
        for event in (Quote, Trade, Summary, Greeks):
            await stream.subscribe(event, [CALL])
        quote, trade = await stream.get_event(Quote), await stream.get_event(Trade)
        day, greeks = await stream.get_event(Summary), await stream.get_event(Greeks)
    assert (quote.bid_price, quote.ask_price, quote.bid_size) == (row.bid, row.ask, row.bid_size)
    assert (trade.price, trade.time) == (row.last, row.last_trade_time)
    assert trade.day_volume == row.volume
    assert day.open_interest == row.open_interest
    assert day.prev_day_close_price == row.prev_close
    assert row.bid is not None
    assert row.ask is not None
    assert row.bid <= greeks.price <= row.ask
    assert 0.3 < greeks.delta < 0.7
    assert greeks.gamma > 0
    assert greeks.theta < 0 < greeks.vega


async def test_time_and_prices_move_the_options(simulator: Simulator, session: Session, clock: Standing) -> None:
    async with streaming(session) as stream:
        await stream.subscribe(Greeks, [CALL, PUT])
        await stream.subscribe(Quote, [CALL])
        before = {event.event_symbol: event for event in [await stream.get_event(Greeks) for _ in range(2)]}
        quote = await stream.get_event(Quote)
        await simulator.tick()
        assert stream.get_event_nowait(Greeks) is None  # nothing moves while time stands
        clock.moment += timedelta(seconds=0.2)
        await simulator.tick()
        assert stream.get_event_nowait(Greeks) is None  # options look once a second
        clock.moment += timedelta(minutes=1)
        await simulator.tick()
        later = {event.event_symbol: event for event in [await stream.get_event(Greeks) for _ in range(2)]}
        assert all(later[symbol].price != before[symbol].price for symbol in (CALL, PUT))
        simulator.set_price("SPY", 700)
        while (await stream.get_event(Quote)).bid_price < quote.bid_price + 15:
            pass


async def test_what_is_not_listed_is_silent(simulator: Simulator, session: Session, clock: Standing) -> None:
    unknown = [".SPY261218C670.25", ".SPY261217C670", ".NOPE261218C670", ".SPY261218", ".", ".SPY261218X670", "SPY"]
    async with streaming(session) as stream:
        await stream.subscribe(Greeks, [*unknown, CALL])
        assert (await stream.get_event(Greeks)).event_symbol == CALL
        clock.moment += timedelta(seconds=5)
        await simulator.tick()
        assert (await stream.get_event(Greeks)).event_symbol == CALL
        assert stream.get_event_nowait(Greeks) is None


async def test_an_option_falls_silent_when_it_expires(simulator: Simulator, session: Session, clock: Standing) -> None:
    today = ".SPY261120C670"
    async with streaming(session) as stream:
        await stream.subscribe(Greeks, [today])
        assert (await stream.get_event(Greeks)).event_symbol == today
        clock.moment = clock.moment.replace(hour=20, minute=59, second=58)
        await simulator.tick()
        assert (await stream.get_event(Greeks)).price >= 0
        clock.moment += timedelta(seconds=2)
        await simulator.tick()
        assert stream.get_event_nowait(Greeks) is None


async def test_what_was_never_traded_has_no_trade(session: Session) -> None:
    far = ".XBI270115C220"
    async with streaming(session) as stream:
        await stream.subscribe(Trade, [far, CALL])
        await stream.subscribe(Quote, [far])
        quote = await stream.get_event(Quote)
        assert (await stream.get_event(Trade)).event_symbol == CALL
        assert stream.get_event_nowait(Trade) is None
    assert quote.bid_price == quote.bid_size == 0
    assert quote.ask_price > 0


async def test_what_is_unsubscribed_is_forgotten(simulator: Simulator, session: Session, clock: Standing) -> None:
    async with streaming(session) as stream:
        await stream.subscribe(Greeks, [CALL, PUT])
        assert {(await stream.get_event(Greeks)).event_symbol for _ in range(2)} == {CALL, PUT}
        await stream.unsubscribe(Greeks, [CALL])
        clock.moment += timedelta(seconds=2)
        await stream.subscribe(Trade, ["SPY"])
        await stream.get_event(Trade)
        assert (await open_sockets(simulator))[0]["subscriptions"] == {"Trade": ["SPY"], "Greeks": [PUT]}
        await stream.unsubscribe(Greeks, [PUT])
        await stream.subscribe(Trade, ["QQQ"])
        while (await stream.get_event(Trade)).event_symbol != "QQQ":
            pass
        assert (await open_sockets(simulator))[0]["subscriptions"] == {"Trade": ["SPY", "QQQ"]}


async def test_thousands_of_contracts(simulator: Simulator, session: Session, clock: Standing) -> None:
    series = simulator._feed.boards.options.series("SPX", clock.now().timestamp())
    symbols = [symbol for one in series for symbol in one.streamer][:2000]
    async with streaming(session) as stream:
        for start in range(0, len(symbols), 400):
            await stream.subscribe(Greeks, symbols[start : start + 400])
        assert {(await stream.get_event(Greeks)).event_symbol for _ in symbols} == set(symbols)


async def test_a_hidden_option_is_told_once_it_is_not(simulator: Simulator, session: Session) -> None:
    simulator.faults.add("missing", PATH, symbols=[CALL])
    async with streaming(session) as stream:
        await stream.subscribe(Greeks, [CALL, PUT])
        assert (await stream.get_event(Greeks)).event_symbol == PUT
        await simulator.tick()
        assert stream.get_event_nowait(Greeks) is None
        simulator.faults.clear()
        await simulator.tick()
        assert (await stream.get_event(Greeks)).event_symbol == CALL


async def test_a_field_of_an_option_is_spoiled(simulator: Simulator, session: Session) -> None:
    simulator.faults.add("nan", PATH, symbols=[CALL], field="delta")
    simulator.faults.add("nan", PATH, symbols=[CALL], field="openInterest")
    async with streaming(session) as stream:
        await stream.subscribe(Greeks, [CALL, PUT])
        assert (await stream.get_event(Greeks)).event_symbol == PUT  # the SDK drops what lacks a field
        await stream.subscribe(Summary, [CALL])
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await stream.get_event(Summary)


async def test_an_option_kills_the_socket(simulator: Simulator, session: Session) -> None:
    simulator.faults.add("poison", PATH, symbols=[CALL])

    async def subscribe() -> None:
        async with streaming(session) as stream:
            await stream.subscribe(Greeks, [PUT])
            await stream.get_event(Greeks)
            await stream.subscribe(Greeks, [CALL])
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as caught:
        await subscribe()
    assert caught.group_contains(httpx2.websockets.WebSocketDisconnect)


async def test_calls_about_options_fail_like_those_about_stocks(simulator: Simulator, session: Session) -> None:
    symbol = "SPY   261218C00670000"
    simulator.faults.add("nan", "/market-data/*", symbols=[symbol], field="bid", count=1)
    row = await session._get("/market-data/by-type", params={"equity-option": symbol})
    assert row["items"][0]["bid"] == "NaN"
    simulator.faults.add("missing", "/market-data/*", symbols=[symbol])
    rest = await session._get("/market-data/by-type", params={"equity-option": f"{symbol},SPY   261218P00670000"})
    assert [item["symbol"] for item in rest["items"]] == ["SPY   261218P00670000"]
    assert Decimal(rest["items"][0]["ask"]) > 0
