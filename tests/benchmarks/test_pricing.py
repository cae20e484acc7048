"""Ten thousand contracts, beside QuantLib's own loop and Jäckel's method; American options beside a tree."""

import math
from collections.abc import Callable
from time import perf_counter

import numpy as np
import pytest
import QuantLib as ql  # noqa: N813 – as its documentation does
from fast_vollib.jackel import jackel_iv_black

from tests.core.quant.test_american import quantlib
from tests.core.quant.test_pricing import Option
from ttai.quant import american, pricing

pytestmark = pytest.mark.bench

CONTRACTS = 10_000
RATE, YIELD = 0.04, 0.01


def best(work: Callable[[], object], times: int = 7) -> float:
    """Milliseconds, the best of 7."""
    took = []
    for _ in range(times):
        began = perf_counter()
        work()
        took.append((perf_counter() - began) * 1000)
    return min(took)


def test_ten_thousand_contracts() -> None:
    """Implied volatility, price and five greeks: strikes of 50–150 %, a day to two years, 8–120 %."""
    chance = np.random.default_rng(11)
    spot = 100 * np.exp(chance.normal(0, 0.02, CONTRACTS))
    strike = spot * chance.uniform(0.5, 1.5, CONTRACTS)
    years = chance.uniform(1 / 365, 2, CONTRACTS)
    volatility = chance.uniform(0.08, 1.2, CONTRACTS)
    is_call = chance.random(CONTRACTS) < 0.5
    worth = pricing.price(is_call, spot, strike, years, volatility, RATE, YIELD)

    def ours() -> "tuple[pricing.Numbers, pricing.Numbers, pricing.Greeks]":
        implied = pricing.implied_volatility(is_call, worth, spot, strike, years, RATE, YIELD)
        priced = pricing.price(is_call, spot, strike, years, implied, RATE, YIELD)
        return implied, priced, pricing.greeks(is_call, spot, strike, years, implied, RATE, YIELD)

    discount = np.exp(-RATE * years)
    forward = spot * np.exp((RATE - YIELD) * years)
    out = np.where(forward > strike, -1, 1)
    otm = (worth - np.maximum(np.where(is_call, 1, -1) * (forward - strike), 0) * discount) / discount

    def jaeckel() -> object:
        with np.errstate(all="ignore"):
            return jackel_iv_black(otm, forward, strike, years, out > 0)

    rows = list(
        zip(
            out.tolist(),
            strike.tolist(),
            forward.tolist(),
            otm.tolist(),
            spot.tolist(),
            years.tolist(),
            discount.tolist(),
            strict=True,
        )
    )

    def loop() -> list[float]:
        found = []
        for sign, k, f, value, s, t, df in rows:
            kind = ql.Option.Call if sign > 0 else ql.Option.Put
            try:
                deviation = ql.blackFormulaImpliedStdDev(kind, k, f, value, 1.0, 0.0, 0.2 * math.sqrt(t), 1e-10)
            except RuntimeError:
                found.append(math.nan)
                continue
            black = ql.BlackCalculator(ql.PlainVanillaPayoff(kind, k), f, deviation, df)
            black.value(), black.delta(s), black.gamma(s), black.theta(s, t), black.vega(t), black.rho(t)
            found.append(deviation / math.sqrt(t))
        return found

    implied, priced, _ = ours()
    telling = pricing.greeks(is_call, spot, strike, years, volatility, RATE, YIELD).vega > 1e-6 * spot
    error = np.abs(implied - volatility)[telling].max()
    took, looped, theirs = best(ours), best(loop, 3), best(jaeckel)
    alone = best(lambda: pricing.implied_volatility(is_call, worth, spot, strike, years, RATE, YIELD))
    print(
        f"\n{CONTRACTS} contracts, volatility, price and greeks: {took:.2f} ms, off by {error:.0e} "
        f"where vega counts ({telling.mean():.1%}); QuantLib's loop {looped:.0f} ms, {looped / took:.0f} times that"
        f"\nvolatility alone: {alone:.2f} ms; Jäckel's by fast-vollib {theirs:.2f} ms"
    )
    assert np.isfinite(implied[telling]).all()
    assert np.abs(priced - worth)[telling].max() <= 1e-9
    assert error <= 1e-9
    assert took <= 4
    assert looped >= 5 * took


def test_american_options() -> None:
    """Puts and calls around the money, beside QuantLib's binomial tree of Cox, Ross and Rubinstein, 200 steps."""
    chance = np.random.default_rng(12)
    strikes, years, volatilities = (
        chance.uniform(90, 110, 30),
        chance.uniform(0.05, 1, 30),
        chance.uniform(0.2, 0.6, 30),
    )
    asked = [
        Option(at % 2 == 0, 100.0, strike, year, volatility, 0.05, 0.03)
        for at, (strike, year, volatility) in enumerate(
            zip(strikes.tolist(), years.tolist(), volatilities.tolist(), strict=True)
        )
    ]

    def priced(engine: Callable[[ql.BlackScholesMertonProcess], ql.PricingEngine]) -> list[float]:
        """QuantLib's prices, over a year to which volatility and rates are scaled, as ours."""
        found = []
        for one in asked:
            theirs, process = quantlib(one)
            theirs.setPricingEngine(engine(process))
            found.append(theirs.NPV())
        return found

    def tree() -> list[float]:
        return priced(lambda process: ql.BinomialVanillaEngine(process, "crr", 200))

    exact = priced(lambda process: ql.QdFpAmericanEngine(process, ql.QdFpAmericanEngine.highPrecisionScheme()))
    ours = [american.price(*one) for one in asked]
    took = best(lambda: [american.price(*one) for one in asked]) / 30 * 1000
    greeks = best(lambda: [american.greeks(*one) for one in asked]) / 30 * 1000
    quoted = [one.quoted(worth) for one, worth in zip(asked, ours, strict=True)]
    implied = best(lambda: [american.implied_volatility(*one) for one in quoted]) / 30 * 1000
    trees = best(tree) / 30 * 1000
    errors = [np.abs(np.subtract(found, exact)).max() for found in (ours, tree())]
    print(
        f"\nan American price: {took:.0f} us, off by {errors[0]:.0e}; by CRR-200 {trees:.0f} us, off by {errors[1]:.0e}"
        f"\nits five greeks {greeks:.0f} us, its implied volatility {implied:.0f} us"
    )
    assert took < 3 * trees
    assert errors[0] <= 1e-5
