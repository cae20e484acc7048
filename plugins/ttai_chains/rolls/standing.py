"""A position before it is rolled: what closing it brings, what becomes of it if nothing is done; pure."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ttai.quant.strategies.figures import Figures, figures
from ttai.quant.strategies.margin import Margin, reg_t
from ttai.quant.symbols import BROAD_INDICES
from ttai_chains.coming import Coming
from ttai_chains.models.rolls import Close, DoNothing
from ttai_chains.rolls.assignment import early, intrinsic
from ttai_chains.rolls.rolled import Rolled
from ttai_chains.strategy.studies import Listed, Study, brief


@dataclass(frozen=True)
class Standing:
    """All legs as sent: those that may be rolled and those kept; `european` where none is exercised early."""

    legs: tuple[Listed, ...]
    rolled: Rolled
    kept: tuple[Listed, ...]
    coming: Coming
    european: bool
    quoted: Callable[[Sequence[Listed]], Study]

    @cached_property
    def held(self) -> Study:
        """The position with what it was opened at."""
        return self.quoted(self.legs)

    @cached_property
    def now(self) -> Study:
        """The position as the market prices it."""
        return self.quoted([unpriced(one) for one in self.legs])

    @cached_property
    def margin(self) -> Margin:
        """What it ties up under Regulation T."""
        return self.reg_t(self.now)

    @cached_property
    def opened(self) -> bool:
        """Whether all legs say what they were opened at."""
        return all(one.leg.price is not None for one in self.legs)

    def reg_t(self, study: Study) -> Margin:
        """What a position on this underlying ties up."""
        return reg_t(study.position.legs, study.position.setting.spot, broad_index=study.symbol in BROAD_INDICES)

    def dollars(self, net_debit: float) -> float:
        """A price of a lot in dollars of all lots."""
        return net_debit * self.rolled.shares

    @property
    def close(self) -> Close:
        """Closing what would be rolled."""
        rolled = self.rolled
        mid, natural, at_fill = rolled.closing
        prices = [one.leg.price for one in rolled.legs]
        pnl = None
        if None not in prices:
            paid = math.fsum(n * (price or 0.0) for n, price in zip(rolled.ratios.tolist(), prices, strict=True))
            pnl = -self.dollars(paid + at_fill)
        return Close(fill=at_fill, mid=mid, natural=natural, total=self.dollars(at_fill), pnl=pnl)

    @property
    def do_nothing(self) -> DoNothing:
        """Leaving it alone."""
        rolled, position = self.rolled, self.now.position
        left = math.fsum(-one.leg.quantity * (one.quoted("mid") - intrinsic(one)) for one in rolled.legs)
        sold = [one for one in rolled.legs if one.leg.quantity < 0]
        found = figures(self.held.position, self.held.volatility, None)
        most = float(position.curve.highest[0])
        return DoNothing(
            **chances(found),
            delta=self.kept_delta + rolled.delta,
            short_delta=max(abs(one.quoted("delta")) for one in sold),
            time_value=left * rolled.expiration.multiplier,
            theta=float(position.greeks().theta),
            max_gain=most if math.isfinite(most) else None,
            margin_requirement=self.margin.requirement,
            at_expiry=self._at_expiry(sold),
            events=self.coming.before(rolled.expiration.date),
            early_assignment=self.early(sold),
        )

    def early(self, sold: Sequence[Listed]) -> str | None:
        """Which of them are likely to be assigned before they expire; those of an index never are."""
        if self.european:
            return None
        return "; ".join(why for one in sold if (why := early(one, self.coming))) or None

    @cached_property
    def kept_delta(self) -> float:
        """The delta of the legs that stay, in shares; NaN unknown."""
        multiplier = self.rolled.expiration.multiplier
        return math.fsum(
            one.leg.quantity * (1.0 if one.place is None else one.quoted("delta") * multiplier) for one in self.kept
        )

    def _at_expiry(self, sold: Sequence[Listed]) -> str:
        """What becomes of what is sold, if the price stays where it is."""
        inside = [one for one in sold if intrinsic(one) > 0]
        if not inside:
            return "at today's price what is sold expires worthless"
        if self.european:
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


def unpriced(one: Listed) -> Listed:
    """The same leg at what it is quoted."""
    return replace(one, leg=one.leg.model_copy(update={"price": None}))


def chances(found: Figures) -> dict[str, Any]:
    """The fields about the first expiration."""
    return {"pop": found.lognormal.pop if found.lognormal else None, "breakevens": list(found.breakevens)}
