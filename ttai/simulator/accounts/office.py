"""The broker's back office: what an account's statements say now, and what is done to it by hand."""

import asyncio
from collections.abc import Iterable, Sequence, Set
from datetime import date, timedelta
from decimal import Decimal, DecimalException

from ttai.simulator.accounts.assets import Asset, shares
from ttai.simulator.accounts.balances import balance_row
from ttai.simulator.accounts.books import Book, Books
from ttai.simulator.accounts.capital import Capital, capital
from ttai.simulator.accounts.customer import OPEN, Json
from ttai.simulator.accounts.marks import Marks, Valued
from ttai.simulator.accounts.netliq import STEP, bars, daily, intraday
from ttai.simulator.accounts.past import Past, moment, tape
from ttai.simulator.accounts.placed import Placed, order_row
from ttai.simulator.accounts.positions import marked, position_row
from ttai.simulator.accounts.requirements import requirement_report
from ttai.simulator.accounts.story import SESSIONS, Deal
from ttai.simulator.boards import Boards
from ttai.simulator.days import sessions_before
from ttai.simulator.rows import instrument_type

Told = tuple[str, Json]
"""What the account stream tells: its type, and the row."""


class Office:
    """Statements of accounts, as of now."""

    def __init__(self, boards: Boards) -> None:
        self._world = boards.world
        self._marks = Marks(boards)
        self._past = Past(boards.world)
        self._daily: dict[str, tuple[date, int, list[tuple[float, float]]]] = {}
        self._capital: dict[str, tuple[tuple[Decimal, Sequence[Valued]], Capital]] = {}
        self.books = Books(boards)

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return self._world.clock.now().timestamp()

    @property
    def day(self) -> date:
        """The trading day: what was opened in it has no close before."""
        return self._world.span(self.now).day

    async def prepare(self) -> None:
        """Write the books, and look at all that is held once."""
        for number in OPEN:
            book = await self.book(number)
            await self.capital(book, await self.valued(book))

    async def book(self, number: str) -> Book:
        """An account's book, written in a thread where nobody asked before."""
        await self.books.prepare()
        return self.books.book(number)

    async def valued(self, book: Book) -> list[Valued]:
        """All holdings at their marks, as they are at one moment: a trade is in all of them or in none."""
        for holding in list(book.ledger.holdings.values()):
            self._marks.mark(holding.asset, self.now)
            await asyncio.sleep(0)  # the first look at a series takes milliseconds
        return [self._marks.valued(holding, self.now) for holding in book.ledger.holdings.values()]

    async def capital(self, book: Book, valued: Sequence[Valued]) -> Capital:
        """What the holdings tie up: dozens of little programmes, beside the loop and once for the same marks."""
        cash, at = book.ledger.cash, self.now
        known = self._capital.get(book.number)
        if known is None or known[0] != (cash, valued):
            reckoned = await asyncio.to_thread(capital, OPEN[book.number], cash, valued, at)
            known = self._capital[book.number] = (cash, valued), reckoned
        return known[1]

    async def balance(self, number: str) -> Json:
        """An account's money."""
        book = await self.book(number)
        valued = await self.valued(book)
        reckoned = await self.capital(book, valued)
        return self._balance(book, valued, reckoned)

    async def requirements(self, number: str) -> Json:
        """What an account's positions tie up."""
        book = await self.book(number)
        return requirement_report(OPEN[number], await self.capital(book, await self.valued(book)), self.now)

    async def positions(self, number: str, *, with_marks: bool) -> list[Json]:
        """An account's holdings, underlying by underlying."""
        book = await self.book(number)
        rows = []
        for one in sorted(await self.valued(book), key=lambda one: (one.asset.underlying, one.asset.symbol)):
            row = position_row(number, book.ledger, one.asset, one.mark, self._past, self.day, self.now)
            rows.append(marked(row, one.mark) if with_marks else row)
        return rows

    def order_row(self, number: str, order: Placed) -> Json:
        """One of an account's orders."""
        instrument = self._world.instruments.get(order.underlying)
        kind = order.legs[0][0].kind if instrument is None else instrument_type(instrument)
        return order_row(number, order, kind)

    async def history(self, number: str, since: date | None) -> list[Json]:
        """What an account was worth with every session since a date, and is now; None: in the course of the day."""
        book = await self.book(number)
        valued = await self.valued(book)
        worth = float((await self.capital(book, valued)).net_liq)
        if since is None:
            return await self._today(book, worth)
        entries = tuple(book.ledger.entries)
        if not entries:
            return bars([(self.now, worth)], worth)
        known = self._daily.get(number)
        if known is None or known[:2] != (self.day, len(entries)):
            days = [day for day in sessions_before(self.day, SESSIONS) if moment(day, 1.0) > entries[0].at]
            values = await asyncio.to_thread(daily, entries, days, self._past)
            ends = list(zip((moment(day, 1.0) for day in days), values.tolist(), strict=True))
            known = self._daily[number] = self.day, len(entries), ends
        first = moment(since, 0.0)
        earlier = [value for at, value in known[2] if at < first]
        ends = [(at, value) for at, value in known[2] if at >= first]
        ends.append((self.now, worth))
        return bars(ends, earlier[-1] if earlier else ends[0][1])

    async def _today(self, book: Book, worth: float) -> list[Json]:
        import numpy as np

        span = self._world.span(self.now)
        end = min(self.now, span.closes)
        moments = [*np.arange(span.opens, end, STEP).tolist(), end]
        entries = tuple(book.ledger.entries)
        lately = (entry.asset for entry in entries if entry.asset is not None and entry.at >= span.opens)
        held = {one.asset: None for one in book.ledger.holdings.values()} | dict.fromkeys(lately)
        spots = {}
        for symbol in {tape(asset)[0] for asset in held}:
            if (listing := self._world.listing(symbol)) is not None:
                path = listing.day(span)
                spots[symbol] = np.array([path.price(at) for at in moments])
                await asyncio.sleep(0)  # hundreds of moments each
        values = await asyncio.to_thread(intraday, entries, moments, span.day, spots, self._past)
        # marks are middles of quotes and the replay knows values: what differs now, differs all day
        ends = [(at, round(value + worth - values[-1], 2)) for at, value in zip(moments, values.tolist(), strict=True)]
        return bars(ends[1:] or ends, ends[0][1])

    def trade(self, number: str, symbol: str, quantity: float | str | Decimal, price: float | None) -> list[Told]:
        """Let an account trade now; what its stream tells of it. ValueError says what can't be."""
        book, count = self._book(number), _count(quantity)
        asset = self._marks.asset(symbol, self.now)
        held = next((one.asset for one in book.ledger.holdings.values() if one.asset.symbol == symbol), None)
        if (asset := held or asset) is None:
            raise ValueError(f"{symbol} is not traded here.")
        if asset.is_option and count % 1:
            raise ValueError("Contracts come in whole numbers.")
        mark = self._marks.mark(asset, self.now)
        at = Decimal(str(price)) if price is not None else mark.natural[count > 0]
        if not (at.is_finite() and at > 0):
            raise ValueError(
                f"A price is a positive number, not {at}." if price is not None else f"{symbol} has no bid."
            )
        working = _working(book)
        number_of_order = book.deal(Deal(self.now, ((asset, count, at),)))
        order = next(one for one in reversed(book.orders) if one.id == number_of_order)
        return [("Order", self.order_row(number, order)), *self._told(book, [asset], working)]

    def assign(self, number: str, symbol: str, contracts: int) -> list[Told]:
        """Assign a short option early; what the stream tells of it. ValueError says what can't be."""
        book = self._book(number)
        holding = book.ledger.holdings.get(symbol)
        if holding is None or not holding.asset.is_option or holding.quantity >= 0:
            raise ValueError(f"{number} is not short {symbol}.")
        if not 1 <= contracts <= -holding.quantity:
            raise ValueError(f"Between 1 and {-holding.quantity} contracts can be assigned, not {contracts}.")
        asset = holding.asset
        if self._world.instruments[asset.underlying].kind == "Index":
            raise ValueError(f"{symbol} is European: nobody exercises it early.")
        working = _working(book)
        book.ledger.deliver(self.now, asset, Decimal(contracts))
        return self._told(book, [asset, shares(self._world.instruments[asset.underlying])], working)

    def empty(self, number: str) -> list[Told]:
        """Take all out of an account but its cash; what the stream tells of it."""
        book = self._book(number)
        gone = [holding.asset for holding in book.ledger.holdings.values()]
        self.books.empty(number)
        return self._told(self.books.book(number), gone, frozenset())

    def _book(self, number: str) -> Book:
        if number not in OPEN:
            raise ValueError(f"There is no open account {number}.")
        return self.books.book(number)

    def _told(self, book: Book, changed: Iterable[Asset], working: Set[int]) -> list[Told]:
        """What has become of orders that worked, of positions and the balance."""
        ended = [order for order in book.orders if order.id in working and order.status != "Live"]
        valued = [self._marks.valued(holding, self.now) for holding in book.ledger.holdings.values()]
        reckoned = capital(OPEN[book.number], book.ledger.cash, valued, self.now)
        rows = [
            position_row(
                book.number, book.ledger, asset, self._marks.mark(asset, self.now), self._past, self.day, self.now
            )
            for asset in changed
        ]
        orders = [("Order", self.order_row(book.number, order)) for order in ended]
        return [
            *orders,
            *(("CurrentPosition", row) for row in rows),
            ("AccountBalance", self._balance(book, valued, reckoned)),
        ]

    def _balance(self, book: Book, valued: Sequence[Valued], reckoned: Capital) -> Json:
        today = self._world.clock.new_york().date()
        return balance_row(OPEN[book.number], book.ledger.cash, valued, reckoned, self.now, today)


def _working(book: Book) -> Set[int]:
    """The orders that still work."""
    return {order.id for order in book.orders if order.status == "Live"}


def _count(quantity: float | str | Decimal) -> Decimal:
    try:
        count = Decimal(str(quantity))
    except DecimalException:
        count = Decimal("NaN")
    if not count.is_finite() or not count:
        raise ValueError(f"A quantity is a number other than 0, not {quantity}.")
    return count


def since(back: int, today: date) -> date:
    """The first date of so many days back."""
    return today - timedelta(days=min(back, 400))
