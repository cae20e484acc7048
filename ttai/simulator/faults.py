"""What goes wrong when told to: on the broker's calls and on its stream."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ttai.simulator.replies import error

STAMP = "x-ttai-simulator"

Kind = Literal[
    "status", "html", "garbage", "delay", "drop", "stall", "expire", "nan", "missing", "silence", "error", "poison"
]
_ON_CALLS: tuple[Kind, ...] = ("status", "html", "garbage", "delay", "drop", "stall", "expire", "nan", "missing")
_CODES = {401: "token_invalid", 403: "forbidden", 404: "not_found", 429: "too_many_requests"}
_PAGE = "<html>\r\n<head><title>{0}</title></head>\r\n<body><center><h1>{0}</h1></center></body>\r\n</html>"


class Fault(BaseModel):
    """One thing that goes wrong, on which paths, how often."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    path: str = "*"  # a glob; `/dxlink` is the stream, `/streamer` that of the accounts
    count: int | None = Field(default=None, ge=1)  # strikes; None: until it is cleared
    status: int = Field(default=500, ge=400, le=599)
    seconds: float = Field(default=1.0, ge=0, le=600, allow_inf_nan=False)
    symbols: tuple[str, ...] = ()  # those it concerns; none named means all
    field: str | None = None
    after: int = Field(default=0, ge=0)  # data messages the stream serves before it drops
    message: str = "Something went wrong on purpose."

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "nan" and not self.field:
            raise ValueError("nan needs the field to spoil")
        if self.kind == "missing" and not (self.field or self.symbols):
            raise ValueError("missing needs a field to leave out of a row, or the symbols to leave out altogether")
        if self.kind == "poison" and not self.symbols:
            raise ValueError("poison needs the symbols that kill the socket")
        return self

    def concerns(self, symbol: object) -> bool:
        """Whether it strikes this symbol."""
        return not self.symbols or symbol in self.symbols


class Faults:
    """The faults in force and the rate limits; they strike in the order in which they were added."""

    def __init__(self, expire: Callable[[], None]) -> None:
        self._expire = expire
        self._active: list[Fault] = []
        self._limits: list[tuple[str, int, deque[float]]] = []

    def add(
        self,
        kind: Kind,
        path: str = "*",
        *,
        count: int | None = None,
        status: int = 500,
        seconds: float = 1.0,
        symbols: Iterable[str] = (),
        field: str | None = None,
        after: int = 0,
        message: str = "Something went wrong on purpose.",
    ) -> Fault:
        """Let something go wrong from now on; ValueError says what does not fit together."""
        return self.put(
            Fault(
                kind=kind,
                path=path,
                count=count,
                status=status,
                seconds=seconds,
                symbols=tuple(symbols),
                field=field,
                after=after,
                message=message,
            )
        )

    def put(self, fault: Fault) -> Fault:
        """Put a fault in force."""
        self._active.append(fault)
        return fault

    def limit(self, path: str, per_second: int) -> None:
        """Answer 429 on these paths to what exceeds a rate."""
        if per_second < 1:
            raise ValueError(f"A limit is at least 1 request a second, not {per_second}.")
        self._limits.append((path, per_second, deque(maxlen=per_second)))

    def clear(self) -> None:
        """Everything works again."""
        self._active.clear()
        self._limits.clear()

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._active)

    def on(self, path: str, *kinds: Kind) -> list[Fault]:
        """The faults of these kinds in force on a path."""
        return [fault for fault in self._active if fault.kind in kinds and fnmatchcase(path, fault.path)]

    def spend(self, fault: Fault) -> None:
        """Count one strike; the last one ends the fault."""
        if fault.count is None:
            return
        fault.count -= 1
        if not fault.count:
            self._active.remove(fault)

    def exceeded(self, path: str) -> bool:
        """Count a request against the limits; whether one of them is passed."""
        now, passed = time.monotonic(), False
        for glob, per_second, times in self._limits:
            if fnmatchcase(path, glob):
                # the deque holds just the last `per_second` requests that were let through
                if len(times) == per_second and now - times[0] < 1:
                    passed = True
                else:
                    times.append(now)
        return passed

    async def serve(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on to the broker unless something strikes it first; stamp what is answered."""
        path, edits, stamped = scope["path"], [], _stamped(send)
        if self.exceeded(path):
            await error(429, _CODES[429], "Too many requests")(scope, receive, stamped)
            return
        for fault in self.on(path, *_ON_CALLS):
            if fault.kind in ("nan", "missing"):
                edits.append(fault)
                continue
            if fault.kind == "expire" and path == "/oauth/token":
                continue
            self.spend(fault)
            if fault.kind == "delay":
                await asyncio.sleep(fault.seconds)
            elif fault.kind == "expire":
                self._expire()
            elif fault.kind in ("drop", "stall"):
                await _unanswered(fault, receive, send)
                return
            else:
                await _answer(fault)(scope, receive, stamped)
                return
        await app(scope, receive, self._edited(stamped, edits) if edits else stamped)

    def _edited(self, send: Send, edits: list[Fault]) -> Send:
        """Spoil what passes, once it is whole."""
        held: list[Message] = []

        async def spoil(message: Message) -> None:
            held.append(message)
            if message["type"] != "http.response.body" or message.get("more_body"):
                return
            start, body = held[0], b"".join(part.get("body", b"") for part in held[1:])
            answer = json.loads(body)
            for fault in edits:
                if _spoil(fault, answer):
                    self.spend(fault)
            body = json.dumps(answer).encode()
            MutableHeaders(raw=start["headers"])["content-length"] = str(len(body))
            await send(start)
            await send({"type": "http.response.body", "body": body})

        return spoil


def cut(send: Send) -> bool:
    """Cut the line an answer would take, as a broken network does; False in process, where there is none."""
    # ASGI knows no such thing: uvicorn's `send` belongs to an object that holds the socket's transport
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        return False
    transport.abort()
    return True


async def refuse(send: Send, status: int) -> None:
    """Answer the upgrade with a status instead."""
    await send({"type": "websocket.http.response.start", "status": status, "headers": []})
    await send({"type": "websocket.http.response.body", "body": b""})


def _stamped(send: Send) -> Send:
    async def stamp(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(raw=message["headers"])[STAMP] = "1"
        await send(message)

    return stamp


def _answer(fault: Fault) -> Response:
    """The answer of a fault that gives one."""
    if fault.kind == "html":
        return HTMLResponse(_PAGE.format(f"{fault.status} {fault.message}"), fault.status)
    if fault.kind == "garbage":
        return PlainTextResponse(fault.message)
    return error(fault.status, _CODES.get(fault.status, "internal_error"), fault.message)


async def _unanswered(fault: Fault, receive: Receive, send: Send) -> None:
    """Cut the connection, or keep the caller waiting until he leaves."""
    if fault.kind == "drop" and not cut(send):
        import httpx2

        raise httpx2.RemoteProtocolError("Server disconnected without sending a response.")
    while (await receive())["type"] != "http.disconnect":
        pass


def _spoil(fault: Fault, answer: dict[str, Any]) -> bool:
    """Spoil the rows a fault concerns; whether there were any."""
    data = answer.get("data")
    if not isinstance(data, dict):
        return False
    rows = data.get("items", [data])
    struck = [row for row in rows if fault.concerns(row.get("symbol"))]
    if fault.field is None:
        rows[:] = [row for row in rows if row not in struck]
        return bool(struck)
    struck = [row for row in struck if fault.field in row]
    if fault.kind == "missing":
        for row in struck[:1]:
            del row[fault.field]
    else:
        for row in struck:
            row[fault.field] = "NaN"
    return bool(struck)
