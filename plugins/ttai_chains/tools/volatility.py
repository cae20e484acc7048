"""How volatile the options say an underlying will be, as an answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any

from pydantic import Field

from ttai import Host, Metrics, TtaiError
from ttai.quant.calendar import NEW_YORK
from ttai.quant.volatility import own_move, realised
from ttai_chains import analysis
from ttai_chains.events import OPEN
from ttai_chains.history import FEWEST, VolatilityHistory
from ttai_chains.models.volatility import SkewRow, SmilePoint, TermRow, Volatility
from ttai_chains.service import Chains, Read, gaps
from ttai_chains.tools.arguments import Days, On, Snapshot, Underlying

WINDOWS = (10, 20, 30, 60)
SKEWS = (30, 90)  # days
MOST_TERM = 14
NEAREST = 6  # of them; then the monthly ones
MOST_POINTS = 13
YEAR = 365
METHODS = (
    f"move_straddle: {analysis.STRADDLE}; move_iv: {analysis.IV_ROOT}, one standard deviation",
    "risk_reversal: 25-delta call IV − put IV; butterfly: their mean − ATM IV",
    "iv_30: ATM IV at 30 days, total variance linear between expirations; hv: close to close of whole sessions, √252",
)
EARNINGS = (
    "earnings_move: of the report's day alone, price × √(IV₂²·T₂ − IV₁²·T₁ − σ²·(T₂ − T₁ − 1 day)), 1 and 2 the "
    "expirations before and after it, σ the forward volatility of the interval beside them"
)


@dataclass
class _Known:
    """What is known of an underlying beside its options, and why some of it is not."""

    facts: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class VolatilityTools:
    """The volatility of an underlying."""

    def __init__(self, host: Host, service: Chains, history: VolatilityHistory) -> None:
        self._market = host.market
        self._service = service
        self._history = history

    async def get_volatility(
        self,
        symbol: Underlying = None,
        expiration: On = None,
        dte: Days = 30,
        window: Annotated[
            int | None, Field(ge=30, le=3650, description="Calendar days of ttai's own history to rank IV in")
        ] = None,
        snapshot: Snapshot = None,
    ) -> Volatility:
        """Tell whether options are dear: IV rank, IV against realised, term structure, skew and smile, expected moves,
        the move priced for earnings. Use it before choosing between buying and selling options."""
        chain = await self._service.chain(symbol, snapshot)
        reads = await self._service.at_the_money(chain)
        smile = await self._service.read(chain, expiration, dte)
        skewed = [smile, *[await self._service.read(chain, dte=days) for days in SKEWS]]
        by_date = {read.quotes.expiration.key: read for read in skewed}
        skews = [by_date[key] for key in sorted(by_date)]
        iv_30 = analysis.constant_maturity([(read.quotes.years, read.quotes.smile.atm) for read in reads], 30)
        known = _Known()
        await self._realised(known, chain.symbol, iv_30)
        metrics = await self._metrics(known, chain.symbol)
        await self._standing(known, chain.symbol, smile, iv_30, metrics, window)
        if metrics is not None:
            _earnings(known, metrics, reads)
        if iv_30 is None:
            known.notes.append("iv_30, iv_hv_diff null: no ATM IV is known of expirations on both sides of 30 days")
        kept, rows = _term(reads)
        known.notes += [note.replace("straddle and expected_move", "move_straddle") for note in gaps(kept)]
        if len(rows) < len(reads):
            known.notes.append(f"{len(rows)} of {len(reads)} expirations; get_expirations lists all")
        return Volatility(
            **Volatility.facts(smile),
            **known.facts,
            iv_30=iv_30,
            reading=_reading(known.facts, iv_30),
            term=rows,
            skew=[SkewRow.of(read) for read in skews],
            smile_expiration=smile.quotes.expiration.date,
            smile=[
                SmilePoint(strike=strike, moneyness_percent=(strike / smile.quotes.spot - 1) * 100, iv=iv)
                for strike, iv in analysis.spread_out(smile.quotes, MOST_POINTS)
            ],
            notes=list(dict.fromkeys([*(note for read in skews for note in read.notes), *known.notes, *METHODS])),
        )

    async def _realised(self, known: _Known, symbol: str, iv_30: float | None) -> None:
        """What the underlying really did."""
        closes: list[float] = []
        try:
            bars = (await self._market.history(symbol, "1d", bars=max(WINDOWS) + 2)).bars
            session = await self._market.session()
            forming = session.state in ("pre", "open") and len(bars) and bars.day[-1].astype(date) >= session.date
            closes = bars.close.tolist()[: -1 if forming else None]  # half a day's move is no day's
        except TtaiError as error:
            known.notes.append(f"hv null: {error.message}")
        for days in WINDOWS:
            known.facts[f"hv_{days}"] = realised(closes, days) if closes else None
        hv = known.facts["hv_30"]
        known.facts["iv_hv_diff"] = None if iv_30 is None or hv is None else iv_30 - hv

    async def _metrics(self, known: _Known, symbol: str) -> Metrics | None:
        """The broker's metrics, which may be missing."""
        try:
            measured = await self._market.metrics([symbol])
        except TtaiError as error:
            known.notes.append(f"earnings unknown: {error.message}")
            return None
        if not measured.metrics:
            known.notes.extend(f"earnings unknown: {missing.reason}" for missing in measured.missing)
            return None
        return measured.metrics[0]

    async def _standing(
        self,
        known: _Known,
        symbol: str,
        smile: Read,
        iv_30: float | None,
        metrics: Metrics | None,
        window: int | None,
    ) -> None:
        """Rank and percentile: the broker's, or in a window, or where those are missing, of the days kept here."""
        theirs = (metrics.iv_rank, metrics.iv_percentile) if metrics is not None else (None, None)
        if window is None and None not in theirs:
            known.facts |= {"iv_rank": theirs[0], "iv_percentile": theirs[1]}
            known.facts["rank_from"] = "TastyTrade's IV index over a year"
            return
        known.facts |= {"iv_rank": None, "iv_percentile": None, "rank_from": None}
        if iv_30 is None:
            known.notes.append("iv_rank, iv_percentile null: iv_30 is not known")
            return
        days = window or YEAR
        try:
            found = await self._history.standing(symbol, iv_30, smile.quotes.source, days)
        except TtaiError as error:
            known.notes.append(f"iv_rank, iv_percentile null: {error.message}")
            return
        known.facts |= {"iv_rank": found.rank, "iv_percentile": found.percentile, "days_kept": found.days}
        if found.rank is None:
            said = f"iv_rank, iv_percentile null: {found.days} days of iv_30 are kept in {days} calendar days"
            known.notes.append(f"{said}, {FEWEST} are needed; job volatility_snapshot keeps those of watched symbols")
        else:
            known.facts["rank_from"] = f"iv_30 of {found.days} days kept here, in {days} calendar days"


