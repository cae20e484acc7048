"""Short options that may be assigned, and those that will not be."""

import math
from dataclasses import replace
from datetime import date
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttai.quant import american, pricing
from ttai.quant.portfolio.radar import Short, assignment_risk, early

CALL = Short("call", 95, 100, 5.4, 30 / 365, 0.04)
PUT = Short("put", 120, 100, 20.3, 60 / 365, 0.04)


def test_a_call_with_less_time_value_than_the_dividend() -> None:
    due = replace(CALL, dividend=0.5, ex_date=date(2026, 12, 16))
    risk = assignment_risk(due)
    assert risk is not None
    assert (risk.kind, risk.likely, risk.inside) == ("dividend", True, 5)
    assert risk.time_value == pytest.approx(0.4)
    assert risk.reason == "has 0.40 of time value, less than the dividend of 0.50, ex on 2026-12-16"
    assert assignment_risk(replace(due, ex_date=None)).reason.endswith("dividend of 0.50")  # type: ignore[union-attr]
    for safe in (
        CALL,
        replace(due, dividend=0.3),
        replace(due, spot=94, mid=0.4),
        replace(due, type="put", strike=105),
    ):
        found = assignment_risk(safe)
        assert found is None or found.kind == "interest"


def test_with_next_to_no_time_value_it_is_as_good_as_exercised() -> None:
    for short in (replace(CALL, mid=5.09), replace(PUT, mid=20.09)):
        risk = assignment_risk(short)
        assert risk is not None
        assert (risk.kind, risk.likely, risk.reason) == ("time value", True, "has 0.09 of time value")
    below = assignment_risk(replace(CALL, mid=4.9))
    assert below is not None
    assert below.reason == "has 0.00 of time value"
    assert below.time_value == pytest.approx(-0.1)
    assert early("call", 100, 5, 5.11, None) is None


def test_a_put_with_less_time_value_than_the_interest_on_its_strike_may_be_assigned() -> None:
    risk = assignment_risk(PUT)
    assert risk is not None
    assert (risk.kind, risk.likely) == ("interest", False)
    assert risk.reason == "has 0.30 of time value, less than the interest of 0.79 on its strike"
    assert assignment_risk(replace(PUT, mid=21)) is None
    for rate in (-0.01, -1e9, math.nan):
        assert assignment_risk(replace(PUT, rate=rate)) is None


@given(st.floats(60, 180), st.floats(0.02, 1), st.floats(0.1, 0.8), st.floats(0.005, 0.08))
def test_a_put_worth_exercising_at_once_is_always_seen(
    strike: float, years: float, volatility: float, rate: float
) -> None:
    """Where the model's American put is worth no more than its exercise, the radar must not be silent."""
    worth = american.price(False, 100, strike, years, volatility, rate)
    if worth <= strike - 100:
        risk = assignment_risk(Short("put", strike, 100, worth, years, rate))
        assert risk is not None
        assert risk.likely
        europe = float(pricing.price(False, 100, strike, years, volatility, rate))
        assert europe < strike - 100  # who waits gives the interest away


def test_on_its_last_day_near_the_strike_an_option_may_end_on_either_side() -> None:
    today = Short("put", 100.4, 100, 0.6, 3 / 8760, 0.04, expires_today=True)
    risk = assignment_risk(today)
    assert risk is not None
    assert (risk.kind, risk.likely) == ("pin", False)
    assert risk.reason == "expires today 0.40 from its strike, which a move of 0.50 may cross either way"
    assert assignment_risk(replace(today, expires_today=False)) is None
    far = replace(today, strike=99.0, mid=0.1)
    assert assignment_risk(far) is None
    wild = assignment_risk(replace(far, volatility=0.8))
    assert wild is not None
    assert "a move of 1.48" in wild.reason
    both = assignment_risk(replace(today, mid=0.42))
    assert both is not None
    assert (both.kind, both.likely) == ("time value", True)
    assert "has 0.02 of time value; expires today" in both.reason


@pytest.mark.parametrize(("kind", "strike"), [("put", 103.0), ("call", 97.0)])
def test_in_the_money_on_its_last_day_it_is_exercised_by_itself(kind: Literal["call", "put"], strike: float) -> None:
    risk = assignment_risk(Short(kind, strike, 100, 3.2, 6 / 8760, 0.04, 0.3, expires_today=True))
    assert risk is not None
    assert (risk.kind, risk.likely, risk.reason) == ("expiry", True, "is 3.00 in the money on its last day")
    assert assignment_risk(Short(kind, strike, 100, 3.2, 30 / 8760, 0.04, 0.3)) is None


def test_a_dividend_is_no_danger_before_its_eve() -> None:
    short = Short("call", 95, 100, 5.3, 60 / 365, 0.0, dividend=0.5, days_to_ex=40)
    early = assignment_risk(short)
    assert early is not None
    assert (early.kind, early.likely) == ("dividend", False)
    eve = assignment_risk(replace(short, days_to_ex=1))
    assert eve is not None
    assert eve.likely


def test_an_option_of_an_index_is_settled_in_cash() -> None:
    index = replace(CALL, european=True, mid=5.0, dividend=3.0)
    risk = assignment_risk(index)
    assert risk is not None
    assert (risk.kind, risk.likely) == ("cash settlement", False)
    assert risk.reason == "is settled in cash, now for 5.00 a share, and never assigned early"
    assert assignment_risk(replace(index, strike=105)) is None


def test_what_is_in_the_money_and_unquoted_is_unknown_not_safe() -> None:
    risk = assignment_risk(replace(CALL, mid=math.nan))
    assert risk is not None
    assert (risk.kind, risk.likely, risk.time_value) == ("unknown", False, None)
    assert risk.reason == "is 5.00 in the money, its time value unknown"
    assert assignment_risk(replace(CALL, strike=110, mid=math.nan)) is None


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_strike_and_spot_are_prices(bad: float) -> None:
    for short in (replace(CALL, spot=bad), replace(CALL, strike=bad)):
        with pytest.raises(ValueError, match="strike and spot are above 0"):
            assignment_risk(short)
