"""What an account holds, and what it is worth by the broker's books; money is Decimal, None is unknown."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

HoldingKind = Literal["equity", "option", "future", "future_option", "crypto", "other"]
EventKind = Literal["position", "balance", "order", "connected", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One line of an account's book.

    `symbol` is in the project's spelling, or as the broker writes what is no symbol to us (`kind` "other", whose
    `instrument_type` is the broker's word); `quantity` contracts or shares, below 0 short, fractional where shares
    are. Prices are dollars a share: `average_open_price` what it was opened at, `close_price` the last close before
    today, `day_open_price` what the day's P/L counts from (that close, or the opening price of what was opened
    today), `mark_price` the broker's own mark. `realized_day_gain` is dollars made on the part closed on the day of
    `realized_on`, which the broker does not say to be today.
    """

    account: str
    symbol: str
    underlying: str
    kind: HoldingKind
    instrument_type: str
    quantity: Decimal
    multiplier: Decimal
    average_open_price: Decimal | None = None
    close_price: Decimal | None = None
    day_open_price: Decimal | None = None
    mark_price: Decimal | None = None
    realized_day_gain: Decimal | None = None
    realized_on: date | None = None
    opened_at: datetime | None = None
    updated_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """An account's money in dollars, as the broker reckons it.

    `…_call` are margin calls that are due; `used_derivative_buying_power` is what positions in options tie up.
    """

    account: str
    net_liquidating_value: Decimal | None = None
    cash_balance: Decimal | None = None
    pending_cash: Decimal | None = None
    equity_buying_power: Decimal | None = None
    derivative_buying_power: Decimal | None = None
    day_trading_buying_power: Decimal | None = None
    used_derivative_buying_power: Decimal | None = None
    maintenance_requirement: Decimal | None = None
    maintenance_excess: Decimal | None = None
    reg_t_margin_requirement: Decimal | None = None
    margin_equity: Decimal | None = None
    long_equity_value: Decimal | None = None
    short_equity_value: Decimal | None = None
    long_derivative_value: Decimal | None = None
    short_derivative_value: Decimal | None = None
    cash_available_to_withdraw: Decimal | None = None
    maintenance_call: Decimal | None = None
    reg_t_call: Decimal | None = None
    day_trading_call: Decimal | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """What the broker told of an account unasked; "connected" (of no account): events may have been missed."""

    kind: EventKind
    account: str = ""
