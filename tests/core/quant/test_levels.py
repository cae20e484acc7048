"""Levels: what a trader would draw on the chart, and nothing that isn't there."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.price_paths import FIVE_MINUTES, bars_of, closes, mirrored, path, random_walk, recorded, scaled
from ttai.quant.bars import Bars
from ttai.quant.levels import REACH, Levels, find_levels
from ttai.quant.zones import Zone

walks = st.builds(random_walk, st.integers(0, 100_000), st.integers(15, 400))
seeded = settings(max_examples=60)

DOUBLE_TOP = path((0, 104), (15, 110), (30, 100), (45, 110), (60, 100), (75, 105), wick=0.25)


def zones(levels: Levels) -> list[Zone]:
    return sorted({*levels.supports, *levels.resistances}, key=lambda zone: zone.price)


def at(levels: Levels, price: float) -> Zone:
    [zone] = [zone for zone in zones(levels) if zone.low - 1e-9 <= price <= zone.high + 1e-9]
    return zone


def test_a_double_top_and_a_double_bottom_are_where_the_eye_sees_them() -> None:
    levels = find_levels(DOUBLE_TOP, keep=20)
    top, bottom = at(levels, 110.25), at(levels, 99.75)
    assert (top.side, bottom.side) == ("resistance", "support")
    for zone, last in ((top, "2026-02-15"), (bottom, "2026-03-02")):
        assert zone.touches == 2
        assert "swing" in zone.kinds
        assert f"{zone.last_touch:%Y-%m-%d}" == last
    assert [zone for zone in zones(levels) if zone.touches > 1] == [bottom, top]
    assert (levels.bars, levels.close, levels.low, levels.high) == (76, 105, 99.75, 110.25)


def test_one_gap_is_a_level_by_itself() -> None:
    close = np.concatenate([np.linspace(100, 102, 20), np.linspace(110, 112, 20)])
    levels = find_levels(bars_of(close + 0.5, close - 0.5, close), keep=30, with_round_numbers=False)
    assert "gap" in at(levels, 102.5).kinds
    assert "gap" in at(levels, 109.5).kinds


def test_where_kinds_meet_is_a_confluence() -> None:
    levels = find_levels(DOUBLE_TOP)
    bottom = at(levels, 100)
    assert {"swing", "range low", "round number"} <= set(bottom.kinds)
    assert any(zone.confluence for zone in zones(find_levels(recorded("IBM"), lookback=252)))


@given(walks)
@seeded
def test_zones_lie_within_the_range_on_their_side_and_apart(bars: Bars) -> None:
    levels = find_levels(bars)
    found = zones(levels)
    assert found
    assert len(levels.supports) <= 9
    assert len(levels.resistances) <= 9
    kinds = {kind for zone in found for kind in zone.kinds}
    assert "range low" in kinds or bars.low.min() == bars.close[-1]
    assert "range high" in kinds or bars.high.max() == bars.close[-1]
    assert all(bars.low.min() <= zone.low <= zone.price <= zone.high <= bars.high.max() for zone in found)
    assert all(zone.high <= bars.close[-1] for zone in levels.supports)
    assert all(zone.low > bars.close[-1] for zone in levels.resistances)
    assert all(below.high < above.low for below, above in pairwise(found))
    assert all(zone.high - zone.low <= REACH * levels.atr * (1 + 1e-9) for zone in found)  # type: ignore[operator]
    assert all(0 < zone.strength <= 100 for zone in found)
    assert not any(bars.low.min() <= one.price <= bars.high.max() for one in levels.fibonacci_extensions)


@given(walks)
@seeded
def test_zones_are_listed_nearest_first(bars: Bars) -> None:
    levels = find_levels(bars)
    for side in (levels.supports, levels.resistances):
        distances = [abs(zone.price - bars.close[-1]) for zone in side]
        assert distances == sorted(distances)


@given(walks, st.floats(1e-3, 1e3))
@seeded
def test_a_rescaled_series_has_rescaled_levels(bars: Bars, factor: float) -> None:
    one, other = (find_levels(series, with_round_numbers=False) for series in (bars, scaled(bars, factor)))
    for mine, theirs in zip(
        (*one.supports, *one.resistances),
        (*other.supports, *other.resistances),
        strict=True,
    ):
        assert (theirs.price, theirs.low, theirs.high) == pytest.approx(
            (mine.price * factor, mine.low * factor, mine.high * factor)
        )
        assert theirs.strength == pytest.approx(mine.strength)
        assert (theirs.kinds, theirs.touches, theirs.last_touch) == (mine.kinds, mine.touches, mine.last_touch)
    assert [swing.price for swing in other.swings] == pytest.approx([swing.price * factor for swing in one.swings])
    assert other.extension_atr == pytest.approx(one.extension_atr)
    assert other.reasons == one.reasons


@given(st.lists(st.integers(0, 5), min_size=1, max_size=4), st.integers(1, 30))
@seeded
def test_the_same_touches_earlier_give_less_strength(between: list[int], earlier: int) -> None:
    def dips(shift: int) -> Bars:
        prices = 110 + np.tile([0.0, 0.3, -0.3, 0.1], 40)
        prices[80 + np.cumsum([10 + wait for wait in between]) - shift] = 100
        return closes(prices)

    late, early = (at(find_levels(dips(shift), keep=40), 100) for shift in (0, earlier))
    assert late.touches == early.touches == len(between)
    assert early.strength < late.strength


@pytest.mark.parametrize("lookback", [3, 10, 60])
def test_a_zone_that_price_never_touched_is_not_called_strong(lookback: int) -> None:
    """Where few bars make few swings, averages, pivots and retracements crowd together."""
    found = [zone for seed in range(60) for zone in zones(find_levels(random_walk(seed, 400), lookback=lookback))]
    untouched = [zone for zone in found if not zone.touches]
    assert max(len(zone.evidence) for zone in untouched) > 5
    assert max(zone.strength for zone in untouched) < 50


def test_heavy_volume_makes_a_level_stronger() -> None:
    heavy = replace(DOUBLE_TOP, volume=np.where(DOUBLE_TOP.low < 100, 9e6, 1e5))
    assert at(find_levels(heavy, keep=20), 99.75).strength > at(find_levels(DOUBLE_TOP, keep=20), 99.75).strength


def test_a_pure_uptrend_is_an_uptrend_with_supports_alone_and_its_mirror_a_downtrend() -> None:
    rise = closes(100 * 1.01 ** np.arange(250))
    up, down = find_levels(rise), find_levels(mirrored(rise))
    assert up.trend is not None
    assert down.trend is not None
    assert (up.trend.direction, down.trend.direction) == ("up", "down")
    assert (up.trend.quality, down.trend.quality) == pytest.approx((100, 100))
    assert up.supports
    assert not up.resistances
    assert up.extension_atr is not None
    assert down.extension_atr is not None
    assert up.extension_atr > 0 > down.extension_atr


@pytest.mark.parametrize("symbol", ["AAPL", "IBM"])
def test_recorded_distances_are_those_of_ta_lib(symbol: str) -> None:
    bars = recorded(symbol)
    levels = find_levels(bars, lookback=180)
    atr = talib.ATR(bars.high, bars.low, bars.close, 14)[-1]
    assert levels.atr == pytest.approx(atr, rel=1e-8)
    assert levels.extension_atr == pytest.approx((bars.close[-1] - talib.SMA(bars.close, 20)[-1]) / atr, rel=1e-8)
    assert [reason for reason in levels.reasons if "trend sideways" not in reason] == []


def test_recorded_ibm_turned_at_its_highs_of_the_autumn() -> None:
    levels = find_levels(recorded("IBM"), lookback=180)
    assert levels.high == 211.79
    top = levels.resistances[-1]
    assert (top.low, top.high, top.touches) == (211.0, 211.79, 3)
    assert {one.label for zone in levels.supports for one in zone.evidence} >= {"SMA 50", "SMA 200", "P"}


@pytest.mark.parametrize(("symbol", "direction"), [("AAPL", "down"), ("IBM", "sideways")])
def test_the_recorded_winter_went_the_way_it_looks(symbol: str, direction: str) -> None:
    trend = find_levels(recorded(symbol), lookback=180).trend
    assert trend is not None
    assert trend.direction == direction


def test_a_level_nearby_is_kept_before_a_stronger_one_far_away() -> None:
    bars = path((0, 65), (5, 60), (10, 65), (15, 60), (20, 65), (25, 60), (65, 100), (70, 98), (80, 100), wick=0.2)
    near, far = find_levels(bars, keep=1), find_levels(bars, keep=30)
    kept, end = near.supports
    assert kept.low > 95
    assert "range low" in end.kinds
    assert at(far, 59.8).strength > kept.strength


def test_keep_is_the_most_of_each_list_beside_the_end_of_the_range() -> None:
    levels = find_levels(recorded("IBM"), lookback=252, keep=2)
    for side, end in ((levels.supports, "range low"), (levels.resistances, "range high")):
        assert len([zone for zone in side if end not in zone.kinds]) <= 2
        assert len(side) <= 3
        assert end in side[-1].kinds


def test_a_ceiling_that_broke_two_bars_ago_is_a_resistance_with_its_touches() -> None:
    """No swing without slack: each of its highs is topped by the next within three bars, the last is unconfirmed."""
    tops = [193.11, 193.14, 194.22, 194.06, 193.43, 194.3, 194.4, 188.45, 190.94]
    high = np.concatenate([np.linspace(150, 187, 40), tops])
    bars = bars_of(high, high - 5, high - 3)
    ceiling = at(find_levels(bars, width=3), 194.4)
    assert (ceiling.side, ceiling.touches) == ("resistance", 2)
    assert f"{ceiling.last_touch:%Y-%m-%d}" == "2026-02-16"
    middling = replace(bars, high=np.concatenate([[260.0], high[1:]]))  # not the end of the range any more
    assert at(find_levels(middling, width=3), 194.4).touches == 2


def test_earlier_bars_serve_the_averages_alone() -> None:
    bars = recorded("AAPL")
    levels = find_levels(bars, lookback=100)
    assert levels.bars == 100
    assert levels.low == bars.low[-100:].min()
    assert levels.swings[0].time >= bars.begins(-100)
    assert "SMA 50" in str(zones(find_levels(bars, lookback=100, keep=40)))
    assert "the 200-bar average" in str(find_levels(bars[-100:]).reasons)


def test_the_newest_bar_gives_the_pivots_once_it_is_complete() -> None:
    def middle(forming: bool) -> float:
        levels = find_levels(recorded("IBM"), keep=90, forming=forming)
        [price] = [one.price for zone in zones(levels) for one in zone.evidence if one.label == "P"]
        return price

    bars = recorded("IBM")
    before, newest = ((bars.high[place] + bars.low[place] + bars.close[place]) / 3 for place in (-2, -1))
    assert (middle(True), middle(False)) == pytest.approx((before, newest))


def test_a_wider_swing_is_rarer() -> None:
    few, many = (find_levels(recorded("IBM"), lookback=252, width=width) for width in (10, 2))
    assert 0 < len(few.swings) < len(many.swings)
    assert set(few.swings) < set(many.swings)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_bars_say_how_many_are_needed(count: int) -> None:
    levels = find_levels(random_walk(3, count))
    assert (levels.bars, levels.atr, levels.trend, levels.extension_atr) == (count, None, None, None)
    assert not zones(levels)
    if count:
        assert levels.reasons == (
            f"swings of width 2 need 5 bars, here are {count}",
            f"zones and distances need an ATR, that is 15 bars, here are {count}",
            f"a trend needs 20 bars, here are {count}",
            f"the extension needs 20 bars, here are {count}",
        )
    else:
        assert levels.reasons == ("there are no bars",)


def test_constant_prices_are_sideways_without_levels() -> None:
    levels = find_levels(closes(np.full(250, 4.1), volume=100))
    assert levels.trend is not None
    assert (levels.trend.direction, levels.trend.r_squared) == ("sideways", None)
    assert levels.atr == 0
    assert levels.extension_atr is None
    assert not zones(levels)
    assert not levels.swings
    assert levels.reasons == (
        "all closes are equal: R² and quality are unknown",
        "the prices do not move: there are no levels",
    )


def test_a_lookback_that_stands_still_has_no_levels() -> None:
    levels = find_levels(closes(np.concatenate([random_walk(5, 60).close, np.full(30, 100)]), volume=100), lookback=20)
    assert levels.atr is not None
    assert levels.atr > 0
    assert not zones(levels)
    assert "the prices do not move: there are no levels" in levels.reasons


def test_prices_that_stopped_moving_long_ago_are_not_measured_in_dust() -> None:
    levels = find_levels(closes(np.concatenate([[100, 101, 99, 102], np.full(3000, 100)])))
    assert 0 < levels.atr < 1e-90  # type: ignore[operator]
    assert levels.extension_atr is None
    assert "the prices do not move: there are no levels" in levels.reasons


def test_what_stands_before_a_missing_price_is_left_out() -> None:
    bars = random_walk(5, 120)
    close = bars.close.copy()
    close[39] = np.nan
    levels = find_levels(replace(bars, close=close))
    whole = find_levels(bars[40:])
    assert levels.reasons[0] == "the bars up to the last one that lacks a price are left out: 40 of 120"
    assert (levels.bars, levels.supports, levels.trend) == (80, whole.supports, whole.trend)


def test_without_volume_the_rest_stands() -> None:
    levels = find_levels(replace(random_walk(5, 250), volume=np.full(250, np.nan)))
    assert zones(levels)
    assert not any("volume node" in zone.kinds for zone in zones(levels))
    assert levels.reasons[1:] == ("no volume nodes: volume is unknown, 0 or without a peak",)
    assert levels.reasons[0].startswith("trend sideways, hence without quality: R² 0.05 is below 0.25")


def test_intraday_bars_without_a_whole_session_before_have_no_pivots() -> None:
    bars = random_walk(5, 60)
    time = np.datetime64("2026-11-18T15:00", "ms") + np.arange(60) * np.timedelta64(5, "m")
    assert (
        "no pivots: the bars do not hold the whole session before the newest"
        in find_levels(replace(bars, time=time, interval=FIVE_MINUTES)).reasons
    )


def test_a_bar_that_spans_the_range_leaves_fibonacci_out() -> None:
    bars = random_walk(5, 60)
    high, low = bars.high.copy(), bars.low.copy()
    high[30], low[30] = 300, 20
    levels = find_levels(replace(bars, high=high, low=low))
    assert levels.dominant is None
    assert levels.fibonacci_extensions == ()
    assert "one bar holds both the lowest low and the highest high: no Fibonacci levels" in levels.reasons


@pytest.mark.parametrize("wrong", [{"lookback": 0}, {"width": 0}, {"keep": 0}, {"lookback": -5}])
def test_counts_below_one_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        find_levels(DOUBLE_TOP, **wrong)  # type: ignore[arg-type]
