"""The volatility surface of an underlying: how much each strike and expiration expects it to move."""

import math
from typing import TYPE_CHECKING, NamedTuple

from ttai.simulator.instruments import Instrument

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RATE = 0.0375
"""What money earns without risk in a year, a fraction."""

_SESSIONS_A_YEAR = 252


class Smile(NamedTuple):
    """The shape of every expiration: `skew` between -1 and 1, and how bent it is."""

    skew: float
    bend: float


def smile(instrument: Instrument) -> Smile:
    """Crashes are feared of markets more than of companies, and of fear itself its rise."""
    if instrument.reversion:
        return Smile(0.5, 0.5)
    return Smile(-0.3, 0.8) if instrument.kind == "Equity" else Smile(-0.6, 0.9)


def volatilities(
    instrument: Instrument,
    forward: "float | NDArray[np.float64]",
    strikes: "float | NDArray[np.float64]",
    years: "float | NDArray[np.float64]",
    at_the_money: "float | NDArray[np.float64]",
) -> "NDArray[np.float64]":
    """The implied volatility of each strike; what is an array broadcasts.

    SSVI with phi = bend / sqrt(theta), free of butterfly arbitrage for bend² (1 + |skew|) <= 4. Source: Gatheral and
    Jacquier, Arbitrage-free SVI volatility surfaces (2014), theorem 4.2.
    """
    import numpy as np

    skew, bend = smile(instrument)
    away = bend * np.log(strikes / forward) / (at_the_money * np.sqrt(years))
    return at_the_money * np.sqrt((1 + skew * away + np.sqrt((away + skew) ** 2 + 1 - skew**2)) / 2)


def dividend_yield(instrument: Instrument, spot: float, years: float) -> float:
    """What holding the underlying pays in a year, a fraction of its price.

    Nobody can hold a volatility index: its options go by where it will be, back towards normal.
    """
    if instrument.reversion:
        left = math.exp(math.log(1 - instrument.reversion) * _SESSIONS_A_YEAR * years)
        return RATE - (1 - left) * math.log(instrument.anchor / spot) / years
    return instrument.dividend * instrument.payments / spot
