"""The books of the simulated broker: one a customer's account, written when they are first asked for."""

import asyncio
import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import count, pairwise

from ttai.simulator.accounts.assets import Asset, coin, future, shares
from ttai.simulator.accounts.customer import OPEN
from ttai.simulator.accounts.fees import cents
from ttai.simulator.accounts.ledger import Ledger
from ttai.simulator.accounts.past import Past, moment, tape
from ttai.simulator.accounts.placed import Placed, filled, standing
from ttai.simulator.accounts.recipes import ASSIGNED, BOOKS, CALLED_AWAY, HABITS
from ttai.simulator.accounts.story import Deal, Early, Event, Money, Story, Target, payable
from ttai.simulator.boards import Boards
from ttai.simulator.days import sessions_before
from ttai.simulator.metrics import ex_dates
from ttai.simulator.options import Series
from ttai.simulator.prices import Span
from ttai.warm import warm

_FIRST_ENTRY, _FIRST_ORDER = 301_000_000, 411_000_000
_APART = 1_000_000  # numbers of an account's own
_CREDIT = Decimal("0.0005")  # of the cash, a month


@dataclass
class Book:
    """An account's ledger, and the orders beside those that were filled."""

    number: str
    ledger: Ledger
    numbers: "count[int]"  # of its orders
    unfilled: list[Placed] = field(default_factory=list)

    def settle(self, until: float, spot: Callable[[Asset], float]) -> None:
        """Let what has expired by a moment end as it must."""
        ended = [one.asset for one in self.ledger.holdings.values() if one.asset.settles <= until]
        for asset in sorted(ended, key=lambda one: (one.settles, one.symbol)):
            self.ledger.settle(asset, spot(asset))

    def deal(self, deal: Deal) -> int:
        """Book an order that was filled; its number."""
        order = next(self.numbers)
        for asset, change, price in deal.legs:
            self.ledger.fill(deal.at, asset, change, price, order, len(deal.legs))
        return order

    @property
    def orders(self) -> list[Placed]:
        """Every order, oldest first."""
        unfilled = (standing(order, self.ledger) for order in self.unfilled)
        return sorted((*filled(self.ledger.entries), *unfilled), key=lambda order: (order.at, order.id))


class Books:
    """All books, the same for the same seed and day."""

    def __init__(self, boards: Boards) -> None:
        self._boards = boards
        self._world = boards.world
        self._books: dict[str, Book] = {}
        self._writing: asyncio.Task[None] | None = None

    async def prepare(self) -> None:
        """Write the books if nobody did; half a second of arithmetic that is not the loop's."""
        if self._books:
            return
        loop = asyncio.get_running_loop()
        if self._writing is None or self._writing.done() or self._writing.get_loop() is not loop:
            self._writing = loop.create_task(self._write())
        await asyncio.shield(self._writing)  # whoever loses patience, the books are written

    async def _write(self) -> None:
        for library in ("scipy.special", "scipy.optimize"):
            await warm(library)
        for symbol in _traded():
            self._world.listing(symbol)  # here, not in the thread: there is one of each
            await asyncio.sleep(0)  # milliseconds each, like what is listed
        listed = {}
        for symbol in _underlyings():
            listed[symbol] = self._listed(symbol)
            await asyncio.sleep(0)
        books = await asyncio.to_thread(_written, Past(self._world), listed, *self._given())
        if not self._books:
            self._open(books)

    def book(self, number: str) -> Book:
        """An account's book as it is now: what has expired is settled first."""
        if not self._books:
            listed = {symbol: self._listed(symbol) for symbol in _underlyings()}
            self._open(_written(Past(self._world), listed, *self._given()))
        book = self._books[number]
        book.settle(self._now, self._ended)
        return book

    def empty(self, number: str) -> None:
        """Leave an account with its cash alone, paid in now, and no past."""
        old = self.book(number)
        ledger = Ledger(old.ledger.first)
        ledger.move(self._now, "Deposit", cents(max(old.ledger.cash, Decimal(0))), "Wire Funds Received")
        self._books[number] = Book(number, ledger, old.numbers)

    def _open(self, books: dict[str, Book]) -> None:
        self._books = books
        held = (holding.asset for book in books.values() for holding in book.ledger.holdings.values())
        self._boards.options.keep(asset.symbol for asset in held if asset.is_option)

    def _given(self) -> tuple[date, Span, float]:
        return self._world.clock.new_york().date(), self._world.span(self._now), self._now

    def _listed(self, symbol: str) -> Sequence[Series]:
        return self._boards.options.series(symbol, self._now)

    def _ended(self, asset: Asset) -> float:
        """What an underlying was worth as an option expired."""
        snapshot = self._world.snapshot(asset.underlying, asset.settles)
        assert snapshot is not None  # noqa: S101 - it was traded here
        return snapshot.last

    @property
    def _now(self) -> float:
        return self._world.clock.now().timestamp()


