"""What the market needs of a broker; `ttai.tastytrade` fits these."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from ttai.listing import Listing
from ttai.market.types import Event, Instrument, Kind, Rows

# Called for every message of the socket, with the events in it (none in a keepalive).
Heard = Callable[[Sequence[Event]], None]


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

    async def rows(self, symbols: Sequence[str]) -> Rows:
        """What REST knows of these symbols; the unknown ones are absent."""
        ...

    async def search(self, text: str) -> Listing[Instrument]: ...

    def stream(self, heard: Heard) -> AbstractAsyncContextManager[Stream]:
        """A connected, authorised socket; its end is raised inside the block."""
        ...


class Gate(Protocol):
    """The way to a broker, if there is one."""

    async def market(self) -> MarketPort:
        """The broker's market; raises NotLoggedIn or BadCredentials."""
        ...
