"""Which transactions and orders there were."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from ttai import Host, understood
from ttai_portfolio.gathering import of_each
from ttai_portfolio.models.records import Orders, Transactions
from ttai_portfolio.records import orders, transactions
from ttai_portfolio.records.periods import period
from ttai_portfolio.records.transactions import Wanted, spelled
from ttai_portfolio.records.wording import as_name
from ttai_portfolio.tools.arguments import Account
from ttai_portfolio.tools.spans import End, Start, Symbol

_SAID = {"canceled": "cancelled", "working": "live", "open": "live"}


def _state(said: Any) -> Any:
    name = as_name(said)
    return _SAID.get(name, name) if isinstance(name, str) else said


Kind = Annotated[transactions.Type | None, BeforeValidator(as_name)]
State = Annotated[orders.Status, BeforeValidator(_state)]


class RecordTools:
    """What happened in the accounts as answers."""

    def __init__(self, host: Host) -> None:
        self._broker = host.broker
        self._clock = host.clock
        self._compute = host.tasks.compute

    async def get_transactions(
        self,
        account: Account = None,
        start: Start = None,
        end: End = None,
        type: Kind = None,  # noqa: A002 - what a caller knows it as
        symbol: Symbol = None,
        limit: Annotated[int | None, Field(ge=1, le=transactions.MOST, description="Rows")] = None,
    ) -> Transactions:
        """Get what happened in the accounts, the newest first: trades, expirations, assignments, dividends, deposits,
        with fees; the last 30 days without start. Use it for "what did I do?"; get_performance adds up P/L."""
        days = understood(lambda: period(start, end, self._clock.new_york().date()))
        wanted = understood(lambda: Wanted.of(type, symbol))
        accounts = await self._broker.chosen(account)
        read = await of_each(accounts, lambda number: self._broker.transactions(number, days.start, days.end))
        return await self._compute(lambda: transactions.answer(read, wanted, days, limit, self._clock.now()))

    async def get_orders(
        self,
        account: Account = None,
        status: State | None = None,
        start: Start = None,
        end: End = None,
        symbol: Symbol = None,
        limit: Annotated[int | None, Field(ge=1, le=orders.MOST, description="Rows")] = None,
    ) -> Orders:
        """Get orders with their legs, prices, fills and why they were rejected: today's and those that work, or by
        status or start those of the last 30 days. Use it for "is my order filled?"."""
        days = understood(lambda: period(start, end, self._clock.new_york().date()))
        name = None if symbol is None else understood(lambda: spelled(symbol))
        accounts = await self._broker.chosen(account)
        now = status == "live" or (status, start, end) == (None, None, None)
        asked = orders.Asked(status, None if now else days, name)
        read = await of_each(accounts, lambda number: orders.read(self._broker, number, asked.days))
        found = await self._compute(lambda: orders.answer(read, asked, limit, self._clock.now()))
        if status == "live" and (start, end) != (None, None):
            found.notes.append("start and end mean nothing to what works now: status=all has the others")
        return found
