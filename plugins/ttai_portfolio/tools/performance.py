"""What was made: realised profit and loss."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated

from pydantic import BeforeValidator

from ttai import Account as Owner
from ttai import BadArgument, Host, Transaction, understood
from ttai_portfolio.gathering import Gathered, of_each
from ttai_portfolio.models.performance import By, Performance
from ttai_portfolio.performance.sheet import Sheet
from ttai_portfolio.records.periods import Period, period, year_to_date
from ttai_portfolio.records.wording import as_name
from ttai_portfolio.tools.arguments import Account
from ttai_portfolio.tools.spans import End, Start

BACK = timedelta(days=400)  # before the period: what was opened earlier is closed without an opening


class Ledgers:
    """Transactions from so far back that what a period closed has its openings."""

    def __init__(self, host: Host) -> None:
        self._broker = host.broker

    async def read(self, accounts: Sequence[Owner], days: Period) -> tuple[Gathered[Sequence[Transaction]], date]:
        """Those of each account until the end of the period, and the day from which on they are known."""
        since = days.start - BACK
        try:
            return await of_each(accounts, lambda number: self._broker.transactions(number, since, days.end)), since
        except BadArgument:  # more entries than can be read at once
            read = await of_each(accounts, lambda number: self._broker.transactions(number, days.start, days.end))
            return read, days.start


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
        """Get realised P/L by FIFO with fees, win rate and days held, reconciled with the broker's own totals; this
        year without start. Use it for "what did my iron condors make?"."""
        days = understood(lambda: period(start, end, self._clock.new_york().date(), year_to_date))
        read, since = await self._ledgers.read(await self._broker.chosen(account), days)
        return await self._compute(lambda: Sheet(read, days, since, by, self._clock.now()).answer())
