"""The answers about quotes, the session and symbols."""

from datetime import datetime

from ttai import Answer, Count, MarketAnswer, Percent, Price, Quote


class QuoteAnswer(MarketAnswer):
    """One symbol's prices in dollars (index points for an index); `change` is against `prev_close`."""

    symbol: str
    last: Price | None
    bid: Price | None
    ask: Price | None
    mid: Price | None
    mark: Price | None
    open: Price | None
    high: Price | None
    low: Price | None
    prev_close: Price | None
    volume: Count | None
    change: Price | None
    change_percent: Percent | None

    @classmethod
    def of(cls, quote: Quote) -> "QuoteAnswer":
        """The market's quote as an answer."""
        return cls.model_validate(quote, from_attributes=True)


class Missing(Answer):
    """A symbol without an answer."""

    symbol: str
    reason: str


class QuoteTable(Answer):
    """Quotes in the order asked, and what could not be had."""

    quotes: list[QuoteAnswer]
    missing: list[Missing]


class Match(Answer):
    """A symbol and what it is."""

    symbol: str
    description: str


class Matches(Answer):
    """What the search found, and whose symbols they are."""

    source: str
    matches: list[Match]


class MarketSession(Answer):
    """Whether options and shares trade now."""

    session: str
    tradable: bool
    why: str
    now: datetime
    opens_at: datetime | None
    closes_at: datetime | None
    next_open: datetime | None
