"""A quote made of what the stream or REST said: derived where it can be, null with a reason where not."""

from collections.abc import Mapping
from datetime import datetime

from ttai.market.types import Event, Kind, Quote, QuoteEvent, Row, Source, SummaryEvent, TradeEvent
from ttai.quant import symbols as spelling


def from_line(
    symbol: str,
    events: Mapping[Kind, Event],
    *,
    as_of: datetime,
    source: Source,
    session: str,
    stale: bool,
) -> Quote:
    """A quote of the stream's last values; its mark is ours: REST's would be of another moment."""
    quote, trade, summary = events.get(QuoteEvent), events.get(TradeEvent), events.get(SummaryEvent)
    row = Row(
        symbol,
        last=getattr(trade, "price", None),
        bid=getattr(quote, "bid", None),
        ask=getattr(quote, "ask", None),
        open=getattr(summary, "open", None),
        high=getattr(summary, "high", None),
        low=getattr(summary, "low", None),
        prev_close=getattr(summary, "prev_close", None),
        # The feed says 0 of an index: nobody trades one.
        volume=None if spelling.kind(symbol) == "index" else getattr(trade, "day_volume", None),
        source=source,
    )
    return _quote(row, session, as_of, stale=stale)


def from_row(row: Row, session: str, now: datetime) -> Quote:
    """A quote of REST's row."""
    return _quote(row, session, row.as_of or now, stale=False)


def _quote(row: Row, session: str, as_of: datetime, *, stale: bool) -> Quote:
    mid = (row.bid + row.ask) / 2 if row.bid and row.ask and row.ask >= row.bid else None
    change = row.last - row.prev_close if row.last is not None and row.prev_close is not None else None
    return Quote(
        symbol=row.symbol,
        last=row.last,
        bid=row.bid,
        ask=row.ask,
        mid=mid,
        mark=next((price for price in (row.mark, mid, row.last) if price is not None), None),
        open=row.open,
        high=row.high,
        low=row.low,
        prev_close=row.prev_close,
        volume=row.volume,
        change=change,
        change_percent=change / row.prev_close * 100 if change is not None and row.prev_close else None,
        as_of=as_of,
        source=row.source,
        session=session,
        stale=stale,
        notes=tuple(_reasons(row, mid)),
    )


def _reasons(row: Row, mid: float | None) -> list[str]:
    """Why something is null."""
    reasons = []
    if row.bid is None or row.ask is None:
        index = spelling.kind(row.symbol) == "index"
        why = "an index has no bid and ask" if index else "no two-sided market now"
        reasons.append(f"{row.symbol}: bid, ask or mid is null: {why}")
    elif mid is None:
        reasons.append(f"{row.symbol}: mid is null: the bid is 0 or above the ask")
    unknown = [n for n in ("last", "open", "high", "low", "prev_close", "volume") if getattr(row, n) is None]
    if unknown:
        reasons.append(f"{row.symbol}: {', '.join(unknown)} null: TastyTrade gave no value")
    return reasons
