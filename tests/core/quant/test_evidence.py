"""Evidence: each kind on bars whose answer is known by hand."""

from datetime import date

import numpy as np
import pytest

from tests.price_paths import bars_of, closes, path
from ttai.quant.bars import Bars
from ttai.quant.evidence import (
    Evidence,
    extensions,
    moving_averages,
    open_gaps,
    pivots,
    retracements,
    round_numbers,
    turn_evidence,
    volume_nodes,
)
from ttai.quant.intervals import INTERVALS
from ttai.quant.swings import Swing, dominant_swing, find_swings


def prices(found: list[Evidence]) -> list[float]:
    return [one.price for one in found]


def test_a_turn_weighs_less_with_age() -> None:
    bars = path((0, 110), (10, 100), (20, 110), (30, 100), (40, 110))
    found = [one for one in turn_evidence(bars, find_swings(bars, 3), 3) if one.price == 100]
    assert [(one.kind, one.label) for one in found] == [("range low", "range low"), ("swing", "swing low")]
    assert found[0].weight / found[1].weight == pytest.approx(0.25 ** (20 / 41))


def test_the_ends_of_the_range_are_evidence_unconfirmed_too() -> None:
    bars = path((0, 100), (10, 120), (12, 118), wick=1)
    assert find_swings(bars, 3) == ()
    low, high = turn_evidence(bars, (), 3)
    assert [(one.kind, one.price) for one in (low, high)] == [("range low", 99), ("range high", 121)]
    assert high.weight == pytest.approx(0.3 * 0.25 ** (2 / 13) * 2 / 3)  # two of three bars have confirmed it


def test_a_close_at_the_end_of_the_range_has_not_turned_there() -> None:
    rise = closes(np.arange(100.0, 130))
    assert [one.kind for one in turn_evidence(rise, (), 3)] == ["range low"]


def test_a_swing_on_the_heaviest_volume_weighs_more_and_unknown_volume_changes_nothing() -> None:
    low = [5.0, 4, 3, 4, 5, 4, 3, 4, 5]
    swings = find_swings(bars_of([9] * 9, low, low), 2)
    plain = turn_evidence(bars_of([9] * 9, low, low), swings, 2)[:2]
    heavy = turn_evidence(bars_of([9] * 9, low, low, np.array([2.0, 3, 9, 4, 5, 6, 1, 7, 8])), swings, 2)[:2]
    assert [one.weight / other.weight for one, other in zip(heavy, plain, strict=True)] == pytest.approx(
        [1.25, 0.75 + 0.5 / 9]
    )


def test_a_node_stands_where_most_was_traded() -> None:
    high = np.concatenate([np.full(10, 110.0), np.full(40, 106), np.full(5, 120)])
    low = np.concatenate([np.full(10, 100.0), np.full(40, 104), np.full(5, 110)])
    found = volume_nodes(bars_of(high, low, low, 1000), 1.0)
    assert len(found) == 1
    assert 104 <= found[0].price <= 106
    assert found[0].weight == 0.25


def test_a_lesser_node_weighs_less() -> None:
    high = np.concatenate([np.full(40, 105.5), np.full(20, 115.5), [120]])
    low = np.concatenate([np.full(40, 105.2), np.full(20, 115.2), [100]])
    found = volume_nodes(bars_of(high, low, low, 1000), 1.0)
    assert prices(found) == [105.5, 115.5]
    assert found[1].weight / found[0].weight == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize("volume", [np.nan, 0.0])
def test_without_volume_there_are_no_nodes(volume: float) -> None:
    assert volume_nodes(bars_of([11, 12, 13], [10, 11, 12], [10, 11, 12], volume), 0.5) == []


def test_a_profile_far_taller_than_a_bin_is_made_of_taller_bins() -> None:
    [node, *_] = volume_nodes(bars_of([11, 11, 1_000_000], [10, 10, 11], [10, 11, 12], 500), 1e-9)
    assert node.price == pytest.approx(10 + (1_000_000 - 10) / 500 / 2)


def test_a_gap_is_what_has_not_been_traded_since() -> None:
    high = [10, 11, 16, 17, 16, 16.0]
    low = [9, 10, 15, 16, 14, 15.0]  # up from 11 to 15, later filled down to 14
    found = open_gaps(bars_of(high, low, low), 0.5)
    assert [(one.label, one.price, one.time) for one in found] == [
        ("gap up", 11, date(2026, 1, 3)),
        ("gap up", 14, date(2026, 1, 3)),
    ]
    assert [one.weight for one in found] == pytest.approx([0.15 * 0.25 ** (3 / 6)] * 2)


