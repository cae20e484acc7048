"""Swings: the turns an eye would mark, once they are confirmed."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.price_paths import bars_of, path, random_walk
from ttai.quant.swings import Swing, dominant_swing, extremes, find_swings, swing_width

ZIGZAG = path((0, 100), (10, 110), (20, 100), (30, 112), (40, 104))


def test_a_zigzag_turns_where_it_was_drawn() -> None:
    assert find_swings(ZIGZAG, 3) == (
        Swing("high", 110, date(2026, 1, 11), 10),
        Swing("low", 100, date(2026, 1, 21), 20),
        Swing("high", 112, date(2026, 1, 31), 30),
    )


def test_a_turn_is_told_once_it_is_confirmed_and_stays() -> None:
    seen = [[swing.index for swing in find_swings(ZIGZAG[:count], 3)] for count in (13, 14, 23, 24, 33, 34)]
    assert seen == [[], [10], [10], [10, 20], [10, 20], [10, 20, 30]]


def test_the_first_of_equal_highs_in_a_row_counts() -> None:
    found = find_swings(bars_of([1, 2, 3, 3, 3, 2, 1], [0] * 7, [1] * 7), 2)
    assert [(swing.side, swing.index) for swing in found] == [("high", 2)]


def test_highs_as_good_as_equal_are_touches_of_one_ceiling_and_hide_each_other_only_without_slack() -> None:
    highs = [180, 182, 186.97, 193.11, 193.14, 194.22, 194.06, 193.43, 194.3, 194.4, 188.45, 185, 184]
    ceiling = bars_of(highs, np.full(13, 170), np.full(13, 175))
    assert [swing.index for swing in find_swings(ceiling, 3)] == [9]
    assert [swing.index for swing in find_swings(ceiling, 3, slack=1)] == [5, 9]


def test_a_turn_of_today_is_told_where_nothing_need_confirm_it() -> None:
    falling = path((0, 110), (10, 100))
    assert find_swings(falling, 3) == find_swings(falling, 3, after=1) == ()
    assert [(swing.side, swing.price) for swing in find_swings(falling, 3, after=0)] == [("low", 100)]


@given(st.lists(st.integers(1, 6), max_size=30), st.integers(1, 4), st.integers(0, 2), st.data())
def test_swings_are_what_their_definition_says(highs: list[int], width: int, slack: int, data: st.DataObject) -> None:
    after = data.draw(st.integers(0, width))
    by_hand = [
        place
        for place in range(width, len(highs) - after)
        if highs[place] > highs[place - 1]
        and all(highs[place] >= next_ for next_ in highs[place + 1 : place + 2])
        and highs[place] >= max(highs[place - width : place + width + 1]) - slack
    ]
    ups = find_swings(bars_of(highs, [0] * len(highs), highs), width, slack, after)
    downs = find_swings(bars_of([9] * len(highs), [-high for high in highs], highs), width, slack, after)
    assert [swing.index for swing in ups] == [swing.index for swing in downs] == by_hand


@pytest.mark.parametrize("count", [0, 1, 3, 6])
def test_too_few_bars_have_no_swings(count: int) -> None:
    assert find_swings(random_walk(1, count), 3) == ()


@pytest.mark.parametrize(("count", "width"), [(0, 2), (60, 2), (180, 3), (252, 3), (2_000, 10), (1_000_000, 10)])
def test_more_bars_ask_for_wider_swings(count: int, width: int) -> None:
    assert swing_width(count) == width


def test_the_dominant_swing_runs_between_the_extremes_in_the_order_of_time() -> None:
    rise, fall = dominant_swing(ZIGZAG), dominant_swing(path((0, 110), (10, 90), (15, 95)))
    assert rise is not None
    assert [(one.side, one.price, one.index) for one in rise] == [("low", 100, 0), ("high", 112, 30)]
    assert fall is not None
    assert [(one.side, one.price, one.index) for one in fall] == [("high", 110, 0), ("low", 90, 10)]


def test_the_extremes_are_the_first_of_equals_confirmed_or_not() -> None:
    low, high = extremes(bars_of([3, 5, 5, 4], [1, 2, 2, 1], [2, 3, 3, 2]))
    assert [(one.side, one.price, one.index) for one in (low, high)] == [("low", 1, 0), ("high", 5, 1)]


def test_a_bar_that_holds_both_extremes_does_not_say_which_came_first() -> None:
    assert dominant_swing(bars_of([101, 110, 102], [99, 90, 98], [100, 100, 100])) is None
    assert dominant_swing(bars_of(np.full(5, 7), np.full(5, 7), np.full(5, 7))) is None
