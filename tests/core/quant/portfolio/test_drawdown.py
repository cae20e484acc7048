"""Falls and returns of an account by hand, by a slow loop, and whatever was paid in."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttai.quant.portfolio.drawdown import Flow, max_drawdown, sampled, time_weighted

BEGIN = datetime(2026, 1, 5, 21, tzinfo=UTC)


def days(count: int) -> list[datetime]:
    return [BEGIN + timedelta(days=day) for day in range(count)]


def test_the_worst_fall_and_its_recovery() -> None:
    values = [100, 120, 90, 110, 125, 105, 130]
    found = max_drawdown(days(7), values)
    assert found is not None
    assert (found.dollars, found.fraction) == (30, 0.25)
    assert (found.peak, found.trough, found.recovered) == (days(7)[1], days(7)[2], days(7)[4])
    still = max_drawdown(days(3), values[:3])
    assert still is not None
    assert still.recovered is None
    assert max_drawdown(days(3), [100, 100, 110]) is None


def test_money_taken_out_is_no_fall_and_money_paid_in_no_gain() -> None:
    """100 earns 10 %, 90 is taken out and 20 loses half, 100 comes in and makes 110."""
    flows = [Flow(days(4)[2], -90), Flow(days(4)[2] + timedelta(hours=1), 100)]
    values = [100, 110, 10, 110]
    assert time_weighted(days(4), values, flows) == pytest.approx(1.1 * 0.5 - 1)
    found = max_drawdown(days(4), values, flows)
    assert found is not None
    assert found.dollars == pytest.approx(10)
    assert found.fraction == pytest.approx(0.5)


def test_flows_before_the_first_value_and_after_the_last_are_not_counted() -> None:
    flows = [Flow(BEGIN, 50), Flow(BEGIN - timedelta(days=9), 50), Flow(BEGIN + timedelta(days=9), 50)]
    assert time_weighted(days(2), [100, 110], flows) == pytest.approx(0.1)
    opened = [Flow(BEGIN + timedelta(hours=1), 1000)]
    assert time_weighted(days(4), [0, 1000, 1100, 1100], opened) == pytest.approx(0.1)
    assert time_weighted(days(3), [0, 0, 0]) == 0


VALUES = st.lists(st.floats(1, 1000), min_size=2, max_size=40)


@given(VALUES)
def test_the_worst_fall_is_that_of_every_pair(values: list[float]) -> None:
    pairs = [1 - values[j] / values[i] for i in range(len(values)) for j in range(i, len(values))]
    found = max_drawdown(days(len(values)), values)
    assert (0 if found is None else found.fraction) == pytest.approx(max(pairs), abs=1e-9)
    assert time_weighted(days(len(values)), values) == pytest.approx(values[-1] / values[0] - 1)


@given(VALUES, st.lists(st.floats(-0.5, 3), min_size=40, max_size=40))
def test_what_is_paid_in_changes_neither_return_nor_fall(values: list[float], parts: list[float]) -> None:
    """The same growth with a share of the account paid in, or taken out, before each day."""
    times, size, scaled, flows = days(len(values)), 1.0, [values[0]], []
    for day in range(1, len(values)):
        flows.append(Flow(times[day], scaled[-1] * parts[day]))
        size *= 1 + parts[day]
        scaled.append(values[day] * size)
    plain, flowed = max_drawdown(times, values), max_drawdown(times, scaled, flows)
    assert time_weighted(times, scaled, flows) == pytest.approx(time_weighted(times, values), rel=1e-9, abs=1e-9)
    falls = [0 if one is None else one.fraction for one in (plain, flowed)]
    assert falls[0] == pytest.approx(falls[1], abs=1e-9)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200), st.integers(5, 50))
def test_a_sample_keeps_the_ends_and_the_extremes(values: list[float], most: int) -> None:
    times = days(len(values))
    some_times, some = sampled(times, values, most)
    assert len(some) == len(some_times) <= most
    assert (some[0], some[-1], min(some), max(some)) == (values[0], values[-1], min(values), max(values))
    assert some_times == sorted(set(some_times))
    assert all(values[times.index(time)] == value for time, value in zip(some_times, some, strict=True))
    if len(values) <= most:
        assert some == values


def test_a_sample_sees_the_spikes_that_points_at_even_distances_miss() -> None:
    chance = np.random.default_rng(5)
    values = 1000 + np.cumsum(chance.normal(0, 1, 3000))
    spikes = chance.choice(3000, 12, replace=False)
    values[spikes] += 40
    times = days(3000)
    some_times, _ = sampled(times, values.tolist(), 100)
    seen = {(time - BEGIN).days for time in some_times}
    assert len(seen) <= 100
    assert len(seen & {*spikes.tolist()}) >= 10
    assert len({*np.linspace(0, 2999, 100).astype(int).tolist()} & {*spikes.tolist()}) <= 2


def test_only_series_are_taken() -> None:
    two = days(2)
    for work in (time_weighted, max_drawdown):
        with pytest.raises(ValueError, match="as many times as values"):
            work(two, [1])
        with pytest.raises(ValueError, match="ascend"):
            work([BEGIN, BEGIN], [1, 2])
        with pytest.raises(ValueError, match="known numbers"):
            work(two, [1, math.nan])
        with pytest.raises(ValueError, match="two values at least"):
            work(two[:1], [1])
        with pytest.raises(ValueError, match="no return is earned on -1 dollars"):
            work(two, [100, 110], [Flow(two[1], -101)])
        with pytest.raises(ValueError, match="a flow is a number"):
            work(two, [100, 110], [Flow(two[1], math.nan)])
    with pytest.raises(ValueError, match="5 points or more"):
        sampled(two, [1, 2], 4)
