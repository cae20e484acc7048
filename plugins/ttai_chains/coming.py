"""What comes before an option expires, and what may happen to who sold it; pure."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from ttai import Expiration, Metrics
from ttai_chains.studies import Listed, brief

LITTLE = 0.001  # of the price: with less time value an option in the money is as good as exercised


@dataclass(frozen=True)
class Coming:
    """Earnings and ex-dividends of an underlying from `today` on; `european` where nothing is exercised early."""

    metrics: Metrics | None
    today: date
    european: bool

    def flags(self, expiration: Expiration, sold: Iterable[Listed]) -> str | None:
        """What is to be thought of until an expiration, by who has sold these options; None for nothing."""
        report = self.metrics.earnings if self.metrics is not None else None
        said = []
        if report is not None and self.today <= report.date <= expiration.date:
            there = report.date < expiration.date or report.same_day != "before"
            said += [f"earnings {report.date}"] if there else []
        ex_dates = self._ex_dates(expiration)
        if ex_dates:
            more = f" +{len(ex_dates) - 1}" if len(ex_dates) > 1 else ""
            said.append(f"ex-dividend {ex_dates[0]}{more}")
        said += [] if self.european else [flag for one in sold if (flag := self._early(one, bool(ex_dates)))]
        return "; ".join(said) or None

    def _ex_dates(self, expiration: Expiration) -> list[date]:
        paid = self.metrics.dividend if self.metrics is not None else None
        return [day for day in paid.ex_dates if self.today < day <= expiration.date] if paid is not None else []

    def _early(self, one: Listed, ex_dividend: bool) -> str | None:
        """Whether a short option is likely to be assigned early: in the money with next to no time value.

        A call also where what is left is less than the dividend that its holder would get.
        """
        inside = intrinsic(one)
        left = one.quoted("mid") - inside
        if inside <= 0 or not math.isfinite(left):
            return None
        if left < LITTLE * one.read.quotes.spot:
            return f"early assignment: {brief(one.leg)} has {max(left, 0.0):.2f} of time value"
        paid = self.metrics.dividend.amount if self.metrics is not None and self.metrics.dividend is not None else None
        if one.leg.type == "call" and ex_dividend and paid is not None and left < paid:
            return f"early assignment: {brief(one.leg)} has {left:.2f} of time value, the dividend is {paid:.2f}"
        return None


def intrinsic(one: Listed) -> float:
    """Dollars a share that an option is in the money."""
    away = one.read.quotes.spot - (one.leg.strike or 0.0)
    return max(away if one.leg.type == "call" else -away, 0.0)
