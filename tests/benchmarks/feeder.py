"""A broker that sends quotes as fast as its socket takes them: the other process of the hub's figure.

`python feeder.py FRAMES EVENTS` prints its port; on a Quote subscription it sends FRAMES ready-made messages
of EVENTS quotes each, then one of the symbol LAST.
"""

import asyncio
import json
import socket
import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect


def frames(count: int, events: int, channel: int) -> list[str]:
    """Messages under 64 KB, their prices all different."""
    made = []
    for n in range(count):
        values: list[Any] = []
        for k in range(events):
            bid = 100 + (n * events + k) % 5000 / 100
            values += [f"S{k}", bid, round(bid + 0.02, 2)]
        made.append(json.dumps({"type": "FEED_DATA", "channel": channel, "data": ["Quote", values]}))
    made.append(json.dumps({"type": "FEED_DATA", "channel": channel, "data": ["Quote", ["LAST", 1.0, 2.0]]}))
    assert max(map(len, made)) < 65_536
    return made


async def token(_request: Request) -> JSONResponse:
    return JSONResponse({"access_token": "t", "expires_in": 900, "token_type": "Bearer"})


async def quote_token(request: Request) -> JSONResponse:
    url = f"ws://{request.headers['host']}/dxlink"
    return JSONResponse({"data": {"token": "t", "dxlink-url": url, "level": "api"}})


async def dxlink(socket: WebSocket) -> None:
    await socket.accept()
    ready = frames(int(sys.argv[1]), int(sys.argv[2]), channel=7)
    try:
        while True:
            message = await socket.receive_json()
            for answer in _answers(message):
                await socket.send_json(answer)
            if message["type"] == "FEED_SUBSCRIPTION" and any(
                item["symbol"] == "LAST" for item in message.get("add", ())
            ):
                for frame in ready:
                    await socket.send_text(frame)
    except WebSocketDisconnect:
        pass


def _answers(message: dict[str, Any]) -> list[dict[str, Any]]:
    channel = message["channel"]
    match message["type"]:
        case "SETUP":
            return [{"type": "SETUP", "channel": 0}, {"type": "AUTH_STATE", "channel": 0, "state": "UNAUTHORIZED"}]
        case "AUTH":
            return [{"type": "AUTH_STATE", "channel": 0, "state": "AUTHORIZED"}]
        case "CHANNEL_REQUEST":
            return [{"type": "CHANNEL_OPENED", "channel": channel, "service": "FEED"}]
        case "FEED_SETUP":
            return [{"type": "FEED_CONFIG", "channel": channel, "dataFormat": "COMPACT"}]
    return []


if __name__ == "__main__":
    app = Starlette(
        routes=[
            Route("/oauth/token", token, methods=["POST"]),
            Route("/api-quote-tokens", quote_token),
            WebSocketRoute("/dxlink", dxlink),
        ]
    )
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    asyncio.run(uvicorn.Server(uvicorn.Config(app, log_level="warning")).serve([listener]))
