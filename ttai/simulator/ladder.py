"""The strikes an exchange lists: close together near the money, wide apart far from it."""

import math

from ttai.simulator.instruments import Instrument

_STEPS = (0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0)
_USUAL = {"SPY": 1.0, "QQQ": 1.0, "IWM": 1.0, "SPX": 5.0, "NDX": 25.0, "RUT": 5.0, "VIX": 0.5}
_BY_PRICE = ((25.0, 0.5), (60.0, 1.0), (250.0, 2.5), (600.0, 5.0), (math.inf, 10.0))
_COARSER = (60, 240)  # days from which on what expires has fewer
_ZONES = ((1.5, 1), (3.0, 2), (6.0, 5))  # usual moves from the price, and how many steps apart
_SHORTEST = 6  # days: what is left of the week
_FEWEST = 6  # strikes within the first zone, where a finer step makes them


def ladder(instrument: Instrument, price: float, days: int) -> tuple[float, ...]:
    """The strikes around the last close, in order, of what expires in so many days."""
    usual = _USUAL.get(instrument.symbol) or next(step for below, step in _BY_PRICE if price < below)
    at = _STEPS.index(usual) + sum(days >= least for least in _COARSER)
    move = price * instrument.volatility * math.sqrt(max(days, _SHORTEST) / 365)
    while at and 2 * _ZONES[0][0] * move / _STEPS[at] < _FEWEST:
        at -= 1
    strikes: set[float] = set()
    for moves, steps in _ZONES:
        apart = _STEPS[at] * steps
        low, high = math.ceil(max(price - moves * move, apart) / apart), math.floor((price + moves * move) / apart)
        strikes.update(number * apart for number in range(low, high + 1))
    return tuple(sorted(strikes))
