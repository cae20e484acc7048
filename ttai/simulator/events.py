"""The event types of the stream and how a snapshot fills them."""

from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

from ttai.simulator.world import Snapshot

_EPOCH_DAY = 719_163  # days are numbered from 1970-01-01 on the wire

Row = tuple[Any, ...]

UNKNOWN = "NaN"  # as the wire writes it


class Event(NamedTuple):
    """An event type: its fields in the feed's order, and how a snapshot fills them."""

    fields: tuple[str, ...]
    row: Callable[[Snapshot], Row | None]


def day_number(day: date) -> int:
    """A date as the wire numbers it."""
    return day.toordinal() - _EPOCH_DAY


def _quote(now: Snapshot) -> Row | None:
    if now.bid is None:
        return None
    return (now.symbol, 0, 0, 0, 0, "Q", now.bid, now.bid_size, 0, "Q", now.ask, now.ask_size)


def _trade(now: Snapshot) -> Row:
    moment = int(now.time * 1000)
    tick, change = ("ZERO_UP" if now.up else "ZERO_DOWN"), round(now.last - now.close_before, 2)
    day, turnover = day_number(now.day), round(now.volume * (now.open + now.last) / 2)
    head = (now.symbol, 0, moment, 0, now.sequence, "Q", now.last, change, now.size, day)
    return (*head, now.volume, turnover, tick, False)


def _summary(now: Snapshot) -> Row:
    day, before = day_number(now.day), day_number(now.day_before)
    close = now.last if now.closed else UNKNOWN
    kind = "REGULAR" if now.closed else "INDICATIVE"
    head = (now.symbol, 0, day, now.open, now.high, now.low, close, kind)
    return (*head, before, now.close_before, "REGULAR", now.volume_before, 0)


EVENTS = {
    "Quote": Event(
        (
            "eventSymbol",
            "eventTime",
            "sequence",
            "timeNanoPart",
            "bidTime",
            "bidExchangeCode",
            "bidPrice",
            "bidSize",
            "askTime",
            "askExchangeCode",
            "askPrice",
            "askSize",
        ),
        _quote,
    ),
    "Trade": Event(
        (
            "eventSymbol",
            "eventTime",
            "time",
            "timeNanoPart",
            "sequence",
            "exchangeCode",
            "price",
            "change",
            "size",
            "dayId",
            "dayVolume",
            "dayTurnover",
            "tickDirection",
            "extendedTradingHours",
        ),
        _trade,
    ),
    "Summary": Event(
        (
            "eventSymbol",
            "eventTime",
            "dayId",
            "dayOpenPrice",
            "dayHighPrice",
            "dayLowPrice",
            "dayClosePrice",
            "dayClosePriceType",
            "prevDayId",
            "prevDayClosePrice",
            "prevDayClosePriceType",
            "prevDayVolume",
            "openInterest",
        ),
        _summary,
    ),
}

# the fields of every type, those too which a snapshot can't fill: an option's greeks, and candles
FIELDS = {name: event.fields for name, event in EVENTS.items()} | {
    "Greeks": (
        "eventSymbol",
        "eventTime",
        "eventFlags",
        "index",
        "time",
        "sequence",
        "price",
        "volatility",
        "delta",
        "gamma",
        "theta",
        "rho",
        "vega",
    ),
    "Candle": (
        "eventSymbol",
        "eventTime",
        "eventFlags",
        "index",
        "time",
        "sequence",
        "count",
        "volume",
        "vwap",
        "bidVolume",
        "askVolume",
        "impVolatility",
        "openInterest",
        "open",
        "high",
        "low",
        "close",
    ),
}