def test_a_gap_down_is_the_mirror() -> None:
    found = open_gaps(bars_of([21, 20, 15, 17, 14], [20, 19, 14, 13, 13], [20, 19, 14, 14, 13]), 0.5)
    assert [(one.label, one.price) for one in found] == [("gap down", 17), ("gap down", 19)]


def test_a_closed_gap_and_a_crack_are_no_gaps() -> None:
    assert open_gaps(bars_of([10, 16, 15], [9, 15, 9.5], [10, 15, 10]), 0.5) == []
    assert open_gaps(bars_of([10, 11], [9, 10.4], [10, 11]), 0.5) == []


def test_averages_want_as_many_bars() -> None:
    rise = closes(np.arange(1.0, 201))
    assert [(one.label, one.price) for one in moving_averages(rise)] == [("SMA 50", 175.5), ("SMA 200", 100.5)]
    assert [one.label for one in moving_averages(rise[:199])] == ["SMA 50"]
    assert moving_averages(rise[:49]) == []


def test_fibonacci_measures_a_rise_from_its_top_and_a_fall_from_its_bottom() -> None:
    rise, fall = dominant_swing(path((0, 100), (10, 200))), dominant_swing(path((0, 200), (10, 100)))
    assert rise is not None
    assert fall is not None
    assert prices(retracements(*rise)) == pytest.approx([176.4, 161.8, 150, 138.2, 121.4])
    assert prices(retracements(*fall)) == pytest.approx([123.6, 138.2, 150, 161.8, 178.6])
    assert prices(extensions(*rise)) == pytest.approx([227.2, 261.8])
    assert prices(extensions(*fall)) == pytest.approx([72.8, 38.2])
    assert [one.label for one in extensions(*rise)] == ["127.2% extension", "161.8% extension"]


def test_no_extension_of_a_fall_below_zero() -> None:
    moment = date(2026, 1, 1)
    assert extensions(Swing("high", 200, moment, 0), Swing("low", 10, moment, 1)) == []


def test_pivots_are_those_of_the_bar_before_while_one_is_forming() -> None:
    bars = bars_of([50, 112, 90], [40, 100, 80], [45, 109, 85])
    assert {one.label: one.price for one in pivots(bars, forming=True)} == {
        "P": 107, "R1": 114, "S1": 102, "R2": 119, "S2": 95,
    }  # fmt: skip
    assert pivots(bars, forming=False)[0].price == 85
    assert pivots(bars[:1], forming=True) == []


def session_bars(first: str, count: int) -> Bars:
    """Half-hour bars around the clock: the n-th closes at n."""
    time = np.datetime64(first, "ms") + np.arange(count) * np.timedelta64(30, "m")
    level = np.arange(float(count))
    return Bars(INTERVALS["30m"], time, level, level + 2, level - 1, level, np.full(count, 5.0))


def test_intraday_pivots_are_those_of_the_last_whole_day_in_new_york() -> None:
    bars = session_bars("2026-11-18T03:00", 48 * 2 + 20)  # midnight in New York is 05:00 UTC: bars 4, 52 and 100
    high, low, close = 99 + 2, 52 - 1, 99
    assert pivots(bars, forming=True)[0].price == pytest.approx((high + low + close) / 3)
    high, low, close = 115 + 2, 100 - 1, 115
    assert pivots(bars, forming=False)[0].price == pytest.approx((high + low + close) / 3)


def test_a_session_that_may_have_begun_before_the_bars_has_no_pivots() -> None:
    assert pivots(session_bars("2026-11-18T15:00", 40), forming=True) == []


@pytest.mark.parametrize(
    ("price", "low", "high", "expected"),
    [
        (430, 405, 450, [425, 450]),
        (672, 610, 712, [625, 650, 675, 700]),
        (100, 91, 104, [95, 100]),
        (12, 11.1, 12.6, [11.5, 12, 12.5]),
        (1.5, 1.42, 1.61, [1.5, 1.6]),
        (0.021, 0.0185, 0.0225, [0.019, 0.02, 0.021, 0.022]),
        (6700, 6400, 7400, [6500, 6750, 7000, 7250]),
        (930, 890, 1010, [900, 950, 1000]),
        (700_000, 690_000, 712_000, [700_000]),
    ],
)
def test_round_numbers_fit_the_size_of_the_price(price: float, low: float, high: float, expected: list[float]) -> None:
    found = round_numbers(low, high, price)
    assert prices(found) == expected
    assert [float(one.label) for one in found] == expected


def test_round_numbers_stay_near_the_price() -> None:
    assert {one.price for one in round_numbers(0.01, 1e9, 10)} == {5 + n / 2 for n in range(31)}
