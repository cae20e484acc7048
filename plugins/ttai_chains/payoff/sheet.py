"""A study put into a picture: its scene, its words and its page; pure."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from ttai.quant.calendar import NEW_YORK
from ttai.quant.strategies.odds import Lognormal
from ttai_chains.models.payoff import Payoff, PayoffPage
from ttai_chains.payoff.draw import bound, dollars, draw
from ttai_chains.payoff.scene import Scene
from ttai_chains.payoff.spark import sparkline
from ttai_chains.studies import words
from ttai_chains.valuation import Valuation, flaws

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

Theme = Literal["dark", "light"]
NODES = 280
ONE, TWO = (0.158655, 0.841345), (0.022750, 0.977250)  # of one and two standard deviations
ENDS = (0.0005, 0.9995)
FARTHEST = 3.0  # times the price, or that part of it: strikes and breakevens beyond are not in the picture
CONE = "probability: lognormal, drift r − q, at {volatility}; 68 % and 95 % are one and two standard deviations"


@dataclass(frozen=True)
class Sheet:
    """One picture of a payoff."""

    valuation: Valuation
    theme: Theme

    def payoff(self) -> Payoff:
        """The whole answer."""
        study, one, scene = self.valuation.study, self.valuation.figures, self.scene
        front = study.front
        facts = {} if front is None else {
            "as_of": front.quotes.as_of, "source": front.quotes.source, "session": front.session, "stale": front.stale,
        }  # fmt: skip
        near, far = scene.one_deviation or (None, None), scene.two_deviations or (None, None)
        said = [f"{scene.title}; {scene.subtitle}", self._summary]
        return Payoff(
            **facts,
            png=draw(scene, self.theme),
            said=[*said, *sparkline(scene.prices, scene.expiry, scene.spot).splitlines()],
            notes=[*study.notes, *flaws(study.position, one), *self._cone],
            page=PayoffPage.of(
                scene,
                symbol=study.symbol,
                theme=self.theme,
                summary=". ".join(said),
                source=str(facts.get("source", "")),
            ),
            symbol=study.symbol,
            strategy=self.valuation.name,
            spot=scene.spot,
            net_debit=one.debit,
            breakevens=list(one.breakevens),
            max_profit=one.max_profit,
            max_profit_unlimited=one.max_profit is None,
            max_loss=one.max_loss,
            max_loss_unlimited=one.max_loss is None,
            pop=one.lognormal.pop if one.lognormal else None,
            one_deviation_low=near[0],
            one_deviation_high=near[1],
            two_deviations_low=far[0],
            two_deviations_high=far[1],
        )  # fmt: skip

    @cached_property
    def scene(self) -> Scene:
        """What is to be seen."""
        study, one = self.valuation.study, self.valuation.figures
        position = study.position
        odds = None if study.volatility is None else position.lognormal(study.volatility)
        prices = self._prices
        near, far = (None if odds is None else _between(odds, *ends) for ends in (ONE, TWO))
        return Scene(
            title=self._title,
            subtitle=self._subtitle,
            spot=position.setting.spot,
            prices=prices,
            expiry=position.curve.at(prices),
            today=position.pnl(prices),
            expiry_label=self._expiry,
            today_label="today",
            breakevens=one.breakevens,
            strikes=self._strikes,
            density=None if odds is None else odds.density(prices),
            one_deviation=near,
            two_deviations=far,
            max_profit=one.max_profit,
            max_loss=self.valuation.figures.max_loss if one.least <= 0 else -one.least,
        )

    @property
    def _strikes(self) -> tuple[float, ...]:
        return tuple(sorted({leg.strike for leg in self.valuation.study.position.legs if leg.is_option}))

    @property
    def _prices(self) -> "Numbers":
        """Evenly over where the price may be, strikes and breakevens among them, and a little beside each kink."""
        import numpy as np

        study = self.valuation.study
        spot = study.position.setting.spot
        marks = [*self._strikes, *self.valuation.figures.breakevens]
        near = [mark for mark in marks if spot / FARTHEST <= mark <= spot * FARTHEST] or [spot * 0.9, spot * 1.1]
        low, high = min(*near, spot), max(*near, spot)
        if study.volatility is not None:
            ends = study.position.lognormal(study.volatility).quantile(ENDS)
            low, high = min(low, max(float(ends[0]), spot / FARTHEST)), max(high, min(float(ends[1]), spot * FARTHEST))
        edge = 0.08 * (high - low) or 0.1 * spot
        low, high = max(low - edge, 0.001 * spot), high + edge
        inside = [mark for mark in (*marks, spot) if low < mark < high]
        return np.unique(np.concatenate([np.linspace(low, high, NODES), inside]))

    @property
    def _expiry(self) -> str:
        study = self.valuation.study
        front = study.front
        at = "at expiry" if study.position.exact else "at the first expiration"
        days = study.position.front * 365
        day = front.quotes.expiration.date if front else None
        return f"{at}, in {days:.4g} days" if day is None else f"{at}, {day:%b} {day.day}, {day.year}"

    @property
    def _title(self) -> str:
        study = self.valuation.study
        said = [words(leg) for leg in study.legs]
        if not study.position.exact and study.listed:
            days = [one.read.quotes.expiration.date if one.place else None for one in study.listed]
            said = [f"{leg} {day:%b} {day.day}" if day else leg for leg, day in zip(said, days, strict=True)]
        legs = " ".join(said[:4]) + (" …" if len(said) > 4 else "")
        return " ".join([*([study.symbol] if study.symbol else []), f"{self.valuation.name}: {legs}"])

    @property
    def _subtitle(self) -> str:
        front = self.valuation.study.front
        if front is None:
            return f"price {self.valuation.study.position.setting.spot:,.6g}, as given"
        quotes = front.quotes
        marks = ["SIMULATED"] * (quotes.source == "simulator") + ["STALE"] * front.stale
        as_of = f"as of {quotes.as_of.astimezone(NEW_YORK):%Y-%m-%d %H:%M %Z}"
        return " · ".join([*marks, f"price {quotes.spot:,.2f}", as_of])

    @property
    def _summary(self) -> str:
        one, scene = self.valuation.figures, self.scene
        cost = f"{'debit' if one.debit >= 0 else 'credit'} {dollars(abs(one.debit), 2)}"
        evens = ", ".join(f"{price:,.2f}" for price in one.breakevens) or "none"
        odds = f"; PoP {one.lognormal.pop:.0%}" if one.lognormal else ""
        ends = [bound("profit", "loss", scene.max_profit), bound("loss", "profit", scene.max_loss)]
        return f"{scene.expiry_label}: {cost}, {', '.join(ends)}, breakeven {evens}{odds}"

    @property
    def _cone(self) -> list[str]:
        study = self.valuation.study
        return [] if study.volatility is None else [CONE.format(volatility=study.volatility_from)]


def _between(odds: Lognormal, low: float, high: float) -> tuple[float, float]:
    return float(odds.quantile(low)), float(odds.quantile(high))
