"""Requests within the broker's published rates; reads repeated when that can help.

It stands inside the HTTP client, so every call of the SDK passes here: what fails leaves as an error of
ours with the status the SDK would have thrown away.
"""

import json
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
from aiolimiter import AsyncLimiter
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential_jitter

from ttai.clock import time_left
from ttai.errors import (
    BadCredentials,
    BrokerRefused,
    BrokerUnavailable,
    NotFound,
    NotPermitted,
    RateLimited,
    TtaiError,
)

OAUTH = "/oauth/token"
PATIENCE = 30.0  # s for a request outside any call
MARGIN = 3.0  # s of a call's time kept for what comes after the last try
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
    (r"/accounts/[^/]+/(positions|balances|trading-status)", 1),
    (r"/customers/me/accounts", 1),
)
_OVERALL = 50.0
_PASSING = frozenset({429, 500, 502, 503, 504})

_log = logging.getLogger(__name__)

Renew = Callable[[str], Awaitable[str]]


class _Failed(Exception):
    """One try that failed in a way another might not."""

    def __init__(self, error: TtaiError, after: float = 0.0) -> None:
        super().__init__(error.message)
        self.error = error
        self.after = after


class LimitedTransport(httpx2.AsyncBaseTransport):
    """Paces, repeats reads, renews an invalidated token once, and says what went wrong."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, url: str, renew: Renew) -> None:
        self._inner = inner
        self._url = url
        self._renew = renew
        self._overall = AsyncLimiter(_OVERALL * UPSTREAM, 1.0)
        self._buckets = [(re.compile(pattern), AsyncLimiter(rate, 1.0)) for pattern, rate in _RATES]
        self.simulated = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        read = request.method == "GET" or request.url.path in (OAUTH, "/sessions/validate")
        if not read:
            return await self._send(request)
        budget = time_left(PATIENCE) - MARGIN
        tries = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, _Failed)),
            wait=_wait,
            stop=lambda state: (state.seconds_since_start or 0.0) + state.upcoming_sleep > budget,
            retry_error_callback=_give_up,
        )
        response: httpx2.Response = await tries(self._read, request)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _read(self, request: httpx2.Request) -> httpx2.Response:
        try:
            response = await self._send(request)
            await response.aread()
        except (httpx2.TransportError, OSError) as error:
            raise _Failed(BrokerUnavailable(f"{type(error).__name__} on {request.url.path}")) from error
        if response.status_code == 401 and request.url.path != OAUTH:
            used = request.headers.get("Authorization", "")
            request.headers["Authorization"] = await self._renew(used)
            response = await self._send(request)
            await response.aread()
        return self._judge(request, response)

    async def _send(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        for pattern, bucket in self._buckets:
            if pattern.match(path):
                await bucket.acquire()
                break
        await self._overall.acquire()
        response = await self._inner.handle_async_request(request)
        self.simulated = "x-ttai-simulator" in response.headers
        return response

    def _judge(self, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        """The response, if it is an answer."""
        status = response.status_code
        path = request.url.path
        if status in _PASSING:
            after = response.headers.get("Retry-After", "")
            error = RateLimited() if status == 429 else BrokerUnavailable(f"HTTP {status} on {path}")
            raise _Failed(error, float(after) if after.isdigit() else 0.0)
        if status < 400:
            if not _is_json(response):
                raise _Failed(BrokerUnavailable(f"not JSON on {path}"))
            return response
        said = _said(response)
        if path == OAUTH or status == 401:
            raise BadCredentials(said, self._url)
        if status == 403:
            raise NotPermitted(said)
        if status == 404:
            raise NotFound(f"TastyTrade has no {path} ({said})")
        raise BrokerRefused(said)


def _wait(state: RetryCallState) -> float:
    failed = state.outcome.exception() if state.outcome else None
    pause: float = wait_exponential_jitter(initial=0.2, max=5.0, jitter=0.3)(state)
    return max(pause, failed.after if isinstance(failed, _Failed) else 0.0)


def _give_up(state: RetryCallState) -> None:
    failed = state.outcome.exception() if state.outcome else None
    assert isinstance(failed, _Failed)  # noqa: S101 - nothing else is retried
    _log.warning("%s, after %d tries", failed.error.message.rstrip("."), state.attempt_number)
    raise failed.error from failed


def _is_json(response: httpx2.Response) -> bool:
    if response.status_code == 101 or not response.content:
        return True
    try:
        response.json()
    except ValueError:
        return False
    return True


def _said(response: httpx2.Response) -> str:
    """The broker's own words about its refusal, one short line."""
    try:
        body: Any = response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return f"HTTP {response.status_code}"
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        details = [e for e in error.get("errors") or [error] if isinstance(e, dict)]
        said = "; ".join(str(e.get("message") or e.get("reason") or e.get("code")) for e in details)
    elif isinstance(body, dict):
        said = str(body.get("error_description") or body.get("error_code") or error or "")
    else:
        said = ""
    return " ".join(said.split())[:200] or f"HTTP {response.status_code}"
