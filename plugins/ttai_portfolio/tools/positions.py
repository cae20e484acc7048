"""What is held, as strategies, by underlying, or line by line."""

from typing import Annotated

from pydantic import Field

from ttai import Host, understood
from ttai.quant.symbols import underlying
from ttai_portfolio.models.positions import GroupBy, Positions
from ttai_portfolio.service import Portfolio
from ttai_portfolio.sheet import MOST_ROWS, answer
from ttai_portfolio.tools.arguments import Account, Underlying

MOST = 140  # positions a resource tells of: more would flood whoever reads it


class PositionTools:
    """Positions as answers."""

    def __init__(self, host: Host, service: Portfolio) -> None:
        self._compute = host.tasks.compute
        self._service = service

    async def get_positions(
        self,
        account: Account = None,
        group_by: GroupBy = "strategy",
        symbol: Underlying = None,
        limit: Annotated[int | None, Field(ge=1, le=MOST_ROWS, description="Rows")] = None,
    ) -> Positions:
        """Get what is held, valued now, as the strategies it makes: P/L, percent of max profit, breakevens, PoP, what
        needs a look. Use it for "what do I have?" and, with symbol, "what should I do about my TSLA puts?"."""
        name = None if symbol is None else understood(lambda: underlying(symbol))
        book = await self._service.book(account, name)
        groups = await self._service.strategies(book) if group_by == "strategy" else []
        return await self._compute(lambda: answer(book, groups, group_by, name, limit))

    async def resource(self) -> Positions:
        """All accounts, line by line."""
        book = await self._service.book("all")
        return await self._compute(lambda: answer(book, [], "none", None, MOST))
