"""A position ready to be analysed: its legs, where its numbers come from, and what must be said of them."""

from dataclasses import dataclass

from ttai import Leg
from ttai.quant.strategies.odds import Implied
from ttai.quant.strategies.position import Position
from ttai_chains.analysis import Place
from ttai_chains.service import Read


@dataclass(frozen=True)
class Given:
    """What was sent beside the legs; None is to be found out."""

    symbol: str | None = None
    snapshot: str | None = None
    spot: float | None = None
    volatility: float | None = None
    rate: float | None = None
    dividend_yield: float | None = None
    expiration: str | None = None
    days: float | None = None
    years: float | None = None
    multiplier: int | None = None
    strategy: str | None = None
    dte: int = 45
    deltas: tuple[float, ...] = ()
    width: float | None = None


@dataclass(frozen=True)
class Listed:
    """One leg as it is listed: the quotes of its expiration, and its place there; None is the stock's."""

    leg: Leg
    read: Read
    place: Place | None

    @property
    def symbol(self) -> str:
        """Its OCC symbol, or the stock's ticker."""
        if self.place is None:
            return self.read.chain.symbol
        return self.read.quotes.expiration.symbols[self.place.row][self.place.column]

    @property
    def natural(self) -> float:
        """Dollars a share at once: the ask of what is bought, the bid of what is sold; NaN unknown."""
        if self.place is None:
            return self.read.quotes.spot
        return self.quoted("ask" if self.leg.quantity > 0 else "bid")

    def quoted(self, column: str) -> float:
        """What a column of the quotes says of the contract; NaN unknown."""
        place = self.place or Place(0, 0)
        return float(getattr(self.read.quotes, column)[place.row, place.column])


@dataclass(frozen=True)
class Study:
    """A position with its provenance.

    `volatility` is the underlying's until the first expiration, None unknown; `implied` the chain's own distribution
    there; `listed` is empty for legs given by hand.
    """

    legs: tuple[Leg, ...]
    position: Position
    volatility: float | None
    volatility_from: str
    symbol: str | None = None
    listed: tuple[Listed, ...] = ()
    implied: Implied | None = None
    notes: tuple[str, ...] = ()
    multiplier: int = 100

    @property
    def front(self) -> Read | None:
        """What was read of the first expiration; None for legs given by hand."""
        reads = [one.read for one in self.listed if one.place is not None]
        return min(reads, key=lambda read: read.quotes.years) if reads else None


def words(leg: Leg) -> str:
    """A leg in a few words: "-1 95 put"."""
    return f"{leg.quantity:+g} stock" if leg.type == "stock" else f"{leg.quantity:+g} {leg.strike:g} {leg.type}"


def brief(leg: Leg) -> str:
    """A leg as traders write it: "-1 95p"."""
    return (
        f"{leg.quantity:+g} stock" if leg.type == "stock" else f"{leg.quantity:+g} {leg.strike:g}{(leg.type or '')[:1]}"
    )
