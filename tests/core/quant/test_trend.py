"""Trend: direction, slope and steadiness of the closes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.price_paths import closes, mirrored, path, random_walk, recorded, scaled
from ttai.quant.bars import Bars
from ttai.quant.swings import find_swings
from ttai.quant.trend import Trend, find_trend


def trend(bars: Bars) -> Trend:
    return find_trend(bars, find_swings(bars, 3))


def test_one_percent_a_day_is_a_perfect_uptrend() -> None:
    found = trend(closes(100 * 1.01 ** np.arange(60)))
    assert found.direction == "up"
    assert (found.slope_percent, found.r_squared, found.quality) == pytest.approx((1, 1, 100))


@given(st.floats(1e-3, 5), st.integers(20, 120))
def test_a_pure_uptrend_is_up_and_its_mirror_down(percent: float, count: int) -> None:
    rise = closes(100 * (1 + percent / 100) ** np.arange(count))
    up, down = trend(rise), trend(mirrored(rise))
    assert (up.direction, down.direction) == ("up", "down")
    assert down.slope_percent == pytest.approx(100 * (1 / (1 + percent / 100) - 1))


@given(st.integers(0, 10_000), st.integers(20, 300))
def test_a_mirror_turns_the_direction_and_nothing_else(seed: int, count: int) -> None:
    bars = random_walk(seed, count)
    one, other = trend(bars), trend(mirrored(bars))
    turned = {"up": "down", "down": "up", "sideways": "sideways"}
    assert other.direction == turned[one.direction]
    assert other.r_squared == pytest.approx(one.r_squared)
    assert (one.quality is None) is (one.direction == "sideways")
    assert one.quality is None or 0 <= one.quality <= 100


@given(st.integers(0, 10_000), st.floats(1e-3, 1e3))
def test_the_scale_of_prices_does_not_matter(seed: int, factor: float) -> None:
    bars = random_walk(seed, 120)
    one, other = trend(bars), trend(scaled(bars, factor))
    assert other.direction == one.direction
    assert (other.slope_percent, other.r_squared, other.quality) == pytest.approx(
        (one.slope_percent, one.r_squared, one.quality), abs=1e-9
    )


@pytest.mark.parametrize("symbol", ["AAPL", "IBM"])
def test_recorded_closes_have_the_line_that_numpy_fits(symbol: str) -> None:
    bars = recorded(symbol)[-250:]
    found = trend(bars)
    logs, places = np.log(bars.close), np.arange(250)
    assert found.slope_percent == pytest.approx(100 * np.expm1(np.polyfit(places, logs, 1)[0]), rel=1e-8)
    assert found.r_squared == pytest.approx(np.corrcoef(places, logs)[0, 1] ** 2, rel=1e-8)


def test_there_and_back_again_is_sideways() -> None:
    found = trend(path((0, 100), (30, 130), (60, 100)))
    assert found.direction == "sideways"
    assert found.r_squared == pytest.approx(0, abs=1e-3)


def test_a_fall_of_a_seventh_is_no_standstill_however_unsteady() -> None:
    """Up by a tenth, then down by a quarter: the line explains a quarter of it."""
    prices = [
        467.16, 443.87, 433.59, 439.74, 444.78, 455.86, 476.18, 468.41, 513.38, 490.63, 500.51, 489.53, 477.89, 455.32,
        428.80, 411.40, 422.01, 408.00, 398.92, 386.49,
    ]  # fmt: skip
    found = trend(closes(prices))
    assert found.r_squared == pytest.approx(0.24, abs=0.01)
    assert found.direction == "down"
    tame = trend(closes(np.power(prices, 0.5)))  # the same path, half as wide: no tenth
    assert (tame.direction, tame.quality) == ("sideways", None)
    assert tame.r_squared == pytest.approx(found.r_squared)


def test_the_cleaner_of_two_rises_has_the_better_quality() -> None:
    line = 100 + np.arange(60.0)
    clean, rough = trend(closes(line + np.tile([0, 2], 30))), trend(closes(line + np.tile([0, 0, 0, 8, 8, 8], 10)))
    assert clean.direction == rough.direction == "up"
    assert 100 > clean.quality > rough.quality > 50  # type: ignore[operator]


def test_falling_highs_and_lows_cost_a_rise_its_quality() -> None:
    rise = closes(100 * 1.01 ** np.arange(40))
    falling = find_swings(path((0, 110), (5, 120), (10, 108), (15, 115), (20, 104), (25, 109), (30, 100)), 3)
    assert find_trend(rise, falling).quality == pytest.approx(200 / 3)


def test_equal_closes_are_sideways_and_the_rest_unknown() -> None:
    assert trend(closes(np.full(30, 4.1))) == Trend("sideways", None, 0.0, None)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [([], "needs 20 bars, here are 0"), ([1.0] * 19, "needs 20 bars, here are 19"), ([-1.0] * 20, "prices above 0")],
)
def test_what_has_no_trend_is_refused(values: list[float], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        find_trend(closes(values), ())
