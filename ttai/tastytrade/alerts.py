"""The SDK's account socket with its reader replaced: it tells of what happened, and notices silence.

The SDK reads each message into a model that one strange field spoils, and the socket ends with it; it sends no
heartbeats, which the broker asks for. Private hooks, guarded by the wire tests: `_reader`, `_websocket`,
`_subscribe`, `_subscription_state`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, NoReturn, Self

import httpx2
from anyio import create_task_group
from httpx2.websockets import HTTPXWSException, WebSocketDisconnect, WebSocketUpgradeError
from tastytrade import AlertStreamer
from tastytrade.streamer import SubscriptionType
from tastytrade.utils import TastytradeError

from ttai.broker.holdings import AccountEvent, EventKind
from ttai.errors import BrokerUnavailable, TtaiError
from ttai.isolation import leaf
from ttai.tastytrade.session import BrokerSession

BEAT = 25.0  # s between two heartbeats: the broker asks for one a minute at least
DEAD = 60.0  # s without a word, answers to heartbeats among them
_TASTYTRADE = {
    "api.tastyworks.com": "wss://streamer.tastyworks.com",
    "api.cert.tastyworks.com": "wss://streamer.cert.tastyworks.com",
}
_KINDS: dict[str, EventKind] = {"Order": "order", "AccountBalance": "balance", "CurrentPosition": "position"}

_log = logging.getLogger(__name__)


def streamer_url(api: str) -> str:
    """Where the account socket of the broker at this address is."""
    url = httpx2.URL(api)
    if url.host in _TASTYTRADE:
        return _TASTYTRADE[url.host]
    return str(url.copy_with(scheme="wss" if url.scheme == "https" else "ws", path="/streamer"))


class Alerts(AlertStreamer):
    """One socket, and what it tells of accounts."""

    def __init__(self, session: BrokerSession, url: str, beat: float, dead: float) -> None:
        super().__init__(session)
        self.base_url = streamer_url(url)
        self._beat = beat
        self._dead = dead
        self._heard = monotonic()
        self._events: asyncio.Queue[AccountEvent] = asyncio.Queue()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AccountEvent:
        return await self._events.get()

    async def follow(self, accounts: Sequence[str]) -> None:
        """Ask to be told of these accounts; BrokerUnavailable where nobody answers."""
        try:
            await self._subscribe(SubscriptionType.ACCOUNT, list(accounts))
        except TimeoutError:
            raise BrokerUnavailable("nobody answered on the account socket") from None

    async def beat(self) -> NoReturn:
        """Show that we are there, with a token that is valid, and see that the broker is."""
        while True:
            await asyncio.sleep(self._beat)
            if monotonic() - self._heard > self._dead:
                raise BrokerUnavailable(f"nothing was heard on the account socket for {self._dead:.0f} s")
            await self.session.refresh()
            self.request_id += 1
            await self._websocket.send_json(
                {
                    "auth-token": f"Bearer {self.session.session_token}",
                    "action": SubscriptionType.HEARTBEAT.value,
                    "request-id": self.request_id,
                }
            )

    async def _reader(self) -> NoReturn:
        while True:
            try:
                message = await self._websocket.receive_json()
            except (ValueError, RecursionError):
                message = None
            if not isinstance(message, Mapping):
                _log.warning("a message of the account socket was not read")  # and is no sign of life
                continue
            self._heard = monotonic()
            self._take(message)

    def _take(self, message: Mapping[str, Any]) -> None:
        """An answer to what was asked, or something that happened."""
        if message.get("type") is not None:
            rows = [message]
        elif isinstance(message.get("results"), list):  # several in one
            rows = message["results"]
        else:
            self._answered(message)
            return
        for row in rows:
            if (event := _event(row)) is None:
                _log.warning("a message of the account socket was not read")
            else:
                self._events.put_nowait(event)

    def _answered(self, message: Mapping[str, Any]) -> None:
        if message.get("status") == "error":
            raise BrokerUnavailable(f"its account socket refused to {_word(message.get('action'))}")
        waiting = self._subscription_state.pop(message["request-id"], None) if _is_number(message) else None
        if waiting is not None:
            waiting.set()


def _is_number(message: Mapping[str, Any]) -> bool:
    return isinstance(message.get("request-id"), int)


def _word(action: Any) -> str:
    """The action that was refused, if it is one of ours: the rest of the answer may hold a token."""
    return next((one.value for one in SubscriptionType if one.value == action), "go on")


def _event(row: Any) -> AccountEvent | None:
    """What a message tells; one that does not say of which account is of none, and may be of any."""
    if not isinstance(row, Mapping) or not isinstance(row.get("type"), str):
        return None
    data = row.get("data")
    account = data.get("account-number") if isinstance(data, Mapping) else None
    return AccountEvent(_KINDS.get(row["type"], "other"), account if isinstance(account, str) else "")


@asynccontextmanager
async def open_alerts(
    session: BrokerSession, url: str, accounts: Sequence[str], *, beat: float = BEAT, dead: float = DEAD
) -> AsyncIterator[Alerts]:
    """A connected socket that tells of these accounts; its end is a BrokerUnavailable, in groups."""
    alerts = Alerts(session, url, beat, dead)
    try:
        async with alerts, create_task_group() as beating:
            await alerts.follow(accounts)
            beating.start_soon(alerts.beat)
            yield alerts
            beating.cancel_scope.cancel()
    except* TtaiError:
        raise
    except* (HTTPXWSException, httpx2.TransportError, TastytradeError, OSError) as ends:
        raise BrokerUnavailable(_said(ends)) from None


def _said(error: BaseException) -> str:
    """Why the socket ended, in a few words."""
    error = leaf(error)
    if isinstance(error, WebSocketUpgradeError):
        return f"it refused the account socket with HTTP {error.response.status_code}"
    if isinstance(error, WebSocketDisconnect):
        return f"it closed the account socket, code {error.code}"
    return f"the account socket was cut: {type(error).__name__}"
