"""TastyTrade as the market and the broker services need it."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2
from tastytrade.metrics import get_risk_free_rate
from tastytrade.utils import TastytradeError

from ttai.broker.types import Account, BuyingPower, Order
from ttai.errors import BrokerUnavailable, LoginChanged, NotFound, SessionRefused, TtaiError
from ttai.isolation import is_cancelled
from ttai.listing import Listing, Watchlist
from ttai.login.credentials import Credentials
from ttai.market.metrics import Metrics
from ttai.market.options import Expiration
from ttai.market.ports import CandleSink, Heard, Stream
from ttai.market.types import Instrument, Row, Rows, Source
from ttai.quant import symbols as spelling
from ttai.tastytrade import chains, orders, parse
from ttai.tastytrade import watchlists as lists
from ttai.tastytrade.limits import Tries, body_of, failure, words
from ttai.tastytrade.metrics import metrics
from ttai.tastytrade.session import BrokerSession
from ttai.tastytrade.stream import open_feed
from ttai.tastytrade.wire import Wire

_TYPES = {"equity": ("equity", "index"), "index": ("index",), "option": ("equity-option",)}
_MOST_ROWS = 100
ATTEMPTS = 3  # to change a list that another program changes too
CLOSING = 1.0  # s a request may take to be cancelled
AGAIN = "Nothing was placed. Try again in a minute"
CHECK = "It may have been done all the same: look what there is before you try it again"

T = TypeVar("T")

_log = logging.getLogger(__name__)


class TastyTrade:
    """The adapter: market and broker ports over one session."""

    def __init__(
        self,
        credentials: Credentials,
        url: str,
        wire: Wire,
        tries: Tries | None = None,
        answered: Callable[[], object] = lambda: None,
    ) -> None:
        """`answered` is called whenever the broker has answered a request of the market's or the user's."""
        self._tries = tries or Tries()
        self._answered = answered
        self.session = BrokerSession(credentials, url, wire, self._tries)
        self.login = f"{credentials.key} {url}"
        self.origin = url
        self._closed = False
        self._asking: set[asyncio.Task[Any]] = set()

    @property
    def simulated(self) -> bool:
        """Whether the simulator answers."""
        return self.session.transport.simulated

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

    async def accounts(self) -> Listing[Account]:
        """The open accounts."""
        items = await self._items("/customers/me/accounts")
        return self._read([item for item in items if not parse.is_closed(item)], parse.account)

    async def dry_run(self, account: str, order: Order) -> BuyingPower:
        """What an order would do to an account; asked once, as an order is."""
        path = f"/accounts/{quote(account, safe='')}/orders/dry-run"
        response = await self._write("POST", path, orders.sent(order), doubt=AGAIN)
        return orders.buying_power(account, body_of(response))

    async def has_portfolio_margin(self, account: str) -> bool:
        """Whether an account is margined by its risk."""
        return orders.is_portfolio_margin(await self._get(f"/accounts/{quote(account, safe='')}/trading-status"))

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

    async def close(self) -> None:
        """End the session's connections; what is being asked fails as the broker's."""
        self._closed = True
        for asking in self._asking:
            asking.cancel()
        if self._asking:  # a client that is closed under a request leaves its socket open
            await asyncio.wait(self._asking, timeout=CLOSING)
        await self.session.close()

    @property
    def _source(self) -> Source:
        return "simulator" if self.simulated else "rest"

    def _list(self, item: Any) -> Watchlist | None:
        return lists.watchlist(item, self._source)

    def _lists(self, items: list[Any]) -> Listing[Watchlist]:
        return self._read(items, self._list)

    def _read(self, items: list[Any], one: Callable[[Any], T | None]) -> Listing[T]:
        rows = [row for item in items if (row := one(item)) is not None]
        if len(rows) < len(items):
            _log.warning("%d of %d rows were not read (%s)", len(items) - len(rows), len(items), one.__name__)
        return Listing(rows, unreadable=len(items) - len(rows), source=self._source)

    async def _items(self, path: str, params: dict[str, list[str]] | None = None) -> list[Any]:
        data = await self._get(path, params)
        items = data.get("items") if isinstance(data, dict) else None
        if not isinstance(items, list):
            raise BrokerUnavailable(f"no items on {path}")
        return items

    async def _get(self, path: str, params: dict[str, list[str]] | None = None) -> Any:
        return await self._ask(path, self.session._get(path, params=params))  # noqa: SLF001 - the one way to raw rows

    async def _write(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, doubt: str = CHECK
    ) -> httpx2.Response:
        """Change something, asked once; `doubt` is the error's hint where nobody knows whether it was done."""
        return await self._ask(path, self._send(method, path, body, doubt))

    async def _send(self, method: str, path: str, body: dict[str, Any] | None, doubt: str) -> httpx2.Response:
        await self.session.refresh()
        try:
            async with asyncio.timeout(self._tries.timeout):
                # The SDK's own calls lose the status, and take a change answered without data for a failure.
                response = await self.session._client.request(method, path, json=body)  # noqa: SLF001
        except (httpx2.RequestError, OSError) as error:  # TimeoutError is one
            raise BrokerUnavailable(f"{type(error).__name__} on {path}", doubt) from error
        if response.status_code == 401:  # the session was dropped: it was not done, and the next is asked with another
            await self.session.renew(response.request.headers["Authorization"])
            raise SessionRefused(words(response), self.origin)
        if response.status_code >= 400:
            refused = failure(response, path, self.origin)
            if isinstance(refused, BrokerUnavailable):
                raise BrokerUnavailable(f"HTTP {response.status_code} on {path}", doubt)
            raise refused
        return response

    async def _ask(self, path: str, asking: Coroutine[Any, Any, T]) -> T:
        if self._closed:
            asking.close()
            raise LoginChanged
        task = asyncio.create_task(asking)
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)
        try:
            answer = await task
        except TastytradeError as error:  # its text is the answer's, with whatever stands there
            _log.warning("%s on %s", type(error).__name__, path)
            raise BrokerUnavailable(f"its answer on {path} can't be read") from None
        except asyncio.CancelledError:
            if is_cancelled():
                raise
            raise LoginChanged from None
        self._answered()
        return answer


def _list_path(name: str) -> str:
    return f"/watchlists/{quote(name, safe='')}"
