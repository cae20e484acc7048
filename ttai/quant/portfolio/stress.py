"""A whole book in other markets: what it wins or loses if the market moves, volatilities change and days pass."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ttai.quant import pricing
from ttai.quant.portfolio.holdings import Holding
from ttai.quant.portfolio.revaluation import Options, worth
from ttai.quant.strategies.legs import Leg
from ttai.quant.strategies.position import Setting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

MOST_CELLS = 2_500
_LEAST = 1e-6  # of its price: what is left of an underlying that has lost everything
_FARTHEST = 20.0  # of rates × years: a factor of 500 million
_TRACE = 1e-6  # of the underlying or the strike: so little time value is none


class Held(NamedTuple):
    """One leg and where it is held: the place of its holding, its symbol, the leg."""

    holding: int
    symbol: str
    leg: Leg


class Cell(NamedTuple):
    """One market of a grid: the indices of its days, volatilities and spots, and the P/L in dollars there."""

    day: int
    iv: int
    spot: int
    pnl: float


class Part(NamedTuple):
    """What a holding, or one leg of it (None: all), wins or loses in a cell, in dollars."""

    symbol: str
    leg: Leg | None
    pnl: float


@dataclass(frozen=True, eq=False)
class Grid:
    """The P/L of a book against now, in dollars, by days, changes of volatility and moves of the price.

    `parts` (days, ivs, spots, legs) are what each of `legs` adds to `pnl` (days, ivs, spots). `unpriced` legs are in
    neither, as their volatility or their market is unknown. `intrinsic` legs have no time value in their mark, so that
    they count at what they are worth without movement: of one far from where it is now that is too little.
    `assumed_beta` are the symbols without a known beta, taken to move as SPY does.
    """

    days: tuple[float, ...]
    ivs: tuple[float, ...]
    spots: tuple[float, ...]
    legs: tuple[Held, ...]
    parts: "Numbers"
    unpriced: tuple[Held, ...]
    intrinsic: tuple[Held, ...]
    assumed_beta: tuple[str, ...]

    @cached_property
    def pnl(self) -> "Numbers":
        """Dollars, (days, ivs, spots)."""
        total: Numbers = self.parts.sum(axis=-1)
        return total

    @property
    def worst(self) -> Cell:
        """Where most is lost, or least is won."""
        return self._cell(int(self.pnl.argmin()))

    @property
    def best(self) -> Cell:
        """Where most is won, or least is lost."""
        return self._cell(int(self.pnl.argmax()))

    def explained(self, cell: tuple[int, int, int] | Cell) -> list[Part]:
        """What each holding adds to a cell's P/L, the greatest loss first."""
        sums: dict[int, list[float]] = {}
        names: dict[int, str] = {}
        for held, pnl in self._at(cell):
            sums.setdefault(held.holding, []).append(pnl)
            names[held.holding] = held.symbol
        return sorted((Part(names[at], None, math.fsum(pnl)) for at, pnl in sums.items()), key=_by_pnl)

    def explained_by_leg(self, cell: tuple[int, int, int] | Cell) -> list[Part]:
        """What each leg adds to a cell's P/L, the greatest loss first."""
        return sorted((Part(held.symbol, held.leg, pnl) for held, pnl in self._at(cell)), key=_by_pnl)

    def _at(self, cell: tuple[int, int, int] | Cell) -> Iterator[tuple[Held, float]]:
        return zip(self.legs, self.parts[cell[0], cell[1], cell[2]].tolist(), strict=True)

    def _cell(self, flat: int) -> Cell:
        import numpy as np

        day, iv, spot = (int(index) for index in np.unravel_index(flat, self.pnl.shape))
        return Cell(day, iv, spot, float(self.pnl[day, iv, spot]))


