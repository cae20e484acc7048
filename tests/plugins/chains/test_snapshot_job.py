"""The job that keeps a day's volatility, and what it meets on watchlists."""

from datetime import datetime

from sqlmodel import select

from ttai.clock import NEW_YORK
from ttai.testing import FrozenClock, Harness, harness
from ttai_chains.tables import VolatilityRow


async def kept(h: Harness) -> list[tuple[str, str]]:
    async with h.app.database.of("chains").read() as session:
        return sorted((row.symbol, row.origin) for row in await session.exec(select(VolatilityRow)))


async def test_what_has_no_volatility_on_a_watchlist_costs_no_other() -> None:
    watch = ["SPY", "???", "/ESZ6", "BTC/USD", "ZZZZ", "spy", "SPY   261218C00680000", ""]
    async with harness(config={"chains": {"watch": watch}}, plugins="-portfolio", serving=True) as h:
        said = await h.app.scheduler.control("volatility_snapshot", "run")
        assert "failed" not in said, said
        assert await kept(h) == [("SPY", "simulator")]


async def test_a_day_is_kept_once_and_by_the_name_of_its_session() -> None:
    """Caught up on the weekend, and again before Monday's open, it is still Friday's."""
    clock = FrozenClock(datetime(2026, 11, 20, 16, 15, tzinfo=NEW_YORK))
    config = {"chains": {"watch": ["SPY"]}}
    async with harness(config=config, plugins="-portfolio", sessions="real", clock=clock, serving=True) as h:
        for hours in (0, 20, 40):
            clock.advance(hours * 3600)
            await h.app.scheduler.control("volatility_snapshot", "run")
        async with h.app.database.of("chains").read() as session:
            rows = [*await session.exec(select(VolatilityRow))]
        assert [f"{row.day}" for row in rows] == ["2026-11-20"]
        assert rows[0].iv_30 is not None


async def test_what_is_held_is_watched() -> None:
    async with harness(serving=True) as h:
        await h.simulator.prepare()
        for account in ("5WT00718", "5WT00934", "5WT01122"):
            h.simulator.empty(account)
        h.simulator.trade("5WT00934", "GLD", 10)
        await h.app.scheduler.control("volatility_snapshot", "run")
        assert await kept(h) == [("GLD", "simulator")]
