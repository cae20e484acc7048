"""European options by Black, Scholes and Merton: prices, greeks, implied volatilities, probabilities; vectorised.

Every argument is a number or an array, and they broadcast: `is_call` bool, `spot` and `strike` dollars above 0,
`years` to expiry (0 has expired), `volatility`, `rate` and `dividend_yield` annual fractions (0.32), the last two
continuously compounded. Answers are float64 of the common shape. NaN, a negative price, time or volatility make NaN
in their place, never an exception. Where nothing can move any more, because years or volatility are 0, the answers
are the limits: an option is worth the discounted intrinsic value of its forward and, exactly at the money, has half
the delta of one in the money and neither gamma nor vega.
"""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[np.float64]

DAYS = 365
"""Calendar days a year: what theta and charm are told by."""

_STILL = 1e-100  # a deviation to divide by where nothing moves
_ROUNDING = 1e-15  # of an option's value in the money: as much time value is no more than rounding
_FAINTEST = 1e-290  # a share of the stock's price: the normal distribution ends before it
_DENSITY = 1 / math.sqrt(2 * math.pi)


class Greeks(NamedTuple):
    """What a price changes by: `delta` $ per $ of the spot, `gamma` delta per $, `theta` $ per calendar day,
    `vega` $ per volatility point (0.01), `rho` $ per 0.01 of the rate."""

    delta: "Numbers"
    gamma: "Numbers"
    theta: "Numbers"
    vega: "Numbers"
    rho: "Numbers"


class CrossGreeks(NamedTuple):
    """What greeks change by: `vanna` delta per volatility point, `charm` delta per calendar day that passes,
    `vomma` vega (per point) per volatility point."""

    vanna: "Numbers"
    charm: "Numbers"
    vomma: "Numbers"


def price(
    is_call: "ArrayLike",
    spot: "ArrayLike",
    strike: "ArrayLike",
    years: "ArrayLike",
    volatility: "ArrayLike",
    rate: "ArrayLike" = 0.0,
    dividend_yield: "ArrayLike" = 0.0,
) -> "Numbers":
    """Dollars a share; at least the discounted intrinsic value of the forward, to the last digit.

    Source: Merton, Theory of Rational Option Pricing (1973). The time value is that of the option out of the money,
    by put-call parity, where nothing cancels.
    """
    import numpy as np
    from scipy.special import ndtr

    with np.errstate(all="ignore"):
        at = _terms(is_call, spot, strike, years, volatility, rate, dividend_yield)
        out = np.where(at.stock > at.cash, -1.0, 1.0)
        time_value = out * (at.stock * ndtr(out * at.d1) - at.cash * ndtr(out * at.d2))
        value: Numbers = np.maximum(time_value, 0.0) + np.maximum(at.sign * (at.stock - at.cash), 0.0)
        return value


def greeks(
    is_call: "ArrayLike",
    spot: "ArrayLike",
    strike: "ArrayLike",
    years: "ArrayLike",
    volatility: "ArrayLike",
    rate: "ArrayLike" = 0.0,
    dividend_yield: "ArrayLike" = 0.0,
) -> Greeks:
    """The derivatives of `price`, in closed form; units in `Greeks`. Source: Hull, Options, Futures, chapter 19."""
    import numpy as np
    from scipy.special import ndtr

    with np.errstate(all="ignore"):
        at = _terms(is_call, spot, strike, years, volatility, rate, dividend_yield)
        held = at.sign * ndtr(at.sign * at.d1)
        owed = at.sign * at.cash * ndtr(at.sign * at.d2)
        weight = at.stock * at.density
        spot, years, volatility, rate, dividend_yield = _floats(spot, years, volatility, rate, dividend_yield)
        decay = weight * volatility * volatility / (2 * at.deviation)
        carried = dividend_yield * at.stock * held - rate * owed
        delta, gamma = at.share * held, weight / (spot * spot * at.deviation)
        theta, vega, rho = (carried - decay) / DAYS, weight * at.root / 100, owed * years / 100
        return Greeks(*_alike(delta, gamma, theta, vega, rho))


