"""The cache: how long an answer lives, and how often a question is asked."""

import asyncio
import gc
from collections.abc import Awaitable, Callable

import pytest

from ttai.cache import Cache
from ttai.clock import deadline, time_left
from ttai.errors import Stopping
from ttai.testing import FrozenClock


class Source:
    """Answers when told to, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.asking = asyncio.Event()
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def load(self) -> str:
        self.asked += 1
        self.asking.set()
        return await asyncio.shield(self.answer)


def instant(value: str) -> Callable[[], Awaitable[str]]:
    async def load() -> str:
        return value

    return load


def test_an_entry_lives_as_long_as_it_was_given() -> None:
    clock = FrozenClock()
    cache = Cache(clock)
    cache.set("quote", 1, 5)
    cache.set("chain", 2, 300)
    clock.advance(4.9)
    assert (cache.get("quote"), cache.get("chain")) == (1, 2)
    clock.advance(0.2)
    assert (cache.get("quote", "gone"), cache.get("chain")) == ("gone", 2)


def test_the_least_used_goes_when_it_is_full() -> None:
    cache = Cache(FrozenClock(), size=2)
    cache.set("a", 1, 9)
    cache.set("b", 2, 9)
    cache.get("a")
    cache.set("c", 3, 9)
    assert [cache.get(key) for key in "abc"] == [1, None, 3]


async def test_however_many_ask_at_once_the_source_is_asked_once() -> None:
    cache, source = Cache(FrozenClock()), Source()
    asking = [asyncio.create_task(cache.fetch("SPY", 5, source.load)) for _ in range(50)]
    await source.asking.wait()
    source.answer.set_result("600")
    assert set(await asyncio.gather(*asking)) == {"600"}
    assert await cache.fetch("SPY", 5, source.load) == "600"
    assert source.asked == 1


async def test_a_fetched_entry_is_asked_for_anew_when_its_life_is_over() -> None:
    clock = FrozenClock()
    cache = Cache(clock)
    assert await cache.fetch("SPY", 5, instant("old")) == "old"
    clock.advance(5.1)
    assert await cache.fetch("SPY", 5, instant("new")) == "new"


async def test_a_failure_reaches_all_who_wait_and_is_not_remembered() -> None:
    cache, source = Cache(FrozenClock()), Source()
    asking = [asyncio.create_task(cache.fetch("SPY", 5, source.load)) for _ in range(3)]
    await source.asking.wait()
    source.answer.set_exception(LookupError("no line"))
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert [repr(answer) for answer in answers] == ["LookupError('no line')"] * 3
    assert await cache.fetch("SPY", 5, instant("600")) == "600"


async def test_the_deadline_of_the_first_who_asks_is_not_that_of_the_load() -> None:
    async def load() -> float:
        return time_left(600)

    with deadline(5):
        assert await Cache(FrozenClock()).fetch("SPY", 5, load) == 600


async def test_who_gives_up_leaves_the_load_to_the_others() -> None:
    cache, source = Cache(FrozenClock()), Source()
    first = asyncio.create_task(cache.fetch("SPY", 5, source.load))
    await source.asking.wait()
    second = asyncio.create_task(cache.fetch("SPY", 5, source.load))
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    source.answer.set_result("600")
    assert await second == "600"
    assert source.asked == 1


async def test_a_failure_nobody_waits_for_any_more_makes_no_noise() -> None:
    cache, source = Cache(FrozenClock()), Source()
    noise: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: noise.append(context))
    asking = asyncio.create_task(cache.fetch("SPY", 5, source.load))
    await source.asking.wait()
    asking.cancel()
    source.answer.set_exception(LookupError("no line"))
    with pytest.raises(asyncio.CancelledError):
        await asking
    for _ in range(3):  # turns of the loop until the load has failed
        await asyncio.sleep(0)
    gc.collect()
    assert await cache.fetch("SPY", 5, instant("600")) == "600"
    assert noise == []


@pytest.mark.parametrize("forget", ["clear", "delete", "set"])
async def test_what_was_on_its_way_when_all_was_forgotten_is_delivered_not_remembered(forget: str) -> None:
    cache, source = Cache(FrozenClock()), Source()
    asking = asyncio.create_task(cache.fetch("positions", 60, source.load))
    await source.asking.wait()
    if forget == "clear":
        cache.clear()
    elif forget == "delete":
        cache.delete("positions")
    else:
        cache.set("positions", "after the order", 60)
    later = await cache.fetch("positions", 60, instant("after the order"))
    source.answer.set_result("before the order")
    assert await asking == "before the order"
    assert later == cache.get("positions") == "after the order"


async def test_stats_count_what_is_there_and_how_often_it_helped() -> None:
    clock = FrozenClock()
    cache = Cache(clock, size=10)
    await cache.fetch("a", 5, instant("1"))
    await cache.fetch("a", 5, instant("1"))
    cache.set("b", 2, 60)
    cache.get("nothing")
    clock.advance(6)
    assert cache.stats() == {"entries": 1, "hits": 1, "misses": 2}
    cache.clear()
    assert cache.stats()["entries"] == 0


@pytest.mark.parametrize("forgotten", [False, True])
async def test_closed_it_has_ended_what_was_on_its_way(forgotten: bool) -> None:
    cache, source = Cache(FrozenClock()), Source()
    before = asyncio.all_tasks()
    asking = asyncio.create_task(cache.fetch("SPY", 5, source.load))
    await source.asking.wait()
    if forgotten:
        cache.clear()
    await cache.close()
    assert asyncio.all_tasks() - {asking} == before
    with pytest.raises(Stopping):
        await asking
    await cache.close()
    assert await cache.fetch("SPY", 5, instant("600")) == "600"


async def test_who_is_cancelled_while_it_closes_is_cancelled() -> None:
    cache, source = Cache(FrozenClock()), Source()
    asking = asyncio.create_task(cache.fetch("SPY", 5, source.load))
    await source.asking.wait()
    asking.cancel()
    await cache.close()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_load_that_cancels_itself_is_not_the_servers_end() -> None:
    async def load() -> str:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await Cache(FrozenClock()).fetch("SPY", 5, load)
