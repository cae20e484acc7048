"""Curves of textbook strategies to the cent, and what must hold of any legs."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import quad

from tests.core.quant.strategies.books import LOTS, STRIKES, book, books, option, payoff, total
from ttai.quant.strategies.curve import Curves, at_expiry
from ttai.quant.strategies.legs import Columns, Leg, net_debit
from ttai.quant.strategies.odds import Lognormal

PRICES = np.concatenate([np.linspace(0, 300, 601), [1e4, 1e6]])
ODDS = st.builds(Lognormal, st.floats(60, 140), st.floats(0.03, 0.9))


def curve(legs: list[Leg]) -> Curves:
    at = Columns.of(legs)
    return at_expiry(at.is_call, at.strike, at.shares, [net_debit(legs)])


KNOWN = {
    "iron condor": ("1p90@1.10 -1p95@2.05 -1c105@1.95 1c110@0.90", 200.0, -300.0, [93.0, 107.0]),
    "cash-secured put": ("-1p95@2.5", 250.0, -9250.0, [92.5]),
    "short call": ("-1c105@2.5", 250.0, -math.inf, [107.5]),
    "long call": ("1c105@2.5", math.inf, -250.0, [107.5]),
    "long straddle": ("2c100@4 2p100@3.5", math.inf, -1500.0, [92.5, 107.5]),
    "short strangle": ("-1p90@1 -1c110@1.5", 250.0, -math.inf, [87.5, 112.5]),
    "covered call": ("100s@100 -1c105@2", 700.0, -9800.0, [98.0]),
    "collar": ("100s@100 1p95@1.5 -1c105@2", 550.0, -450.0, [99.5]),
    "jade lizard, credit above the width": ("-1p90@3 -1c110@3 1c115@0.5", 550.0, -8450.0, [84.5]),
    "call ratio": ("1c100@4 -2c110@1.5", 900.0, -math.inf, [101.0, 119.0]),
    "call backspread": ("-1c100@4 2c110@1.5", math.inf, -900.0, [101.0, 119.0]),
    "broken wing": ("1p85@0.8 -2p95@2.6 1p100@4", 540.0, -460.0, [89.6]),
    "broken wing for a credit": ("1p80@0.4 -2p95@2.8 1p100@4.2", 600.0, -900.0, [89.0]),
    "box": ("1c95@7 -1c105@2 1p105@6 -1p95@1.2", 20.0, 20.0, []),
    "short stock and a call": ("-100s@100 1c105@2", 9800.0, -700.0, [98.0]),
    "butterfly": ("1c95@6.5 -2c100@3 1c105@1", 350.0, -150.0, [96.5, 103.5]),
    "of a tenth, as a mini": ("0.1c100@4 -0.1c105@2", 30.0, -20.0, [102.0]),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_textbook_strategy_is_exact_to_the_cent(name: str) -> None:
    text, most, least, breakevens = KNOWN[name]
    found = curve(book(text))
    assert found.highest[0] == pytest.approx(most, abs=1e-9)
    assert found.lowest[0] == pytest.approx(least, abs=1e-9)
    assert found.breakevens() == pytest.approx(breakevens, abs=1e-9)
    assert found.level() == []


def test_a_spread_for_nothing_has_a_stretch_without_profit_and_no_breakeven() -> None:
    free, odds = curve(book("1c100@2 -1c110@2")), Lognormal(100.0, 0.1)
    assert free.breakevens() == []
    assert free.level() == [(0.0, 100.0)]
    assert free.probability(odds)[0] == pytest.approx(1 - odds.below(100.0))
    assert curve(book("1p90@2 -1p80@2")).level() == [(90.0, None)]
    nothing = curve(book("1c100@2 -1c100@2"))
    assert nothing.level() == [(0.0, None)]
    assert nothing.breakevens() == []
    assert nothing.probability(odds)[0] == 0
    assert curve(book("1p90@0 1c110@0 1c100@0")).level() == [(90.0, 100.0)]
    assert curve(book("1p70@0 0.5c80@0 -1c90@0 1c100@0")).level() == [(70.0, 80.0)]


def test_shares_that_only_rounding_leaves_have_no_slope() -> None:
    parts = curve(book("0.1c100@1 0.2c105@1 -0.3c110@1"))  # 10 + 20 − 30 shares, in floats not quite
    assert parts.slope[0] == 0.0
    assert math.isfinite(parts.highest[0])


def test_a_single_price_where_nothing_is_won_is_a_breakeven() -> None:
    touching = curve(book("1c90@10 -2c100@0 1c110@0"))
    assert touching.highest[0] == 0.0
    assert touching.breakevens() == [100.0]
    assert touching.probability(Lognormal(100.0, 0.2))[0] == 0.0


@given(books())
def test_the_curve_of_a_book_is_the_sum_of_its_legs(legs: list[Leg]) -> None:
    found = curve(legs)
    size = sum(abs(leg.shares) for leg in legs)
    for price in (*PRICES, *(leg.strike for leg in legs)):
        assert found.at(price) == pytest.approx(total(legs, price), abs=1e-9 * size * max(price, 150))


@given(books(), STRIKES, LOTS)
def test_one_more_leg_adds_its_payoff(legs: list[Leg], strike: float, lots: int) -> None:
    more = option("put", lots, strike, 3.0)
    added = curve([*legs, more]).at(PRICES) - curve(legs).at(PRICES)
    assert added == pytest.approx([payoff(more, price) for price in PRICES], abs=1e-3)


@given(books())
def test_nothing_is_won_or_lost_beyond_the_bounds(legs: list[Leg]) -> None:
    found = curve(legs)
    worth = np.array([total(legs, price) for price in (*PRICES, *(leg.strike for leg in legs))])
    assert (worth <= found.highest[0] + 1e-6 * (1 + abs(worth))).all()
    assert (worth >= found.lowest[0] - 1e-6 * (1 + abs(worth))).all()
    if math.isfinite(found.highest[0]):  # and it is reached
        assert max(worth) == pytest.approx(found.highest[0], abs=1e-6)
    else:
        assert total(legs, 1e12) > 1e9
    if math.isfinite(found.lowest[0]):
        assert min(worth) == pytest.approx(found.lowest[0], abs=1e-6)
    else:
        assert total(legs, 1e12) < -1e9


@given(books())
def test_at_a_breakeven_nothing_is_won(legs: list[Leg]) -> None:
    for price in curve(legs).breakevens():
        assert price > 0
        assert total(legs, price) == pytest.approx(0.0, abs=1e-6 * max(1.0, price))


@given(books(), ODDS)
def test_the_probability_of_a_profit_is_the_integral_of_the_density(legs: list[Leg], odds: Lognormal) -> None:
    found = curve(legs)
    pop = float(found.probability(odds)[0])
    assert 0 <= pop <= 1
    spans = sorted({0.0, *found.breakevens(), *(end for zone in found.level() for end in zone if end), math.inf})
    won = 0.0
    for low, high in pairwise(spans):
        middle = (low + high) / 2 if math.isfinite(high) else 2 * low + 400
        if total(legs, middle) > 1e-9:
            start, end = max(low, 1e-3), min(high, float(odds.quantile(1 - 1e-12)))
            parts = np.geomspace(start, end, 12) if end > start else [start]
            won += sum(quad(lambda price: float(odds.density(price)), a, b)[0] for a, b in pairwise(parts))
    assert pop == pytest.approx(won, abs=1e-5)


@given(books(most=5), ODDS)
def test_the_expected_value_is_the_integral_of_the_payoff(legs: list[Leg], odds: Lognormal) -> None:
    at = odds.quantile((np.arange(40_000) + 0.5) / 40_000)
    at = np.concatenate([at[1:-1], at[[0, -1]]])
    mean = float(np.mean(curve(legs).at(at)))
    size = sum(abs(leg.shares) for leg in legs)
    assert curve(legs).expectation(odds)[0] == pytest.approx(mean, abs=size * odds.forward * 2e-3)


@given(books(), ODDS, st.integers(2, 9))
def test_more_of_the_same_wins_more_as_often(legs: list[Leg], odds: Lognormal, times: int) -> None:
    more = [Leg(leg.type, leg.shares * times, leg.price, leg.strike, leg.years, leg.volatility) for leg in legs]
    one, many = curve(legs), curve(more)
    assert many.at(PRICES) == pytest.approx(times * one.at(PRICES), rel=1e-9, abs=1e-3)
    assert many.probability(odds) == pytest.approx(one.probability(odds), abs=1e-9)
    assert many.breakevens() == pytest.approx(one.breakevens())


@given(books(), ODDS)
def test_a_put_is_a_call_less_the_stock(legs: list[Leg], odds: Lognormal) -> None:
    """Parity: P = C − S + K, at the same cost."""
    assume(any(leg.type == "put" for leg in legs))
    other: list[Leg] = []
    for leg in legs:
        if leg.type != "put":
            other.append(leg)
            continue
        other.append(Leg("call", leg.shares, leg.price, leg.strike, leg.years, leg.volatility))
        other.append(Leg("stock", -leg.shares, leg.strike))
    one, two = curve(legs), curve(other)
    assert two.at(PRICES) == pytest.approx(one.at(PRICES), abs=1e-3)
    assert two.probability(odds) == pytest.approx(one.probability(odds), abs=1e-6)
    assert two.expectation(odds) == pytest.approx(one.expectation(odds), abs=1e-4)


@given(books(), ODDS)
def test_prices_in_another_currency_change_nothing_but_the_unit(legs: list[Leg], odds: Lognormal) -> None:
    cents = [Leg(leg.type, leg.shares, leg.price * 64, leg.strike * 64, leg.years, leg.volatility) for leg in legs]
    there = Lognormal(odds.forward * 64, odds.deviation)
    assert curve(cents).at(PRICES * 64) == pytest.approx(64 * curve(legs).at(PRICES), abs=1e-2)
    assert curve(cents).probability(there) == pytest.approx(curve(legs).probability(odds), abs=1e-9)


def test_a_thousand_at_once_are_what_they_are_one_by_one() -> None:
    random = np.random.default_rng(7)
    strikes = np.sort(random.integers(60, 140, (1000, 4)).astype(float), axis=1)
    debit = -random.integers(1, 400, 1000).astype(float)
    is_call, shares = [False, False, True, True], np.array([100.0, -100.0, -100.0, 100.0])
    many, odds = at_expiry(is_call, strikes, shares, debit), Lognormal(100.0, 0.2)
    assert len(many) == 1000
    pops, means, most, least = many.probability(odds), many.expectation(odds), many.highest, many.lowest
    half = many.probability(odds, most / 2)
    for row in range(0, 1000, 37):
        one = at_expiry(is_call, strikes[row], shares, [debit[row]])
        assert one.probability(odds)[0] == pytest.approx(pops[row], abs=1e-12)
        assert one.expectation(odds)[0] == pytest.approx(means[row], abs=1e-9)
        assert (one.highest[0], one.lowest[0]) == (most[row], least[row])
        assert one.breakevens() == many.breakevens(row)
        assert one.at(101.5)[()] == many.at(101.5, row)[()]
        at = odds.quantile((np.arange(20_000) + 0.5) / 20_000)
        assert half[row] == pytest.approx(np.mean(one.at(at) > most[row] / 2), abs=2e-4)
