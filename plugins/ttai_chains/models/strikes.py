"""The answer about the strikes of some deltas."""

from datetime import date

from pydantic import BaseModel

from ttai import Count, Greek, Percent, Price, Strike
from ttai_chains.models.common import ChainAnswer, Move


class StrikeRow(BaseModel):
    """The contract nearest a delta: prices a share, `distance_percent` of the strike from the price.

    `prob_itm` is the risk-neutral probability to expire in the money, `prob_touch` to be there at any time before;
    `breakeven` is for who buys or sells it at the mid.
    """

    target_delta: Greek
    symbol: str
    strike: Strike
    distance_percent: Percent
    bid: Price | None
    ask: Price | None
    mid: Price | None
    iv: Percent | None
    delta: Greek | None
    theta: Greek | None
    vega: Greek | None
    prob_itm: Percent | None
    prob_touch: Percent | None
    breakeven: Price | None
    open_interest: Count | None
    volume: Count | None
    spread_percent: Percent | None


class Strikes(ChainAnswer):
    """One strike for each delta, in one expiration."""

    root: str
    expiration: date
    dte: int
    settled: str
    type: str
    atm_iv: Percent | None
    expected_move: Move | None
    greeks: str
    strikes: list[StrikeRow]
