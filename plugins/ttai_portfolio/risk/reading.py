"""Reads a book with all that its risk depends on: metrics, balances, and what its underlyings did."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ttai import Account, Balances, History, Host, Leg, Metrics, TtaiError
from ttai_portfolio.books import Books
from ttai_portfolio.gathering import of_any
from ttai_portfolio.lines import Book
from ttai_portfolio.whatif import WhatIf

MARKET = "SPY"  # what betas are to
PART = 100  # symbols a request of metrics takes
BARS = 127  # daily ones: half a year of returns
PATIENCE = 8.0  # s: what has not come by then is done without


@dataclass(frozen=True)
class Reading:
    """A book before and after a trade that is thought of (the same where none is), and what is known beside it."""

    before: Book
    after: Book
    measured: Mapping[str, Metrics]
    balances: Sequence[Balances]
    spy: float | None

    @property
    def changed(self) -> bool:
        """Whether there is a trade."""
        return self.after is not self.before

    @property
    def net_liq(self) -> float | None:
        """Dollars all accounts in it are worth; None where one of them is not known."""
        values = [one.net_liquidating_value for one in self.balances]
        return None if None in values or not values else float(sum(value for value in values if value is not None))


class Readings:
    """Reads books for their risk."""

    def __init__(self, host: Host, books: Books) -> None:
        self._market = host.market
        self._broker = host.broker
        self._books = books
        self._what_if = WhatIf(host, books)

    async def read(
        self, account: str | None, add: Sequence[Leg] = (), remove: Sequence[Leg] = (), symbol: str | None = None
    ) -> Reading:
        """A book, the same with legs added and removed, and what its risk depends on.

        `symbol` is the underlying of legs that don't say theirs. What beside the book can't be had is left out.
        """
        before = await self._books.read(account)
        after = await self._what_if.changed(before, add, remove, symbol) if add or remove else before
        names = list(dict.fromkeys(line.position.underlying for line in (*before.lines, *after.lines) if line.spot))
        names = [name for name in names if name != MARKET]
        spy, metrics, balances = await asyncio.gather(
            self._spy(before), self._measured([MARKET, *names]), self._balances(before.accounts, before.failed)
        )
        known = {one.account for one in balances} | before.failed.keys()
        missing = [one.number for one in before.accounts if one.number not in known]
        if missing:
            noted = [*after.notes, f"balances of {', '.join(missing)} unknown: net liq and buying power null"]
            same = after is before
            after = replace(after, notes=noted)
            before = after if same else before
        return Reading(before, after, metrics, [] if missing else balances, spy)

    async def histories(self, symbols: Sequence[str]) -> dict[str, History]:
        """Half a year of daily bars of each, and of SPY; those that don't come in time are left out."""
        names = list(dict.fromkeys([MARKET, *symbols]))
        tasks = {name: asyncio.create_task(self._market.history(name, "1d", bars=BARS)) for name in names}
        try:
            done, _ = await asyncio.wait(tasks.values(), timeout=PATIENCE)
        finally:
            late = [task for task in tasks.values() if not task.done()]
            for task in late:
                task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        found: dict[str, History] = {}
        for name, task in tasks.items():
            if task in done and (error := task.exception()) is None:
                found[name] = task.result()
            elif task in done and not isinstance(error, TtaiError):
                raise error or AssertionError
        return found

    async def _spy(self, book: Book) -> float | None:
        quote = book.underlyings.get(MARKET)
        try:
            quote = quote or await self._market.quote(MARKET)
        except TtaiError:
            return None
        return quote.mark or quote.last

    async def _measured(self, names: Sequence[str]) -> dict[str, Metrics]:
        found: dict[str, Metrics] = {}
        for start in range(0, len(names), PART):
            try:
                async with asyncio.timeout(PATIENCE):
                    measured = await self._market.metrics(names[start : start + PART])
            except (TtaiError, TimeoutError):
                continue
            found |= {one.symbol: one for one in measured.metrics}
        return found

    async def _balances(self, accounts: Sequence[Account], failed: Mapping[str, str]) -> list[Balances]:
        asked = [one for one in accounts if one.number not in failed]
        return list((await of_any(asked, self._broker.balances, PATIENCE)).answers.values())
