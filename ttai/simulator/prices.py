"""Prices of any day and moment: the shapes of recorded days, and a walk within each."""

import csv
import gzip
import math
import operator
import random
from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from functools import cached_property, lru_cache
from importlib.resources import files
from itertools import accumulate
from typing import NamedTuple

from ttai.simulator.days import hours, is_session, session_before

ANCHOR_DAY = date(2026, 11, 20)  # the day that closes near an instrument's anchor price
KNOT = 20.0  # seconds between two points of a day's path
_DAYS_A_YEAR = 252
_NIGHT = 0.1  # of a day's volume, where it is traded from midnight to midnight, evenly
_STEEPEST = 14.0  # times a walk may be stretched
_LOUDEST = 5.0  # deviations a recorded day may move
_STOCKS = ("AAPL", "GOOG", "IBM", "MSFT")  # FB's ten months are too short a story
_MASK = (1 << 64) - 1


class DailyBar(NamedTuple):
    """One session as the tape keeps it."""

    day: date
    open: float
    high: float
    low: float
    close: float
    volume: int


class Span(NamedTuple):
    """A trading day and when it begins and ends, in seconds since the epoch."""

    day: date
    opens: float
    closes: float


class Shapes(NamedTuple):
    """The days of one recorded stock, in units of its own daily deviation; volumes in usual volumes."""

    moves: list[float]
    own: list[float]  # the part of the moves that the market has no part in
    gaps: list[float]
    ups: list[float]
    downs: list[float]
    volumes: list[float]


def cents(price: float) -> float:
    """A price in whole cents: one rounding for all that is told of it."""
    return round(price * 100) / 100


def rounded(day: date, prices: tuple[float, float, float, float], volume: int) -> DailyBar:
    """A bar in cents."""
    opened, high, low, close = map(cents, prices)
    return DailyBar(day, opened, high, low, close, volume)


def noise(salt: int, n: int) -> int:
    """64 bits that depend on both numbers and nothing else (splitmix64; Steele, Lea, Flood 2014)."""
    bits = (salt + n * 0x9E3779B97F4A7C15) & _MASK
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
    return bits ^ (bits >> 31)


def _standard(values: Sequence[float]) -> list[float]:
    """The values with mean 0 and deviation 1."""
    mean = math.fsum(values) / len(values)
    deviation = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / len(values))
    return [(v - mean) / deviation for v in values]


def _clipped(values: Sequence[float], unit: float) -> list[float]:
    """The values in units, none louder than the loudest day."""
    return [max(-_LOUDEST, min(_LOUDEST, v / unit)) for v in values]


def _shapes(rows: list[tuple[float, ...]]) -> Shapes:
    """Turn rows of open, high, low, close, volume, adjusted close into shapes."""
    moves, gaps, ups, downs, volumes = [], [], [], [], []
    variance, usual, adjusted_before = 0.0004, rows[0][4], rows[0][5]
    for opened, high, low, close, volume, adjusted in rows[1:]:
        # a power of the running deviation is divided out: crises stay visible and no longer dominate
        scale = variance**-0.3
        move = math.log(adjusted / adjusted_before)
        moves.append(move * scale)
        gaps.append((move - math.log(close / opened)) * scale)
        ups.append(math.log(max(high / max(opened, close), 1)) * scale)
        downs.append(math.log(max(min(opened, close) / low, 1)) * scale)
        volumes.append(volume / usual)
        variance += 0.06 * (min(move * move, 0.01) - variance)
        usual += 0.03 * (volume - usual)
        adjusted_before = adjusted
    unit = math.sqrt(math.fsum(m * m for m in moves) / len(moves))
    gaps, ups, downs = (_clipped(side, unit) for side in (gaps, ups, downs))
    moves = _standard(_clipped(moves, unit))
    return Shapes(moves, moves, gaps, ups, downs, volumes)


@lru_cache(maxsize=1)
def recorded() -> tuple[list[Shapes], list[float]]:
    """The recorded stocks over the days all of them have, and the market move they share."""
    rows: dict[str, list[tuple[float, ...]]] = {symbol: [] for symbol in _STOCKS}
    packed = files("ttai.simulator").joinpath("data/bokeh_stocks.csv.gz").read_bytes()
    for symbol, _, *numbers in csv.reader(gzip.decompress(packed).decode().splitlines()):
        if symbol in rows:
            rows[symbol].append(tuple(map(float, numbers)))
    length = min(map(len, rows.values()))
    stocks = [_shapes(days[-length:]) for days in rows.values()]
    market = _standard([sum(moves) for moves in zip(*(stock.moves for stock in stocks), strict=True)])
    return [stock._replace(own=_apart(stock.moves, market)) for stock in stocks], market


