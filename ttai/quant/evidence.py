"""Evidence: why a price may stop the next move."""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Literal

from ttai.quant.bars import Bars, Time
from ttai.quant.swings import Swing, extremes

Kind = Literal[
    "range high", "range low", "swing", "volume node", "moving average", "gap", "fibonacci", "pivot", "round number"
]

ENDS: frozenset[Kind] = frozenset({"range high", "range low"})
"""The ends of the bars' range: price stopped there, whether or not later bars confirm a swing."""

TURNS = ENDS | {"swing"}
"""What touches a level."""

WEIGHTS: dict[Kind, float] = {
    "swing": 0.3, "volume node": 0.25, "moving average": 0.2, "gap": 0.15, "fibonacci": 0.1, "pivot": 0.1,
    "round number": 0.1,
}  # fmt: skip
"""What one piece of fresh evidence weighs: our own scale, where price has turned first, arithmetic last."""

AVERAGES = (50, 200)
RETRACEMENTS = (0.236, 0.382, 0.5, 0.618, 0.786)
EXTENSIONS = (1.272, 1.618)
_MOST_BINS = 500


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason at one price (dollars): `label` names it ("SMA 200", "gap up"), `time` is its bar's where it has one.

    `weight` is the share of what is missing to full strength that it closes: 0 to 1, less than ½ unless a turn.
    """

    kind: Kind
    label: str
    price: float
    weight: float
    time: Time | None = None


def turn_evidence(bars: Bars, swings: Sequence[Swing], width: int) -> list[Evidence]:
    """Where price turned: the swings and the ends of the range, but for what is the last close itself.

    It weighs less with age, and where every bar has volume ¾ to 5⁄4 by the rank of its bar's; what fewer than `width`
    bars have confirmed weighs that much less, yet one bar's share.
    """
    import numpy as np

    ends = extremes(bars)

    factors = np.ones(len(bars))
    if bars.has_volume:
        factors = 0.75 + 0.5 * np.searchsorted(np.sort(bars.volume), bars.volume, side="right") / len(bars)
    return [
        Evidence(
            ("range high" if turn.side == "high" else "range low") if turn in ends else "swing",
            f"{'range' if turn in ends else 'swing'} {turn.side}",
            turn.price,
            WEIGHTS["swing"]
            * _freshness(turn.index, len(bars))
            * float(factors[turn.index])
            * min(max(len(bars) - 1 - turn.index, 1) / width, 1),
            turn.time,
        )
        for turn in dict.fromkeys([*swings, *ends])
        if turn.index < len(bars) - 1 or turn.price != bars.close[-1]
    ]


def volume_nodes(bars: Bars, bin_height: float) -> list[Evidence]:
    """The high-volume nodes of the volume profile; none where a bar's volume is unknown, or all is 0.

    Each bar's volume is spread evenly over the bins it touched (`bin_height` dollars, higher where that makes over 500)
    and smoothed over three. A node is a peak above the mean, at its bin's middle; it weighs by its share of the
    highest. Source: the volume profile as in J. Dalton, Mind over Markets (1990).
    """
    import numpy as np

    if not bars.has_volume:
        return []
    bottom, top = float(bars.low.min()), float(bars.high.max())
    bins = ceil(min(max((top - bottom) / bin_height, 1), _MOST_BINS))
    height = (top - bottom) / bins
    first = np.minimum((bars.low - bottom) / height, bins - 1).astype(np.int64)
    last = np.minimum((bars.high - bottom) / height, bins - 1).astype(np.int64)
    share = bars.volume / (last - first + 1)
    profile = np.cumsum(np.bincount(first, share, bins + 1) - np.bincount(last + 1, share, bins + 1))[:bins]
    smooth = np.convolve(profile, [0.25, 0.5, 0.25])
    peaks = np.flatnonzero((smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] >= smooth[2:]))
    return [
        Evidence(
            "volume node",
            "high-volume node",
            bottom + (int(peak) + 0.5) * height,
            WEIGHTS["volume node"] * float(smooth[peak + 1] / smooth.max()),
        )
        for peak in peaks
        if smooth[peak + 1] > profile.mean()
    ]


def open_gaps(bars: Bars, least: float) -> list[Evidence]:
    """Both edges of what is still open of each gap, at least `least` dollars of it; weighs less with age.

    A gap up lies between a bar's high and the lowest low since; a gap down is its mirror.
    """
    import numpy as np

    floors = np.minimum.accumulate(bars.low[::-1])[::-1]
    ceilings = np.maximum.accumulate(bars.high[::-1])[::-1]
    found = []
    for label, low, high in (
        ("gap up", bars.high[:-1], floors[1:]),
        ("gap down", ceilings[1:], bars.low[:-1]),
    ):
        for place in np.flatnonzero(high - low >= least):
            index = int(place) + 1
            weight = WEIGHTS["gap"] * _freshness(index, len(bars))
            found += [Evidence("gap", label, float(edge[place]), weight, bars.begins(index)) for edge in (low, high)]
    return found


def moving_averages(bars: Bars) -> list[Evidence]:
    """The simple averages of the last 50 and 200 closes, where there are as many."""
    return [
        Evidence("moving average", f"SMA {span}", float(bars.close[-span:].mean()), WEIGHTS["moving average"])
        for span in AVERAGES
        if len(bars) >= span
    ]


def retracements(start: Swing, end: Swing) -> list[Evidence]:
    """How far back from its end a move came: 23.6, 38.2, 50, 61.8 and 78.6 percent of it."""
    return [_fibonacci(end.price, start.price, ratio, f"{ratio:.1%} retracement") for ratio in RETRACEMENTS]


def extensions(start: Swing, end: Swing) -> list[Evidence]:
    """How far beyond its end a move would go: 127.2 and 161.8 percent of it from its start; above 0 only."""
    found = [_fibonacci(start.price, end.price, ratio, f"{ratio:.1%} extension") for ratio in EXTENSIONS]
    return [one for one in found if one.price > 0]


def pivots(bars: Bars, forming: bool) -> list[Evidence]:
    """The classic floor-trader pivots P, R1, S1, R2 and S2 of the last completed bar; intraday, of the last session.

    `forming`: the newest bar, or session, is still being traded and the one before counts. None where the bars don't
    hold all of that bar or session. P = (high + low + close) / 3, R1 = 2P − low, S1 = 2P − high, R2 = P + high − low,
    S2 = P − high + low.
    """
    import numpy as np

    # A session that begins with the first bar may have begun before it.
    starts = np.flatnonzero(np.diff(bars.day)) + 1 if bars.interval.intraday else np.arange(len(bars))
    back = 2 if forming else 1
    if len(starts) < back:
        return []
    whole = bars[int(starts[-back]) : int(starts[-1]) if forming else len(bars)]
    high, low = float(whole.high.max()), float(whole.low.min())
    middle = (high + low + float(whole.close[-1])) / 3
    prices = {
        "P": middle, "R1": 2 * middle - low, "S1": 2 * middle - high, "R2": middle + high - low,
        "S2": middle - high + low,
    }  # fmt: skip
    return [Evidence("pivot", label, price, WEIGHTS["pivot"]) for label, price in prices.items()]


def round_numbers(low: float, high: float, price: float) -> list[Evidence]:
    """The multiples of a round step from `low` to `high`, and from half to double a price above 0.

    The step is the 1, 2.5 or 5 × 10ⁿ nearest, by ratio, to 5 % of the price: 5 at 100 dollars, 25 at 400, 50 at 900.
    """
    power = log10(price / 20)
    exponent = floor(power)
    middles = (log10(2.5) / 2, log10(12.5) / 2, log10(50) / 2)  # between 1 and 2.5, 2.5 and 5, 5 and 10
    step = (1, 2.5, 5, 10)[bisect(middles, power - exponent)] * 10.0**exponent
    first, last = ceil(max(low, price / 2) / step), floor(min(high, price * 2) / step)
    multiples = [round(n * step, max(1 - exponent, 0)) for n in range(first, last + 1)]
    return [Evidence("round number", f"{multiple:.12g}", multiple, WEIGHTS["round number"]) for multiple in multiples]


def _fibonacci(origin: float, target: float, ratio: float, label: str) -> Evidence:
    return Evidence("fibonacci", label, origin + ratio * (target - origin), WEIGHTS["fibonacci"])


def _freshness(index: int, count: int) -> float:
    """1 for the newest bar, halved for every half of the bars that have passed since."""
    return float(0.25 ** ((count - 1 - index) / count))
