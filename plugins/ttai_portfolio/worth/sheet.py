"""The worth of accounts put into an answer: figures, points, and what must be said of them; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, Literal

from ttai import NetLiq, NotFound, cut
from ttai_portfolio.gathering import Gathered
from ttai_portfolio.models.common import name_of
from ttai_portfolio.models.net_liq import AccountWorth, FlowRow, NetLiqHistory, NetLiqPicture, PointRow
from ttai_portfolio.records.flows import Flows
from ttai_portfolio.worth.curves import Curve, curve, day_of, together
from ttai_portfolio.worth.draw import Scene, draw
from ttai_portfolio.worth.words import dollars, percent, written_day

FLOWS = 12  # rows
CLOSES = "values, and the worst fall, are of the closes of each {}, pending cash among them"
ENDS = "high and low of all accounts together are of the closes, too"
OPENED = "the first value is what the day opened at"
OWN = "what went from one of these accounts to another is no flow of all of them"
UNKNOWN = "{}change_without_flows, time_weighted_return, max_drawdown null: {}"
SPANS = {
    "1d": "today",
    "1m": "one month",
    "3m": "three months",
    "6m": "six months",
    "1y": "one year",
    "all": "all time",
}


@dataclass(frozen=True)
class Worths:
    """What the accounts were worth: the broker's rows, and what was paid in and out, by account.

    Flows that are lacking could not be had; `why` says the reason.
    """

    read: Gathered[Sequence[NetLiq]]
    flows: Mapping[str, Flows]
    why: str
    back: str
    now: datetime

    @cached_property
    def curves(self) -> dict[str, Curve]:
        """Those of the accounts that have one."""
        made = {number: curve(rows, self.flows.get(number)) for number, rows in self.read.answers.items()}
        return {number: one for number, one in made.items() if one is not None}

    @cached_property
    def whole(self) -> Curve:
        """All accounts together; NotFound where there is no curve at all."""
        if not self.curves:
            why = "; ".join(self.read.unread("values")) or "Ask range=all, or tomorrow"
            raise NotFound(f"there is no history of the worth of {SPANS[self.back]}", why)
        found = next(iter(self.curves.values())) if len(self.curves) == 1 else together(list(self.curves.values()))
        if found is None:
            raise NotFound("the accounts have no days in common", "Ask one account at a time")
        return found

    def answer(self) -> NetLiqHistory:
        """The whole answer."""
        several = len(self.curves) > 1
        rows, more = cut(self._paid, keep=FLOWS, ask="get_transactions type=money_movement", noun="flows")
        return NetLiqHistory.model_validate(
            {
                **self._facts,
                **figures(self.whole),
                "range": self.back,
                "points_read": len(self.whole.times),
                "by_account": [self._account(*one) for one in self.curves.items()] if several else None,
                "flows": rows or None,
                "points": [PointRow(time=self._at(at), value=value) for at, value in self.whole.points],
                "notes": [*([more] if more else []), *self.notes],
            }
        )

    def picture(self, theme: Literal["dark", "light"]) -> NetLiqPicture:
        """The same as a picture."""
        facts = self._facts
        return NetLiqPicture.model_validate(
            {
                **facts,
                **figures(self.whole),
                "range": self.back,
                "points_read": len(self.whole.times),
                "png": draw(self.scene(str(facts["source"])), theme),
                "said": self.said,
                "notes": self.notes,
            }
        )

    def scene(self, source: str) -> Scene:
        """What is to be seen."""
        names = [name_of(one) for one in self.read.accounts if one.number in self.curves]
        title = f"Net liq, {names[0] if len(names) == 1 else f'{len(names)} accounts'}: {SPANS[self.back]}"
        marks = ["SIMULATED"] * (source == "simulator")
        subtitle = " · ".join([*marks, self._span, *([] if len(names) == 1 else [", ".join(names)])])
        return Scene(self.whole, title, subtitle)

    @property
    def said(self) -> list[str]:
        """What the picture shows, in words."""
        one = figures(self.whole)
        lines = [f"Net liq of {', '.join(self._facts['accounts'])}, {SPANS[self.back]} ({self._span})"]
        lines.append(
            f"{dollars(one['first'])} to {dollars(one['last'])}, {dollars(one['change'], sign=True)}"
            f" ({percent(one['change_percent'])}); high {dollars(one['high'])}, low {dollars(one['low'])}"
        )
        if self.whole.paid and self.whole.is_known:
            lines.append(
                f"without {dollars(one['deposits'])} paid in and {dollars(-one['withdrawals'])} paid out: "
                f"{dollars(one['change_without_flows'], sign=True)}{self._return}"
            )
        return [*lines, self._fall]

    @property
    def _return(self) -> str:
        found = self.whole.returned
        return "" if found is None else f", time-weighted {percent(found * 100)}"

    @property
    def _fall(self) -> str:
        fall = self.whole.fall
        if fall is None:
            return "no close was below an earlier one" if self.whole.is_known else "how far it fell is unknown"
        back = f"made up for {written_day(self._at(fall.recovered))}" if fall.recovered else "not made up for yet"
        return (
            f"worst fall {dollars(fall.dollars)} ({percent(fall.fraction * 100, sign=False)}), "
            f"{written_day(self._at(fall.peak))} to {written_day(self._at(fall.trough))}, {back}"
        )

    @property
    def _span(self) -> str:
        ends = [written_day(self._at(one)) for one in (self.whole.times[0], self.whole.times[-1])]
        return " to ".join(ends)

    @property
    def notes(self) -> list[str]:
        """What must be said."""
        notes = [*self.read.notes]
        none = [number for number in self.read.answers if number not in self.curves]
        notes += [f"{number} is not in it: it has fewer than two values" for number in none]
        if len(self.curves) > 1:
            notes.append(f"the accounts are added up where all of them have a value: {self._span}")
            notes += [OWN] if self._has_own else []
        if not self.whole.is_known:
            first = "" if self.whole.paid is not None else "deposits, withdrawals, "
            notes.append(UNKNOWN.format(first, self.whole.unknown or self.why or "nobody says what was paid in"))
        elif self.whole.fall is None:
            notes.append("max_drawdown null: no close was below an earlier one")
        elif self.whole.fall.recovered is None:
            notes.append("drawdown_recovered null: not yet")
        notes.append(CLOSES.format("day" if self.whole.daily else "stretch of time"))
        notes += [ENDS] * (self.whole.ends is None) + [OPENED] * (not self.whole.daily)
        return [*notes, *self.read.unread("values")]

    @property
    def _facts(self) -> dict[str, Any]:
        """Of the accounts that are in it."""
        return replace(self.read, accounts=[one for one in self.read.accounts if one.number in self.curves]).facts(
            self.now
        )

    @property
    def _has_own(self) -> bool:
        known = sum(len(one.flows.known) for one in self.curves.values() if one.flows is not None)
        return self.whole.flows is not None and len(self.whole.flows.known) < known

    @property
    def _paid(self) -> list[FlowRow]:
        """What the sums are of."""
        found = self.whole.counted or []
        return [
            FlowRow(date=one.day, account=one.entry.account, kind=one.entry.sub_type, amount=float(one.amount))
            for one in sorted(found, key=lambda flow: flow.day, reverse=True)
        ]

    def _account(self, number: str, one: Curve) -> AccountWorth:
        return AccountWorth.model_validate({"account": number, "points": len(one.times), **figures(one)})

    def _at(self, at: datetime) -> date | datetime:
        return day_of(at) if self.whole.daily else at


def figures(one: Curve) -> dict[str, Any]:
    """The figures of a curve."""
    fall = one.fall
    found: dict[str, Any] = {
        "first": one.values[0],
        "last": one.values[-1],
        "high": one.high,
        "low": one.low,
        "change": one.change,
        "change_percent": one.change / one.values[0] * 100 if one.values[0] > 0 else None,
        "deposits": one.deposits,
        "withdrawals": one.withdrawals,
        "change_without_flows": one.won,
        "time_weighted_return": one.returned,
    }
    if fall is None:
        return found
    moments = {"peak": fall.peak, "trough": fall.trough, "recovered": fall.recovered}
    dated = {f"drawdown_{name}": day_of(at) if at is not None and one.daily else at for name, at in moments.items()}
    return {**found, "max_drawdown": fall.dollars, "max_drawdown_percent": fall.fraction * 100, **dated}
