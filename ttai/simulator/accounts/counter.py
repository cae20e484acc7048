"""The broker's counter: the calls that ask for accounts and what is in them."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ttai.clock import NEW_YORK
from ttai.simulator.accounts.customer import ACCOUNTS, CUSTOMER, OPEN, Json
from ttai.simulator.accounts.netliq import BACK
from ttai.simulator.accounts.office import Office, since
from ttai.simulator.accounts.placed import Placed, is_of
from ttai.simulator.accounts.transactions import Query, asked, total_fees, transaction_row
from ttai.simulator.boards import Boards
from ttai.simulator.orders import Orders, Refused, trading_status
from ttai.simulator.replies import answer, error, listed, not_found

T = TypeVar("T")
Endpoint = Callable[[Request, str], Awaitable[Response]]

_MOST = 2000  # rows a page


class Counter:
    """Answers what is asked of accounts; a closed one is listed, and has nothing behind it."""

    def __init__(self, boards: Boards, office: Office) -> None:
        self._office = office
        self._world = boards.world
        self._orders = Orders(boards)

    @property
    def routes(self) -> list[Route]:
        """The paths it answers."""
        of_account: dict[str, Endpoint] = {
            "trading-status": self._status,
            "positions": self._positions,
            "balances": self._balances,
            "balances/USD": self._balance,
            "transactions": self._transactions,
            "transactions/total-fees": self._fees,
            "transactions/{id}": self._transaction,
            "orders": self._history,
            "orders/live": self._live,
            "orders/{id}": self._order,
            "net-liq/history": self._net_liq,
        }
        return [
            Route("/customers/me", self._customer, methods=["GET"]),
            Route("/customers/me/accounts", self._accounts, methods=["GET"]),
            Route("/customers/me/accounts/{number}", self._account, methods=["GET"]),
            Route("/accounts/{number}/orders/dry-run", _of_account(self._dry_run), methods=["POST"]),
            Route("/margin/accounts/{number}/requirements", _of_account(self._requirements), methods=["GET"]),
            *(
                Route(f"/accounts/{{number}}/{path}", _of_account(endpoint), methods=["GET"])
                for path, endpoint in of_account.items()
            ),
        ]

    async def _customer(self, request: Request) -> Response:
        return answer(request, CUSTOMER)

    async def _accounts(self, request: Request) -> Response:
        return answer(request, {"items": [{"account": a, "authority-level": "owner"} for a in ACCOUNTS.values()]})

    async def _account(self, request: Request) -> Response:
        account = ACCOUNTS.get(request.path_params["number"])
        return not_found(request) if account is None else answer(request, account)

    async def _status(self, request: Request, number: str) -> Response:
        return answer(request, trading_status(OPEN[number]))

    async def _dry_run(self, request: Request, number: str) -> Response:
        try:
            body = await request.json()
        except ValueError:
            return error(400, "validation_error", "The body is not JSON.")
        try:
            book = await self._office.book(number)
            asks = self._orders.understood(body)
            valued = await self._office.valued(book)
            reckoned = await self._office.capital(book, valued)
            said = self._orders.dry_run(OPEN[number], asks, valued, float(reckoned.power))
            return answer(request, said, 201)
        except Refused as refused:
            return error(refused.status, refused.code, refused.message, refused.errors)

    async def _positions(self, request: Request, number: str) -> Response:
        query = request.query_params
        exact = {key: query[key] for key in ("symbol", "instrument-type") if query.get(key)}
        underlyings = listed(request, "underlying-symbol")
        rows = await self._office.positions(number, with_marks=query.get("include-marks", "").lower() == "true")
        found = [
            row
            for row in rows
            if all(row[key] == value for key, value in exact.items())
            and (not underlyings or row["underlying-symbol"] in underlyings)
        ]
        return answer(request, {"items": found})

    async def _balances(self, request: Request, number: str) -> Response:
        return answer(request, {"items": [await self._office.balance(number)]})

    async def _balance(self, request: Request, number: str) -> Response:
        return answer(request, await self._office.balance(number))

    async def _requirements(self, request: Request, number: str) -> Response:
        return answer(request, await self._office.requirements(number))

    async def _transactions(self, request: Request, number: str) -> Response:
        book = await self._office.book(number)
        query = Query(request.query_params, {key: listed(request, key) for key in ("types", "sub-type")})
        found = asked(book.ledger.entries, query)
        return _page(request, found, 250, lambda entry: transaction_row(number, entry))

    async def _transaction(self, request: Request, number: str) -> Response:
        book = await self._office.book(number)
        found = next((one for one in book.ledger.entries if f"{one.id}" == request.path_params["id"]), None)
        return not_found(request) if found is None else answer(request, transaction_row(number, found))

    async def _fees(self, request: Request, number: str) -> Response:
        book = await self._office.book(number)
        day = Query(request.query_params, {}).day("date") or self._world.clock.new_york().date()
        return answer(request, total_fees(book.ledger.entries, day))

    async def _live(self, request: Request, number: str) -> Response:
        today = self._world.clock.new_york().date()
        orders = (await self._office.book(number)).orders
        found = [order for order in reversed(orders) if is_of(order, today)]
        return answer(request, {"items": [self._office.order_row(number, order) for order in found]})

    async def _history(self, request: Request, number: str) -> Response:
        orders = (await self._office.book(number)).orders
        query, statuses = Query(request.query_params, {}), listed(request, "status")
        found = [order for order in orders if _asked(order, query, statuses)]
        if (kind := query.said("underlying-instrument-type")) is not None:
            found = [one for one in found if self._office.order_row(number, one)["underlying-instrument-type"] == kind]
        newest = found if query.said("sort") == "Asc" else found[::-1]
        return _page(request, newest, 10, lambda order: self._office.order_row(number, order))

    async def _order(self, request: Request, number: str) -> Response:
        orders = (await self._office.book(number)).orders
        found = next((one for one in orders if f"{one.id}" == request.path_params["id"]), None)
        return not_found(request) if found is None else answer(request, self._office.order_row(number, found))

    async def _net_liq(self, request: Request, number: str) -> Response:
        query = Query(request.query_params, {})
        start, back = query.moment("start-time"), query.said("time-back")
        if start is not None:
            first = datetime.fromtimestamp(start, NEW_YORK).date()
            return answer(request, {"items": await self._office.history(number, first)})
        if back not in BACK:
            raise ValueError(f"time-back is one of {', '.join(BACK)}")
        first_day = None if back == "1d" else since(BACK[back], self._world.clock.new_york().date())
        return answer(request, {"items": await self._office.history(number, first_day)})


def _of_account(endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    """Ask for an open account first; what was asked wrongly is told in a sentence."""

    async def checked(request: Request) -> Response:
        number = request.path_params["number"]
        if number not in OPEN:
            return not_found(request)
        try:
            return await endpoint(request, number)
        except (ValueError, OverflowError) as wrong:
            return error(400, "validation_error", f"{wrong}.")

    return checked


def _asked(order: Placed, query: Query, statuses: Sequence[str]) -> bool:
    underlying = query.said("underlying-symbol")
    return (
        (not statuses or order.status in statuses)
        and (underlying is None or order.underlying == underlying)
        and query.within(order.at)
    )


def _page(request: Request, found: Sequence[T], usual: int, row: Callable[[T], Json]) -> Response:
    """One page of what was found; `page-offset` counts pages."""
    sizes = []
    for key, usually, least in (("per-page", usual, 1), ("page-offset", 0, 0)):
        value = request.query_params.get(key) or f"{usually}"
        if not value.isdecimal() or not least <= int(value) <= max(_MOST, least):
            raise ValueError(f"{key} is a whole number of {least} or more")
        sizes.append(int(value))
    size, page = sizes
    items = [row(one) for one in found[page * size : (page + 1) * size]]
    pages = -(-len(found) // size)
    pagination = {
        "per-page": size,
        "page-offset": page,
        "item-offset": page * size,
        "total-items": len(found),
        "total-pages": pages,
        "current-item-count": len(items),
        "previous-link": None,
        "next-link": None,
        "paging-link-template": None,
    }
    return JSONResponse({"data": {"items": items}, "context": request.url.path, "pagination": pagination})
