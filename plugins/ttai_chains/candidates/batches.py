"""Many positions of one strategy in one expiration, as arrays: what they cost, win and lose; pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from ttai import ExpirationQuotes
from ttai.quant.strategies.curve import Curves, at_expiry
from ttai.quant.strategies.legs import Leg
from ttai.quant.strategies.margin import reg_t
from ttai.quant.strategies.odds import Lognormal
from ttai.quant.strategies.position import Position, Setting
from ttai.quant.symbols import BROAD_INDICES
from ttai_chains.candidates.placement import dated
from ttai_chains.candidates.templates import Template

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Places = NDArray[np.intp]

_ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class Batch:
    """n positions of one strategy in one expiration: `columns` (n, m) of its m legs; all else (n,).

    `fill`, `mid` and `natural` are dollars a share for all legs, below 0 a credit; `profit`, `loss` (0 or more) and
    `expected` dollars a unit, infinite without an end; `pop` 0–1.
    """

    template: Template
    front: ExpirationQuotes
    back: ExpirationQuotes | None
    index: bool
    symbol: str
    columns: "Places"
    fill: "Numbers"
    mid: "Numbers"
    natural: "Numbers"
    profit: "Numbers"
    loss: "Numbers"
    pop: "Numbers"
    expected: "Numbers"

    def __len__(self) -> int:
        return len(self.columns)

    def take(self, rows: "Sequence[int] | Places | NDArray[np.bool_]") -> "Batch":
        """These rows alone."""
        names = ("columns", "fill", "mid", "natural", "profit", "loss", "pop", "expected")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})

    def of(self, column: str, stock: float) -> "Numbers":
        """What a column of the quotes says of each leg, (n, m); of stock it is given."""
        import numpy as np

        found = np.full(self.columns.shape, float(stock))
        for place, part in enumerate(self.template.parts):
            if part.row is not None:
                quotes = dated(part, self.front, self.back)
                found[:, place] = getattr(quotes, column)[part.row, self.columns[:, place]]
        return found

    @cached_property
    def strikes(self) -> "Numbers":
        """Of each leg, (n, m); of stock 0."""
        import numpy as np

        found = np.zeros(self.columns.shape)
        for place, part in enumerate(self.template.parts):
            if part.row is not None:
                found[:, place] = dated(part, self.front, self.back).strikes[self.columns[:, place]]
        return found

    @property
    def ratios(self) -> "Numbers":
        """Signed units of each leg, (m,)."""
        import numpy as np

        return np.array([part.ratio for part in self.template.parts], np.float64)

    @property
    def lognormal(self) -> Lognormal | None:
        """Where the price may be: at the ATM IV of the (first) expiration; None unknown."""
        atm = self.front.smile.atm
        return None if atm is None else Lognormal(self.front.forward, atm * math.sqrt(self.front.years))

    def curves(self) -> Curves:
        """What all of them win and lose at their one expiration."""
        is_call = [part.type != "put" for part in self.template.parts]
        unit = self.front.expiration.multiplier
        return at_expiry(is_call, self.strikes, self.ratios * unit, self.fill * unit)

    def curve(self, row: int) -> Curves:
        """What one of them wins and loses at the (first) expiration."""
        if not self.template.two_dated:
            return self.take([row]).curves()
        one = self.front
        return Position(self.legs(row), Setting(one.spot, one.rate, one.dividend_yield, self.index)).curve

    def legs(self, row: int) -> tuple[Leg, ...]:
        """The legs of one of them, each at its part of the fill."""
        unit, front = self.front.expiration.multiplier, self.front
        one = self.take([row])
        mid, bid, ask, iv = (one.of(name, front.spot)[0] for name in ("mid", "bid", "ask", "iv"))
        gap = float(one.natural[0] - one.mid[0])
        share = float(one.fill[0] - one.mid[0]) / gap if gap > _ROUNDING else 0.0
        legs = []
        for place, part in enumerate(self.template.parts):
            natural = ask[place] if part.ratio > 0 else bid[place]
            price = float(mid[place] + share * (natural - mid[place]))
            if part.row is None:
                legs.append(Leg("stock", part.ratio * unit, price))
                continue
            quotes, strike = dated(part, front, self.back), float(one.strikes[0, place])
            terms = (quotes.years, float(iv[place]), quotes.dividend_yield)
            legs.append(Leg(part.type, part.ratio * unit, price, strike, *terms))
        return tuple(legs)

    def capital(self, row: int) -> float:
        """Dollars a unit ties up: the most it can lose, or where that has no end the buying power of Regulation T."""
        if not self.template.uncovered:
            return float(self.loss[row])
        return reg_t(self.legs(row), self.front.spot, broad_index=self.symbol in BROAD_INDICES).buying_power
