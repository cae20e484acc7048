"""The payoff of a strategy for people to look at, and the page that interactive clients show in its place."""

from importlib.resources import files
from typing import Annotated

from pydantic import Field

from ttai import Host, understood
from ttai.drawing.pages import page
from ttai_chains.models.payoff import Payoff
from ttai_chains.payoff.sheet import Sheet, Theme
from ttai_chains.positions import Positions
from ttai_chains.service import Chains
from ttai_chains.studies import Given
from ttai_chains.tools.arguments import Days, Deltas, Legs, Named, On, Snapshot, Spot, Volatility, Width
from ttai_chains.valuation import Valuation

PAGE = "ui://ttai/payoff"


class PayoffTools:
    """Payoffs as pictures, and as a page."""

    def __init__(self, host: Host, service: Chains) -> None:
        self._compute = host.tasks.compute
        self._positions = Positions(host, service)

    async def render_payoff(
        self,
        legs: Legs = (),
        strategy: Named = None,
        symbol: Annotated[str | None, Field(description="For live quotes")] = None,
        expiration: On = None,
        dte: Days = 45,
        deltas: Deltas = (),
        width: Width = None,
        days: Annotated[float | None, Field(gt=0, le=36500, description="To expiry, with spot")] = None,
        spot: Spot = None,
        volatility: Volatility = None,
        theme: Theme = "dark",
        snapshot: Snapshot = None,
    ) -> Payoff:
        """Draw what option legs, or a strategy by name, win and lose at expiry and today, with breakevens and odds.
        Use it when the user wants to see a trade; analyze_strategy has all its numbers."""
        given = Given(
            symbol=symbol, snapshot=snapshot, spot=spot, volatility=volatility, expiration=expiration, days=days,
            strategy=strategy, dte=dte, deltas=tuple(deltas), width=width,
        )  # fmt: skip
        study = await self._positions.study(legs, given)
        return await self._compute(lambda: understood(Sheet(Valuation(study), theme).payoff))

    async def page(self) -> str:
        """The page, whole: nothing in it comes from elsewhere."""
        return page(files("ttai_chains.payoff").joinpath("page.html").read_text("utf-8"))
