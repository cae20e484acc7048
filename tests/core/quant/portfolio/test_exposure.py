"""Greeks of a book: by hand, by moving SPY, and with what is not known."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttai.quant import pricing
from ttai.quant.portfolio.exposure import Sensitivity, Underlying, exposure

NAN = math.nan
UNDERLYINGS = {"AMD": Underlying(200, 2.0), "SPY": Underlying(600, 1.0), "NEW": Underlying(50, None)}


def test_a_book_by_hand() -> None:
    legs = [
        Sensitivity("AMD", 100, 1, 0, 0, 0),
        Sensitivity("AMD", -200, 0.3, 0.01, -0.2, 0.15),
        Sensitivity("SPY", 100, -0.5, 0.02, -0.1, 0.5),
    ]
    book = exposure(legs, UNDERLYINGS, 600)
    amd, spy = book.underlyings
    assert (amd.symbol, amd.legs, amd.delta, amd.gamma) == ("AMD", 2, 40, -2)
    assert (amd.delta_dollars, amd.theta, amd.vega) == (8000, 40, -30)
    assert amd.beta_delta == pytest.approx(40 * 2 * 200 / 600)
    assert amd.beta_gamma == pytest.approx(-2 * (2 * 200 / 600) ** 2)
    assert (spy.beta_delta, spy.beta_gamma) == (-50, 2)
    total = book.total
    assert (total.symbol, total.legs, total.delta, total.gamma) == (None, 3, None, None)
    assert (total.delta_dollars, total.theta, total.vega) == (8000 - 30_000, 30, 20)
    assert total.beta_delta == pytest.approx(80 / 3 - 50)
    assert total.beta_gamma == pytest.approx(2 - 8 / 9)
    assert not total.unknown
    assert not total.lacking


def test_what_is_unknown_is_left_out_and_counted_never_zero() -> None:
    legs = [
        Sensitivity("AMD", 100, 0.5, NAN, NAN, 0.1),
        Sensitivity("AMD", 100, NAN, NAN, -0.1, 0.1),
        Sensitivity("NEW", 100, 1, 0, 0, 0),
        Sensitivity("LOST", 100, 1, 0, 0, 0),
    ]
    book = exposure(legs, UNDERLYINGS, 600)
    amd, new, lost = book.underlyings
    assert (amd.delta, amd.gamma, amd.theta, amd.vega) == (50, None, -10, 20)
    assert (amd.unknown, amd.beta_gamma) == ({"delta": 1, "gamma": 2, "theta": 1}, None)
    assert (new.delta_dollars, new.beta_delta, new.unknown) == (5000, None, {"beta": 1})
    assert (lost.delta, lost.delta_dollars, lost.unknown) == (100, None, {"spot": 1, "beta": 1})
    assert book.total.unknown == {"delta": 1, "gamma": 2, "theta": 1, "beta": 2, "spot": 1}
    assert book.total.lacking == {
        "delta": ("AMD",), "gamma": ("AMD",), "theta": ("AMD",), "beta": ("NEW", "LOST"), "spot": ("LOST",),
    }  # fmt: skip
    assert (book.total.delta_dollars, book.total.beta_gamma) == (15_000, None)


@pytest.mark.parametrize("bad", [None, NAN, 0.0, math.inf])
def test_without_a_price_of_spy_nothing_is_beta_weighted(bad: float | None) -> None:
    total = exposure([Sensitivity("AMD", 100, 1, 0, 0, 0)], UNDERLYINGS, bad).total
    assert (total.delta_dollars, total.beta_delta, total.beta_gamma) == (20_000, None, None)
    spotless = exposure([Sensitivity("AMD", 100, 1, 0, 0, 0)], {"AMD": Underlying(bad, NAN)}, 600).total
    assert (spotless.delta_dollars, spotless.unknown) == (None, {"spot": 1, "beta": 1})


def test_nothing_held_is_nothing_known() -> None:
    book = exposure([], UNDERLYINGS, 600)
    assert (book.underlyings, book.total.legs, book.total.delta_dollars) == ((), 0, None)


@given(st.floats(20, 500), st.floats(0.3, 2.5), st.floats(300, 700))
def test_beta_weighted_greeks_are_what_moving_spy_does(spot: float, beta: float, spy: float) -> None:
    """By finite differences of a call's value as SPY moves and its underlying by β as much, in percent."""
    asked = (spot * 1.02, 0.2, 0.3, 0.04)
    greeks = pricing.greeks(True, spot, *asked)
    legs = [Sensitivity("X", 100, *map(float, greeks[:4]))]
    found = exposure(legs, {"X": Underlying(spot, beta)}, spy).total

    def worth(moved: float) -> float:
        return 100 * float(pricing.price(True, spot * (1 + beta * (moved / spy - 1)), *asked))

    step = 1e-3 * spy
    assert found.beta_delta == pytest.approx((worth(spy + step) - worth(spy - step)) / (2 * step), rel=1e-3)
    bend = (worth(spy + step) - 2 * worth(spy) + worth(spy - step)) / step**2
    assert found.beta_gamma == pytest.approx(bend, rel=2e-3)
