"""Where an axis of prices or amounts is marked, and with which words."""

from math import floor, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def price_ticks(low: float, high: float, most: int) -> "tuple[NDArray[np.float64], float]":
    """At most about `most` round prices between two, and the step between them."""
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    ticks: NDArray[np.float64] = np.asarray(MaxNLocator(max(most, 2), steps=[1, 2, 5, 10]).tick_values(low, high))
    step = float(ticks[1] - ticks[0])
    return ticks[(ticks >= low) & (ticks <= high)], step


def decimals(step: float) -> int:
    """How many decimals tell multiples of a step apart."""
    return min(max(-floor(log10(step) + 1e-9), 0), 10)


def price(value: float, places: int) -> str:
    """A price as it stands on the axis: `1,234.50`."""
    return f"{value:,.{places}f}"


def amount(value: float) -> str:
    """A volume in three digits: `52.3M`."""
    for unit, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")):
        if value >= unit:
            return f"{value / unit:.3g}{letter}"
    return f"{value:.3g}"
