"""Asking the broker over one session: raw rows in, errors of ours out."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import httpx2
from tastytrade.utils import TastytradeError

from ttai.errors import BadArgument, BrokerUnavailable, LoginChanged, SessionRefused
from ttai.isolation import is_cancelled
from ttai.listing import Listing
from ttai.login.credentials import Credentials
from ttai.market.types import Source
from ttai.tastytrade.limits import Tries, body_of, failure, words
from ttai.tastytrade.session import BrokerSession
from ttai.tastytrade.wire import Wire

MOST_PAGES = 200
PAGES_AT_ONCE = 4
CLOSING = 1.0  # s a request may take to be cancelled
CHECK = "It may have been done all the same: look what there is before you try it again"

T = TypeVar("T")
Params = Mapping[str, str | Sequence[str]]

_log = logging.getLogger(__name__)


class Requests:
    """One login's requests, and the session they are made over."""

    def __init__(
        self,
        credentials: Credentials,
        url: str,
        wire: Wire,
        tries: Tries | None = None,
        answered: Callable[[], object] = lambda: None,
    ) -> None:
        """`answered` is called whenever the broker has answered a request of the market's or the user's."""
        self._tries = tries or Tries()
        self._answered = answered
        self.session = BrokerSession(credentials, url, wire, self._tries)
        self.login = f"{credentials.key} {url}"
        self.origin = url
        self._closed = False
        self._asking: set[asyncio.Task[Any]] = set()

    @property
    def simulated(self) -> bool:
        """Whether the simulator answers."""
        return self.session.transport.simulated

    async def close(self) -> None:
        """End the session's connections; what is being asked fails as the broker's."""
        self._closed = True
        for asking in self._asking:
            asking.cancel()
        if self._asking:  # a client that is closed under a request leaves its socket open
            await asyncio.wait(self._asking, timeout=CLOSING)
        await self.session.close()

    @property
    def _source(self) -> Source:
        return "simulator" if self.simulated else "rest"

    def _read(self, items: list[Any], one: Callable[[Any], T | None]) -> Listing[T]:
        rows = [row for item in items if (row := one(item)) is not None]
        if len(rows) < len(items):
            _log.warning("%d of %d rows were not read (%s)", len(items) - len(rows), len(items), one.__name__)
        return Listing(rows, unreadable=len(items) - len(rows), source=self._source)

    async def _items(self, path: str, params: Params | None = None) -> list[Any]:
        return _rows(await self._get(path, params), path)

    async def _pages(self, path: str, params: Params, size: int) -> list[Any]:
        """The rows of all pages, in their order; a page that fails fails them all: half a history is none."""
        first = await self._page(path, params, size, 0)
        items = _rows(first.get("data"), path)
        count = _count(first.get("pagination"), items, path, size)
        if count > MOST_PAGES:
            raise BadArgument(f"that is more than {MOST_PAGES * size:,} entries", "Ask for fewer days")
        for start in range(1, count, PAGES_AT_ONCE):
            numbers = range(start, min(start + PAGES_AT_ONCE, count))
            pages = await asyncio.gather(*(self._page(path, params, size, number) for number in numbers))
            for page in pages:
                items += _rows(page.get("data"), path)
        return items

    async def _page(self, path: str, params: Params, size: int, number: int) -> dict[str, Any]:
        asked = {**params, "per-page": str(size), "page-offset": str(number)}  # an offset in pages
        body = body_of(await self._ask(path, self._fetch(path, asked)))
        return body if isinstance(body, dict) else {}

    async def _fetch(self, path: str, params: Params) -> httpx2.Response:
        await self.session.refresh()
        return await self.session._client.get(path, params=params)  # noqa: SLF001 - the SDK's own keeps the rows alone

    async def _get(self, path: str, params: Params | None = None) -> Any:
        return await self._ask(path, self.session._get(path, params=params))  # noqa: SLF001 - the one way to raw rows

    async def _write(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, doubt: str = CHECK
    ) -> httpx2.Response:
        """Change something, asked once; `doubt` is the error's hint where nobody knows whether it was done."""
        return await self._ask(path, self._send(method, path, body, doubt))

    async def _send(self, method: str, path: str, body: dict[str, Any] | None, doubt: str) -> httpx2.Response:
        await self.session.refresh()
        try:
            async with asyncio.timeout(self._tries.timeout):
                # The SDK's own calls lose the status, and take a change answered without data for a failure.
                response = await self.session._client.request(method, path, json=body)  # noqa: SLF001
        except (httpx2.RequestError, OSError) as error:  # TimeoutError is one
            raise BrokerUnavailable(f"{type(error).__name__} on {path}", doubt) from error
        if response.status_code == 401:  # the session was dropped: it was not done, and the next is asked with another
            await self.session.renew(response.request.headers["Authorization"])
            raise SessionRefused(words(response), self.origin)
        if response.status_code >= 400:
            refused = failure(response, path, self.origin)
            if isinstance(refused, BrokerUnavailable):
                raise BrokerUnavailable(f"HTTP {response.status_code} on {path}", doubt)
            raise refused
        return response

    async def _ask(self, path: str, asking: Coroutine[Any, Any, T]) -> T:
        if self._closed:
            asking.close()
            raise LoginChanged
        task = asyncio.create_task(asking)
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)
        try:
            answer = await task
        except TastytradeError as error:  # its text is the answer's, with whatever stands there
            _log.warning("%s on %s", type(error).__name__, path)
            raise BrokerUnavailable(f"its answer on {path} can't be read") from None
        except asyncio.CancelledError:
            if is_cancelled():
                raise
            raise LoginChanged from None
        self._answered()
        return answer


def _rows(data: Any, path: str) -> list[Any]:
    items = data.get("items") if isinstance(data, dict) else None
    if not isinstance(items, list):
        raise BrokerUnavailable(f"no items on {path}")
    return items


def _count(pagination: Any, items: list[Any], path: str, size: int) -> int:
    """How many pages there are; one that may not be the only one must say so."""
    count = pagination.get("total-pages") if isinstance(pagination, dict) else None
    if isinstance(count, int) and count >= 0:
        return count
    if len(items) >= size:
        raise BrokerUnavailable(f"its answer on {path} does not say how many pages there are")
    return 1
