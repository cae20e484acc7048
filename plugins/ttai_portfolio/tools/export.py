"""Records in files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator

from ttai import Account as Owner
from ttai import BadArgument, Host, Transaction, understood
from ttai_portfolio.exports import tables
from ttai_portfolio.exports.formats import FORMATS, Format
from ttai_portfolio.exports.tables import Table
from ttai_portfolio.gathering import Gathered, of_each
from ttai_portfolio.models.export import Export, What
from ttai_portfolio.performance.sheet import Sheet
from ttai_portfolio.records import orders
from ttai_portfolio.records.periods import Period, period, year_to_date
from ttai_portfolio.records.transactions import newest_first
from ttai_portfolio.records.wording import as_name
from ttai_portfolio.service import Portfolio
from ttai_portfolio.tools.arguments import Account
from ttai_portfolio.tools.net_liq import Range
from ttai_portfolio.tools.performance import Ledgers
from ttai_portfolio.tools.spans import End, Start
from ttai_portfolio.worth.curves import day_of

OF_NOW = ("positions", "balances")
_REACH: tuple[tuple[int, Range], ...] = ((27, "1m"), (88, "3m"), (180, "6m"), (363, "1y"))  # days each range has
EXACT = {
    "csv": "the broker's numbers are there digit by digit; texts that look like formulas have an apostrophe in front",
    "json": "the broker's numbers are there digit by digit",
    "parquet": "decimals of 8 places, times of New York",
}
OURS = {
    "positions": "; values, P/L, IV and greeks are worked out here",
    "performance": "; all but the prices and times of the entries is worked out here",
}


@dataclass(frozen=True)
class _Found:
    """What is to be written, of which days, and what is to be said of it."""

    read: Gathered[Any]
    days: Period | None
    table: Table
    notes: Sequence[str] = ()


class ExportTools:
    """Files as answers."""

    def __init__(self, host: Host, service: Portfolio) -> None:
        self._broker = host.broker
        self._clock = host.clock
        self._compute = host.tasks.compute
        self._exports = host.exports
        self._service = service
        self._ledgers = Ledgers(host)

    async def export_portfolio(
        self,
        what: Annotated[What, BeforeValidator(as_name)],
        format: Annotated[Format, BeforeValidator(as_name)] = "csv",  # noqa: A002 - what a caller knows it as
        account: Account = None,
        start: Start = None,
        end: End = None,
    ) -> Export:
        """Write positions, balances, transactions, orders, net liq or realised P/L to a new file of the user's and say
        its path; this year without start. Use it for taxes, spreadsheets, and what is too long to read here."""
        if what in OF_NOW and (start, end) != (None, None):
            raise BadArgument(f"{what} are as they are now", "Leave start and end out")
        accounts = await self._broker.chosen(account)
        today = self._clock.new_york().date()
        days = None if what in OF_NOW else understood(lambda: period(start, end, today, year_to_date))
        found = await getattr(self, f"_{what}")(accounts, days)
        return await self._written(what, format, found)

    async def _written(self, what: What, format_: Format, found: _Found) -> Export:
        """The file, and what is to be said of it; without rows there is none."""
        path, data = None, b""
        if found.table.rows:
            data = await self._compute(FORMATS[format_], found.table)
            owners = [one for one in found.read.accounts if one.number in found.read.answers]
            path = await self._exports.write(tables.file_name(what, owners, self._clock.now(), format_), data)
        days = found.days
        return Export(
            **found.read.facts(self._clock.now()),
            what=what,
            format=format_,
            start=days.start if days else None,
            end=days.end if days else None,
            path=None if path is None else str(path),
            rows=len(found.table.rows),
            columns=list(found.table.columns) if path else [],
            bytes=len(data),
            notes=[
                (EXACT[format_] + OURS.get(what, "")) if path else "there is nothing to write: no file was made",
                *(days.notes if days else ()),
                *found.read.notes,
                *found.notes,
            ],
        )

    async def _positions(self, accounts: Sequence[Owner], _days: None) -> _Found:
        book = await self._service.book(accounts[0].number if len(accounts) == 1 else "all")
        had = {one.number: book for one in book.accounts if one.number not in book.failed}
        read = Gathered(book.accounts, had, book.failed)
        return _Found(read, None, await self._compute(tables.positions, book.lines), book.notes)

    async def _balances(self, accounts: Sequence[Owner], _days: None) -> _Found:
        read = await of_each(accounts, self._broker.balances)
        return _Found(read, None, tables.balances(read.answers.values()))

    async def _transactions(self, accounts: Sequence[Owner], days: Period) -> _Found:
        read = await of_each(accounts, lambda number: self._broker.transactions(number, days.start, days.end))
        entries: list[Transaction] = [one for each in read.answers.values() for one in each]
        made = await self._compute(lambda: tables.transactions(newest_first(entries)[::-1]))
        return _Found(read, days, made, read.unread("transactions"))

    async def _orders(self, accounts: Sequence[Owner], days: Period) -> _Found:
        read = await of_each(accounts, lambda number: orders.read(self._broker, number, days))
        today, asked = self._clock.new_york().date(), orders.Asked(days=days)
        made = await self._compute(lambda: tables.orders(orders.chosen(read.answers.values(), asked, today)[::-1]))
        return _Found(read, days, made, read.unread("orders"))

    async def _net_liq(self, accounts: Sequence[Owner], days: Period) -> _Found:
        back = _reaching(days.start, self._clock.new_york().date())
        read = await of_each(accounts, lambda number: self._broker.net_liq_history(number, back))
        kept = {
            number: [row for row in rows if days.start <= day_of(row.time) <= days.end]
            for number, rows in read.answers.items()
        }
        return _Found(read, days, await self._compute(tables.net_liq, kept), read.unread("values"))

    async def _performance(self, accounts: Sequence[Owner], days: Period) -> _Found:
        read = await self._ledgers.read(accounts, days)
        sheet = Sheet(read.entries, days, read.since, "strategy", self._clock.now(), read.held)
        made = await self._compute(lambda: tables.performance(sheet.accounts))
        return _Found(read.entries, days, made, [*sheet.said, *read.entries.unread("transactions")])


def _reaching(start: date, today: date) -> Range:
    """The shortest range of the broker's that has a day in it."""
    back = (today - start).days
    return next((name for most, name in _REACH if back <= most), "all")
