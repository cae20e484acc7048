"""What the market is made of: events of the stream, rows of REST, the quote made from both.

Prices are `float | None`; None is unknown, never 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from ttai.errors import TtaiError


class QuoteEvent(NamedTuple):
    """Best bid and ask."""

    symbol: str
    bid: float | None
    ask: float | None
    bid_size: float | None
    ask_size: float | None


class TradeEvent(NamedTuple):
    """The last trade, and the day's volume up to it."""

    symbol: str
    price: float | None
    size: float | None
    day_volume: float | None


class SummaryEvent(NamedTuple):
    """The day's prices so far and the close before."""

    symbol: str
    open: float | None
    high: float | None
    low: float | None
    prev_close: float | None


Event = QuoteEvent | TradeEvent | SummaryEvent
Kind = type[QuoteEvent] | type[TradeEvent] | type[SummaryEvent]
KINDS: tuple[Kind, ...] = (QuoteEvent, TradeEvent, SummaryEvent)
Source = Literal["stream", "rest", "cache", "model", "simulator"]


@dataclass(frozen=True, slots=True)
class Row:
    """What REST knows of one symbol."""

    symbol: str
    last: float | None = None
    bid: float | None = None
    ask: float | None = None
    mark: float | None = None
    open: float | None = None
    high: float | None = None
    low: float | None = None
    prev_close: float | None = None
    volume: float | None = None
    as_of: datetime | None = None
    source: Source = "rest"


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows REST gave, and why some symbols could not be asked for or read; the unknown are in neither."""

    rows: Mapping[str, Row]
    failed: Mapping[str, TtaiError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """One symbol's prices with where and when they come from; `notes` say why something is None."""

    symbol: str
    last: float | None
    bid: float | None
    ask: float | None
    mid: float | None
    mark: float | None
    open: float | None
    high: float | None
    low: float | None
    prev_close: float | None
    volume: float | None
    change: float | None
    change_percent: float | None
    as_of: datetime
    source: Source
    session: str
    stale: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """A symbol that could not be answered, and why."""

    symbol: str
    reason: str


@dataclass(frozen=True, slots=True)
class Quotes:
    """Answers for many symbols, in the order asked."""

    quotes: tuple[Quote, ...]
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class Instrument:
    """A symbol and what it is."""

    symbol: str
    description: str
