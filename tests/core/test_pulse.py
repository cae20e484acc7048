"""A blocked loop is noticed while it is blocked."""

import asyncio
import time

import pytest

from tests.desk import until
from ttai.background.pulse import Pulse


def compute_where_it_should_wait(pulse: Pulse, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


async def test_what_blocks_the_loop_is_named(caplog: pytest.LogCaptureFixture) -> None:
    pulse = Pulse(every=0.01, late=0.05)
    pulse.start()
    compute_where_it_should_wait(pulse, 0.3)
    await until(lambda: pulse.problem)
    pulse.stop()
    await asyncio.to_thread(pulse.join, 2)
    assert "test_pulse.py" in str(pulse.problem)
    assert "in compute_where_it_should_wait" in str(pulse.problem)
    assert "the server is blocked, every call waits" in caplog.text


async def test_a_loop_that_turns_is_left_alone() -> None:
    pulse = Pulse(every=0.001, late=2)
    pulse.start()
    for _ in range(20):
        await asyncio.sleep(0.001)
    pulse.stop()
    await asyncio.to_thread(pulse.join, 2)
    assert pulse.problem is None
    assert not pulse.is_alive()
