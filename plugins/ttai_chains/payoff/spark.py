"""A payoff as three lines of text, for who can't see pictures."""

import math
from typing import TYPE_CHECKING

from ttai.drawing.axes import decimals, price
from ttai_chains.payoff.draw import dollars
from ttai_chains.payoff.scene import known

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_BLOCKS = "▁▂▃▄▅▆▇█"
_CENT = 0.01  # dollars: less is neither won nor lost


def sparkline(prices: "Numbers", values: "Numbers", spot: float, width: int = 40) -> str:
    """P/L over ascending prices of the underlying, in three lines of `width` columns: won, lost, and where the spot is.

    Won and lost have a scale each, whose `█` is said at the end; `·` is none, a blank is unknown:

        profit ··········███████████████████··········· up to $132.47
        loss   ████████▅▁···················▁▄█████████ down to −$867.53
        spot   ····················▲··················· 671.88, from 588.51 to 755.25

    ValueError where no P/L is known, or where there are fewer than 10 columns.
    """
    import numpy as np

    values = known(values)
    if width < 10 or not np.isfinite(values).any():
        raise ValueError("a sparkline is 10 or more columns of P/L, some of it known")
    edges = np.linspace(prices[0], prices[-1], width + 1)
    sampled = np.interp((edges[:-1] + edges[1:]) / 2, prices, values)
    most, least = float(np.nanmax(values)), float(np.nanmin(values))
    column = int(np.searchsorted(edges, spot, side="right")) - 1 if edges[0] <= spot <= edges[-1] else -1
    marks = "".join("▲" if at == min(column, width - 1) else "·" for at in range(width))
    places = max(decimals(float(edges[-1] - edges[0]) / 100), 2)
    here, begins, ends = (price(float(one), places) for one in (spot, edges[0], edges[-1]))
    return "\n".join([
        f"profit {_row(sampled, most)} {_end('up to', most, most)}",
        f"loss   {_row(-sampled, -least)} {_end('down to', least, -least)}",
        f"spot   {marks} {here}, from {begins} to {ends}",
    ])  # fmt: skip


def _row(values: "Numbers", most: float) -> str:
    return "".join(_block(float(value), most) for value in values)


def _block(value: float, most: float) -> str:
    if math.isnan(value):
        return " "
    return "·" if value < _CENT else _BLOCKS[min(int(value / most * len(_BLOCKS)), len(_BLOCKS) - 1)]


def _end(words: str, value: float, size: float) -> str:
    return f"{words} {dollars(value, 0 if size >= 1000 else 2)}" if size >= _CENT else "none"
