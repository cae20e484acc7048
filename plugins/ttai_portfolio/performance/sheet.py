"""Results put into an answer: rows, sums, the proof, and what must be said of them; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

from ttai import Transaction, cut
from ttai_portfolio.gathering import Gathered
from ttai_portfolio.models.performance import By, OtherRow, Performance, Reconciliation, ResultRow
from ttai_portfolio.performance.ledger import booked, net_of
from ttai_portfolio.performance.results import NONE, NOTHING, Proof, Results, Trade, by_month, heaped, results
from ttai_portfolio.records.flows import is_flow
from ttai_portfolio.records.periods import Period
from ttai_portfolio.records.wording import money

KEPT = 30  # rows
NAMED = 6  # symbols in a note
FIFO = "FIFO by account, fees of both ends; an assigned option's premium is realised, its stock opens at the strike"
PARTS = "a trade that was closed in several months is in each of them, with its part"
NOT_ADVICE = (
    "{net} of net is of section 1256 contracts ({which}), which are taxed by rules of their own: a fact, not advice"
)


@dataclass(frozen=True)
class Sheet:
    """What was made in a period, from ledgers that begin at `since`."""

    read: Gathered[Sequence[Transaction]]
    days: Period
    since: date
    by: By
    now: datetime

    def answer(self) -> Performance:
        """The whole answer."""
        trades, others = self.trades, self._others
        heaps = self._heaps
        kept, said = cut(list(heaps.items()), keep=KEPT, ask="by=month", noun=f"rows by {self.by}")
        whole = _row("all", trades)
        proof = self.proof
        other_net = sum((row.net for row in others), NONE)
        return Performance.model_validate(
            {
                **self.read.facts(self.now),
                **whole.model_dump(exclude={"name", "best", "worst", "section_1256"}),
                "start": self.days.start,
                "end": self.days.end,
                "by": self.by,
                "other_net": other_net,
                "net_with_other": proof.realised + other_net,
                "reconciliation": Reconciliation.model_validate(
                    {name: getattr(proof, name) for name in Reconciliation.model_fields}
                ),
                "rows": [_row(name, each, flagged=self.by == "underlying") for name, each in kept],
                "other": [OtherRow(kind=row.kind, count=row.count, net_value=float(row.net)) for row in others],
                "notes": [*([said] if said else []), *self._notes],
            }
        )

    @cached_property
    def accounts(self) -> Mapping[str, Results]:
        """What was made in each account."""
        return {
            number: results(number, booked(entries), self.days.start) for number, entries in self.read.answers.items()
        }

    @cached_property
    def trades(self) -> list[Trade]:
        """All that were closed, whole or in part."""
        return [trade for one in self.accounts.values() for trade in one.trades]

    @cached_property
    def proof(self) -> Proof:
        """That of all accounts together."""
        return sum((one.proof for one in self.accounts.values()), NOTHING)

    @property
    def _heaps(self) -> Mapping[str, list[Trade]]:
        if self.by == "month":
            return by_month(self.trades)
        return heaped(self.trades, lambda one: one.underlying if self.by == "underlying" else one.name)

    @cached_property
    def _others(self) -> list["_Other"]:
        """Money without a trade by its kind, and what corporate actions brought; what was paid in or out is none."""
        heaps: dict[str, list[Decimal]] = {}
        for one in self.accounts.values():
            for entry in (*one.others, *(moved for moved in one.moved if net_of(moved))):
                if not is_flow(entry):
                    heaps.setdefault(entry.sub_type, []).append(net_of(entry))
        found = [_Other(kind, len(values), sum(values, NONE)) for kind, values in heaps.items()]
        return sorted(found, key=lambda other: -abs(other.net))

    @property
    def said(self) -> list[str]:
        """What must be said of the figures, whatever is shown of them."""
        notes = []
        if unmatched := [one for each in self.accounts.values() for one in each.unmatched]:
            symbols = _some([one.symbol for one in unmatched])
            notes.append(
                f"closes without a known opening, not in net: {len(unmatched)}, which brought "
                f"{money(self.proof.unmatched)}; opened before {self.since}, or come from elsewhere: {symbols}"
            )
        for what, said in (
            ("moved", "entries without a trade (transfers, renamed symbols), and left out"),
            ("unreadable", "trades without a quantity or a value, and left out"),
        ):
            if entries := [entry for each in self.accounts.values() for entry in getattr(each, what)]:
                notes.append(f"{said}: {len(entries)}, of {_some([one.symbol or one.sub_type for one in entries])}")
        if self.proof.difference:
            notes.append(f"the figures miss the broker's own sum by {money(self.proof.difference)}")
        return [*notes, FIFO, f"openings are looked for from {self.since} on"]

    @property
    def _notes(self) -> list[str]:
        notes = [] if self.trades else ["nothing was closed in these days"]
        if taxed := [trade for trade in self.trades if trade.is_1256]:
            net = sum((trade.net for trade in taxed), NONE)
            notes.append(NOT_ADVICE.format(net=money(net), which=_some([one.underlying for one in taxed])))
        notes += self.said
        notes += [PARTS] if self.by == "month" else []
        return [*notes, *self.days.notes, *self.read.notes, *self.read.unread("transactions")]


@dataclass(frozen=True)
class _Other:
    kind: str
    count: int
    net: Decimal


def _row(name: str, trades: Sequence[Trade], *, flagged: bool = False) -> ResultRow:
    nets = [trade.net for trade in trades]
    wins = sum(net > 0 for net in nets)
    return ResultRow.model_validate(
        {
            "name": name,
            "trades": len(trades),
            "wins": wins,
            "win_rate": wins / len(trades) if trades else None,
            "gross": sum((trade.gross for trade in trades), NONE),
            "fees": sum((trade.fees for trade in trades), NONE),
            "net": sum(nets, NONE),
            "days_held": round(sum(trade.days for trade in trades) / len(trades), 1) if trades else None,
            "best": max(nets, default=None),
            "worst": min(nets, default=None),
            "section_1256": any(trade.is_1256 for trade in trades) if flagged else None,
        }
    )


def _some(names: Sequence[str]) -> str:
    """A few of the names, each once."""
    each = list(dict.fromkeys(names))
    return ", ".join(each[:NAMED]) + (f" and {len(each) - NAMED} more" if len(each) > NAMED else "")
