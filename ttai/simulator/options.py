"""The options of every underlying: which there are, and what they are quoted."""

import math
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from ttai.quant.symbols import Option, parse_occ, parse_streamer
from ttai.simulator.expirations import ADJUSTED, AFTERNOONS, Expiry, adjusted, listed
from ttai.simulator.instruments import Instrument
from ttai.simulator.ladder import ladder
from ttai.simulator.surface import valued
from ttai.simulator.world import World

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

ILLIQUID = frozenset({"XBI"})  # quoted wide, hardly traded
_PENNIES = frozenset({"SPY", "QQQ", "IWM"})
_YEAR = 365 * 86_400.0


class Contract(NamedTuple):
    """One option: its series, whether call (0) or put (1), the place of its strike, its OCC symbol."""

    series: "Series"
    side: int
    place: int
    symbol: str

    @property
    def streamer(self) -> str:
        """The feed's name."""
        return self.series.option(self.side, self.place).streamer


class Quotes(NamedTuple):
    """What a series is quoted at a moment: lists by side and place; `last` is None of what never traded."""

    time: float
    bid: list[list[float]]
    ask: list[list[float]]
    last: list[list[float | None]]
    before: list[list[float]]
    open_interest: list[list[int]]
    volume: list[list[int]]
    size: list[list[int]]
    worth: list[list[float]]
    volatility: list[float]
    delta: list[list[float]]
    gamma: list[list[float]]
    theta: list[list[float]]
    vega: list[list[float]]
    rho: list[list[float]]


