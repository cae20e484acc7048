"""The service of this plugin: books valued now and the strategies in them, for its own tools and for other plugins."""

from ttai import Host
from ttai_portfolio.books import Books
from ttai_portfolio.groups import Group, grouped
from ttai_portfolio.lines import Book
from ttai_portfolio.orders import Openings


class Portfolio:
    """What the user holds: `host.require(Portfolio)`. Raises NotFound for an account there is not, NotLoggedIn, else
    what the broker raises where no account could be read."""

    def __init__(self, host: Host) -> None:
        self.books = Books(host)
        self._openings = Openings(host)
        self._compute = host.tasks.compute
        self._broker = host.broker

    async def book(self, account: str | None = None, symbol: str | None = None) -> Book:
        """What accounts hold, valued now, of one underlying alone where a `symbol` is given."""
        return await self.books.read(account, symbol)

    async def strategies(self, book: Book) -> list[Group]:
        """The strategies of a book, what needs a look first; every position is in them, whole."""
        known = {one.number for one in book.accounts}
        orders = await self._openings.of([line.position for line in book.lines if line.position.account in known])
        return await self._compute(lambda: grouped(book, orders))

    async def held(self) -> list[str]:
        """The underlyings of all open accounts, each once."""
        book_of = [await self._broker.positions(one.number) for one in await self._broker.accounts()]
        return list(dict.fromkeys(one.underlying for held in book_of for one in held))
