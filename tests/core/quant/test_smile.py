"""A smile made of known volatilities, read back; the forward and the volatilities of quotes made from one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttai.quant import pricing
from ttai.quant.smile import Point, Smile, chain_volatility, parity_forward

STRIKES = np.arange(70.0, 131.0, 2.5)
SPOT, YEARS, RATE, YIELD = 101.3, 0.12, 0.04, 0.015
FORWARD = SPOT * math.exp((RATE - YIELD) * YEARS)


def skewed(strikes: np.ndarray) -> np.ndarray:
    """A fall of volatility with log strike, curved upward."""
    k = np.log(strikes / SPOT)
    return 0.25 - 0.3 * k + 0.8 * k * k


def made(strikes: np.ndarray = STRIKES) -> Smile:
    return Smile(strikes, skewed(strikes), SPOT, YEARS, RATE, YIELD)


def mids(strikes: np.ndarray = STRIKES) -> np.ndarray:
    sides = np.array([[True], [False]])
    return pricing.price(sides, SPOT, strikes, YEARS, skewed(strikes), RATE, YIELD)


def test_the_volatility_between_strikes_is_between_theirs() -> None:
    smile = made()
    assert smile.at(100.0) == pytest.approx(0.25 + 0.3 * math.log(SPOT / 100) + 0.8 * math.log(100 / SPOT) ** 2)
    assert smile.atm is not None
    assert skewed(np.array(102.5)) < smile.atm < skewed(np.array(100.0))
    assert smile.at(69.9) is None
    assert smile.at(131.0) is None
    assert smile.nearest(131.0) == pytest.approx(skewed(STRIKES)[-1])
    assert smile.nearest(50.0) == pytest.approx(skewed(STRIKES)[0])
    assert smile.nearest(100.0) == smile.at(100.0)
    assert Smile(STRIKES[:0], STRIKES[:0], SPOT, YEARS, RATE, YIELD).nearest(100.0) is None
    assert Smile(STRIKES[:0], STRIKES[:0], SPOT, YEARS, RATE, YIELD).atm is None


@pytest.mark.parametrize("delta", [-0.25, -0.16, 0.25, 0.16, 0.6, -0.6])
def test_an_option_at_the_point_found_has_that_delta(delta: float) -> None:
    point = made().at_delta(delta)
    assert point is not None
    found = pricing.greeks(delta > 0, SPOT, point.strike, YEARS, point.iv, RATE, YIELD).delta
    assert float(found) == pytest.approx(delta, abs=0.004)  # the strikes are 2.5 apart
    assert point.iv == pytest.approx(float(skewed(np.array(point.strike))), abs=5e-4)


def test_a_delta_beyond_the_strikes_has_no_place() -> None:
    assert made().at_delta(0.0001) is None
    assert made(STRIKES[:0]).at_delta(0.25) is None
    assert made(STRIKES[:1]).at_delta(0.25) is None


def test_of_several_places_it_is_that_nearest_the_price() -> None:
    """A bad quote far above lifts the volatility until its delta is 0.25 again."""
    smile = made()
    spoiled = smile.iv.copy()
    spoiled[-1] = 3.0
    assert Smile(STRIKES, spoiled, SPOT, YEARS, RATE, YIELD).at_delta(0.25) == smile.at_delta(0.25)


def test_risk_reversal_and_butterfly_are_made_of_those_points() -> None:
    smile = made()
    call, put = smile.at_delta(0.25), smile.at_delta(-0.25)
    assert isinstance(call, Point)
    assert isinstance(put, Point)
    assert smile.atm is not None
    assert smile.risk_reversal() == pytest.approx(call.iv - put.iv)
    assert call.iv < put.iv
    assert smile.butterfly() == pytest.approx((call.iv + put.iv) / 2 - smile.atm)
    few = made(STRIKES[12:14])
    assert few.risk_reversal() is None
    assert few.butterfly() is None


def test_parity_finds_the_forward() -> None:
    assert parity_forward(STRIKES, mids(), SPOT, YEARS, RATE) == pytest.approx(FORWARD, rel=1e-12)


def test_one_bad_quote_does_not_move_the_forward() -> None:
    spoiled = mids()
    spoiled[0, 12] += 5.0
    assert parity_forward(STRIKES, spoiled, SPOT, YEARS, RATE) == pytest.approx(FORWARD, rel=1e-12)


def test_without_a_pair_of_quotes_there_is_no_forward() -> None:
    spoiled = mids()
    spoiled[0, ::2] = np.nan
    spoiled[1, 1::2] = np.nan
    assert parity_forward(STRIKES, spoiled, SPOT, YEARS, RATE) is None
    absurd = mids()
    absurd[0] += 60.0
    assert parity_forward(STRIKES, absurd, SPOT, YEARS, RATE) is None


@given(st.floats(0.05, 1.5), st.floats(0.01, 2.0), st.floats(-0.02, 0.08), st.floats(0.0, 0.05))
def test_quotes_give_back_the_volatility_that_made_them(
    volatility: float, years: float, rate: float, dividend_yield: float
) -> None:
    sides = np.array([[True], [False]])
    quoted = pricing.price(sides, SPOT, STRIKES, years, volatility, rate, dividend_yield)
    found = chain_volatility(STRIKES, quoted, SPOT, years, rate, dividend_yield)
    out = np.where(SPOT * math.exp((rate - dividend_yield) * years) <= STRIKES, quoted[0], quoted[1])
    assert found[out > 0.01] == pytest.approx(volatility, rel=1e-6)


def test_what_is_in_the_money_does_not_count() -> None:
    quoted = mids()
    quoted[0, STRIKES < FORWARD] = np.nan
    quoted[1, STRIKES >= FORWARD] = np.nan
    assert chain_volatility(STRIKES, quoted, SPOT, YEARS, RATE, YIELD) == pytest.approx(skewed(STRIKES))
    quoted[1, 0] = np.nan
    assert math.isnan(chain_volatility(STRIKES, quoted, SPOT, YEARS, RATE, YIELD)[0])
