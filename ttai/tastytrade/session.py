"""The one login: refreshed before it expires, renewed by force when the broker dropped it."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import httpx2
from httpx2.websockets import ASGIWebSocketTransport
from tastytrade import Session

from ttai import __version__
from ttai.credentials import Credentials
from ttai.errors import BadCredentials
from ttai.logs import conceal, quiet_libraries
from ttai.tastytrade.limits import LimitedTransport

# Too many failed logins get the address blocked for hours: a refusal is believed for a while.
REFUSED_LIFE = 60.0
TIMEOUT = 10.0

_log = logging.getLogger(__name__)

Wire = Callable[[], httpx2.AsyncBaseTransport]


def in_process(app: Any) -> Wire:
    """The wire to an ASGI app in this process, websockets included: no port is opened."""
    return lambda: ASGIWebSocketTransport(app)


class BrokerSession(Session):
    """The SDK's session on a transport of ours; stands for one event loop and one set of credentials."""

    def __init__(self, credentials: Credentials, url: str, wire: Wire) -> None:
        self.transport = LimitedTransport(wire(), url, self._renew)
        super().__init__(
            credentials.client_secret.get_secret_value(),
            credentials.refresh_token.get_secret_value(),
            is_test=".cert." in url,
            transport=self.transport,
            timeout=TIMEOUT,
        )
        self._client.base_url = httpx2.URL(url)
        self._client.headers["User-Agent"] = f"ttai/{__version__}"
        # The streamers open a client of their own from these: its end must not end our transport.
        self.client_kwargs: dict[str, Any] = {"transport": None, "timeout": TIMEOUT}
        self._wire = wire
        self._renewing = asyncio.Lock()
        self._refused: tuple[float, BadCredentials] | None = None
        quiet_libraries()  # the SDK sets its logger to DEBUG, and what it says there holds tokens

    async def refresh(self, force: bool = False) -> None:
        """A valid token, asked for where there is none; a refusal is repeated from memory for a minute."""
        if self._refused and time.monotonic() - self._refused[0] < REFUSED_LIFE:
            raise self._refused[1].with_traceback(None)
        try:
            await super().refresh(force)
        except BadCredentials as error:
            self._refused = (time.monotonic(), error)
            raise
        conceal(self.session_token)

    async def _renew(self, used: str) -> str:
        """The Authorization to use after a 401, renewed once however many calls met it."""
        async with self._renewing:
            if used == f"Bearer {self.session_token}":
                _log.info("the broker dropped the session: logging in again")
                await self.refresh(force=True)
            return f"Bearer {self.session_token}"

    def fresh_wire(self) -> dict[str, Any]:
        """Client options for a streamer: a transport that lives and dies with it."""
        return {**self.client_kwargs, "transport": self._wire()}

    async def close(self) -> None:
        """End the connections."""
        await self._client.aclose()
