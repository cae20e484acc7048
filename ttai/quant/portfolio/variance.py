"""How much a book moves in a day and a year when its underlyings move together as they did, and where it leans."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ttai.quant.bars import SESSIONS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[np.float64]

FEWEST = 60
"""Days that two series have in common before their correlation counts: its standard error is then 0.13 at most."""

_LEAST = 1e-10  # of an eigenvalue: less is taken to be rounding's


@dataclass(frozen=True, slots=True)
class Share:
    """One underlying's part: `volatility` an annual fraction, `correlation` with the whole book, −1 to 1 (None where
    the book does not move), `share` of the variance; below 0 it hedges the rest. `by_beta`: its correlations are those
    of its beta, as its returns are too few."""

    symbol: str
    dollars: float
    volatility: float
    correlation: float | None
    share: float | None
    by_beta: bool


@dataclass(frozen=True)
class Risk:
    """The standard deviation of the P/L in dollars, to first order in the prices: gamma, vega and time are not in it.

    `day` of a trading day, `year` of 252 of them. `together_day` and `together_year` are the same if everything moved
    at once to the book's harm: Σ |dollars| × volatility; `diversification` is how many times the book's own (None
    where that is 0). Source of the ratio: Choueifaty and Coignard, Toward Maximum Diversification (2008). `shares`, the
    greatest first, sum to 1. `left_out` are the symbols without a volatility, or without returns and beta.
    """

    day: float
    year: float
    together_day: float
    together_year: float
    diversification: float | None
    shares: tuple[Share, ...]
    left_out: tuple[str, ...]


def risk(
    symbols: Sequence[str],
    dollars: "ArrayLike",
    volatilities: "ArrayLike",
    returns: "ArrayLike",
    market: "ArrayLike",
    betas: "ArrayLike | None" = None,
    market_volatility: float | None = None,
) -> Risk:
    """The risk of dollar deltas (n,) at annual volatilities (n,), correlated as daily log returns (days, n) are.

    `market` (days,) are SPY's returns on the same days, `market_volatility` its annual volatility (None: that of these
    returns), `betas` (n,) to it. NaN where unknown.

    Correlations are those of the days that two series have in common, 60 or more. Two that have fewer are taken to be
    correlated through the market alone, ρᵢₘ·ρⱼₘ, and one with fewer in common with the market has ρᵢₘ = β·σₘ / σᵢ,
    within ±1. As such a matrix of pairs need not be one of correlations, its eigenvalues below 0 are set to 0 and its
    diagonal to 1 again: Rebonato and Jäckel, The Most General Methodology to Create a Valid Correlation Matrix (1999).

    Source of the shares: Euler's theorem, wᵢ·(Σw)ᵢ / w'Σw. ValueError for shapes that don't fit and dollars unknown.
    """
    import numpy as np

    dollars, volatilities, returns, market = (
        np.asarray(one, np.float64) for one in (dollars, volatilities, returns, market)
    )
    betas = np.full(len(symbols), math.nan) if betas is None else np.asarray(betas, np.float64)
    _checked(len(symbols), dollars, volatilities, returns, market, betas)
    index = _scale(market_volatility, market)
    with np.errstate(invalid="ignore", divide="ignore"):
        by_beta = np.clip(betas * index / volatilities, -1.0, 1.0)
    pairs = _pairs(np.column_stack((returns, market)))
    own = np.isfinite(pairs[:-1, -1])
    to_market = np.where(own, pairs[:-1, -1], by_beta)
    kept = np.isfinite(to_market) & np.isfinite(volatilities) & (volatilities >= 0)
    there = np.flatnonzero(kept)
    together = _repaired(_filled(pairs[np.ix_(there, there)], to_market[there]))
    moves = dollars[there] * volatilities[there]
    each = together @ moves
    variance = max(float(moves @ each), 0.0)
    year, most = math.sqrt(variance), float(np.abs(moves).sum())
    still = year <= _LEAST * most
    shares = [
        Share(
            symbols[place],
            float(dollars[place]),
            float(volatilities[place]),
            None if still else float(np.clip(each[at] / year, -1.0, 1.0)),
            None if still else float(moves[at] * each[at] / variance),
            not own[place],
        )
        for at, place in enumerate(there.tolist())
    ]
    day = 1 / math.sqrt(SESSIONS)
    return Risk(
        day=year * day,
        year=year,
        together_day=most * day,
        together_year=most,
        diversification=None if still else most / year,
        shares=tuple(sorted(shares, key=lambda one: -(one.share or 0.0))),
        left_out=tuple(symbol for symbol, known in zip(symbols, kept.tolist(), strict=True) if not known),
    )


@dataclass(frozen=True)
class Concentration:
    """Where a book leans: the largest shares of the sum of absolute weights, the greatest first, and the Herfindahl
    index, Σ share²: 1/n for n equal ones, 1 for a single one. `effective` is how many equal ones lean as much."""

    largest: tuple[tuple[str, float], ...]
    herfindahl: float
    effective: float


def concentration(weights: "dict[str, float]", most: int = 5) -> Concentration | None:
    """The largest `most` of weights (dollars of whatever sign, by name); None where all are 0 or none is known."""
    known = {name: abs(weight) for name, weight in weights.items() if math.isfinite(weight)}
    total = math.fsum(known.values())
    if not total:
        return None
    shares = sorted(((name, weight / total) for name, weight in known.items()), key=lambda one: -one[1])
    herfindahl = math.fsum(share * share for _, share in shares)
    return Concentration(tuple(shares[:most]), herfindahl, 1 / herfindahl)


def _scale(volatility: float | None, market: "Numbers") -> float:
    """The market's annual volatility; NaN unknown."""
    import numpy as np

    known = market[np.isfinite(market)]
    if volatility is not None or len(known) < FEWEST:
        return math.nan if volatility is None else volatility
    return float(known.std(ddof=1) * math.sqrt(SESSIONS))


