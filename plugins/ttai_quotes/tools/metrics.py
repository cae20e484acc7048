"""Volatility rank and the like: the broker's metrics made answers."""

from collections.abc import Collection

from ttai import Host
from ttai_quotes.models.metrics import MetricsTable, SymbolMetrics
from ttai_quotes.models.quotes import Missing
from ttai_quotes.tools.arguments import Underlyings, several


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
        reported = {one.symbol for one in measured.metrics if one.earnings and one.earnings.date < today}
        return MetricsTable(
            metrics=rows,
            missing=[Missing(symbol=missing.symbol, reason=missing.reason) for missing in measured.missing],
            notes=_unknown(rows, reported),
        )


def _unknown(rows: list[SymbolMetrics], reported: Collection[str]) -> list[str]:
    """What is null, said once for all that lack the same; of those that `reported` only a past report is known."""
    alike: dict[tuple[str, ...], list[str]] = {}
    past = []
    for row in rows:
        names = row.unknown
        if row.symbol in reported:
            past.append(row.symbol)
            names = tuple(name for name in names if name != "earnings_date")
        alike.setdefault(names, []).append(row.symbol)
    notes = [
        f"{', '.join(symbols)}: {', '.join(names)} null: no value was given"
        for names, symbols in alike.items()
        if names
    ]
    return [*notes, *([f"{', '.join(past)}: earnings_date null: the last known report is past"] if past else [])]
