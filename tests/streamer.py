"""An account socket of a test's own, which answers as the broker's does, or not."""

import json
from typing import Any

from starlette.types import Receive, Scope, Send

from tests.desk import Tap

ACCOUNTS = ["5WT00718", "5WT00934", "5WT01122"]


def happened(kind: str, account: str = ACCOUNTS[0], **data: Any) -> dict[str, Any]:
    """A notification as the broker sends it."""
    return {"type": kind, "data": {"account-number": account, **data}, "timestamp": 1_795_190_460_250}


class Streamer:
    """Serves /streamer in the simulator's place."""

    def __init__(self, tap: Tap) -> None:
        tap.sockets["/streamer"] = self
        self.said: list[dict[str, Any]] = []
        self.opened = 0
        self.refuses: set[str] = set()  # actions answered with an error
        self.ignores: set[str] = set()  # those not answered at all
        self.denies = False  # the socket itself
        self._open: list[Send] = []

    @property
    def open(self) -> int:
        """How many sockets there are."""
        return len(self._open)

    def actions(self) -> list[str]:
        """What was asked, in order."""
        return [message["action"] for message in self.said]

    async def tell(self, message: Any) -> None:
        """Send it on all sockets: text as it is, all else as JSON."""
        text = message if isinstance(message, str) else json.dumps(message)
        for send in self._open:
            await send({"type": "websocket.send", "text": text})

    async def drop(self, code: int = 1001) -> None:
        """Close all sockets."""
        while self._open:
            await self._open.pop()({"type": "websocket.close", "code": code, "reason": "going away"})

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if self.denies:
            await send({"type": "websocket.close", "code": 1008, "reason": "no"})
            return
        await send({"type": "websocket.accept"})
        self.opened += 1
        self._open.append(send)
        while (message := await receive())["type"] == "websocket.receive":
            asked = json.loads(message["text"])
            self.said.append(asked)
            action, number = asked["action"], asked["request-id"]
            if action in self.ignores:
                continue
            answer = {"status": "ok", "action": action, "web-socket-session-id": "5b6e2799", "request-id": number}
            if action in self.refuses:
                answer |= {"status": "error", "message": "no, for Bearer secret-token-of-somebody"}
            elif action == "connect":
                answer["value"] = asked["value"]
            await send({"type": "websocket.send", "text": json.dumps(answer)})
        if send in self._open:
            self._open.remove(send)
