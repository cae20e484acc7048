"""Volatility: known numbers, and None where there is none."""

import math
import statistics
from datetime import date
from itertools import pairwise
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.price_paths import random_walk, recorded, scaled
from ttai.quant.indicators import compute, parse
from ttai.quant.volatility import event_move, own_move, parkinson, percentile, rank, realised, yang_zhang

values = st.lists(st.floats(0.01, 3), min_size=1, max_size=50)


def test_realised_is_the_sample_deviation_of_log_returns_annualised() -> None:
    prices = [100.0, 102.0, 101.0, 105.0, 104.0]
    returns = [math.log(after / before) for before, after in pairwise(prices)]
    assert realised(prices) == pytest.approx(statistics.stdev(returns) * math.sqrt(252), rel=1e-12)
    assert realised(prices, window=3, periods=52) == pytest.approx(statistics.stdev(returns[-3:]) * math.sqrt(52))
    assert realised([5.0, 5.0, 5.0]) == 0


@pytest.mark.parametrize("symbol", ["AAPL", "IBM"])
def test_the_indicator_says_the_same(symbol: str) -> None:
    bars = recorded(symbol)
    assert compute(bars, parse("hv:30")).latest["hv"] == pytest.approx(realised(bars.close, 30), rel=1e-9)


def test_parkinson_knows_the_range_of_a_constant_bar() -> None:
    """Every bar of ±1 %: ln²(1.01 / 0.99) / (4 ln 2) a day."""
    high, low = np.full(20, 101.0), np.full(20, 99.0)
    assert parkinson(high, low) == pytest.approx(math.log(101 / 99) / math.sqrt(4 * math.log(2)) * math.sqrt(252))
    assert parkinson(high, low, 10, 1) == pytest.approx(math.log(101 / 99) / math.sqrt(4 * math.log(2)))


def test_yang_zhang_by_hand() -> None:
    """Two bars after the first: gaps 0.01 and 0.03, moves 0.02 and −0.02, straight from open to close."""
    logs = [(0.0, 0.0), (0.01, 0.03), (0.06, 0.04)]
    columns = [[math.exp(x) for x in column] for column in zip(*logs, strict=True)]
    opens, closes = columns
    high, low = [max(pair) for pair in zip(*columns, strict=True)], [min(pair) for pair in zip(*columns, strict=True)]
    k = 0.34 / (1.34 + 3)
    assert yang_zhang(opens, high, low, closes, periods=1) == pytest.approx(math.sqrt(0.0002 + k * 0.0008), rel=1e-9)


def test_the_estimators_find_the_volatility_that_made_the_path() -> None:
    """A fine random walk of 32 % a year, in bars of 400 steps."""
    steps = np.random.default_rng(7).normal(0, 0.32 / math.sqrt(252 * 400), 400 * 2000)
    path = 100 * np.exp(np.cumsum(steps)).reshape(2000, 400)
    opens, highs, lows, closes = path[:, 0], path.max(1), path.min(1), path[:, -1]
    assert realised(closes) == pytest.approx(0.32, rel=0.05)
    assert parkinson(highs, lows) == pytest.approx(0.32, rel=0.06)
    assert yang_zhang(opens, highs, lows, closes) == pytest.approx(0.32, rel=0.06)


@pytest.mark.parametrize("bad", [math.nan, 0.0, -1.0, math.inf])
def test_an_unknown_price_in_the_window_is_an_unknown_volatility(bad: float) -> None:
    prices = [100.0, 101.0, bad, 103.0, 104.0, 102.0]
    good = [price + 1 for price in prices if price != bad] * 2
    assert realised(prices) is None
    assert realised(prices, 2) is not None
    assert parkinson(good[:6], prices) is None
    assert yang_zhang(good[:6], good[:6], good[:6], prices) is None


def test_too_few_prices_have_no_volatility() -> None:
    assert realised([]) is None
    assert realised([100.0, 101.0]) is None
    assert realised([100.0, 101.0, 102.0], 3) is None
    assert parkinson([], []) is None
    assert parkinson([2.0], [1.0], 2) is None
    assert yang_zhang([1.0], [1.0], [1.0], [1.0]) is None


