"""TastyTrade as the market and the broker services need it."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import quote

from tastytrade.metrics import get_risk_free_rate

from ttai.errors import BrokerUnavailable, NotFound, TtaiError
from ttai.listing import Listing, Watchlist
from ttai.market.metrics import Metrics
from ttai.market.options import Expiration
from ttai.market.ports import CandleSink, Heard, Stream
from ttai.market.types import Instrument, Row, Rows
from ttai.quant import symbols as spelling
from ttai.tastytrade import chains, parse
from ttai.tastytrade import watchlists as lists
from ttai.tastytrade.accounts import Accounts
from ttai.tastytrade.metrics import metrics
from ttai.tastytrade.requests import CHECK
from ttai.tastytrade.stream import open_feed

_TYPES = {"equity": ("equity", "index"), "index": ("index",), "option": ("equity-option",)}
_MOST_ROWS = 100
ATTEMPTS = 3  # to change a list that another program changes too


class TastyTrade(Accounts):
    """The adapter: market and broker ports over one session."""

    async def rows(self, symbols: Sequence[str]) -> Rows[Row]:
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
            read = [parse.market_row(item, self._source) for item in sorted(items, key=parse.is_index)]
            for row in read:
                if row is not None:  # a stock comes before an index of the same name
                    rows.setdefault(row.symbol, row)
            if None in read:
                # A row without a readable symbol could be any of those that did not come.
                unreadable = BrokerUnavailable("a row of its market data can't be read")
                failed.update((symbol, unreadable) for _, symbol in part)
        return Rows(rows, {symbol: error for symbol, error in failed.items() if symbol not in rows})

    async def metrics(self, symbols: Sequence[str]) -> Rows[Metrics]:
        """Metrics of underlyings, a hundred at a time; a request that fails costs the symbols in it."""
        rows: dict[str, Metrics] = {}
        failed: dict[str, TtaiError] = {}
        for start in range(0, len(symbols), _MOST_ROWS):
            part = symbols[start : start + _MOST_ROWS]
            try:
                items = await self._items("/market-metrics", {"symbols": [",".join(part)]})
            except TtaiError as error:
                failed.update(dict.fromkeys(part, error))
                continue
            read = [metrics(item, self._source) for item in items]
            rows.update((row.symbol, row) for row in read if row is not None)
            if None in read:
                failed.update(dict.fromkeys(part, BrokerUnavailable("a row of its metrics can't be read")))
        return Rows(rows, {symbol: error for symbol, error in failed.items() if symbol not in rows})

    async def expirations(self, symbol: str) -> Listing[Expiration]:
        """The listed options of an underlying; reading thousands of contracts is kept off the loop."""
        try:
            items = await self._items(f"/option-chains/{quote(symbol, safe='')}/nested")
        except NotFound:
            return Listing([], source=self._source)
        return await asyncio.to_thread(chains.expirations, items, self._source)

    async def risk_free_rate(self) -> float:
        """The rate the broker prices options with, a fraction a year."""
        rate = await self._ask("/margin-requirements-public-configuration", get_risk_free_rate(self.session))
        return float(rate)

    async def search(self, text: str) -> Listing[Instrument]:
        """Symbols that look like `text`."""
        if text in (".", ".."):  # steps in a path, however they are quoted
            return Listing([], source=self._source)
        return self._read(await self._items(f"/symbols/search/{quote(text, safe='')}"), parse.instrument)

    async def public_watchlists(self) -> Listing[Watchlist]:
        """The lists that TastyTrade publishes."""
        return self._lists(await self._items("/public-watchlists"))

    async def watchlists(self) -> Listing[Watchlist]:
        """The customer's own lists."""
        return self._lists(await self._items("/watchlists"))

    async def create_watchlist(self, name: str, symbols: Sequence[str]) -> None:
        """Make a list."""
        await self._write("POST", "/watchlists", lists.created(name, symbols))

    async def change_watchlist(self, name: str, *, add: Sequence[str], remove: Sequence[str]) -> Watchlist:
        """Take symbols out of a list and append others; what else is in it stays. What it is then.

        What is sent replaces the list, so it is read again, and sent again where another program's list replaced it.
        """
        path = _list_path(name)
        item, there = await self._whole_list(path)
        for _ in range(ATTEMPTS):
            body = lists.changed(item, add, remove)
            if body["watchlist-entries"] == item["watchlist-entries"]:
                break
            await self._write("PUT", path, body)
            try:
                item, there = await self._whole_list(path)
            except TtaiError as error:
                raise BrokerUnavailable(f"the list was sent, and then: {error.message.rstrip('.')}", CHECK) from error
        return there

    async def _whole_list(self, path: str) -> tuple[dict[str, Any], Watchlist]:
        """A list as the wire has it, and as ours; one without its entries would be sent back without them."""
        item = await self._get(path)
        there = self._list(item)
        if there is None or not isinstance(item.get("watchlist-entries"), list):
            raise BrokerUnavailable(f"what is on the list {path} can't be read, so it is left as it is")
        return item, there

    async def delete_watchlist(self, name: str) -> None:
        """Delete a list with all that is in it."""
        await self._write("DELETE", _list_path(name))

    def stream(self, heard: Heard, candles: CandleSink) -> AbstractAsyncContextManager[Stream]:
        """A market data socket."""
        return open_feed(self.session, heard, candles)

    def _list(self, item: Any) -> Watchlist | None:
        return lists.watchlist(item, self._source)

    def _lists(self, items: list[Any]) -> Listing[Watchlist]:
        return self._read(items, self._list)


def _list_path(name: str) -> str:
    return f"/watchlists/{quote(name, safe='')}"
