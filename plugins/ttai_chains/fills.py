"""What an order is likely to be filled at: between the mid and what is there at once; pure."""

from typing import TYPE_CHECKING

from ttai import Expiration

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[np.float64]

FILL = 1 / 3  # of the way from the mid to the natural price
SAID = "a third of the way from mid to natural, to the tick"
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