def _apart(moves: list[float], market: list[float]) -> list[float]:
    """What is left of the moves without the market."""
    beta = math.fsum(map(operator.mul, moves, market)) / len(market)
    return _standard([move - beta * shared for move, shared in zip(moves, market, strict=True)])


def _place(day: date, shift: int, length: int) -> int:
    """Where in a recorded cycle a date falls: weekdays count, a holiday's move shows in the next session."""
    weeks, weekday = divmod(day.toordinal() - 1, 7)
    return (5 * weeks + min(weekday, 4) + shift) % length


def _turned(values: list[float], start: int) -> list[float]:
    return values[start:] + values[:start]


class Course:
    """Where one instrument goes, day by day: the same for the same seed and name, whoever asks when."""

    def __init__(
        self,
        *,
        seed: int,
        name: str,
        anchor: float,
        volatility: float,
        correlation: float,
        reversion: float,
        volume: float,
    ) -> None:
        stocks, market = recorded()
        dice = random.Random(f"{seed}/{name}")
        self._shapes = dice.choice(stocks)
        self._length = len(market)
        self._shift = dice.randrange(self._length)
        self._behind = -_place(ANCHOR_DAY, 0, self._length)
        self._key = f"{seed}/{name}"
        self._anchor = anchor
        self._sigma = volatility / math.sqrt(_DAYS_A_YEAR)
        self._volume = volume
        # what risk pays: 0.4 of the deviation that is the market's own; fear pays nothing
        self._drift = 0.0 if reversion else 0.4 * correlation * volatility / 365
        self._levels = self._walked(
            market, random.Random(f"tape/{seed}").randrange(self._length), correlation, reversion
        )

    def _walked(self, market: list[float], shift: int, correlation: float, reversion: float) -> list[float]:
        """Log levels over one cycle, which ends where it began."""
        # the cycle is laid out from the anchor day on; each part is turned to a place of its own
        shared = _turned(market, _place(ANCHOR_DAY, shift, self._length))
        own = _turned(self._shapes.own, _place(ANCHOR_DAY, self._shift, self._length))
        rest = math.sqrt(1 - correlation * correlation)
        steps = _standard([correlation * a + rest * b for a, b in zip(shared, own, strict=True)])
        keep, sigma, level = 1 - reversion, self._sigma, 0.0
        if reversion:
            for step in steps:  # a first round finds the level at which the cycle closes
                level = keep * level + sigma * step
        return list(accumulate(steps, lambda at, step: keep * at + sigma * step, initial=level))[1:]

    def _index(self, day: date) -> int:
        # the cycle closes on the anchor day, at its last place
        return _place(day, self._behind, self._length) - 1

    def close(self, day: date) -> float:
        """The closing price of a session, unrounded."""
        trend = self._drift * (day - ANCHOR_DAY).days
        return self._anchor * math.exp(self._levels[self._index(day)] + trend)

    def bar(self, day: date, last: date | None = None) -> tuple[tuple[float, float, float, float], int]:
        """Open, high, low, close and volume of a day; `last` is the session before it, if known.

        A day without a session returns to where it began.
        """
        before = self.close(last or session_before(day))
        if not (last or is_session(day)):
            wick = 0.4 * self._sigma
            return (before, before * (1 + wick), before * (1 - wick), before), int(0.3 * self._volume)
        at, sigma = _place(day, self._shift, self._length), self._sigma
        close = self.close(day)
        opened = before * math.exp(0.6 * sigma * self._shapes.gaps[at])
        high = max(opened, close) * math.exp(sigma * self._shapes.ups[at])
        low = min(opened, close) * math.exp(-sigma * self._shapes.downs[at])
        return (opened, high, low, close), int(self._volume * min(self._shapes.volumes[at], 6))

    def walk(self, day: date, knots: int) -> list[float]:
        """The path of a day, from its open through its high and low to its close."""
        (opened, high, low, close), _ = self.bar(day)
        dice = random.Random(f"{self._key}/{day}").random
        steps = list(accumulate([dice() - 0.5 for _ in range(knots)], initial=0.0))
        drift = steps[-1] / knots
        # uniform steps have a variance of 1/12
        scale, slope = self._sigma * math.sqrt(12 / knots), math.log(close / opened) / knots
        path = [scale * (step - drift * i) + slope * i for i, step in enumerate(steps)]
        lower, upper, rises = min(0.0, path[-1]), max(0.0, path[-1]), path[-1] > 0
        above, below = math.log(high / max(opened, close)), math.log(min(opened, close) / low)
        # beyond open and close the walk is stretched until it just touches the day's extremes; where that would make
        # spikes of it, or there is nothing to stretch, it is bent that far
        if max(path) - upper <= above / _STEEPEST:
            _arch(path, rises, upper + above)
        if lower - min(path) <= below / _STEEPEST:
            _arch(path, not rises, lower - below)
        up, down = above / (max(path) - upper or 1.0), below / (lower - min(path) or 1.0)
        prices = [opened * math.exp(_stretched(y, lower, upper, down, up)) for y in path]
        # touched to the last digit: the tape's bar and the path's are rounded alike
        if above:
            prices[max(range(1, knots), key=path.__getitem__)] = high
        if below:
            prices[min(range(1, knots), key=path.__getitem__)] = low
        prices[-1] = close
        return prices


