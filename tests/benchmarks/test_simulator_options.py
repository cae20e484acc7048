"""What the options of the simulated market cost, by itself: it shares the loop with the server in the demo."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ttai.clock import Clock
from ttai.simulator import Simulator
from ttai.simulator.chains import Chains
from ttai.simulator.channels import Channel

pytestmark = pytest.mark.bench


class Standing(Clock):
    """Noon."""

    def now(self) -> datetime:
        return datetime(2026, 11, 20, 17, tzinfo=UTC)


def test_the_chain_of_spx(benchmark: Any) -> None:
    chains = Chains(Simulator(clock=Standing())._feed.boards)
    assert len(benchmark(chains.nested, "SPX")) == 2


@pytest.mark.parametrize("contracts", [500, 4000])
def test_a_second_of_quotes_and_greeks(benchmark: Any, contracts: int) -> None:
    """The messages of one channel, of as many contracts, after the underlying moved."""
    simulator, channel = Simulator(clock=Standing()), Channel(1)
    boards, at = simulator._feed.boards, Standing().now().timestamp()
    symbols = [symbol for series in boards.options.series("SPX", at) for symbol in series.streamer][:contracts]
    channel.setup({"acceptDataFormat": "COMPACT"})
    channel.subscribe({"add": [{"type": name, "symbol": s} for s in symbols for name in ("Quote", "Greeks")]})
    moments = iter(range(1, 10_000))

    def second() -> int:
        changes = channel.option_changes(boards, at + next(moments), simulator.faults)
        return sum(len(m) for new in changes for name, rows in new.items() for m in channel.messages(name, rows))

    assert benchmark(second) > 50 * contracts
