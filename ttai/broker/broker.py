"""The broker as a plugin asks it."""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import replace

from ttai.broker.ports import BrokerPort, Gate
from ttai.broker.types import Account, BuyingPower, Order
from ttai.cache import Cache
from ttai.errors import BadArgument, NotFound, TtaiError, understood
from ttai.listing import Listing, Watchlist
from ttai.quant.symbols import normalize
from ttai.quant.texts import brief

_NUMBER = re.compile(r"[\w-]{1,32}", re.ASCII)
ACCOUNTS_LIFE = STATUS_LIFE = 300.0
STATUS_PATIENCE = 5.0  # s an answer waits to hear whether its account has portfolio margin


class Broker:
    """What is mine; raises NotLoggedIn where there are no credentials."""

    def __init__(self, gate: Gate, cache: Cache, account: str = "") -> None:
        """`account` is the number of the one that is meant where none is named."""
        self._gate = gate
        self._cache = cache
        self._account = account
        self._changing = asyncio.Lock()  # a change of a list is a read and a write

    async def accounts(self) -> Listing[Account]:
        """The open accounts, remembered for 5 minutes (a login empties the memory)."""
        port = await self._gate.broker()
        return await self._cache.fetch(("accounts", port.login), ACCOUNTS_LIFE, port.accounts)

    async def dry_run(self, order: Order, account: str | None = None) -> BuyingPower:
        """What an order would do to the buying power of an account; nothing is placed, nothing is remembered.

        Without an `account` it is that of TASTYTRADE_ACCOUNT, else the first that is open. BadArgument for what is no
        order, BrokerRefused with the broker's words where it would not take it, NotFound where there is no such
        account. It is asked once: after a failure ask again.
        """
        order = _checked(order)
        port = await self._gate.broker()
        number = account or self._account or await self._first()
        if not _NUMBER.fullmatch(number):  # it becomes a part of a path
            raise NotFound(f"there is no account {brief(number)}", "List the accounts to see what there is")
        answer = await port.dry_run(number, order)
        return replace(answer, portfolio_margin=await self._has_portfolio_margin(port, number))

    async def _first(self) -> str:
        for account in await self.accounts():
            return account.number
        raise NotFound("there is no open account", "Name the account, or set TASTYTRADE_ACCOUNT")

    async def _has_portfolio_margin(self, port: BrokerPort, number: str) -> bool:
        """What the broker says, remembered for 5 minutes; False where it does not: the order was answered."""
        key = ("portfolio margin", port.login, number)
        try:
            async with asyncio.timeout(STATUS_PATIENCE):
                return await self._cache.fetch(key, STATUS_LIFE, lambda: port.has_portfolio_margin(number))
        except (TtaiError, TimeoutError):
            return False

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


def _checked(order: Order) -> Order:
    """The order with its symbols as the project writes them; what is no order is not sent."""
    if not order.legs:
        raise BadArgument("an order has at least one leg")
    if any(leg.quantity == 0 for leg in order.legs):
        raise BadArgument("a leg's quantity is a number of contracts or shares other than 0, below 0 to sell")
    if not (order.price.is_finite() and order.price > 0):
        raise BadArgument(
            f"an order's price is above 0, not {order.price}", "Say with effect whether it is paid or taken"
        )
    legs = understood(lambda: tuple(replace(leg, symbol=normalize(leg.symbol)) for leg in order.legs))
    return replace(order, legs=legs)


def _spelled(symbols: Iterable[str]) -> list[str]:
    """The symbols as the project writes them."""
    try:
        return list(map(normalize, symbols))
    except ValueError as error:
        raise BadArgument(str(error), "Nothing was changed") from None
