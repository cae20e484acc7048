"""How much of each contract is held and traded: most at the money, at round strikes and in the monthly expirations."""

import math
from datetime import date
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from ttai.simulator.options import Series

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]

_INDEX = 5e10  # dollars: an index trades as the funds that follow it
_HELD = {"Regular": 6.0, "Quarterly": 2.5, "Weekly": 1.0}
_RARE = 10  # contracts: what would be traded less often isn't today
_UNIT = 1 / 2**53


class Interest(NamedTuple):
    """Contracts, in the places of the series: held overnight, and traded by the end of the day."""

    held: "Counts"
    traded: "Counts"


def dollars(series: Series) -> float:
    """What is traded of the underlying on a usual day; of an illiquid root, what counts of it."""
    underlying = series.root.underlying
    traded = _INDEX if underlying.kind == "Index" else underlying.volume * underlying.anchor
    return traded / 10_000 if series.root.illiquid else traded


def interest(series: Series, day: date, close: float) -> Interest:
    """What there is on a day before which the underlying closed at this price."""
    import numpy as np

    strikes = np.tile(np.array(series.strikes), 2)
    side = np.repeat([1.0, -1.0], len(series.strikes))
    salt, days = series.listing.salt, (series.expiration.day - day).days
    deviation = series.root.underlying.volatility * math.sqrt((days + 3) / 365)
    # calls are held above the price, puts below it
    away = side * np.log(strikes / close) / deviation - 0.5
    usual = 12 * math.sqrt(dollars(series) / 1e6) * _HELD[series.expiration.kind] / (1 + days / 150)
    step = min(b - a for a, b in zip(series.strikes, series.strikes[1:], strict=False))
    round_ = 1 + 2 * (strikes % (10 * step) == 0) + (strikes % (5 * step) == 0)
    habit = -np.log(uniform(salt ^ crc32(series.name.encode()), strikes * side))
    held = usual * round_ * habit * np.exp(-0.5 * (away / 1.2) ** 2)
    turnover = 0.08 + 1.5 * math.exp(-days / 2)
    luck = uniform(salt ^ crc32(f"{series.name}/{day}".encode()), strikes * side)
    traded = held * turnover * 2 * luck**2
    return Interest(held.astype(np.int64), np.where(traded < _RARE, 0, traded).astype(np.int64))


def uniform(salt: int, numbers: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Between 0 and 1, neither of them, by salt and number alone (splitmix64; Steele, Lea, Flood 2014)."""
    import numpy as np

    whole = np.round(numbers * 1000).astype(np.int64).astype(np.uint64)
    bits = np.uint64(salt & (1 << 64) - 1) + whole * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits ^= bits >> np.uint64(31)
    return ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * _UNIT
