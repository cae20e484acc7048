"""The two wires to a broker: over the network, and to the simulator in this process."""

from collections.abc import Callable
from typing import Any

import httpx2
from anyio import TASK_STATUS_IGNORED, CancelScope
from anyio.abc import TaskStatus
from httpx2.websockets import ASGIWebSocketTransport
from httpx2.websockets._transport import ASGIWebSocketAsyncNetworkStream

Wire = Callable[[], httpx2.AsyncBaseTransport]


def over_network() -> Wire:
    """The wire to a server. The certificates are read here, once: it takes 50 ms, so make it in a thread."""
    verify = httpx2.create_ssl_context()
    return lambda: httpx2.AsyncHTTPTransport(verify=verify)


def in_process(app: Any) -> Wire:
    """The wire to an ASGI app in this process, websockets included: no port is opened."""
    return lambda: _InProcess(app)


class _Line(ASGIWebSocketAsyncNetworkStream):
    """httpx2's, which leaves its queues open where the handshake is cancelled."""

    async def aclose(self) -> None:
        with CancelScope(shield=True):  # nothing in it waits
            await super().aclose()


class _InProcess(ASGIWebSocketTransport):
    """httpx2's, on our line."""

    async def _create_asgi_websocket_async_network_stream(
        self, *, task_status: TaskStatus[tuple[ASGIWebSocketAsyncNetworkStream, bytes]] = TASK_STATUS_IGNORED
    ) -> None:
        line = _Line(self.app, self.scope, self._task_group, self._initial_receive_timeout)  # type: ignore[arg-type]
        assert self._exit_stack is not None  # noqa: S101 - as httpx2 has it
        task_status.started(await self._exit_stack.enter_async_context(line))
