"""REST's answers about symbols, asked for many at once when callers ask for one each."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Generic

from ttai.cache import STOPPING, Cache
from ttai.clock import Clock
from ttai.errors import BrokerUnavailable
from ttai.market.metrics import Metrics
from ttai.market.ports import Gate, MarketPort
from ttai.market.types import Row, Rows, T

ROWS_LIFE = 5.0
METRICS_LIFE = 120.0
GATHER = 0.01  # s in which single questions become one request


class Reader(Generic[T]):
    """Answers by symbol, cached for so many seconds; questions that come together go out together."""

    def __init__(
        self,
        gate: Gate,
        cache: Cache,
        kind: str,
        seconds: float,
        ask: Callable[[MarketPort, Sequence[str]], Awaitable[Rows[T]]],
    ) -> None:
        self._gate = gate
        self._cache = cache
        self._kind = kind
        self._seconds = seconds
        self._send = ask
        self._asked: dict[str, asyncio.Future[T | None]] = {}
        self._requests: set[asyncio.Task[None]] = set()

    async def row(self, symbol: str) -> T | None:
        """What REST knows of the symbol; None where it does not know it."""
        login = (await self._gate.market()).login
        return await self._cache.fetch((self._kind, login, symbol), self._seconds, lambda: self._ask(symbol))

    async def close(self) -> None:
        """End the requests on their way; who waits for one is told why (BrokerUnavailable)."""
        requests = list(self._requests)
        for request in requests:
            request.cancel()
        await asyncio.gather(*requests, return_exceptions=True)
        asked, self._asked = self._asked, {}
        _fail(asked, BrokerUnavailable(*STOPPING))

    async def _ask(self, symbol: str) -> T | None:
        if not self._asked:
            request = asyncio.create_task(self._request())
            self._requests.add(request)
            request.add_done_callback(self._requests.discard)
        future = self._asked.setdefault(symbol, asyncio.get_running_loop().create_future())
        return await future

    async def _request(self) -> None:
        await asyncio.sleep(GATHER)
        asked, self._asked = self._asked, {}
        try:
            answer = await self._send(await self._gate.market(), list(asked))
        except Exception as failure:  # noqa: BLE001 - handed on to everyone who asked
            _fail(asked, failure)
            return
        except asyncio.CancelledError:
            _fail(asked, BrokerUnavailable(*STOPPING))
            raise
        for symbol, future in asked.items():
            if future.done():
                continue
            if (error := answer.failed.get(symbol)) is not None:
                future.set_exception(error)
            else:
                future.set_result(answer.rows.get(symbol))


def _fail(asked: Mapping[str, asyncio.Future[T | None]], failure: Exception) -> None:
    for future in asked.values():
        if not future.done():
            future.set_exception(failure)


class RowReader(Reader[Row]):
    """Market data; a row that does not say of when it is is of when it came, however long it is remembered."""

    def __init__(self, gate: Gate, cache: Cache, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        super().__init__(gate, cache, "row", ROWS_LIFE, self._dated)

    async def _dated(self, port: MarketPort, symbols: Sequence[str]) -> Rows[Row]:
        told = await port.rows(symbols)
        now = self._clock.now()
        return Rows({name: replace(row, as_of=row.as_of or now) for name, row in told.rows.items()}, told.failed)


class MetricsReader(Reader[Metrics]):
    """Metrics of underlyings."""

    def __init__(self, gate: Gate, cache: Cache) -> None:
        super().__init__(gate, cache, "metrics", METRICS_LIFE, lambda port, symbols: port.metrics(symbols))
