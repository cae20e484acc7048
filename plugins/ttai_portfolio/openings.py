"""Which order opened what is held: the transactions say so, once."""

import asyncio
import math
from collections.abc import Sequence
from datetime import timedelta

from ttai import Host, Position, TtaiError
from ttai_portfolio.groups import Orders

LATE = timedelta(hours=12)  # for so long the entries of an opening may still come
LONGEST = timedelta(days=400)  # what was opened earlier is not looked for
PATIENCE = 8.0  # s: strategies are recognised without, too
AGAIN = 60.0  # s after which an account whose transactions could not be had is asked again


class Openings:
    """The orders behind positions; what was found out of a position stays until its quantity changes."""

    def __init__(self, host: Host) -> None:
        self._broker = host.broker
        self._clock = host.clock
        self._log = host.log
        self._known: dict[tuple[str, str, str], str | None] = {}
        self._failed: dict[str, float] = {}  # when, by account

    async def of(self, positions: Sequence[Position]) -> Orders:
        """The order of each position that one order alone opened; the transactions are asked for what is new."""
        strange: dict[str, list[Position]] = {}
        for one in positions:
            tried = self._failed.get(one.account, -math.inf)
            lately = self._clock.monotonic() - tried < AGAIN
            if one.kind == "option" and _key(one) not in self._known and not lately:
                strange.setdefault(one.account, []).append(one)
        await asyncio.gather(*(self._learn(account, held) for account, held in strange.items()))
        return {(one.account, one.symbol): self._known.get(_key(one)) for one in positions}

    async def _learn(self, account: str, held: Sequence[Position]) -> None:
        today = self._clock.new_york().date()
        opened = [one.opened_at.date() for one in held if one.opened_at is not None]
        start = max(min(opened, default=today) - timedelta(days=1), today - LONGEST)
        try:
            async with asyncio.timeout(PATIENCE):
                ledger = await self._broker.transactions(account, start, today)
        except (TtaiError, TimeoutError) as error:
            self._failed[account] = self._clock.monotonic()
            self._log.info("the orders behind the positions of %s are not known: %s", account, error)
            return
        orders: dict[str, set[str]] = {}
        for entry in ledger:
            if entry.symbol is not None and entry.order_id is not None and "to Open" in entry.sub_type:
                orders.setdefault(entry.symbol, set()).add(entry.order_id)
        for one in held:
            found = orders.get(one.symbol, set())
            if found or one.opened_at is None or self._clock.now() - one.opened_at > LATE:
                self._known[_key(one)] = next(iter(found)) if len(found) == 1 else None


def _key(one: Position) -> tuple[str, str, str]:
    return (one.account, one.symbol, f"{one.quantity} {one.opened_at}")
