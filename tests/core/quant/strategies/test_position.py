"""A position before it expires: its worth by the model, its greeks, and calendars at their first expiration."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from scipy.optimize import brentq

from tests.core.quant.strategies.books import YEARS, book, books, option
from ttai.quant import pricing
from ttai.quant.strategies.legs import Leg
from ttai.quant.strategies.position import Position, Setting

SETTING = Setting(100.0, 0.04, 0.01)
CALENDAR = [option("call", -1, 100, 2.5, years=30 / 365), option("call", 1, 100, 3.6, years=60 / 365)]


def at(legs: list[Leg], **setting: object) -> Position:
    return Position(tuple(legs), Setting(**{"spot": 100.0, "rate": 0.04, "dividend_yield": 0.01, **setting}))  # type: ignore[arg-type]


def test_what_is_left_of_a_position_is_the_sum_of_its_options() -> None:
    position = at(book("100s@99 -1c105@2 1p90@1"))
    prices = np.array([85.0, 100.0, 112.0])
    left = YEARS - 20 / 365
    call = pricing.price(True, prices, 105, left, 0.3, 0.04, 0.01)
    put = pricing.price(False, prices, 90, left, 0.3, 0.04, 0.01)
    expected = 100 * (prices - np.maximum(call, prices - 105) + put)
    assert position.worth(prices, 20 / 365) == pytest.approx(expected)
    assert position.pnl(prices, 20 / 365) == pytest.approx(expected - (9900 - 200 + 100))
    higher_call, higher_put = (
        float(pricing.price(c, 100, k, YEARS, 0.4, 0.04, 0.01)) for c, k in ((True, 105), (False, 90))
    )
    assert position.worth([100.0], shift=0.1)[0] == pytest.approx(100 * (100 - higher_call + higher_put))
    still = position.worth([100.0], shift=-0.5)[0]  # no volatility is below 0
    assert still == pytest.approx(10_000.0)


def test_what_was_paid_may_be_more_than_what_the_legs_cost() -> None:
    """As after a roll: a put sold for 3, and 2 lost before."""
    legs = book("-1p95@3")
    rolled = Position(tuple(legs), Setting(100.0), paid=-100.0)
    assert rolled.curve.breakevens() == [94.0]
    assert float(rolled.curve.highest[0]) == 100
    assert at(legs).curve.breakevens() == [92.0]


@given(books())
def test_at_expiry_the_worth_is_the_curve(legs: list[Leg]) -> None:
    position = at(legs[:12])
    prices = np.linspace(1.0, 300.0, 300)
    assert position.pnl(prices, position.front) == pytest.approx(position.curve.at(prices), abs=1e-6)


def test_greeks_are_the_slopes_of_the_worth() -> None:
    position = at(book("1p90@1.1 -1p95@2.05 -1c105@1.95 1c110@0.9 50s@100"))
    greeks = position.greeks()
    near = position.worth([99.99, 100.0, 100.01])
    assert greeks.delta == pytest.approx((near[2] - near[0]) / 0.02, rel=1e-5)
    assert greeks.gamma == pytest.approx((near[2] - 2 * near[1] + near[0]) / 1e-4, rel=1e-3)
    day = position.worth([100.0], 0.5 / 365)[0] - position.worth([100.0], -0.5 / 365)[0]
    assert greeks.theta == pytest.approx(day, rel=1e-3)
    point = position.worth([100.0], shift=0.005)[0] - position.worth([100.0], shift=-0.005)[0]
    assert greeks.vega == pytest.approx(point, rel=1e-3)


def test_an_american_put_is_worth_its_exercise_and_an_index_put_is_not() -> None:
    put = book("1p150@50")
    assert at(put).worth([100.0])[0] == 5000.0
    assert at(put, european=True).worth([100.0])[0] == pytest.approx(
        100 * float(pricing.price(False, 100, 150, YEARS, 0.3, 0.04, 0.01))
    )


def test_a_call_counts_at_least_what_exercise_brings_of_an_index_too() -> None:
    deep = at(book("1c50@50"), dividend_yield=0.3, european=True)  # as a European option it is worth less
    assert deep.worth([100.0])[0] == 5000.0


def test_a_yield_of_its_own_goes_before_the_setting_s() -> None:
    (put,) = book("1p95@2")
    own = replace(put, dividend_yield=0.08)
    assert at([own]).worth([100.0])[0] == pytest.approx(at([put], dividend_yield=0.08).worth([100.0])[0])
    assert at([own]).greeks().delta == pytest.approx(at([put], dividend_yield=0.08).greeks().delta)


def test_a_calendar_is_what_its_later_leg_is_worth_when_the_first_expires() -> None:
    position = at(CALENDAR)
    curve = position.curve
    assert not position.exact
    left = 30 / 365

    def pnl(price: float) -> float:
        back = max(float(pricing.price(True, price, 100, left, 0.3, 0.04, 0.01)), price - 100, 0.0)
        return 100 * (back - max(price - 100, 0)) - 110

    assert curve.highest[0] == pytest.approx(pnl(100.0))
    assert curve.lowest[0] == pytest.approx(-110.0)
    assert curve.slope[0] == 0.0
    roots = [brentq(pnl, 80, 100, xtol=1e-10), brentq(pnl, 100, 130, xtol=1e-10)]
    assert curve.breakevens() == pytest.approx(roots, abs=1e-6)
    for price in (70.0, 95.5, 103.3, 150.0):
        assert curve.at(price) == pytest.approx(pnl(price), abs=0.05)
    odds = position.lognormal(0.3)
    sample = odds.quantile((np.arange(20_000) + 0.5) / 20_000)
    worth = np.array([pnl(float(price)) for price in sample])
    assert curve.probability(odds)[0] == pytest.approx(float(np.mean(worth > 0)), abs=1e-4)
    assert curve.expectation(odds)[0] == pytest.approx(float(worth.mean()), abs=0.05)


def test_a_diagonal_is_highest_between_strikes_where_no_node_was() -> None:
    legs = [option("put", -1, 97, 1.4, years=30 / 365), option("put", 1, 94, 1.9, years=75 / 365, volatility=0.36)]
    position = at(legs)
    prices = np.linspace(60, 140, 80_001)
    left = np.maximum(pricing.price(False, prices, 94, 45 / 365, 0.36, 0.04, 0.01), np.maximum(94 - prices, 0))
    worth = 100 * (left - np.maximum(97 - prices, 0)) - 50
    assert position.curve.highest[0] == pytest.approx(worth.max(), abs=1e-3)
    assert position.curve.lowest[0] == pytest.approx(worth.min(), abs=1e-3)


def test_where_a_calendar_neither_wins_nor_loses_rounding_makes_no_breakevens() -> None:
    near, far = option("put", -3, 97.3, 1.1, years=30 / 365), option("put", 3, 100, 3.8, years=58 / 365)
    position = at([near, far], dividend_yield=0.0)  # far below both are worth their exercise: 2.70 apart, as paid
    curve = position.curve
    (breakeven,) = curve.breakevens()
    assert 100 < breakeven < 103
    ((low, high),) = curve.level()
    assert low == 0.0
    assert high is not None
    assert 80 < high < 92
    odds = position.lognormal(0.3)
    assert curve.probability(odds)[0] == pytest.approx(float(odds.below(breakeven) - odds.below(high)), abs=1e-6)
    assert curve.prices.shape[1] < 2000


def test_a_short_back_call_has_no_end_to_its_loss() -> None:
    legs = [option("call", 1, 100, 2.5, years=30 / 365), option("call", -2, 100, 3.6, years=60 / 365)]
    assert at(legs).curve.lowest[0] == -math.inf


def test_a_put_calendar_of_an_index_may_lose_more_than_it_cost() -> None:
    legs = [option("put", -1, 100, 2.5, years=30 / 365), option("put", 1, 100, 3.4, years=60 / 365)]
    assert at(legs).curve.lowest[0] == pytest.approx(-90.0, abs=1e-6)
    european = at(legs, european=True).curve.lowest[0]
    assert european == pytest.approx(-90 - 100 * (100 - 100 * math.exp(-0.04 * 30 / 365)), abs=1e-6)


def test_no_position_is_made_of_nothing() -> None:
    with pytest.raises(ValueError, match="1 to 12 legs, not 13"):
        at(book("1c100@1 " * 13))
    with pytest.raises(ValueError, match="1 to 12 legs, not 0"):
        at([])
    with pytest.raises(ValueError, match="at least one option"):
        at(book("100s@100"))
    with pytest.raises(ValueError, match="price of the underlying is above 0"):
        at(book("1c100@1"), spot=0.0)


def test_a_volatility_nobody_knows_makes_unknown_numbers_but_no_other_payoff() -> None:
    position = at([option("put", -1, 95, 2.5, volatility=math.nan)])
    assert position.curve.breakevens() == [92.5]
    assert math.isnan(position.greeks().vega)
    assert np.isnan(position.pnl([100.0])).all()
