"""Requests within the broker's published rates; reads repeated when that can help.

It stands inside the HTTP client, so every call of the SDK passes here: what fails leaves as an error of
ours with the status the SDK would have thrown away.
"""

import logging
import re
from asyncio import Lock, sleep, timeout
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

import httpx2
from aiolimiter import AsyncLimiter
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential, wait_random

from ttai.clock import time_left
from ttai.errors import (
    BadCredentials,
    BrokerRefused,
    BrokerUnavailable,
    NotFound,
    NotPermitted,
    RateLimited,
    SessionRefused,
    TtaiError,
)

OAUTH = "/oauth/token"
LOGIN_PATIENCE = 11.0  # s: all else waits behind a login
MARGIN = 3.0  # s of a call's time kept for what comes after the last try
SHORTEST = 0.1  # s for a try that comes at the very end
LONGEST = 200  # characters of the broker's own words
UPSTREAM = 0.9  # of the published rates: clocks and networks bunch what was spaced

# The broker's published ceilings, requests a second by the shape of the path; the first that fits counts.
_RATES: tuple[tuple[str, float], ...] = (
    (r"/market-data", 2),
    (r"/option-chains", 2),
    (r"/instruments/equities/.", 3),
    (r"/instruments/equities", 2),
    (r"/instruments/equity-options", 3),
    (r"/instruments/future-products", 1),
    (r"/instruments/futures", 1),
    (r"/accounts/[^/]+/positions", 1),
    (r"/accounts/[^/]+/balances", 1),
    (r"/accounts/[^/]+/trading-status", 1),
    (r"/customers/me/accounts", 1),
)
_OVERALL = 50.0
_AT_ONCE = 5  # of all families together; what may follow in the same second is so many fewer
_PASSING = frozenset({429, 500, 502, 503, 504})

_log = logging.getLogger(__name__)

Renew = Callable[[str], Awaitable[str]]


@dataclass(frozen=True)
class Tries:
    """How long one try of a read may take and the pauses between two, in seconds; how closely they may follow."""

    timeout: float = 10.0
    first_pause: float = 0.2
    last_pause: float = 5.0
    patience: float = 30.0  # for all tries together, where no call's deadline says
    speed: float = 1.0  # times the broker's published rates


class _Failed(Exception):
    """One try that failed in a way another might not."""

    def __init__(self, error: TtaiError, after: float = 0.0) -> None:
        super().__init__(error.message)
        self.error = error
        self.after = after


class _Family:
    """Requests one after another: a bucket would let a burst and the rate through in the same second."""

    def __init__(self, gap: float) -> None:
        self._gap = gap
        self._turn = Lock()
        self._next = 0.0

    async def acquire(self, overall: AsyncLimiter) -> None:
        async with self._turn:
            await sleep(max(0.0, self._next - monotonic()))
            await overall.acquire()
            self._next = monotonic() + self._gap  # from when it goes out, however long the others held it up