def _term(reads: Sequence[Read]) -> tuple[list[Read], list[TermRow]]:
    """The nearest expirations, then the monthly ones, and their rows."""
    kept = [*reads[:NEAREST], *(one for one in reads[NEAREST:] if one.quotes.expiration.kind == "monthly")][:MOST_TERM]
    forwards = analysis.forward_volatilities([(read.quotes.years, read.quotes.smile.atm) for read in kept])
    return kept, [TermRow.of(read, forward) for read, forward in zip(kept, forwards, strict=True)]


def _earnings(known: _Known, metrics: Metrics, reads: Sequence[Read]) -> None:
    """The move that is priced for the coming report, where it falls among the expirations."""
    report = metrics.earnings
    if report is None or not reads or report.date < reads[0].today:
        return
    known.facts |= {"earnings_date": report.date, "earnings_when": report.when}
    opened = reads[0].quotes.as_of.astimezone(NEW_YORK).time() >= OPEN
    if report.date == reads[0].today and report.when == "before_open" and opened:
        known.notes.append("earnings_move null: they were reported before the open, what is quoted now has seen them")
        return
    alive = [read.quotes for read in reads if read.quotes.years > 0]
    term = [(quotes.expiration.date, quotes.years, quotes.smile.atm) for quotes in alive]
    try:
        share = own_move(term, report.date, report.same_day)
    except ValueError as error:
        known.notes.append(f"earnings_move null: {error}")
        return
    known.facts |= {"earnings_move": share * reads[0].quotes.spot, "earnings_move_percent": share * 100}
    known.notes.append(EARNINGS)


def _reading(facts: dict[str, Any], iv_30: float | None) -> str:
    """The answer in one line: high or low against its own year, dear or cheap against what was realised."""
    said = []
    rank, share, hv = facts["iv_rank"], facts["iv_percentile"], facts["hv_30"]
    if rank is not None and share is not None:
        level = "high" if min(rank, share) >= 50 else "low" if max(rank, share) < 25 else "middling"
        said.append(f"IV is {level} in its own range: rank {rank:.0f}, percentile {share:.0f} of 100")
    if iv_30 is not None and hv:
        side = "above" if iv_30 >= hv else "below"
        points = abs(iv_30 - hv) * 100
        said.append(f"30-day IV {iv_30:.1%} is {points:.1f} points {side} the realised {hv:.1%} of 30 sessions")
    return "; ".join(said) or "unknown: see the notes"
