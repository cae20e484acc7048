"""A plugin's failure stays its own."""

import asyncio
import signal
import sys
from contextlib import suppress

import pytest
from fastmcp.exceptions import ToolError

from ttai.errors import NotFound
from ttai.isolation import contained, is_ctrl_c, run


async def test_what_it_returns_comes_back() -> None:
    async def seven() -> int:
        return 7

    assert await contained(seven, "trial") == 7


async def test_an_error_with_words_keeps_them() -> None:
    async def fail() -> None:
        raise NotFound("nothing here", "Look elsewhere")

    with pytest.raises(NotFound, match=r"NOT_FOUND: nothing here\. Look elsewhere\."):
        await contained(fail, "trial")


async def test_an_error_with_words_is_not_its_own_cause() -> None:
    async def fail() -> None:
        raise NotFound("nothing here", "Look elsewhere") from KeyError("why")

    with pytest.raises(NotFound) as caught:
        await contained(fail, "trial")
    assert isinstance(caught.value.__cause__, KeyError)


async def test_who_cancels_itself_fails_alone() -> None:
    async def leave() -> None:
        task = asyncio.current_task()
        assert task
        task.cancel()
        await asyncio.Event().wait()

    with pytest.raises(ToolError, match="PLUGIN: trial cancelled itself"):
        await contained(leave, "trial")
    task = asyncio.current_task()
    assert task
    assert not task.cancelling()


async def test_a_cancellation_from_outside_reaches_it() -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.create_task(contained(wait, "trial"))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_the_loop_outlives_a_task_that_tries_to_end_it(error: type[BaseException]) -> None:
    before = signal.signal(signal.SIGINT, lambda *_: None)  # as in a server
    reached = []

    async def leave() -> None:
        raise error

    async def main() -> None:
        with pytest.raises(error):
            await asyncio.create_task(leave())
        reached.append(True)

    try:
        run(main())
    finally:
        signal.signal(signal.SIGINT, before)
    assert reached


def test_the_main_task_may_end_the_process() -> None:
    async def main() -> None:
        sys.exit("over")

    with pytest.raises(SystemExit, match="over"):
        run(main())


def test_ctrl_c_is_told_from_a_plugin() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert is_ctrl_c(KeyboardInterrupt())
        assert not is_ctrl_c(SystemExit())
        signal.signal(signal.SIGINT, lambda *_: None)
        assert not is_ctrl_c(KeyboardInterrupt())
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.slow
async def test_who_swallows_its_cancellation_is_left_behind() -> None:
    let_go = asyncio.Event()

    async def stubborn() -> None:
        while not let_go.is_set():
            with suppress(asyncio.CancelledError):
                await let_go.wait()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await contained(stubborn, "trial")
    let_go.set()
