"""Which contracts a strategy takes of what is offered."""

import math
from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from ttai.simulator.accounts.assets import Asset, option
from ttai.simulator.accounts.past import YEAR, Past, moment
from ttai.simulator.accounts.recipes import Leg
from ttai.simulator.days import session_before
from ttai.simulator.expirations import Expiration, expirations
from ttai.simulator.options import Root, roots
from ttai.simulator.strikes import ladder

_DAY = 86_400.0  # seconds
_MONTHS = 35  # days from which on the monthly expirations are used


class Chain(NamedTuple):
    """The contracts of a root that expire together."""

    root: Root
    expiration: Expiration
    strikes: Sequence[float]


def offered(past: Past, symbol: str, day: date, days: int) -> Chain:
    """What was listed on an earlier day, nearest to so many days from expiring; months for what is held for long."""
    instrument = past.instrument(symbol)
    dues = [
        one
        for one in expirations(instrument, day)
        if one.settlement == "PM" and one.day > day and (one.kind == "Regular" or days < _MONTHS)
    ]
    expiration = min(dues, key=lambda one: abs((one.day - day).days - days))
    strikes = ladder(instrument, past.bar(symbol, session_before(day)).close, (expiration.day - day).days)
    root = roots(instrument)[-1 if instrument.kind == "Index" else 0]
    return Chain(root, expiration, strikes)


def chosen(
    past: Past, legs: Sequence[Leg], day: date, part: float, chain: Callable[[Leg], Chain]
) -> list[tuple[Asset, float]]:
    """The contracts of legs as they would be chosen in the course of a day, no two the same."""
    found: list[tuple[Asset, float]] = []
    for leg in legs:
        root, expiration, strikes = chain(leg)
        symbol, is_call = root.underlying.symbol, leg.kind == "call"
        years = max(expiration.settles - moment(day, part), _DAY) / YEAR
        deviation = past.implied(symbol, day, expiration.day) * math.sqrt(years)
        before = found[-1][0].strike if found else 0.0
        wanted = past.spot(symbol, day, part) * math.exp(leg.away * deviation)
        if leg.step is not None:
            wanted = before + leg.step
        taken = {one.strike for one, _ in found if (one.expiration, one.is_call) == (expiration, is_call)}
        beyond = [strike for strike in strikes if leg.step is None or (strike - before) * leg.step > 0]
        free = [strike for strike in beyond if strike not in taken]
        strike = min(free or strikes, key=lambda one: abs(one - wanted))
        found.append((option(root, expiration, strike, is_call=is_call), leg.quantity))
    return found
