"""What all answers made from a chain say, and how fine their numbers are."""

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel

from ttai import Count, MarketAnswer, Percent, Price
from ttai_chains import analysis
from ttai_chains.service import Read

Gamma = Annotated[Count, AfterValidator(lambda n: n and float(f"{n:.3g}"))]
Move = Annotated[Price, AfterValidator(lambda n: n and round(n, 2))]
Hours = Annotated[Count, AfterValidator(lambda n: n and round(n, 1))]


class ChainAnswer(MarketAnswer):
    """What is made from one snapshot: `price` of the underlying in dollars; `snapshot` asks it more questions."""

    symbol: str
    price: Price
    snapshot: str

    @staticmethod
    def facts(read: Read) -> dict[str, Any]:
        """The fields of this class."""
        quotes = read.quotes
        return {
            "as_of": quotes.as_of,
            "source": quotes.source,
            "session": read.session,
            "stale": read.stale,
            "symbol": read.chain.symbol,
            "price": quotes.spot,
            "snapshot": read.chain.id,
        }


class ExpirationRow(BaseModel):
    """One expiration: `dte` calendar days in New York, `hours` on the last; moves in dollars (points) and percent."""

    expiration: date
    dte: int
    hours: Hours | None
    type: str
    settled: str
    root: str
    strikes: int
    atm_iv: Percent | None
    straddle: Move | None
    expected_move: Move | None
    expected_move_percent: Percent | None

    @classmethod
    def of(cls, read: Read) -> "ExpirationRow":
        """What the strikes beside the price say of an expiration."""
        quotes = read.quotes
        one, move = quotes.expiration, analysis.straddle_move(quotes)
        return cls(
            expiration=one.date,
            dte=quotes.dte,
            hours=quotes.hours,
            type=one.kind,
            settled=one.settled,
            root=one.root,
            strikes=len(one.strikes),
            atm_iv=quotes.smile.atm,
            straddle=quotes.straddle,
            expected_move=move,
            expected_move_percent=None if move is None else move / quotes.spot * 100,
        )
