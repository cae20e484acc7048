"""The service of this plugin: books valued now and the strategies in them, for its own tools and for other plugins."""

from ttai import Host, TtaiError
from ttai_portfolio.books import Books
from ttai_portfolio.groups import Group, grouped
from ttai_portfolio.lines import Book
from ttai_portfolio.openings import Openings


class Portfolio:
    """What the user holds: `host.require(Portfolio)`. Raises NotFound for an account there is not, NotLoggedIn, else
    what the broker raises where no account could be read."""

    def __init__(self, host: Host) -> None:
        self.books = Books(host)
        self._openings = Openings(host)
        self._compute = host.tasks.compute
        self._broker = host.broker
        self._log = host.log

    async def book(self, account: str | None = None, symbol: str | None = None) -> Book:
        """What accounts hold, valued now, of one underlying alone where a `symbol` is given."""
        return await self.books.read(account, symbol)

    async def strategies(self, book: Book) -> list[Group]:
        """The strategies of a book, what needs a look first; every position is in them, whole."""
        known = {one.number for one in book.accounts}
        orders = await self._openings.of([line.position for line in book.lines if line.position.account in known])
        return await self._compute(lambda: grouped(book, orders))

    async def held(self) -> list[str]:
        """The underlyings of the stock and options that are held, each once; an account that fails is left out."""
        found: dict[str, None] = {}
        for account in await self._broker.accounts():
            try:
                positions = await self._broker.positions(account.number)
            except TtaiError as error:
                self._log.info("what %s holds is not known: %s", account.number, error.message)
                continue
            kept = [one for one in positions if one.quantity and one.kind in ("equity", "option")]
            found |= dict.fromkeys(one.underlying for one in kept)
        return list(found)
