"""European options: the textbooks' numbers, QuantLib's and Jäckel's, what must hold of all, and input of every kind."""

import math
from typing import NamedTuple

import numpy as np
import pytest
import QuantLib as ql  # noqa: N813 – as its documentation does
from fast_vollib.jackel import jackel_iv_black
from hypothesis import assume, given
from hypothesis import strategies as st

from ttai.quant.pricing import (
    cross_greeks,
    greeks,
    implied_volatility,
    no_volatility,
    price,
    probability_itm,
    probability_touch,
)


class Option(NamedTuple):
    """An option and its market, in the order that the formulas take them."""

    is_call: bool
    spot: float
    strike: float
    years: float
    volatility: float
    rate: float
    dividend_yield: float

    def quoted(self, price: float) -> tuple[bool, float, float, float, float, float, float]:
        """What an implied volatility is asked with."""
        return self.is_call, price, self.spot, self.strike, self.years, self.rate, self.dividend_yield


options = st.builds(
    Option,
    st.booleans(),
    st.just(100.0),
    st.floats(50, 170),
    st.floats(1 / 365, 3),
    st.floats(0.05, 1.5),
    st.floats(-0.03, 0.12),
    st.floats(-0.02, 0.08),
)


def test_the_prices_of_the_textbook() -> None:
    """Hull, Options, Futures and Other Derivatives: examples 15.6 and 17.1."""
    assert price([True, False], 42, 40, 0.5, 0.2, 0.1) == pytest.approx([4.7594, 0.8086], abs=5e-5)
    assert price(True, 930, 900, 2 / 12, 0.2, 0.08, 0.03) == pytest.approx(51.83, abs=5e-3)


def test_the_greeks_of_the_textbook() -> None:
    """Hull, chapter 19: 20 weeks, spot 49, strike 50; by the year and by 1 they are −4.31, 12.1 and 8.91."""
    found = greeks(True, 49, 50, 20 / 52, 0.2, 0.05)
    assert found.delta == pytest.approx(0.522, abs=5e-4)
    assert found.gamma == pytest.approx(0.066, abs=5e-4)
    assert found.theta * 365 == pytest.approx(-4.31, abs=5e-3)
    assert found.vega * 100 == pytest.approx(12.1, abs=0.05)
    assert found.rho * 100 == pytest.approx(8.91, abs=5e-3)


def test_the_volatility_of_the_textbook() -> None:
    """Hull, section 15.11: a call at 1.875."""
    assert implied_volatility(True, 1.875, 21, 20, 0.25, 0.1) == pytest.approx(0.2345, abs=5e-5)


@given(options)
def test_quantlib_says_the_same(option: Option) -> None:
    discount = math.exp(-option.rate * option.years)
    forward = option.spot * math.exp((option.rate - option.dividend_yield) * option.years)
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if option.is_call else ql.Option.Put, option.strike)
    theirs = ql.BlackCalculator(payoff, forward, option.volatility * math.sqrt(option.years), discount)
    ours = greeks(*option)
    assert price(*option) == pytest.approx(theirs.value(), abs=1e-11)
    assert ours.delta == pytest.approx(theirs.delta(option.spot), abs=1e-12)
    assert ours.gamma == pytest.approx(theirs.gamma(option.spot), abs=1e-12)
    assert ours.theta == pytest.approx(theirs.theta(option.spot, option.years) / 365, abs=1e-11)
    assert ours.vega == pytest.approx(theirs.vega(option.years) / 100, abs=1e-12)
    assert ours.rho == pytest.approx(theirs.rho(option.years) / 100, abs=1e-11)
    called = option._replace(is_call=True)
    assert probability_itm(*called) == pytest.approx(theirs.itmCashProbability(), abs=1e-12)
    assert probability_itm(*called) + probability_itm(*called._replace(is_call=False)) == pytest.approx(1)


