"""What the market needs of a broker; `ttai.tastytrade` fits these."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from ttai.listing import Listing, Watchlist
from ttai.market.metrics import Metrics
from ttai.market.options import Expiration
from ttai.market.types import CandleEvent, Event, Instrument, Kind, Row, Rows

# Called for every message of the socket, with the events in it (none in a keepalive).
Heard = Callable[[Sequence[Event]], None]


class CandleSink(Protocol):
    """Whoever takes candles in; they are a sequence, where all else is a last value."""

    def since(self, symbol: str) -> int:
        """From when the bars of a candle symbol are wanted, in ms since the epoch."""
        ...

    def drawn(self, events: Sequence[CandleEvent]) -> None:
        """Take in one message's candles, in the order they came."""
        ...


class Stream(Protocol):
    """One open socket; symbols are the feed's own spelling."""

    async def subscribe(self, kind: Kind, symbols: Sequence[str]) -> None: ...

    async def unsubscribe(self, kind: Kind, symbols: Sequence[str]) -> None: ...


class MarketPort(Protocol):
    """A broker's market data."""

    @property
    def simulated(self) -> bool:
        """Whether a simulator answers."""
        ...

    @property
    def login(self) -> str:
        """Tells whose answers these are."""
        ...

    async def rows(self, symbols: Sequence[str]) -> Rows[Row]:
        """What REST knows of these symbols; the unknown ones are absent."""
        ...

    async def metrics(self, symbols: Sequence[str]) -> Rows[Metrics]:
        """The metrics of these underlyings; those without any are absent."""
        ...

    async def expirations(self, symbol: str) -> Listing[Expiration]:
        """The listed options of an underlying, by date and root; none where it has none."""
        ...

    async def risk_free_rate(self) -> float:
        """The rate that options are priced with, a fraction a year."""
        ...

    async def public_watchlists(self) -> Listing[Watchlist]:
        """The lists the broker publishes."""
        ...

    async def search(self, text: str) -> Listing[Instrument]: ...

    @property
    def origin(self) -> str:
        """Where the data comes from: what one broker said is not kept as another's."""
        ...

    def stream(self, heard: Heard, candles: CandleSink) -> AbstractAsyncContextManager[Stream]:
        """A connected, authorised socket; its end is raised inside the block."""
        ...


class Gate(Protocol):
    """The way to a broker, if there is one."""

    async def market(self) -> MarketPort:
        """The broker's market; raises NotLoggedIn or BadCredentials."""
        ...
