"""The broker's port but for its watchlists: accounts, what they hold, and what happened in them."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date
from functools import partial, update_wrapper
from typing import Any, TypeVar
from urllib.parse import quote

from ttai.broker.holdings import AccountEvent, Balances, Position
from ttai.broker.records import Back, NetLiq, PlacedOrder, Transaction
from ttai.broker.types import Account, BuyingPower, Order
from ttai.errors import BrokerUnavailable
from ttai.listing import Listing
from ttai.tastytrade import holdings, orders, parse, records
from ttai.tastytrade.alerts import open_alerts
from ttai.tastytrade.limits import body_of
from ttai.tastytrade.requests import Requests

AGAIN = "Nothing was placed. Try again in a minute"
TRANSACTIONS, ORDERS = 250, 50  # rows a page, as the SDK asks for them

T = TypeVar("T")
Recorded = TypeVar("Recorded", Transaction, PlacedOrder)


class Accounts(Requests):
    """What is asked of a customer's accounts."""

    async def accounts(self) -> Listing[Account]:
        """All accounts, the closed ones too."""
        return self._read(await self._items("/customers/me/accounts"), parse.account)

    async def positions(self, account: str) -> Listing[Position]:
        """What an account holds now, with the broker's marks."""
        items = await self._items(_path(account, "positions"), {"include-marks": "true"})
        return self._read(items, _of(account, holdings.position))

    async def balances(self, account: str) -> Balances:
        """An account's money."""
        data = await self._get(_path(account, "balances"))
        if (read := holdings.balances(account, data)) is None:
            raise BrokerUnavailable("the balances of an account can't be read")
        return read

    async def transactions(
        self, account: str, start: date, end: date, underlying: str | None = None
    ) -> Listing[Transaction]:
        """All entries of these days (both ends count), oldest first."""
        params = {"sort": "Asc", **_days(start, end, underlying)}
        items = await self._pages(_path(account, "transactions"), params, TRANSACTIONS)
        return _once(self._read(items, _of(account, records.transaction)))

    async def live_orders(self, account: str) -> Listing[PlacedOrder]:
        """Today's orders, whatever became of them, and the older ones that still work."""
        return self._read(await self._items(_path(account, "orders/live")), _of(account, records.placed_order))

    async def order_history(
        self, account: str, start: date, end: date, underlying: str | None = None
    ) -> Listing[PlacedOrder]:
        """The orders of these days (both ends count), the newest first."""
        params = {"sort": "Desc", **_days(start, end, underlying)}
        items = await self._pages(_path(account, "orders"), params, ORDERS)
        return _once(self._read(items, _of(account, records.placed_order)))

    async def net_liq_history(self, account: str, back: Back) -> Listing[NetLiq]:
        """What an account was worth, oldest first."""
        items = await self._items(_path(account, "net-liq/history"), {"time-back": back})
        read = self._read(items, records.net_liq)
        read.sort(key=lambda row: row.time)
        return read

    def account_events(self, accounts: Sequence[str]) -> AbstractAsyncContextManager[AsyncIterator[AccountEvent]]:
        """A connected, authorised socket that tells of these accounts; its end is raised inside the block."""
        return open_alerts(self.session, self.origin, accounts)

    async def dry_run(self, account: str, order: Order) -> BuyingPower:
        """What an order would do to an account; asked once, as an order is."""
        response = await self._write("POST", _path(account, "orders/dry-run"), orders.sent(order), doubt=AGAIN)
        return orders.buying_power(account, body_of(response))

    async def has_portfolio_margin(self, account: str) -> bool:
        """Whether an account is margined by its risk."""
        return orders.is_portfolio_margin(await self._get(_path(account, "trading-status")))


def _path(account: str, what: str) -> str:
    return f"/accounts/{quote(account, safe='')}/{what}"


def _days(start: date, end: date, underlying: str | None) -> dict[str, str]:
    asked = {"start-date": start.isoformat(), "end-date": end.isoformat()}
    return asked if underlying is None else {**asked, "underlying-symbol": underlying}


def _of(account: str, one: Callable[[str, Any], T | None]) -> Callable[[Any], T | None]:
    """The reader of a row of this account."""
    return update_wrapper(partial(one, account), one)


def _once(read: Listing[Recorded]) -> Listing[Recorded]:
    """Each of them once: what is entered while pages are read shifts rows to the next page."""
    rows: dict[int | str, Recorded] = {}
    for row in read:
        rows.setdefault(row.id, row)
    return Listing(rows.values(), unreadable=read.unreadable, source=read.source)
