"""American options: the literature's numbers, the European ones beneath them, and whatever is asked of them."""

import math
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import QuantLib as ql  # noqa: N813 – as its documentation does
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.core.quant.test_pricing import BAD, Option
from ttai.quant import pricing
from ttai.quant.american import Engine, greeks, implied_volatility, price

options = st.builds(
    Option,
    st.booleans(),
    st.just(100.0),
    st.floats(60, 150),
    st.floats(1 / 365, 2),
    st.floats(0.08, 1.2),
    st.floats(-0.02, 0.1),
    st.floats(-0.03, 0.08),
)


def exercised(option: Option) -> float:
    """What it is worth at once."""
    return max(option.spot - option.strike if option.is_call else option.strike - option.spot, 0.0)


def test_the_premium_of_andersen_lake_and_offengenden() -> None:
    """High Performance American Option Pricing, table 2: a put with r = q = 5 %, 25 %, one year, 0.106952702747."""
    asked = (False, 100, 100, 1, 0.25, 0.05, 0.05)
    assert price(*asked) - pricing.price(*asked) == pytest.approx(0.106952702747, abs=1e-9)


def test_the_put_of_longstaff_and_schwartz() -> None:
    """Valuing American Options by Simulation: 36, 20 %, one year; 4.478 with 50 dates a year, 4.48667 with any."""
    assert price(False, 36, 40, 1, 0.2, 0.06) == pytest.approx(4.48667, abs=1e-5)


def test_the_put_of_the_textbook() -> None:
    """Hull, example 21.1: 4.283 by a tree of 500 steps."""
    assert price(False, 50, 50, 5 / 12, 0.4, 0.1) == pytest.approx(4.283, abs=1.5e-3)


@pytest.mark.parametrize(
    ("is_call", "strike", "years", "volatility", "rate", "dividend_yield"),
    [
        (False, 105.0, 0.25, 0.3, 0.05, 0.0),
        (True, 95.0, 1.0, 0.25, 0.02, 0.06),
        (False, 100.0, 1.0, 0.2, -0.01, -0.03),
        (True, 110.0, 0.5, 0.3, -0.03, -0.01),
    ],
)
def test_a_grid_of_finite_differences_says_the_same(
    is_call: bool, strike: float, years: float, volatility: float, rate: float, dividend_yield: float
) -> None:
    """The last two have two boundaries of exercise."""
    asked = (is_call, 100.0, strike, years, volatility, rate, dividend_yield)
    option, process = quantlib(Option(*asked))
    option.setPricingEngine(ql.FdBlackScholesVanillaEngine(process, 800, 800))
    found = greeks(*asked)
    assert price(*asked) == pytest.approx(option.NPV(), abs=1e-3)
    assert found.delta == pytest.approx(option.delta(), abs=2e-4)
    assert found.gamma == pytest.approx(option.gamma(), rel=5e-3)


def quantlib(option: Option) -> tuple[ql.VanillaOption, ql.BlackScholesMertonProcess]:
    """QuantLib's, over a year to which volatility and rates are scaled."""
    today, days = ql.Date(1, 1, 2198), ql.Actual365Fixed()
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(option.spot)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, option.dividend_yield * option.years, days)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, option.rate * option.years, days)),
        ql.BlackVolTermStructureHandle(
            ql.BlackConstantVol(today, ql.NullCalendar(), option.volatility * math.sqrt(option.years), days)
        ),
    )
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if option.is_call else ql.Option.Put, option.strike)
    return ql.VanillaOption(payoff, ql.AmericanExercise(today, today + 365)), process


@given(options)
def test_it_is_worth_the_european_option_and_its_exercise_at_least(option: Option) -> None:
    worth = price(*option)
    assert worth >= pricing.price(*option)
    assert worth >= exercised(option)
    assert worth < (option.spot if option.is_call else option.strike) * math.exp(0.06)


@given(options.filter(lambda one: (one.dividend_yield if one.is_call else one.rate) > 0))
def test_the_quick_engine_is_off_by_little_however_often_it_is_asked(option: Option) -> None:
    """0.01 % of the strike, in whatever order the markets come."""
    engine = Engine(option.is_call, quick=True)
    asked = [option, option._replace(spot=85.0), option._replace(volatility=option.volatility * 1.5), option]
    found = []
    for one in asked:
        rates = one.rate * one.years, one.dividend_yield * one.years
        percent = engine.price(100 * one.spot / one.strike, one.volatility * math.sqrt(one.years), *rates)
        found.append(max(percent / 100 * one.strike, exercised(one)))
    assert found == pytest.approx([price(*one) for one in asked], abs=1e-4 * option.strike)
    assert found[0] == found[-1]


