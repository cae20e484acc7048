"""What the broker has written down of an account, remembered for a little while."""

import re
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date
from typing import TypeVar

from ttai.broker.holdings import Balances, Position
from ttai.broker.ports import BrokerPort, Gate
from ttai.broker.records import Back, NetLiq, PlacedOrder, Transaction
from ttai.cache import Cache
from ttai.errors import NotFound
from ttai.listing import Listing
from ttai.quant.texts import brief

LIFE, TOLD_LIFE, RECORDS_LIFE = 5.0, 30.0, 60.0  # s; the second while the broker tells of changes

T = TypeVar("T")

_NUMBER = re.compile(r"[\w-]{1,32}", re.ASCII)


class Books:
    """Each question is asked once at a time; what was answered before a change is not told after it."""

    def __init__(self, gate: Gate, cache: Cache, told: Callable[[], bool] = lambda: False) -> None:
        """`told` says whether the broker tells of changes just now."""
        self._gate = gate
        self._cache = cache
        self._told = told
        self._changes: Counter[str] = Counter()  # by account; "" counts for all of them

    def forget(self, account: str) -> None:
        """Something changed in an account; "" is any of them."""
        self._changes[account] += 1

    async def positions(self, number: str) -> Listing[Position]:
        """What an account holds."""
        return await self._fetch(("positions",), number, self._life, lambda port: port.positions(number))

    async def balances(self, number: str) -> Balances:
        """An account's money."""
        return await self._fetch(("balances",), number, self._life, lambda port: port.balances(number))

    async def transactions(self, number: str, start: date, end: date, underlying: str | None) -> Listing[Transaction]:
        """The entries of these days."""
        key = ("transactions", start, end, underlying)
        return await self._fetch(
            key, number, RECORDS_LIFE, lambda port: port.transactions(number, start, end, underlying)
        )

    async def live_orders(self, number: str) -> Listing[PlacedOrder]:
        """The orders as they are now."""
        return await (await self._gate.broker()).live_orders(checked_number(number))

    async def order_history(self, number: str, start: date, end: date, underlying: str | None) -> Listing[PlacedOrder]:
        """The orders of these days."""
        key = ("orders", start, end, underlying)
        return await self._fetch(
            key, number, RECORDS_LIFE, lambda port: port.order_history(number, start, end, underlying)
        )

    async def net_liq_history(self, number: str, back: Back) -> Listing[NetLiq]:
        """What an account was worth."""
        return await self._fetch(
            ("net liq", back), number, RECORDS_LIFE, lambda port: port.net_liq_history(number, back)
        )

    @property
    def _life(self) -> float:
        return TOLD_LIFE if self._told() else LIFE

    async def _fetch(
        self, what: tuple[object, ...], number: str, life: float, ask: Callable[[BrokerPort], Awaitable[T]]
    ) -> T:
        number = checked_number(number)
        port = await self._gate.broker()
        # The changes are a part of the key, so that an answer still on its way is not told after one either.
        key = (*what, port.login, number, self._changes[number], self._changes[""])
        return await self._cache.fetch(key, life, lambda: ask(port))


def checked_number(number: str) -> str:
    """The number, if it can be one: it becomes a part of a path; else NotFound."""
    if not _NUMBER.fullmatch(number):
        raise NotFound(f"there is no account {brief(number)}", "List the accounts to see what there is")
    return number
