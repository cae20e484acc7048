"""Where a price may end: the lognormal against its own integral, the implied one against the smile that made it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from ttai.quant import pricing
from ttai.quant.smile import Smile
from ttai.quant.strategies.odds import Implied, Lognormal

YEARS, SPOT = 45 / 365, 100.0
STRIKES = np.arange(60.0, 141.0, 1.0)


def smile(iv: np.ndarray, strikes: np.ndarray = STRIKES) -> Smile:
    return Smile(strikes, iv, SPOT, YEARS, 0.04, 0.01)


def skew(strikes: np.ndarray = STRIKES) -> np.ndarray:
    k = np.log(strikes / SPOT)
    return 0.3 - 0.25 * k + 0.4 * k * k


@given(st.floats(20, 500), st.floats(0.01, 1.5), st.floats(0.2, 3))
def test_the_lognormal_is_the_integral_of_its_density(forward: float, deviation: float, share: float) -> None:
    odds = Lognormal(forward, deviation)
    price = float(forward * share)
    low, high = (float(odds.quantile(one)) for one in (1e-14, 1 - 1e-14))
    if low < price < high:
        assert odds.below(price) == pytest.approx(
            quad(lambda s: float(odds.density(s)), low, price, limit=200)[0], abs=1e-6
        )
        above = quad(lambda s: (s - price) * float(odds.density(s)), price, high, limit=200)[0]
        assert odds.call(price) == pytest.approx(above, abs=1e-5 * forward)
    assert odds.call(0.0) == pytest.approx(forward)
    assert odds.below([0.0, math.inf]).tolist() == [0.0, 1.0]
    assert odds.below(odds.quantile(0.3)) == pytest.approx(0.3)


def test_where_nothing_moves_the_forward_is_certain() -> None:
    odds = Lognormal(100.0, 0.0)
    assert odds.below([99.99, 100.01]).tolist() == [0.0, 1.0]
    assert odds.call([90.0, 110.0]).tolist() == [10.0, 0.0]


def test_a_level_smile_implies_the_lognormal() -> None:
    odds, plain = Implied(smile(np.full(len(STRIKES), 0.3))), Lognormal(0.0, 0.3 * math.sqrt(YEARS))
    plain = Lognormal(odds.forward, plain.deviation)
    prices = np.linspace(70, 140, 141)
    assert odds.below(prices) == pytest.approx(plain.below(prices), abs=5e-4)
    assert odds.call(prices) == pytest.approx(plain.call(prices), abs=1e-9)
    assert odds.below([0.0, math.inf]).tolist() == [0.0, 1.0]


def test_the_skew_moves_the_odds_as_its_options_are_priced() -> None:
    """The probability to end above K is −e^{rT} ∂C/∂K of the prices that the smile makes."""
    strikes = np.arange(40.0, 200.0, 0.25)
    odds = Implied(smile(skew(strikes), strikes))
    for strike in (75.0, 90.0, 100.0, 112.0, 125.0):
        near = np.array([strike - 0.5, strike + 0.5])
        calls = pricing.price(True, odds.forward, near, YEARS, np.interp(near, strikes, skew(strikes)))
        assert 1 - odds.below(strike) == pytest.approx(calls[0] - calls[1], abs=2e-3)
    plain = Lognormal(odds.forward, 0.3 * math.sqrt(YEARS))
    assert odds.below(75.0) > plain.below(75.0)
    assert odds.below(130.0) > plain.below(130.0)


@given(st.lists(st.floats(0.05, 3.0), min_size=5, max_size=81))
def test_whatever_is_quoted_the_odds_rise_with_the_price(quoted: list[float]) -> None:
    odds = Implied(smile(np.array(quoted), STRIKES[: len(quoted)]))
    chances = odds.below(np.linspace(0.0, 400.0, 500))
    assert (np.diff(chances) >= 0).all()
    assert chances[0] == 0.0
    assert chances[-1] <= 1.0


def test_a_few_volatilities_are_no_smile() -> None:
    with pytest.raises(ValueError, match="fewer than 5 strikes"):
        Implied(smile(skew(STRIKES[:4]), STRIKES[:4]))
    with pytest.raises(ValueError, match="fewer than 5"):
        Implied(Smile(STRIKES, skew(), SPOT, 0.0, 0.04, 0.01))