def _arch(path: list[float], late: bool, level: float) -> None:
    """Bend the later or the earlier half of a path until it just touches a level."""
    half = len(path) // 2
    start = len(path) - 1 - half if late else 0
    arch = [math.sin(math.pi * n / half) for n in range(1, half)]
    inner = slice(start + 1, start + half)
    bend = min(((level - y) / by for y, by in zip(path[inner], arch, strict=True)), key=abs)
    path[inner] = [y + bend * by for y, by in zip(path[inner], arch, strict=True)]


def _stretched(y: float, lower: float, upper: float, down: float, up: float) -> float:
    """A log price, its part beyond the bounds scaled."""
    if y > upper:
        return upper + (y - upper) * up
    return lower - (lower - y) * down if y < lower else y


def _part(at: float, begins: float, ends: float) -> float:
    """How much of a time is over, 0 to 1."""
    return min(max((at - begins) / (ends - begins), 0.0), 1.0)


course = lru_cache(maxsize=64)(Course)  # one for all worlds of a seed: it depends on its arguments alone


@lru_cache(maxsize=64)
def walked(along: Course, day: date, knots: int) -> tuple[float, ...]:
    """The path of a day, drawn once: whoever asks for bars of another length meets the same days."""
    return tuple(along.walk(day, knots))


class Day:
    """The path of an instrument through one trading day."""

    def __init__(self, span: Span, before: DailyBar, path: list[float], volume: int) -> None:
        self.day, self.opens, self.closes = span
        self._regular = hours(self.day).open.timestamp(), hours(self.day).close.timestamp()
        self.before = before
        self.volume = volume
        self.path = path
        self.times = [self.opens + KNOT * n for n in range(len(path))]

    @cached_property
    def highs(self) -> list[float]:
        """The highest price so far at each point."""
        return list(accumulate(self.path, max))

    @cached_property
    def lows(self) -> list[float]:
        """The lowest price so far at each point."""
        return list(accumulate(self.path, min))

    def place(self, at: float) -> tuple[int, float]:
        """The knot before a moment and how far it is to the next."""
        at = max(at, self.opens)
        knot = min(bisect_right(self.times, at) - 1, len(self.path) - 2)
        here, next_ = self.times[knot : knot + 2]
        return knot, (at - here) / (next_ - here) if at < next_ else 1.0

    def price(self, at: float) -> float:
        """The unrounded price at a moment."""
        knot, part = self.place(at)
        return self.path[knot] + (self.path[knot + 1] - self.path[knot]) * part

    def traded(self, at: float) -> int:
        """Shares traded so far: most of them near open and close of the regular hours, on any date."""
        part = _part(at, *self._regular)
        traded = part + 0.55 * math.sin(2 * math.pi * part) / (2 * math.pi)
        if self.opens < self._regular[0]:
            traded += _NIGHT * (_part(at, self.opens, self.closes) - traded)
        return int(self.volume * traded)

    def lift(self, at: float, factor: float) -> None:
        """Let the path go on from `factor` times its price; what was before stays."""
        was, knot = self.price(at), bisect_right(self.times, at)
        self.times[knot:knot] = [at, at]
        self.path[knot:] = [was, was * factor, *(price * factor for price in self.path[knot:])]
        self.highs, self.lows = list(accumulate(self.path, max)), list(accumulate(self.path, min))

    def bar(self) -> DailyBar:
        """The day as the tape will keep it."""
        return rounded(self.day, (self.path[0], self.highs[-1], self.lows[-1], self.path[-1]), self.volume)
