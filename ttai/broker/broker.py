"""The broker as a plugin asks it."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import date

from ttai.broker.books import Books, checked_number
from ttai.broker.holdings import AccountEvent, Balances, Position
from ttai.broker.ports import BrokerPort, Gate
from ttai.broker.records import Back, NetLiq, PlacedOrder, Transaction
from ttai.broker.types import Account, BuyingPower, Order
from ttai.broker.watch import Pace, Watch
from ttai.cache import Cache
from ttai.errors import BadArgument, NotFound, TtaiError, understood
from ttai.listing import Listing, Watchlist
from ttai.quant.symbols import normalize
from ttai.quant.symbols import underlying as underlying_of
from ttai.quant.texts import brief

ACCOUNTS_LIFE = STATUS_LIFE = 300.0
STATUS_PATIENCE = 5.0  # s an answer waits to hear whether its account has portfolio margin


class Broker:
    """What is mine; raises NotLoggedIn where there are no credentials."""

    def __init__(self, gate: Gate, cache: Cache, account: str = "", pace: Pace | None = None) -> None:
        """`account` is the number or the nickname of the one that is meant where none is named."""
        self._gate = gate
        self._cache = cache
        self._account = account
        self._books = Books(gate, cache, lambda: self.watch.live)
        self.watch = Watch(gate, self._numbers, self._books.forget, pace)
        self._changing = asyncio.Lock()  # a change of a list is a read and a write

    async def accounts(self) -> Listing[Account]:
        """The open accounts, remembered for 5 minutes (a login empties the memory)."""
        return _open(await self._all())

    async def origin(self) -> str:
        """Whose accounts they are, as a base URL: what is kept of one broker's is not another's."""
        return (await self._gate.broker()).origin

    async def chosen(self, account: str | None = None) -> Listing[Account]:
        """The open accounts that are meant by a number or a nickname (in any case), or by "all".

        None means that of TASTYTRADE_ACCOUNT, else all. NotFound where there is none such, or where it is closed;
        BadArgument for a nickname that several have.
        """
        asked = (account or "").strip()
        name = asked or self._account.strip()
        known = await self._all()
        accounts = _open(known)
        if not accounts:
            raise NotFound("there is no open account", *known.notes("accounts"))
        if name.lower() in ("", "all"):
            return accounts
        found = _named(accounts, name)
        if len(found) > 1:
            raise BadArgument(f"{len(found)} accounts are called {brief(name)}", f"Say which: {_list(found)}")
        if not found:
            raise _unknown(name, known, "" if asked else "TASTYTRADE_ACCOUNT names it. ")
        return Listing(found, source=known.source)

    async def _all(self) -> Listing[Account]:
        port = await self._gate.broker()
        return await self._cache.fetch(("accounts", port.login), ACCOUNTS_LIFE, port.accounts)

    async def positions(self, number: str) -> Listing[Position]:
        """What an account holds, as it was 5 s ago at most.

        While the broker tells of changes (somebody iterates over `changes`), 30 s, and none of it is from before one.
        """
        return await self._books.positions(number)

    async def balances(self, number: str) -> Balances:
        """An account's money, remembered as its positions are."""
        return await self._books.balances(number)

    async def transactions(
        self, number: str, start: date, end: date, underlying: str | None = None
    ) -> Listing[Transaction]:
        """All entries of these days of New York (both ends count), oldest first, remembered for a minute.

        `underlying` takes those of one symbol, in any spelling. BadArgument for what is no symbol, and for more
        entries than can be read.
        """
        return await self._books.transactions(number, start, end, _symbol(underlying))

    async def live_orders(self, number: str) -> Listing[PlacedOrder]:
        """Today's orders, whatever became of them, and the older ones that still work; never remembered."""
        return await self._books.live_orders(number)

    async def order_history(
        self, number: str, start: date, end: date, underlying: str | None = None
    ) -> Listing[PlacedOrder]:
        """The orders of these days (both ends count), the newest first, remembered for a minute; see `transactions`."""
        return await self._books.order_history(number, start, end, _symbol(underlying))

    async def net_liq_history(self, number: str, back: Back) -> Listing[NetLiq]:
        """What an account was worth, oldest first, remembered for a minute."""
        return await self._books.net_liq_history(number, back)

    def forget(self, number: str) -> None:
        """Ask the broker anew of an account, whatever was answered of it a moment ago."""
        self._books.forget(number)

    def changes(self) -> AsyncIterator[AccountEvent]:
        """What happens in the open accounts from now on, for good, and over all logins.

        `kind` is "order", "position", "balance" or "other", of an `account`; or "connected", first of all and whenever
        something may have been missed: read anew what you know. A slow listener finds what happened meanwhile.
        """
        return self.watch.changes()

    async def close(self) -> None:
        """End what listens."""
        await self.watch.close()

    async def _numbers(self) -> list[str]:
        return [account.number for account in await self.accounts()]

    async def dry_run(self, order: Order, account: str | None = None) -> BuyingPower:
        """What an order would do to the buying power of an account; nothing is placed, nothing is remembered.

        `account` is a number or a nickname; without one it is that of TASTYTRADE_ACCOUNT, else the first that is open.
        BadArgument for what is no order, BrokerRefused with the broker's words where it would not take it, NotFound
        where there is no such account. It is asked once: after a failure ask again.
        """
        order = _checked(order)
        port = await self._gate.broker()
        meant = await self.chosen(account)
        if len(meant) > 1 and account:
            raise BadArgument("an order is for one account", f"Say which: {_list(meant)}")
        number = checked_number(meant[0].number)
        answer = await port.dry_run(number, order)
        return replace(answer, portfolio_margin=await self._has_portfolio_margin(port, number))

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


def _open(known: Listing[Account]) -> Listing[Account]:
    there = (account for account in known if not account.closed)
    return Listing(there, unreadable=known.unreadable, source=known.source)


def _named(accounts: Iterable[Account], name: str) -> list[Account]:
    """Those of this number, else of this nickname, in any case."""
    meant = name.casefold()
    there = list(accounts)
    return [one for one in there if one.number.casefold() == meant] or [
        one for one in there if one.nickname.casefold() == meant
    ]


def _list(accounts: Iterable[Account]) -> str:
    return ", ".join(f"{one.number} ({one.nickname})" if one.nickname else one.number for one in accounts)


def _unknown(name: str, known: Listing[Account], set_so: str) -> NotFound:
    closed = _named((one for one in known if one.closed), name)
    notes = "".join(f". {note}" for note in known.notes("accounts"))
    hint = f"{set_so}There are {_list(_open(known))}{notes}"
    return NotFound(f"the account {brief(name)} is closed" if closed else f"there is no account {brief(name)}", hint)


def _symbol(text: str | None) -> str | None:
    return None if text is None else understood(lambda: underlying_of(text))


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
