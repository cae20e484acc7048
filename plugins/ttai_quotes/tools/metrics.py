"""Volatility rank and the like: the broker's metrics made answers."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from ttai import BadArgument, Host
from ttai_quotes.models.metrics import MetricsTable, SymbolMetrics
from ttai_quotes.models.quotes import Missing

Underlyings = Annotated[list[str], Field(description="Up to 100 stocks, ETFs or indices, such as SPY, BRK/B, SPX")]


class MetricsTools:
    """What the broker knows of underlyings, as answers."""

    def __init__(self, host: Host) -> None:
        self._market = host.market
        self._clock = host.clock

    async def get_market_metrics(self, symbols: Underlyings) -> MetricsTable:
        """Compare underlyings in one table: IV index, rank and percentile, IV and HV, beta, liquidity, earnings date.
        Use it to see whether options are dear or cheap before choosing a strategy."""
        measured = await self._market.metrics(several(symbols))
        session = (await self._market.session()).label
        now, today = self._clock.now(), self._clock.new_york().date()
        rows = [SymbolMetrics.of(metrics, session, now, today) for metrics in measured.metrics]
        return MetricsTable(
            metrics=rows,
            missing=[Missing(symbol=missing.symbol, reason=missing.reason) for missing in measured.missing],
            notes=_unknown(rows),
        )


def several(symbols: Iterable[str]) -> list[str]:
    """The symbols asked for, one by one, however they were written; BadArgument where there is none."""
    asked = [part.strip() for symbol in symbols for part in symbol.split(",")]
    if not any(asked):
        raise BadArgument("no symbol was given", "Send symbols such as SPY, AAPL")
    return [part for part in asked if part]


def _unknown(rows: list[SymbolMetrics]) -> list[str]:
    """What is null, said once for all that lack the same."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        alike.setdefault(row.unknown, []).append(row.symbol)
    return [
        f"{', '.join(symbols)}: {', '.join(names)} null: TastyTrade gave no value"
        for names, symbols in alike.items()
        if names
    ]
