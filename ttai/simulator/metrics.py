"""What the broker works out of an underlying: volatilities, earnings, dividends; the same whoever asks when."""

import math
import random
from bisect import bisect_left
from datetime import UTC, date, timedelta
from functools import lru_cache
from itertools import pairwise
from statistics import stdev
from typing import NamedTuple

from ttai.simulator.accounts import Json
from ttai.simulator.days import is_session, session_after, sessions_before
from ttai.simulator.expirations import expirations
from ttai.simulator.instruments import SHARES, Instrument
from ttai.simulator.prices import ANCHOR_DAY, DailyBar, noise
from ttai.simulator.world import World

_YEAR = 252  # sessions
_OWN = 1.05  # implied over realised volatility, in the long run
_JUMP = 2.2  # usual days that a report moves
_ANNOUNCED = 60  # days before it an ex-date is known
_CONFIRMED = 30  # days before it a report's date is no estimate any more


class Report(NamedTuple):
    """One earnings report."""

    day: date
    time_of_day: str  # BTO or AMC
    quarter_end: date


class _Wave(NamedTuple):
    """How an instrument's implied volatility comes and goes; periods in days."""

    slow: float
    slow_phase: float
    quick: float
    quick_phase: float
    salt: int


class Metrics:
    """The broker's metrics of the instruments of a market."""

    def __init__(self, world: World) -> None:
        self._world = world

    def row(self, symbol: str) -> Json | None:
        """What /market-metrics says of a symbol now; None where it is unknown."""
        instrument, snapshot = self._world.instruments.get(symbol), self._world.snapshot(symbol)
        if instrument is None or snapshot is None:
            return None
        stamp = self._world.clock.now().astimezone(UTC).isoformat(timespec="milliseconds")
        return {
            "symbol": symbol,
            "updated-at": stamp,
            "implied-volatility-updated-at": stamp,
            "market-cap": round(SHARES.get(symbol, 0) * 1e9 * snapshot.last),
            "beta": str(instrument.beta),
            "corr-spy-3month": f"{instrument.with_spy:.2f}",
            "listed-market": instrument.market,
            "price-earnings-ratio": "0.0",
            **self._liquid(instrument),
            **self._volatilities(instrument),
            **(self._dividend(instrument, snapshot.last) if instrument.dividend else {}),
            **({"earnings": self._earnings(instrument)} if instrument.kind == "Equity" else {}),
        }

    def dividends(self, symbol: str) -> list[Json] | None:
        """The dividends of three years, newest first; None where the symbol is unknown."""
        if (instrument := self._world.instruments.get(symbol)) is None:
            return None
        past = [day for day in ex_dates(instrument, self._today) if day <= self._today]
        return [{"occurred-date": f"{day}", "amount": str(instrument.dividend)} for day in reversed(past)]

    def reports(self, symbol: str, since: date) -> list[Json] | None:
        """The earnings of the quarters that ended since, oldest first; None where the symbol is unknown."""
        if (instrument := self._world.instruments.get(symbol)) is None:
            return None
        past = [one for one in reports(instrument, self._today) if one.day < self._today and one.quarter_end >= since]
        return [{"occurred-date": f"{one.quarter_end}", "eps": _eps(instrument, one)} for one in past]

    @property
    def _today(self) -> date:
        return self._world.clock.new_york().date()

    def _liquid(self, instrument: Instrument) -> Json:
        volume = 5e7 if instrument.kind == "Index" else instrument.volume
        return {
            "liquidity-value": f"{volume / 50:.6f}",
            "liquidity-rank": f"{volume / 3e7:.9f}",
            "liquidity-rating": 1 + sum(volume >= least for least in (2e6, 1e7, 3e7)),
        }

    def _volatilities(self, instrument: Instrument) -> Json:
        today = self._today
        year = [implied(instrument, day) for day in sessions_before(today, _YEAR - 1)]
        now = implied(instrument, today)
        low, high = min(*year, now), max(*year, now)
        rank, percentile = (now - low) / (high - low), sum(day < now for day in year) / len(year)
        curve = term_structure(instrument, today)
        thirty = _at(curve, today + timedelta(days=30)) * 100
        history = self._world.history(instrument.symbol)
        realised = {days: _realised(history, days) * 100 for days in (30, 60, 90)}
        return {
            "implied-volatility-index": f"{now:.9f}",
            "implied-volatility-index-5-day-change": f"{now - year[-5]:.9f}",
            "implied-volatility-index-rank": f"{rank:.9f}",
            "tos-implied-volatility-index-rank": f"{rank:.9f}",
            "tw-implied-volatility-index-rank": f"{rank:.9f}",
            "implied-volatility-index-rank-source": "tos",
            "implied-volatility-percentile": f"{percentile:.9f}",
            "implied-volatility-30-day": f"{thirty:.2f}",
            **{f"historical-volatility-{days}-day": f"{value:.2f}" for days, value in realised.items()},
            "iv-hv-30-day-difference": f"{thirty - realised[30]:.2f}",
            "option-expiration-implied-volatilities": [
                {
                    "expiration-date": f"{one.day}",
                    "option-chain-type": "Standard",
                    "settlement-type": one.settlement,
                    "implied-volatility": f"{curve[one.day]:.9f}",
                }
                for one in expirations(instrument, today)
                if one.settles > self._world.clock.now().timestamp()
            ],
        }

    def _dividend(self, instrument: Instrument, last: float) -> Json:
        today = self._today
        dates = ex_dates(instrument, today)
        place = bisect_left(dates, today)
        announced = [day for day in dates[place : place + 2] if (day - today).days <= _ANNOUNCED]
        newest = announced[0] if announced else dates[place - 1]
        row: Json = {
            "dividend-rate-per-share": str(instrument.dividend),
            "annual-dividend-per-share": f"{instrument.dividend * instrument.payments:.4f}",
            "dividend-yield": f"{instrument.dividend * instrument.payments / last:.9f}",
            "dividend-ex-date": f"{newest}",
            "dividend-pay-date": f"{_session(newest + timedelta(days=20))}",
        }
        return row | ({"dividend-next-date": f"{announced[1]}"} if announced[1:] else {})

    def _earnings(self, instrument: Instrument) -> Json:
        today = self._today
        quarters = reports(instrument, today)
        before, coming = next((a, b) for a, b in pairwise(quarters) if b.day >= today)
        return {
            "visible": True,
            "expected-report-date": f"{coming.day}",
            "estimated": (coming.day - today).days > _CONFIRMED,
            "late-flag": 0,
            "quarter-end-date": f"{coming.quarter_end}",
            "actual-eps": _eps(instrument, before),
            "consensus-estimate": _eps(instrument, coming),
            "time-of-day": coming.time_of_day,
            "updated-at": self._world.clock.now().astimezone(UTC).isoformat(timespec="milliseconds"),
        }


