"""What is coming: earnings, dividends, expirations, and the days on which the exchange keeps other hours."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import Field

from ttai import Host, TtaiError, cut
from ttai_quotes.models.events import Event, Events
from ttai_quotes.models.metrics import OLD
from ttai_quotes.models.quotes import Missing
from ttai_quotes.tools.metrics import Underlyings, several

MOST = 70
METHOD = "expected_move: price × IV of the first expiration after the report × √(calendar days until then / 365)"


class EventTools:
    """What is coming, as answers."""

    def __init__(self, host: Host) -> None:
        self._market = host.market
        self._clock = host.clock

    async def get_events(
        self, symbols: Underlyings, days: Annotated[int, Field(ge=1, le=365, description="How far to look")] = 60
    ) -> Events:
        """List what is coming by date: earnings with the expected move, ex-dividends, expirations, market holidays.
        Use it before holding a position over a date."""
        measured = await self._market.metrics(several(symbols))
        today = self._clock.new_york().date()
        ahead = _Ahead(today, today + timedelta(days=days), await self._market.calendar())
        prices = await self._prices([one.symbol for one in measured.metrics if ahead.report(one)])
        found = [*ahead.exchange(), *(event for one in measured.metrics for event in ahead.of(one, prices))]
        kept, note = cut(sorted(found, key=_weight), MOST, "fewer symbols or days", "events")
        moves = any(event.expected_move_percent is not None for event in kept)
        moments = [one.as_of for one in measured.metrics]
        known = [moment for moment in moments if moment is not None]
        return Events(
            as_of=min(known, default=None),
            source=next((one.source for one in measured.metrics), None),
            session=(await self._market.session()).label,
            stale=len(known) < len(moments) or any(self._clock.now() - moment > OLD for moment in known),
            events=sorted(kept, key=_order),
            missing=[Missing(symbol=missing.symbol, reason=missing.reason) for missing in measured.missing],
            notes=[
                *([f"{note}; expirations went first"] if note else []),
                *([METHOD] if moves else []),
                *ahead.notes,
            ],
        )

    async def _prices(self, symbols: list[str]) -> dict[str, float | None]:
        """What those that will report are worth now, as far as it is known."""
        try:
            return {quote.symbol: quote.mark for quote in (await self._market.quotes(symbols)).quotes}
        except TtaiError:
            return {}  # an event without its expected move is one all the same


@dataclass
class _Ahead:
    """The days from `today` to `last`, both included; `notes` say what was left out and what is unknown."""

    today: date
    last: date
    calendar: Any

    def __post_init__(self) -> None:
        self._weeklies = 0
        self._unknown: dict[str, list[str]] = {}

    @property
    def notes(self) -> list[str]:
        """What is to be said of the events that were made."""
        left_out = f"expirations: the nearest and the monthly ones; {self._weeklies} others left out"
        unknown = [f"{', '.join(symbols)}: {why}" for why, symbols in self._unknown.items()]
        return [*([left_out] if self._weeklies else []), *unknown]

    def of(self, metrics: Any, prices: dict[str, float | None]) -> Iterator[Event]:
        """What is coming for one underlying."""
        yield from self._earnings(metrics, prices)
        yield from self._dividends(metrics)
        yield from self._expirations(metrics)

    def exchange(self) -> Iterator[Event]:
        """The days on which the exchange does not open, or closes early."""
        end = min(self.last, self.calendar.last)
        for day in (self.today + timedelta(days=n) for n in range((end - self.today).days + 1)):
            session = self.calendar.session(day)
            if session is None and day.weekday() < 5:
                yield self._event(day, kind="holiday", detail=self.calendar.holidays.get(day, "market closed"))
            elif session is not None and session.early:
                yield self._event(day, kind="early_close", detail=f"closes {session.close:%H:%M}")

    def report(self, metrics: Any) -> Any:
        """The earnings report that falls into these days, if one does."""
        report = metrics.earnings
        return report if report is not None and self._includes(report.date) else None

    def _earnings(self, metrics: Any, prices: dict[str, float | None]) -> Iterator[Event]:
        if metrics.earnings is not None and metrics.earnings.date < self.today:
            self._say("no coming report is known", metrics.symbol)
        if (report := self.report(metrics)) is None:
            return
        share = self._share(metrics, report)
        if (price := prices.get(metrics.symbol)) is None:
            self._say("expected_move null: the price is not known, get_quote says why", metrics.symbol)
        yield self._event(
            report.date,
            symbol=metrics.symbol,
            kind="earnings",
            when=report.when,
            status="estimated" if report.estimated else "confirmed",
            expected_move=None if share is None or price is None else price * share,
            expected_move_percent=None if share is None else share * 100,
        )

    def _share(self, metrics: Any, report: Any) -> float | None:
        """The expected move as a share of the price; what expires at the close of the day does not see it after."""
        after = (
            one
            for one in metrics.expirations
            if one.date > report.date or (one.date == report.date and report.when == "before_open")
        )
        first = next((one for one in after if one.iv is not None), None)
        if first is None or first.date <= self.today:
            self._say("expected_move null: no volatility of an expiration after the report", metrics.symbol)
            return None
        return float(first.iv * math.sqrt((first.date - self.today).days / 365))

    def _dividends(self, metrics: Any) -> Iterator[Event]:
        dividend = metrics.dividend
        if dividend is None:
            return
        if dividend.amount and not any(day >= self.today for day in dividend.ex_dates):
            self._say("no coming ex-date is known", metrics.symbol)
        for day in filter(self._includes, dividend.ex_dates):
            values = {"amount": dividend.amount, "dividend_yield": dividend.annual_yield}
            yield self._event(day, symbol=metrics.symbol, kind="ex_dividend", **values)

    def _expirations(self, metrics: Any) -> Iterator[Event]:
        coming = [one for one in metrics.expirations if self._includes(one.date)]
        for number, one in enumerate(coming):
            monthly = self._is_monthly(one.date)
            if number and not monthly:
                self._weeklies += 1
                continue
            detail = "monthly" if monthly else "weekly"
            yield self._event(one.date, symbol=metrics.symbol, kind="expiration", detail=detail, iv=one.iv)

    def _is_monthly(self, day: date) -> bool:
        """Whether it is a month's third Friday, or the day before where that is a holiday."""
        friday = day + timedelta(days=(4 - day.weekday()) % 7)
        closed = friday <= self.calendar.last and self.calendar.session(friday) is None
        return 15 <= friday.day <= 21 and day == (friday - timedelta(days=1) if closed else friday)

    def _includes(self, day: date) -> bool:
        return self.today <= day <= self.last

    def _event(self, day: date, **facts: Any) -> Event:
        return Event(date=day, days=(day - self.today).days, **facts)

    def _say(self, what: str, symbol: str) -> None:
        self._unknown.setdefault(what, []).append(symbol)


def _order(event: Event) -> tuple[date, str, str]:
    return event.date, event.symbol or "", event.kind


def _weight(event: Event) -> tuple[bool, date, str, str]:
    """There are so many expirations that they would crowd out the rest."""
    return event.kind == "expiration", *_order(event)
