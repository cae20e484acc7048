"""TastyTrade as the market and the broker services need it."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import quote

from tastytrade.utils import TastytradeError

from ttai.broker.types import Account
from ttai.credentials import Credentials
from ttai.errors import BrokerUnavailable, TtaiError
from ttai.isolation import is_cancelled
from ttai.listing import Listing
from ttai.market.ports import Heard, Stream
from ttai.market.types import Instrument, Row, Rows, Source
from ttai.quant import symbols as spelling
from ttai.tastytrade import parse
from ttai.tastytrade.limits import Tries
from ttai.tastytrade.session import BrokerSession
from ttai.tastytrade.stream import open_feed
from ttai.tastytrade.wire import Wire

_TYPES = {"equity": ("equity", "index"), "index": ("index",), "option": ("equity-option",)}
_MOST_ROWS = 100
CLOSING = 1.0  # s a request may take to be cancelled
LOGIN_OVER = "the login was changed meanwhile"

T = TypeVar("T")

_log = logging.getLogger(__name__)


class TastyTrade:
    """The adapter: market and broker ports over one session."""

    def __init__(self, credentials: Credentials, url: str, wire: Wire, tries: Tries | None = None) -> None:
        self.session = BrokerSession(credentials, url, wire, tries)
        self.login = f"{credentials.key} {url}"
        self._closed = False
        self._asking: set[asyncio.Task[Any]] = set()

    @property
    def simulated(self) -> bool:
        """Whether the simulator answers."""
        return self.session.transport.simulated

    async def rows(self, symbols: Sequence[str]) -> Rows:
        """Market data by type, a hundred at a time; a request that fails costs the symbols in it."""
        # An index nobody told us of looks like an equity: asked for as both, it is one request all the same.
        asked = [(kind, symbol) for symbol in symbols for kind in _TYPES[spelling.kind(symbol)]]
        rows: dict[str, Row] = {}
        failed: dict[str, TtaiError] = {}
        for start in range(0, len(asked), _MOST_ROWS):
            part = asked[start : start + _MOST_ROWS]
            params: dict[str, list[str]] = {}
            for kind, symbol in part:
                params.setdefault(kind, []).append(symbol)
            try:
                items = await self._items("/market-data/by-type", params)
            except TtaiError as error:
                failed.update((symbol, error) for _, symbol in part)
                continue
            source: Source = "simulator" if self.simulated else "rest"
            read = [parse.market_row(item) for item in sorted(items, key=parse.is_index)]
            for row in read:
                if row is not None:  # a stock comes before an index of the same name
                    rows.setdefault(row.symbol, replace(row, source=source))
            if None in read:
                # A row without a readable symbol could be any of those that did not come.
                unreadable = BrokerUnavailable("a row of its market data can't be read")
                failed.update((symbol, unreadable) for _, symbol in part)
        return Rows(rows, {symbol: error for symbol, error in failed.items() if symbol not in rows})

    async def search(self, text: str) -> Listing[Instrument]:
        """Symbols that look like `text`."""
        return _read(await self._items(f"/symbols/search/{quote(text, safe='')}"), parse.instrument)

    async def accounts(self) -> Listing[Account]:
        """The open accounts."""
        items = await self._items("/customers/me/accounts")
        return _read([item for item in items if not parse.is_closed(item)], parse.account)

    def stream(self, heard: Heard) -> AbstractAsyncContextManager[Stream]:
        """A market data socket."""
        return open_feed(self.session, heard)

    async def close(self) -> None:
        """End the session's connections; what is being asked fails as the broker's."""
        self._closed = True
        for asking in self._asking:
            asking.cancel()
        if self._asking:  # a client that is closed under a request leaves its socket open
            await asyncio.wait(self._asking, timeout=CLOSING)
        await self.session.close()

    async def _items(self, path: str, params: dict[str, list[str]] | None = None) -> list[Any]:
        if self._closed:
            raise BrokerUnavailable(LOGIN_OVER)
        asking = asyncio.create_task(self.session._get(path, params=params))  # noqa: SLF001 - the one way to raw rows
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)
        try:
            data: Any = await asking
        except TastytradeError as error:  # its text is the answer's, with whatever stands there
            _log.warning("%s on %s", type(error).__name__, path)
            raise BrokerUnavailable(f"its answer on {path} can't be read") from None
        except asyncio.CancelledError:
            if is_cancelled():
                raise
            raise BrokerUnavailable(LOGIN_OVER) from None
        items = data.get("items") if isinstance(data, dict) else None
        if not isinstance(items, list):
            raise BrokerUnavailable(f"no items on {path}")
        return items


def _read(items: list[Any], one: Callable[[Any], T | None]) -> Listing[T]:
    rows = [row for item in items if (row := one(item)) is not None]
    if len(rows) < len(items):
        _log.warning("%d of %d rows were not read (%s)", len(items) - len(rows), len(items), one.__name__)
    return Listing(rows, unreadable=len(items) - len(rows))
