"""Price bars made for tests: along a drawn line, at random from a seed, or as recorded."""

import csv
import gzip
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ttai.quant.bars import PRICES, Bars
from ttai.quant.intervals import INTERVALS

Numbers = NDArray[np.float64]
DAY, FIVE_MINUTES = INTERVALS["1d"], INTERVALS["5m"]


def days(count: int, first: str = "2026-01-01") -> NDArray[np.datetime64]:
    return np.datetime64(first, "ms") + np.arange(count) * np.timedelta64(1, "D")


def bars_of(high: ArrayLike, low: ArrayLike, close: ArrayLike, volume: float | Numbers = np.nan) -> Bars:
    """Daily bars from 2026-01-01 that open in the middle."""
    top, bottom, last = (np.array(values, dtype=np.float64) for values in (high, low, close))
    traded = np.broadcast_to(np.asarray(volume, dtype=np.float64), top.shape).copy()
    return Bars(DAY, days(len(top)), (top + bottom) / 2, top, bottom, last, traded)


def closes(values: ArrayLike, wick: float = 0.0, volume: float | Numbers = np.nan) -> Bars:
    """Daily bars from close to close, with a wick above and below."""
    close = np.asarray(values, dtype=np.float64)
    before = np.concatenate([close[:1], close[:-1]])
    return bars_of(np.maximum(before, close) + wick, np.minimum(before, close) - wick, close, volume)


def path(*turns: tuple[int, float], wick: float = 0.0) -> Bars:
    """Straight lines between (bar, price)."""
    places, prices = zip(*turns, strict=True)
    return closes(np.interp(np.arange(places[-1] + 1), places, prices), wick)


def random_walk(seed: int, count: int) -> Bars:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.015, count)))
    spread = close * rng.uniform(0.001, 0.02, (2, count))
    return bars_of(close + spread[0], close - spread[1], close, rng.integers(1_000, 90_000, count).astype(float))


def scaled(bars: Bars, factor: float) -> Bars:
    first, high, low, last = (getattr(bars, name) * factor for name in PRICES[:4])
    return Bars(DAY, bars.time, first, high, low, last, bars.volume)


def mirrored(bars: Bars) -> Bars:
    """Turned upside down in its logarithms: what rose by a tenth falls by an eleventh."""
    return Bars(DAY, bars.time, 1e4 / bars.open, 1e4 / bars.low, 1e4 / bars.high, 1e4 / bars.close, bars.volume)


@cache
def recorded(symbol: str) -> Bars:
    """AAPL or IBM as they traded, 2000 to 2013."""
    with gzip.open(str(files("ttai.simulator") / "data" / "bokeh_stocks.csv.gz"), "rt") as lines:
        rows = [row for row in csv.DictReader(lines) if row["Ticker"] == symbol]
    columns = [np.array([float(row[name]) for row in rows]) for name in ("Open", "High", "Low", "Close", "Volume")]
    return Bars(DAY, np.array([row["Date"] for row in rows], dtype="datetime64[ms]"), *columns)
