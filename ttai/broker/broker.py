"""The broker as a plugin asks it."""

import asyncio
from collections.abc import Iterable

from ttai.broker.ports import Gate
from ttai.broker.types import Account
from ttai.cache import Cache
from ttai.errors import BadArgument
from ttai.listing import Listing, Watchlist
from ttai.quant.symbols import normalize

ACCOUNTS_LIFE = 300.0


class Broker:
    """What is mine; raises NotLoggedIn where there are no credentials."""

    def __init__(self, gate: Gate, cache: Cache) -> None:
        self._gate = gate
        self._cache = cache
        self._changing = asyncio.Lock()  # a change of a list is a read and a write

    async def accounts(self) -> Listing[Account]:
        """The open accounts, remembered for 5 minutes (a login empties the memory)."""
        port = await self._gate.broker()
        return await self._cache.fetch(("accounts", port.login), ACCOUNTS_LIFE, port.accounts)

    async def watchlists(self) -> Listing[Watchlist]:
        """The private lists of symbols as they are now; nothing is remembered."""
        return await (await self._gate.broker()).watchlists()

    async def create_watchlist(self, name: str, symbols: Iterable[str] = ()) -> None:
        """Make a private list; BadArgument for what is no symbol, BrokerRefused where it exists."""
        spelled = _spelled(symbols)
        port = await self._gate.broker()
        async with self._changing:
            await port.create_watchlist(name, spelled)

    async def change_watchlist(self, name: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> Watchlist:
        """Append symbols that are not in a private list, take others out; what the broker has of it then.

        What else is in the list, and what could not be read of it, stays. A change that another program undoes
        meanwhile is made up to 3 times; look at the answer for whether it lasted. BadArgument for what is no symbol,
        NotFound where there is no such list, BrokerUnavailable where it can't be read and is left as it is; after a
        failure that leaves open whether it was done, the error's hint says so.
        """
        added, removed = _spelled(add), _spelled(remove)
        port = await self._gate.broker()
        async with self._changing:
            return await port.change_watchlist(name, add=added, remove=removed)

    async def delete_watchlist(self, name: str) -> None:
        """Delete a private list with all that is in it; NotFound where there is none."""
        port = await self._gate.broker()
        async with self._changing:
            await port.delete_watchlist(name)


def _spelled(symbols: Iterable[str]) -> list[str]:
    """The symbols as the project writes them."""
    try:
        return list(map(normalize, symbols))
    except ValueError as error:
        raise BadArgument(str(error), "Nothing was changed") from None
