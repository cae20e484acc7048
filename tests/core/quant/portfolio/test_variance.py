"""The risk of a book by hand, beside pandas and numpy, and what must hold of any."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ttai.quant.portfolio.variance import FEWEST, concentration, risk

NAN = math.nan


def factors(count: int, days: int = 250, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Returns of underlyings that follow a market, and the market's."""
    chance = np.random.default_rng(seed)
    market = chance.normal(0, 0.01, days)
    own = chance.normal(0, 0.012, (days, count))
    return market[:, np.newaxis] * chance.uniform(0.5, 1.8, count) + own, market


def test_two_underlyings_by_hand() -> None:
    """Perfectly alternating returns: correlation exactly 0, then 1, then −1."""
    a = np.tile([0.01, -0.01, 0.01, -0.01], 30)
    b = np.tile([0.02, 0.02, -0.02, -0.02], 30)
    independent = risk(["A", "B"], [3000, 4000], [0.1, 0.1], np.column_stack((a, b)), a + b)
    assert independent.year == pytest.approx(500)
    assert independent.day == pytest.approx(500 / math.sqrt(252))
    assert independent.together_year == pytest.approx(700)
    assert independent.together_day == pytest.approx(700 / math.sqrt(252))
    assert independent.diversification == pytest.approx(1.4)
    first, second = independent.shares
    assert (first.symbol, second.symbol) == ("B", "A")
    assert [first.share, second.share] == pytest.approx([0.64, 0.36])
    assert [first.correlation, second.correlation] == pytest.approx([0.8, 0.6])
    alike = risk(["A", "B"], [3000, 4000], [0.1, 0.1], np.column_stack((a, a)), a)
    assert [alike.year, alike.diversification] == pytest.approx([700, 1])
    hedged = risk(["A", "B"], [3000, -4000], [0.1, 0.1], np.column_stack((a, a)), a)
    assert hedged.year == pytest.approx(100)
    assert [one.share for one in hedged.shares] == pytest.approx([4, -3])


def test_a_book_without_a_move_has_no_shares() -> None:
    returns, market = factors(1)
    flat = risk(["A", "B"], [100, -100], [0.2, 0.2], np.column_stack((returns, returns)), market)
    assert (flat.diversification, [one.share for one in flat.shares]) == (None, [None, None])
    assert [one.correlation for one in flat.shares] == [None, None]
    nothing = risk([], [], [], np.empty((0, 0)), [])
    assert (nothing.day, nothing.year, nothing.shares, nothing.left_out) == (0, 0, (), ())


def test_correlations_are_those_of_pandas_where_series_are_shorter() -> None:
    returns, market = factors(4)
    returns[:120, 1] = NAN
    returns[200:, 2] = NAN
    returns[::7, 3] = NAN
    dollars, volatilities = np.array([1e4, -2e4, 3e4, 1e3]), np.array([0.2, 0.4, 0.3, 0.9])
    found = risk(list("ABCD"), dollars, volatilities, returns, market)
    theirs = pd.DataFrame(returns).corr(min_periods=FEWEST).to_numpy()
    moves = dollars * volatilities
    assert np.linalg.eigvalsh(theirs).min() > 0
    assert found.year == pytest.approx(math.sqrt(moves @ theirs @ moves), rel=1e-9)
    assert not any(one.by_beta for one in found.shares)


def test_the_standard_deviation_is_that_of_the_book_s_own_returns() -> None:
    returns, market = factors(5)
    dollars = np.array([100.0, 200, -50, 80, 10])
    found = risk(list("ABCDE"), dollars, returns.std(axis=0, ddof=1) * math.sqrt(252), returns, market)
    assert found.day == pytest.approx((returns @ dollars).std(ddof=1))