@given(options)
def test_the_cross_greeks_are_what_the_greeks_change_by(option: Option) -> None:
    assume(option.years > 0.02)
    point, day = 1e-4, 1e-5
    up, down = (greeks(*option._replace(volatility=option.volatility + move)) for move in (point, -point))
    later, sooner = (greeks(*option._replace(years=option.years - move)) for move in (day, -day))
    found = cross_greeks(*option)
    assert found.vanna == pytest.approx((up.delta - down.delta) / (200 * point), abs=1e-6)
    assert found.vomma == pytest.approx((up.vega - down.vega) / (200 * point), abs=1e-6)
    assert found.charm == pytest.approx((later.delta - sooner.delta) / (2 * day * 365), abs=1e-5)


@given(options)
def test_the_greeks_are_what_the_price_changes_by(option: Option) -> None:
    assume(option.years > 0.02)
    steps = {"spot": 1e-3, "years": -1e-5, "volatility": 1e-5, "rate": 1e-5}
    slope = {}
    for name, step in steps.items():
        up, down = (price(*option._replace(**{name: getattr(option, name) + move})) for move in (step, -step))
        slope[name] = (up - down) / (2 * abs(step))
    found = greeks(*option)
    assert found.delta == pytest.approx(slope["spot"], abs=1e-6)
    assert found.theta == pytest.approx(slope["years"] / 365, abs=1e-5)
    assert found.vega == pytest.approx(slope["volatility"] / 100, abs=1e-6)
    assert found.rho == pytest.approx(slope["rate"] / 100, abs=1e-6)
    up, down = (greeks(*option._replace(spot=option.spot + move)).delta for move in (1e-3, -1e-3))
    assert found.gamma == pytest.approx((up - down) / 2e-3, abs=1e-6)


@given(options)
def test_a_call_less_a_put_is_a_forward(option: Option) -> None:
    call, put = (price(*option._replace(is_call=is_call)) for is_call in (True, False))
    stock = option.spot * math.exp(-option.dividend_yield * option.years)
    assert call - put == pytest.approx(stock - option.strike * math.exp(-option.rate * option.years), abs=1e-12)


@given(options, st.floats(1.001, 1.2))
def test_more_is_worth_more(option: Option, factor: float) -> None:
    """A call rises with the spot and falls with the strike, a put the other way; both rise with volatility."""
    here = price(*option)
    higher, dearer = price(*option._replace(spot=100 * factor)), price(*option._replace(strike=option.strike * factor))
    assert (higher - here if option.is_call else here - higher) >= 0
    assert (here - dearer if option.is_call else dearer - here) >= 0
    assert price(*option._replace(volatility=option.volatility * factor)) >= here - 1e-13
    assert here >= price(*option._replace(volatility=0))


@given(options)
def test_the_implied_volatility_is_what_priced_it(option: Option) -> None:
    vega = float(greeks(*option).vega)
    assume(vega > 1e-6)
    assert implied_volatility(*option.quoted(float(price(*option)))) == pytest.approx(option.volatility, abs=1e-9)


@pytest.mark.parametrize("years", [1 / (365 * 24 * 60), 1 / 365, 0.25, 5.0])
def test_jaeckel_finds_the_same_volatility(years: float) -> None:
    """Out of the money, from a minute to five years, and as far as prices of 1e-200: to thirteen digits."""
    deviations, moneyness = np.meshgrid(np.geomspace(1e-4, 3, 60), np.linspace(-20, 1.5, 87))
    x = np.minimum(deviations * (moneyness - deviations / 2), 0.0)
    strike, volatility = 100 * np.exp(-x), deviations / math.sqrt(years)
    worth = price(True, 100, strike, years, volatility)
    with np.errstate(all="ignore"):
        theirs = jackel_iv_black(worth.ravel(), 100.0, strike.ravel(), years, True).reshape(worth.shape)
    ours = implied_volatility(True, worth, 100, strike, years)
    bearable = 1e-15 / np.maximum(np.abs(deviations), 1e-4) + 1e-12
    assert np.all(np.abs(ours / volatility - 1) <= 20 * bearable)
    assert np.all(np.abs(ours / theirs - 1) <= 40 * bearable)


