"""What accounts were worth, point by point, and how much of it was won and not paid in; pure."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise
from statistics import median

from ttai import NetLiq, Transaction
from ttai.quant.portfolio.drawdown import Drawdown, max_drawdown, sampled, time_weighted
from ttai.quant.portfolio.drawdown import Flow as Paid
from ttai_portfolio.records.flows import Flow, Flows, without_own
from ttai_portfolio.records.wording import local_day

POINTS = 40
_NAMED = 3
_HALF_A_DAY = 43_200.0  # seconds


@dataclass(frozen=True)
class Curve:
    """The closes of one account, or of several together, in dollars; at least two, `daily` ones a day each.

    `flows` are what was paid in, None unknown: then nobody can tell what was won. `high` and `low` are of all of the
    stretches of time, where the accounts' ones are known; those of several together are of the closes.
    """

    times: Sequence[datetime]
    values: Sequence[float]
    daily: bool
    flows: Flows | None
    ends: tuple[float, float] | None = None

    @property
    def high(self) -> float:
        """The most it was worth."""
        return self.ends[1] if self.ends is not None else max(self.values)

    @property
    def low(self) -> float:
        """The least."""
        return self.ends[0] if self.ends is not None else min(self.values)

    @cached_property
    def days(self) -> list[date]:
        """The day of each point."""
        return [day_of(one) for one in self.times]

    @property
    def change(self) -> float:
        """Dollars from the first to the last point, whatever was paid in."""
        return self.values[-1] - self.values[0]

    @property
    def counted(self) -> list[Flow] | None:
        """What was paid in after the first point and until the last; None where nobody can tell."""
        if self.flows is None or self.flows.unread or any(one.symbol is None for one in self._unpriced):
            return None
        return [flow for flow in self.flows.known if self._is_within(flow.entry)]

    @cached_property
    def paid(self) -> list[Paid] | None:
        """The same, at the point that knows of it first."""
        if self.counted is None:
            return None
        return [Paid(self.times[self._place(flow.entry)], float(flow.amount)) for flow in self.counted]

    @property
    def unknown(self) -> str | None:
        """Why nobody can tell what was won, where the flows that are there don't say it; None where they do."""
        if self.flows is not None and self.flows.unread:
            return self.flows.unread
        said = [f"{one.day} {one.sub_type} of {one.symbol or 'money'} without a value" for one in self._unpriced]
        return "; ".join(said[:_NAMED]) + f" and {len(said) - _NAMED} more" * (len(said) > _NAMED) if said else None

    @property
    def is_known(self) -> bool:
        """Whether anybody can tell what was won."""
        return self.flows is not None and self.unknown is None

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
        if self.paid is None or not self.is_known:
            return None
        return self.change - math.fsum(one.amount for one in self.paid)

    @cached_property
    def returned(self) -> float | None:
        """The time-weighted return, a fraction; None where it can't be told, as on nothing."""
        try:
            return time_weighted(self.times, self.values, self.paid or ()) if self.is_known else None
        except ValueError:
            return None

    @cached_property
    def fall(self) -> Drawdown | None:
        """The worst fall, what was paid in or out left aside; None where it never fell, or nobody can tell."""
        try:
            return max_drawdown(self.times, self.values, self.paid or ()) if self.is_known else None
        except ValueError:
            return None

    @property
    def points(self) -> list[tuple[datetime, float]]:
        """At most 40 of them, the ends, the highest and the lowest among them."""
        return list(zip(*sampled(self.times, self.values, POINTS), strict=True))

    @property
    def _unpriced(self) -> list[Transaction]:
        return [] if self.flows is None else [one for one in self.flows.unpriced if self._is_within(one)]

    def _is_within(self, entry: Transaction) -> bool:
        return 0 < self._place(entry) < len(self.times)

    def _place(self, entry: Transaction) -> int:
        """The first point whose value has it: of its day, or the last one begun before it."""
        if self.daily:
            return bisect_left(self.days, entry.day)
        return bisect_right(self.times, entry.executed_at) - 1


def curve(rows: Sequence[NetLiq], flows: Flows | None) -> Curve | None:
    """An account's curve; None for fewer than two points.

    That of a day begins with what its first stretch of time opened at, a stretch before it.
    """
    each = {row.time: row for row in rows}
    times = sorted(each)
    if len(times) < 2:
        return None
    gap = median((later - earlier).total_seconds() for earlier, later in pairwise(times))
    daily, values = gap >= _HALF_A_DAY, [float(each[one].close) for one in times]
    found = [float(price) for row in each.values() for price in (row.low, row.high, row.close)]
    if not daily:
        opened = each[times[0]].open
        times, values = [times[0] - timedelta(seconds=gap), *times], [float(opened), *values]
        found.append(float(opened))
    return Curve(times, values, daily, flows, (min(found), max(found)))


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
    flows = None if unknown else _all([one.flows for one in curves if one.flows is not None])
    return Curve(times, [math.fsum(values[one] for values in each) for one in shared], daily, flows)


def _all(each: Sequence[Flows]) -> Flows:
    known = without_own([flow for one in each for flow in one.known])
    return Flows(
        known, [entry for one in each for entry in one.unpriced], "; ".join(one.unread for one in each if one.unread)
    )


def day_of(at: datetime) -> date:
    """The day a point stands for: one of midnight UTC is that day's, any other New York's."""
    return at.date() if at.utcoffset() == timedelta() and at.time() == time() else local_day(at)
