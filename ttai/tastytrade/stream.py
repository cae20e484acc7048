"""The SDK's DXLink socket with its queues replaced: every message goes to one listener as it comes.

The SDK drops a quote whose bid or ask is NaN, so that the old price would stand for ever; it hides the
keepalives a watchdog needs; and it keeps an unbounded queue per kind of event. Private hooks, guarded by
the wire tests: `_map_message`, `_websocket`, `_channel_request`.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from anyio import Event as Opened
from anyio import fail_after
from httpx2.websockets import AsyncWebSocketSession
from tastytrade import DXLinkStreamer
from tastytrade.dxfeed import Event as SdkEvent
from tastytrade.dxfeed import Quote, Summary, Trade

from ttai.market.ports import Heard
from ttai.market.types import Event, Kind, QuoteEvent, SummaryEvent, TradeEvent
from ttai.tastytrade.parse import FIELDS, feed_events
from ttai.tastytrade.session import BrokerSession

_SDK_CLASS: dict[Kind, type[SdkEvent]] = {QuoteEvent: Quote, TradeEvent: Trade, SummaryEvent: Summary}
_OPENING = 10.0

_log = logging.getLogger(__name__)


class Feed(DXLinkStreamer):
    """One socket; `heard` gets the events of each message, none for a keepalive."""

    def __init__(self, session: BrokerSession, heard: Heard) -> None:
        super().__init__(session)
        self._heard = heard

    async def subscribe(self, kind: Kind, symbols: Sequence[str]) -> None:  # type: ignore[override]
        """Ask for one kind of event of these symbols."""
        await super().subscribe(_SDK_CLASS[kind], symbols)

    async def unsubscribe(self, kind: Kind, symbols: Sequence[str]) -> None:  # type: ignore[override]
        """Ask no more."""
        await super().unsubscribe(_SDK_CLASS[kind], symbols)

    @property
    def _websocket(self) -> AsyncWebSocketSession:
        return self._socket

    @_websocket.setter
    def _websocket(self, socket: AsyncWebSocketSession) -> None:
        receive = socket.receive_json

        async def receive_json(*args: Any, **kwargs: Any) -> Any:
            message = await receive(*args, **kwargs)
            if message.get("type") != "FEED_DATA":
                self._heard(())
            return message

        socket.receive_json = receive_json  # type: ignore[method-assign]
        self._socket = socket

    def _map_message(self, message: list[Any], channel: int) -> None:
        """Take in one FEED_DATA; what can't be read costs that message."""
        events: list[Event] = []
        try:
            if message and isinstance(message[0], dict):
                events = feed_events(self._channels_reversed[channel], message)
            else:
                # Aggregated messages may carry several kinds: [name, values, name, values …].
                for name, values in zip(message[::2], message[1::2], strict=False):
                    events += feed_events(name, values)
        except (KeyError, TypeError, ValueError) as error:
            _log.warning("a feed message was not read: %s %s", type(error).__name__, error)
        self._heard(events)

    async def _channel_request(self, event_type: str, refresh_interval: float = 0.1) -> None:
        """Open a channel that carries our fields alone: a third of the SDK's bytes."""
        channel = self._channels[event_type]
        await self._websocket.send_json(
            {
                "type": "CHANNEL_REQUEST",
                "channel": channel,
                "service": "FEED",
                "parameters": {"contract": "AUTO"},
            }
        )
        opened: Opened = self._subscription_state[event_type]
        with fail_after(_OPENING):
            await opened.wait()
        await self._websocket.send_json(
            {
                "type": "FEED_SETUP",
                "channel": channel,
                "acceptAggregationPeriod": refresh_interval,
                "acceptDataFormat": "COMPACT",
                "acceptEventFields": {event_type: list(FIELDS[event_type][1])},
            }
        )


@asynccontextmanager
async def open_feed(session: BrokerSession, heard: Heard) -> AsyncIterator[Feed]:
    """A connected, authorised socket, with a transport of its own."""
    shared = session.client_kwargs
    session.client_kwargs = session.fresh_wire()
    try:
        feed = Feed(session, heard)
        async with feed:
            yield feed
    finally:
        session.client_kwargs = shared
