"""A row of /market-metrics in our units."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given

from tests.core.tastytrade.test_parse import anything
from ttai.market.metrics import Dividend, Earnings, ExpirationVolatility
from ttai.tastytrade.metrics import metrics

ROW: dict[str, Any] = {
    "symbol": "AAPL",
    "updated-at": "2026-11-20T15:31:00.250Z",
    "implied-volatility-index": "0.224186663",
    "implied-volatility-index-5-day-change": "-0.014691909",
    "implied-volatility-index-rank": "0.02231313",
    "implied-volatility-percentile": "0.031249801",
    "implied-volatility-30-day": "21.87",
    "historical-volatility-30-day": "20.02",
    "historical-volatility-60-day": "19.55",
    "historical-volatility-90-day": "20.24",
    "iv-hv-30-day-difference": "1.85",
    "beta": "1.265634436",
    "corr-spy-3month": "0.79",
    "liquidity-rating": 4,
    "market-cap": 2846108626900,
    "dividend-rate-per-share": "0.24",
    "dividend-yield": "0.006396146",
    "dividend-ex-date": "2026-12-14",
    "dividend-next-date": "2022-08-05",
    "earnings": {"expected-report-date": "2027-01-27", "estimated": False, "time-of-day": "AMC"},
}


def row(**changes: Any) -> Any:
    changed = {key.replace("_", "-"): value for key, value in changes.items()}
    read = metrics({**ROW, **changed}, "rest")
    assert read is not None
    return read


def expiration(day: str, volatility: Any, settled: str = "PM") -> dict[str, Any]:
    return {"expiration-date": day, "settlement-type": settled, "implied-volatility": volatility}


def test_volatilities_are_fractions_and_ranks_of_a_hundred() -> None:
    read = row()
    assert (read.iv_index, read.iv_change_5d) == (0.224186663, -0.014691909)
    assert (read.iv_rank, read.iv_percentile) == (2.231313, 3.1249801)
    assert (read.iv_30, read.hv_30, read.hv_60, read.hv_90) == (0.2187, 0.2002, 0.1955, 0.2024)
    assert read.iv_hv_diff == 0.0185
    assert (read.beta, read.corr_spy, read.liquidity, read.market_cap) == (1.265634436, 0.79, 4, 2846108626900)
    assert (read.as_of, read.source) == (datetime(2026, 11, 20, 15, 31, 0, 250_000, UTC), "rest")


def test_a_number_keeps_its_unit_however_odd_it_is() -> None:
    assert row(implied_volatility_30_day="3000").iv_30 == 30
    assert row(implied_volatility_index="30").iv_index == 30


def test_both_ex_dates_are_kept_the_forgotten_one_too() -> None:
    assert row().dividend == Dividend(0.24, 0.006396146, (date(2022, 8, 5), date(2026, 12, 14)))


def test_what_pays_nothing_has_no_dividend() -> None:
    bare = {key: value for key, value in ROW.items() if not key.startswith("dividend")}
    read = metrics(bare, "rest")
    assert read is not None
    assert read.dividend is None


@pytest.mark.parametrize(
    ("said", "when"), [("AMC", "after_close"), ("BTO", "before_open"), ("lunch", "unknown"), (None, "unknown")]
)
def test_a_report_is_before_the_open_after_the_close_or_unknown(said: Any, when: Any) -> None:
    report = {"expected-report-date": "2027-01-27", "estimated": False, "time-of-day": said}
    assert row(earnings=report).earnings == Earnings(date(2027, 1, 27), when, estimated=False)


@pytest.mark.parametrize("estimated", [True, None, "no", 0])
def test_what_is_not_said_to_be_confirmed_is_estimated(estimated: Any) -> None:
    assert row(earnings={"expected-report-date": "2027-01-27", "estimated": estimated}).earnings.estimated


@pytest.mark.parametrize("report", [None, {}, 7, {"expected-report-date": "1970-01-01"}, {"expected-report-date": 3}])
def test_a_placeholder_is_no_report(report: Any) -> None:
    assert row(earnings=report).earnings is None


def test_expirations_are_in_order_and_each_date_once() -> None:
    items = [
        expiration("2026-12-18", "0.21"),
        expiration("2026-12-18", "0.4", "AM"),
        expiration("2026-11-27", None),
        expiration("2027-01-15", "0.3", "AM"),
        expiration("2027-01-15", "NaN"),
        expiration("soon", "0.3"),
        "noise",
    ]
    assert row(option_expiration_implied_volatilities=items).expirations == (
        ExpirationVolatility(date(2026, 11, 27), None),
        ExpirationVolatility(date(2026, 12, 18), 0.21),
        ExpirationVolatility(date(2027, 1, 15), 0.3),
    )


def test_what_cannot_be_read_costs_its_field() -> None:
    read = row(implied_volatility_index_rank="NaN", beta=None, liquidity_rating="?", market_cap=0, updated_at="today")
    assert (read.iv_rank, read.beta, read.liquidity, read.market_cap, read.as_of) == (None, None, None, None, None)
    assert read.iv_index == 0.224186663


@pytest.mark.parametrize("item", [None, 7, "AAPL", {}, {"symbol": 7}, {"symbol": "no symbol!"}])
def test_what_has_no_symbol_is_no_row(item: Any) -> None:
    assert metrics(item, "rest") is None


@given(anything, anything, anything)
def test_nothing_the_wire_says_makes_it_fail(value: Any, report: Any, curve: Any) -> None:
    read = metrics({**dict.fromkeys(ROW, value), "symbol": "AAPL", "earnings": report}, "rest")
    assert read is not None
    row(option_expiration_implied_volatilities=curve, earnings=report)
