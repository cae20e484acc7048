"""What is coming: earnings, dividends, expirations, and the days on which the exchange keeps other hours."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from ttai import Host, Metrics, Quote, TtaiError, cut
from ttai.quant.calendar import Calendar
from ttai.quant.symbols import normalize
from ttai.quant.volatility import event_move
from ttai_quotes.models.events import Event, Events
from ttai_quotes.models.metrics import OLD
from ttai_quotes.models.quotes import Missing
from ttai_quotes.tools.arguments import Underlyings, several

MOST = 70
NEAREST = 6  # expirations of what has no monthly ones
FAR = 90  # days: about a quarter, after which comes the report after the next
METHOD = (
    "expected_move: price × √(IV₂²·T₂ − IV₁²·T₁), 1 the last expiration before the report (today where there is none), "
    "2 the first after it, T in calendar days / 365"
)
ONLY_NEXT = "of earnings and ex-dividends only the next that TastyTrade knows are listed, not those after"


class EventTools:
    """What is coming, as answers."""

    def __init__(self, host: Host) -> None:
        self._market = host.market
        self._clock = host.clock

    async def get_events(
        self,
        symbols: Underlyings | None = None,
        days: Annotated[int, Field(ge=1, le=365, description="How far to look")] = 60,
    ) -> Events:
        """List what is coming by date: earnings with the expected move, ex-dividends, expirations, market holidays.
        Use it before holding a position over a date, or without symbols for the exchange's days alone."""
        metrics, missing = await self._metrics(several(symbols)) if symbols else ((), [])
        today = self._clock.new_york().date()
        ahead = _Ahead(today, today + timedelta(days=days), await self._market.calendar())
        quotes = await self._quotes([one.symbol for one in metrics if ahead.reports(one)])
        found = [*ahead.exchange(), *(event for one in metrics for event in ahead.of(one, quotes))]
        kept, note = cut(sorted(found, key=_weight), MOST, "fewer symbols or days", "events")
        moves = any(event.expected_move_percent is not None for event in kept)
        moments = [one.as_of for one in metrics]
        known = [moment for moment in moments if moment is not None]
        old = [name for name, quote in quotes.items() if quote.stale]
        return Events(
            as_of=min(known, default=None),
            source=next((one.source for one in metrics), None),
            session=(await self._market.session()).label,
            stale=bool(old) or len(known) < len(moments) or any(self._clock.now() - moment > OLD for moment in known),
            events=sorted(kept, key=_order),
            missing=missing,
            notes=[
                *([f"{note}; expirations went first"] if note else []),
                *([METHOD] if moves else []),
                *([f"{', '.join(old)}: the price of the expected move is stale"] if old else []),
                *([ONLY_NEXT] if metrics and days > FAR else []),
                *ahead.notes,
            ],
        )

    async def _metrics(self, asked: list[str]) -> tuple[Sequence[Metrics], list[Missing]]:
        """What is known of each, and why nothing is; the exchange's days are known without the broker."""
        try:
            measured = await self._market.metrics(asked)
        except TtaiError as error:
            if error.code in ("AUTHENTICATION", "VALIDATION"):
                raise
            return (), [Missing(symbol=one, reason=str(error)) for one in dict.fromkeys(map(normalize, asked))]
        return measured.metrics, [Missing(symbol=one.symbol, reason=one.reason) for one in measured.missing]

    async def _quotes(self, symbols: list[str]) -> dict[str, Quote]:
        """What those that will report are worth now, as far as it is known."""
        try:
            return {quote.symbol: quote for quote in (await self._market.quotes(symbols)).quotes}
        except TtaiError:
            return {}  # an event without its expected move is one all the same


@dataclass
class _Ahead:
    """The days from `today` to `last`, both included; `notes` say what was left out and what is unknown."""

    today: date
    last: date
    calendar: Calendar

    def __post_init__(self) -> None:
        self._weeklies = self._others = 0
        self._odd: list[str] = []
        self._unknown: dict[str, list[str]] = {}

    @property
    def notes(self) -> list[str]:
        """What is to be said of the events that were made."""
        left_out = f"expirations: the nearest and the monthly ones; {self._weeklies} others left out"
        odd = f"{', '.join(self._odd)}: none of the expirations is a monthly one: the nearest {NEAREST}"
        unknown = [f"{', '.join(symbols)}: {why}" for why, symbols in self._unknown.items()]
        return [
            *([left_out] if self._weeklies else []),
            *([f"{odd}; {self._others} others left out"] if self._others else []),
            *unknown,
        ]

    def of(self, metrics: Metrics, quotes: Mapping[str, Quote]) -> Iterator[Event]:
        """What is coming for one underlying."""
        yield from self._earnings(metrics, quotes)
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

    def reports(self, metrics: Metrics) -> bool:
        """Whether an earnings report falls into these days."""
        return metrics.earnings is not None and self._includes(metrics.earnings.date)

    def _earnings(self, metrics: Metrics, quotes: Mapping[str, Quote]) -> Iterator[Event]:
        report = metrics.earnings
        if report is not None and report.date < self.today:
            self._say("no coming report is known", metrics.symbol)
        if report is not None and report.date > self.last:
            how = "estimated" if report.estimated else "confirmed"
            self._say(f"reports {report.date} ({how}), after these days", metrics.symbol)
        if report is None or not self._includes(report.date):
            return
        share = self._share(metrics, report.date, report.same_day)
        quote = quotes.get(metrics.symbol)
        price = None if quote is None else quote.mark
        if price is None:
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

    def _share(self, metrics: Metrics, report: date, same_day: Literal["before", "after"] | None) -> float | None:
        """The expected move as a share of the price; None, with the reason noted, where the options don't say it.

        What expires on the day of the report sees it where it comes before the open, not where it comes after the
        close; where nobody knows, that expiration is neither before nor after.
        """
        expirations = [(one.date, one.iv) for one in metrics.expirations]
        try:
            return event_move(expirations, report, self.today, same_day)
        except ValueError as unknown:
            self._say(f"expected_move null: {unknown}", metrics.symbol)
            return None

    def _dividends(self, metrics: Metrics) -> Iterator[Event]:
        dividend = metrics.dividend
        if dividend is None:
            return
        if dividend.amount and not any(day >= self.today for day in dividend.ex_dates):
            self._say("no coming ex-date is known", metrics.symbol)
        for day in filter(self._includes, dividend.ex_dates):
            values = {"amount": dividend.amount, "dividend_yield": dividend.annual_yield}
            yield self._event(day, symbol=metrics.symbol, kind="ex_dividend", **values)

    def _expirations(self, metrics: Metrics) -> Iterator[Event]:
        coming = [one for one in metrics.expirations if self._includes(one.date)]
        if not any(self.calendar.is_monthly(one.date) for one in metrics.expirations):
            if coming[NEAREST:]:
                self._odd.append(metrics.symbol)
                self._others += len(coming[NEAREST:])
            for one in coming[:NEAREST]:
                yield self._event(one.date, symbol=metrics.symbol, kind="expiration", iv=one.iv)
            return
        for number, one in enumerate(coming):
            monthly = self.calendar.is_monthly(one.date)
            if number and not monthly:
                self._weeklies += 1
                continue
            detail = "monthly" if monthly else "weekly"
            yield self._event(one.date, symbol=metrics.symbol, kind="expiration", detail=detail, iv=one.iv)

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
