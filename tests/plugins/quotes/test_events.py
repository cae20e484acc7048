"""What is coming, where the price it is measured with is old."""

from tests.desk import HASTY, until
from ttai.tastytrade import TastyTrade
from ttai.testing import harness

BY_TYPE = "/market-data/by-type"


async def test_an_expected_move_from_a_stale_price_is_stale_and_says_so() -> None:
    async with harness() as h:
        await h.call("get_quote", symbol="NVDA")
        fresh = await h.call("get_events", symbols="NVDA")
        adapter = h.app.connection._adapter
        assert isinstance(adapter, TastyTrade)
        h.simulator.faults.add("status", "/dxlink", status=503)
        adapter.session.transport._tries = HASTY
        h.simulator.faults.add("status", BY_TYPE, status=502)
        for socket in list(h.simulator._feed.sockets):
            await socket.move("drop")
        await until(lambda: not h.app.market.hub.live)
        h.clock.advance(120)  # what REST said before is no longer remembered
        stale = await h.call("get_events", symbols="NVDA")
    assert (fresh.data["stale"], stale.data["stale"]) == (False, True)
    assert "NVDA: the price of the expected move is stale" in stale.data["notes"]
    before, after = (
        [row["expected_move"] for row in one.rows("events") if row["kind"] == "earnings"] for one in (fresh, stale)
    )
    assert before == after != [None]
