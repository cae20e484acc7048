"""The simulated market: what each instrument is worth now, and was before."""

import math
import random
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Literal, NamedTuple

from ttai.clock import NEW_YORK, Clock
from ttai.simulator.days import hours, is_session, session_after, session_before, sessions_before
from ttai.simulator.instruments import INSTRUMENTS, MORE, Instrument
from ttai.simulator.prices import KNOT, DailyBar, Day, Span, cents, course, noise, rounded, walked

Sessions = Literal["always", "real"]

HISTORY = 756  # sessions, three years
_PULSE = 0.25  # seconds between two looks at a liquid instrument


class Snapshot(NamedTuple):
    """All that is quoted of an instrument at a moment; an index has no bid, ask or sizes."""

    symbol: str
    time: float  # seconds since the epoch
    sequence: int
    day: date
    day_before: date
    last: float
    size: int
    up: bool
    bid: float | None
    ask: float | None
    bid_size: int
    ask_size: int
    open: float
    high: float
    low: float
    closed: bool
    close_before: float
    volume: int
    volume_before: int


class Listing:
    """An instrument on the tape: its course, the day it is in, the last look at it."""

    def __init__(self, instrument: Instrument, seed: int) -> None:
        self.instrument = instrument
        self.name = instrument.tracks or instrument.symbol
        self._course = course(
            seed=seed,
            name=self.name,
            anchor=instrument.anchor,
            volatility=instrument.volatility,
            correlation=instrument.correlation,
            reversion=instrument.reversion,
            volume=instrument.volume,
        )
        self.salt = random.Random(f"{seed}/{instrument.symbol}/quotes").getrandbits(64)
        self.pulse = _PULSE if instrument.volume > 3e7 or instrument.tracks else 2 * _PULSE
        self.pushed, self.pushes = 0.0, 0  # when its price was set the last time, and how often it was
        self._lifts: list[tuple[date, float]] = []
        self._lifted: dict[date, Day] = {}
        self._today: Day | None = None
        self._beat = -1
        self._snapshot: Snapshot | None = None
        self._known = date.min
        self._history: list[DailyBar] = []

    def bar(self, day: date, last: date | None = None) -> DailyBar:
        """A whole session; `last` is the one before it, if known."""
        if (lifted := self._lifted.get(day)) is not None:
            return lifted.bar()
        (opened, high, low, close), volume = self._course.bar(day, last)
        factor = self._factor(day)
        return rounded(day, (opened * factor, high * factor, low * factor, close * factor), volume)

    def history(self, day: date) -> list[DailyBar]:
        """The sessions before this date, oldest first."""
        if self._known != day:
            days = pairwise(sessions_before(day, HISTORY + 1))
            self._known, self._history = day, [self.bar(past, last) for last, past in days]
        return self._history

    def day(self, span: Span) -> Day:
        """The path of the trading day."""
        if (lifted := self._lifted.get(span.day)) is not None:
            return lifted
        if self._today is None or self._today.day != span.day:
            self._today = self._drawn(span)
        return self._today

    def past(self, day: date) -> Day:
        """The path of an earlier session: in regular hours, unless a price was set in it."""
        return self._lifted.get(day) or self._drawn(session(day))

    def lift(self, span: Span, at: float, last: float) -> float:
        """Let the market go on from this price; how far it was pushed."""
        factor = last / self.day(span).price(self._moment(span, at)[1])
        self.push(span, at, factor)
        return factor

    def push(self, span: Span, at: float, factor: float) -> None:
        """Let the market go on from `factor` times its price."""
        today = self.day(span)
        today.lift(self._moment(span, at)[1], factor)
        self._lifts.append((span.day, factor))
        self._lifted[span.day] = today
        self._beat = -1
        self.pushed, self.pushes = at, self.pushes + 1

    def snapshot(self, span: Span, at: float) -> Snapshot:
        """The quote at a moment: the same object until it changes."""
        beat, moment = self._moment(span, at)
        if beat != self._beat or self._snapshot is None:
            self._beat, self._snapshot = beat, self._look(self.day(span), beat, moment)
        return self._snapshot

    def _factor(self, day: date) -> float:
        return math.prod([factor for lifted, factor in self._lifts if lifted < day])

    def _moment(self, span: Span, at: float) -> tuple[int, float]:
        # an instrument is looked at in beats, the first of them the open, none after the close
        beat = int((min(max(at, span.opens), span.closes) - span.opens) / self.pulse)
        return beat + int(span.opens / self.pulse), span.opens + beat * self.pulse

    def _drawn(self, span: Span) -> Day:
        factor = self._factor(span.day)
        knots = int((span.closes - span.opens) / KNOT)
        path = [price * factor for price in walked(self._course, span.day, knots)]
        return Day(span, self.bar(session_before(span.day)), path, self._course.bar(span.day)[1])

    def _look(self, today: Day, beat: int, moment: float) -> Snapshot:
        dice = noise(self.salt, beat)
        knot, part = today.place(moment)
        here, next_ = today.path[knot : knot + 2]
        last = cents(here + (next_ - here) * part)
        bid = ask = None
        size = bid_size = ask_size = 0
        if self.instrument.kind != "Index":
            usual = self.instrument.spread
            spread = max(1, usual + (dice & 0xFF) % (usual + 1) - (usual + 1) // 2)
            below = (dice >> 8 & 0xFF) % (spread + 1)
            bid, ask = (round(last * 100) - below) / 100, (round(last * 100) - below + spread) / 100
            size, bid_size, ask_size = (
                1 + (dice >> 16 & 0xFFF) % 300,
                100 * (1 + (dice >> 28 & 0xFF) % 14),
                100 * (1 + (dice >> 36 & 0xFF) % 14),
            )
        return Snapshot(
            symbol=self.instrument.symbol,
            time=moment,
            sequence=beat,
            day=today.day,
            day_before=today.before.day,
            last=last,
            size=size,
            up=next_ >= here,
            bid=bid,
            ask=ask,
            bid_size=bid_size,
            ask_size=ask_size,
            open=cents(today.path[0]),
            high=max(cents(today.highs[knot]), last),
            low=min(cents(today.lows[knot]), last),
            closed=moment >= today.closes,
            close_before=today.before.close,
            volume=today.traded(moment),
            volume_before=today.before.volume,
        )


class World:
    """A market that depends on its seed and the time alone, until a price is set."""

    def __init__(self, *, seed: int, clock: Clock, sessions: Sessions) -> None:
        self.clock = clock
        self.sessions = sessions
        self.instruments = {instrument.symbol: instrument for instrument in (*INSTRUMENTS, *MORE)}
        self.seed = seed
        self._listings: dict[str, Listing] = {}
        self._span = Span(date.min, 0.0, 0.0)
        self._until = 0.0

    def snapshot(self, symbol: str, at: float | None = None) -> Snapshot | None:
        """What a symbol is quoted at (now, or at a time since the epoch); None where it is unknown."""
        listing = self.listing(symbol)
        if listing is None:
            return None
        moment = self.clock.now().timestamp() if at is None else at
        return listing.snapshot(self.span(moment), moment)

    def history(self, symbol: str) -> list[DailyBar]:
        """Three years of sessions before the current trading day, oldest first, not adjusted."""
        listing = self.listing(symbol)
        return [] if listing is None else listing.history(self.span(self.clock.now().timestamp()).day)

    def prepare(self) -> None:
        """Work out the best-known paths now, a tenth of a second of arithmetic that no request need wait for."""
        for instrument in INSTRUMENTS:
            self.snapshot(instrument.symbol)

    def set_price(self, symbol: str, last: float) -> None:
        """Let a symbol, and what moves with it point for point, go on from this price."""
        if (listing := self.listing(symbol)) is None:
            raise ValueError(f"{symbol} is not traded here.")
        if not (math.isfinite(last) and last > 0):
            raise ValueError(f"A price is a positive number, not {last}.")
        now = self.clock.now().timestamp()
        span = self.span(now)
        factor = listing.lift(span, now, last)
        for other in self.instruments.values():
            follows = other.symbol != symbol and (other.tracks or other.symbol) == listing.name
            if follows and (follower := self.listing(other.symbol)) is not None:
                follower.push(span, now, factor)

    def span(self, at: float) -> Span:
        """The trading day a moment belongs to: the calendar date, or the last session that has opened."""
        if not self._span.opens <= at < self._until:
            moment = datetime.fromtimestamp(at, NEW_YORK)
            self._span, self._until = _always(moment) if self.sessions == "always" else _real(moment)
        return self._span

    def listing(self, symbol: str) -> Listing | None:
        """An instrument on the tape; None where it is unknown."""
        if (listing := self._listings.get(symbol)) is None and symbol in self.instruments:
            listing = self._listings[symbol] = Listing(self.instruments[symbol], self.seed)
        return listing


def _always(moment: datetime) -> tuple[Span, float]:
    """The New York date around a moment."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    opens, closes = (midnight + timedelta(days=n) for n in (0, 1))
    return Span(moment.date(), opens.timestamp(), closes.timestamp()), closes.timestamp()


def _real(moment: datetime) -> tuple[Span, float]:
    """The session a moment is in, or the last one before it; and when the next opens."""
    day = moment.date()
    if not is_session(day) or moment < hours(day).open:
        day = session_before(day)
    return session(day), hours(session_after(day)).open.timestamp()


def session(day: date) -> Span:
    """The regular hours of a date."""
    today = hours(day)
    return Span(day, today.open.timestamp(), today.close.timestamp())
