"""What the broker works out of an underlying, in our units: volatilities, earnings, dividends, expirations.

Volatilities and yields are fractions a year (0.32), ranks and percentiles 0–100; None is unknown, never 0.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from ttai.market.types import Missing, Source

When = Literal["before_open", "after_close", "unknown"]


@dataclass(frozen=True, slots=True)
class Earnings:
    """The report the broker expects next, or the last one where it knows no next."""

    date: date
    when: When
    estimated: bool

    @property
    def same_day(self) -> Literal["before", "after"] | None:
        """Whether what expires on its day does so before it is known, or after; None where nobody knows."""
        if self.when == "unknown":
            return None
        return "before" if self.when == "after_close" else "after"


@dataclass(frozen=True, slots=True)
class Dividend:
    """What is paid: dollars a payment, the year's as a fraction of the price, the ex-dates known (past ones too)."""

    amount: float | None
    annual_yield: float | None
    ex_dates: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class ExpirationVolatility:
    """The implied volatility of the options that expire on a date."""

    date: date
    iv: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """One underlying's metrics; `liquidity` is the broker's rating of its options, 0 to 5, `market_cap` dollars.

    `iv_index` is the volatility the year's rank and percentile are about, `iv_change_5d` its change in the last five
    days, `iv_hv_diff` what `iv_30` is over `hv_30`. `expirations` are in order of date, each date once.
    """

    symbol: str
    as_of: datetime | None
    source: Source
    iv_index: float | None = None
    iv_change_5d: float | None = None
    iv_rank: float | None = None
    iv_percentile: float | None = None
    iv_30: float | None = None
    hv_30: float | None = None
    hv_60: float | None = None
    hv_90: float | None = None
    iv_hv_diff: float | None = None
    beta: float | None = None
    corr_spy: float | None = None
    liquidity: int | None = None
    market_cap: float | None = None
    earnings: Earnings | None = None
    dividend: Dividend | None = None
    expirations: tuple[ExpirationVolatility, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """Metrics for many symbols, in the order asked."""

    metrics: tuple[Metrics, ...]
    missing: tuple[Missing, ...]
