"""The broker as a plugin asks it."""

from ttai.broker.ports import Gate
from ttai.broker.types import Account
from ttai.cache import Cache
from ttai.listing import Listing

ACCOUNTS_LIFE = 300.0


class Broker:
    """What is mine; raises NotLoggedIn where there are no credentials."""

    def __init__(self, gate: Gate, cache: Cache) -> None:
        self._gate = gate
        self._cache = cache

    async def accounts(self) -> Listing[Account]:
        """The open accounts, remembered for 5 minutes (a login empties the memory)."""
        port = await self._gate.broker()
        return await self._cache.fetch(("accounts", port.login), ACCOUNTS_LIFE, port.accounts)