def cross_greeks(
    is_call: "ArrayLike",
    spot: "ArrayLike",
    strike: "ArrayLike",
    years: "ArrayLike",
    volatility: "ArrayLike",
    rate: "ArrayLike" = 0.0,
    dividend_yield: "ArrayLike" = 0.0,
) -> CrossGreeks:
    """The derivatives of `greeks`, in closed form; units in `CrossGreeks`.

    Source: Haug, The Complete Guide to Option Pricing Formulas (2007), chapter 2.
    """
    import numpy as np
    from scipy.special import ndtr

    with np.errstate(all="ignore"):
        at = _terms(is_call, spot, strike, years, volatility, rate, dividend_yield)
        volatility, rate, dividend_yield = _floats(volatility, rate, dividend_yield)
        slope = at.density * at.d2 / at.deviation
        # How d1 drifts with time, (r - q) / s - d2 / 2T, times its density, and without dividing by T.
        wane = slope * volatility * volatility / (2 * at.deviation)
        drift = at.density * (rate - dividend_yield) / at.deviation - wane
        earned = dividend_yield * at.sign * ndtr(at.sign * at.d1)
        vanna, vomma = -at.share * slope * at.root / 100, at.stock * at.root * at.root * slope * at.d1 / 10_000
        return CrossGreeks(*_alike(vanna, at.share * (earned - drift) / DAYS, vomma))


def implied_volatility(
    is_call: "ArrayLike",
    price: "ArrayLike",
    spot: "ArrayLike",
    strike: "ArrayLike",
    years: "ArrayLike",
    rate: "ArrayLike" = 0.0,
    dividend_yield: "ArrayLike" = 0.0,
) -> "Numbers":
    """The volatility at which an option is worth `price` dollars; NaN where there is none (`no_volatility` says why).

    Solved for the option out of the money, by put-call parity. The first guess is exact for Pólya's approximation of
    the normal distribution (Stefanica and Radoičić, An Explicit Implied Volatility Formula, 2017), within 13 %; two
    steps of Householder's third order, on the logarithm of the price or, above the inflection, of what it lacks to
    its bound (the objectives of Jäckel, Let's Be Rational, 2015), are then exact to rounding.
    """
    import numpy as np

    with np.errstate(all="ignore"):
        at = _bounds(is_call, price, spot, strike, years, rate, dividend_yield)
        unit = np.sqrt(at.stock * at.cash)
        (years,) = _floats(years)
        solvable = (at.time_value > at.noise) & (at.time_value < at.lesser) & (years > 0)
        value = np.where(solvable, at.time_value / unit, np.nan)
        deviation = _deviation(value, np.broadcast_to(at.lesser / unit, value.shape))
        answer: Numbers = deviation / np.sqrt(years)
        return answer


def no_volatility(
    is_call: bool,
    price: float,
    spot: float,
    strike: float,
    years: float,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
) -> str | None:
    """Why an option at `price` dollars has no implied volatility, with the figures; None where it has one."""
    import numpy as np

    with np.errstate(all="ignore"):
        at = _bounds(is_call, price, spot, strike, years, rate, dividend_yield)
        most = at.intrinsic + at.lesser
        found = implied_volatility(is_call, price, spot, strike, years, rate, dividend_yield)
    option, known = "call" if is_call else "put", (price, spot, strike, years, rate, dividend_yield)
    if not all(map(math.isfinite, known)) or min(spot, strike) <= 0:
        return "price, spot, strike, years and rates are known numbers, spot and strike above 0"
    reasons = (
        (years <= 0, "expired"),
        (price <= 0, f"a price of {price:g} is not above 0"),
        (at.time_value < 0, f"below intrinsic value: {price:.10g} < {at.intrinsic:.10g}, the {option}'s, discounted"),
        (at.time_value >= at.lesser, f"above the bound: {price:.10g}, and no such {option} is worth {most:.10g}"),
        (at.time_value <= at.noise, f"no time value left: {price:.10g} is the {option}'s intrinsic value, discounted"),
        (not found > 0, "figures so far from each other that rounding hides it"),
    )
    return next((why for holds, why in reasons if holds), None)


