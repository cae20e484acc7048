"""What happens to an underlying before its options expire: reports and dividends; pure."""

from dataclasses import dataclass
from datetime import date

from ttai import Metrics


@dataclass(frozen=True)
class Coming:
    """What happens to the underlying, and what of it is not known."""

    earnings: date | None = None
    expiring_after: bool = False  # what expires on that day knows the report
    ex_dates: tuple[date, ...] = ()
    dividend: float | None = None  # dollars a share
    notes: tuple[str, ...] = ()

    def before(self, expiration: date) -> str | None:
        """In words, what falls before an expiration."""
        said = []
        if self.earnings is not None and (
            self.earnings < expiration or (self.earnings == expiration and self.expiring_after)
        ):
            said.append(f"earnings {self.earnings}")
        said += [f"ex-dividend {day}" for day in self.ex_dates if day <= expiration]
        return ", ".join(said) or None


def known(metrics: Metrics, today: date, *, opened: bool) -> Coming:
    """What the broker's metrics say of it; a report of this morning is known once the exchange has `opened`."""
    report, dividend, notes = metrics.earnings, metrics.dividend, []
    coming = None
    if report is not None:
        seen = report.date == today and report.when == "before_open" and opened
        if report.date < today or seen:
            notes.append("no coming earnings date is known")
        else:
            coming = report.date
    ex_dates = tuple(day for day in (dividend.ex_dates if dividend else ()) if day > today)
    if dividend is not None and dividend.annual_yield and not ex_dates:
        notes.append("no coming ex-dividend date is known")
    after = report is not None and report.same_day != "before"
    return Coming(coming, after, ex_dates, dividend.amount if dividend else None, tuple(notes))
