"""The simulator's hand: prices, accounts, faults and sockets moved over HTTP."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from ttai.simulator.dxlink import Feed
from ttai.simulator.faults import Fault, Faults


class Moved(Protocol):
    """What the hand moves beside faults and sockets."""

    def set_price(self, symbol: str, last: float) -> None:
        """Let the market go on from a price."""
        ...

    async def prepare(self) -> None:
        """Have the accounts' books at hand."""
        ...

    def trade(self, account: str, symbol: str, quantity: float, price: float | None = None) -> int:
        """Let an account trade; the order's number."""
        ...

    def assign(self, account: str, symbol: str, contracts: int = 1) -> None:
        """Assign a short option."""
        ...


class _Price(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    symbol: str
    last: float


class _Trade(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    account: str
    symbol: str
    quantity: float
    price: float | None = None


class _Assignment(BaseModel):
    model_config = ConfigDict(extra="forbid")

    account: str
    symbol: str
    contracts: int = 1


class Hand(Router):
    """`/-/price`, `/-/trade`, `/-/assign`, `/-/faults` and `/-/ws`."""

    def __init__(self, moved: Moved, faults: Faults, feed: Feed) -> None:
        self._moved, self._faults, self._feed = moved, faults, feed
        super().__init__(
            [
                Route("/-/price", _told(self._price), methods=["POST"]),
                Route("/-/trade", _told(self._trade), methods=["POST"]),
                Route("/-/assign", _told(self._assign), methods=["POST"]),
                Route("/-/faults", self._show_faults, methods=["GET"]),
                Route("/-/faults", _told(self._add_faults), methods=["POST"]),
                Route("/-/faults", self._clear_faults, methods=["DELETE"]),
                Route("/-/ws", self._show_sockets, methods=["GET"]),
                Route("/-/ws", _told(self._move_sockets), methods=["POST"]),
            ]
        )

    async def _price(self, asked: Any) -> Any:
        price = _Price.model_validate(asked)
        self._moved.set_price(price.symbol, price.last)
        return price.model_dump()

    async def _trade(self, asked: Any) -> Any:
        trade = _Trade.model_validate(asked)
        await self._moved.prepare()
        return {**trade.model_dump(), "order": self._moved.trade(**trade.model_dump())}

    async def _assign(self, asked: Any) -> Any:
        assignment = _Assignment.model_validate(asked)
        await self._moved.prepare()
        self._moved.assign(**assignment.model_dump())
        return assignment.model_dump()

    async def _add_faults(self, asked: Any) -> Any:
        faults = [Fault.model_validate(one) for one in (asked if isinstance(asked, list) else [asked])]
        return [self._faults.put(fault).model_dump(mode="json") for fault in faults]

    async def _show_faults(self, _: Request) -> Response:
        return JSONResponse([fault.model_dump(mode="json") for fault in self._faults])

    async def _clear_faults(self, _: Request) -> Response:
        self._faults.clear()
        return JSONResponse([])

    async def _show_sockets(self, _: Request) -> Response:
        return JSONResponse([socket.describe() for socket in self._feed.sockets])

    async def _move_sockets(self, asked: Any) -> Any:
        action = asked.get("action") if isinstance(asked, dict) else None
        if action not in ("drop", "stall", "resume", "error", "silence"):
            raise ValueError("action is one of drop, stall, resume, error, silence.")
        for socket in list(self._feed.sockets):
            await socket.move(action)
        return {"action": action}


def _told(act: Callable[[Any], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    """Read JSON, act on it, answer; what can't be done is told in a sentence."""

    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(await act(await request.json()))
        except json.JSONDecodeError:
            return JSONResponse({"error": "The body is not JSON."}, 400)
        except ValidationError as wrong:
            told = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'fault'}: {e['msg']}" for e in wrong.errors())
            return JSONResponse({"error": f"{told}."}, 400)
        except ValueError as wrong:
            return JSONResponse({"error": str(wrong)}, 400)

    return endpoint