class Series:
    """The contracts of one root that expire on a day; the strikes hold for the trading day."""

    def __init__(self, instrument: Instrument, expiry: Expiry, today: date, before: float) -> None:
        self.instrument = instrument
        self.expiry = expiry
        self.today = today
        self.before = before
        self.settles = expiry.settles.timestamp()
        self.strikes = ladder(instrument, before, (expiry.day - today).days)
        self.places = {strike: place for place, strike in enumerate(self.strikes)}
        self._second = -1.0
        self._quotes: Quotes | None = None

    def option(self, side: int, place: int) -> Option:
        """The contract by its names."""
        from decimal import Decimal

        return Option(self.expiry.root, self.expiry.day, "CP"[side], Decimal(str(self.strikes[place])))  # type: ignore[arg-type]

    def quotes(self, spot: float, moment: float, beat: float) -> Quotes:
        """What is quoted at a moment; the same object within a beat."""
        if self._quotes is None or self._second != beat:
            self._second, self._quotes = beat, self._quoted(spot, moment)
        return self._quotes

    def years(self, moment: float) -> float:
        """The time left."""
        return max(self.settles - moment, 0.0) / _YEAR

    @cached_property
    def _columns(self) -> "Numbers":
        import numpy as np

        return np.array(self.strikes)

    def _quoted(self, spot: float, moment: float) -> Quotes:
        import numpy as np

        years = self.years(moment)
        worth = valued(self.instrument, self.today, self.expiry.day, years, spot, self._columns)
        bid, ask, tick = self._sides(worth.price)
        middle = np.round((bid + ask) / 2 / tick) * tick
        interest, pace = self._crowd
        part = min(1.0, 0.1 + (moment % 86_400) / 86_400)
        volume = (pace * part).astype(int)
        last = [
            [round(price, 2) if count else None for price, count in zip(*side, strict=True)]
            for side in zip(middle.tolist(), volume.tolist(), strict=True)
        ]
        greeks: dict[str, Any] = {name: np.round(value, 9).tolist() for name, value in worth.greeks._asdict().items()}
        return Quotes(
            time=moment,
            bid=np.round(bid, 2).tolist(),
            ask=np.round(ask, 2).tolist(),
            last=last,
            before=self._yesterday,
            open_interest=interest.tolist(),
            volume=volume.tolist(),
            size=(1 + interest % 97).tolist(),
            worth=np.round(worth.price, 6).tolist(),
            volatility=np.round(worth.volatility, 9).tolist(),
            **greeks,
        )

    def _sides(self, worth: "Numbers") -> "tuple[Numbers, Numbers, Numbers]":
        """Bid, ask and tick: as far below a contract's worth as above, on the tick."""
        import numpy as np

        tick = self._ticks(worth)
        share = 0.4 if self.instrument.symbol in ILLIQUID else 0.004 if self.instrument.symbol in _PENNIES else 0.01
        half = np.maximum(np.ceil(share * worth / tick - 1e-9), 1) * tick / 2
        bid = np.maximum(np.round((worth - half) / tick) * tick, 0.0)
        ask = bid + np.maximum(np.round(2 * half / tick), 1) * tick
        hopeless = worth < (10 * tick if self.instrument.symbol in ILLIQUID else 0.4 * tick)
        return np.where(hopeless, 0.0, bid), np.where(hopeless, np.maximum(ask, tick), ask), tick

    def _ticks(self, worth: "Numbers") -> "Numbers":
        import numpy as np

        if self.instrument.symbol in _PENNIES:
            return np.full(worth.shape, 0.01)
        low, high = (0.05, 0.1) if self.instrument.kind == "Index" else (0.01, 0.05)
        return np.where(worth < 3, low, high)

    @cached_property
    def _crowd(self) -> "tuple[NDArray[np.int_], Numbers]":
        """Open interest and a day's volume: most near the money and on round strikes."""
        import numpy as np

        dice = np.random.default_rng(crc32(f"{self.expiry.root}/{self.expiry.day}/{self.today}".encode()))
        liquid = 5e7 if self.instrument.kind == "Index" else self.instrument.volume
        busy = liquid / 2e4 * (0.01 if self.instrument.symbol in ILLIQUID else 1.0)
        width = 0.02 + 1.2 * self.instrument.volatility * math.sqrt(max(self.years(self.settles - _YEAR / 12), 0.02))
        near = np.exp(-0.5 * (np.log(self._columns / self.before) / width) ** 2)
        regular = 1.5 if self.expiry.kind == "Regular" else 0.6
        step = self.strikes[len(self.strikes) // 2 + 1] - self.strikes[len(self.strikes) // 2]
        rounded = np.where(np.isclose(self._columns % (10 * step), 0), 3.0, 1.0)
        interest = (busy * regular * near * rounded * dice.uniform(0.3, 1.7, (2, len(self.strikes)))).astype(int)
        return interest, interest * dice.uniform(0.0, 0.6, interest.shape)

    @cached_property
    def _yesterday(self) -> list[list[float]]:
        """Where each contract closed before."""
        import numpy as np

        years = self.years(self.settles) + max((self.expiry.day - self.today).days + 1, 1) / 365
        worth = valued(self.instrument, self.today, self.expiry.day, years, self.before, self._columns)
        closes: list[list[float]] = np.round(worth.price, 2).tolist()
        return closes


class Options:
    """All options of the market; only those of an underlying that is asked for are made."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._today: date | None = None
        self._series: dict[str, tuple[Series, ...]] = {}
        self._found: dict[str, Contract | None] = {}
        self._owners = {symbol.replace("/", ""): symbol for symbol in world.instruments}
        for roots in (AFTERNOONS, ADJUSTED):
            self._owners |= {root: symbol for symbol, root in roots.items()}

    def series(self, symbol: str) -> tuple[Series, ...]:
        """Every series of an underlying that has not settled, in order; none of what is unknown."""
        now = self._moment()
        return tuple(one for one in self._all(symbol) if one.settles > now)

    def find(self, name: str) -> Contract | None:
        """The contract of a name, the OCC's or the feed's; None of what is not listed, or has settled."""
        self._turn()
        if name not in self._found:
            self._found[name] = self._look_up(name)
        found = self._found[name]
        return found if found is not None and found.series.settles > self._moment() else None

    def quotes(self, series: Series) -> Quotes:
        """What a series is quoted now: looked at once a second, and when a price was set."""
        moment = self._moment()
        spot = self._world.snapshot(series.instrument.symbol, moment)
        assert spot is not None  # noqa: S101 - a series has an underlying
        return series.quotes(spot.last, moment, int(moment) + self._world.moves / 1e6)

    def _moment(self) -> float:
        return self._world.clock.now().timestamp()

    def _turn(self) -> date:
        """The day the strikes are of: with a new one all is listed anew."""
        today = self._world.clock.new_york().date()
        if today != self._today:
            self._today = today
            self._series.clear()
            self._found.clear()
        return today

    def _all(self, symbol: str) -> tuple[Series, ...]:
        today = self._turn()
        if symbol not in self._series:
            instrument, snapshot = self._world.instruments.get(symbol), self._world.snapshot(symbol)
            if instrument is None or snapshot is None:
                return ()
            expiries = (*listed(instrument, today), *adjusted(instrument, today))
            self._series[symbol] = tuple(Series(instrument, one, today, snapshot.close_before) for one in expiries)
        return self._series[symbol]

    def _look_up(self, name: str) -> Contract | None:
        try:
            option = parse_streamer(name) if name.startswith(".") else parse_occ(name)
        except ValueError:
            return None
        for series in self._all(self._owners.get(option.root, "")):
            if (series.expiry.root, series.expiry.day) == (option.root, option.expiration):
                place = series.places.get(float(option.strike))
                return None if place is None else Contract(series, "CP".index(option.type), place, option.occ)
        return None