def test_without_returns_beta_says_how_it_moves_else_it_is_left_out() -> None:
    returns, market = factors(2)
    returns = np.column_stack((returns[:, 0], np.full((250, 4), NAN)))
    returns[: FEWEST - 1, 1] = market[: FEWEST - 1]  # too few days
    names, dollars = ["A", "new", "lost", "dark", "gone"], [1.0, 1e4, 5e5, 5e5, 5e5]
    volatilities = [0.2, 0.3, 0.3, NAN, -0.1]
    found = risk(names, dollars, volatilities, returns, market, [NAN, 0.9, NAN, 1.0, 1.0], 0.15)
    assert found.left_out == ("lost", "dark", "gone")
    assert {one.symbol: one.by_beta for one in found.shares} == {"A": False, "new": True}
    only = risk(["new"], [1e4], [0.3], returns[:, 1:2], market, [0.9], 0.15)
    assert only.year == pytest.approx(3000)
    pair = risk(
        ["SPY", "new"], [1e4, 1e4], [0.15, 0.3], np.column_stack((market, returns[:, 1])), market, [1, 0.9], 0.15
    )
    rho = 0.9 * 0.15 / 0.3
    assert pair.year == pytest.approx(math.sqrt(1500**2 + 3000**2 + 2 * 1500 * 3000 * rho))
    unsaid = risk(["SPY", "new"], [1e4, 1e4], [0.15, 0.3], np.column_stack((market, returns[:, 1])), market, [1, 0.9])
    rho = 0.9 * market.std(ddof=1) * math.sqrt(252) / 0.3
    assert unsaid.year == pytest.approx(math.sqrt(1500**2 + 3000**2 + 2 * 1500 * 3000 * rho))
    wild = risk(["SPY", "new"], [1e4, 1e4], [0.15, 0.3], np.column_stack((market, returns[:, 1])), market, [1, 9], 0.15)
    assert wild.year == pytest.approx(4500)
    assert risk(["new"], [1], [0.3], returns[:9, 1:2], market[:9], [0.9]).left_out == ("new",)


def test_a_series_that_never_moves_has_no_correlation() -> None:
    returns, market = factors(1)
    flat = np.full((250, 1), 0.1)
    assert risk(["A", "B"], [1, 1], [0.2, 0.2], np.column_stack((returns, flat)), market).left_out == ("B",)


def test_pairs_that_contradict_each_other_are_made_a_matrix_of_correlations() -> None:
    """A follows B in one half of the days, B follows C in the other, and A runs against C: no variance below 0."""
    chance = np.random.default_rng(8)
    one, two, three = chance.normal(0, 0.01, (3, 70))
    gap = np.full(70, NAN)
    returns = np.column_stack((
        np.concatenate((one, gap, three)), np.concatenate((one, two, gap)), np.concatenate((gap, two, -three)),
    ))  # fmt: skip
    market = chance.normal(0, 0.01, 210)
    pairs = pd.DataFrame(returns).corr(min_periods=FEWEST).to_numpy()
    assert np.linalg.eigvalsh(pairs).min() < -0.5
    found = risk(list("ABC"), [1e4, -1e4, 5e3], [0.2, 0.2, 0.2], returns, market)
    assert found.year == pytest.approx(1000)  # the nearest such matrix has ½, ½ and −½
    assert math.fsum(share.share or 0 for share in found.shares) == pytest.approx(1)


@given(st.integers(0, 10**6), st.integers(1, 8), st.floats(0, 0.6), st.booleans())
def test_any_book_moves_no_more_than_all_together_and_its_shares_are_all_of_it(
    seed: int, count: int, missing: float, hedged: bool
) -> None:
    chance = np.random.default_rng(seed)
    returns, market = factors(count, 150, seed)
    returns[chance.random(returns.shape) < missing] = NAN
    dollars = chance.normal(0, 1e5, count) * (1 if hedged else np.sign(chance.normal(0, 1, count)))
    found = risk(
        [f"S{at}" for at in range(count)], dollars, chance.uniform(0.1, 1, count), returns, market, np.ones(count), 0.2
    )
    assert found.left_out == ()
    assert found.year <= found.together_year * (1 + 1e-9)
    assume(found.diversification is not None)
    assert math.fsum(share.share or 0 for share in found.shares) == pytest.approx(1)
    assert all(abs(share.correlation or 0) <= 1 for share in found.shares)
    assert [share.share for share in found.shares] == sorted((share.share for share in found.shares), reverse=True)  # type: ignore[type-var]


def test_only_figures_that_fit_are_taken() -> None:
    returns, market = factors(2)
    for bad in (([1.0], [0.2, 0.2], returns, market), ([1.0, 1.0], [0.2, 0.2], returns, market[1:])):
        with pytest.raises(ValueError, match="figures of 2 underlyings and returns of"):
            risk(["A", "B"], *bad)
    with pytest.raises(ValueError, match="is a known number"):
        risk(["A", "B"], [1, NAN], [0.2, 0.2], returns, market)


def test_where_a_book_leans() -> None:
    found = concentration({"A": 60, "B": -30, "C": 10, "D": NAN, "E": 0}, 2)
    assert found is not None
    assert found.largest == (("A", 0.6), ("B", 0.3))
    assert found.herfindahl == pytest.approx(0.46)
    assert found.effective == pytest.approx(1 / 0.46)
    equal = concentration(dict.fromkeys("ABCD", 5.0))
    assert equal is not None
    assert (equal.herfindahl, equal.effective) == (0.25, 4)
    assert concentration({"A": 0, "B": NAN}) is None
