"""The event types of the stream and how a snapshot fills them."""

from collections.abc import Callable
from typing import Any, NamedTuple

from ttai.simulator.boards import Board
from ttai.simulator.options import SHARES
from ttai.simulator.world import Snapshot

_EPOCH_DAY = 719_163  # days are numbered from 1970-01-01 on the wire

Row = tuple[Any, ...]

UNKNOWN = "NaN"  # as the wire writes it


class Event(NamedTuple):
    """An event type: its fields in the feed's order, and how a snapshot fills them."""

    fields: tuple[str, ...]
    row: Callable[[Snapshot], Row | None]


def indexed(moment: int) -> int:
    """The number among its like of what was at a moment, in milliseconds: dxFeed's seconds and milliseconds."""
    return moment // 1000 << 32 | moment % 1000 << 22


def _quote(now: Snapshot) -> Row | None:
    if now.bid is None:
        return None
    return (now.symbol, 0, 0, 0, 0, "Q", now.bid, now.bid_size, 0, "Q", now.ask, now.ask_size)


def _trade(now: Snapshot) -> Row:
    moment = int(now.time * 1000)
    tick, change = ("ZERO_UP" if now.up else "ZERO_DOWN"), round(now.last - now.close_before, 2)
    day, turnover = now.day.toordinal() - _EPOCH_DAY, round(now.volume * (now.open + now.last) / 2)
    head = (now.symbol, 0, moment, 0, now.sequence, "Q", now.last, change, now.size, day)
    return (*head, now.volume, turnover, tick, False)


def _summary(now: Snapshot) -> Row:
    day, before = now.day.toordinal() - _EPOCH_DAY, now.day_before.toordinal() - _EPOCH_DAY
    close = now.last if now.closed else UNKNOWN
    kind = "REGULAR" if now.closed else "INDICATIVE"
    head = (now.symbol, 0, day, now.open, now.high, now.low, close, kind)
    return (*head, before, now.close_before, "REGULAR", now.volume_before, 0)


def _option_quote(now: Board, place: int) -> Row:
    symbol, (bids, asks) = now.series.streamer[place], now.sizes
    return (symbol, 0, 0, 0, 0, "X", now.bid[place], bids[place], 0, "X", now.ask[place], asks[place])


def _option_trade(now: Board, place: int) -> Row | None:
    if (last := now.last[place]) is None:
        return None
    moment, day = now.last_time(place), now.sheet.day.toordinal() - _EPOCH_DAY
    volume, change = now.traded[place], round(last - now.sheet.prev_close[place], 2)
    head = (now.series.streamer[place], 0, int(moment * 1000), 0, int(moment), "X", last, change, 1, day)
    tick = "ZERO_UP" if change >= 0 else "ZERO_DOWN"
    return (*head, volume, round(volume * last * SHARES), tick, False)


def _option_summary(now: Board, place: int) -> Row:
    day, before = (day.toordinal() - _EPOCH_DAY for day in (now.sheet.day, now.sheet.day_before))
    head = (now.series.streamer[place], 0, day, *[UNKNOWN] * 4, "INDICATIVE")
    return (*head, before, now.sheet.prev_close[place], "REGULAR", UNKNOWN, now.held[place])


def _greeks(now: Board, place: int) -> Row:
    moment = int(now.time * 1000)
    head = (now.series.streamer[place], 0, 0, indexed(moment), moment, 0, now.value[place], now.volatility[place])
    return (*head, *[numbers[place] for numbers in now.greeks])


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

OPTION_ROWS: dict[str, Callable[[Board, int], Row | None]] = {
    "Quote": _option_quote,
    "Trade": _option_trade,
    "Summary": _option_summary,
    "Greeks": _greeks,
}
"""How the contract in a place of a board fills an event type."""

# the fields of every type, those too that a snapshot can't fill
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
