"""What could hurt the whole book, in one answer."""

from typing import Annotated

from pydantic import Field

from ttai import Host
from ttai_portfolio.models.risk import Risk
from ttai_portfolio.risk.reading import Readings
from ttai_portfolio.risk.sheet import KEPT, MOST, RiskSheet
from ttai_portfolio.tools.arguments import Account, Added, Removed, Whose


class RiskTools:
    """The risk of the book as an answer."""

    def __init__(self, host: Host, readings: Readings) -> None:
        self._compute = host.tasks.compute
        self._clock = host.clock
        self._readings = readings

    async def get_portfolio_risk(
        self,
        account: Account = None,
        add: Added = (),
        remove: Removed = (),
        symbol: Whose = None,
        limit: Annotated[int, Field(ge=1, le=MOST, description="Underlyings")] = KEPT,
    ) -> Risk:
        """Get net and SPY-beta-weighted greeks, theta, buying power, concentration, expirations, possible assignments
        of the whole book. Use it for "how exposed am I?"; add and remove ask what a trade would do."""
        reading = await self._readings.read(account, add, remove, symbol)
        lines = (*reading.before.lines, *reading.after.lines)
        names = dict.fromkeys(line.position.underlying for line in lines if line.spot is not None)
        histories = await self._readings.histories(list(names))
        today = self._clock.new_york().date()
        return await self._compute(lambda: RiskSheet(reading, histories, today, limit).answer())
