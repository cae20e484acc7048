"""What a payoff's picture and page show."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_LARGEST = 1e12  # dollars: what is beyond is no price and no profit


@dataclass(frozen=True, eq=False)
class Scene:
    """One position: P/L in dollars of the whole of it, prices of the underlying in dollars; NaN is unknown.

    `prices` ascend, some hundreds with kinks (strikes) and breakevens among them; `expiry` (P/L when the front
    expiration expires), `today` (by the model) and `density` (of the price at that expiration) have one value a price.
    """

    title: str
    subtitle: str
    spot: float
    prices: "Numbers"
    expiry: "Numbers"
    today: "Numbers"
    expiry_label: str  # "at expiry, Dec 18, 2026"
    today_label: str  # "today"
    breakevens: tuple[float, ...]
    strikes: tuple[float, ...]
    density: "Numbers | None"
    one_deviation: tuple[float, float] | None  # where the price is with 68 %
    two_deviations: tuple[float, float] | None  # with 95 %
    max_profit: float | None  # None: unlimited
    max_loss: float | None  # positive dollars; None: unlimited

    def __post_init__(self) -> None:
        """ValueError where it can't be drawn."""
        import numpy as np

        for name in ("expiry", "today", "density"):
            values = getattr(self, name)
            if values is not None and len(values) != len(self.prices):
                raise ValueError(f"{name} has {len(values)} values for {len(self.prices)} prices")
        if len(self.prices) < 2 or not (np.diff(self.prices) > 0).all() or abs(self.prices[[0, -1]]).max() >= _LARGEST:
            raise ValueError("prices of a payoff are two or more that ascend")
        if not np.isfinite(known(self.expiry)).any():
            raise ValueError("no P/L at expiry is known")


def known(values: "Numbers") -> "Numbers":
    """A copy in which only numbers of a market's size are left."""
    import numpy as np

    return np.where(np.abs(values) < _LARGEST, values, np.nan)
