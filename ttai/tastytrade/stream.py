"""The SDK's DXLink socket with its queues replaced: every message goes to one listener as it comes.

The SDK drops a quote whose bid or ask is NaN, so that the old price would stand for ever; it hides the
keepalives a watchdog needs; and it keeps an unbounded queue per kind of event. Private hooks, guarded by
the wire tests: `_map_message`, `_websocket`, `_channels`,
`_subscription_state`, `_send`, `_recv`.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from anyio import Event as Opened
from anyio import fail_after
from httpx2.websockets import AsyncWebSocketSession, HTTPXWSException, WebSocketDisconnect, WebSocketUpgradeError
from tastytrade import DXLinkStreamer
from tastytrade.utils import TastytradeError

from ttai.errors import BrokerUnavailable
from ttai.isolation import leaf
from ttai.market.ports import CandleSink, Heard
from ttai.market.types import CandleEvent, Event, Kind
from ttai.tastytrade.parse import FIELDS, candle_events, feed_events
from ttai.tastytrade.session import BrokerSession

_NAMES: dict[Kind, str] = {kind: name for name, (kind, _) in FIELDS.items()}
_OPENING = 10.0
_PERIOD = 0.1  # s between two messages of one kind

_log = logging.getLogger(__name__)


class Feed(DXLinkStreamer):
    """One socket; `heard` gets the events of each message, none for a keepalive; `candles` the candles."""

    def __init__(self, session: BrokerSession, heard: Heard, candles: CandleSink) -> None:
        super().__init__(session)
        self._heard = heard
        self._candles = candles
        for way_in, way_out in zip(self._send.values(), self._recv.values(), strict=True):
            way_in.close()  # nothing goes through the SDK's queues
            way_out.close()

    async def subscribe(self, kind: Kind, symbols: Sequence[str]) -> None:  # type: ignore[override]
        """Ask for one kind of event of these symbols."""
        name = _NAMES[kind]
        entries: list[dict[str, Any]] = [{"type": name, "symbol": symbol} for symbol in symbols]
        if kind is CandleEvent:
            entries = [{**entry, "fromTime": self._candles.since(entry["symbol"])} for entry in entries]
        await self._say("FEED_SUBSCRIPTION", name, add=entries)

    async def unsubscribe(self, kind: Kind, symbols: Sequence[str]) -> None:  # type: ignore[override]
        """Ask no more."""
        name = _NAMES[kind]
        await self._say("FEED_SUBSCRIPTION", name, remove=[{"type": name, "symbol": symbol} for symbol in symbols])

    @property
    def _websocket(self) -> AsyncWebSocketSession:
        return self._socket

    @_websocket.setter
    def _websocket(self, socket: AsyncWebSocketSession) -> None:
        receive = socket.receive_json

        async def receive_json(*args: Any, **kwargs: Any) -> Any:
            while not _is_message(message := await _read(receive(*args, **kwargs))):
                _log.warning("a message of the feed was not read")  # and is no sign of life
            kind = message["type"]
            if kind == "CHANNEL_CLOSED":  # its symbols would be silent for ever, on a socket that lives
                raise BrokerUnavailable("it closed a channel of the market data socket")
            if kind == "FEED_CONFIG":
                _check_fields(message)
            if kind != "FEED_DATA":
                self._heard(())
            return message

        socket.receive_json = receive_json  # type: ignore[method-assign]
        self._socket = socket

    def _map_message(self, message: list[Any], channel: int) -> None:
        """Take in one FEED_DATA; what can't be read costs that message."""
        events: list[Event] = []
        try:
            # Aggregated messages may carry several kinds: [name, values, name, values …].
            full = message and isinstance(message[0], dict)
            parts = [self._channels_reversed[channel], message] if full else message
            for name, values in zip(parts[::2], parts[1::2], strict=False):
                if name == "Candle":
                    self._candles.drawn(candle_events(values))
                else:
                    events += feed_events(name, values)
        except (KeyError, TypeError, ValueError) as error:
            _log.warning("a feed message was not read: %s %s", type(error).__name__, error)
        self._heard(events)

    async def open_channels(self) -> None:
        """Open the channels of all kinds in one round trip; they carry our fields alone, a third of the SDK's bytes."""
        for name in FIELDS:
            self._subscription_state[name] = Opened()
            await self._say("CHANNEL_REQUEST", name, service="FEED", parameters={"contract": "AUTO"})
        for name, (_, fields) in FIELDS.items():
            with fail_after(_OPENING):
                await self._subscription_state[name].wait()
            await self._say(
                "FEED_SETUP",
                name,
                acceptAggregationPeriod=_PERIOD,
                acceptDataFormat="COMPACT",
                acceptEventFields={name: list(fields)},
            )

    async def _say(self, message: str, name: str, **more: Any) -> None:
        await self._websocket.send_json({"type": message, "channel": self._channels[name], **more})


@asynccontextmanager
async def open_feed(session: BrokerSession, heard: Heard, candles: CandleSink) -> AsyncIterator[Feed]:
    """A connected, authorised socket with a connection of its own; its end is a BrokerUnavailable, in groups."""
    feed = Feed(session, heard, candles)
    try:
        async with feed:
            await feed.open_channels()
            yield feed
    except* (HTTPXWSException, httpx2.TransportError, TastytradeError) as ends:
        raise BrokerUnavailable(_said(ends)) from None


async def _read(receiving: Awaitable[Any]) -> Any:
    """The next message; None where it is no JSON."""
    try:
        return await receiving
    except (ValueError, RecursionError):
        return None


def _is_message(message: Any) -> bool:
    """Whether the SDK's reader can take it, which else would end the socket."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return False
    is_whole = isinstance(message.get("channel"), int) and isinstance(message.get("data"), list)
    return message["type"] != "FEED_DATA" or is_whole


def _check_fields(message: dict[str, Any]) -> None:
    """The fields the feed will send are those asked for: one that is left out would shift all values after it."""
    given = message.get("eventFields")
    for name, fields in given.items() if isinstance(given, dict) else ():
        if name in FIELDS and fields != list(FIELDS[name][1]):
            raise BrokerUnavailable(f"its feed sends other fields of a {name} than were asked for")


def _said(error: BaseException) -> str:
    """Why the socket ended, in a few words."""
    error = leaf(error)
    if isinstance(error, WebSocketUpgradeError):
        return f"it refused the market data socket with HTTP {error.response.status_code}"
    if isinstance(error, WebSocketDisconnect):
        return f"it closed the market data socket, code {error.code} {error.reason}".rstrip()
    if isinstance(error, TastytradeError):  # its text is the answer's, with whatever stands there
        _log.warning("%s on the market data socket", type(error).__name__)
        return "it refused the market data socket"
    return f"the market data socket was cut: {type(error).__name__}"
