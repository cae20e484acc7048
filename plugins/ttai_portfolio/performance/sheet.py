"""Results put into an answer: rows, sums, the proof, and what must be said of them; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

from ttai import Position, Transaction, cut
from ttai_portfolio.gathering import Gathered
from ttai_portfolio.models.performance import By, OtherRow, Performance, Reconciliation, ResultRow
from ttai_portfolio.performance.ledger import booked, net_of
from ttai_portfolio.performance.results import NONE, NOTHING, Proof, Results, Trade, by_month, heaped, results
from ttai_portfolio.records.flows import is_flow
from ttai_portfolio.records.periods import Period
from ttai_portfolio.records.wording import money

KEPT = 30  # rows
NAMED = 6  # symbols in a note
OPEN_AS_HELD = "what is open by these entries is what the broker holds now: {} positions, compared one by one"
NOT_HELD = (
    "what is open by these entries is not what the broker holds: {}; opened before {}, moved, or traded just now, or "
    "entries are lacking"
)
FIFO = "FIFO by account, fees of both ends; an assigned option's premium is realised, its stock opens at the strike"
PARTS = "a trade that was closed in several months is in each of them, with its part"
NOT_ADVICE = (
    "{net} of net is of section 1256 contracts ({which}), which are taxed by rules of their own: a fact, not advice"
)


@dataclass(frozen=True)
class Sheet:
    """What was made in a period, from ledgers that begin at `since`, by account.

    `held` is what accounts hold at the end of it, where that is now.
    """

    read: Gathered[Sequence[Transaction]]
    days: Period
    since: Mapping[str, date]
    by: By
    now: datetime
    held: Mapping[str, Sequence[Position]] = field(default_factory=dict)

    def answer(self) -> Performance:
        """The whole answer."""
        trades, others = self.trades, self._others
        heaps = self._heaps
        kept, said = cut(list(heaps.items()), keep=KEPT, ask="by=month", noun=f"rows by {self.by}")
        whole = _row("all", trades)
        proof = self.proof
        other_net = sum((row.net for row in others), NONE)
        sums = {
            "other_net": other_net,
            "net_with_other": proof.realised + other_net,
            "reconciliation": Reconciliation.model_validate(
                {name: getattr(proof, name) for name in Reconciliation.model_fields}
            ),
        }
        return Performance.model_validate(
            {
                **self.read.facts(self.now),
                **(_UNKNOWN if self._blind else whole.model_dump(exclude={"name", "best", "worst", "section_1256"})),
                **({} if self._blind else sums),
                "start": self.days.start,
                "end": self.days.end,
                "by": self.by,
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

    @property
    def _blind(self) -> bool:
        """Whether there are entries, and none that could be read."""
        return bool(self.read.unread("transactions")) and not any(self.read.answers.values())

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
                f"{money(self.proof.unmatched)}; opened before {self._since}, or come from elsewhere: {symbols}"
            )
        for what, said in (
            ("moved", "entries without a trade (transfers, renamed symbols, reinvested dividends), not followed"),
            ("unreadable", "trades without a quantity or a value, and left out"),
        ):
            if entries := [entry for each in self.accounts.values() for entry in getattr(each, what)]:
                brought = sum((net_of(entry) for entry in entries), NONE)
                where = f", {money(brought)} in other_net" if what == "moved" and brought else ""
                names = _some([one.symbol or one.sub_type for one in entries])
                notes.append(f"{said}: {len(entries)}, of {names}{where}")
        if self.proof.difference:
            notes.append(f"the figures miss the broker's own sum by {money(self.proof.difference)}")
        if estimated := sum(one.estimated for one in self.accounts.values()):
            notes.append(f"fees of {estimated} entries are estimates by the broker's word")
        notes += self._compared
        return [*notes, FIFO, f"openings are looked for from {self._since} on"]

    @property
    def _since(self) -> str:
        """From when on the ledgers are known: of each account where that differs."""
        days = set(self.since.values())
        if len(days) == 1:
            return f"{days.pop()}"
        return ", ".join(f"{day} ({number})" for number, day in self.since.items())

    @property
    def _compared(self) -> list[str]:
        """What is open by the entries, against what is held."""
        differ, count = [], 0
        for number, positions in self.held.items():
            if number not in self.accounts:
                continue
            opened = self.accounts[number].open
            now: dict[str, Decimal] = {}
            for one in positions:
                now[one.symbol] = now.get(one.symbol, NONE) + one.quantity
            for symbol in sorted(opened.keys() | now.keys()):
                mine, theirs = opened.get(symbol, NONE), now.get(symbol, NONE)
                count += 1
                if mine != theirs:
                    whose = f" in {number}" if len(self.held) > 1 else ""
                    differ.append(f"{symbol} {mine.normalize():f}, {theirs.normalize():f} held{whose}")
        if differ:
            return [NOT_HELD.format(_some(differ), self._since)]
        return [OPEN_AS_HELD.format(count)] if count else []

    @property
    def _notes(self) -> list[str]:
        if self._blind:
            return ["nothing of these days could be read", *self.days.notes, *self.read.unread("transactions")]
        notes = [] if self.trades else ["nothing was closed in these days"]
        if partly := [trade for trade in self.trades if trade.partly]:
            names = _some([f"{one.name} on {one.underlying}" for one in partly])
            notes.append(f"closed in part, and counted with that part: {len(partly)}, {names}")
        if taxed := [trade for trade in self.trades if trade.is_1256]:
            net = sum((trade.net for trade in taxed), NONE)
            notes.append(NOT_ADVICE.format(net=money(net), which=_some([one.underlying for one in taxed])))
        notes += self.said
        notes += [PARTS] if self.by == "month" else []
        return [*notes, *self.days.notes, *self.read.notes, *self.read.unread("transactions")]


_UNKNOWN = dict.fromkeys(("trades", "wins", "win_rate", "gross", "fees", "net", "days_held"))


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
