"""The contracts of the simulated exchange: roots, and for each expiration of a root the strikes of a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple

from ttai.clock import NEW_YORK
from ttai.quant.symbols import parse_occ
from ttai.simulator.days import session_before
from ttai.simulator.expirations import Expiration, Settlement, expirations
from ttai.simulator.instruments import Instrument
from ttai.simulator.strikes import ladder
from ttai.simulator.world import Listing, World

SHARES = 100  # a contract
_AFTERNOON = {"SPX": "SPXW", "NDX": "NDXP", "RUT": "RUTW"}
_ADJUSTED = {"DIS": 325.0}  # dollars that come with the hundred shares, since a business was sold
_ADJUSTED_LISTED = 3  # expirations
_ILLIQUID = frozenset({"XBI"})


class Root(NamedTuple):
    """A class of contracts: what their symbols begin with, what they are on, when they settle, what they deliver."""

    symbol: str
    underlying: Instrument
    settlement: Settlement
    cash: float = 0.0  # dollars beside the shares: an adjusted root

    @property
    def illiquid(self) -> bool:
        """Whether hardly anybody makes a market in it."""
        return bool(self.cash) or self.underlying.symbol in _ILLIQUID


@dataclass(frozen=True, eq=False)
class Series:
    """The contracts of a root that expire together; calls come first, then the puts, by strike."""

    root: Root
    expiration: Expiration
    strikes: tuple[float, ...]
    listing: Listing  # of the underlying
    listed: date  # the day whose strikes they are

    @cached_property
    def name(self) -> str:
        """What the feed's symbols of its contracts begin with: `.SPY261120`."""
        return f".{self.root.symbol}{self.expiration.day:%y%m%d}"

    @cached_property
    def streamer(self) -> tuple[str, ...]:
        """The feed's symbols: `.SPY261120C672.5`."""
        name = self.name
        return tuple(f"{name}{kind}{strike:.10g}" for kind in "CP" for strike in self.strikes)

    @cached_property
    def occ(self) -> tuple[str, ...]:
        """The broker's symbols, the OCC's: `SPY   261120C00672500`."""
        head = f"{self.root.symbol:<6}{self.expiration.day:%y%m%d}"
        return tuple(f"{head}{kind}{round(strike * 1000):08}" for kind in "CP" for strike in self.strikes)

    @cached_property
    def places(self) -> dict[str, int]:
        """Where a contract is, by its symbol in the feed."""
        return {symbol: place for place, symbol in enumerate(self.streamer)}


class Contract(NamedTuple):
    """One contract: its series and its place in it."""

    series: Series
    place: int

    @property
    def is_call(self) -> bool:
        """Calls come first."""
        return self.place < len(self.series.strikes)

    @property
    def strike(self) -> float:
        """Dollars a share."""
        return self.series.strikes[self.place % len(self.series.strikes)]


def roots(instrument: Instrument) -> tuple[Root, ...]:
    """The roots of an underlying: an index has one that settles with the open and one with the close."""
    symbol = instrument.symbol.replace("/", "")
    if instrument.kind == "Index":
        afternoon = _AFTERNOON.get(symbol)
        return (Root(symbol, instrument, "AM"), *((Root(afternoon, instrument, "PM"),) if afternoon else ()))
    cash = _ADJUSTED.get(symbol)
    return (Root(symbol, instrument, "PM"), *((Root(f"{symbol}1", instrument, "PM", cash),) if cash else ()))


class Options:
    """What is listed: the same all day, until it has expired."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._day = date.min
        self._series: dict[str, tuple[Series, ...]] = {}
        self._names: dict[str, Series] = {}
        self._underlyings: dict[str, str] = {}
        self._kept: dict[str, set[float]] = {}

    def keep(self, symbols: Iterable[str]) -> None:
        """Let contracts that somebody holds stay listed on the days to come, wherever the price goes."""
        for option in map(parse_occ, symbols):
            self._kept.setdefault(f"{option.root}{option.expiration:%y%m%d}", set()).add(float(option.strike))

    def series(self, underlying: str, at: float) -> tuple[Series, ...]:
        """What is alive of an underlying at a moment, root by root, in order; empty where it is unknown."""
        self._turn(at)
        return tuple(one for one in self._listed(underlying) if one.expiration.settles > at)

    def named(self, name: str, at: float) -> Series | None:
        """The series whose symbols in the feed begin so; None where nothing is alive by that name."""
        self._turn(at)
        if name not in self._names:
            self._listed(self._root_of(name[1:-6]))
        found = self._names.get(name)
        return found if found is not None and found.expiration.settles > at else None

    def contract(self, symbol: str, at: float) -> Contract | None:
        """The contract behind an OCC symbol, padded as the broker writes it; None where it isn't listed."""
        try:
            option = parse_occ(symbol)
        except ValueError:
            return None
        if symbol != option.occ:
            return None
        series = self.named(f".{option.root}{option.expiration:%y%m%d}", at)
        place = None if series is None else series.places.get(option.streamer)
        return None if series is None or place is None else Contract(series, place)

    def _turn(self, at: float) -> None:
        """Begin a new day with new strikes."""
        if (day := datetime.fromtimestamp(at, NEW_YORK).date()) != self._day:
            self._day = day
            self._series.clear()
            self._names.clear()

    def _root_of(self, root: str) -> str:
        """The underlying of a root; empty where there is none."""
        if not self._underlyings:
            for instrument in self._world.instruments.values():
                self._underlyings.update((one.symbol, instrument.symbol) for one in roots(instrument))
        return self._underlyings.get(root, "")

    def _listed(self, underlying: str) -> tuple[Series, ...]:
        if underlying not in self._series and (listing := self._world.listing(underlying)) is not None:
            close = listing.bar(session_before(self._day)).close
            listed = tuple(one for root in roots(listing.instrument) for one in self._made(root, listing, close))
            self._series[underlying] = listed
            self._names.update((one.name, one) for one in listed)
        return self._series.get(underlying, ())

    def _made(self, root: Root, listing: Listing, close: float) -> list[Series]:
        days = [one for one in expirations(root.underlying, self._day) if one.settlement == root.settlement]
        if root.cash:
            days = [one for one in days if one.kind == "Regular"][:_ADJUSTED_LISTED]
        ladders = ((one, self._strikes(root, one, close)) for one in days)
        return [Series(root, one, strikes, listing, self._day) for one, strikes in ladders if strikes]

    def _strikes(self, root: Root, expiration: Expiration, close: float) -> tuple[float, ...]:
        strikes = ladder(root.underlying, close, (expiration.day - self._day).days)
        kept = self._kept.get(f"{root.symbol}{expiration.day:%y%m%d}")
        return tuple(sorted(kept.union(strikes))) if kept else strikes
