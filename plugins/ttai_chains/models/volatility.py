"""The answer about volatility: term structure, skew, smile, moves, and whether it is high."""

from datetime import date

from pydantic import BaseModel

from ttai import Count, Percent, Strike
from ttai_chains import analysis
from ttai_chains.models.common import ChainAnswer, Move
from ttai_chains.service import Read


class TermRow(BaseModel):
    """One expiration: `forward_iv` is what is priced between it and the one before it, moves in dollars by method."""

    expiration: date
    dte: int
    type: str
    settled: str
    atm_iv: Percent | None
    forward_iv: Percent | None
    move_straddle: Move | None
    move_iv: Move | None
    move_iv_percent: Percent | None

    @classmethod
    def of(cls, read: Read, forward: float | None) -> "TermRow":
        """An expiration with the volatility between it and the one before."""
        quotes = read.quotes
        move = analysis.iv_move(quotes)
        return cls(
            expiration=quotes.expiration.date,
            dte=quotes.dte,
            type=quotes.expiration.kind,
            settled=quotes.expiration.settled,
            atm_iv=quotes.smile.atm,
            forward_iv=forward,
            move_straddle=analysis.straddle_move(quotes),
            move_iv=move,
            move_iv_percent=None if move is None else move / quotes.spot * 100,
        )


class SkewRow(BaseModel):
    """One expiration's skew: 25-delta put and call, `risk_reversal` call less put, `butterfly` wings less middle."""

    expiration: date
    dte: int
    atm_iv: Percent | None
    put_25_strike: Strike | None
    put_25_iv: Percent | None
    call_25_strike: Strike | None
    call_25_iv: Percent | None
    risk_reversal: Percent | None
    butterfly: Percent | None

    @classmethod
    def of(cls, read: Read) -> "SkewRow":
        """The skew of an expiration's smile."""
        quotes = read.quotes
        smile = quotes.smile
        put, call = smile.at_delta(-0.25), smile.at_delta(0.25)
        return cls(
            expiration=quotes.expiration.date,
            dte=quotes.dte,
            atm_iv=smile.atm,
            put_25_strike=put and put.strike,
            put_25_iv=put and put.iv,
            call_25_strike=call and call.strike,
            call_25_iv=call and call.iv,
            risk_reversal=smile.risk_reversal(),
            butterfly=smile.butterfly(),
        )


class SmilePoint(BaseModel):
    """The volatility at a strike, which is so far from the price."""

    strike: Strike
    moneyness_percent: Percent
    iv: Percent


class Volatility(ChainAnswer):
    """How volatile the options say an underlying will be, and whether that is much.

    `iv_30` is at the money, interpolated to 30 days; `hv_…` realised over so many sessions, close to close; all a
    year. `iv_rank` and `iv_percentile` are 0–100, of what `rank_from` says.
    """

    reading: str
    iv_30: Percent | None
    iv_rank: Percent | None
    iv_percentile: Percent | None
    rank_from: str | None
    hv_10: Percent | None
    hv_20: Percent | None
    hv_30: Percent | None
    hv_60: Percent | None
    iv_hv_diff: Percent | None
    earnings_date: date | None = None
    earnings_when: str | None = None
    earnings_move: Move | None = None
    earnings_move_percent: Percent | None = None
    days_kept: Count | None = None
    term: list[TermRow]
    skew: list[SkewRow]
    smile_expiration: date
    smile: list[SmilePoint]
