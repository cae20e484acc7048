"""What goes wrong: faults, cut and silent sockets, a broker that is killed; and prices that move meanwhile."""

import asyncio
import signal
from collections.abc import Callable
from random import Random
from typing import Any

import httpx2

from tests.chaos.notes import Notes
from tests.chaos.questions import KNOWN, OTHERS
from tests.chaos.stage import Stage
from tests.chaos.truth import FOLLOWERS, LEADERS, OLDEST, Truth

PATHS = (
    "*", "*", "/market-data/*", "/market-data/*", "/market-data/*", "/dxlink", "/dxlink", "/market-metrics*",
    "/oauth/token", "/api-quote-tokens", "/symbols/search/*", "*watchlists*", "/customers/me/accounts",
    "/accounts/*", "/accounts/*", "/streamer",
)  # fmt: skip
STREAM = "/dxlink"
POISON = ("PFE", "DIS")  # no price of theirs is watched: a symbol that kills sockets is left out for ten minutes
Fault = dict[str, Any]


class Storm:
    """Troubles and lulls by turns, until it is calmed."""

    def __init__(self, stage: Stage, truth: Truth, notes: Notes, seed: int) -> None:
        self._stage = stage
        self._truth = truth
        self._notes = notes
        self._dice = Random(f"{seed}/storm")
        self._prices = Random(f"{seed}/prices")
        self._spoiled = False
        self._one_hand = asyncio.Lock()  # a price that is set while the broker dies is set or not: nobody knows

    async def begin(self) -> None:
        """Learn what the market is worth."""
        leaders, indices = list(LEADERS), list(FOLLOWERS)
        self._truth.begin(await self._stage.prices(leaders, indices))

    async def move_prices(self) -> None:
        """Set one price after the other, for ever."""
        while True:
            await asyncio.sleep(self._prices.uniform(0.2, 1.2))
            await self.set_price(self._prices.choice(LEADERS))

    async def set_price(self, symbol: str) -> None:
        """Set one price, if the broker is there."""
        async with self._one_hand:
            level, before = self._truth.next_level(symbol), self._truth.now
            if await self._tell("/-/price", {"symbol": symbol, "last": level}):
                self._truth.was_set(symbol, level, before, self._truth.now)

    async def rage(self) -> None:
        """Trouble after trouble, for ever; a lull after each."""
        while True:
            await asyncio.sleep(self._dice.uniform(0.5, 5))
            (strike,) = self._dice.choices((self._trouble, self._hush, self._kill, self._freeze), weights=(8, 2, 1, 1))
            await strike()
            await self.calm()

    async def spoil_the_start(self) -> None:
        """At times a broker that is of no use while the servers start: longer than a login is tried at a stretch."""
        if self._dice.random() < 0.5:
            kind = self._dice.choice(("status", "garbage", "drop", "stall"))
            self._notes.say(f"the broker begins with {kind}")
            await self._tell("/-/faults", {"kind": kind, "status": self._dice.choice((429, 500, 503))})
            self._spoiled = True

    async def mend_the_start(self) -> None:
        """End that."""
        if self._spoiled:
            await asyncio.sleep(self._dice.uniform(10, 20))
            await self.calm()

    async def calm(self) -> None:
        """Everything works again."""
        async with self._one_hand:
            try:
                await self._stage.hand.delete("/-/faults")
            except httpx2.TransportError:
                return
            await self._tell("/-/ws", {"action": "resume"})

    async def settle(self) -> None:
        """The end of it: the broker is there and everything works."""
        if self._stage.broker.process.poll() is not None:  # the rage ended while it was away
            self._truth.began_anew(self._truth.now)
            await self._stage.restart_broker()
        await self.calm()

    async def _trouble(self) -> None:
        for _ in range(self._dice.choice((1, 3, 5, 8, 12))):
            if self._dice.random() < 0.25:
                action = self._dice.choice(("drop", "drop", "stall", "silence", "error"))
                self._notes.struck(f"socket {action}")
                await self._tell("/-/ws", {"action": action})
            else:
                fault = self._fault()
                self._notes.struck(fault["kind"])
                await self._tell("/-/faults", fault)
            await asyncio.sleep(self._dice.uniform(0, 1))
        await asyncio.sleep(self._dice.choice((0, 1, 3, 8, 12, 26)) * self._dice.uniform(0.7, 1))

    async def _hush(self) -> None:
        """A feed that says nothing for longer than it may be believed, at times while nobody else answers either."""
        action = self._dice.choice(("stall", "silence"))
        self._notes.struck(f"hushed by {action}")
        if self._dice.random() < 0.4:
            await self._tell("/-/faults", {"kind": "status", "path": self._dice.choice(("/market-data/*", "*"))})
        await self._tell("/-/ws", {"action": action})
        await self._tell("/-/faults", {"kind": action, "path": STREAM})  # those that come after it too
        await asyncio.sleep(OLDEST + self._dice.uniform(5, 15))

    async def _kill(self) -> None:
        self._notes.struck("killed")
        async with self._one_hand:
            before = self._truth.now
            self._stage.kill_broker()
            self._truth.began_anew(before)
            await asyncio.sleep(self._dice.choice((0.1, 3, 15)))
            await self._stage.restart_broker()

    async def _freeze(self) -> None:
        """Its lines stay open, and nothing comes of them."""
        self._notes.struck("frozen")
        async with self._one_hand:
            self._stage.broker.process.send_signal(signal.SIGSTOP)
            try:
                await asyncio.sleep(self._dice.choice((2, 8, 14)))
            finally:
                self._stage.broker.process.send_signal(signal.SIGCONT)

    async def _tell(self, path: str, what: Fault) -> bool:
        try:
            answer = await self._stage.hand.post(path, json=what)
        except httpx2.TransportError:
            return False
        assert answer.status_code == 200, (path, what, answer.text)
        return True

    def _fault(self) -> Fault:
        dice = self._dice
        kind = dice.choice(list(_KINDS))
        return {"kind": kind, "count": dice.choice((1, 2, 3, 6, None, None)), **_KINDS[kind](dice)}


