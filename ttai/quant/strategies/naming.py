"""What traders call a set of legs."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from ttai.quant.strategies.legs import Leg

CUSTOM = "custom"
_CENT = 0.01  # dollars: widths that differ by less are the same
_CONTRACT = 100  # shares: so that two and three are a ratio, one and a half is none
_DEEP, _LONG_DATED = 0.9, 90 / 365  # of the spot; years behind what is sold: a call that stands for the stock

# Options of one expiration from the lowest strike up, type and sign and how many of the smallest lot; a strike that is
# the same as the one before stands in the same word.
_ONE_EXPIRATION = {
    "p+ p-": "put credit spread", "p- p+": "put debit spread", "c- c+": "call credit spread",
    "c+ c-": "call debit spread", "p+ p- c- c+": "iron condor", "p- p+ c+ c-": "reverse iron condor",
    "p+ p-c- c+": "iron butterfly", "p- p+c+ c-": "reverse iron butterfly",
    "p- c-": "short strangle", "p+ c+": "long strangle", "p-c-": "short straddle", "p+c+": "long straddle",
    "c- p-": "short guts", "c+ p+": "long guts",
    "c+ c-2 c+": "call butterfly", "p+ p-2 p+": "put butterfly", "c- c+2 c-": "short call butterfly",
    "p- p+2 p-": "short put butterfly", "c+ c- c- c+": "call condor", "p+ p- p- p+": "put condor",
    "c- c+ c+ c-": "short call condor", "p- p+ p+ p-": "short put condor",
    "p- c- c+": "jade lizard", "p+ p- c-": "reverse jade lizard",
    "p-c- c+": "big lizard", "p+ p-c-": "reverse big lizard", "p- c+": "risk reversal",
    "p+ c-": "short risk reversal",
    "p-c+": "synthetic long stock", "p+c-": "synthetic short stock",
    "p-c+ p+c-": "long box", "p+c- p-c+": "short box",
}  # fmt: skip
_IRON = [("put", True), ("put", False), ("call", False), ("call", True)]
_WITH_STOCK = {
    "c-": "covered call", "p+": "protective put", "p+ c-": "collar", "p- c-": "covered strangle",
    "p-c-": "covered straddle", "p+c-": "conversion",
}  # fmt: skip
_WITH_SHORT_STOCK = {"p-": "covered put", "p- c+": "reverse collar", "p-c+": "reversal"}


def named(legs: Sequence[Leg], spot: float | None = None) -> str:
    """The name of a strategy such as "iron condor"; "custom" for what has none.

    `spot`, dollars, tells a poor man's covered call from other call diagonals: what is bought is struck at 90 % of it
    or less and expires 90 days or more behind what is sold. Without a spot it is a call diagonal.
    """
    stock = sum(leg.shares for leg in legs if not leg.is_option)
    options = _netted([leg for leg in legs if leg.is_option])
    if not options:
        return ("stock" if stock > 0 else "short stock") if stock else CUSTOM
    lot = _lot(options)
    if lot is None or (stock and abs(stock) != lot):
        return CUSTOM
    dates = sorted({leg.years for leg in options})
    if len(dates) > 1:
        return CUSTOM if stock else _over_time(options, dates, spot)
    signature = _signature(options, lot)
    if stock:
        return (_WITH_STOCK if stock > 0 else _WITH_SHORT_STOCK).get(signature, CUSTOM)
    return _alone(options) if len(options) == 1 else _at_once(options, signature)


def _lot(options: Sequence[Leg]) -> float | None:
    """The shares that all legs are whole multiples of: the smallest leg, or whole contracts; None where none are."""
    sizes = [abs(leg.shares) for leg in options]
    smallest = min(sizes)
    if not any(size % smallest for size in sizes):
        return smallest
    return None if any(size % _CONTRACT for size in sizes) else float(math.gcd(*map(int, sizes)))


def _at_once(options: Sequence[Leg], signature: str) -> str:
    """Several options of one expiration."""
    name = _ONE_EXPIRATION.get(signature) or _ratio(options)
    strikes = [leg.strike for leg in options]
    uneven = len(strikes) == 3 and abs((strikes[1] - strikes[0]) - (strikes[2] - strikes[1])) > _CENT
    return f"broken-wing {name}" if uneven and name in ("call butterfly", "put butterfly") else name


def _netted(options: Sequence[Leg]) -> list[Leg]:
    """Each contract once, from the lowest strike up, puts first; what cancels out is gone."""
    held: dict[tuple[float, bool, float], Leg] = {}
    for leg in options:
        key = (leg.strike, leg.type != "put", leg.years)
        if key not in held:
            held[key] = leg
        elif shares := leg.shares + held[key].shares:
            held[key] = replace(leg, shares=shares)
        else:
            del held[key]
    return [held[key] for key in sorted(held)]


def _signature(options: Sequence[Leg], lot: float) -> str:
    said = ""
    strike = None
    for leg in options:
        size = abs(leg.shares) / lot
        said += ("" if strike in (None, leg.strike) else " ") + leg.type[0] + ("+" if leg.shares > 0 else "-")
        said += f"{size:.0f}" if size > 1 else ""
        strike = leg.strike
    return said


def _alone(options: Sequence[Leg]) -> str:
    return f"{'long' if options[0].shares > 0 else 'short'} {options[0].type}"


def _ratio(options: Sequence[Leg]) -> str:
    """Spreads of unequal size or width."""
    kinds = {leg.type for leg in options}
    if len(kinds) > 1:
        iron = [(leg.type, leg.shares > 0) for leg in options] == _IRON
        return "unbalanced iron condor" if iron else CUSTOM
    (kind,) = kinds
    if len(options) == 2 and options[0].shares * options[1].shares < 0:
        more = max(options, key=lambda leg: abs(leg.shares))
        return f"{kind} {'ratio spread' if more.shares < 0 else 'backspread'}"
    signs = [leg.shares > 0 for leg in options]
    if len(options) == 3 and sum(leg.shares for leg in options) == 0 and signs[0] == signs[2] != signs[1]:
        return f"broken-wing {kind} butterfly"
    return CUSTOM


def _over_time(options: Sequence[Leg], dates: Sequence[float], spot: float | None) -> str:
    """Calendars and diagonals: what is sold in front and bought behind, or the other way round."""
    near = [leg for leg in options if leg.years == dates[0]]
    far = [leg for leg in options if leg.years != dates[0]]
    paired = len(dates) == 2 and [leg.type for leg in near] == [leg.type for leg in far]
    if not paired or any(a.shares != -b.shares for a, b in zip(near, far, strict=True)):
        return CUSTOM
    same = all(a.strike == b.strike for a, b in zip(near, far, strict=True))
    signs = {leg.shares < 0 for leg in near}
    if len(near) > 2 or len(signs) > 1:
        return CUSTOM
    base = "calendar" if same else "diagonal"
    side = f"{near[0].type} {base}" if len(near) == 1 else f"double {base}"
    if signs == {False}:
        return f"reverse {side}"
    return "poor man's covered call" if side == "call diagonal" and _stands_for_stock(near[0], far[0], spot) else side


def _stands_for_stock(sold: Leg, bought: Leg, spot: float | None) -> bool:
    """Whether a call is so deep in the money, and lives so much longer, that calls are sold on it as on shares."""
    if spot is None or bought.strike > min(_DEEP * spot, sold.strike):
        return False
    return bought.years - sold.years >= _LONG_DATED


def crossed(legs: Sequence[Leg]) -> bool:
    """Whether a call is sold below a put that is sold: one of them is in the money at any price."""
    calls = [leg.strike for leg in legs if leg.type == "call" and leg.shares < 0]
    puts = [leg.strike for leg in legs if leg.type == "put" and leg.shares < 0]
    return bool(calls and puts) and min(calls) < max(puts)


def cancelling(legs: Sequence[Leg]) -> list[tuple[int, int]]:
    """The pairs of legs, by their places, that are the same contract bought and sold."""
    keys = [(leg.type, leg.strike, leg.years) for leg in legs]
    return [
        (one, other)
        for one, other in combinations(range(len(legs)), 2)
        if keys[one] == keys[other] and legs[one].shares * legs[other].shares < 0
    ]