def _underlyings() -> list[str]:
    """What the standing books need to know the listed options of."""
    recipes = (recipe for book in BOOKS.values() for recipe in book if recipe.legs[0].kind != "stock")
    return list(dict.fromkeys(recipe.symbol.removesuffix("1") for recipe in recipes))


def _traded() -> list[str]:
    """All whose prices the books go by."""
    held = (recipe.symbol for book in BOOKS.values() for recipe in book)
    traded = (habit.symbol for habits in HABITS.values() for habit in habits)
    unquoted = (tape(asset)[0] for asset in (future(date.min), coin()))
    return list(dict.fromkeys((*held, *traded, *unquoted, ASSIGNED, CALLED_AWAY)))


def _written(past: Past, listed: dict[str, Sequence[Series]], today: date, span: Span, now: float) -> dict[str, Book]:
    """The books of a day, from their stories."""
    books = {}
    for place, number in enumerate(OPEN):
        story = Story(number, past, listed, today=today, span=span, now=now)
        ledger = Ledger(_FIRST_ENTRY + place * _APART)
        book = Book(number, ledger, count(_FIRST_ORDER + place * _APART))
        _played(book, story.events(), past, span.day)
        book.settle(now, lambda asset: _close(past, asset))
        book.unfilled = [_placed(target, next(book.numbers)) for target in story.targets]
        book.unfilled += [order._replace(id=next(book.numbers)) for order in story.failures()]
        books[number] = book
    return books


def _placed(target: Target, number: int) -> Placed:
    """The order behind a target."""
    legs = tuple((asset, f"{'Buy' if change > 0 else 'Sell'} to Close", abs(change)) for asset, change in target.legs)
    return Placed(number, target.at, legs, -target.price, "Live", until_cancelled=True)


def _close(past: Past, asset: Asset) -> float:
    """What an option of an earlier day was settled with."""
    assert asset.expiration is not None  # noqa: S101 - only options are settled
    bar = past.bar(asset.underlying, asset.expiration.day)
    return bar.open if asset.expiration.settlement == "AM" else bar.close


def _played(book: Book, events: Iterable[Event], past: Past, today: date) -> None:
    """Book events in the order of time, and what they entail: expirations, dividends, interest."""
    order = count()
    queue: list[tuple[float, int, Event | Callable[[], Event | None]]] = [(one.at, next(order), one) for one in events]
    first = min(at for at, *_ in queue)
    queue += [(at, next(order), look) for at, look in _monthly(book, today) if at > first]
    queue += [(at, next(order), look) for at, look in _dividends(book, past, today) if at > first]
    heapq.heapify(queue)
    while queue:
        at, _, event = heapq.heappop(queue)
        book.settle(at, lambda asset: _close(past, asset))
        if isinstance(event, Deal):
            book.deal(event)
        elif isinstance(event, Money):
            book.ledger.move(*event)
        elif isinstance(event, Early):
            book.ledger.deliver(at, event.asset, Decimal(event.contracts))
        elif (follows := event()) is not None:
            heapq.heappush(queue, (follows.at, next(order), follows))


def _monthly(book: Book, today: date) -> list[tuple[float, Callable[[], Event | None]]]:
    """Interest on the cash, with the last session of each month."""
    days = sessions_before(today, 253)
    last = [day for day, after in pairwise(days) if day.month != after.month]

    def paid(at: float) -> Money | None:
        amount = cents(book.ledger.cash * _CREDIT)
        return Money(at, "Credit Interest", amount, "INTEREST ON CREDIT BALANCE") if amount > 0 else None

    return [(at, lambda at=at: paid(at)) for at in (moment(day, 1.0) for day in last)]  # type: ignore[misc]


def _dividends(book: Book, past: Past, today: date) -> list[tuple[float, Callable[[], Event | None]]]:
    """Dividends on what is held as an ex-date begins, paid weeks later; short stock pays them."""
    found: list[tuple[float, Callable[[], Event | None]]] = []
    since = today - timedelta(days=366)
    for instrument in past.instruments.values():
        for day in ex_dates(instrument, today):
            if not since < day < today or payable(day) >= today:
                continue
            asset, at = shares(instrument), moment(payable(day), 0.0)

            def due(asset: Asset = asset, at: float = at, each: float = instrument.dividend) -> Money | None:
                amount = cents(book.ledger.quantity(asset) * Decimal(str(each)))
                return Money(at, "Dividend", amount, f"{asset.symbol} cash dividend", asset) if amount else None

            found.append((moment(day, 0.0), due))
    return found
