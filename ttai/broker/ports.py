"""What the broker service needs of a broker; `ttai.tastytrade` fits these."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Protocol

from ttai.broker.holdings import AccountEvent, Balances, Position
from ttai.broker.records import Back, NetLiq, PlacedOrder, Transaction
from ttai.broker.types import Account, BuyingPower, Order
from ttai.listing import Listing, Watchlist


class BrokerPort(Protocol):
    """A customer's accounts."""

    @property
    def login(self) -> str:
        """Tells whose answers these are."""
        ...

    @property
    def origin(self) -> str:
        """Where the accounts are: another broker's of the same number is another."""
        ...

    async def accounts(self) -> Listing[Account]:
        """All accounts, the closed ones too."""
        ...

    async def positions(self, account: str) -> Listing[Position]:
        """What an account holds now, with the broker's marks."""
        ...

    async def balances(self, account: str) -> Balances:
        """An account's money."""
        ...

    async def transactions(
        self, account: str, start: date, end: date, underlying: str | None = None
    ) -> Listing[Transaction]:
        """All entries of these days (both ends count), oldest first."""
        ...

    async def live_orders(self, account: str) -> Listing[PlacedOrder]:
        """Today's orders, whatever became of them, and the older ones that still work."""
        ...

    async def order_history(
        self, account: str, start: date, end: date, underlying: str | None = None
    ) -> Listing[PlacedOrder]:
        """The orders of these days (both ends count), the newest first."""
        ...

    async def net_liq_history(self, account: str, back: Back) -> Listing[NetLiq]:
        """What an account was worth, oldest first."""
        ...

    def account_events(self, accounts: Sequence[str]) -> AbstractAsyncContextManager[AsyncIterator[AccountEvent]]:
        """A connected, authorised socket that tells of these accounts; its end is raised inside the block."""
        ...

    async def dry_run(self, account: str, order: Order) -> BuyingPower:
        """What an order would do to an account, by the broker's reckoning; nothing is placed, it is asked once.

        Whether the account has portfolio margin is another question: it says False.
        """
        ...

    async def has_portfolio_margin(self, account: str) -> bool:
        """Whether an account is margined by its risk."""
        ...

    async def watchlists(self) -> Listing[Watchlist]:
        """The customer's own lists of symbols."""
        ...

    async def create_watchlist(self, name: str, symbols: Sequence[str]) -> None:
        """Make a list."""
        ...

    async def change_watchlist(self, name: str, *, add: Sequence[str], remove: Sequence[str]) -> Watchlist:
        """Take symbols out of a list and append others; what else is in it stays. What it is then."""
        ...

    async def delete_watchlist(self, name: str) -> None:
        """Delete a list with all that is in it."""
        ...


class Gate(Protocol):
    """The way to a broker, if there is one."""

    async def broker(self) -> BrokerPort:
        """The broker; raises NotLoggedIn or BadCredentials."""
        ...
