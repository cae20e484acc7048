"""Time: what it is in New York, and how much of it a call has left."""

import asyncio
from datetime import UTC, datetime, timedelta

from ttai.clock import Clock, deadline, time_left
from ttai.testing import FrozenClock


def test_the_clock_is_aware_and_knows_new_york() -> None:
    clock = Clock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert str(clock.new_york().tzinfo) == "America/New_York"


def test_new_york_keeps_its_summer_time() -> None:
    assert FrozenClock(datetime(2026, 7, 1, 12, tzinfo=UTC)).new_york().hour == 8
    assert FrozenClock(datetime(2026, 12, 1, 12, tzinfo=UTC)).new_york().hour == 7


def test_without_a_deadline_there_is_the_default() -> None:
    assert time_left(30) == 30


def test_an_inner_deadline_can_only_be_earlier() -> None:
    with deadline(10):
        assert 9 < time_left(99) <= 10
        with deadline(60):
            assert time_left(99) <= 10
        with deadline(1):
            assert time_left(99) <= 1
        assert time_left(99) > 1
    assert time_left(99) == 99


def test_time_that_is_over_is_none_not_less() -> None:
    with deadline(-5):
        assert time_left(99) == 0


async def test_a_task_keeps_the_deadline_of_the_call_it_was_started_in() -> None:
    async def left() -> float:
        return time_left(99)

    with deadline(10):
        task = asyncio.create_task(left())
    assert await task <= 10
