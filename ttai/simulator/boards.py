"""What the contracts of a series are quoted at: priced together, once for every look at the underlying."""

from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from cachetools import LRUCache

from ttai.quant import pricing
from ttai.simulator.days import hours, session_before
from ttai.simulator.interest import dollars, interest, uniform
from ttai.simulator.metrics import implied_until
from ttai.simulator.options import SHARES, Options, Series
from ttai.simulator.surface import RATE, dividend_yield, volatilities
from ttai.simulator.world import World

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

PULSE = 1.0  # seconds between two looks at the underlying
_PRINT = 60.0  # seconds between two trades of what is traded today
_KEPT = 256  # series
_MINUTES = 525_600  # a year
_WIDEST = 0.06  # of the underlying's price: a spread in the money, where hardly anybody trades
_SHUT = 0.2  # dollars: what is worth less, nobody bids for in an illiquid root


class Pricing(NamedTuple):
    """A series priced at a moment: what the formula was given, its value, and the market around it."""

    spot: float
    years: float
    carry: float
    volatility: "Numbers"
    value: "Numbers"
    bid: "Numbers"
    ask: "Numbers"


class Sheet:
    """What a trading day of a series keeps: its strikes as arrays, the last closing prices, interest, habits."""

    def __init__(self, series: Series, day: date) -> None:
        import numpy as np

        count = len(series.strikes)
        self.series, self.day = series, day
        self.salt = series.listing.salt
        self.strikes = np.tile(np.array(series.strikes), 2)
        self.calls = np.repeat([True, False], count)
        self.signs = np.where(self.calls, 1.0, -1.0)
        self.luck = uniform(self.salt + 1, self.strikes * self.signs)
        self.volatility = implied_until(series.root.underlying, day, series.expiration.day)
        self.day_before = session_before(day)
        self.closed = hours(self.day_before).close.timestamp()
        close = series.listing.bar(self.day_before).close
        self.interest = interest(series, day, close)
        self.ever_traded = self.interest.held + self.interest.traded > 0
        before = self.priced(close, self.closed)
        self.prev_close: list[float] = np.round((before.bid + before.ask) / 2, 2).tolist()

    def priced(self, last: float, at: float) -> Pricing:
        """The series where the underlying is at this price, at this moment."""
        import numpy as np

        underlying = self.series.root.underlying
        spot = last + self.series.root.cash / SHARES
        years = (self.series.expiration.settles - at) / 60 / _MINUTES
        carry = dividend_yield(underlying, last, years)
        forward = spot * float(np.exp((RATE - carry) * years))
        one_side = volatilities(underlying, forward, self.strikes[: len(self.series.strikes)], years, self.volatility)
        volatility = np.tile(one_side, 2)
        value = pricing.price(self.calls, spot, self.strikes, years, volatility, RATE, carry)
        if underlying.kind != "Index":  # can be exercised today
            value = np.maximum(value, self.signs * (spot - self.strikes))
        return Pricing(spot, years, carry, volatility, value, *self._sides(value, spot, years))

    def _sides(self, value: "Numbers", spot: float, years: float) -> "tuple[Numbers, Numbers]":
        """Bid and ask, on the ticks around the value: the wider, the farther from the money and the less is traded."""
        import numpy as np

        root = self.series.root
        away = np.abs(np.log(self.strikes / spot)) / (self.volatility * years**0.5)
        if root.illiquid:
            width = np.minimum(value * (0.3 + 0.25 * self.luck), _WIDEST * spot)
        else:
            usual = 0.5 / (dollars(self.series) / 1e6) ** 0.5
            width = value * usual * (0.7 + 0.6 * self.luck) * (1 + 0.3 * np.minimum(away, 4))
        below, threshold, above = root.underlying.option_ticks
        low, high = value - width / 2, value + width / 2
        low_tick, high_tick = np.where(low < threshold, below, above), np.where(high < threshold, below, above)
        bid = np.floor(low / low_tick + 1e-9) * low_tick
        ask = np.maximum(np.ceil(high / high_tick - 1e-9) * high_tick, bid + low_tick)
        if root.illiquid:
            bid = np.where(value < _SHUT, 0.0, bid)
            ask = np.where(value < _SHUT, ask + 0.05 * np.ceil(6 * self.luck), ask)
        return np.round(np.maximum(bid, 0.0), 2), np.round(ask, 2)


class Look(NamedTuple):
    """What an underlying was worth, and when, after how many pushes."""

    pushes: int
    day: date
    last: float
    time: float


