"""What the accounts were worth over time."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from ttai import Host, NetLiq
from ttai_portfolio.gathering import Gathered, of_any, of_each
from ttai_portfolio.models.net_liq import NetLiqHistory, NetLiqPicture
from ttai_portfolio.records.flows import Flows, flows
from ttai_portfolio.tools.arguments import Account
from ttai_portfolio.worth.curves import day_of
from ttai_portfolio.worth.sheet import Worths

PATIENCE = 15.0  # s: without what was paid in there is an answer, too
Range = Literal["1d", "1m", "3m", "6m", "1y", "all"]


def _lower(said: object) -> object:
    return said.strip().lower() if isinstance(said, str) else said


class NetLiqTools:
    """The worth of the accounts as answers."""

    def __init__(self, host: Host) -> None:
        self._broker = host.broker
        self._clock = host.clock
        self._compute = host.tasks.compute

    async def get_net_liq_history(
        self,
        account: Account = None,
        range: Annotated[Range, BeforeValidator(_lower)] = "1m",  # noqa: A002 - what a caller knows it as
        picture: Annotated[bool, Field(description="Draw it")] = False,
        theme: Literal["dark", "light"] = "dark",
    ) -> NetLiqHistory | NetLiqPicture:
        """Get what the accounts were worth over time: change, deposits, time-weighted return, worst fall, up to 40
        points. Use it for "how am I doing?"; picture=true draws it."""
        accounts = await self._broker.chosen(account)
        read = await of_each(accounts, lambda number: self._broker.net_liq_history(number, range))
        paid, why = await self._flows(read)
        worths = Worths(read, paid, why, range, self._clock.now())
        if picture:
            return await self._compute(lambda: worths.picture(theme))
        return await self._compute(worths.answer)

    async def _flows(self, read: Gathered[Sequence[NetLiq]]) -> tuple[Mapping[str, Flows], str]:
        """What was paid in and out of each account, and why that is not known of some."""
        today = self._clock.new_york().date()
        first = {number: min(day_of(rows[0].time), today) for number, rows in read.answers.items() if rows}
        accounts = [one for one in read.accounts if one.number in first]

        async def paid(number: str) -> Flows:
            return flows(await self._broker.transactions(number, first[number], today))

        found = await of_any(accounts, paid, PATIENCE)
        return found.answers, "; ".join(f"{number}: {reason}" for number, reason in found.failures.items())
