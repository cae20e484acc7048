"""The ways to roll options: where their legs may go, what each costs, and what it does to the delta; pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeVar

from ttai import Expiration, ExpirationQuotes
from ttai_chains.fills import fill
from ttai_chains.studies import Listed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Places = NDArray[np.intp]
    Marks = NDArray[np.bool_]

T = TypeVar("T")
Strikes = Literal["away", "same", "down", "up", "any"]
Sort = Literal["credit", "delta_cut", "days", "buying_power"]
LEAST_DELTA, MOST_DELTA = 0.05, 0.60  # of what is sold again, unless it is outside already
LADDER, TWO_LADDERS = 31, 9  # strikes where one side moves, and of each where two do
MOST_EXPIRATIONS = 8
TICKS, PENNY = 2, 0.01  # a spread of two ticks is never too wide; the tick where it is not known
_SAME = 1e-6  # dollars: strikes no farther apart are one


@dataclass(frozen=True)
class Rolled:
    """The options that are rolled: all those of one expiration, as they are listed there."""

    legs: tuple[Listed, ...]

    @cached_property
    def unit(self) -> int:
        """How often the position holds its smallest lot; prices are of one lot, dollars a share."""
        return math.gcd(*(int(one.leg.quantity) for one in self.legs))

    @cached_property
    def ratios(self) -> "Places":
        """Contracts of each leg in a lot, below 0 short."""
        import numpy as np

        return np.array([int(one.leg.quantity) // self.unit for one in self.legs], np.intp)

    @cached_property
    def rows(self) -> "Places":
        """The row of each leg in the columns of an expiration."""
        import numpy as np

        return np.array([one.place.row for one in self.legs if one.place is not None], np.intp)

    @cached_property
    def strikes(self) -> "Numbers":
        """The strike of each leg."""
        import numpy as np

        return np.array([one.leg.strike for one in self.legs], np.float64)

    @property
    def sides(self) -> list[int]:
        """The rows that there are legs of; the legs of one move together."""
        return sorted(set(self.rows.tolist()))

    @property
    def expiration(self) -> Expiration:
        """Where they are now."""
        return self.legs[0].read.quotes.expiration

    @property
    def shares(self) -> int:
        """Shares behind one contract of each leg in a lot, all lots together."""
        return self.unit * self.expiration.multiplier

    @property
    def delta(self) -> float:
        """Theirs, in shares; NaN unknown."""
        return math.fsum(one.leg.quantity * one.quoted("delta") for one in self.legs) * self.expiration.multiplier

    @cached_property
    def closing(self) -> tuple[float, float, float]:
        """What it costs to close a lot: at the mid, the natural price and the fill; NaN unknown.

        What has no two-sided market counts at its natural price in all of them: nothing, where nothing is bid.
        """
        natural = [one.quoted("bid" if one.leg.quantity > 0 else "ask") for one in self.legs]
        mids = [one.quoted("mid") for one in self.legs]
        at_mid = [mid if math.isfinite(mid) else at_once for mid, at_once in zip(mids, natural, strict=True)]
        mid, at_once = (math.fsum(-self.ratios * prices) for prices in (at_mid, natural))
        return mid, at_once, float(fill(mid, at_once, self.expiration))

    def anchor(self, row: int) -> int | None:
        """The leg of one type that leads its side: the short one nearest the money; None where nothing is short."""
        sold = [n for n, one in enumerate(self.legs) if self.rows[n] == row and one.leg.quantity < 0]
        return min(sold, key=lambda n: self.strikes[n] * (1 if row == 0 else -1)) if sold else None


def near(expirations: Sequence[Expiration], now: Expiration) -> list[Expiration]:
    """Eight of the expirations at most: monthly ones first, for they are liquid, the others spread evenly.

    Of two on one date that of the root rolled from, else the one settled in the afternoon.
    """
    by_date: dict[object, Expiration] = {}
    for one in sorted(expirations, key=lambda one: (one.date, one.root != now.root, one.settled == "AM")):
        by_date.setdefault(one.date, one)
    monthly = [one for one in by_date.values() if one.kind == "monthly"][:MOST_EXPIRATIONS]
    others = [one for one in by_date.values() if one not in monthly]
    return sorted([*monthly, *_spread(others, MOST_EXPIRATIONS - len(monthly))], key=lambda one: one.key)


@dataclass(frozen=True, eq=False)
class Ways:
    """n ways to roll into some expirations; columns of length n, but `columns` and `shifts` (n, legs).

    `expiration` is the place of the new one among those looked at, `columns` those of the strikes there, `shifts` how
    many dollars each leg's strike moves. `mid`, `natural` and `fill` are the net debit of closing and opening a lot,
    dollars a share; `delta` that of the new options in shares, `short_delta` without sign the largest of those sold,
    `spread_percent` the widest of the new legs, `open_interest` the least; NaN unknown. `too_wide`: a new leg's spread.
    """

    expiration: "Places"
    columns: "Places"
    shifts: "Numbers"
    mid: "Numbers"
    natural: "Numbers"
    fill: "Numbers"
    delta: "Numbers"
    short_delta: "Numbers"
    spread_percent: "Numbers"
    open_interest: "Numbers"
    too_wide: "Marks"

    def __len__(self) -> int:
        return len(self.fill)

    def take(self, rows: "Marks | Places") -> "Ways":
        """Some of them, in that order."""
        return Ways(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})

    @property
    def same(self) -> "Marks":
        """Those that keep all strikes."""
        import numpy as np

        return np.asarray((np.abs(self.shifts) < _SAME).all(axis=1))


def ways(
    rolled: Rolled, targets: Sequence[ExpirationQuotes], strikes: Strikes, max_spread: float
) -> tuple[Ways, str | None]:
    """The ways to roll into these expirations; a spread over `max_spread` percent of the mid is too wide.

    And what is to be said of strikes passed over: of many they are taken evenly.
    """
    import numpy as np

    sides = [_sides(rolled, quotes, strikes) for quotes in targets]
    moving = sum(rolled.anchor(row) is not None for row in rolled.sides)
    most = LADDER if moving < 2 else TWO_LADDERS
    found = []
    for number, (quotes, there) in enumerate(zip(targets, sides, strict=True)):
        ladders = [np.unique(np.concatenate([_spread(end.tolist(), -(-most // len(ends))) for end in ends]))
                   for ends in there]  # fmt: skip
        found.append(_priced(rolled, number, quotes, *_places(rolled, quotes, strikes, ladders), max_spread))
    most_there = max(len(np.unique(np.concatenate(ends))) for there in sides for ends in there)
    said = f"{most} of up to {most_there} strikes of an expiration, spread evenly" if most_there > most else None
    return Ways(**{one.name: np.concatenate([getattr(way, one.name) for way in found]) for one in fields(Ways)}), said


def _priced(
    rolled: Rolled, number: int, quotes: ExpirationQuotes, columns: "Places", shifts: "Numbers", max_spread: float
) -> Ways:
    """The ways into one expiration."""
    import numpy as np

    rows, ratios = rolled.rows, rolled.ratios
    bid, ask, mid, delta = (
        np.asarray(column[rows, columns]) for column in (quotes.bid, quotes.ask, quotes.mid, quotes.delta)
    )
    at_mid, natural, _ = rolled.closing
    mids = mid @ ratios + at_mid
    naturals = np.asarray(np.where(ratios > 0, ask, bid) @ ratios + natural)
    ticks = quotes.expiration.ticks
    least = TICKS * (ticks.at(bid) if ticks else PENNY) + _SAME
    return Ways(
        expiration=np.full(len(columns), number, np.intp),
        columns=columns,
        shifts=shifts,
        mid=mids,
        natural=naturals,
        fill=fill(mids, naturals, quotes.expiration),
        delta=delta @ ratios * rolled.shares,
        short_delta=np.abs(delta[:, ratios < 0]).max(axis=1, initial=0.0),
        spread_percent=((ask - bid) / mid * 100).max(axis=1, initial=0.0),
        open_interest=quotes.open_interest[rows, columns].min(axis=1, initial=math.inf),
        too_wide=np.asarray(((ask - bid) > np.maximum(mid * max_spread / 100, least)).any(axis=1)),
    )


def sift(found: Ways, max_debit: float | None, max_delta: float | None, max_spread: float) -> tuple[Ways, list[str]]:
    """The ways that pass, and of the others how many do not, why, and what to ask to see them."""
    import numpy as np

    said: list[str] = []
    found = _without(found, ~np.isfinite(found.mid), "have a leg without a two-sided market", said)
    least = found.spread_percent[found.too_wide].min(initial=math.inf)
    wide = f"have a leg whose spread is over {max_spread:g} % of its mid (and over {TICKS} ticks)"
    found = _without(found, found.too_wide, f"{wide}: ask max_spread={_up(least, 0)} or more", said)
    if max_delta is not None:
        bad = ~(found.short_delta <= max_delta)
        least = np.fmin.reduce(found.short_delta[bad], initial=math.inf)
        found = _without(found, bad, f"sell a delta over {max_delta:g}: ask max_delta={_up(least, 2)} or more", said)
    if max_debit is not None:
        bad = found.fill > max_debit + _SAME
        least = found.fill[bad].min(initial=math.inf)
        found = _without(found, bad, f"cost more than {max_debit:g}: ask max_debit={_up(least, 2)} or more", said)
    return found, said


def _up(least: float, places: int) -> str:
    """A number that is not below another, short."""
    return f"{math.ceil(least * 10**places - _SAME) / 10**places:.{places}f}" if math.isfinite(least) else "null"


def _without(found: Ways, bad: "Marks", why: str, said: list[str]) -> Ways:
    if count := int(bad.sum()):
        said.append(f"left out: {count} {why}")
    return found.take(~bad)


def _places(
    rolled: Rolled, quotes: ExpirationQuotes, strikes: Strikes, ladders: "Sequence[Numbers]"
) -> "tuple[Places, Numbers]":
    """The columns (n, legs) where the legs may lie, and the dollars each moves: each side as on its ladder."""
    import numpy as np

    grid = [axis.ravel() for axis in np.meshgrid(*ladders, indexing="ij")]
    shifts = np.zeros((len(grid[0]), len(rolled.legs)))
    for row, moved in zip(rolled.sides, grid, strict=True):
        shifts[:, rolled.rows == row] = moved[:, np.newaxis]
    moved = np.abs(shifts).max(axis=1, initial=0.0) > _SAME
    must = strikes in ("down", "up") or quotes.expiration.key == rolled.expiration.key
    shifts = shifts[(moved if must else True) & ~_crossed(rolled, shifts)]
    return _column(quotes, rolled.strikes + shifts), shifts


def _sides(rolled: Rolled, quotes: ExpirationQuotes, strikes: Strikes) -> "list[list[Numbers]]":
    """Of each side the dollars it may move, down and up the strikes, the nearest first."""
    return [_ends(row, _shifts(rolled, row, quotes, strikes), strikes) for row in rolled.sides]


def _ends(row: int, shifts: "Numbers", strikes: Strikes) -> "list[Numbers]":
    below, above = shifts[shifts < _SAME][::-1], shifts[shifts > -_SAME]
    if strikes == "away":
        return [above if row == 0 else below]
    return {"down": [below], "up": [above]}.get(strikes, [below, above])


def _shifts(rolled: Rolled, row: int, quotes: ExpirationQuotes, strikes: Strikes) -> "Numbers":
    """The dollars one side may move: all its legs are listed there, what is sold has a delta in the range."""
    import numpy as np

    anchor, legs = rolled.anchor(row), rolled.strikes[rolled.rows == row]
    shifts = np.zeros(1) if anchor is None or strikes == "same" else quotes.strikes - rolled.strikes[anchor]
    at = _column(quotes, legs + shifts[:, np.newaxis])
    names = np.array([bool(name) for name in quotes.expiration.symbols[row]] + [False])  # the last for no strike
    shifts = shifts[names[at].all(axis=1)]
    if anchor is None:
        return shifts
    deltas = np.abs(quotes.delta[row, _column(quotes, rolled.strikes[anchor] + shifts)])
    now = abs(rolled.legs[anchor].quoted("delta"))
    low, high = np.nanmin([LEAST_DELTA, now]), np.nanmax([MOST_DELTA, now])
    inside: Numbers = shifts[(np.abs(shifts) < _SAME) | (deltas >= low) & (deltas <= high)]
    return inside


def _crossed(rolled: Rolled, shifts: "Numbers") -> "Marks":
    """Where a put would be sold above a call that is sold, unless one is already."""
    import numpy as np

    put, call = rolled.anchor(1), rolled.anchor(0)
    if put is None or call is None:
        return np.zeros(len(shifts), bool)
    apart = rolled.strikes[call] - rolled.strikes[put]
    closer: Marks = apart + shifts[:, call] - shifts[:, put] < min(apart, 0.0) - _SAME
    return closer


def _column(quotes: ExpirationQuotes, strikes: "Numbers") -> "Places":
    """The columns of strikes, −1 for those not listed."""
    import numpy as np

    there = quotes.strikes
    at = np.minimum(np.searchsorted(there, strikes - _SAME), len(there) - 1)
    columns: Places = np.where(np.abs(there[at] - strikes) < _SAME, at, -1)
    return columns


def _spread(items: Sequence[T], most: int) -> list[T]:
    """At most so many of them, evenly, the first and the last among them."""
    if len(items) <= most or most < 2:
        return list(items[: max(most, 0)])
    step = (len(items) - 1) / (most - 1)
    return [items[round(n * step)] for n in range(most)]
