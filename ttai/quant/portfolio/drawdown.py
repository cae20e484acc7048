"""How an account's value fell and rose: its worst fall, its return whatever was paid in, and fewer points of it."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEWEST = 5  # points of a sample: both ends, both extremes, one between
_ROUNDING = 1e-12  # of the wealth: a fall so small is none


class Flow(NamedTuple):
    """Money paid in at a time, in dollars; below 0 taken out."""

    time: datetime
    amount: float


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The worst fall: `fraction` of the wealth at its peak (0.2), and `dollars` of P/L lost between peak and trough,
    below 0 where money that came in between won more than was lost before.

    `recovered` is when the wealth first stood at the peak's again, None not yet.
    """

    dollars: float
    fraction: float
    peak: datetime
    trough: datetime
    recovered: datetime | None


def time_weighted(times: Sequence[datetime], values: Sequence[float], flows: Sequence[Flow] = ()) -> float:
    """The return of a series of an account's values in dollars, as a fraction, whatever was paid in or taken out.

    Π Vₖ / (Vₖ₋₁ + Fₖ) − 1, Fₖ what was paid in after Vₖ₋₁ until Vₖ, taken to have come at once: the time-weighted
    return of the GIPS standards, flows at the start. Flows before the first value are in it, those after the last are
    not counted. ValueError for fewer than two values, times that do not ascend, what is no number, and where nothing,
    or less, was there to earn a return.
    """
    return _wealth(times, values, flows)[-1] - 1.0


def max_drawdown(times: Sequence[datetime], values: Sequence[float], flows: Sequence[Flow] = ()) -> Drawdown | None:
    """The worst fall of an account's values in dollars, flows left out; None where it never fell.

    Measured on the time-weighted wealth, so that money taken out is no loss. ValueError as in `time_weighted`.
    """
    wealth = _wealth(times, values, flows)
    top, worst = 0, (0.0, 0, 0)
    for place, now in enumerate(wealth):
        if now >= wealth[top]:
            top = place
        worst = max(worst, (1 - now / wealth[top], top, place), key=lambda fall: fall[0])
    fraction, peak, trough = worst
    if fraction <= _ROUNDING:
        return None
    later = range(trough, len(wealth))
    back = next((times[place] for place in later if wealth[place] >= wealth[peak]), None)
    paid = math.fsum(flow.amount for flow in flows if times[peak] < flow.time <= times[trough])
    dollars = values[peak] + paid - values[trough]
    return Drawdown(dollars, fraction, times[peak], times[trough], back)


def sampled(times: Sequence[datetime], values: Sequence[float], most: int) -> tuple[list[datetime], list[float]]:
    """At most `most` points of a series that look like all of it: the first, the last, the highest and the lowest are
    among them.

    Source: the largest triangle of three buckets, Steinarsson, Downsampling Time Series for Visual Representation
    (2013), and the extremes. ValueError for fewer than 5 points, times that do not ascend and what is no number.
    """
    import numpy as np

    _checked(times, values)
    if most < FEWEST:
        raise ValueError(f"a sample has {FEWEST} points or more, not {most}")
    if len(values) <= most:
        return list(times), list(map(float, values))
    heights = np.asarray(values, np.float64)
    seconds = np.array([(time - times[0]).total_seconds() for time in times])
    kept = {*_triangles(seconds, heights, most - 2), int(heights.argmin()), int(heights.argmax())}
    places = sorted(kept)
    return [times[place] for place in places], [float(values[place]) for place in places]


def _triangles(x: "NDArray[np.float64]", y: "NDArray[np.float64]", count: int) -> list[int]:
    """The places of the ends and, of each bucket between, of the point that spans the largest triangle with the point
    chosen before and the middle of the next bucket."""
    import numpy as np

    edges = np.linspace(1, len(x) - 1, count - 1).astype(int)
    chosen = [0]
    for (start, stop), end in zip(pairwise(edges.tolist()), [*edges[2:].tolist(), len(x)], strict=True):
        last, following = chosen[-1], slice(stop, end)
        ahead_x, ahead_y = x[following].mean() - x[last], y[following].mean() - y[last]
        areas = np.abs(ahead_x * (y[start:stop] - y[last]) - ahead_y * (x[start:stop] - x[last]))
        chosen.append(start + int(areas.argmax()))
    return [*chosen, len(x) - 1]


def _wealth(times: Sequence[datetime], values: Sequence[float], flows: Sequence[Flow]) -> list[float]:
    """What a dollar became until each time."""
    _checked(times, values)
    if len(values) < 2:
        raise ValueError(f"a return takes two values at least, not {len(values)}")
    paid = _paid(times, flows)
    wealth = [1.0]
    for (before, now), flow in zip(pairwise(values), paid, strict=True):
        began = before + flow
        if began <= 0 and not began == now == 0:
            raise ValueError(f"no return is earned on {began:g} dollars")
        wealth.append(wealth[-1] * (now / began if began else 1.0))
    return wealth


def _paid(times: Sequence[datetime], flows: Sequence[Flow]) -> list[float]:
    """What was paid in after each time until the next."""
    paid = [0.0] * (len(times) - 1)
    for flow in flows:
        if not math.isfinite(flow.amount):
            raise ValueError(f"a flow is a number of dollars, not {flow.amount:g}")
        if times[0] < flow.time <= times[-1]:
            paid[bisect_left(times, flow.time) - 1] += flow.amount
    return paid


def _checked(times: Sequence[datetime], values: Sequence[float]) -> None:
    if len(times) != len(values):
        raise ValueError(f"as many times as values are needed, not {len(times)} and {len(values)}")
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise ValueError("the times of a series ascend")
    if not all(map(math.isfinite, values)):
        raise ValueError("the values of a series are known numbers")
