"""Zones: where pieces of evidence lie so close together that a trader sees one level."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Literal

from ttai.quant.bars import Time
from ttai.quant.evidence import TURNS, Evidence, Kind

CONFLUENCE_KINDS = 3
_UNTOUCHED = 0.5  # the share of full strength that evidence other than a touch comes near to, more than any weighs


@dataclass(frozen=True, slots=True)
class Zone:
    """A level: support at or below the last close, resistance above it; prices in dollars.

    `price` is the evidence's mean by weight, `low` and `high` are its outermost prices (equal for one piece alone).
    `strength`, 0 to 100, adds the evidence up: each turn closes the share of the distance to 100 that it weighs, so
    one of today alone makes about 30, three of them 66. Other evidence together closes less than half of that distance
    (a piece twice its weight of what is missing to that half, hence the first one what it weighs): where price has
    never turned, no arithmetic makes a level strong. `touches` are the turns in the zone, swings and the range's ends,
    `last_touch` the newest one's time, None without. `kinds` says what meets here, heaviest first.
    """

    side: Literal["support", "resistance"]
    price: float
    low: float
    high: float
    strength: float
    touches: int
    last_touch: Time | None
    kinds: tuple[Kind, ...]
    evidence: tuple[Evidence, ...]

    @property
    def confluence(self) -> bool:
        """Whether three kinds of evidence or more meet here; turns are one kind."""
        return len({"swing" if kind in TURNS else kind for kind in self.kinds}) >= CONFLUENCE_KINDS


def find_zones(evidence: Iterable[Evidence], close: float, reach: float) -> list[Zone]:
    """All zones, lowest first: none is higher than `reach` dollars, none overlaps another or spans the close."""
    evidence = list(evidence)
    below = _groups([one for one in evidence if one.price <= close], reach)
    above = _groups([one for one in evidence if one.price > close], reach)
    zones = [*(_zone("support", group) for group in below), *(_zone("resistance", group) for group in above)]
    return sorted(zones, key=lambda zone: zone.price)


def _groups(evidence: list[Evidence], reach: float) -> Iterator[list[Evidence]]:
    """The evidence in groups no higher than `reach`: each window takes what is still free in it, heaviest first.

    Windows are centred on evidence and of one height, hence ordered like their centres: no group reaches into another.
    """
    import numpy as np

    evidence = sorted(evidence, key=lambda one: one.price)
    prices = np.array([one.price for one in evidence])
    firsts = np.searchsorted(prices, prices - reach / 2, side="left")
    lasts = np.searchsorted(prices, prices + reach / 2, side="right")
    total = np.concatenate([[0.0], np.cumsum([one.weight for one in evidence])])
    free = np.ones(len(evidence), dtype=bool)
    for centre in np.argsort(total[firsts] - total[lasts], kind="stable"):
        if free[centre]:
            window = slice(int(firsts[centre]), int(lasts[centre]))
            yield [one for one, is_free in zip(evidence[window], free[window], strict=True) if is_free]
            free[window] = False


def _strength(group: list[Evidence]) -> float:
    turned = prod(1 - one.weight for one in group if one.kind in TURNS)
    others = prod(1 - one.weight / _UNTOUCHED for one in group if one.kind not in TURNS)
    return 100 * (1 - turned * (1 - _UNTOUCHED * (1 - others)))


def _zone(side: Literal["support", "resistance"], group: list[Evidence]) -> Zone:
    heaviest = sorted(group, key=lambda one: -one.weight)
    low, high = group[0].price, group[-1].price
    mean = sum(one.price * one.weight for one in group) / sum(one.weight for one in group)
    touches = [one.time for one in group if one.kind in TURNS and one.time is not None]
    return Zone(
        side=side,
        price=min(max(mean, low), high),
        low=low,
        high=high,
        strength=_strength(group),
        touches=len(touches),
        last_touch=max(touches, default=None),
        kinds=tuple(dict.fromkeys(one.kind for one in heaviest)),
        evidence=tuple(heaviest),
    )
