"""The SPX chain of 2026-07-31 as it was recorded, in the broker's place.

The recording has one list a date, whatever settles when: all of it is called SPXW and settles at the close.
"""

import asyncio
import gzip
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from tests.desk import Desk, desk
from ttai.clock import NEW_YORK
from ttai.quant.symbols import parse_occ
from ttai.simulator import STAMP, Simulator
from ttai.testing import FrozenClock

FILE = Path(__file__).parent / "data" / "yahoo_spx.json.gz"
REFUSED: list[Any] = ["refused"]


@cache
def recording() -> Any:
    """The file's content."""
    return json.loads(gzip.decompress(FILE.read_bytes()))


def moment() -> datetime:
    """When it was recorded: after the close of a Friday."""
    return datetime.fromtimestamp(recording()["quote"]["regularMarketTime"], NEW_YORK)


@cache
def contracts() -> dict[str, dict[str, Any]]:
    """What was quoted of each contract, by OCC symbol."""
    found = {}
    for option in recording()["options"]:
        day = datetime.fromtimestamp(option["expirationDate"], UTC)
        for letter, side in (("C", "calls"), ("P", "puts")):
            for row in option[side]:
                found[f"SPXW  {day:%y%m%d}{letter}{round(row['strike'] * 1000):08}"] = row
    return found


@cache
def nested() -> dict[str, Any]:
    """The chain as the broker nests it."""
    by_date: dict[str, dict[float, dict[str, str]]] = {}
    for symbol in contracts():
        option = parse_occ(symbol)
        strikes = by_date.setdefault(f"{option.expiration}", {})
        strike = strikes.setdefault(float(option.strike), {"strike-price": f"{option.strike}"})
        name = "call" if option.type == "C" else "put"
        strike |= {name: symbol, f"{name}-streamer-symbol": option.streamer}
    return {
        "underlying-symbol": "SPX",
        "root-symbol": "SPXW",
        "option-chain-type": "Standard",
        "shares-per-contract": 100,
        "expirations": [
            {
                "expiration-type": "Weekly",
                "expiration-date": day,
                "settlement-type": "PM",
                "strikes": list(strikes.values()),
            }
            for day, strikes in by_date.items()
        ],
    }


def _row(symbol: str) -> dict[str, Any] | None:
    row = contracts().get(symbol)
    if row is None:
        return None
    return {
        "symbol": symbol,
        "instrument-type": "Equity Option",
        **{side: str(row[side]) for side in ("bid", "ask") if side in row},
        "open-interest": str(row.get("openInterest") or 0),
        "volume": str(row.get("volume") or 0),
    }


class Recorded:
    """A simulator but for SPX and its options, which are the recording's.

    `spoil` makes of the nested chain what a test wants; of options only so many requests are `answered`, the others
    refused or `stalls`; the price has `moved` by that factor since, and is what is `known`.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.requests = simulator.requests
        self.spoil: Callable[[dict[str, Any]], list[Any]] = lambda chain: [chain]
        self.answered = sys.maxsize
        self.moved = 1.0
        self.stalls = False
        self.known = "last"

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer in the broker's place."""
        data = self._data(scope) if scope["type"] == "http" else None
        self.requests[scope["path"]] += data is not None
        if data == REFUSED and self.stalls:
            await asyncio.Event().wait()
        if data == REFUSED:
            await JSONResponse({"error": {"code": "forbidden"}}, 403, headers={STAMP: "1"})(scope, receive, send)
        elif data is None:
            await self._simulator.app(scope, receive, send)
        else:
            await JSONResponse({"data": {"items": data}}, headers={STAMP: "1"})(scope, receive, send)

    def _data(self, scope: Scope) -> list[Any] | None:
        if scope["path"] == "/option-chains/SPX/nested":
            return self.spoil(nested())
        if scope["path"] != "/market-data/by-type":
            return None
        asked = parse_qs(unquote(scope["query_string"].decode()))
        if "SPX" in asked.get("index", []):
            quote = recording()["quote"]
            last = self.moved * (quote["bid"] + quote["ask"]) / 2
            return [{"symbol": "SPX", "instrument-type": "Index", self.known: str(last)}]
        if options := asked.get("equity-option"):
            self.answered -= 1
            if self.answered < 0:
                return REFUSED
            return [row for row in map(_row, options) if row is not None]
        return None


@asynccontextmanager
async def recorded_desk() -> AsyncIterator[tuple[Desk, Recorded]]:
    """A market at the moment of the recording, without a stream: all that is quoted comes over REST."""
    async with desk(streaming=False, clock=FrozenClock(moment())) as made:
        recorded = Recorded(made.simulator)
        made.tap.simulator = recorded  # type: ignore[assignment]
        yield made, recorded