@given(options)
def test_a_call_without_dividends_is_the_european_one(option: Option) -> None:
    call = option._replace(is_call=True, rate=abs(option.rate), dividend_yield=-abs(option.dividend_yield))
    put = option._replace(is_call=False, rate=-abs(option.rate), dividend_yield=abs(option.dividend_yield))
    for one in (call, call._replace(dividend_yield=0.0), put):
        assert price(*one) == pricing.price(*one)
        assert tuple(greeks(*one)) == tuple(pricing.greeks(*one))


def test_a_call_is_exercised_early_where_money_costs_to_hold() -> None:
    """Without dividends, but at a rate below 0: to pay the strike at once is cheaper than later."""
    asked = (True, 100.0, 80.0, 2.0, 0.2, -0.05, 0.0)
    assert price(*asked) > pricing.price(*asked) + 0.1


@given(options)
def test_a_call_is_a_put_seen_from_the_other_side(option: Option) -> None:
    """McDonald and Schroder, A Parity Result for American Options (1998)."""
    assume(max(option.rate, option.dividend_yield) >= 0)
    other = Option(
        not option.is_call,
        option.strike,
        option.spot,
        option.years,
        option.volatility,
        option.dividend_yield,
        option.rate,
    )
    assert price(*option) == pytest.approx(price(*other), abs=5e-5)


@given(options, st.floats(1.01, 1.2))
def test_more_is_worth_more(option: Option, factor: float) -> None:
    """A call rises with the spot, a put with the strike; both with time and volatility."""
    assume(max(option.rate, option.dividend_yield) >= 0)
    here = price(*option)
    moved = "spot" if option.is_call else "strike"
    for name in (moved, "years", "volatility"):
        assert price(*option._replace(**{name: getattr(option, name) * factor})) >= here - 1e-5


@given(options)
def test_the_greeks_make_the_price_an_arbitrage_free_one(option: Option) -> None:
    """Black and Scholes' equation, where holding is optimal: theta = r V − (r − q) S Δ − ½ σ² S² Γ."""
    assume(max(option.rate, option.dividend_yield) >= 0)
    worth = price(*option)
    assume(worth > exercised(option) + 0.05)
    found = greeks(*option)
    carry = (option.rate - option.dividend_yield) * option.spot * found.delta
    spread = 0.5 * option.volatility**2 * option.spot**2 * found.gamma
    assert found.theta == pytest.approx((option.rate * worth - carry - spread) / 365, abs=1e-4)


@given(options)
def test_the_greeks_are_near_the_european_ones_where_early_exercise_is_worth_little(option: Option) -> None:
    """All but rho: exercise saves what a higher rate would cost."""
    small = option._replace(rate=0.001, dividend_yield=0.001)
    assert greeks(*small)[:4] == pytest.approx(pricing.greeks(*small)[:4], abs=2e-3)


def test_what_is_exercised_at_once_moves_with_the_spot_alone() -> None:
    found = greeks(False, 50, 100, 1, 0.2, 0.06)
    assert found.delta == pytest.approx(-1, abs=1e-9)
    assert (found.gamma, found.theta, found.vega, found.rho) == pytest.approx((0, 0, 0, 0), abs=1e-9)


def test_rounding_of_a_large_strike_is_no_gamma() -> None:
    found = greeks(False, 0.003, 101, 2, 1.8e-4, 0.05, 0.22)
    assert found.delta == pytest.approx(-1, abs=1e-6)
    assert found.gamma == pytest.approx(0, abs=1e-3)


@given(options)
def test_the_implied_volatility_is_what_priced_it(option: Option) -> None:
    assume(max(option.rate, option.dividend_yield) >= 0)
    worth = price(*option)
    assume(price(*option._replace(volatility=option.volatility * 1.001)) - worth > 1e-5)
    assert implied_volatility(*option.quoted(worth)) == pytest.approx(option.volatility, abs=1e-7)


