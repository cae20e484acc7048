"""Candles as the stream tells them: the symbols they go by, a snapshot, and a last bar that lives."""

import re
from collections.abc import Iterator
from datetime import date
from itertools import islice, takewhile
from typing import NamedTuple, Self

from ttai.simulator.bars import Bar, daily, intraday
from ttai.simulator.events import UNKNOWN, Row, indexed
from ttai.simulator.world import Listing, World

REMOVE, BEGIN, END, SNIP = 2, 4, 8, 16  # flags of an event, numbered as dxFeed's IndexedEvent
MOST_BARS = 8000  # in a snapshot
_SECONDS = {"m": 60, "h": 3600}
_DAY = 86_400
_SHARES_A_TRADE = 120


class CandleSymbol(NamedTuple):
    """What candles are asked of: `SPY{=5m,tho=true}` are SPY's of 5 minutes in regular trading hours only."""

    underlying: str
    length: int
    unit: str  # m, h, d, w or mo
    regular: bool

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a symbol, its attributes in any order; None where there are no such candles here."""
        match = re.fullmatch(r"([^{}]+)\{([^{}]+)\}", text)
        if match is None:
            return None
        attributes = dict(part.partition("=")[::2] for part in match[2].split(","))
        period = re.fullmatch(r"(\d{0,4})(mo|[mhdw])", attributes.pop("", ""))
        regular = attributes.pop("tho", "false")
        if period is None or attributes or regular not in ("true", "false"):
            return None
        length, unit = int(period[1] or 1), period[2]
        most = _DAY // _SECONDS[unit] if unit in _SECONDS else 1
        return cls(match[1], length, unit, regular == "true") if 1 <= length <= most else None

    def __str__(self) -> str:
        """As the feed writes it."""
        length, regular = (self.length if self.length > 1 else ""), (",tho=true" if self.regular else "")
        return f"{self.underlying}{{={length}{self.unit}{regular}}}"


class Series:
    """One client's candles of one symbol: a snapshot first, then what changes."""

    def __init__(self, symbol: CandleSymbol, since: int) -> None:
        self.symbol = symbol
        self._since, self._begins = since, since / 1000  # in milliseconds and seconds since the epoch
        self._day: date | None = None
        self._last: Bar | None = None

    def rows(self, world: World, at: float, most: int) -> Iterator[Row]:
        """What is to be told at a moment, made while it is read: a snapshot is long."""
        listing = world.listing(self.symbol.underlying)
        if listing is None:
            return
        today = world.span(at).day
        # a market that never closes keeps the regular hours alone of a day that is over: all is told anew
        fresh = self._day is None or (world.sessions == "always" and self._day != today)
        self._day = today
        if fresh:
            yield from self._snapshot(listing, self._bars(world, listing, at, self._begins), most)
        else:
            since = self._begins if self._last is None else self._last.time
            yield from self._changes(listing, list(islice(self._bars(world, listing, at, since), most)))

    def _bars(self, world: World, listing: Listing, at: float, since: float) -> Iterator[Bar]:
        _, length, unit, regular = self.symbol
        span = world.span(at)
        if unit in _SECONDS:
            bars = intraday(listing, span, at, step=length * _SECONDS[unit], extended=not regular, since=since)
        else:
            bars = daily(listing, span, at, unit)
        return takewhile(lambda bar: bar.time >= since, bars)

    def _snapshot(self, listing: Listing, bars: Iterator[Bar], most: int) -> Iterator[Row]:
        flags = BEGIN
        bar = self._last = next(bars, None)
        told = 0
        while bar is not None:
            older, told = next(bars, None), told + 1
            if older is not None and told == most:
                yield self._row(listing, bar, flags | SNIP)
                return
            yield self._row(listing, bar, flags)
            bar, flags = older, 0
        head = (str(self.symbol), 0, flags | END | REMOVE, indexed(self._since), self._since, 0, 0)
        yield (*head, *(UNKNOWN,) * 10)

    def _changes(self, listing: Listing, bars: list[Bar]) -> Iterator[Row]:
        told = self._last
        if bars:
            self._last = bars[0]
        return (self._row(listing, bar, 0) for bar in reversed(bars) if bar != told)

    def _row(self, listing: Listing, bar: Bar, flags: int) -> Row:
        moment = round(bar.time * 1000)
        traded: Row = (0, UNKNOWN, UNKNOWN)
        if listing.instrument.kind != "Index":
            typical = round((bar.open + bar.high + bar.low + bar.close) / 4, 4)
            traded = (1 + bar.volume // _SHARES_A_TRADE, bar.volume, typical)
        head = (str(self.symbol), 0, flags, indexed(moment), moment, 0)
        return (*head, *traded, *(UNKNOWN,) * 4, bar.open, bar.high, bar.low, bar.close)
