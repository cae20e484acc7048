"""The answer about what is coming."""

from datetime import date

from ttai import Answer, Count, MarketAnswer, Money, Percent, Price
from ttai_quotes.models.quotes import Missing


class Event(Answer):
    """Something on a date, `days` from today: earnings, ex_dividend, expiration; holiday, early_close of the market.

    Earnings: `when` (before_open, after_close, unknown), `status` (confirmed, estimated), `expected_move` in dollars
    and as a percentage of the price. Dividends: `amount` in dollars a share, `dividend_yield` a year. Expirations:
    `detail` monthly or weekly, their implied volatility.
    """

    date: date
    days: Count
    symbol: str | None = None
    kind: str
    detail: str | None = None
    when: str | None = None
    status: str | None = None
    amount: Price | None = None
    dividend_yield: Percent | None = None
    expected_move: Money | None = None
    expected_move_percent: Percent | None = None
    iv: Percent | None = None


class Events(MarketAnswer):
    """What is coming, the next first, and the symbols nothing is known of."""

    events: list[Event]
    missing: list[Missing]
