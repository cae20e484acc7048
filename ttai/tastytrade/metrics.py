"""A row of /market-metrics in our words and units; what can't be read costs that field."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from ttai.market.metrics import Dividend, Earnings, ExpirationVolatility, Metrics, When
from ttai.market.types import Source
from ttai.tastytrade.parse import moment, number, symbol

_WHEN: dict[str, When] = {"BTO": "before_open", "AMC": "after_close"}
_FIRST = date(1990, 1, 1)  # a date before it stands for none (the wire has 1970-01-01)


def metrics(item: Any, source: Source) -> Metrics | None:
    """One row; None where not even its symbol can be read.

    On the wire the volatility index and its change are fractions, its rank and percentile strings that hold fractions,
    the volatilities of so many days and their difference percent.
    """
    name = symbol(item)
    if name is None:
        return None
    rating = number(item.get("liquidity-rating"))
    return Metrics(
        symbol=name,
        as_of=moment(item.get("updated-at")),
        source=source,
        iv_index=number(item.get("implied-volatility-index")),
        iv_change_5d=number(item.get("implied-volatility-index-5-day-change")),
        iv_rank=_times(100, item.get("implied-volatility-index-rank")),
        iv_percentile=_times(100, item.get("implied-volatility-percentile")),
        iv_30=_times(0.01, item.get("implied-volatility-30-day")),
        hv_30=_times(0.01, item.get("historical-volatility-30-day")),
        hv_60=_times(0.01, item.get("historical-volatility-60-day")),
        hv_90=_times(0.01, item.get("historical-volatility-90-day")),
        iv_hv_diff=_times(0.01, item.get("iv-hv-30-day-difference")),
        beta=number(item.get("beta")),
        corr_spy=number(item.get("corr-spy-3month")),
        liquidity=None if rating is None else int(rating),
        market_cap=number(item.get("market-cap")) or None,  # 0: it has none, or nobody knows
        earnings=_earnings(item.get("earnings")),
        dividend=_dividend(item),
        expirations=tuple(_expirations(item.get("option-expiration-implied-volatilities"))),
    )


def _times(factor: float, value: Any) -> float | None:
    result = number(value)
    return None if result is None else round(result * factor, 9)


def _date(value: Any) -> date | None:
    try:
        result = date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
    return result if result >= _FIRST else None


def _earnings(item: Any) -> Earnings | None:
    """The report; without a readable date there is none, and what is not said to be confirmed is estimated."""
    day = _date(item.get("expected-report-date")) if isinstance(item, Mapping) else None
    if day is None:
        return None
    return Earnings(
        day, _WHEN.get(str(item.get("time-of-day")), "unknown"), estimated=item.get("estimated") is not False
    )


def _dividend(item: Mapping[str, Any]) -> Dividend | None:
    """What is paid; the wire's `next` ex-date may be years old, so both are just ex-dates."""
    amount, annual_yield = number(item.get("dividend-rate-per-share")), number(item.get("dividend-yield"))
    known = {_date(item.get(f"dividend-{which}-date")) for which in ("ex", "next")} - {None}
    ex_dates = tuple(sorted(day for day in known if day))
    if amount is None and annual_yield is None and not ex_dates:
        return None
    return Dividend(amount, annual_yield, ex_dates)


def _expirations(items: Any) -> Iterator[ExpirationVolatility]:
    """Each date once, in order; of two settlements on a date the one in the afternoon, if it has a volatility."""
    known: dict[date, float | None] = {}
    rows = [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
    for item in sorted(rows, key=lambda row: row.get("settlement-type") == "PM"):
        day, volatility = _date(item.get("expiration-date")), number(item.get("implied-volatility"))
        if day is not None and (volatility is not None or day not in known):
            known[day] = volatility
    for day in sorted(known):
        yield ExpirationVolatility(day, known[day])
