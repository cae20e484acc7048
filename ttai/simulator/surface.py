"""What the simulated market makes of an underlying's options: one volatility surface, prices and greeks from it."""

import math
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ttai.quant import pricing
from ttai.simulator.instruments import Instrument
from ttai.simulator.metrics import term_structure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

RATE = 0.0375
_SHORTEST = 1 / 525_600  # years: a minute


class Skew(NamedTuple):
    """How a smile hangs: `rho` the correlation of price and volatility, `eta` its curvature.

    Free of butterfly arbitrage for eta² (1 + |rho|) ≤ 4 (Gatheral and Jacquier, Arbitrage-free SVI Volatility
    Surfaces, 2014).
    """

    rho: float
    eta: float


_MARKETS = frozenset({"SPY", "QQQ", "IWM"})
_BROAD, _STOCK, _FEAR = Skew(-0.68, 1.25), Skew(-0.35, 0.95), Skew(0.6, 1.1)


def dividend_yield(instrument: Instrument, price: float) -> float:
    """What it pays of its price, continuous; an index pays like the market, and fear carries nothing."""
    if instrument.symbol == "VIX":
        return RATE
    if instrument.kind == "Index":
        return 0.011
    return math.log1p(instrument.dividend * instrument.payments / price)


def volatilities(instrument: Instrument, today: date, day: date, years: float, log_moneyness: "Numbers") -> "Numbers":
    """The implied volatility of what expires on a day, by ln(strike / forward): SSVI on the term structure."""
    import numpy as np

    years = max(years, _SHORTEST)
    rho, eta = _skew(instrument)
    theta = _curve(instrument, today)[day] ** 2 * years
    tilt = eta / math.sqrt(theta) * log_moneyness
    total = theta / 2 * (1 + rho * tilt + np.sqrt((tilt + rho) ** 2 + 1 - rho * rho))
    answer: Numbers = np.sqrt(total / years)
    return answer


class Valued(NamedTuple):
    """The options of some strikes: volatilities of shape (n,), prices and greeks of shape (2, n), calls first."""

    volatility: "Numbers"
    price: "Numbers"
    greeks: pricing.Greeks


def valued(instrument: Instrument, today: date, day: date, years: float, spot: float, strikes: "Numbers") -> Valued:
    """What contracts are worth; those that may be exercised early never less than that brings."""
    import numpy as np

    paid = dividend_yield(instrument, instrument.anchor)
    sides = np.array([[True], [False]])
    forward = spot * math.exp((RATE - paid) * years)
    volatility = volatilities(instrument, today, day, years, np.log(strikes / forward))
    market = (sides, spot, strikes, years, volatility, RATE, paid)
    price = pricing.price(*market)
    if instrument.kind != "Index":
        price = np.maximum(price, np.where(sides, spot - strikes, strikes - spot))
    return Valued(volatility, price, pricing.greeks(*market))


def _skew(instrument: Instrument) -> Skew:
    if instrument.symbol == "VIX":
        return _FEAR
    return _BROAD if instrument.kind == "Index" or instrument.symbol in _MARKETS else _STOCK


@lru_cache(maxsize=256)
def _curve(instrument: Instrument, today: date) -> dict[date, float]:
    return term_structure(instrument, today)
