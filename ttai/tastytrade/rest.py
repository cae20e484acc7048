"""TastyTrade as the market and the broker services need it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2
from tastytrade.utils import TastytradeError

from ttai.broker.types import Account
from ttai.credentials import Credentials
from ttai.errors import BrokerUnavailable
from ttai.market.ports import Heard, Stream
from ttai.market.types import Instrument, Rows
from ttai.quant import symbols as spelling
from ttai.tastytrade import parse
from ttai.tastytrade.session import BrokerSession, Wire
from ttai.tastytrade.stream import open_feed

T = TypeVar("T")

_TYPES = {"equity": "equity", "index": "index", "option": "equity-option"}
_MOST_ROWS = 100


class TastyTrade:
    """The adapter: market and broker ports over one session."""

    def __init__(self, credentials: Credentials, url: str, wire: Wire | None = None) -> None:
        self.session = BrokerSession(credentials, url, wire or httpx2.AsyncHTTPTransport)

    @property
    def simulated(self) -> bool:
        """Whether the simulator answers."""
        return self.session.transport.simulated

    async def rows(self, symbols: Sequence[str]) -> Rows:
        """Market data by type, a hundred at a time; an index nobody told us of is asked for as both."""
        rows = {}
        unreadable: set[str] = set()
        for start in range(0, len(symbols), _MOST_ROWS // 2):
            asked = symbols[start : start + _MOST_ROWS // 2]
            params: dict[str, list[str]] = {}
            for symbol in asked:
                kind = spelling.kind(symbol)
                params.setdefault(_TYPES[kind], []).append(symbol)
                if kind == "equity":
                    params.setdefault("index", []).append(symbol)
            items = await self._items("/market-data/by-type", params)
            for item in items:
                row = parse.market_row(item)
                if row is not None:
                    rows[row.symbol] = row
            if any(parse.market_row(item) is None for item in items):
                # A row without a readable symbol could be any of those that did not come.
                unreadable.update(symbol for symbol in asked if symbol not in rows)
        return Rows(rows, frozenset(unreadable))

    async def search(self, text: str) -> list[Instrument]:
        """Symbols that look like `text`."""
        return _read(await self._items(f"/symbols/search/{quote(text, safe='')}"), parse.instrument)

    async def accounts(self) -> list[Account]:
        """The open accounts."""
        return _read(await self._items("/customers/me/accounts"), parse.account)

    def stream(self, heard: Heard) -> AbstractAsyncContextManager[Stream]:
        """A market data socket."""
        return open_feed(self.session, heard)

    async def close(self) -> None:
        """End the session's connections."""
        await self.session.close()

    async def _items(self, path: str, params: dict[str, list[str]] | None = None) -> list[Any]:
        try:
            data = await self.session._get(path, params=params)  # noqa: SLF001 - the SDK's one way to raw rows
        except TastytradeError as error:
            raise BrokerUnavailable(" ".join(str(error).split())[:200]) from error
        items = data.get("items")
        if not isinstance(items, list):
            raise BrokerUnavailable(f"no items on {path}")
        return items


def _read(items: list[Any], one: Callable[[Any], T | None]) -> list[T]:
    return [row for item in items if (row := one(item)) is not None]
