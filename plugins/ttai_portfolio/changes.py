"""When what is held may have changed, for who subscribed to it."""

import asyncio
from collections.abc import AsyncIterator

from ttai import AccountEvent, Host

BEAT = 30.0  # s: marks move while the exchange is open, and no event of an account says so


class BookChanges:
    """Tells whenever positions or balances may have changed."""

    def __init__(self, host: Host) -> None:
        self._broker = host.broker
        self._market = host.market

    async def __call__(self) -> AsyncIterator[object]:
        """An item at each event of an account, and now and then while the exchange is open."""
        events = self._broker.changes()
        waiting: asyncio.Task[AccountEvent] | None = None
        try:
            while True:
                waiting = waiting or asyncio.create_task(anext(events))  # type: ignore[arg-type]
                done, _ = await asyncio.wait({waiting}, timeout=BEAT)
                if done:
                    event, waiting = waiting.result(), None
                    yield event
                elif (await self._market.session()).state == "open":
                    yield None
        finally:
            if waiting is not None:
                waiting.cancel()
                await asyncio.wait({waiting})
