"""What was paid on earlier days: the tape's bars, and option prices on the volatility surface of their day."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from ttai.quant import pricing
from ttai.simulator.accounts.assets import BILL, COIN, Asset
from ttai.simulator.days import hours
from ttai.simulator.instruments import Instrument
from ttai.simulator.metrics import implied_until
from ttai.simulator.options import SHARES
from ttai.simulator.prices import DailyBar
from ttai.simulator.surface import RATE, dividend_yield, volatilities
from ttai.simulator.world import World

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

YEAR = 365 * 86_400.0  # seconds
_COIN = "MSTR", 530.0  # a company made of bitcoin, and what one is worth in its shares
_BILL = 98.62  # percent of face value
_FUTURE = "SPX", 1.006  # a quarter's interest ahead of the index


def tape(asset: Asset) -> tuple[str, float]:
    """Whose price an asset goes by, and how often; options go by their underlying's."""
    if asset.kind == "Future":
        return _FUTURE
    return _COIN if asset.symbol == COIN else (asset.underlying, 1.0)


def tick(asset: Asset, price: float) -> Decimal:
    """A price as it is quoted where nobody makes it: futures in quarters, the rest in cents."""
    if asset.symbol == BILL:
        return Decimal(str(_BILL))
    if asset.kind == "Future":
        return Decimal(round(price * 4)) / 4
    return Decimal(str(round(price, 2)))


class Past:
    """Bars, volatilities and option values of earlier days, each worked out once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._bars: dict[tuple[str, date], DailyBar] = {}
        self._implied: dict[tuple[str, date, date], float] = {}

    @property
    def seed(self) -> int:
        """What the market hangs on."""
        return self._world.seed

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """All that is traded."""
        return self._world.instruments

    def instrument(self, symbol: str) -> Instrument:
        """An instrument of the market."""
        return self._world.instruments[symbol]

    def bar(self, symbol: str, day: date) -> DailyBar:
        """A session of the tape."""
        if (bar := self._bars.get((symbol, day))) is None:
            listing = self._world.listing(symbol)
            assert listing is not None  # noqa: S101 - the books hold what is traded
            bar = self._bars[symbol, day] = listing.bar(day)
        return bar

    def spot(self, symbol: str, day: date, part: float) -> float:
        """The price in the course of a session, 0 at its open and 1 at its close."""
        bar = self.bar(symbol, day)
        return bar.open + (bar.close - bar.open) * part

    def implied(self, symbol: str, day: date, until: date) -> float:
        """What a day expected of the time until an expiration."""
        key = symbol, day, until
        if (found := self._implied.get(key)) is None:
            found = self._implied[key] = implied_until(self.instrument(symbol), day, until)
        return found

    def values(self, asset: Asset, days: Sequence[date], spots: "Numbers", moments: "Numbers") -> "Numbers":
        """Dollars a share of an option at moments of these days, with its underlying at these prices."""
        import numpy as np

        assert asset.expiration is not None  # noqa: S101 - an option has one
        instrument, until = self.instrument(asset.underlying), asset.expiration.day
        at_the_money = np.array([self.implied(asset.underlying, day, until) for day in days])
        ends = spots + asset.cash / SHARES
        years = np.maximum(asset.settles - moments, 1.0) / YEAR
        held = np.asarray([dividend_yield(instrument, spot, 1.0) for spot in spots])
        forward = ends * np.exp((RATE - held) * years)
        volatility = volatilities(instrument, forward, asset.strike, years, at_the_money)
        value = pricing.price(asset.is_call, ends, asset.strike, years, volatility, RATE, held)
        if instrument.kind == "Index":
            return value
        sign = 1.0 if asset.is_call else -1.0
        return np.maximum(value, sign * (ends - asset.strike))

    def prices(self, asset: Asset, days: Sequence[date], parts: float) -> "Numbers":
        """What anything was worth in the course of these sessions."""
        import numpy as np

        symbol, times = tape(asset)
        if asset.symbol == BILL:
            return np.full(len(days), _BILL)
        spots = np.array([self.spot(symbol, day, parts) for day in days]) * times
        if not asset.is_option:
            return spots
        return self.values(asset, days, spots, np.array([moment(day, parts) for day in days]))

    def traded(self, asset: Asset, value: float, change: float) -> Decimal:
        """The price of a trade around a value: on the tick, a sale not above it and a purchase not below."""
        if not asset.is_option:
            return tick(asset, value)
        below, threshold, above = self.instrument(asset.underlying).option_ticks
        unit = below if value < threshold else above
        steps = int(value / unit + 1e-9) if change < 0 else -int(-value / unit + 1e-9)
        return Decimal(str(round(max(steps, 1) * unit, 2)))


def moment(day: date, part: float) -> float:
    """A moment in the course of a session, in seconds since the epoch."""
    today = hours(day)
    opens, closes = today.open.timestamp(), today.close.timestamp()
    return opens + (closes - opens) * part
