"""What accounts were worth, point by point, and how much of it was won and not paid in; pure."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise
from statistics import median

from ttai import NetLiq
from ttai.quant.portfolio.drawdown import Drawdown, max_drawdown, sampled, time_weighted
from ttai.quant.portfolio.drawdown import Flow as Paid
from ttai_portfolio.records.flows import Flow
from ttai_portfolio.records.wording import local_day

POINTS = 40
_HALF_A_DAY = 43_200.0  # seconds


@dataclass(frozen=True)
class Curve:
    """The closes of one account, or of several together, in dollars; at least two, `daily` ones a day each.

    `flows` are what was paid in, None unknown: then nobody can tell what was won.
    """

    times: Sequence[datetime]
    values: Sequence[float]
    daily: bool
    flows: Sequence[Flow] | None

    @cached_property
    def days(self) -> list[date]:
        """The day of each point."""
        return [day_of(one) for one in self.times]

    @property
    def change(self) -> float:
        """Dollars from the first to the last point, whatever was paid in."""
        return self.values[-1] - self.values[0]

    @cached_property
    def paid(self) -> list[Paid] | None:
        """What was paid in after the first point, at the point that knows of it first."""
        if self.flows is None:
            return None
        placed = [(self._place(flow), flow) for flow in self.flows]
        return [Paid(self.times[at], float(flow.amount)) for at, flow in placed if 0 < at < len(self.times)]

    @property
    def deposits(self) -> float | None:
        """Dollars that came."""
        return None if self.paid is None else math.fsum(one.amount for one in self.paid if one.amount > 0)

    @property
    def withdrawals(self) -> float | None:
        """Dollars that went, below 0."""
        return None if self.paid is None else math.fsum(one.amount for one in self.paid if one.amount < 0)

    @property
    def won(self) -> float | None:
        """The change without what was paid in or out."""
        return None if self.paid is None else self.change - math.fsum(one.amount for one in self.paid)

    @cached_property
    def returned(self) -> float | None:
        """The time-weighted return, a fraction; None where it can't be told, as on nothing."""
        try:
            return None if self.paid is None else time_weighted(self.times, self.values, self.paid)
        except ValueError:
            return None

    @cached_property
    def fall(self) -> Drawdown | None:
        """The worst fall, what was paid in or out left aside; None where it never fell, or nobody can tell."""
        try:
            return None if self.paid is None else max_drawdown(self.times, self.values, self.paid)
        except ValueError:
            return None

    @property
    def points(self) -> list[tuple[datetime, float]]:
        """At most 40 of them, the ends, the highest and the lowest among them."""
        return list(zip(*sampled(self.times, self.values, POINTS), strict=True))

    def _place(self, flow: Flow) -> int:
        """The first point whose value has it: of its day, or the last one begun before it."""
        if self.daily:
            return bisect_left(self.days, flow.day)
        return bisect_right(self.times, flow.entry.executed_at) - 1


def curve(rows: Sequence[NetLiq], flows: Sequence[Flow] | None) -> Curve | None:
    """An account's curve; None for fewer than two points."""
    closes = {row.time: float(row.close) for row in rows}
    times = sorted(closes)
    if len(times) < 2:
        return None
    gap = median((later - earlier).total_seconds() for earlier, later in pairwise(times))
    return Curve(times, [closes[one] for one in times], gap >= _HALF_A_DAY, flows)


def together(curves: Sequence[Curve]) -> Curve | None:
    """Several accounts as one, where all of them have a point; None where that is less than twice."""
    daily = any(one.daily for one in curves)
    each: list[Mapping[date | datetime, float]] = [
        dict(zip(one.days if daily else one.times, one.values, strict=True)) for one in curves
    ]
    shared = sorted(set.intersection(*(set(values) for values in each)))
    if len(shared) < 2:
        return None
    times = [one if isinstance(one, datetime) else datetime.combine(one, time(), UTC) for one in shared]
    unknown = any(one.flows is None for one in curves)
    flows = None if unknown else [flow for one in curves for flow in one.flows or ()]
    return Curve(times, [math.fsum(values[one] for values in each) for one in shared], daily, flows)


def day_of(at: datetime) -> date:
    """The day a point stands for: one of midnight UTC is that day's, any other New York's."""
    return at.date() if at.utcoffset() == timedelta() and at.time() == time() else local_day(at)