class Board:
    """The quotes of a series at a moment, as lists in the places of its contracts."""

    def __init__(self, sheet: Sheet, looks: tuple[Look, Look], priced: Pricing, printed: Pricing) -> None:
        self.series = sheet.series
        self.sheet = sheet
        self.looks = looks
        self.printed = printed
        self.time, self.printed_at = (look.time for look in looks)
        self._priced = priced
        self.value: list[float] = priced.value.round(6).tolist()
        self.bid: list[float] = priced.bid.tolist()
        self.ask: list[float] = priced.ask.tolist()

    @cached_property
    def sizes(self) -> tuple[list[int], list[int]]:
        """Contracts bid for and offered; others only where the price is another."""
        sheet, most = self.sheet, 10 if self.series.root.illiquid else 250
        bid, ask = (
            1 + (most * uniform(sheet.salt + side, sheet.strikes * sheet.signs + 1e3 * price)).astype(int)
            for side, price in ((2, self._priced.bid), (3, self._priced.ask))
        )
        return (bid * (self._priced.bid > 0)).tolist(), ask.tolist()

    @cached_property
    def volatility(self) -> list[float]:
        """The volatility each contract is priced with."""
        volatility: list[float] = self._priced.volatility.round(6).tolist()
        return volatility

    @cached_property
    def greeks(self) -> tuple[list[float], ...]:
        """Delta, gamma, theta a day, rho and vega a point, a share."""
        at, sheet = self._priced, self.sheet
        found = pricing.greeks(sheet.calls, at.spot, sheet.strikes, at.years, at.volatility, RATE, at.carry)
        exact = (found.delta.round(6), found.gamma.round(9), found.theta.round(6), found.rho.round(6))
        return tuple(numbers.tolist() for numbers in (*exact, found.vega.round(6)))

    @cached_property
    def last(self) -> list[float | None]:
        """The prices of the last trades: within a minute, or days old, or None where there never was one."""
        import numpy as np

        sheet, then = self.sheet, self.printed
        part = uniform(sheet.salt + int(self.printed_at), sheet.strikes * sheet.signs)
        below, threshold, above = self.series.root.underlying.option_ticks
        price = then.bid + (then.ask - then.bid) * (0.25 + 0.5 * part)
        tick = np.where(price < threshold, below, above)
        fresh = np.round(np.maximum(np.round(price / tick), 1) * tick, 2).tolist()
        today, ever = (sheet.interest.traded > 0).tolist(), sheet.ever_traded.tolist()
        old = sheet.prev_close
        return [(f if t else b or None) if e else None for f, b, t, e in zip(fresh, old, today, ever, strict=True)]

    def last_time(self, place: int) -> float:
        """When a contract was traded last, in seconds since the epoch."""
        today = self.sheet.interest.traded[place] > 0
        return self.printed_at if today else self.sheet.closed

    @cached_property
    def traded(self) -> list[int]:
        """Contracts traded so far today."""
        opens, closes = (moment.timestamp() for moment in hours(self.sheet.day)[1:3])
        part = min(max((self.printed_at - opens) / (closes - opens), 0.02), 1.0)
        traded: list[int] = (self.sheet.interest.traded * part).astype(int).tolist()
        return traded

    @cached_property
    def held(self) -> list[int]:
        """Open interest."""
        held: list[int] = self.sheet.interest.held.tolist()
        return held


class Boards:
    """The boards of what is listed, each the same object until it changes."""

    def __init__(self, world: World, options: Options) -> None:
        self.world = world
        self.options = options
        self._looks: dict[tuple[str, float], tuple[float, Look]] = {}
        self._sheets: LRUCache[Series, Sheet] = LRUCache(_KEPT)
        self._boards: LRUCache[Series, Board] = LRUCache(_KEPT)

    def named(self, name: str, at: float) -> Board | None:
        """The board of a series, by what its symbols in the feed begin with; None where nothing is alive by it."""
        series = self.options.named(name, at)
        return None if series is None else self.board(series, at)

    def board(self, series: Series, at: float) -> Board:
        """The quotes of a series that is alive at this moment."""
        looks = now, then = self._look(series, at, PULSE), self._look(series, at, _PRINT)
        before = self._boards.get(series)
        if before is not None and before.looks == looks:
            return before
        if (sheet := self._sheets.get(series)) is None or sheet.day != now.day:
            sheet = self._sheets[series] = Sheet(series, now.day)
        printed = (
            before.printed if before is not None and before.looks[1] == then else sheet.priced(then.last, then.time)
        )
        board = self._boards[series] = Board(sheet, looks, sheet.priced(now.last, now.time), printed)
        return board

    def _look(self, series: Series, at: float, pulse: float) -> Look:
        """What the underlying was worth as the pulse began, or as it was pushed since."""
        listing = series.listing
        key, beat = (listing.instrument.symbol, pulse), max(at - at % pulse, listing.pushed)
        before, look = self._looks.get(key, (None, None))
        if look is None or before != beat or look.pushes != listing.pushes:
            snapshot = listing.snapshot(self.world.span(beat), beat)
            look = Look(listing.pushes, snapshot.day, snapshot.last, snapshot.time)
            self._looks[key] = beat, look
        return look