def stress(
    holdings: Sequence[Holding],
    spots: Sequence[float],
    ivs: Sequence[float] = (0.0,),
    days: Sequence[float] = (0.0,),
    *,
    beta_weighted: bool = True,
    american: bool = True,
) -> Grid:
    """The book revalued over moves of the price, changes of volatility and days.

    `spots` are fractional moves (−0.1) of SPY, of which each underlying makes β times as much, or, not `beta_weighted`,
    of each underlying itself; none falls by more than all of its price. `ivs` are relative changes of every leg's
    volatility (0.2: a fifth more). `days` are calendar days from now; rates stay what they are.

    The P/L is the model's value less the model's value now, which is the mark where the leg's volatility makes it: 0
    where nothing changes. Options of a setting that is not European are worth at least what exercise brings, and with
    `american` what the right to exercise early is, within 0.01 % of the strike; of puts at rates not above 0 and calls
    at such dividend yields it is taken to be nothing.

    ValueError for a grid without cells or with more than 2,500, for figures that are none, and where no leg at all
    can be valued.
    """
    import numpy as np

    _checked(spots, ivs, days)
    priced, unpriced, intrinsic = _sorted(holdings)
    if not priced:
        raise ValueError("nothing is held whose value in another market is known")
    at = [held.holding for held in priced]
    known = [holding.beta is not None and math.isfinite(holding.beta) for holding in holdings]
    betas = [(one.beta or 0.0) if beta and beta_weighted else 1.0 for one, beta in zip(holdings, known, strict=True)]
    now = np.array([holding.setting.spot for holding in holdings])[at]
    moved = now * np.maximum(1.0 + np.multiply.outer(np.array(spots, np.float64), betas), _LEAST)[:, at]
    is_option = np.array([held.leg.is_option for held in priced])
    parts = np.empty((len(days), len(ivs), len(spots), len(priced)))
    parts[...] = moved - now
    if is_option.any():
        options = _options([held for held in priced if held.leg.is_option], holdings, american=american)
        today = worth(options, now[np.newaxis, is_option], np.ones(1), np.zeros(1))
        factors = 1.0 + np.array(ivs, np.float64)
        parts[..., is_option] = worth(options, moved[:, is_option], factors, np.array(days, np.float64)) - today
    parts *= np.array([held.leg.shares for held in priced])
    parts[np.ix_(np.equal(days, 0), np.equal(ivs, 0), np.equal(spots, 0))] = 0.0  # this is now, whatever rounding says
    assumed = tuple(holdings[one].symbol for one in dict.fromkeys(at) if not known[one])
    return Grid(
        days=tuple(map(float, days)),
        ivs=tuple(map(float, ivs)),
        spots=tuple(map(float, spots)),
        legs=tuple(priced),
        parts=parts,
        unpriced=tuple(unpriced),
        intrinsic=tuple(intrinsic),
        assumed_beta=assumed if beta_weighted else (),
    )


def _sorted(holdings: Sequence[Holding]) -> tuple[list[Held], list[Held], list[Held]]:
    """The legs that can be valued, those that can't, and of the first those without time value."""
    priced, unpriced, intrinsic = [], [], []
    for place, holding in enumerate(holdings):
        for leg in holding.legs:
            held = Held(place, holding.symbol, leg)
            if not _placed(leg, holding.setting):
                unpriced.append(held)
            elif not math.isnan(leg.volatility) or leg.years == 0:
                priced.append(held)
            elif leg.price <= _still(leg, holding.setting):
                priced.append(held)
                intrinsic.append(held)
            else:
                unpriced.append(held)
    return priced, unpriced, intrinsic


def _placed(leg: Leg, setting: Setting) -> bool:
    """Whether the market that a leg is in is known."""
    if not (math.isfinite(setting.spot) and setting.spot > 0):
        return False
    rates = abs(setting.rate), abs(_yield(leg, setting))
    return not leg.is_option or all(rate * leg.years <= _FARTHEST for rate in rates)


def _still(leg: Leg, setting: Setting) -> float:
    """Dollars a share that an option is worth without any movement, and a trace more."""
    is_call, q = leg.type == "call", _yield(leg, setting)
    value = float(pricing.price(is_call, setting.spot, leg.strike, leg.years, 0.0, setting.rate, q))
    exercised = 0.0 if setting.european else (setting.spot - leg.strike) * (1 if is_call else -1)
    return max(value, exercised) + _TRACE * max(setting.spot, leg.strike)


def _yield(leg: Leg, setting: Setting) -> float:
    return setting.dividend_yield if leg.dividend_yield is None else leg.dividend_yield


def _options(chosen: Sequence[Held], holdings: Sequence[Holding], *, american: bool) -> Options:
    """The arrays of these legs; what has no volatility does not move."""
    import numpy as np

    legs, settings = [held.leg for held in chosen], [holdings[held.holding].setting for held in chosen]
    strike, years, volatility = np.array([(leg.strike, leg.years, leg.volatility) for leg in legs], np.float64).T
    rate = np.array([setting.rate for setting in settings], np.float64)
    dividend_yield = np.array([_yield(*one) for one in zip(legs, settings, strict=True)], np.float64)
    is_call = np.array([leg.type == "call" for leg in legs])
    exercise = np.array([not setting.european for setting in settings])
    return Options(
        is_call=is_call,
        exercise=exercise,
        american=exercise & (np.where(is_call, dividend_yield, rate) > 0) & american,
        strike=strike,
        years=years,
        volatility=np.nan_to_num(volatility),
        rate=rate,
        dividend_yield=dividend_yield,
    )


def _checked(spots: Sequence[float], ivs: Sequence[float], days: Sequence[float]) -> None:
    cells = len(spots) * len(ivs) * len(days)
    if not 1 <= cells <= MOST_CELLS:
        raise ValueError(f"a grid has 1 to {MOST_CELLS} cells, not {cells}")
    if not all(map(math.isfinite, (*spots, *ivs, *days))):
        raise ValueError("moves, changes of volatility and days are known numbers")
    if min(ivs) < -1 or min(days) < 0:
        raise ValueError("a volatility falls by all of it at most, and days lie ahead")


def _by_pnl(part: Part) -> float:
    return part.pnl