class _Terms(NamedTuple):
    """What the formulas share: e⁻ᵠᵀ, the discounted stock and strike, √T, σ√T, d1, d2 and φ(d1)."""

    sign: "Numbers"
    share: "Numbers"
    stock: "Numbers"
    cash: "Numbers"
    root: "Numbers"
    deviation: "Numbers"
    d1: "Numbers"
    d2: "Numbers"
    density: "Numbers"


def _terms(
    is_call: "ArrayLike",
    spot: "ArrayLike",
    strike: "ArrayLike",
    years: "ArrayLike",
    volatility: "ArrayLike",
    rate: "ArrayLike",
    dividend_yield: "ArrayLike",
) -> _Terms:
    import numpy as np

    sign, share, stock, cash = _discounted(is_call, spot, strike, years, rate, dividend_yield)
    years, volatility = _floats(years, volatility)
    root = np.sqrt(years)
    deviation = np.maximum(np.where(volatility < 0, np.nan, volatility * root), _STILL)
    middle = np.log(stock / cash) / deviation
    d1 = middle + deviation / 2
    density = _DENSITY * np.exp(-0.5 * d1 * d1) * (deviation > _STILL)
    return _Terms(sign, share, stock, cash, root, deviation, d1, middle - deviation / 2, density)


class _Bounds(NamedTuple):
    """A price between its bounds: the discounted stock and strike, the lesser of them, and what of it is time value.

    `noise` is how much of that rounding can make.
    """

    stock: "Numbers"
    cash: "Numbers"
    lesser: "Numbers"
    intrinsic: "Numbers"
    time_value: "Numbers"
    noise: "Numbers"


def _bounds(
    is_call: "ArrayLike",
    price: "ArrayLike",
    spot: "ArrayLike",
    strike: "ArrayLike",
    years: "ArrayLike",
    rate: "ArrayLike",
    dividend_yield: "ArrayLike",
) -> _Bounds:
    import numpy as np

    sign, _, stock, cash = _discounted(is_call, spot, strike, years, rate, dividend_yield)
    intrinsic = np.maximum(sign * (stock - cash), 0.0)
    noise = np.where(intrinsic > 0, _ROUNDING, _FAINTEST) * np.maximum(stock, cash)
    time_value = np.asarray(price, np.float64) - intrinsic
    return _Bounds(stock, cash, np.minimum(stock, cash), intrinsic, time_value, noise)


def _discounted(
    is_call: "ArrayLike",
    spot: "ArrayLike",
    strike: "ArrayLike",
    years: "ArrayLike",
    rate: "ArrayLike",
    dividend_yield: "ArrayLike",
) -> "tuple[Numbers, Numbers, Numbers, Numbers]":
    """1 for a call and −1 for a put, e⁻ᵠᵀ, the discounted stock and the discounted strike."""
    import numpy as np

    spot, strike, years, rate, dividend_yield = _floats(spot, strike, years, rate, dividend_yield)
    share = np.exp(-dividend_yield * years)
    return np.where(is_call, 1.0, -1.0), share, spot * share, strike * np.exp(-rate * years)


def _alike(*answers: "Numbers") -> "Iterator[Numbers]":
    """Of one shape: not all that a price changes by asks whether it is a call."""
    import numpy as np

    return (answer[()] for answer in np.broadcast_arrays(*answers))


def _floats(*values: "ArrayLike") -> "tuple[Numbers, ...]":
    import numpy as np

    return tuple(np.asarray(value, np.float64) for value in values)


