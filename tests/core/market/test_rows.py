"""Questions about single symbols that become few requests."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

import pytest

from tests.desk import until
from ttai.cache import Cache
from ttai.errors import BrokerUnavailable, RateLimited, Stopping
from ttai.listing import Listing, Watchlist
from ttai.market.metrics import Metrics
from ttai.market.options import Expiration
from ttai.market.ports import CandleSink, Heard, MarketPort, Stream
from ttai.market.rows import Reader
from ttai.market.types import Instrument, Row, Rows
from ttai.testing import FrozenClock


class Port:
    """A REST that knows what it was given, and notes what it was asked."""

    simulated = False
    login = "1"
    origin = "here"

    def __init__(self, *known: str) -> None:
        self.known = known
        self.asked: list[list[str]] = []
        self.failed: dict[str, BrokerUnavailable] = {}
        self.failure: Exception | None = None
        self.turn = asyncio.Event()
        self.turn.set()

    async def market(self) -> MarketPort:
        return self

    async def rows(self, symbols: Sequence[str]) -> Rows[Row]:
        self.asked.append(list(symbols))
        await self.turn.wait()
        if self.failure:
            raise self.failure
        return Rows({symbol: Row(symbol, last=1.0) for symbol in symbols if symbol in self.known}, self.failed)

    async def metrics(self, symbols: Sequence[str]) -> Rows[Metrics]:
        raise NotImplementedError

    async def expirations(self, symbol: str) -> Listing[Expiration]:
        raise NotImplementedError

    async def risk_free_rate(self) -> float:
        raise NotImplementedError

    async def public_watchlists(self) -> Listing[Watchlist]:
        raise NotImplementedError

    async def search(self, text: str) -> Listing[Instrument]:
        raise NotImplementedError

    def stream(self, heard: Heard, candles: CandleSink) -> AbstractAsyncContextManager[Stream]:
        raise NotImplementedError


def made(port: Port) -> Reader[Row]:
    return Reader(port, Cache(FrozenClock()), "row", 5, lambda market, symbols: market.rows(symbols))


async def test_what_is_asked_together_goes_out_together() -> None:
    port = Port("SPY", "QQQ")
    reader = made(port)
    spy, again, qqq, nope = await asyncio.gather(*(reader.row(s) for s in ("SPY", "SPY", "QQQ", "NOPE")))
    assert port.asked == [["SPY", "QQQ", "NOPE"]]
    assert spy is again is not None
    assert qqq == Row("QQQ", last=1.0)
    assert nope is None


async def test_a_row_is_remembered_for_5_seconds() -> None:
    clock, port = FrozenClock(), Port("SPY")
    reader: Reader[Row] = Reader(port, Cache(clock), "row", 5, lambda market, symbols: market.rows(symbols))
    await reader.row("SPY")
    clock.advance(4.9)
    await reader.row("SPY")
    assert len(port.asked) == 1
    clock.advance(0.2)
    await reader.row("SPY")
    assert len(port.asked) == 2


async def test_what_comes_while_a_request_is_out_makes_the_next_one() -> None:
    port = Port("SPY", "QQQ")
    port.turn.clear()
    reader = made(port)
    spy = asyncio.create_task(reader.row("SPY"))
    await until(lambda: port.asked)
    qqq = asyncio.create_task(reader.row("QQQ"))
    await until(lambda: len(port.asked) == 2)
    port.turn.set()
    assert await spy is not None
    assert await qqq is not None
    assert port.asked == [["SPY"], ["QQQ"]]


async def test_a_symbol_that_failed_costs_itself() -> None:
    port = Port("SPY")
    port.failed = {"ODD": BrokerUnavailable("a row that can't be read")}
    reader = made(port)
    spy, odd = await asyncio.gather(reader.row("SPY"), reader.row("ODD"), return_exceptions=True)
    assert isinstance(spy, Row)
    assert isinstance(odd, BrokerUnavailable)


async def test_a_request_that_fails_is_everyones_failure_and_not_remembered() -> None:
    port = Port("SPY", "QQQ")
    port.failure = RateLimited()
    reader = made(port)
    answers = await asyncio.gather(reader.row("SPY"), reader.row("QQQ"), return_exceptions=True)
    assert [type(answer) for answer in answers] == [RateLimited, RateLimited]
    port.failure = None
    assert await reader.row("SPY") is not None


async def test_who_leaves_early_takes_the_answer_from_nobody() -> None:
    port = Port("SPY")
    port.turn.clear()
    reader = made(port)
    first, second = (asyncio.create_task(reader.row("SPY")) for _ in range(2))
    await until(lambda: port.asked)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    port.turn.set()
    assert await asyncio.wait_for(second, 1) is not None
    assert len(port.asked) == 1


@pytest.mark.parametrize("out", [False, True])
async def test_closed_it_has_ended_what_was_on_its_way(out: bool) -> None:
    port = Port("SPY")
    port.turn.clear()
    reader = made(port)
    before = asyncio.all_tasks()
    asking = asyncio.create_task(reader.row("SPY"))
    await until(lambda: port.asked if out else reader._requests)
    await reader.close()
    with pytest.raises(Stopping):
        await asking
    assert asyncio.all_tasks() == before
    assert len(port.asked) == out
    port.turn.set()
    assert await reader.row("SPY") is not None  # the next question is asked anew


async def test_another_login_is_told_nothing_that_was_remembered() -> None:
    port = Port("SPY")
    reader = made(port)
    await reader.row("SPY")
    port.login = "2"
    await reader.row("SPY")
    assert port.asked == [["SPY"], ["SPY"]]
