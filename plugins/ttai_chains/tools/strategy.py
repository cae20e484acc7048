"""What a strategy wins and loses and how likely, as an answer."""

from typing import Annotated

from pydantic import Field

from ttai import Host
from ttai_chains.dry_run import DryRun
from ttai_chains.inputs import LONGEST, Rate
from ttai_chains.models.strategy import Strategy
from ttai_chains.positions import Positions
from ttai_chains.service import Chains
from ttai_chains.studies import Given
from ttai_chains.tools.arguments import Days, Deltas, Legs, Named, On, Snapshot, Spot, Volatility, Width
from ttai_chains.valuation import MOVES, Valuation


class StrategyTools:
    """The analysis of a strategy."""

    def __init__(self, host: Host, service: Chains) -> None:
        self._compute = host.tasks.compute
        self._positions = Positions(host, service)
        self._dry_run = DryRun(host)

    async def analyze_strategy(
        self,
        legs: Legs = (),
        strategy: Named = None,
        symbol: Annotated[str | None, Field(description="For live quotes")] = None,
        expiration: On = None,
        dte: Days = 45,
        deltas: Deltas = (),
        width: Width = None,
        days: Annotated[float | None, Field(gt=0, le=36500, description="To expiry, with spot")] = None,
        years: Annotated[float | None, Field(gt=0, le=LONGEST)] = None,
        spot: Spot = None,
        volatility: Volatility = None,
        rate: Rate | None = None,
        dividend_yield: Rate | None = None,
        multiplier: Annotated[int | None, Field(ge=1, le=10_000)] = None,
        moves: Annotated[list[float], Field(description="Of the price, in percent")] = list(MOVES),  # noqa: B006
        later: Annotated[float | None, Field(gt=0, description="Days from now; half the time without")] = None,
        snapshot: Snapshot = None,
    ) -> Strategy:
        """Analyse option legs, or a strategy by name: max profit and loss, breakevens, probability of profit, expected
        value, greeks, margin, P/L by price and time. Use it before a trade, or for "what if it gaps 10 %"."""
        given = Given(
            symbol, snapshot, spot, volatility, rate, dividend_yield, expiration, days, years, multiplier,
            strategy, dte, tuple(deltas), width,
        )  # fmt: skip
        study = await self._positions.study(legs, given)
        broker, said = await self._dry_run.asked(study)
        return await self._compute(lambda: Valuation(study, tuple(moves), later).answer(broker, said))