def implied(instrument: Instrument, day: date) -> float:
    """The volatility index of an instrument on a date, a fraction: slow waves around its own volatility.

    What tracks another has that one's: their options say the same.
    """
    wave, at = _wave(instrument.tracks or instrument.symbol), day.toordinal()
    slow = 0.2 * math.sin(2 * math.pi * at / wave.slow + wave.slow_phase)
    quick = 0.1 * math.sin(2 * math.pi * at / wave.quick + wave.quick_phase)
    shiver = 0.06 * (noise(wave.salt, at) / 2**64 - 0.5)
    return instrument.volatility * (_OWN + slow + quick + shiver)


def term_structure(instrument: Instrument, today: date) -> dict[date, float]:
    """The implied volatility of every expiration, in order."""
    days = dict.fromkeys(one.day for one in expirations(instrument, today))
    return {day: implied_until(instrument, today, day) for day in days}


def implied_until(instrument: Instrument, today: date, day: date) -> float:
    """The implied volatility from a date to another: back to normal with time, raised over reports."""
    now, own, days = implied(instrument, today), instrument.volatility * _OWN, (day - today).days
    usual = own + (now - own) * math.exp(-days / 120)
    jump = _JUMP * instrument.volatility / math.sqrt(_YEAR)
    jumps = sum(one.day < day or (one.day == day and one.time_of_day == "BTO") for one in _coming(instrument, today))
    return math.sqrt(usual**2 + jumps * jump**2 / ((days + 1) / 365))


@lru_cache(maxsize=256)
def _coming(instrument: Instrument, today: date) -> tuple[Report, ...]:
    """The reports that lie ahead."""
    return tuple(one for one in _reports(instrument, today.year, today.month) if one.day >= today)


def ex_dates(instrument: Instrument, today: date) -> list[date]:
    """The ex-dividend dates of three years before and one after, in order."""
    if not instrument.dividend:
        return []
    return [_session(day) for day in _every(12 // instrument.payments, f"{instrument.symbol}/dividends", today)]


def reports(instrument: Instrument, today: date) -> list[Report]:
    """The earnings reports of three years before and one after, in order; the quarter ends a month before."""
    return list(_reports(instrument, today.year, today.month))


@lru_cache(maxsize=1024)
def _reports(instrument: Instrument, year: int, month: int) -> tuple[Report, ...]:
    """The same all month."""
    if instrument.kind != "Equity":
        return ()
    time_of_day = random.Random(f"{instrument.symbol}/time").choice(("BTO", "AMC"))
    days = _every(3, f"{instrument.symbol}/earnings", date(year, month, 1))
    return tuple(Report(_session(day), time_of_day, day.replace(day=1) - timedelta(days=1)) for day in days)


def _every(months: int, key: str, today: date) -> list[date]:
    """A date every so many months, on a day of the month that hangs on the key alone."""
    dice = random.Random(key)
    phase, day = dice.randrange(months), dice.randint(12, 27)
    numbers = range(12 * today.year + today.month - 37, 12 * today.year + today.month + 14)
    return [date(n // 12, n % 12 + 1, day) for n in numbers if (n + phase) % months == 0]


def _session(day: date) -> date:
    return day if is_session(day) else session_after(day)


@lru_cache(maxsize=256)
def _wave(symbol: str) -> _Wave:
    dice = random.Random(f"{symbol}/volatility")
    turn = 2 * math.pi
    return _Wave(
        dice.uniform(150, 300), dice.uniform(0, turn), dice.uniform(30, 60), dice.uniform(0, turn), dice.getrandbits(64)
    )


def _at(curve: dict[date, float], day: date) -> float:
    """The curve between its neighbours; before its first date, what it is there."""
    if day < (first := next(iter(curve))):
        return curve[first]
    for (before, low), (after, high) in pairwise(curve.items()):
        if before <= day <= after:
            return low + (high - low) * (day - before).days / (after - before).days
    raise ValueError(f"no expirations around {day}")


def _realised(history: list[DailyBar], sessions: int) -> float:
    """The deviation of the daily log moves of so many sessions, a year's."""
    closes = [bar.close for bar in history[-sessions - 1 :]]
    return stdev(math.log(b / a) for a, b in pairwise(closes)) * math.sqrt(_YEAR)


def _eps(instrument: Instrument, report: Report) -> str:
    """Dollars a share: a hundredth of the price, a little more with every year."""
    growth = 1 + 0.06 * (report.day - ANCHOR_DAY).days / 365
    return f"{instrument.anchor / 100 * growth:.2f}"
