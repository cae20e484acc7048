"""Option chains as snapshots: fetched once, asked many times, always with the same answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime

from cachetools import TTLCache

from ttai.cache import Cache
from ttai.clock import Clock
from ttai.errors import NotFound
from ttai.listing import Listing
from ttai.market.chain_reader import ChainReader
from ttai.market.options import Expiration, ExpirationQuotes
from ttai.market.ports import Gate
from ttai.quant.calendar import Calendar
from ttai.warm import warm

STRUCTURE_LIFE = 300.0
MOST = 20
LIFE = 1800.0  # s
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"

Spot = Callable[[], Awaitable[float]]


class Chain:
    """A snapshot: all contracts of an underlying, whose quotes are read per expiration when first asked for.

    What was read stays as it was: everything asked of one `id` agrees.
    """

    def __init__(
        self,
        id: str,  # noqa: A002 - the word of the tools
        symbol: str,
        expirations: Listing[Expiration],
        reader: ChainReader,
        spot: Spot,
        calendar: Calendar,
    ) -> None:
        self.id = id
        self.symbol = symbol
        self.expirations: Sequence[Expiration] = tuple(expirations)
        self.unreadable = expirations.unreadable
        self.calendar = calendar
        self._reader = reader
        self._spot = spot
        self._quotes: dict[tuple[date, str], ExpirationQuotes] = {}
        self._beside: dict[tuple[date, str], ExpirationQuotes] = {}
        self._reading = asyncio.Lock()

    async def quotes(self, expiration: Expiration) -> ExpirationQuotes:
        """All contracts of one of its expirations; raises why none of them could be had."""
        async with self._reading:
            if (found := self._quotes.get(expiration.key)) is None:
                found = await self._reader.whole(expiration, self._spot, self.calendar)
                self._quotes[expiration.key] = found
            return found

    async def at_the_money(self) -> Sequence[ExpirationQuotes]:
        """Of every expiration but the adjusted ones the strikes beside the price, all at one moment.

        NotFound where there are only adjusted ones.
        """
        standard = [one for one in self.expirations if not one.adjusted]
        if not standard:
            raise NotFound(
                f"{self.symbol} has only adjusted contracts, which are not priced as standard",
                f"Ask get_option_chain with expiration='{self.expirations[0].date} {self.expirations[0].root}'",
            )
        async with self._reading:
            if not self._beside:
                for read in await self._reader.beside(standard, self._spot, self.calendar):
                    self._beside[read.expiration.key] = read
            return tuple(self._beside.values())


class Chains:
    """The snapshots of the last half hour, the twenty last used."""

    def __init__(self, gate: Gate, cache: Cache, clock: Clock, reader: ChainReader) -> None:
        self._gate = gate
        self._cache = cache
        self._clock = clock
        self._reader = reader
        self._kept: TTLCache[str, Chain] = TTLCache(MOST, LIFE, timer=clock.monotonic)

    async def make(self, symbol: str, spot: Spot, calendar: Calendar) -> Chain:
        """A new snapshot; NotFound where the underlying has no options."""
        await warm("numpy")
        port = await self._gate.market()
        key = ("chain", port.login, symbol)
        expirations = await self._cache.fetch(key, STRUCTURE_LIFE, lambda: port.expirations(symbol))
        if not expirations:
            raise NotFound(f"{symbol} has no listed options", "Check the spelling, or look it up with search_symbols")
        today = self._clock.new_york().date()
        left = Listing((one for one in expirations if one.date >= today), unreadable=expirations.unreadable)
        if not left:
            raise NotFound(f"all listed options of {symbol} have expired", "Ask again when new ones are listed")
        now = self._clock.now()
        chain = Chain(self._name(symbol, now), symbol, left, self._reader, spot, calendar)
        self._kept[chain.id] = chain
        return chain

    def kept(self, id: str) -> Chain:  # noqa: A002
        """The snapshot of that name; NotFound where it is gone."""
        chain = self._kept.get(id.strip())
        if chain is None:
            raise NotFound(
                f"there is no snapshot {id[:40]!r}: the {MOST} last used are kept, for {LIFE / 60:.0f} minutes",
                "Ask without snapshot for a new one",
            )
        return chain

    def forget(self) -> None:
        """They belong to a login that is over."""
        self._kept.clear()

    def _name(self, symbol: str, now: datetime) -> str:
        """Short, and no other's: the symbol and the moment."""
        number = int(now.timestamp() * 1000)
        while (name := f"{symbol.replace('/', '')}-{_base36(number)}") in self._kept:
            number += 1
        return name


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits
