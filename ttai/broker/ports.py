"""What the broker service needs of a broker; `ttai.tastytrade` fits these."""

from collections.abc import Sequence
from typing import Protocol

from ttai.broker.types import Account, BuyingPower, Order
from ttai.listing import Listing, Watchlist


class BrokerPort(Protocol):
    """A customer's accounts."""

    @property
    def login(self) -> str:
        """Tells whose answers these are."""
        ...

    async def accounts(self) -> Listing[Account]:
        """The open accounts."""
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
