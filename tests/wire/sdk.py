"""The broker's own SDK on the simulator, in process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from httpx2.websockets import ASGIWebSocketTransport
from tastytrade import DXLinkStreamer, Session

from ttai.simulator import Simulator


@pytest.fixture
def session(simulator: Simulator) -> Session:
    transport = ASGIWebSocketTransport(simulator.app)
    session = Session(simulator.CLIENT_SECRET, simulator.REFRESH_TOKEN, transport=transport)
    session._client.base_url = httpx2.URL("http://simulator")
    return session


@asynccontextmanager
async def streaming(session: Session) -> AsyncIterator[DXLinkStreamer]:
    """The SDK's streamer, its queues closed at the end: it leaves them open."""
    stream = DXLinkStreamer(session)
    try:
        async with stream:
            yield stream
    finally:
        for end in (*stream._send.values(), *stream._recv.values()):
            await end.aclose()
