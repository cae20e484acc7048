"""The answer about volatility, liquidity and what else the broker works out of an underlying."""

from datetime import date, datetime, timedelta

from ttai import Answer, Count, Greek, MarketAnswer, Metrics, Percent
from ttai_quotes.models.quotes import Missing

OLD = timedelta(days=4)  # longer than a long weekend


class SymbolMetrics(MarketAnswer):
    """One underlying: volatilities and yields a year, rank and percentile of `iv_index` in its year, 0–100.

    `iv_change_5d` is in points of volatility, `liquidity` the broker's rating of the options, 0 to 5, `market_cap` in
    dollars, `earnings_date` the coming report's.
    """

    symbol: str
    iv_index: Percent | None
    iv_change_5d: Percent | None
    iv_rank: Percent | None
    iv_percentile: Percent | None
    iv_30: Percent | None
    hv_30: Percent | None
    hv_60: Percent | None
    hv_90: Percent | None
    iv_hv_diff: Percent | None
    beta: Greek | None
    corr_spy: Greek | None
    liquidity: Count | None
    market_cap: Count | None
    earnings_date: date | None
    dividend_yield: Percent | None

    @classmethod
    def of(cls, metrics: Metrics, session: str, now: datetime, today: date) -> "SymbolMetrics":
        """The market's metrics as an answer at a moment, `today` in New York."""
        earnings, dividend = metrics.earnings, metrics.dividend
        given = {name: getattr(metrics, name) for name in cls.model_fields if hasattr(metrics, name)}
        return cls(
            **given,
            session=session,
            stale=metrics.as_of is None or now - metrics.as_of > OLD,
            earnings_date=earnings.date if earnings and earnings.date >= today else None,
            dividend_yield=dividend.annual_yield if dividend else None,
        )

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of the values that are null."""
        own = SymbolMetrics.model_fields.keys() - MarketAnswer.model_fields.keys()
        return tuple(name for name in SymbolMetrics.model_fields if name in own and getattr(self, name) is None)


class MetricsTable(Answer):
    """Metrics in the order asked, and what could not be had."""

    metrics: list[SymbolMetrics]
    missing: list[Missing]