def test_deep_in_the_money_is_solved_on_the_other_side() -> None:
    """An ulp of the price is 2e-14 dollars, of which a call 30 % in the money has a vega of a thousandth a point."""
    call = price(True, 100, 70, 30 / 365, 0.4, 0.04)
    assert implied_volatility(True, call, 100, 70, 30 / 365, 0.04) == pytest.approx(0.4, abs=1e-12)


@given(options)
def test_nothing_moves_without_time_or_volatility(option: Option) -> None:
    """The discounted intrinsic value of the forward is left, and its derivatives."""
    sign = 1 if option.is_call else -1
    for still in (option._replace(volatility=0.0), option._replace(years=0.0)):
        share, discount = math.exp(-still.dividend_yield * still.years), math.exp(-still.rate * still.years)
        ahead = sign * (still.spot * share - still.strike * discount)
        assert price(*still) == pytest.approx(max(ahead, 0), abs=1e-12)
        found = greeks(*still)
        assert found.delta == pytest.approx(sign * share if ahead > 0 else 0, abs=1e-12)
        assert found.gamma == found.vega == 0
        assert found.rho == pytest.approx(sign * still.strike * discount * still.years / 100 if ahead > 0 else 0)
        assert cross_greeks(*still).vanna == cross_greeks(*still).vomma == 0
        assert probability_itm(*still) == (ahead > 0)


def test_exactly_at_the_money_without_movement_is_halfway() -> None:
    for years, volatility in ((0, 0.2), (1, 0), (0, 0)):
        assert price([True, False], 100, 100, years, volatility) == pytest.approx([0, 0])
        found = greeks([True, False], 100, 100, years, volatility)
        assert found.delta == pytest.approx([0.5, -0.5])
        assert list(found.gamma) == list(found.vega) == list(found.theta) == [0, 0]


def test_everything_broadcasts() -> None:
    asked = ([[True], [False]], [90.0, 100.0, 110.0], 100, 0.5, 0.3)
    for answer in (price(*asked), *greeks(*asked), *cross_greeks(*asked)):
        assert answer.shape == (2, 3)
    assert probability_itm(*asked).shape == probability_touch(*asked).shape == (2, 3)
    assert implied_volatility([[True], [False]], 5, [90.0, 100.0, 110.0], 100, 0.5).shape == (2, 3)
    assert implied_volatility(True, 5, 100, 100, [0.5, 1.0]).shape == (2,)
    assert np.shape(price(True, 100, 100, 1, 0.2)) == np.shape(implied_volatility(True, 5, 100, 100, 1)) == ()


BAD = (math.nan, math.inf, -math.inf, 0.0, -1.0, -1e-300, 1e-300, 1e300)


@pytest.mark.parametrize("place", range(1, 7))
@pytest.mark.parametrize("bad", BAD)
def test_bad_figures_are_no_exception_and_no_warning(place: int, bad: float) -> None:
    """Beside a good option, which is none the worse for it."""
    good = (True, 100.0, 110.0, 0.5, 0.3, 0.04, 0.01)
    both: list[list[float]] = [[value, bad if at == place else value] for at, value in enumerate(good)]
    quoted = [both[0], [float(price(*good)), 5.0], *both[1:4], *both[5:]]
    answers = [price(*both), *greeks(*both), *cross_greeks(*both), probability_itm(*both), probability_touch(*both)]
    alone = [price(*good), *greeks(*good), *cross_greeks(*good), probability_itm(*good), probability_touch(*good)]
    for answer, expected in zip(answers, alone, strict=True):
        assert answer[0] == pytest.approx(expected, rel=1e-14)
        assert math.isnan(answer[1]) or not math.isnan(bad)
    assert implied_volatility(*quoted)[0] == pytest.approx(0.3, abs=1e-12)
    if (-math.inf < bad < 0 and place <= 2) or (bad < 0 and 2 < place <= 4):
        assert all(math.isnan(answer[1]) for answer in answers)


