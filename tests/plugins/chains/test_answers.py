"""What the answers of the chains plugin say, asked through the protocol."""

from datetime import datetime

from ttai.clock import NEW_YORK
from ttai.testing import FrozenClock, harness


async def test_quotes_of_the_night_are_stale_after_the_open_too() -> None:
    clock = FrozenClock(datetime(2026, 11, 20, 9, 20, tzinfo=NEW_YORK))
    async with harness(sessions="real", clock=clock) as h:
        before = await h.call("get_option_chain", symbol="SPY", strikes=1)
        assert before.data["stale"]
        clock.advance(15 * 60)
        again = await h.call("get_option_chain", snapshot=before.data["snapshot"], strikes=1)
        assert again.data == before.data
        expirations = await h.call("get_expirations", snapshot=before.data["snapshot"], limit=1)
        assert expirations.data["stale"]
        fresh = await h.call("get_option_chain", symbol="SPY", strikes=1)
        assert not fresh.data["stale"]


async def test_what_is_null_at_the_money_has_its_reason() -> None:
    async with harness() as h:
        await h.call("get_quote", symbol="SPY")
        h.simulator.faults.add("nan", path="*", field="bidPrice")
        h.simulator.faults.add("nan", path="*", field="bid")
        for tool, said in (
            ("get_expirations", "31 of 31 expirations with straddle and expected_move null"),
            ("get_option_chain", "12 of 12 expirations with atm_iv null"),
            ("get_volatility", "iv_30, iv_hv_diff null"),
            ("get_volatility", "14 of 14 expirations with move_straddle null"),
        ):
            assert said in (await h.call(tool, symbol="SPY")).text
