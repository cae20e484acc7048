"""The volatility of every day, kept here: what rank and percentile over any window are made of."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ttai import BadArgument, Host, TtaiError
from ttai.quant.symbols import normalize
from ttai.quant.volatility import percentile, rank
from ttai_chains import analysis
from ttai_chains.service import Chains
from ttai_portfolio import Portfolio
from ttai_quotes import Quotes

if TYPE_CHECKING:
    from ttai_chains.tables import VolatilityRow

FEWEST = 20  # days below which a rank says nothing
SKEW_DAYS = 30


@dataclass(frozen=True)
class Standing:
    """Where a volatility stands among the days kept, 0–100; None where there are too few."""

    days: int
    rank: float | None
    percentile: float | None


class VolatilityHistory:
    """One row a day and underlying, written after the close."""

    def __init__(
        self, host: Host, service: Chains, watch: Sequence[str], quotes: Quotes | None, portfolio: Portfolio | None
    ) -> None:
        self._market = host.market
        self._database = host.database
        self._clock = host.clock
        self._log = host.log
        self._service = service
        self._watch = watch
        self._quotes = quotes
        self._portfolio = portfolio

    async def keep_watched(self) -> None:
        """Keep the last session's volatility of what is watched; a failing symbol costs itself, all of them the job."""
        failures: list[TtaiError] = []
        kept = 0
        for symbol in await self._watched():
            try:
                await self.keep(symbol)
                kept += 1
            except BadArgument as error:  # a future, a crypto, no symbol at all: they are on watchlists all the same
                self._log.info("%s has no volatility to keep: %s", symbol, error.message)
            except TtaiError as error:
                self._log.warning("the volatility of %s was not kept: %s", symbol, error.message)
                failures.append(error)
        if failures and not kept:
            raise failures[0]

    async def keep(self, symbol: str) -> "VolatilityRow":
        """Keep the last session's volatility of one underlying; what was kept of it before is replaced."""
        chain = await self._service.chain(symbol)
        reads = await self._service.at_the_money(chain)
        term = [(read.quotes.years, read.quotes.smile.atm) for read in reads]
        skewed = (await self._service.read(chain, dte=SKEW_DAYS)).quotes
        from ttai_chains.tables import VolatilityRow

        sessions = (await self._market.calendar()).sessions
        row = VolatilityRow(
            symbol=chain.symbol,
            day=max(session.date for session in sessions if session.open <= skewed.as_of),
            origin=_origin(skewed.source),
            as_of=skewed.as_of,
            iv_30=analysis.constant_maturity(term, 30),
            risk_reversal_25=skewed.smile.risk_reversal(),
            butterfly_25=skewed.smile.butterfly(),
            term="\n".join(
                f"{read.quotes.expiration.date} {read.quotes.smile.atm:.4f}"
                for read in reads
                if read.quotes.smile.atm is not None
            ),
        )
        async with self._database.write() as session:
            await session.merge(row)
        return row

    async def standing(self, symbol: str, now: float, source: str, days: int) -> Standing:
        """Where a 30-day volatility stands among the last so many calendar days."""
        from sqlmodel import col, select

        from ttai_chains.tables import VolatilityRow

        first = self._clock.new_york().date() - timedelta(days=days)
        wanted = select(VolatilityRow.iv_30).where(
            VolatilityRow.symbol == symbol, VolatilityRow.origin == _origin(source), col(VolatilityRow.day) >= first
        )
        async with self._database.read() as session:
            kept = [iv for iv in await session.exec(wanted) if iv is not None]
        if len(kept) < FEWEST:
            return Standing(len(kept), None, None)
        return Standing(len(kept), *await asyncio.to_thread(lambda: (rank(kept, now), percentile(kept, now))))

    async def _watched(self) -> list[str]:
        """The symbols of the settings, of the watchlists kept here, and of what is held."""
        lists = await self._quotes.watched() if self._quotes is not None else []
        return list(dict.fromkeys(map(_spelled, (*self._watch, *lists, *await self._held()))))

    async def _held(self) -> list[str]:
        """The underlyings held; none where nobody is logged in, or the broker does not answer."""
        try:
            return await self._portfolio.held() if self._portfolio is not None else []
        except TtaiError as error:
            self._log.info("what is held is not known: %s", error.message)
            return []


def _spelled(symbol: str) -> str:
    """As the market spells it; what is no symbol as it is, and the market says so."""
    try:
        return normalize(symbol)
    except ValueError:
        return symbol


def _origin(source: str) -> str:
    """The simulator's days are not the market's."""
    return "simulator" if source == "simulator" else "market"
