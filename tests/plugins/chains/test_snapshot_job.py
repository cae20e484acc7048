"""The job that keeps a day's volatility, and what it meets on watchlists."""

from sqlmodel import select

from ttai.testing import Harness, harness
from ttai_chains.tables import VolatilityRow


async def kept(h: Harness) -> list[tuple[str, str]]:
    async with h.app.database.of("chains").read() as session:
        return sorted((row.symbol, row.origin) for row in await session.exec(select(VolatilityRow)))


async def test_what_has_no_volatility_on_a_watchlist_costs_no_other() -> None:
    watch = ["SPY", "???", "/ESZ6", "BTC/USD", "ZZZZ", "spy", "SPY   261218C00680000", ""]
    async with harness(config={"chains": {"watch": watch}}, serving=True) as h:
        said = await h.app.scheduler.control("volatility_snapshot", "run")
        assert "failed" not in said, said
        assert await kept(h) == [("SPY", "simulator")]
