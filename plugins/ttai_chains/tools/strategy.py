"""What a strategy wins and loses and how likely, as an answer."""

from typing import Annotated

from pydantic import Field

from ttai import Host, Leg
from ttai_chains.inputs import LONGEST, Positive, Rate
from ttai_chains.models.strategy import Strategy
from ttai_chains.positions import Positions
from ttai_chains.service import Chains
from ttai_chains.studies import Given
from ttai_chains.tools.arguments import On, Snapshot
from ttai_chains.valuation import MOVES, Valuation

Legs = Annotated[list[Leg], Field(description="1 to 12; an option by symbol, or type, strike and expiration")]


class StrategyTools:
    """The analysis of a strategy."""

    def __init__(self, host: Host, service: Chains) -> None:
        self._compute = host.tasks.compute
        self._positions = Positions(host, service)

    async def analyze_strategy(
        self,
        legs: Legs,
        symbol: Annotated[str | None, Field(description="For live quotes")] = None,
        expiration: On = None,
        days: Annotated[float | None, Field(gt=0, le=36500)] = None,
        years: Annotated[float | None, Field(gt=0, le=LONGEST)] = None,
        spot: Annotated[Positive | None, Field(description="With it nothing is fetched")] = None,
        volatility: Annotated[float | None, Field(ge=0, description="A fraction: 0.32")] = None,
        rate: Rate | None = None,
        dividend_yield: Rate | None = None,
        multiplier: Annotated[int | None, Field(ge=1, le=10_000)] = None,
        moves: Annotated[list[float], Field(description="Of the price, in percent")] = list(MOVES),  # noqa: B006
        later: Annotated[float | None, Field(gt=0, description="Days from now; half the time without")] = None,
        snapshot: Snapshot = None,
    ) -> Strategy:
        """Analyse option legs together: max profit and loss, breakevens, probability of profit, expected value, greeks,
        margin, P/L by price and time. Use it before a trade, or for questions such as "what if it gaps 10 %"."""
        given = Given(symbol, snapshot, spot, volatility, rate, dividend_yield, expiration, days, years, multiplier)
        study = await self._positions.study(legs, given)
        return await self._compute(lambda: Valuation(study, tuple(moves), later).answer())
