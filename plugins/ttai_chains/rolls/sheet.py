"""Rolls put into an answer: the best of them, and beside them closing the position and leaving it alone; pure."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from ttai import Leg, cut
from ttai.quant.strategies.figures import figures
from ttai.quant.strategies.naming import named
from ttai_chains.analysis import TYPES, Place
from ttai_chains.models.rolls import RollRow, Rolls
from ttai_chains.rolls.standing import Standing, chances, unpriced
from ttai_chains.rolls.ways import Sort, Strikes, Ways, sift, ways
from ttai_chains.service import Read
from ttai_chains.strategy.studies import Listed, Study, brief

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

MOST_MARGINS = 120  # margins worked out for a ranking
USUAL_DAYS = 30  # that a roll adds
LEAST_CUT = 0.5  # shares: less is none
METHODS = (
    "delta: the position's after the roll, in shares; delta_cut: by how many it shrinks, without its sign",
    "buying_power: dollars the roll takes, below 0 frees: requirement after less before (Regulation T), and fill",
)


@dataclass(frozen=True)
class Asked:
    """What rolls are wanted, how they are ranked, and how many are shown."""

    strikes: Strikes
    max_debit: float | None
    max_delta: float | None
    max_spread: float
    sort: Sort
    limit: int


@dataclass(frozen=True)
class RollSheet:
    """All that is worked out of rolling a position into `targets`; `said` is what must be said of those."""

    standing: Standing
    targets: tuple[Read, ...]
    asked: Asked
    said: tuple[str, ...]

    def answer(self) -> Rolls:
        """The whole answer."""
        one = self.standing.rolled
        all_ways, thinned = self._found
        passed, removed = sift(all_ways, self.asked.max_debit, self.asked.max_delta, self.asked.max_spread)
        order = self._order(passed)
        shown, more = cut(order, keep=self.asked.limit, ask=f"limit={min(len(order), 40)}", noun="rolls")
        notes = [note for note in (more, thinned) if note is not None] + removed
        if self.asked.sort == "buying_power" and len(passed) > MOST_MARGINS:
            notes.append(f"of {len(passed)} rolls the {MOST_MARGINS} cheapest: margins are worked out for those alone")
        front = one.legs[0].read
        return Rolls(
            **Rolls.facts(front),
            strategy=named(self.standing.now.position.legs),
            expiration=one.expiration.date,
            dte=front.quotes.dte,
            rolled=", ".join(brief(leg.leg) for leg in one.legs),
            lots=one.unit,
            reading=self._reading(passed),
            close=self.standing.close,
            do_nothing=self.standing.do_nothing,
            rolls=[self._row(passed, place) for place in shown],
            notes=list(dict.fromkeys([*self._quoted, *notes, *self.said, *self.standing.coming.notes, *self._methods])),
        )

    @cached_property
    def _found(self) -> tuple[Ways, str | None]:
        return ways(
            self.standing.rolled, [read.quotes for read in self.targets], self.asked.strikes, self.asked.max_spread
        )

    @property
    def _quoted(self) -> list[str]:
        """What is to be said of the quotes; the odds with the skew are not asked for."""
        notes = [*self.standing.now.notes, *(note for read in self.targets for note in read.notes)]
        return [note for note in notes if not note.startswith("pop_skew")]

    def _order(self, found: Ways) -> list[int]:
        """The places of the ways, the best first; what is unknown last."""
        import numpy as np

        keys: dict[Sort, Numbers] = {
            "credit": found.fill,
            "delta_cut": -self._cuts(found),
            "days": self._added(found),
        }
        if self.asked.sort != "buying_power":
            key = keys[self.asked.sort]
            return [int(place) for place in np.lexsort((self._added(found), found.fill, key))]
        cheapest = np.argsort(found.fill, kind="stable")[:MOST_MARGINS].tolist()
        taken = {place: self._taken(found, place, self._after(found, place)) for place in cheapest}
        return sorted(cheapest, key=lambda place: taken[place])

    def _cuts(self, found: Ways) -> "Numbers":
        import numpy as np

        kept = self.standing.kept_delta
        cuts: Numbers = abs(kept + self.standing.rolled.delta) - np.abs(kept + found.delta)
        return cuts

    def _added(self, found: Ways) -> "Numbers":
        import numpy as np

        days = [(read.quotes.expiration.date - self.standing.rolled.expiration.date).days for read in self.targets]
        return np.array(days, np.float64)[found.expiration]

    def _opened_legs(self, found: Ways, place: int) -> list[Listed]:
        """The legs that a roll opens."""
        read = self.targets[int(found.expiration[place])]
        one = read.quotes.expiration
        places = zip(
            self.standing.rolled.legs, self.standing.rolled.rows.tolist(), found.columns[place].tolist(), strict=True
        )
        return [
            Listed(
                Leg(quantity=old.leg.quantity, type=TYPES[row], strike=float(one.strikes[column]),
                    expiration=f"{one.date} {one.root}"),
                read,
                Place(row, column),
            )
            for old, row, column in places
        ]  # fmt: skip

    def _after(self, found: Ways, place: int) -> Study:
        """The position after a roll, as the market prices it."""
        return self.standing.quoted([*self._opened_legs(found, place), *map(unpriced, self.standing.kept)])

    def _taken(self, found: Ways, place: int, after: Study) -> float:
        more = self.standing.reg_t(after).requirement - self.standing.margin.requirement
        return more + self.standing.dollars(float(found.fill[place]))

    def _row(self, found: Ways, place: int) -> RollRow:
        after, opened = self._after(found, place), self._opened_legs(found, place)
        read = opened[0].read
        one = read.quotes.expiration
        price = float(found.fill[place])
        position = replace(after.position, paid=self.standing.held.position.debit + self.standing.dollars(price))
        return RollRow(
            expiration=one.date,
            new_settled=one.settled,
            dte=read.quotes.dte,
            added_days=int(self._added(found)[place]),
            opened=", ".join(brief(leg.leg) for leg in opened),
            fill=price,
            mid=float(found.mid[place]),
            natural=float(found.natural[place]),
            delta=self.standing.kept_delta + float(found.delta[place]),
            delta_cut=float(self._cuts(found)[place]),
            short_delta=float(found.short_delta[place]),
            **chances(figures(position, after.volatility, None)),
            buying_power=self._taken(found, place, after),
            spread_percent=float(found.spread_percent[place]),
            open_interest=float(found.open_interest[place]),
            events=self.standing.coming.before(one.date),
            early_assignment=self.standing.early([leg for leg in opened if leg.leg.quantity < 0]),
        )

    def _reading(self, passed: Ways) -> str:
        """The answer in one line: the same strikes later, and the most that a credit buys."""
        import numpy as np

        said = []
        found, _ = self._found
        same = found.take(found.same & np.isfinite(found.fill))
        if len(same):
            place = int(np.abs(self._added(same) - USUAL_DAYS).argmin())
            there = (passed.same & (passed.expiration == same.expiration[place])).any()
            said.append(f"same strikes, {self._told(same, place)}{'' if there else ' (left out, see the notes)'}")
        else:
            said.append("the same strikes can't be had in these expirations")
        if not len(passed):
            return "; ".join([*said, "no roll passes: the notes say what removed them"])
        paid = passed.take((passed.fill < 0) & (self._cuts(passed) >= LEAST_CUT))
        if not len(paid):
            return "; ".join([*said, "no roll for a credit cuts the delta"])
        place = int(np.lexsort((paid.fill, -self._cuts(paid)))[0])
        legs = ", ".join(brief(leg.leg) for leg in self._opened_legs(paid, place))
        told = f"{self._told(paid, place)}, {self._cuts(paid)[place]:.1f} shares less"
        return "; ".join([*said, f"most delta cut for a credit: {legs}, {told}"])

    def _told(self, found: Ways, place: int) -> str:
        day = self.targets[int(found.expiration[place])].quotes.expiration.date
        price = float(found.fill[place])
        money = f"credit {-price:.2f}" if price < 0 else f"debit {price:.2f}"
        return f"{self._added(found)[place]:.0f} days more ({day}): {money}"

    @property
    def _methods(self) -> list[str]:
        rolled = self.standing.rolled
        shares = f"{rolled.unit} × {rolled.expiration.multiplier}" if rolled.unit > 1 else f"{rolled.shares}"
        basis = "opening prices as sent"
        if not self.standing.opened:
            basis = "legs without price, their opening price, count as opened at the mid now; without it pnl is null"
        return [
            f"fill, mid, natural: to close and open together, $ a share of a lot ({shares} shares), below 0 a credit",
            "fill is assumed: a third of the way from mid to natural, rounded to the tick against you",
            *METHODS,
            f"pop, breakevens: at the first expiration, lognormal at its ATM IV, the roll at the fill; {basis}",
        ]
