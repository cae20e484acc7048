"""Strategies of a chain by the thousand: every choice of strikes priced, sifted and ranked; pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from ttai import Expiration, ExpirationQuotes
from ttai.quant.calendar import days_to_expiration
from ttai.quant.strategies.curve import Distribution
from ttai_chains.candidates.batches import Batch
from ttai_chains.candidates.placement import choices
from ttai_chains.candidates.templates import Template
from ttai_chains.fills import fill, too_wide

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Places = NDArray[np.intp]
    Bad = NDArray[np.bool_]

Sort = Literal["expected_value", "pop", "return_on_capital", "credit"]
APART = 28  # days between the expirations of a calendar
MOST = 20_000  # choices in all expirations together
MOST_TWO_DATED = 60  # of them each is valued by the model
MOST_MARGINS = 150  # margins worked out for a ranking
BAND, NARROW_BAND = 0.05, 0.01  # of delta: what is sold within it is one idea; the narrow one beside a target
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Terms:
    """What is asked of candidates: a delta without sign, dollars of width, a probability, a spread in percent."""

    target_delta: float | None = None
    max_width: float | None = None
    min_pop: float | None = None
    max_spread: float = 10.0
    index: bool = False  # European
    symbol: str = ""


@dataclass(frozen=True, eq=False)
class Found:
    """What is left of the choices in one expiration: of `total` so many were removed, by reason.

    The reasons: two_sided, spread, known (no IV), profit (none), loss (none: quotes that contradict), min_pop.
    """

    batch: Batch
    total: int
    removed: dict[str, int]
    notes: tuple[str, ...]


def search(
    template: Template, front: ExpirationQuotes, back: ExpirationQuotes | None, terms: Terms, most: int
) -> Found:
    """Price at most so many choices of a strategy in one expiration, and sift them."""
    import numpy as np

    chosen = choices(template, front, back, most, terms.target_delta, terms.max_width)
    none = np.full(len(chosen.columns), np.nan)
    batch = Batch(
        template, front, back, terms.index, terms.symbol, chosen.columns, none, none, none, none, none, none, none
    )
    removed: dict[str, int] = {}
    for sift in (_two_sided, _narrow, _known, _priced, _likely):
        batch = sift(batch, terms, removed)
    return Found(batch, len(chosen.columns), removed, chosen.notes)


def _without(batch: Batch, bad: "Bad", removed: dict[str, int], reason: str) -> Batch:
    if count := int(bad.sum()):
        removed[reason] = removed.get(reason, 0) + count
    return batch.take(~bad)


def _two_sided(batch: Batch, _: Terms, removed: dict[str, int]) -> Batch:
    import numpy as np

    bad = np.asarray(~np.isfinite(batch.of("mid", 0.0)).all(axis=1))
    return _without(batch, bad, removed, "two_sided")


def _narrow(batch: Batch, terms: Terms, removed: dict[str, int]) -> Batch:
    """What a market is made for."""
    wide = too_wide(batch.of("bid", 0.0), batch.of("ask", 0.0), terms.max_spread, batch.front.expiration)
    return _without(batch, wide, removed, "spread")


def _known(batch: Batch, _: Terms, removed: dict[str, int]) -> Batch:
    """The odds need the ATM IV, and what is valued by the model that of every leg."""
    import numpy as np

    if not batch.template.two_dated and batch.lognormal is not None:
        return batch
    bad = np.asarray(~np.isfinite(batch.of("iv", 0.0)).all(axis=1)) | (batch.lognormal is None)
    return _without(batch, bad, removed, "known")


def _priced(batch: Batch, _: Terms, removed: dict[str, int]) -> Batch:
    """At the fill, and what that can win and lose."""
    import numpy as np

    ratios, spot = batch.ratios, batch.front.spot
    stock = float(sum(part.ratio for part in batch.template.parts if part.row is None)) * spot
    mid = batch.of("mid", 0.0) @ ratios
    natural = np.where(ratios > 0, batch.of("ask", 0.0), batch.of("bid", 0.0)) @ ratios
    at_fill = fill(mid, natural, batch.front.expiration)
    batch = replace(batch, fill=at_fill + stock, mid=mid + stock, natural=natural + stock)
    batch = _valued(batch)
    batch = _without(batch, batch.profit <= 0, removed, "profit")
    return _without(batch, batch.loss <= 0, removed, "loss")


def _valued(batch: Batch) -> Batch:
    """With the most it wins and loses, and the odds."""
    import numpy as np

    ends = batch.lognormal
    curves = [batch.curve(row) for row in range(len(batch))] if batch.template.two_dated else [batch.curves()]
    if not len(batch) or ends is None:
        return batch.take(np.zeros(0, np.intp))
    columns = [(one.highest, -one.lowest, one.probability(ends), one.expectation(ends)) for one in curves]
    profit, loss, pop, expected = (np.concatenate(column) for column in zip(*columns, strict=True))
    return replace(batch, profit=profit, loss=loss, pop=pop, expected=expected)


def _likely(batch: Batch, terms: Terms, removed: dict[str, int]) -> Batch:
    if terms.min_pop is None:
        return batch
    return _without(batch, batch.pop < terms.min_pop, removed, "min_pop")


@dataclass(frozen=True, eq=False)
class Candidate:
    """One row of a batch, and the dollars it ties up."""

    batch: Batch
    row: int
    capital: float

    @property
    def return_on_capital(self) -> float | None:
        """The most it can win on what it ties up; None where one of the two has no end."""
        profit = float(self.batch.profit[self.row])
        return profit / self.capital if math.isfinite(profit) and 0 < self.capital < math.inf else None

    def odds(self, ends: Distribution) -> tuple[float, float]:
        """The probability of a profit and the expected dollars, where the price ends as this says."""
        curve = self.batch.curve(self.row)
        return float(curve.probability(ends)[0]), float(curve.expectation(ends)[0])


def best(batches: Sequence[Batch], sort: Sort, limit: int, terms: Terms) -> tuple[list[Candidate], int]:
    """The best in order, and how many ideas there are: each is there once, with the best of its choices.

    One idea is what is sold (else bought) at nearly one delta in one expiration.
    """
    import numpy as np

    if not any(map(len, batches)):
        return [], 0
    sizes = [len(batch) for batch in batches]
    kept = np.column_stack([np.repeat(np.arange(len(sizes)), sizes), np.concatenate([*map(np.arange, sizes)])])
    ideas = np.concatenate([_ideas(batch, terms) + 1000 * number for number, batch in enumerate(batches)])
    keys = np.concatenate([_key(batch, sort) for batch in batches])
    if sort == "return_on_capital" and batches[0].template.uncovered:
        likely = np.argsort(-np.concatenate([batch.expected for batch in batches]), kind="stable")[:MOST_MARGINS]
        kept, ideas = kept[np.sort(likely)], ideas[np.sort(likely)]
        found = [Candidate(batches[number], row, batches[number].capital(row)) for number, row in kept.tolist()]
        keys = np.array([one.return_on_capital or np.nan for one in found])
    order = np.argsort(-keys, kind="stable")
    _, firsts = np.unique(ideas[order], return_index=True)
    chosen = kept[order[np.sort(firsts)]][:limit].tolist()
    return [Candidate(batches[number], row, batches[number].capital(row)) for number, row in chosen], len(firsts)


def _ideas(batch: Batch, terms: Terms) -> "Places":
    """A number for each band of delta of what leads."""
    import numpy as np

    band = BAND if terms.target_delta is None else NARROW_BAND
    deltas = np.abs(batch.of("delta", 0.0)[:, batch.template.led[0]])
    bands: Places = np.floor(deltas / band + _ROUNDING).astype(np.intp)
    return bands


def _key(batch: Batch, sort: Sort) -> "Numbers":
    import numpy as np

    if sort == "expected_value":
        return batch.expected
    if sort == "pop":
        return batch.pop
    if sort == "credit":
        return -batch.fill
    with np.errstate(invalid="ignore", divide="ignore"):
        share: Numbers = batch.profit / batch.loss
    return np.where(np.isfinite(batch.profit) & np.isfinite(batch.loss), share, np.nan)


def reasons(found: Sequence[Found]) -> dict[str, int]:
    """Why choices were removed, and how many, in all expirations."""
    names = dict.fromkeys(reason for one in found for reason in one.removed)
    return {name: sum(one.removed.get(name, 0) for one in found) for name in names}


def on_each_day(expirations: Sequence[Expiration]) -> list[Expiration]:
    """The standard ones in order, of two on a date that which settles in the afternoon."""
    standard = [one for one in expirations if not one.adjusted]
    by_date = {one.date: one for one in sorted(standard, key=lambda one: (one.date, one.settled == "PM"))}
    return [*by_date.values()]


def within(expirations: Sequence[Expiration], now: datetime, first: int, last: int, most: int) -> list[Expiration]:
    """Those between two numbers of days, at most so many: the monthly ones, and others evenly between."""
    inside = [one for one in expirations if first <= days_to_expiration(one.date, now) <= last]
    monthly = [one for one in inside if one.kind == "monthly"][:most]
    others = [one for one in inside if one not in monthly]
    count = min(most - len(monthly), len(others))
    places = {round((place + 0.5) * len(others) / count - 0.5) for place in range(count)}
    kept = [*monthly, *(others[place] for place in places)]
    return sorted(kept, key=lambda one: one.key)


def later(expirations: Sequence[Expiration], front: Expiration, days: int) -> Expiration | None:
    """The expiration nearest so many days after another; None where nothing expires later."""
    after = [one for one in expirations if one.date > front.date]
    return min(after, key=lambda one: abs(one.date - front.date - timedelta(days=days)), default=None)
