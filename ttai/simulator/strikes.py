"""Which strikes are listed: fine near the money and coarse far from it, wider with time and volatility."""

import math

from ttai.simulator.expirations import DAILY
from ttai.simulator.instruments import Instrument

_STEPS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500)  # dollars, or points
_USUAL = ((50, 0.5), (150, 1), (400, 2.5), (1500, 5), (math.inf, 10))  # below a price, the step at the money
_OWN = {"SPY": 1, "QQQ": 1, "IWM": 1, "SPX": 5, "NDX": 25, "RUT": 5}
_FEW, _MANY = 45, 260  # fine strikes of a usual stock, and of the most traded
_COARSE = 100  # coarse strikes, at most
_FEWEST = 5  # strikes near the money
_AROUND = 3  # strikes each side of the money, where there would be fewer than five
_TOO_DEAR = 100_000  # dollars: the OCC writes no such strike
_LOWEST, _HIGHEST = -1.6, 0.9  # log distances beyond which nothing is listed


def ladder(instrument: Instrument, price: float, days: int) -> tuple[float, ...]:
    """The strikes of an expiration in so many days, where the underlying closed at this price the day before.

    Whatever it closed at: a test may set it to a cent, or to what the OCC can't write any more.
    """
    deviation = instrument.volatility * math.sqrt((days + 1) / 365)
    busy = instrument.symbol in DAILY or instrument.kind == "Index"
    near = min(max(2 * deviation, 0.03 if busy else 0.06), _HIGHEST)
    below = max(-max((7 if busy else 5) * deviation, 3 * near), _LOWEST)
    above = min(max(5 * deviation, 3 * near), _HIGHEST)
    at_the_money = _OWN.get(instrument.symbol) or next(step for limit, step in _USUAL if price < limit)
    fine = _grid(price, (-near, near), at_the_money, _MANY if busy else _FEW)
    if len(fine) < _FEWEST:
        step = next((step for step in reversed(_STEPS) if step <= min(price / _AROUND, at_the_money)), _STEPS[0])
        fine = [step * n for n in range(max(round(price / step) - _AROUND, 1), round(price / step) + _AROUND + 1)]
    coarse = _grid(price, (below, above), 2 * (fine[1] - fine[0]), _COARSE)
    strikes = {*fine, *(strike for strike in coarse if not fine[0] < strike < fine[-1])}
    return tuple(sorted(round(strike, 2) for strike in strikes if strike < _TOO_DEAR))


def _grid(price: float, span: tuple[float, float], least: float, most: int) -> list[float]:
    """The multiples of a step, the least that makes no more than so many strikes of a span of log distances."""
    low, high = (price * math.exp(distance) for distance in span)
    step = next((step for step in _STEPS if step >= least and (high - low) / step <= most), _STEPS[-1])
    return [step * n for n in range(max(math.ceil(low / step), 1), math.floor(high / step) + 1)]
