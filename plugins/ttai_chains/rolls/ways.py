"""The ways to roll options: where their legs may go, what each costs, and what it does to the delta; pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal

from ttai import ExpirationQuotes
from ttai_chains.candidates.placement import thinned
from ttai_chains.fills import TICKS, fill, too_wide
from ttai_chains.rolls.rolled import Rolled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Places = NDArray[np.intp]
    Marks = NDArray[np.bool_]

Strikes = Literal["away", "same", "down", "up", "any"]
Sort = Literal["credit", "delta_cut", "days", "buying_power"]
LEAST_DELTA, MOST_DELTA = 0.05, 0.60  # of what is sold again, unless it is outside already
LADDER, TWO_LADDERS = 31, 9  # strikes where one side moves, and of each where two do
_SAME = 1e-6  # dollars: strikes no farther apart are one


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
        ladders = [np.unique(np.concatenate([thinned(end, -(-most // len(ends))) for end in ends])) for ends in there]
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
        too_wide=too_wide(bid, ask, max_spread, quotes.expiration),
    )


def sift(found: Ways, max_debit: float | None, max_delta: float | None, max_spread: float) -> tuple[Ways, list[str]]:
    """The ways that pass, and of the others how many do not, why, and what to ask to see them."""
    import numpy as np

    said: list[str] = []
    found = _without(found, ~np.isfinite(found.mid), "have a leg without a two-sided market", said)
    least = found.spread_percent[found.too_wide].min(initial=math.inf)
    wide = f"have a leg whose spread is over {max_spread:g} % of its mid (and over {TICKS} ticks)"
    found = _without(found, found.too_wide, f"{wide}: ask max_spread_percent={_up(least, 0)} or more", said)
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