def _answer(dice: Random) -> Fault:
    return {"path": dice.choice(PATHS), "status": dice.choice((429, 500, 502, 503))}


def _delay(dice: Random) -> Fault:
    return {"path": dice.choice(PATHS), "seconds": round(dice.choice((0.5, 3, 9, 14)) * dice.uniform(0.5, 1), 2)}


def _drop(dice: Random) -> Fault:
    return {"path": dice.choice(PATHS), "after": dice.choice((0, 1, 5, 40))}


def _nan(dice: Random) -> Fault:
    if dice.random() < 0.5:
        field = dice.choice(("bidPrice", "askPrice", "price", "dayVolume", "close", "high", "prevDayClosePrice"))
        return {"path": STREAM, "field": field, "symbols": dice.sample(KNOWN, dice.choice((0, 1, 4)))}
    field = dice.choice(("last", "bid", "ask", "mark", "prev-close", "volume", "implied-volatility-index"))
    return {"path": "/market-*", "field": field, "symbols": dice.sample(KNOWN, dice.choice((0, 1, 4)))}


def _missing(dice: Random) -> Fault:
    if dice.random() < 0.5:  # the feed keeps quiet about these: their last price stands, with its time
        return {"path": STREAM, "symbols": dice.sample(OTHERS, 3)}
    field = dice.choice(("symbol", "last", "updated-at", "bid", None))
    symbols = dice.sample(OTHERS if field is None else KNOWN, 3)
    return {"path": "/market-*", "field": field, "symbols": symbols}


_KINDS: dict[str, Callable[[Random], Fault]] = {
    "status": _answer,
    "html": _answer,
    "garbage": lambda dice: {"path": dice.choice(PATHS)},
    "delay": _delay,
    "drop": _drop,
    "stall": lambda dice: {"path": dice.choice(PATHS)},
    "silence": lambda _: {"path": STREAM},
    "expire": lambda dice: {"path": dice.choice(("*", "/market-data/*"))},
    "nan": _nan,
    "missing": _missing,
    "error": lambda _: {"path": STREAM},
    "poison": lambda dice: {"path": STREAM, "symbols": [dice.choice(POISON)]},
}
