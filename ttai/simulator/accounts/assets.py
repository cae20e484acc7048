"""What an account can hold: contracts, shares, and what the simulated market does not quote."""

from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from ttai.simulator.expirations import Expiration
from ttai.simulator.instruments import Instrument
from ttai.simulator.options import SHARES, Contract, Root

COIN = "BTC/USD"
BILL = "912797RK4"
_FUTURE = "/MES"
_QUARTERS = {3: "H", 6: "M", 9: "U", 12: "Z"}  # the letters of a future's months


class Asset(NamedTuple):
    """A line of a book, in the broker's words; what an option is comes with it."""

    symbol: str
    underlying: str
    kind: str  # the broker's instrument-type
    multiplier: Decimal
    strike: float = 0.0
    is_call: bool = False
    expiration: Expiration | None = None
    cash: float = 0.0  # dollars delivered beside the shares

    @property
    def is_option(self) -> bool:
        """Whether it expires into something, or nothing."""
        return self.expiration is not None

    @property
    def settles(self) -> float:
        """When it expires, in seconds since the epoch; infinite where it does not."""
        return float("inf") if self.expiration is None else self.expiration.settles

    def intrinsic(self, spot: float) -> float:
        """Dollars a share that an option would pay if its underlying ended here."""
        ends = spot + self.cash / SHARES
        return max(ends - self.strike if self.is_call else self.strike - ends, 0.0)


def option(root: Root, expiration: Expiration, strike: float, *, is_call: bool) -> Asset:
    """A contract of a root."""
    symbol = f"{root.symbol:<6}{expiration.day:%y%m%d}{'C' if is_call else 'P'}{round(strike * 1000):08}"
    underlying = root.underlying.symbol
    return Asset(symbol, underlying, "Equity Option", Decimal(SHARES), strike, is_call, expiration, root.cash)


def listed(contract: Contract) -> Asset:
    """A contract of the exchange as something to hold."""
    series = contract.series
    return option(series.root, series.expiration, contract.strike, is_call=contract.is_call)


def shares(instrument: Instrument) -> Asset:
    """Stock; ValueError for what has none."""
    if instrument.kind == "Index":
        raise ValueError(f"{instrument.symbol} is an index, and has no shares.")
    return Asset(instrument.symbol, instrument.symbol, "Equity", Decimal(1))


def future(today: date) -> Asset:
    """A micro future on SPX, of the second quarter ahead."""
    ahead = today + timedelta(days=100)
    year, month = ahead.year, -(-ahead.month // 3) * 3
    symbol = f"{_FUTURE}{_QUARTERS[month]}{year % 10}"
    return Asset(symbol, symbol, "Future", Decimal(5))


def coin() -> Asset:
    """Bitcoin."""
    return Asset(COIN, COIN, "Cryptocurrency", Decimal(1))


def bill() -> Asset:
    """A treasury bill: a dollar of face value each, priced in percent."""
    return Asset(BILL, BILL, "Fixed Income Security", Decimal("0.01"))
