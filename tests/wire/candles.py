"""Candles for tests: a market at a moment, its bars, and clients that subscribe to them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time
from typing import Any

from tastytrade import DXLinkStreamer, Session
from tastytrade.dxfeed import Candle

from tests.wire.test_simulator_dxlink import Raw, Standing, raw
from ttai.clock import NEW_YORK
from ttai.simulator import Simulator, World
from ttai.simulator.candles import CandleSymbol, Series
from ttai.simulator.prices import course, walked

INTERVALS = {"1m": 60, "5m": 300, "15m": 900, "30m": 1800, "1h": 3600, "2h": 7200, "4h": 14_400, "1d": 0, "1w": 0}
INTRADAY = [interval for interval, seconds in INTERVALS.items() if seconds]
FRIDAY = datetime(2026, 11, 20, tzinfo=NEW_YORK)
BEGIN, END, SNIP, REMOVE = 4, 8, 16, 2  # flags of an event, as dxFeed numbers them


def market(moment: datetime, sessions: str = "real", seed: int = 7) -> World:
    clock = Standing()
    clock.moment = moment.astimezone(UTC)
    return Simulator(clock=clock, sessions="real" if sessions == "real" else "always", seed=seed).world


def forget_the_drawn() -> None:
    """What worlds of a seed share: from now on they draw their paths anew."""
    course.cache_clear()
    walked.cache_clear()


def told(world: World, symbol: str, since: datetime | None = None, most: int = 8000) -> list[dict[str, Any]]:
    """The bars of a snapshot, oldest first, without the row that ends it."""
    parsed = CandleSymbol.parse(symbol)
    assert parsed is not None
    asked = Series(parsed, 0 if since is None else round(since.timestamp() * 1000))
    rows = asked.rows(world, world.clock.now().timestamp(), most)
    names = ("flags", "index", "time", "sequence", "count", "volume")
    bars = [
        dict(zip(names, row[2:8], strict=True)) | dict(zip(("open", "high", "low", "close"), row[-4:], strict=True))
        for row in rows
    ]
    return [bar for bar in reversed(bars) if not bar["flags"] & REMOVE]


def at(bar: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(bar["time"] / 1000, NEW_YORK)


def of(bars: list[dict[str, Any]], day: date) -> list[dict[str, Any]]:
    return [bar for bar in bars if at(bar).date() == day]


def together(bars: list[dict[str, Any]]) -> tuple[float, float, float, float, float]:
    """Many bars as one."""
    high, low = max(bar["high"] for bar in bars), min(bar["low"] for bar in bars)
    return bars[0]["open"], high, low, bars[-1]["close"], sum(bar["volume"] for bar in bars)


def ohlcv(bar: dict[str, Any]) -> tuple[float, float, float, float, float]:
    return together([bar])


def midnight_utc(day: date) -> float:
    return datetime.combine(day, time(), UTC).timestamp() * 1000


async def snapshot(stream: DXLinkStreamer) -> list[Candle]:
    """All events of one snapshot, as they came."""
    events = [await stream.get_event(Candle)]
    while not (events[-1].snapshot_end or events[-1].snapshot_snip):
        events.append(await stream.get_event(Candle))
    return events


class Listener(Raw):
    """A raw client that takes the events out of their messages."""

    def __init__(self, client: Raw) -> None:
        super().__init__(client.socket, client.token)
        self.left: list[dict[str, Any]] = []

    async def event(self) -> dict[str, Any]:
        """The next event."""
        while not self.left:
            message = await self.hear()
            self.left = [] if message["type"] == "KEEPALIVE" else message["data"]
        return self.left.pop(0)

    async def events(self, until: int = END | SNIP) -> list[dict[str, Any]]:
        """All until one has one of these flags: a snapshot."""
        heard = [await self.event()]
        while not heard[-1]["eventFlags"] & until:
            heard.append(await self.event())
        return heard

    async def subscribe(self, *symbols: str, since: int = 0) -> None:
        add = [{"type": "Candle", "symbol": symbol, "fromTime": since} for symbol in symbols]
        await self.socket.send_json({"type": "FEED_SUBSCRIPTION", "channel": 1, "add": add})


@asynccontextmanager
async def candles(session: Session, *symbols: str, since: int = 0, fields: Any = ()) -> AsyncIterator[Listener]:
    """A raw client that has subscribed on channel 1."""
    async with raw(session) as plain:
        client = Listener(plain)
        await client.authorize()
        await client.open()
        setup = {"type": "FEED_SETUP", "channel": 1, "acceptDataFormat": "FULL"}
        config = await client.ask({**setup, "acceptEventFields": {"Candle": list(fields)} if fields else {}})
        assert config["type"] == "FEED_CONFIG"
        await client.subscribe(*symbols, since=since)
        yield client
