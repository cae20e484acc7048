"""The answer with the best choices of strikes for a strategy."""

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel

from ttai import Count, Greek, Money, Percent, Price
from ttai.quant.strategies.curve import Distribution
from ttai_chains.candidates.ranking import Candidate
from ttai_chains.models.common import ChainAnswer, Move

WORDS = {"call": "c", "put": "p"}
Delta = Annotated[Greek, AfterValidator(lambda n: n and round(n, 2))]


class CandidateRow(BaseModel):
    """One choice: `fill`, `mid`, `natural` are dollars a share for all legs, below 0 a credit; odds, returns and
    breakevens are at `fill`. Profit, loss, expected value and capital are dollars a unit (of 100 shares).

    `deltas` are of what is sold (else bought). `max_profit` or `max_loss` null has no end. `spread` is dollars a share
    of all legs together, `spread_percent` the worst leg's in percent of its mid, `open_interest` and `volume` the
    smallest of a leg. `events` fall before the (first) expiration.
    """

    expiration: date
    root: str
    dte: int
    legs: str
    deltas: list[Delta]
    fill: Price
    mid: Price
    natural: Price
    max_profit: Money | None
    max_loss: Money | None
    pop: Percent
    pop_skew: Percent | None
    expected_value: Money
    expected_value_skew: Money | None
    capital: Money
    return_on_capital: Percent | None
    annualised: Percent | None
    breakevens: list[Move]
    spread: Price
    spread_percent: Percent
    open_interest: Count | None
    volume: Count | None
    events: str | None

    @classmethod
    def of(cls, one: Candidate, implied: Distribution | None, events: str | None) -> "CandidateRow":
        """A candidate as a row; `implied` is how the chain says the price may end."""
        batch, row = one.batch, one.row
        quotes, share = batch.front, one.return_on_capital
        skew = (None, None) if implied is None else one.odds(implied)
        return cls(
            expiration=quotes.expiration.date,
            root=quotes.expiration.root,
            dte=quotes.dte,
            legs=legs(one),
            deltas=batch.of("delta", 1.0)[row, list(batch.template.led)],
            fill=batch.fill[row],
            mid=batch.mid[row],
            natural=batch.natural[row],
            max_profit=batch.profit[row],
            max_loss=batch.loss[row],
            pop=batch.pop[row],
            pop_skew=skew[0],
            expected_value=batch.expected[row],
            expected_value_skew=skew[1],
            capital=one.capital,
            return_on_capital=share,
            annualised=None if share is None else share / quotes.years,
            breakevens=batch.curve(row).breakevens(),
            spread=2 * (batch.natural[row] - batch.mid[row]),
            **_liquidity(one),
            events=events,
        )


class Candidates(ChainAnswer):
    """The best choices of strikes for a strategy; where `ticks` is null (unknown) `fill` is not rounded."""

    strategy: str
    sorted_by: str
    ticks: str | None
    capital_is: str
    candidates: list[CandidateRow]


def legs(one: Candidate) -> str:
    """As traders write them: "+1 195p, -1 200p"."""
    batch, said = one.batch, []
    for place, part in enumerate(batch.template.parts):
        if part.row is None:
            said.append(f"{part.ratio * batch.front.expiration.multiplier:+d} shares")
            continue
        day = f" {batch.back.expiration.date}" if part.back and batch.back is not None else ""
        said.append(f"{part.ratio:+d} {batch.strikes[one.row, place]:g}{WORDS[part.type]}{day}")
    return ", ".join(said)


def _liquidity(one: Candidate) -> dict[str, Any]:
    """What its worst leg says."""
    batch = one.batch.take([one.row])
    return {
        "spread_percent": batch.of("spread_percent", 0.0).max(),
        "open_interest": batch.of("open_interest", float("inf")).min(),
        "volume": batch.of("volume", float("inf")).min(),
    }
