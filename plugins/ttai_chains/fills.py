"""What an order is likely to be filled at, between the mid and what is there at once, and where at nothing; pure."""

from typing import TYPE_CHECKING

from ttai import Expiration

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[np.float64]

FILL = 1 / 3  # of the way from the mid to the natural price
TICKS = 2  # a spread of so many is never too wide
PENNY = 0.01  # the tick where it is not known
_ROUNDING = 1e-6


def fill(mid: "ArrayLike", natural: "ArrayLike", expiration: Expiration) -> "Numbers":
    """The net debit assumed, dollars a share, below 0 a credit: a third of the way from mid to natural.

    A debit is rounded up and a credit down to the tick of the expiration where it is known, never beyond natural.
    """
    import numpy as np

    mid, natural = np.asarray(mid, np.float64), np.asarray(natural, np.float64)
    price = mid + (natural - mid) * FILL
    if expiration.ticks is not None:
        tick = expiration.ticks.at(price)
        price = np.minimum(np.ceil(price / tick - _ROUNDING) * tick, natural)
    rounded: Numbers = price.round(6)
    return rounded


def too_wide(bid: "Numbers", ask: "Numbers", most: float, expiration: Expiration) -> "NDArray[np.bool_]":
    """Whether of legs (n, m) one has a spread over `most` percent of its mid, and over two ticks; (n,).

    Two ticks are as narrow as cheap options get.
    """
    import numpy as np

    least = TICKS * (expiration.ticks.at(bid) if expiration.ticks is not None else PENNY) + _ROUNDING
    return np.asarray((ask - bid > np.maximum((bid + ask) / 2 * most / 100, least)).any(axis=1))