@pytest.mark.parametrize(
    ("quote", "why"),
    [
        ((True, 5.0, 100.0, 94.0, 1.0), "below intrinsic value: 5 < 6, the call's, discounted"),
        ((False, 1.0, 94.0, 100.0, 1.0, 0.05, 0.0), "below intrinsic value: 1 < 1.122942"),
        ((True, 100.0, 100.0, 94.0, 1.0), "above the bound: 100, and no such call is worth 100"),
        ((False, 96.0, 100.0, 100.0, 1.0, 0.05, 0.0), "above the bound: 96, and no such put is worth 95.12294"),
        ((True, 0.0, 100.0, 94.0, 1.0), "a price of 0 is not above 0"),
        ((True, -1.0, 100.0, 110.0, 1.0), "a price of -1 is not above 0"),
        ((True, 6.0, 100.0, 94.0, 1.0), "no time value left: 6 is the call's intrinsic value, discounted"),
        ((True, 32.0, 100.0, 94.0, 1e8, -0.03, -0.03), "rounding hides it"),
        ((True, 7.0, 100.0, 94.0, 0.0), "expired"),
        ((True, 7.0, 100.0, 94.0, -0.1), "expired"),
        ((True, math.nan, 100.0, 94.0, 1.0), "known numbers, spot and strike above 0"),
        ((True, 7.0, math.inf, 94.0, 1.0), "known numbers, spot and strike above 0"),
        ((True, 7.0, 100.0, 0.0, 1.0), "known numbers, spot and strike above 0"),
        ((True, 7.0, -1.0, 94.0, 1.0), "known numbers, spot and strike above 0"),
    ],
)
def test_there_is_no_volatility_and_it_says_why(quote: tuple[bool, float, float, float, float], why: str) -> None:
    said = no_volatility(*quote)
    assert said is not None
    assert why in said
    assert math.isnan(implied_volatility(*quote))


anything = st.floats() | st.floats(0, 200) | st.sampled_from((*BAD, 100.0, 95.0, 5.0))


@given(st.booleans(), anything, anything, anything, anything, st.floats(-1, 1), st.floats(-1, 1))
def test_there_is_a_volatility_or_a_reason(
    is_call: bool, quote: float, spot: float, strike: float, years: float, rate: float, dividend_yield: float
) -> None:
    asked = (is_call, quote, spot, strike, years, rate, dividend_yield)
    assert math.isnan(implied_volatility(*asked)) is (no_volatility(*asked) is not None)


@given(options)
def test_a_touch_is_no_less_likely_than_an_end_in_the_money(option: Option) -> None:
    touch = float(probability_touch(*option))
    assert float(probability_itm(*option)) - 1e-12 <= touch <= 1
    if (option.spot - option.strike) * (1 if option.is_call else -1) >= 0:
        assert touch == 1


@given(options)
def test_quantlib_prices_a_touch_the_same(option: Option) -> None:
    """A dollar at the first touch, without discount: rate 0, and the drift in the dividend yield."""
    assume((option.strike - option.spot) * (1 if option.is_call else -1) > 0.01)
    carry, days = option.dividend_yield - option.rate, ql.Actual365Fixed()
    today = ql.Date(1, 1, 2198)
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(option.spot)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, carry * option.years, days)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, 0.0, days)),
        ql.BlackVolTermStructureHandle(
            ql.BlackConstantVol(today, ql.NullCalendar(), option.volatility * math.sqrt(option.years), days)
        ),
    )
    payoff = ql.CashOrNothingPayoff(ql.Option.Call if option.is_call else ql.Option.Put, option.strike, 1.0)
    touch = ql.VanillaOption(payoff, ql.AmericanExercise(today, today + 365))
    touch.setPricingEngine(ql.AnalyticDigitalAmericanEngine(process))
    assert probability_touch(*option) == pytest.approx(touch.NPV(), abs=1e-9)  # its normal distribution ends earlier


def test_without_volatility_the_drift_decides_what_is_touched() -> None:
    """5 % a year brings 100 to 105.13."""
    assert list(probability_touch(True, 100, [104, 106, 99], 1, 0, 0.05)) == [1, 0, 1]
    assert list(probability_touch(False, 100, [96, 94], 1, 0, 0, 0.05)) == [1, 0]
    assert list(probability_touch(False, 100, [96, 100], 0, 0.3)) == [0, 1]
