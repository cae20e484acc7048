"""The hub alone: who wants what, and the last value of each."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from datetime import timedelta
from typing import cast

import pytest

from tests.desk import until
from ttai.market.hub import Hub
from ttai.market.types import KINDS, CandleEvent, QuoteEvent, SummaryEvent, TradeEvent
from ttai.testing import FrozenClock

Q, T, S = QuoteEvent, TradeEvent, SummaryEvent


def trade(symbol: str, price: float | None) -> TradeEvent:
    return TradeEvent(symbol, price, 1)


def quote(symbol: str, bid: float | None, ask: float | None) -> QuoteEvent:
    return QuoteEvent(symbol, bid, ask)


def last(hub: Hub, symbol: str) -> float | None:
    line = hub.line(symbol)
    assert line is not None
    return cast("TradeEvent", line.events[T]).price


async def test_what_two_want_stays_until_the_second_leaves() -> None:
    hub = Hub(linger=0)
    with hub.hold(["SPY"], [Q, T]):
        with hub.hold(["SPY"], [T]):
            assert hub.wanted == {(Q, "SPY"), (T, "SPY")}
        assert hub.wanted == {(Q, "SPY"), (T, "SPY")}
    assert hub.wanted == set()
    assert hub.line("SPY") is None


async def test_what_nobody_wants_lingers_with_its_value() -> None:
    hub = Hub(linger=300)
    with hub.hold(["SPY"], [T]):
        hub.heard([trade("SPY", 671)])
    hub.sweep()
    assert hub.wanted == {(T, "SPY")}
    assert last(hub, "SPY") == 671


async def test_a_hold_ends_with_an_exception_too() -> None:
    hub = Hub(linger=0)
    with pytest.raises(KeyError), hub.hold(["SPY"], [T]):
        raise KeyError
    assert hub.wanted == set()


async def test_the_longest_unused_goes_first_and_never_what_is_held() -> None:
    hub = Hub(most=3)
    with hub.hold(["HELD"], [T]):
        for symbol in ("A", "B", "C", "A", "D"):
            with hub.hold([symbol], [T]):
                pass
        assert hub.wanted == {(T, "HELD"), (T, "A"), (T, "D")}
    with hub.hold([f"S{n}" for n in range(10)], [T]):
        assert len(hub.wanted) == 13  # what is held may be more
        hub.sweep()
        assert len(hub.wanted) == 10
    assert len(hub.wanted) == 3


async def test_what_is_new_is_announced_and_what_is_known_is_not() -> None:
    hub = Hub()
    with hub.hold(["SPY"], [T]):
        assert hub.changed.is_set()
        hub.changed.clear()
        with hub.hold(["SPY"], [T]):
            assert not hub.changed.is_set()


async def test_what_was_dropped_and_is_wanted_again_is_told_apart() -> None:
    hub = Hub(linger=0)
    with hub.hold(["SPY"], [T]):
        hub.heard([trade("SPY", 671)])
    with hub.hold(["SPY"], [T]):
        assert hub.line("SPY") is not None
        assert not hub.line("SPY").events  # type: ignore[union-attr]
        assert hub.take_dropped() == {(T, "SPY")}
        assert hub.take_dropped() == set()


async def test_a_value_replaces_the_one_before_even_by_nothing() -> None:
    hub = Hub()
    with hub.hold(["SPY"], KINDS):
        hub.heard([quote("SPY", 1, 2), quote("SPY", None, 3), trade("OTHER", 9)])
        line = hub.line("SPY")
        assert line is not None
        assert line.events[Q] == quote("SPY", None, 3)
        assert hub.symbols == 1


async def test_a_line_is_priced_once_any_price_is_known() -> None:
    hub = Hub()
    with hub.hold(["SPY"], KINDS):
        line = hub.line("SPY")
        assert line is not None
        assert not line.priced
        hub.heard([quote("SPY", None, None), trade("SPY", None), SummaryEvent("SPY", 1, 2, 3, 4)])
        assert not line.priced
        hub.heard([quote("SPY", None, 0.05)])
        assert line.priced


async def test_the_age_of_a_value_is_its_own() -> None:
    clock = FrozenClock()
    hub = Hub(clock)
    with hub.hold(["A", "B"], [T]):
        hub.heard([trade("A", 1)])
        clock.advance(30)
        hub.heard([trade("B", 1)])
        ages = [clock.now() - line.at for s in "AB" if (line := hub.line(s)) is not None]
    assert ages == [timedelta(seconds=30), timedelta(0)]


async def test_a_new_socket_clears_what_the_old_one_said() -> None:
    hub = Hub()
    with hub.hold(["SPY"], [T]):
        hub.connected("stream")
        hub.heard([trade("SPY", 671)])
        hub.disconnected()
        assert last(hub, "SPY") == 671  # the last known, for want of better
        hub.changed.clear()
        hub.connected("simulator")
        assert not hub.line("SPY").events  # type: ignore[union-attr]
        assert hub.changed.is_set()
        assert hub.source == "simulator"


async def test_silence_counts_any_message_and_the_hours_a_laptop_slept() -> None:
    hub = Hub()
    hub.connected()
    hub._heard -= 40
    assert 40 <= hub.silence < 45
    hub.heard(())
    assert hub.silence < 5
    hub._heard_on -= 3600  # monotonic time stood still meanwhile
    assert 3600 <= hub.silence < 3605


async def test_a_rejected_symbol_is_not_wanted_while_the_rest_is() -> None:
    hub = Hub()
    hub.connected()
    with hub.hold(["SPY", "BAD"], KINDS):
        hub.reject("BAD")
        assert {symbol for _, symbol in hub.wanted} == {"SPY"}
        with hub.hold(["BAD"], [T]):
            await asyncio.wait_for(hub.wait("BAD", [T], 9, 9), 1)


async def test_a_rejected_symbol_is_wanted_again_by_who_held_it_all_the_time() -> None:
    hub = Hub(linger=0, forgive=0)
    with hub.hold(["BAD"], [T]):
        hub.reject("BAD")
        hub.changed.clear()
        hub.sweep()
        assert hub.wanted == {(T, "BAD")}
        assert hub.changed.is_set()
    assert hub.wanted == set()


async def test_who_held_what_was_given_up_does_not_let_go_of_what_is_held_now() -> None:
    hub = Hub(linger=0)
    with ExitStack() as old:
        old.enter_context(hub.hold(["SPY"], [T]))
        hub.drop([(T, "SPY")])
        with hub.hold(["SPY"], [T]):
            old.close()
            assert hub.wanted == {(T, "SPY")}
        assert hub.wanted == set()


async def test_what_is_held_again_does_not_go_with_the_idle() -> None:
    hub = Hub(linger=300, most=1)
    with hub.hold(["SPY"], [T]):
        pass
    with hub.hold(["SPY"], [T]), hub.hold(["QQQ"], [T]):
        hub.sweep()
        assert hub.wanted == {(T, "SPY"), (T, "QQQ")}


async def test_symbols_are_counted_not_what_is_asked_of_them() -> None:
    hub = Hub(most=3)
    with hub.hold(["A", "B", "C"], KINDS):
        pass
    with hub.hold(["A{=d}"], [CandleEvent]):
        assert hub.symbols == 3
        assert hub.line("A{=d}") is None
    assert len(hub.wanted) == 10
    with hub.hold(["D"], KINDS):
        pass
    assert {symbol for _, symbol in hub.wanted} == {"B", "C", "D", "A{=d}"}


def test_the_defaults_are_those_of_the_design() -> None:
    hub = Hub()
    assert (hub._linger, hub._most, hub._forgive) == (300, 2000, 600)


async def test_waiting_ends_when_all_kinds_are_in() -> None:
    hub = Hub()
    hub.connected()
    with hub.hold(["SPY"], [Q, T]):
        waiting = asyncio.create_task(hub.wait("SPY", [Q, T], 60, 60))
        await asyncio.sleep(0)
        hub.heard([quote("SPY", 1, 2)])
        await asyncio.sleep(0)
        assert not waiting.done()
        hub.heard([trade("SPY", 1)])
        await asyncio.wait_for(waiting, 1)
        await asyncio.wait_for(hub.wait("SPY", [Q, T], 60, 60), 0.1)  # the second look is into a dictionary


async def test_waiting_ends_a_moment_after_the_first_kind_or_without_any() -> None:
    hub = Hub()
    hub.connected()
    with hub.hold(["SPY", "NONE"], [Q, T]):
        hub.heard([quote("SPY", 1, 2)])
        await asyncio.wait_for(hub.wait("SPY", [Q, T], 0.02, 60), 1)
        await asyncio.wait_for(hub.wait("NONE", [Q, T], 60, 0.02), 1)
        line = hub.line("NONE")
        assert line is not None
        assert not line.waiters  # nobody who left is remembered


@pytest.mark.parametrize("end", ["disconnected", "dropped", "rejected"])
async def test_nobody_waits_for_what_will_not_come(end: str) -> None:
    hub = Hub(linger=0)
    hub.connected()
    with ExitStack() as stack:
        stack.enter_context(hub.hold(["SPY"], [T]))
        waits = [asyncio.create_task(hub.wait("SPY", [T], 60, 60)) for _ in range(3)]
        await asyncio.sleep(0)
        if end == "disconnected":
            hub.disconnected()
            assert not hub.live
        elif end == "rejected":
            hub.reject("SPY")
        else:
            stack.close()
        await asyncio.wait_for(asyncio.gather(*waits), 1)


async def test_who_is_cancelled_while_waiting_leaves_the_others_waiting() -> None:
    hub = Hub()
    hub.connected()
    with hub.hold(["SPY"], [T]):
        one, other = (asyncio.create_task(hub.wait("SPY", [T], 60, 60)) for _ in range(2))
        await asyncio.sleep(0)
        one.cancel()
        await asyncio.wait({one})
        assert one.cancelled()
        hub.heard([trade("SPY", 1)])
        await asyncio.wait_for(other, 1)


async def test_a_slow_reader_sees_the_newest_and_no_backlog() -> None:
    hub = Hub(linger=0)
    changes = cast("AsyncGenerator[set[str], None]", hub.changes(["SPY", "QQQ"], [T]))
    first = asyncio.create_task(anext(changes))
    await until(lambda: hub.wanted)
    for price in range(1000):
        hub.heard([trade("SPY", price)])
    hub.heard([trade("QQQ", 1), trade("OTHER", 1)])
    assert await asyncio.wait_for(first, 1) == {"SPY", "QQQ"}
    assert last(hub, "SPY") == 999
    hub.heard([trade("QQQ", 2)])
    assert await asyncio.wait_for(anext(changes), 1) == {"QQQ"}
    await changes.aclose()
    assert hub.wanted == set()


async def test_two_readers_do_not_steal_from_each_other() -> None:
    hub = Hub()
    readers = [hub.changes(["SPY"], [T]) for _ in range(2)]
    looks = [asyncio.ensure_future(anext(reader)) for reader in readers]
    await until(lambda: (line := hub.line("SPY")) and len(line.watchers) == 2)
    hub.heard([trade("SPY", 1)])
    assert await asyncio.wait_for(asyncio.gather(*looks), 1) == [{"SPY"}, {"SPY"}]
    for reader in readers:
        await cast("AsyncGenerator[set[str], None]", reader).aclose()


async def test_the_changes_of_a_rejected_symbol_outlive_its_rejection() -> None:
    hub = Hub(linger=0)
    changes = hub.changes(["BAD"], [T])
    look = asyncio.ensure_future(anext(changes))
    await until(lambda: (line := hub.line("BAD")) and line.watchers)
    hub.reject("BAD")
    hub.sweep()
    hub.heard([trade("BAD", 1)])  # as once it is forgiven
    assert await asyncio.wait_for(look, 1) == {"BAD"}
    await cast("AsyncGenerator[set[str], None]", changes).aclose()


async def test_the_changes_of_what_nobody_holds_end_when_it_is_given_up() -> None:
    hub = Hub(linger=0)
    with hub.hold(["SPY"], [T]):
        look = asyncio.ensure_future(anext(hub.changes(["SPY"], ())))
        await until(lambda: (line := hub.line("SPY")) and line.watchers)
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(look, 1)


async def test_a_watch_of_what_is_given_up_says_that_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    hub = Hub()
    async with hub.watch(["SPY"], [T], print):
        await until(lambda: (line := hub.line("SPY")) and line.watchers)
        hub.drop([(T, "SPY")])
        await until(lambda: caplog.messages)
    assert caplog.messages == ["no more market data for SPY: it is not subscribed any more"]


async def test_a_callback_never_runs_in_the_reader() -> None:
    hub = Hub(linger=0)
    called: list[tuple[set[str], asyncio.Task[None] | None]] = []
    async with hub.watch(["SPY"], [T], lambda changed: called.append((changed, asyncio.current_task()))):
        await until(lambda: hub.wanted)
        hub.heard([trade("SPY", 1)])
        assert called == []
        await until(lambda: called)
        ((changed, task),) = called
        assert changed == {"SPY"}
        assert task is not asyncio.current_task()
    assert hub.wanted == set()
    assert len(asyncio.all_tasks()) == 1


async def test_a_callback_that_raises_is_heard_of_once_and_called_again(caplog: pytest.LogCaptureFixture) -> None:
    hub = Hub()
    seen: list[float | None] = []

    def call(_: set[str]) -> None:
        seen.append(price := last(hub, "SPY"))
        if price != 3:
            raise ZeroDivisionError("of the caller's making")

    async with hub.watch(["SPY"], [T], call):
        await until(lambda: (line := hub.line("SPY")) and line.watchers)
        for price in (1, 2, 3, 4):
            hub.heard([trade("SPY", price)])
            await until(lambda price=price: seen[-1:] == [price])  # type: ignore[misc]
    failures = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert len(failures) == 2  # 1 and 2 are one row of failures, 4 the next
    assert failures[0].exc_info is not None
    assert "of the caller's making" in str(failures[0].exc_info[1])


async def test_what_goes_wrong_inside_a_watch_comes_out_as_it_is() -> None:
    hub = Hub(linger=0)
    with pytest.raises(KeyError):
        async with hub.watch(["SPY"], [T], print):
            raise KeyError
    assert hub.wanted == set()


async def test_leaving_a_watch_does_not_swallow_a_cancellation() -> None:
    hub = Hub()
    inside = asyncio.Event()

    async def stand() -> None:
        async with hub.watch(["SPY"], [T], print):
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(stand())
    await inside.wait()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert len(asyncio.all_tasks()) == 1