def test_misuse_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least 2 bars, not 1"):
        realised([1.0, 2.0], 1)
    with pytest.raises(ValueError, match="above 0, not 0"):
        parkinson([1.0], [1.0], periods=0)
    with pytest.raises(ValueError, match="one length are needed, not 2, 1"):
        parkinson([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="one length"):
        yang_zhang([1.0, 2.0], [1.0], [1.0], [1.0])


def test_rank_and_percentile_by_their_textbook_example() -> None:
    history = [0.30, 0.60, 0.31, 0.32, 0.33]
    assert rank(history, 0.45) == pytest.approx(50)
    assert percentile(history, 0.45) == 80


def test_a_value_outside_its_history_is_the_new_end_of_it() -> None:
    assert rank([0.2, 0.4], 0.8) == 100
    assert rank([0.2, 0.4], 0.1) == 0
    assert percentile([0.2, 0.4], 0.1) == 0
    assert percentile([0.2, 0.4], 0.8) == 100


def test_the_highest_is_at_a_hundred_exactly() -> None:
    assert rank([1 / 3], 1.0174793582832995) == 100


def test_nothing_to_compare_with_is_unknown() -> None:
    for ask in (rank, percentile):
        assert ask([], 0.3) is None
        assert ask([math.nan], 0.3) is None
        assert ask([0.2, 0.4], math.nan) is None
        assert ask([0.2, math.nan, 0.4], 0.3) == pytest.approx(50)
    assert rank([0.3, 0.3], 0.3) is None


@given(values, st.floats(0.01, 3), st.floats(0.5, 2))
def test_rank_and_percentile_are_within_0_and_100_and_blind_to_the_unit(
    history: list[float], now: float, unit: float
) -> None:
    place, share = rank(history, now), percentile(history, now)
    assert share is not None
    assert 0 <= share <= 100
    if place is not None:
        assert 0 <= place <= 100
        assert rank([unit * value for value in history], unit * now) == pytest.approx(place, abs=1e-6)


@given(st.integers(0, 10_000), st.floats(0.01, 100))
@settings(max_examples=30)
def test_a_rescaled_price_is_as_volatile(seed: int, factor: float) -> None:
    bars = random_walk(seed, 40)
    after = scaled(bars, factor)
    assert realised(after.close) == pytest.approx(realised(bars.close), rel=1e-9)
    assert parkinson(after.high, after.low) == pytest.approx(parkinson(bars.high, bars.low), rel=1e-9)
    assert yang_zhang(after.open, after.high, after.low, after.close) == pytest.approx(
        yang_zhang(bars.open, bars.high, bars.low, bars.close), rel=1e-9
    )


TODAY, EVENT = date(2026, 11, 20), date(2026, 12, 4)
WEEKLIES = [(date(2026, 11, 20), None), (date(2026, 11, 27), 0.3), (EVENT, 0.4), (date(2026, 12, 11), 0.5)]


@pytest.mark.parametrize(
    ("same_day", "until", "through"),
    [("after", 0.3**2 * 7, 0.4**2 * 14), ("before", 0.4**2 * 14, 0.5**2 * 21), (None, 0.3**2 * 7, 0.5**2 * 21)],
)
def test_the_move_of_an_event_is_what_the_options_around_it_price(
    same_day: Literal["before", "after"] | None, until: float, through: float
) -> None:
    assert event_move(WEEKLIES, EVENT, TODAY, same_day) == pytest.approx(math.sqrt((through - until) / 365))


def test_without_an_expiration_before_it_all_movement_is_the_event_s() -> None:
    assert event_move([WEEKLIES[0], WEEKLIES[3]], EVENT, TODAY) == pytest.approx(0.5 * math.sqrt(21 / 365))


@pytest.mark.parametrize(
    ("expirations", "why"),
    [
        (WEEKLIES[:3], "no volatility of the first expiration after the event"),
        ([(date(2026, 11, 27), None), WEEKLIES[3]], "no volatility of the last expiration before the event"),
        ([(date(2026, 11, 27), 0.9), WEEKLIES[3]], "less movement until after the event than until before it"),
    ],
)
def test_what_the_options_do_not_say_of_an_event_is_unknown(
    expirations: list[tuple[date, float | None]], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        event_move(expirations, EVENT, TODAY)


USUAL, JUMP = 0.3, 0.08  # a year, and once
TERM = [
    (day, (day - TODAY).days / 365, (day > EVENT) * JUMP**2) for day in (date(2026, 11, 27), EVENT, date(2026, 12, 11))
]


def priced(*places: int) -> list[tuple[date, float, float | None]]:
    """Expirations that price usual days alike, and a jump once."""
    return [(day, years, math.sqrt(USUAL**2 + jump / years)) for day, years, jump in (TERM[n] for n in places)]


@pytest.mark.parametrize("places", [(0, 1, 2), (1, 2)])
def test_the_move_of_the_event_alone_leaves_out_usual_days(places: tuple[int, ...]) -> None:
    found = own_move(priced(*places), EVENT, "before")
    assert found == pytest.approx(math.sqrt(JUMP**2 + USUAL**2 / 365))


def test_without_an_expiration_before_it_those_after_say_what_is_usual() -> None:
    later = (date(2026, 12, 18), 28 / 365, math.sqrt(USUAL**2 + JUMP**2 / (28 / 365)))
    assert own_move([*priced(2), later], EVENT) == pytest.approx(math.sqrt(JUMP**2 + USUAL**2 / 365))
    flat = [(day, years, USUAL) for day, years, _ in TERM]
    assert own_move(flat, EVENT, "after") == pytest.approx(USUAL / math.sqrt(365))  # an event like any day
    today = [(TODAY, 0.0, 0.5), *priced(2)]
    assert own_move(today, EVENT) == pytest.approx(
        math.sqrt(JUMP**2 + 21 / 365 * USUAL**2)
    )  # nothing said of usual days


@pytest.mark.parametrize(
    ("term", "why"),
    [
        (priced(0, 1), "no expiration after the event"),
        (priced(2), "no other expiration says how much is priced of usual days"),
        ([(TERM[0][0], TERM[0][1], None), *priced(2)], "no volatility of an expiration beside the event"),
        ([(TERM[0][0], TERM[0][1], 0.9), *priced(2)], "no more movement across the event than on usual days"),
    ],
)
def test_what_cannot_be_told_of_the_event_alone(term: list[tuple[date, float, float | None]], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        own_move(term, EVENT)
