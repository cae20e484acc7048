"""A bounded memory of answers: each entry has its own life, each question is asked once at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextvars import Context
from dataclasses import dataclass
from typing import Any, TypeVar

from cachetools import TLRUCache

from ttai.clock import Clock
from ttai.errors import Stopping
from ttai.isolation import is_cancelled

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Entry:
    value: Any
    seconds: float


class Cache:
    """At most `size` entries; the expired go first, then the least recently used."""

    def __init__(self, clock: Clock, size: int = 1000) -> None:
        self._entries: TLRUCache[Hashable, _Entry] = TLRUCache(
            size, lambda _key, entry, now: now + entry.seconds, timer=clock.monotonic
        )
        self._flights: dict[Hashable, asyncio.Task[Any]] = {}
        self._loads: set[asyncio.Task[Any]] = set()  # those on their way, the forgotten too
        self._hits = self._misses = 0

    def get(self, key: Hashable, default: T | None = None) -> Any | T | None:
        """The living value under `key`, else `default`."""
        entry = self._entries.get(key)
        if entry is None:
            self._misses += 1
            return default
        self._hits += 1
        return entry.value

    def set(self, key: Hashable, value: Any, seconds: float) -> None:
        """Remember `value` for `seconds`; an older answer still on its way won't replace it."""
        self._flights.pop(key, None)
        self._entries[key] = _Entry(value, seconds)

    def delete(self, key: Hashable) -> None:
        """Forget one entry; what is being fetched for it is delivered, not remembered."""
        self._flights.pop(key, None)
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Forget everything; what is being fetched for someone is delivered, not remembered."""
        self._entries.clear()
        self._flights.clear()

    async def fetch(self, key: Hashable, seconds: float, load: Callable[[], Awaitable[T]]) -> T:
        """The value under `key`, loaded once however many ask at the same time.

        A caller that is cancelled leaves the others' load running; a load that fails is not remembered. The load
        belongs to no call: the deadline of whoever happened to be first does not cut it short for the rest. Raises
        Stopping where `close` ends it.
        """
        entry = self._entries.get(key)
        if entry is not None:
            self._hits += 1
            value: T = entry.value
            return value
        self._misses += 1
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.create_task(self._load(key, seconds, load), context=Context())
            self._loads.add(flight)
            flight.add_done_callback(self._landed)
        try:
            return await asyncio.shield(flight)
        except asyncio.CancelledError:
            if is_cancelled() or not flight.cancelling():  # a load that cancels itself is its author's fault
                raise
            raise Stopping from None

    def _landed(self, load: asyncio.Task[Any]) -> None:
        self._loads.discard(load)
        if not load.cancelled():
            load.exception()  # nobody may be waiting for it any more

    async def close(self) -> None:
        """Forget everything and end what is being fetched; who waits for it is told why."""
        self.clear()
        loads = list(self._loads)
        for load in loads:
            load.cancel()
        await asyncio.gather(*loads, return_exceptions=True)

    async def _load(self, key: Hashable, seconds: float, load: Callable[[], Awaitable[T]]) -> T:
        me = asyncio.current_task()
        try:
            value = await load()
            if self._flights.get(key) is me:
                self.set(key, value, seconds)
            return value
        finally:
            if self._flights.get(key) is me:
                del self._flights[key]

    def stats(self) -> dict[str, int]:
        """entries (the living), hits, misses."""
        self._entries.expire()
        return {
            "entries": len(self._entries),
            "hits": self._hits,
            "misses": self._misses,
        }
