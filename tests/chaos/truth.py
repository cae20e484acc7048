"""What the market really was: prices that were set, when, and which answers may still carry them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from time import time
from typing import Any

from tests.chaos.notes import Notes
from ttai.answers import rows

LEADERS = ("SPY", "QQQ", "AAPL", "MSFT", "NVDA", "TSLA", "BRK/B", "XOM", "KO")
FOLLOWERS = {"SPX": "SPY", "NDX": "QQQ"}  # the simulator moves them point for point
STEP = 1.04  # between two levels: a price tells which one it belongs to
NEAR = 0.012  # relative: how far the simulated walk leaves a level before the next is set
STEPS = tuple(n for n in range(-8, 9) if n)  # 0 is where a market that starts again is
MEMORY = 9  # levels that are not used again so soon

# An unmarked answer may be as old as the longest way a superseded price has through an open market's server:
# a feed that fell silent is believed for 10 s (watchdog), and a row of REST that was made just before that for 5 s
# (cache). The rest is what a busy machine takes to send, read and answer.
WATCHDOG, CACHE, SLACK = 10.0, 5.0, 3.0
OLDEST = WATCHDOG + CACHE + SLACK
# `as_of` is told in whole seconds; a quote's bid and last arrive in two messages.
MOMENT = 3.0

PRICES = ("last", "bid", "ask", "mid", "mark", "close")


@dataclass
class Epoch:
    """A price and from when to when it was the market's, in seconds since the epoch of the run's clock."""

    level: float
    begins: float
    ends: float = float("inf")


class Truth:
    """The levels of every symbol that is watched; `shift` is how far the market's clock is from this process's."""

    def __init__(self, notes: Notes, dice: Random, shift: float) -> None:
        self._notes = notes
        self._dice = dice
        self._shift = shift
        self._base: dict[str, float] = {}
        self._epochs: dict[str, list[Epoch]] = {}
        self._used: dict[str, list[int]] = {}
        self.checked = 0
        self.fresh = 0

    @property
    def now(self) -> float:
        """The market's time."""
        return time() + self._shift

    def begin(self, prices: Mapping[str, float]) -> None:
        """The prices of a market that has just been started."""
        self._base = dict(prices)
        self._epochs = {symbol: [Epoch(price, 0.0)] for symbol, price in prices.items()}
        self._used = {symbol: [0] for symbol in prices}

    def next_level(self, symbol: str) -> float:
        """A price that none of the last ones can be taken for."""
        used = self._used[symbol]
        step = self._dice.choice([n for n in STEPS if n not in used[-MEMORY:]])
        used.append(step)
        return round(self._base[symbol] * STEP**step, 2)

    def was_set(self, symbol: str, level: float, before: float, after: float) -> None:
        """The hand has set a price, at some time between the two."""
        for other in (symbol, *(follower for follower, leader in FOLLOWERS.items() if leader == symbol)):
            self._epochs[other][-1].ends = after
            self._epochs[other].append(Epoch(self._base[other] * level / self._base[symbol], before))

    def began_anew(self, before: float) -> None:
        """The market was killed; what starts in its place knows no price that was set."""
        for symbol, epochs in self._epochs.items():
            epochs[-1].ends = before
            epochs.append(Epoch(self._base[symbol], before))

    def level(self, symbol: str) -> float:
        """What a symbol is worth now."""
        return self._epochs[symbol][-1].level

    def judge(self, who: str, tool: str, structure: Mapping[str, Any], asked: float, got: float) -> None:
        """Hold every price of an answer against what was true; both times are the market's."""
        for quote in _priced(tool, structure):
            symbol = quote.get("symbol")
            if symbol not in self._epochs:
                continue
            told = f"{who} {tool} {symbol}: " + ", ".join(f"{k}={quote.get(k)}" for k in ("as_of", "stale", "source"))
            if quote.get("stale") is None or quote.get("as_of") is None or quote.get("source") != "simulator":
                self._notes.find("provenance", f"{told}: where it is from, when, and whether it holds")
                continue
            self._judge(quote, told, asked, got)

    def doubt(self, who: str, asked: Iterable[str], sentences: Iterable[str]) -> None:
        """Hold what failed against what is: every symbol of ours exists, and the credentials are good."""
        for symbol, said in zip(asked, sentences, strict=True):
            code = said.partition(":")[0]
            if "refused the credentials" in said or (symbol in self._epochs and code in ("NOT_FOUND", "VALIDATION")):
                self._notes.find("untrue", f"{who}: {symbol}: {said}")

    def _judge(self, quote: Mapping[str, Any], told: str, asked: float, got: float) -> None:
        symbol, as_of = quote["symbol"], datetime.fromisoformat(quote["as_of"]).timestamp()
        prices = {name: quote[name] for name in PRICES if quote.get(name) is not None}
        self.checked += len(prices)
        self.fresh += 0 if quote["stale"] else len(prices)
        if as_of > got + MOMENT:
            self._notes.find("as_of", f"{told} is of a time to come")
        for name, price in prices.items():
            said = f"{told} {name}={price}; asked {self._ago(asked, got)}; {self._story(symbol, price, got)}"
            if not self._held(symbol, price, as_of - MOMENT, as_of + 1 + MOMENT):
                self._notes.find("as_of", f"{said}: not true at its as_of, {self._ago(as_of, got)}")
            if not quote["stale"] and not self._held(symbol, price, asked - OLDEST, got):
                self._notes.find("stale", f"{said}: superseded for more than {OLDEST:.0f} s and not marked")

    def is_right(self, tool: str, structure: Mapping[str, Any]) -> str:
        """Why an answer of a market in order is not right and fresh; empty where it is."""
        for quote in _priced(tool, structure):
            if quote.get("stale"):
                return f"stale {quote.get('symbol')}"
            for name in PRICES:
                price, level = quote.get(name), self.level(quote["symbol"])
                if price is not None and abs(price / level - 1) > NEAR:
                    return f"{quote['symbol']} {name} {price}, which is {level}"
        return ""

    def _held(self, symbol: str, price: float, since: float, until: float) -> bool:
        return any(
            abs(price / epoch.level - 1) <= NEAR and epoch.begins <= until and epoch.ends >= since
            for epoch in self._epochs[symbol]
        )

    def _story(self, symbol: str, price: float, now: float) -> str:
        """When that price was the market's, and what it is now."""
        times = [
            f"{now - epoch.begins:.1f} to {max(0.0, now - epoch.ends):.1f} s ago"
            for epoch in self._epochs[symbol]
            if abs(price / epoch.level - 1) <= NEAR
        ]
        return f"true {' and '.join(times) or 'never'}, now {self.level(symbol):.2f}"

    def _ago(self, then: float, now: float) -> str:
        return f"{now - then:.1f} s before its answer"


def _priced(tool: str, structure: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What an answer says of symbols and their present prices."""
    if tool in ("get_quote", "find_levels", "get_indicators", "render_chart"):
        yield structure
    elif tool == "get_quotes":
        yield from rows(structure, "quotes")
    elif tool == "get_price_history":
        yield {**structure, "close": structure["summary"].get("last")}
