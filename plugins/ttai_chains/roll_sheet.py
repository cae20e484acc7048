"""Rolls put into an answer: the best of them, and beside them closing the position and leaving it alone; pure."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ttai import Leg, cut
from ttai.quant.strategies.figures import Figures, figures
from ttai.quant.strategies.margin import Margin, reg_t
from ttai.quant.strategies.naming import named
from ttai_chains import fills
from ttai_chains.analysis import TYPES, Place
from ttai_chains.coming import Coming, intrinsic
from ttai_chains.models.rolls import Close, DoNothing, RollRow, Rolls
from ttai_chains.rolls import Rolled, Sort, Strikes, Ways, sift, ways
from ttai_chains.service import Read
from ttai_chains.studies import Listed, Study, brief

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

MOST_MARGINS = 120  # margins worked out for a ranking
USUAL_DAYS = 30  # that a roll adds
LEAST_CUT = 0.5  # shares: less is none
METHODS = (
    "delta: the position's after the roll, in shares; delta_cut: by how many that of the rolled options shrinks",
    "buying_power: dollars the roll takes, below 0 frees: requirement after less before (Regulation T), and net_debit",
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
    """All that is worked out of rolling some legs; `kept` are the others, `targets` the expirations rolled into."""

    rolled: Rolled
    kept: tuple[Listed, ...]
    targets: tuple[Read, ...]
    asked: Asked
    coming: Coming
    quoted: Callable[[Sequence[Listed]], Study]
    said: tuple[str, ...]

    def answer(self) -> Rolls:
        """The whole answer."""
        one = self.rolled
        all_ways, thinned = self._found
        passed, removed = sift(all_ways, self.asked.max_debit, self.asked.max_delta, self.asked.max_spread)
        order = self._order(passed)
        shown, more = cut(order, keep=self.asked.limit, ask=f"limit={min(len(order), 40)}", noun="rolls")
        front = one.legs[0].read
        return Rolls(
            **Rolls.facts(front),
            strategy=named(self._now.position.legs),
            expiration=one.expiration.date,
            dte=front.quotes.dte,
            rolled=" ".join(brief(leg.leg) for leg in one.legs),
            lots=one.unit,
            reading=self._reading(passed),
            close=self._close,
            do_nothing=self._do_nothing,
            rolls=[self._row(passed, place) for place in shown],
            notes=list(
                dict.fromkeys([*self._quoted, *filter(None, [more, thinned]), *removed, *self.said, *self._notes])
            ),
        )

    @cached_property
    def _found(self) -> tuple[Ways, str | None]:
        return ways(self.rolled, [read.quotes for read in self.targets], self.asked.strikes, self.asked.max_spread)

    @cached_property
    def _held(self) -> Study:
        """The position with what it was opened at."""
        return self.quoted([*self.rolled.legs, *self.kept])

    @cached_property
    def _now(self) -> Study:
        """The position as the market prices it."""
        return self.quoted([_unpriced(one) for one in (*self.rolled.legs, *self.kept)])

    @property
    def _quoted(self) -> list[str]:
        """What is to be said of the quotes; the odds with the skew are not asked for."""
        notes = [*self._held.notes, *(note for read in self.targets for note in read.notes)]
        return [note for note in notes if not note.startswith("pop_skew")]

    @cached_property
    def _margin(self) -> Margin:
        return self._reg_t(self._now)

    @cached_property
    def _opened(self) -> bool:
        """Whether all legs say what they were opened at."""
        return all(one.leg.price is not None for one in (*self.rolled.legs, *self.kept))

    def _reg_t(self, study: Study) -> Margin:
        return reg_t(study.position.legs, study.position.setting.spot, broad_index=self.coming.european)

    def _dollars(self, net_debit: float) -> float:
        return net_debit * self.rolled.shares

    @property
    def _close(self) -> Close:
        rolled = self.rolled
        mid, natural, at_fill = rolled.closing
        prices = [one.leg.price for one in rolled.legs]
        pnl = None
        if None not in prices:
            paid = math.fsum(n * (price or 0.0) for n, price in zip(rolled.ratios.tolist(), prices, strict=True))
            pnl = -self._dollars(paid + at_fill)
        return Close(net_debit=at_fill, mid=mid, natural=natural, total=self._dollars(at_fill), pnl=pnl)

    @property
    def _do_nothing(self) -> DoNothing:
        rolled, position = self.rolled, self._now.position
        left = math.fsum(-one.leg.quantity * (one.quoted("mid") - intrinsic(one)) for one in rolled.legs)
        sold = [one for one in rolled.legs if one.leg.quantity < 0]
        found = figures(self._held.position, self._held.volatility, None)
        most = float(position.curve.highest[0])
        return DoNothing(
            **_chances(found),
            delta=self._kept_delta + rolled.delta,
            short_delta=max(abs(one.quoted("delta")) for one in sold),
            time_value=left * rolled.expiration.multiplier,
            theta=float(position.greeks().theta),
            max_gain=most if math.isfinite(most) else None,
            buying_power=self._margin.requirement,
            at_expiry=self._at_expiry(sold),
            flags=self.coming.flags(rolled.expiration, sold),
        )

    @cached_property
    def _kept_delta(self) -> float:
        multiplier = self.rolled.expiration.multiplier
        return math.fsum(
            one.leg.quantity * (1.0 if one.place is None else one.quoted("delta") * multiplier) for one in self.kept
        )

    def _at_expiry(self, sold: Sequence[Listed]) -> str:
        """What becomes of what is sold, if the price stays where it is."""
        inside = [one for one in sold if intrinsic(one) > 0]
        if not inside:
            return "at today's price what is sold expires worthless"
        if self.coming.european:
            said = [f"{brief(one.leg)} is settled in cash for {intrinsic(one):.2f} a share" for one in inside]
        else:
            said = [
                f"{brief(one.leg)}, {intrinsic(one):.2f} in the money, is assigned: {self._assigned(one)}"
                for one in inside
            ]
        return "at today's price " + "; ".join(said)

    def _assigned(self, one: Listed) -> str:
        shares = abs(one.leg.quantity) * self.rolled.expiration.multiplier
        return f"{shares:g} shares are {'sold' if one.leg.type == 'call' else 'bought'} at {one.leg.strike:g}"

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

        cuts: Numbers = abs(self.rolled.delta) - np.abs(found.delta)
        return cuts

    def _added(self, found: Ways) -> "Numbers":
        import numpy as np

        days = [(read.quotes.expiration.date - self.rolled.expiration.date).days for read in self.targets]
        return np.array(days, np.float64)[found.expiration]

    def _opened_legs(self, found: Ways, place: int) -> list[Listed]:
        """The legs that a roll opens."""
        read = self.targets[int(found.expiration[place])]
        one = read.quotes.expiration
        places = zip(self.rolled.legs, self.rolled.rows.tolist(), found.columns[place].tolist(), strict=True)
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
        return self.quoted([*self._opened_legs(found, place), *map(_unpriced, self.kept)])

    def _taken(self, found: Ways, place: int, after: Study) -> float:
        more = self._reg_t(after).requirement - self._margin.requirement
        return more + self._dollars(float(found.fill[place]))

    def _row(self, found: Ways, place: int) -> RollRow:
        after, opened = self._after(found, place), self._opened_legs(found, place)
        read = opened[0].read
        one = read.quotes.expiration
        price = float(found.fill[place])
        position = replace(after.position, paid=self._held.position.debit + self._dollars(price))
        return RollRow(
            expiration=one.date,
            new_settled=one.settled,
            dte=read.quotes.dte,
            added_days=int(self._added(found)[place]),
            opened=" ".join(brief(leg.leg) for leg in opened),
            net_debit=price,
            mid=float(found.mid[place]),
            natural=float(found.natural[place]),
            delta=self._kept_delta + float(found.delta[place]),
            delta_cut=float(self._cuts(found)[place]),
            short_delta=float(found.short_delta[place]),
            **_chances(figures(position, after.volatility, None)),
            buying_power=self._taken(found, place, after),
            spread_percent=float(found.spread_percent[place]),
            open_interest=float(found.open_interest[place]),
            roll_flags=self.coming.flags(one, [leg for leg in opened if leg.leg.quantity < 0]),
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
        legs = " ".join(brief(leg.leg) for leg in self._opened_legs(paid, place))
        told = f"{self._told(paid, place)}, {self._cuts(paid)[place]:.1f} shares less"
        return "; ".join([*said, f"most delta cut for a credit: {legs}, {told}"])

    def _told(self, found: Ways, place: int) -> str:
        day = self.targets[int(found.expiration[place])].quotes.expiration.date
        price = float(found.fill[place])
        money = f"credit {-price:.2f}" if price < 0 else f"debit {price:.2f}"
        return f"{self._added(found)[place]:.0f} days more ({day}): {money}"

    @property
    def _notes(self) -> list[str]:
        rolled = self.rolled
        shares = f"{rolled.unit} × {rolled.expiration.multiplier}" if rolled.unit > 1 else f"{rolled.shares}"
        basis = "opening prices as sent"
        if not self._opened:
            basis = "legs without price, their opening price, count as opened at the mid now; without it pnl is null"
        return [
            f"net_debit: assumed fill, {fills.SAID}; to close and open together, $ a share of a lot ({shares} shares)",
            *METHODS,
            f"pop, breakevens: at the first expiration, lognormal at its ATM IV, the roll at net_debit; {basis}",
        ]


def _unpriced(one: Listed) -> Listed:
    return replace(one, leg=one.leg.model_copy(update={"price": None}))


def _chances(found: Figures) -> dict[str, Any]:
    return {"pop": found.lognormal.pop if found.lognormal else None, "breakevens": list(found.breakevens)}