def _deviation(value: "Numbers", edge: "Numbers") -> "Numbers":
    """σ√T of an option out of the money, from its value and its bound, both in units of √(stock × strike), discounted.

    With x = 2 ln(edge) ≤ 0, value = edge Φ(d1) − Φ(d2) / edge, d1,2 = x / s ± s / 2.
    """
    import numpy as np
    from scipy.special import ndtr

    x = 2 * np.log(edge)
    gap = 1 / edge - edge
    # Pólya: Φ(d)² is nearly quadratic in w = exp(-(d1² + d2²) / π); squares is (d1² + d2²) / 2.
    bend = np.exp((2 / math.pi - 0.5) * x)
    arc = edge / bend
    cosh, sinh = (1 / arc + arc) / 2, (1 / arc - arc) / 2
    u = value * (value + gap)
    b = 4 * cosh * u + gap * (1 / bend - bend)
    c = 4 * u * (1 - u)
    squares = -math.pi / 2 * np.log(2 * c / (b + np.sqrt(b * b + 4 * sinh * sinh * c)))
    above = 4 * u >= (1 - edge * edge) + (1 - bend * bend)
    low, high = np.sqrt(np.maximum(squares + x, 0.0)), np.sqrt(squares - x)
    s = np.where(above, high + low, -2 * x / (high + low))

    sign = np.where(above, -1.0, 1.0)
    target = np.where(above, edge - value, value)
    for _ in range(2):
        h, t = x / s, s / 2
        at = edge * ndtr(sign * (h + t)) - sign * ndtr(h - t) / edge
        first = sign * _DENSITY * np.exp(-0.5 * (h * h + t * t)) / at
        newton = np.log(target / at) / first
        curve = (h * h - t * t) / s
        second = curve - first
        third = curve * curve - 3 * (h / s) ** 2 - 0.25 - first * (3 * curve - 2 * first)
        s = s + newton * (1 + 0.5 * second * newton) / (1 + newton * (second + third * newton / 6))
    answer: Numbers = s
    return answer


def probability_itm(
    is_call: "ArrayLike",
    spot: "ArrayLike",
    strike: "ArrayLike",
    years: "ArrayLike",
    volatility: "ArrayLike",
    rate: "ArrayLike" = 0.0,
    dividend_yield: "ArrayLike" = 0.0,
) -> "Numbers":
    """The risk-neutral probability, 0–1, that an option expires in the money: N(±d2)."""
    import numpy as np
    from scipy.special import ndtr

    with np.errstate(all="ignore"):
        at = _terms(is_call, spot, strike, years, volatility, rate, dividend_yield)
        answer: Numbers = ndtr(at.sign * at.d2)
        return answer


def probability_touch(
    is_call: "ArrayLike",
    spot: "ArrayLike",
    strike: "ArrayLike",
    years: "ArrayLike",
    volatility: "ArrayLike",
    rate: "ArrayLike" = 0.0,
    dividend_yield: "ArrayLike" = 0.0,
) -> "Numbers":
    """The risk-neutral probability, 0–1, that the spot touches the strike by expiry; 1 where it is in or at the money.

    By the reflection principle for a Brownian motion with drift: Φ((−m + νT) / s) + exp(2νm / σ²) Φ((−m − νT) / s),
    m = |ln(strike / spot)|, νT the expected log move towards the strike. Source: Reiner and Rubinstein, Breaking Down
    the Barriers (1991); Shreve, Stochastic Calculus for Finance II, section 7.2.
    """
    import numpy as np
    from scipy.special import log_ndtr, ndtr

    with np.errstate(all="ignore"):
        at = _terms(is_call, spot, strike, years, volatility, rate, dividend_yield)
        spot, strike = _floats(spot, strike)
        distance = at.sign * np.log(strike / spot)
        drift = at.sign * (at.d2 * at.deviation) + distance
        reflected = 2 * drift * distance / at.deviation**2 + log_ndtr(-(distance + drift) / at.deviation)
        touched = ndtr((drift - distance) / at.deviation) + np.exp(reflected)
        return np.where(np.isnan(at.d2), np.nan, np.where(distance <= 0, 1.0, np.minimum(touched, 1.0)))
