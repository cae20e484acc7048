"""A quote made of what the stream or REST said: derived where it can be, null with a reason where not."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from ttai.market.types import Event, Kind, Quote, QuoteEvent, Row, Source, SummaryEvent, TradeEvent


def from_line(
    symbol: str,
    events: Mapping[Kind, Event],
    *,
    index: bool,
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
        volume=getattr(trade, "day_volume", None),
        as_of=as_of,
        source=source,
        index=index,
    )
    return _quote(row, session, stale=stale)


def from_row(row: Row, session: str) -> Quote:
    """A quote of REST's row."""
    return _quote(row, session, stale=False)


def _quote(row: Row, session: str, *, stale: bool) -> Quote:
    if row.index:  # the feed says 0 of it: nobody trades one
        row = replace(row, volume=None)
    mid = (row.bid + row.ask) / 2 if row.bid is not None and row.ask and row.ask >= row.bid else None
    # Of a worthless option the last trade may be months old: between a bid and an ask that make no mid is nothing.
    last = row.last if row.bid is None or row.ask is None else None
    change = row.last - row.prev_close if row.last is not None and row.prev_close is not None else None
    return Quote(
        symbol=row.symbol,
        last=row.last,
        bid=row.bid,
        ask=row.ask,
        mid=mid,
        mark=next((price for price in (row.mark, mid, last) if price is not None), None),
        open=row.open,
        high=row.high,
        low=row.low,
        prev_close=row.prev_close,
        volume=row.volume,
        change=change,
        change_percent=change / row.prev_close * 100 if change is not None and row.prev_close else None,
        as_of=row.as_of,
        source=row.source,
        session=session,
        stale=stale,
        notes=tuple(_reasons(row, mid)),
    )


def _reasons(row: Row, mid: float | None) -> Iterator[str]:
    """Why something is null."""
    if row.bid is None or row.ask is None:
        why = "an index has no bid and ask" if row.index else "no two-sided market now"
        yield f"bid, ask or mid is null: {why}"
    elif mid is None:
        what = "mid is" if row.mark is not None else "mid and mark are"
        yield f"{what} null: the bid is above the ask, or nothing is asked"
    names = ("last", "open", "high", "low", "prev_close", "volume", "as_of")
    if unknown := [name for name in names if getattr(row, name) is None]:
        yield f"{', '.join(unknown)} null: no value was given"
