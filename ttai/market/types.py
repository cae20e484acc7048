"""What the market is made of: events of the stream, rows of REST, the quote made from both.

Prices are `float | None`; None is unknown, never 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Generic, Literal, NamedTuple, TypeVar

from ttai.errors import TtaiError
from ttai.quant.bars import Bars
from ttai.quant.intervals import INTERVALS

if TYPE_CHECKING:
    import polars as pl


class QuoteEvent(NamedTuple):
    """Best bid and ask."""

    symbol: str
    bid: float | None
    ask: float | None


class TradeEvent(NamedTuple):
    """The last trade, and the day's volume up to it."""

    symbol: str
    price: float | None
    day_volume: float | None


class SummaryEvent(NamedTuple):
    """The day's prices so far, the close before, and of an option how many contracts are open."""

    symbol: str
    open: float | None
    high: float | None
    low: float | None
    prev_close: float | None
    open_interest: float | None = None


class GreeksEvent(NamedTuple):
    """An option's volatility (a fraction) and greeks a share: theta a day, vega a volatility point, rho 1 % of rate."""

    symbol: str
    volatility: float | None
    delta: float | None
    gamma: float | None
    theta: float | None
    vega: float | None
    rho: float | None


class CandleEvent(NamedTuple):
    """One bar of a candle symbol, which begins at `time` (ms since the epoch); `flags` are dxFeed's event flags.

    A bar whose time can't be read begins at UNREADABLE.
    """

    symbol: str
    flags: int
    time: int
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None


UNREADABLE = -1
Event = QuoteEvent | TradeEvent | SummaryEvent | GreeksEvent
Kind = type[QuoteEvent] | type[TradeEvent] | type[SummaryEvent] | type[GreeksEvent] | type[CandleEvent]
KINDS: tuple[Kind, ...] = (QuoteEvent, TradeEvent, SummaryEvent)  # those that make a quote
OPTION_KINDS: tuple[Kind, ...] = (*KINDS, GreeksEvent)  # those of an option: all that have a last value
Source = Literal["stream", "rest", "cache", "model", "simulator"]
T = TypeVar("T")


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
    open_interest: float | None = None
    as_of: datetime | None = None
    source: Source = "rest"
    index: bool = False


@dataclass(frozen=True, slots=True)
class Rows(Generic[T]):
    """The rows REST gave, and why some symbols could not be asked for or read; the unknown are in neither."""

    rows: Mapping[str, T]
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
    as_of: datetime | None
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


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The bars of a symbol, oldest first, the last of them still growing while the market is open.

    `frame` has the columns `time open high low close volume`: the moment a bar begins (UTC; a day's and a week's is
    midnight UTC of its date), prices in dollars or index points, shares; null is unknown.
    """

    symbol: str
    interval: str
    extended: bool
    frame: "pl.DataFrame"
    as_of: datetime
    source: Source
    session: str
    stale: bool
    notes: tuple[str, ...] = ()

    @property
    def bars(self) -> Bars:
        """The same as columns of numbers."""
        return Bars.of(self.frame, INTERVALS[self.interval])
