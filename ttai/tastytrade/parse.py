"""From the wire's words to ours, one row at a time: what can't be read costs that row, or that field."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, DecimalException
from typing import Any

from ttai.broker.types import Account, Effect
from ttai.market.types import (
    UNREADABLE,
    CandleEvent,
    Event,
    GreeksEvent,
    Instrument,
    Kind,
    QuoteEvent,
    Row,
    Source,
    SummaryEvent,
    TradeEvent,
)
from ttai.quant import symbols as spelling

# The fields asked of the feed, in the order of our events; `FEED_SETUP` names them, `FEED_DATA` follows it.
FIELDS: dict[str, tuple[Kind, tuple[str, ...]]] = {
    "Quote": (QuoteEvent, ("eventSymbol", "bidPrice", "askPrice")),
    "Trade": (TradeEvent, ("eventSymbol", "price", "dayVolume")),
    "Summary": (
        SummaryEvent,
        ("eventSymbol", "dayOpenPrice", "dayHighPrice", "dayLowPrice", "prevDayClosePrice", "openInterest"),
    ),
    "Greeks": (GreeksEvent, ("eventSymbol", "volatility", "delta", "gamma", "theta", "vega", "rho")),
    "Candle": (CandleEvent, ("eventSymbol", "eventFlags", "time", "open", "high", "low", "close", "volume")),
}
_TYPES = {
    "equity": "Equity",
    "index": "Index",
    "option": "Equity Option",
    "future": "Future",
    "future_option": "Future Option",
    "crypto": "Cryptocurrency",
}
_EFFECTS: dict[str, Effect] = {"Debit": "debit", "Credit": "credit"}
_DIGITS = 24  # of an amount, and before or behind its point
_END = 4_102_444_800_000  # ms: the year 2100; a bar beyond what a date can say would spoil all others of its series


def number(value: Any) -> float | None:
    """A finite float, or None for what is missing, NaN, infinite or no number."""
    if value is None or isinstance(value, bool):
        return None
    try:
        result = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def amount(value: Any) -> Decimal | None:
    """An exact number, or None for what is missing, NaN, infinite, beyond all money, or no number."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        written = str(value)
        result = Decimal(written if len(written) <= _DIGITS else "NaN")
    except (DecimalException, ValueError):  # the latter of an int with thousands of digits
        return None
    return result if result.is_finite() and abs(result.adjusted()) <= _DIGITS else None


def effect(item: Mapping[str, Any], name: str) -> Effect | None:
    """Whether a price is paid or taken; None where the wire says neither."""
    return _EFFECTS.get(str(item.get(f"{name}-effect")))


def signed(item: Mapping[str, Any], name: str, *, bare: bool = False) -> Decimal | None:
    """An amount with the sign its effect gives it, below 0 paid; None where the effect of what is not 0 is missing.

    A `bare` one has its own sign where the wire has no effect of it.
    """
    value = amount(item.get(name))
    if value is None or (bare and f"{name}-effect" not in item):
        return value
    way = effect(item, name)
    if way is None:  # nobody knows which way it goes
        return None if value else value
    return -abs(value) if way == "debit" else abs(value)


def moment(value: Any) -> datetime | None:
    """An aware datetime of ISO 8601, or None."""
    if not isinstance(value, str):
        return None
    try:
        result = datetime.fromisoformat(value)
    except ValueError:
        return None
    return result if result.tzinfo else None


def day(value: Any) -> date | None:
    """A day of ISO 8601, or None."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def market_row(item: Any, source: Source) -> Row | None:
    """One row of /market-data/by-type; None where not even its symbol can be read."""
    name = symbol(item)
    if name is None:
        return None
    high, low = (
        next((p for name in names if (p := number(item.get(name))) is not None), None)
        for names in (("day-high-price", "day-high"), ("day-low-price", "day-low"))
    )
    return Row(
        symbol=name,
        last=number(item.get("last")),
        bid=number(item.get("bid")),
        ask=number(item.get("ask")),
        mark=number(item.get("mark")),
        open=number(item.get("open")),
        high=high,
        low=low,
        prev_close=number(item.get("prev-close")),
        volume=number(item.get("volume")),
        open_interest=number(item.get("open-interest")),
        as_of=moment(item.get("updated-at")),
        source=source,
        index=name in spelling.INDICES or is_index(item),
    )


def is_index(item: Any) -> bool:
    """Whether a row of /market-data/by-type is an index's."""
    return isinstance(item, Mapping) and item.get("instrument-type") == "Index"


def symbol(item: Any) -> str | None:
    """A row's symbol in our spelling, or None."""
    if not isinstance(item, Mapping) or not isinstance(item.get("symbol"), str):
        return None
    try:
        return spelling.normalize(item["symbol"])
    except ValueError:
        return None


def instrument_type(name: str) -> str:
    """The broker's name for what a symbol stands for; ValueError for what is no symbol."""
    return _TYPES[spelling.kind(name)]


def instrument(item: Any) -> Instrument | None:
    """One row of a symbol search."""
    if not isinstance(item, Mapping) or not isinstance(item.get("symbol"), str):
        return None
    return Instrument(item["symbol"], " ".join(str(item.get("description") or "").split()))


def account(item: Any) -> Account | None:
    """One row of /customers/me/accounts; None where it has no number."""
    row = item.get("account") if isinstance(item, Mapping) else None
    if not isinstance(row, Mapping) or not isinstance(row.get("account-number"), str):
        return None
    return Account(
        number=row["account-number"],
        nickname=str(row.get("nickname") or ""),
        type=str(row.get("account-type-name") or "unknown"),
        margin=row.get("margin-or-cash") == "Margin",
        closed=bool(row.get("is-closed")),
    )


def feed_events(name: str, data: Sequence[Any]) -> list[Event]:
    """The events of one FEED_DATA message: flat values of our own field order, or dicts."""
    kind: Callable[..., Any] = FIELDS[name][0]
    return [kind(row[0], *map(_price, row[1:])) for row in _feed_rows(name, data) if isinstance(row[0], str)]


def candle_events(data: Sequence[Any]) -> list[CandleEvent]:
    """The candles of one FEED_DATA message; one whose time can't be read stands at UNREADABLE."""
    events = []
    for symbol, *values in _feed_rows("Candle", data):
        if isinstance(symbol, str):
            flags, time, *prices = map(_price, values)
            moment = int(time) if time is not None and 0 <= time < _END else UNREADABLE
            events.append(CandleEvent(spelling.plain_candle(symbol), int(flags or 0), moment, *prices))
    return events


def _feed_rows(name: str, data: Sequence[Any]) -> list[list[Any]]:
    fields = FIELDS[name][1]
    width = len(fields)
    if data and isinstance(data[0], Mapping):
        return [[item.get(field) for field in fields] for item in data if isinstance(item, Mapping)]
    return [list(data[start : start + width]) for start in range(0, len(data) - width + 1, width)]


def _price(value: Any) -> float | None:
    if type(value) is float and math.isfinite(value):  # nearly all of them: the short way
        return value
    return number(value)
