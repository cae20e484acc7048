"""Waiting for many symbols at once, as a chain does."""

import asyncio
from time import monotonic

import pytest

from ttai.market.hub import Hub
from ttai.market.types import OPTION_KINDS, GreeksEvent, QuoteEvent, TradeEvent

NAMES = [f".SPY261218C{strike}" for strike in range(600, 700)]
LONG = 30.0


def quotes(names: list[str]) -> list[QuoteEvent]:
    return [QuoteEvent(name, 1.0, 1.1) for name in names]


@pytest.fixture
def hub() -> Hub:
    made = Hub()
    made.connected()
    return made


async def quoted(hub: Hub, first: float = LONG, grace: float = LONG, timeout: float = LONG) -> None:
    """Wait for the quotes of all names."""
    async with asyncio.timeout(5):
        await hub.wait_all(NAMES, (QuoteEvent,), first=first, grace=grace, timeout=timeout)


async def waited(hub: Hub) -> asyncio.Task[None]:
    """A wait for quote and greeks of all names, begun."""
    asked = hub.wait_all(NAMES, (QuoteEvent, GreeksEvent), first=LONG, grace=LONG, timeout=LONG)
    waiting = asyncio.create_task(asked)
    await asyncio.sleep(0)
    return waiting


async def test_it_ends_when_every_kind_of_every_symbol_is_in(hub: Hub) -> None:
    with hub.hold(NAMES, OPTION_KINDS):
        waiting = await waited(hub)
        hub.heard(quotes(NAMES))
        hub.heard([GreeksEvent(name, 0.2, 0.5, 0, 0, 0, 0) for name in NAMES[1:]])
        await asyncio.sleep(0)
        assert not waiting.done()
        hub.heard([TradeEvent(NAMES[0], 1.0, 1.0)])
        hub.heard([GreeksEvent(NAMES[0], 0.2, 0.5, 0, 0, 0, 0)])
        async with asyncio.timeout(5):
            await waiting


async def test_what_is_known_already_is_not_waited_for(hub: Hub) -> None:
    with hub.hold(NAMES, OPTION_KINDS):
        hub.heard(quotes(NAMES))
        await quoted(hub)
        await hub.wait_all([], (QuoteEvent,), first=LONG, grace=LONG, timeout=LONG)


async def test_it_ends_a_grace_after_the_last_that_came(hub: Hub) -> None:
    with hub.hold(NAMES, OPTION_KINDS):
        hub.heard(quotes(NAMES[:50]))
        began = monotonic()
        await quoted(hub, grace=0.05)
        assert 0.05 <= monotonic() - began < 5


async def test_it_ends_in_time_where_nothing_comes(hub: Hub) -> None:
    with hub.hold(NAMES, OPTION_KINDS):
        await quoted(hub, first=0.02)
        await quoted(hub, timeout=0.02)
        hub.heard(quotes(NAMES[:1]))  # and where something does, no later than that
        await quoted(hub, timeout=0.02)


async def test_it_ends_with_the_socket(hub: Hub) -> None:
    with hub.hold(NAMES, OPTION_KINDS):
        waiting = await waited(hub)
        hub.disconnected()
        async with asyncio.timeout(5):
            await waiting
        await quoted(hub)


async def test_afterwards_nobody_watches(hub: Hub) -> None:
    with hub.hold(NAMES, OPTION_KINDS):
        waiting = await waited(hub)
        waiting.cancel()
        await asyncio.wait({waiting})
        assert waiting.cancelled()
        assert not any(line.watchers for name in NAMES if (line := hub.line(name)))


async def test_what_is_asked_for_later_of_a_symbol_has_its_own_time_to_come(hub: Hub) -> None:
    with hub.hold(["SPY"], [QuoteEvent]):
        hub.heard([QuoteEvent("SPY", 671.87, 671.88)])
    line = hub.line("SPY")
    assert line is not None
    line.first -= 2 * LONG  # it lingers since long ago
    with hub.hold(["SPY"], [QuoteEvent, TradeEvent]):
        waiting = asyncio.create_task(hub.wait("SPY", (QuoteEvent, TradeEvent), LONG, LONG))
        await asyncio.sleep(0)
        assert not waiting.done()
        hub.heard([TradeEvent("SPY", 671.88, 1.0)])
        async with asyncio.timeout(5):
            await waiting
