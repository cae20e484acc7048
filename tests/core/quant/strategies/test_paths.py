"""The way to expiry against what is known in closed form."""

import math

import pytest

from tests.core.quant.strategies.books import YEARS, book
from ttai.quant import pricing
from ttai.quant.strategies.paths import on_the_way
from ttai.quant.strategies.position import Position, Setting

SETTING = Setting(100.0, 0.04, 0.01)


def of(text: str) -> Position:
    return Position(tuple(book(text)), SETTING)


@pytest.mark.parametrize("strike", [80.0, 90.0, 95.0, 99.0])
def test_a_strike_is_touched_as_often_as_the_reflection_principle_says(strike: float) -> None:
    way = on_the_way(of(f"-1p{strike}@2"), 0.3, None, [strike])
    exact = float(pricing.probability_touch(False, 100, strike, YEARS, 0.3, 0.04, 0.01))
    assert way.touch == pytest.approx(exact, abs=3 * way.error)
    assert way.profit is None
    assert way.error == pytest.approx(0.5 / math.sqrt(8192))


def test_one_of_two_strikes_is_touched_more_often_than_either_and_less_than_both_added() -> None:
    position = of("-1p90@2 -1c110@2")
    both, low, high = (on_the_way(position, 0.3, None, marks).touch for marks in ([90, 110], [90], [110]))
    assert both is not None and low is not None and high is not None  # noqa: PT018
    assert max(low, high) < both < low + high


def test_a_profit_is_reached_as_often_as_the_price_that_makes_it() -> None:
    """A long forward has no time value: it wins 5 dollars when the price is touched that makes them."""
    setting = Setting(100.0)  # no drift: the position is worth S − 100
    forward = Position(tuple(book("1c100@4 -1p100@4")), setting)
    way = on_the_way(forward, 0.3, 500.0, [105.0])
    exact = float(pricing.probability_touch(True, 100, 105, YEARS, 0.3))
    assert way.touch == pytest.approx(exact, abs=3 * way.error)
    # looked at 96 times, a barrier lies 0.5826 deviations of a step farther off (Broadie, Glasserman and Kou, 1997)
    apart = 105 * math.exp(0.5826 * 0.3 * math.sqrt(YEARS / 96))
    assert way.profit == pytest.approx(float(pricing.probability_touch(True, 100, apart, YEARS, 0.3)), abs=0.02)


def test_the_same_seed_is_the_same_answer_and_another_nearly() -> None:
    position = of("1p90@1.10 -1p95@2.05 -1c105@1.95 1c110@0.90")
    one, again, other = (on_the_way(position, 0.3, 100.0, [95, 105], seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert one != other
    assert one.profit == pytest.approx(other.profit, abs=0.03)
    more = on_the_way(position, 0.3, 150.0, []).profit
    assert more is not None
    assert one.profit is not None
    assert more < one.profit


def test_nothing_happens_any_more_to_what_has_expired() -> None:
    from tests.core.quant.strategies.books import option

    with pytest.raises(ValueError, match="expired"):
        on_the_way(Position((option("put", -1, 95, 2.5, years=0.0),), SETTING), 0.3, None, [95.0])