def test_the_implied_volatility_of_a_minute_and_of_what_no_european_option_is_worth() -> None:
    minute = Option(False, 100.0, 100.01, 1 / 525_600, 0.5, 0.05, 0.0)
    assert implied_volatility(*minute.quoted(price(*minute))) == pytest.approx(0.5, abs=1e-9)
    dear = Option(False, 100.0, 100.0, 2.0, 4.0, 0.2, 0.0)
    assert price(*dear) > 100 * math.exp(-0.4)
    assert implied_volatility(*dear.quoted(price(*dear))) == pytest.approx(4, abs=1e-6)


@pytest.mark.parametrize(
    ("quote", "why"),
    [
        ((True, 5.0, 100.0, 94.0, 1.0), "below exercise value: 5, and the call is worth 6 at once"),
        ((False, 5.0, 94.0, 100.0, 1.0, 0.05), "below exercise value: 5, and the put is worth 6 at once"),
        ((False, 6.0, 94.0, 100.0, 1.0, 0.05), "no time value left: 6 is no more than"),
        ((False, 0.0, 100.0, 94.0, 1.0, 0.05), "no time value left: 0 is no more than"),
        ((True, 100.0, 100.0, 94.0, 1.0), "above the bound: 100, and no such call is worth 100"),
        ((False, 101.0, 100.0, 100.0, 1.0, 0.05), "above the bound: 101, and no such put is worth 100"),
        ((False, 99.9999, 100.0, 100.0, 1.0, 0.05), "above the bound: 99.9999 is too near to 100"),
        ((True, 7.0, 100.0, 94.0, 0.0), "expired"),
        ((True, -1.0, 100.0, 94.0, 1.0), "years and price not below"),
        ((True, math.nan, 100.0, 94.0, 1.0), "known numbers"),
    ],
)
def test_there_is_no_volatility_and_it_says_why(quote: tuple[bool, float, float, float, float], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        implied_volatility(*quote)


def test_at_expiry_and_without_volatility() -> None:
    for option in (Option(False, 95, 100, 0, 0.2, 0.05, 0), Option(False, 95, 100, 1, 0, 0.05, 0)):
        assert price(*option) == 5
        found = greeks(*option)
        assert found.delta == pytest.approx(-1, abs=1e-6)
        assert (found.gamma, found.theta, found.vega, found.rho) == (0, 0, 0, 0)
    assert greeks(False, 100, 100, 0, 0.2, 0.05).delta == pytest.approx(-0.5, abs=1e-6)
    assert price(True, 100, 100, 30, 0, 0.03, 0.06) == pytest.approx(0)


def test_a_drifting_spot_is_exercised_at_its_best_moment() -> None:
    """A call at 2 % with dividends of 1 %, out of the money: the stock grows on the strike until it yields as much."""
    best = max(100 * math.exp(-0.01 * day / 365) - 110 * math.exp(-0.02 * day / 365) for day in range(100 * 365))
    assert price(True, 100, 110, 100, 0, 0.02, 0.01) == pytest.approx(best, abs=1e-6)


@given(
    st.booleans(),
    *[st.floats() | st.floats(0, 200) | st.sampled_from((*BAD, 100.0, 0.25))] * 4,
    *[st.floats(-1, 1) | st.sampled_from(BAD)] * 2,
)
def test_it_is_a_number_or_a_reason(
    is_call: bool, spot: float, strike: float, years: float, volatility: float, rate: float, dividend_yield: float
) -> None:
    option = Option(is_call, spot, strike, years, volatility, rate, dividend_yield)
    with suppress(ValueError):
        assert price(*option) >= exercised(option)
        assert all(map(math.isfinite, greeks(*option)))
        assert implied_volatility(*option.quoted(price(*option))) > 0


def test_neither_threads_nor_quantlib_s_date_of_evaluation_matter() -> None:
    asked = [(False, 100.0, 90.0 + step / 10, 0.5, 0.3, 0.05, 0.01) for step in range(200)]
    alone = [price(*one) for one in asked]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda one: price(*one), asked)) == alone
    before = ql.Settings.instance().evaluationDate
    try:
        ql.Settings.instance().evaluationDate = ql.Date(1, 1, 2100)
        assert [price(*one) for one in asked] == alone
    finally:
        ql.Settings.instance().evaluationDate = before
