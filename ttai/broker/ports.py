"""What the broker service needs of a broker; `ttai.tastytrade` fits these."""

from typing import Protocol

from ttai.broker.types import Account
from ttai.listing import Listing


class BrokerPort(Protocol):
    """A customer's accounts."""

    @property
    def login(self) -> str:
        """Tells whose answers these are."""
        ...

    async def accounts(self) -> Listing[Account]:
        """The open accounts."""
        ...


class Gate(Protocol):
    """The way to a broker, if there is one."""

    async def broker(self) -> BrokerPort:
        """The broker; raises NotLoggedIn or BadCredentials."""
        ...
