"""What was made: realised profit and loss."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from pydantic import BeforeValidator

from ttai import Account as Owner
from ttai import BadArgument, Host, Position, Transaction, understood
from ttai_portfolio.gathering import Gathered, of_any, of_each
from ttai_portfolio.models.performance import By, Performance
from ttai_portfolio.performance.sheet import Sheet
from ttai_portfolio.records.periods import Period, period, year_to_date
from ttai_portfolio.records.wording import as_name
from ttai_portfolio.tools.arguments import Account
from ttai_portfolio.tools.spans import End, Start

PATIENCE = 8.0  # s: without what is held there is an answer, too
BACK = timedelta(days=400)  # before the period: what was opened earlier is closed without an opening


@dataclass(frozen=True)
class Read:
    """Entries of accounts, from when on they are known, and what is held at the end, where that is now."""

    entries: Gathered[Sequence[Transaction]]
    since: Mapping[str, date]
    held: Mapping[str, Sequence[Position]]


class Ledgers:
    """Transactions from so far back that what a period closed has its openings."""

    def __init__(self, host: Host) -> None:
        self._broker = host.broker
        self._clock = host.clock

    async def read(self, accounts: Sequence[Owner], days: Period) -> Read:
        """Those of each account until the end of the period, and what it holds then."""
        since: dict[str, date] = {}

        async def entries(number: str) -> Sequence[Transaction]:
            since[number] = days.start - BACK
            try:
                return await self._broker.transactions(number, since[number], days.end)
            except BadArgument:  # more entries than can be read at once
                since[number] = days.start
                return await self._broker.transactions(number, days.start, days.end)

        read = await of_each(accounts, entries)
        known = {number: since[number] for number in read.answers}
        if days.end != self._clock.new_york().date():
            return Read(read, known, {})
        held = await of_any([one for one in accounts if one.number in known], self._broker.positions, PATIENCE)
        whole = {number: one for number, one in held.answers.items() if not one.unreadable}
        return Read(read, known, whole)


class PerformanceTools:
    """Results as answers."""

    def __init__(self, host: Host) -> None:
        self._broker = host.broker
        self._clock = host.clock
        self._compute = host.tasks.compute
        self._ledgers = Ledgers(host)

    async def get_performance(
        self,
        account: Account = None,
        start: Start = None,
        end: End = None,
        by: Annotated[By, BeforeValidator(as_name)] = "strategy",
    ) -> Performance:
        """Get realised P/L by FIFO with fees, win rate and days held, reconciled with the broker's entries and
        positions; this year without start. Use it for "what did my iron condors make?"."""
        days = understood(lambda: period(start, end, self._clock.new_york().date(), year_to_date))
        read = await self._ledgers.read(await self._broker.chosen(account), days)
        sheet = Sheet(read.entries, days, read.since, by, self._clock.now(), read.held)
        return await self._compute(sheet.answer)