class LimitedTransport(httpx2.AsyncBaseTransport):
    """Paces, repeats reads, renews an invalidated token once, and says what went wrong."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, url: str, renew: Renew, tries: Tries) -> None:
        self._tries = tries
        self._inner = inner
        self._url = url
        self._renew = renew
        self._backoff = wait_exponential(multiplier=tries.first_pause, max=tries.last_pause) + wait_random(
            0, tries.first_pause
        )
        steady = _OVERALL * UPSTREAM - _AT_ONCE
        self._overall = AsyncLimiter(_AT_ONCE, _AT_ONCE / (steady * tries.speed))
        self._families = [(re.compile(path), _Family(1 / (rate * UPSTREAM * tries.speed))) for path, rate in _RATES]
        self.simulated = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        read = request.method == "GET" or request.url.path == OAUTH
        if not read:
            await self._pace(request.url.path)
            return await self._send(request)
        patience = self._tries.patience if request.url.path != OAUTH else min(self._tries.patience, LOGIN_PATIENCE)
        end = monotonic() + min(patience, time_left(patience)) - MARGIN
        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, _Failed)),
            wait=self._wait,
            stop=lambda state: monotonic() + state.upcoming_sleep > end,
            retry_error_callback=_give_up,
        )
        response: httpx2.Response = await retrying(self._read, request, end)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _read(self, request: httpx2.Request, end: float) -> httpx2.Response:
        response = await self._try(request, end)
        if response.status_code == 401 and request.url.path != OAUTH:
            used = request.headers.get("Authorization", "")
            request.headers["Authorization"] = await self._renew(used)
            response = await self._try(request, end)
            if response.status_code == 401:
                raise SessionRefused(words(response), self._url)
        return self._judge(request, response)

    async def _try(self, request: httpx2.Request, end: float) -> httpx2.Response:
        """One request at its turn, answered whole and in time."""
        path = request.url.path
        await self._pace(path)
        limit = max(min(self._tries.timeout, end - monotonic()), SHORTEST)
        try:
            async with timeout(limit):
                response = await self._send(request)
                await response.aread()
        except TimeoutError as error:
            raise _Failed(BrokerUnavailable(f"no answer on {path} at {self._url} within {limit:.1f} s")) from error
        except (httpx2.RequestError, OSError) as error:
            raise _Failed(BrokerUnavailable(f"{type(error).__name__} on {path} at {self._url}")) from error
        return response

    async def _pace(self, path: str) -> None:
        for pattern, family in self._families:
            if pattern.match(path):
                await family.acquire(self._overall)
                return
        await self._overall.acquire()

    async def _send(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        self.simulated = "x-ttai-simulator" in response.headers
        return response

    def _wait(self, state: RetryCallState) -> float:
        failed = state.outcome.exception() if state.outcome else None
        return max(self._backoff(state), failed.after if isinstance(failed, _Failed) else 0.0)

    def _judge(self, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        """The response, if it is an answer."""
        status = response.status_code
        path = request.url.path
        if status in _PASSING:
            after = response.headers.get("Retry-After", "")
            raise _Failed(failure(response, path, self._url), float(after) if after.isdecimal() else 0.0)
        if status >= 400:
            raise failure(response, path, self._url)
        if not isinstance(body_of(response), dict):
            raise _Failed(BrokerUnavailable(f"no JSON object on {path}"))
        return response


def failure(response: httpx2.Response, path: str, url: str) -> TtaiError:
    """What an answer of 400 or more stands for."""
    status = response.status_code
    if status == 429:
        return RateLimited()
    if status in _PASSING:
        return BrokerUnavailable(f"HTTP {status} on {path}")
    said = words(response)
    if path == OAUTH or status == 401:
        return BadCredentials(said, url)
    if status == 403:
        return NotPermitted(said)
    if status == 404:
        return NotFound(f"TastyTrade has no {path} ({said})")
    return BrokerRefused(said)


def _give_up(state: RetryCallState) -> None:
    failed = state.outcome.exception() if state.outcome else None
    assert isinstance(failed, _Failed)  # noqa: S101 - nothing else is retried
    _log.warning("%s, after %d tries", failed.error.message.rstrip("."), state.attempt_number)
    raise failed.error from failed


def body_of(response: httpx2.Response) -> Any:
    """The body's value; None where it has none."""
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def reasons(items: Any) -> list[str]:
    """The broker's own words in a list of errors or warnings: a message, a field and what is wrong with it, a code."""
    rows = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    lines = [str(row.get("message") or _about(row) or row.get("code") or "") for row in rows]
    return [" ".join(said.split())[:LONGEST] for said in lines if said]


def _about(row: dict[str, Any]) -> str:
    return " ".join(str(row[key]) for key in ("domain", "reason") if row.get(key))


def words(response: httpx2.Response) -> str:
    """The broker's own words about its refusal, one short line."""
    return refusal(body_of(response)) or f"HTTP {response.status_code}"


def refusal(body: Any) -> str:
    """What a body says against the request, one short line; "" where it says nothing."""
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        said = "; ".join(reasons(error.get("errors")) or reasons([error]))
    elif isinstance(body, dict):
        said = str(body.get("error_description") or body.get("error_code") or error or "")
    else:
        said = ""
    return " ".join(said.split())[:LONGEST]
