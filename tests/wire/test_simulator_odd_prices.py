"""Which options are listed after a price was set that no market has seen, read by the broker's own SDK."""

from datetime import timedelta

import pytest
from tastytrade.instruments import NestedOptionChain
from tastytrade.utils import TastytradeError

from tests.wire.test_simulator_rest import Standing, connected
from ttai.simulator import Simulator


@pytest.mark.parametrize("symbol", ["F", "SPY", "VIX", "SPX", "NDX"])
@pytest.mark.parametrize("factor", [0.01, 10.0, 100.0])
async def test_the_next_day_has_strikes_whatever_the_price(symbol: str, factor: float) -> None:
    """Around the money, but for strikes too dear for the OCC to write."""
    clock = Standing(2026, 11, 19, 10, 31)
    simulator = Simulator(clock=clock)
    last = simulator.world.snapshot(symbol)
    assert last is not None
    simulator.set_price(symbol, round(last.last * factor, 2))
    clock.moment += timedelta(days=1)
    now = simulator.world.snapshot(symbol)
    assert now is not None
    session = connected(simulator)
    if now.close_before > 300_000:  # no strike at all
        with pytest.raises(TastytradeError, match="not_found"):
            await NestedOptionChain.get(session, symbol)
        return
    for chain in await NestedOptionChain.get(session, symbol):
        for one in chain.expirations:
            strikes = [float(strike.strike_price) for strike in one.strikes]
            assert strikes == sorted(set(strikes))
            assert strikes[-1] < 100_000
            if now.close_before < 50_000:
                assert 5 <= len(strikes) <= 650
                assert strikes[0] <= now.close_before < strikes[-1]
