"""A stress of a book, worked out and put into an answer; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ttai.quant.portfolio.holdings import Holding
from ttai.quant.portfolio.stress import Cell, Grid, stress
from ttai_portfolio.groups import Group, said
from ttai_portfolio.holdings import Held, Measured, holdings
from ttai_portfolio.lines import Book
from ttai_portfolio.models.stress import CellRow, GridRow, PartRow, Stress
from ttai_portfolio.sheet import named, notes

MOST_PARTS = 8
MODEL = "options revalued by the model (American where exercise can pay, dividends as a yield); rates and smiles stay"


@dataclass(frozen=True)
class Scenarios:
    """The markets asked for: moves and changes of IV in percent, days from now."""

    moves: tuple[float, ...]
    ivs: tuple[float, ...]
    days: tuple[float, ...]
    beta_weighted: bool


@dataclass(frozen=True)
class StressSheet:
    """All that is worked out of a book in these markets; `before` is the book without what was added or removed."""

    book: Book
    groups: Sequence[Group]
    measured: Measured
    asked: Scenarios
    net_liq: float | None
    before: Book | None = None

    @cached_property
    def _held(self) -> Held:
        """What can be revalued, its lines leg by leg, and the lines that can't."""
        return holdings(self.book.lines, self.measured)

    @cached_property
    def grid(self) -> Grid:
        """The P/L of each leg in each market; ValueError where nothing can be revalued."""
        return _revalued(self._held.holdings, self.asked)

    def answer(self) -> Stress:
        """The whole answer."""
        grid = self.grid
        return Stress(
            **Stress.facts(self.book),
            beta_weighted=self.asked.beta_weighted,
            moves_percent=list(self.asked.moves),
            grid=self.rows,
            worst=self.cell(grid.worst),
            best=self.cell(grid.best),
            worst_before=self._before,
            worst_by_position=self._parts,
            positions=len(grid.legs),
            notes=self.notes,
        )

    @property
    def rows(self) -> list[GridRow]:
        """The grid, day by day, volatility by volatility."""
        pnl = self.grid.pnl
        return [
            GridRow(days=day, iv_percent=iv, pnl=pnl[at, along].tolist())
            for at, day in enumerate(self.asked.days)
            for along, iv in enumerate(self.asked.ivs)
        ]

    def cell(self, cell: Cell) -> CellRow:
        """One cell in words and dollars."""
        share = cell.pnl / self.net_liq * 100 if self.net_liq and self.net_liq > 0 else None
        return CellRow(
            move_percent=self.asked.moves[cell.spot],
            iv_percent=self.asked.ivs[cell.iv],
            days=self.asked.days[cell.day],
            pnl=cell.pnl,
            of_net_liq_percent=share,
        )

    @property
    def _before(self) -> CellRow | None:
        if self.before is None:
            return None
        found = holdings(self.before.lines, self.measured).holdings
        if not found:
            return None
        grid = _revalued(found, self.asked)
        return self.cell(grid.worst)

    @property
    def _parts(self) -> list[PartRow]:
        """The strategies that lose most in the worst cell, and all others together."""
        grid, cell = self.grid, self.grid.worst
        lines = {id(leg): line for leg, line in self._held.legs}
        lost = {id(lines[id(part.leg)]): part.pnl for part in grid.explained_by_leg(cell)}
        rows = [_row(group, lost) for group in self.groups if any(id(part.line) in lost for part in group.parts)]
        rows.sort(key=lambda row: row.pnl)
        kept, rest = rows[:MOST_PARTS], rows[MOST_PARTS:]
        if rest:
            others = sum(row.pnl for row in rest)
            kept.append(PartRow(account="", underlying="", strategy=f"{len(rest)} others", legs="", pnl=others))
        return kept

    @property
    def notes(self) -> list[str]:
        """What is to be said of the grid and of the book."""
        grid, left_out = self.grid, self._held.left_out
        found = []
        if left_out:
            found.append(f"not revalued: {named(left_out, reason=False)}")
        if grid.unpriced:
            found.append(f"without a known IV, not in it: {', '.join(one.symbol for one in grid.unpriced)}")
        if grid.assumed_beta:
            found.append(f"beta unknown, 1 assumed: {', '.join(grid.assumed_beta)}")
        if grid.intrinsic:
            found.append(f"without time value now, valued at intrinsic: {len(grid.intrinsic)} legs")
        return [*found, *notes(self.book), MODEL]


def _revalued(found: Sequence[Holding], asked: Scenarios) -> Grid:
    moves, ivs = ([one / 100 for one in percents] for percents in (asked.moves, asked.ivs))
    return stress(found, moves, ivs, asked.days, beta_weighted=asked.beta_weighted)


def _row(group: Group, lost: Mapping[int, float]) -> PartRow:
    """A strategy's part; what of it can't be revalued adds nothing, and is noted."""
    pnl = sum(lost.get(id(part.line), 0.0) * part.share for part in group.parts)
    return PartRow(
        account=group.account, underlying=group.underlying, strategy=group.name, legs=said(group.parts), pnl=pnl
    )
