"""What a broker asks for a position under Regulation T."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ttai.quant.strategies.legs import Leg, net_debit

STOCK, SHORT_STOCK = 0.5, 1.5  # of its value
EQUITY, BROAD_INDEX = 0.20, 0.15  # of the underlying, for an uncovered short
LEAST = 0.10  # of the strike (put) or the underlying (call)
_TRACE = 1e-9  # of the largest leg: what the solver leaves of nothing


@dataclass(frozen=True)
class Margin:
    """What a broker asks for under Regulation T, in dollars; many ask for more.

    `requirement` is held against the position. `buying_power` is what it takes of the account: the requirement and the
    net debit, less the value of long stock, which stays there as security; below 0 the position brings in more than it
    ties up. `rules` are those that were applied, in words.
    """

    requirement: float
    buying_power: float
    rules: tuple[str, ...]


@dataclass(frozen=True)
class _Way:
    """One way to carry a share of a short option; `cover` is the place of what covers it, None for nothing.

    `value` dollars count whatever the other side asks for, `risk` dollars only where this is the greater side.
    """

    short: int
    cover: int | None
    value: float
    risk: float
    rule: str


def reg_t(legs: Sequence[Leg], spot: float, *, broad_index: bool = False) -> Margin:
    """The initial margin of legs on one underlying at `spot` dollars a share; `broad_index` for a broad-based index.

    Source: Regulation T (12 CFR 220.12) and FINRA rule 4210(f)(2), as the Cboe margin manual explains them:

    - Long options are paid in full, long stock asks for 50 %, short stock for 150 %, its proceeds among them.
    - An uncovered short asks for its value and 20 % of the underlying (15 % of a broad index) less what it is out of
      the money, at least 10 % of the strike of a put or of the underlying of a call.
    - A long of the same type that expires no earlier covers it: the width of the strikes where the long is further
      out of the money, else nothing, unless uncovered is less.
    - Long stock covers calls and short stock puts: nothing, but an option in the money is what the stock counts for.
    - Of calls and puts only the greater side counts, and the value of what is uncovered on the other.
    - Options whose shorts expire together never ask for more than the most they can lose then, if there is a most.

    Shorts and covers are paired, share by share, so that the least is asked for. ValueError for no legs, or a spot
    that is none.
    """
    if not legs:
        raise ValueError("a position has at least one leg")
    if not (math.isfinite(spot) and spot > 0):
        raise ValueError(f"the underlying's price is above 0, not {spot:g}")
    options = [leg for leg in legs if leg.is_option]
    shares = math.fsum(leg.shares for leg in legs if not leg.is_option)
    requirement, rules = _stock(shares, spot)
    if any(leg.shares > 0 for leg in options):
        rules.append("long options are paid in full")
    if any(leg.shares < 0 for leg in options):
        asked, applied = _paired(options, shares, spot, BROAD_INDEX if broad_index else EQUITY)
        most = _most_lost(options)
        if most < asked * (1 - _TRACE):
            asked, applied = most, ["limited risk: the most that the options can lose when they expire"]
        requirement += asked
        rules += applied
    return Margin(requirement, requirement + net_debit(legs) - max(shares, 0.0) * spot, tuple(rules))


def cash_secured(legs: Sequence[Leg]) -> Margin:
    """What an account without credit needs: all that is bought, and the most that the position may come to owe.

    A long that expires before the last short is no help with it. ValueError for no legs, and where there is no most.
    """
    if not legs:
        raise ValueError("a position has at least one leg")
    last = max((leg.years for leg in legs if leg.is_option and leg.shares < 0), default=0.0)
    there = [leg for leg in legs if leg.shares < 0 or leg.years >= last]
    owed = _most_owed(there)
    if owed == math.inf:
        raise ValueError("a cash account carries no position whose loss has no limit")
    rules = ["all that is bought is paid in full"] if any(leg.shares > 0 for leg in legs) else []
    if owed:
        rules.append("the most that can be owed when it expires is held in cash")
    return Margin(owed, owed + net_debit(legs), tuple(rules))


def _stock(shares: float, spot: float) -> tuple[float, list[str]]:
    """What the stock asks for, whatever it covers."""
    if shares > 0:
        return STOCK * shares * spot, [f"long stock: {STOCK:.0%} of its value"]
    if shares < 0:
        return SHORT_STOCK * -shares * spot, [f"short stock: {SHORT_STOCK:.0%} of its value, its proceeds among them"]
    return 0.0, []


def _paired(options: Sequence[Leg], stock: float, spot: float, part: float) -> tuple[float, list[str]]:
    """The least that all ways to pair shorts with covers ask for, and the rules of that pairing.

    A linear programme: how many shares of each short go which way, and the greater side. It is solved for legs of at
    most one share, so that its tolerance is one of the position's size.
    """
    import numpy as np
    from scipy.optimize import linprog

    shorts = [leg for leg in options if leg.shares < 0]
    longs = [leg for leg in options if leg.shares > 0]
    covers = [*(leg.shares for leg in longs), abs(stock)]
    ways = [way for place, short in enumerate(shorts) for way in _ways(place, short, longs, stock, spot, part)]
    size = max(-leg.shares for leg in shorts)
    each = np.array([[way.short == place for way in ways] for place in range(len(shorts))], np.float64)
    used = np.array([[way.cover == place for way in ways] for place in range(len(covers))], np.float64)
    value, risk = (np.array(numbers) for numbers in zip(*((way.value, way.risk) for way in ways), strict=True))
    sides = np.array([[shorts[way.short].type == side for way in ways] for side in ("call", "put")]) * risk
    solved = linprog(
        [*value, 1.0],
        A_ub=np.column_stack((np.vstack((used, sides)), [0.0] * len(covers) + [-1.0, -1.0])),
        b_ub=[*(shares / size for shares in covers), 0.0, 0.0],
        A_eq=np.column_stack((each, np.zeros(len(shorts)))),
        b_eq=[-leg.shares / size for leg in shorts],
    )
    went = np.asarray(solved.x, np.float64)[:-1]
    rules = list(dict.fromkeys(way.rule for way, shares in zip(ways, went, strict=True) if shares > _TRACE))
    if (sides @ went > _TRACE).all():
        rules.append("of calls and puts the greater side, and the value of what is uncovered on the other")
    return float(value @ went + max(sides @ went)) * size, rules


def _ways(place: int, short: Leg, longs: Sequence[Leg], stock: float, spot: float, part: float) -> list[_Way]:
    """All ways to carry one short option."""
    said = f"short {short.type} {short.strike:g}"
    sign = 1 if short.type == "call" else -1
    risk, rule = _uncovered(short, spot, part)
    ways = [_Way(place, None, short.price, risk, f"{said} is uncovered: its value and {rule}")]
    for cover, long in enumerate(longs):
        if long.type == short.type and long.years >= short.years:
            width = max(sign * (long.strike - short.strike), 0.0)
            asks = f"the width, {width:g} a share" if width else "nothing"
            ways.append(
                _Way(place, cover, 0.0, width, f"{said} is covered by long {long.type} {long.strike:g}: {asks}")
            )
    if sign * stock > 0:
        # the stock counts for no more than a call brings in, for no less than a put costs
        inside = max(sign * (spot - short.strike), 0.0) * (STOCK if sign > 0 else SHORT_STOCK)
        asks = f"{inside:g} a share, as the stock counts at the strike" if inside else "nothing"
        holding = "long" if sign > 0 else "short"
        ways.append(_Way(place, len(longs), inside, 0.0, f"{said} is covered by {holding} stock: {asks}"))
    return ways


def _uncovered(short: Leg, spot: float, part: float) -> tuple[float, str]:
    """What a share of an uncovered short asks for beside its value, and the rule."""
    if short.type == "call":
        away, least, of = max(short.strike - spot, 0.0), LEAST * spot, "underlying"
    else:
        away, least, of = max(spot - short.strike, 0.0), LEAST * short.strike, "strike"
    risk = part * spot - away
    if risk < least:
        return least, f"{LEAST:.0%} of the {of}"
    less = f" less {away:g} out of the money" if away else ""
    return risk, f"{part:.0%} of the underlying{less}"


def _most_lost(options: Sequence[Leg]) -> float:
    """Dollars that the options can lose where their shorts expire, premiums aside; infinite where nothing bounds it.

    A long that expires at another time is left out: it could only help.
    """
    moments = {leg.years for leg in options if leg.shares < 0}
    return math.inf if len(moments) > 1 else _most_owed([leg for leg in options if leg.years in moments])


def _most_owed(legs: Sequence[Leg]) -> float:
    """Dollars that legs come to owe at the worst price if all of them end now; infinite where it has no limit."""
    if math.fsum(leg.shares for leg in legs if leg.type != "put") < 0:
        return math.inf
    return max(0.0, *(-_worth(legs, price) for price in (0.0, *(leg.strike for leg in legs))))


def _worth(legs: Sequence[Leg], price: float) -> float:
    """Dollars that legs are worth if they end with the underlying at this price; stock is a call struck at 0."""
    return math.fsum(
        leg.shares * max(leg.strike - price if leg.type == "put" else price - leg.strike, 0.0) for leg in legs
    )