def _pairs(series: "Numbers") -> "Numbers":
    """The correlation of each pair of columns on the days that both have, NaN where they are too few or nothing moved.

    All pairs at once: the means and squares of each column on the days of the other are products of matrices.
    """
    import numpy as np

    known = np.isfinite(series)
    there = known.astype(np.float64)
    middle = np.divide(np.where(known, series, 0.0).sum(axis=0), np.maximum(there.sum(axis=0), 1.0))
    values = np.where(known, series - middle, 0.0)  # near 0, so that little is cancelled
    days = there.T @ there
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = values.T @ there / days  # of a row's series on the days of a column's
        square = (values * values).T @ there / days - mean * mean
        joint = values.T @ values / days - mean * mean.T
        noise = 1e-12 * (values * values).T @ there / days
        moved = (square > noise) & (square.T > noise.T)
        found: Numbers = np.clip(joint / np.sqrt(square * square.T), -1.0, 1.0)
    return np.where((days >= FEWEST) & moved, found, math.nan)


def _filled(pairs: "Numbers", to_market: "Numbers") -> "Numbers":
    """What is unknown of the pairs through the market, with 1 on the diagonal."""
    import numpy as np

    found = np.where(np.isfinite(pairs), pairs, np.outer(to_market, to_market))
    np.fill_diagonal(found, 1.0)
    return found


def _repaired(pairs: "Numbers") -> "Numbers":
    """The same where it is a matrix of correlations; else without its negative eigenvalues."""
    import numpy as np

    values, vectors = np.linalg.eigh(pairs)
    if not len(values) or values[0] >= -_LEAST:
        return pairs
    rooted = vectors * np.sqrt(np.maximum(values, 0.0))
    rooted /= np.linalg.norm(rooted, axis=1, keepdims=True)
    found: Numbers = rooted @ rooted.T
    return found


def _checked(
    count: int, dollars: "Numbers", volatilities: "Numbers", returns: "Numbers", market: "Numbers", betas: "Numbers"
) -> None:
    import numpy as np

    shapes = dollars.shape, volatilities.shape, betas.shape, returns.shape
    if shapes != ((count,), (count,), (count,), (len(market), count)):
        raise ValueError(f"figures of {count} underlyings and returns of {len(market)} days are needed, not {shapes}")
    if not np.isfinite(dollars).all():
        raise ValueError("the dollar delta of each underlying is a known number")
