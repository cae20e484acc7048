"""The one login: refreshed before it expires, renewed by force when the broker dropped it."""

import asyncio
import logging
import time
from typing import Any

import httpx2
from tastytrade import Session

from ttai import __version__
from ttai.errors import BadCredentials, BrokerUnavailable, RateLimited, TtaiError
from ttai.login.credentials import Credentials
from ttai.logs import conceal_token, quiet_libraries
from ttai.tastytrade.limits import LimitedTransport, Tries
from ttai.tastytrade.wire import Wire

# Too many failed logins get the address blocked for hours: a refusal is believed for a while. So is, shortly, that
# nobody answers: else each of those who wait for the lock would find it out anew, with all its tries.
REFUSED_LIFE = 60.0
UNANSWERED_LIFE = 5.0

_log = logging.getLogger(__name__)


class BrokerSession(Session):
    """The SDK's session on a transport of ours; stands for one event loop and one set of credentials."""

    def __init__(self, credentials: Credentials, url: str, wire: Wire, tries: Tries) -> None:
        self._tries = tries
        self.transport = LimitedTransport(wire(), url, self.renew, self._tries)
        super().__init__(
            credentials.client_secret.get_secret_value(),
            credentials.refresh_token.get_secret_value(),
            is_test=".cert." in url,
            transport=self.transport,
            timeout=self._tries.timeout,
        )
        self._client.base_url = httpx2.URL(url)
        self._client.headers["User-Agent"] = f"ttai/{__version__}"
        self._wire = wire
        self._logging_in = asyncio.Lock()
        self._refused: tuple[float, TtaiError] | None = None  # until when, and what
        quiet_libraries()  # the SDK sets its logger to DEBUG, and what it says there holds tokens

    @property
    def client_kwargs(self) -> dict[str, Any]:
        """What a streamer makes a client of its own from: a wire that lives and dies with it, not ours."""
        return {
            "transport": self._wire(),
            "timeout": self._tries.timeout,
            "headers": {"User-Agent": f"ttai/{__version__}"},
        }

    @client_kwargs.setter
    def client_kwargs(self, _: dict[str, Any]) -> None:
        """The SDK would hand our own transport on."""

    async def refresh(self, force: bool = False) -> None:
        """A valid token, asked for where there is none; a refusal is repeated from memory for a minute."""
        async with self._logging_in:
            await self._log_in(force=force)

    async def _log_in(self, *, force: bool) -> None:
        # Whoever waited for the lock meets the refusal of the one before.
        if self._refused and time.monotonic() < self._refused[0]:
            raise self._refused[1].with_traceback(None)
        try:
            await super().refresh(force)
            conceal_token(_text(self.session_token))
        except BadCredentials as error:
            self._refused = (time.monotonic() + REFUSED_LIFE, error)
            raise
        except (BrokerUnavailable, RateLimited) as error:
            self._refused = (time.monotonic() + UNANSWERED_LIFE, error)
            raise
        except (KeyError, TypeError, ValueError) as error:
            self.session_expiration = 0.0  # the SDK keeps whatever it was given for as long as it was told
            raise BrokerUnavailable("the login was answered without a token") from error

    async def renew(self, used: str) -> str:
        """The Authorization to use after a 401, renewed once however many calls met it."""
        async with self._logging_in:
            if used == f"Bearer {self.session_token}":
                _log.info("the broker dropped the session: logging in again")
                await self._log_in(force=True)
            return f"Bearer {self.session_token}"

    async def close(self) -> None:
        """End the connections."""
        await self._client.aclose()


def _text(token: object) -> str:
    if not isinstance(token, str) or not token:
        raise TypeError
    return token
