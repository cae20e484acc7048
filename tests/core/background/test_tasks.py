"""Work that outlives the call that began it."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastmcp.exceptions import ToolError

from tests.desk import until
from ttai import Host
from ttai.background import tasks as module
from ttai.background.errors import NoSuchTask
from ttai.background.tasks import Progress, Tasks, TaskState
from ttai.clock import deadline, time_left
from ttai.storage.database import Database
from ttai.testing import Era, FrozenClock, harness


@asynccontextmanager
async def process(home: Path, clock: FrozenClock | None = None) -> AsyncIterator[Tasks]:
    """The tasks of one process."""
    clock = clock or FrozenClock()
    database = Database(home, clock)
    tasks = Tasks(clock, database.of("core"))
    try:
        yield tasks
    finally:
        await tasks.close()
        await database.close()


async def ended(tasks: Tasks, identity: str) -> TaskState:
    """A task once it has ended."""
    async with asyncio.timeout(15):
        while (state := await tasks.get(identity)).state == "running":  # noqa: ASYNC110 - seen through the table
            await asyncio.sleep(0.002)
    return state


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_tool_begins_a_task_that_is_watched_and_fetched(mode: Era) -> None:
    go = asyncio.Event()

    def register(host: Host) -> None:
        async def work(progress: Progress) -> dict[str, int]:
            progress(0.5, "half")
            await go.wait()
            return {"files": 3}

        @host.tool
        async def begin() -> str:
            "Begin."
            return await host.tasks.start("ingest", work)

    async with harness(register, mode=mode) as h:
        identity = (await h.call("trial_begin")).data["result"]
        async with asyncio.timeout(15):
            while (running := (await h.call("get_task", id=identity)).data)["progress"] is None:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
        assert (running["state"], running["progress"], running["message"]) == ("running", 0.5, "half")
        go.set()
        async with asyncio.timeout(15):
            while (done := (await h.call("get_task", id=identity)).data)["state"] == "running":  # noqa: ASYNC110
                await asyncio.sleep(0.002)
        assert (done["state"], done["result"], done["error"]) == ("done", {"files": 3}, None)
        assert done["finished_at"] == "2026-11-20T10:31:00-05:00"
        for tool in ("get_task", "cancel_task"):
            with pytest.raises(ToolError, match=r"^NOT_FOUND: there is no task 'x'. Tasks are kept for a week"):
                await h.call(tool, id="x")


async def test_a_result_is_there_for_other_processes_and_after_a_restart(tmp_path: Path) -> None:
    async def work(_: Progress) -> list[int]:
        return [1, 2]

    async with process(tmp_path) as one, process(tmp_path) as other:
        identity = await one.start("count", work)
        assert (await ended(other, identity)).result == {"result": [1, 2]}
    async with process(tmp_path) as later:
        state = await later.get(identity)
        assert (state.name, state.state, state.result) == ("count", "done", {"result": [1, 2]})
        assert [task.id for task in await later.list()] == [identity]


async def test_progress_is_seen_from_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PULSE", 0.01)

    async def work(progress: Progress) -> None:
        progress(1.5)
        progress(0.25, "a quarter")
        await asyncio.Event().wait()

    async with process(tmp_path) as one, process(tmp_path) as other:
        identity = await one.start("count", work)
        async with asyncio.timeout(15):
            while (state := await other.get(identity)).progress is None:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
        assert (state.progress, state.message) == (0.25, "a quarter")


@pytest.mark.parametrize("from_elsewhere", [False, True])
async def test_a_task_is_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, from_elsewhere: bool) -> None:
    monkeypatch.setattr(module, "PULSE", 0.01)
    begun, cleaned = asyncio.Event(), asyncio.Event()

    async def work(_: Progress) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.set()

    async with process(tmp_path) as one, process(tmp_path) as other:
        identity = await one.start("wait", work)
        await begun.wait()
        said = await (other if from_elsewhere else one).cancel(identity)
        assert said.state == ("running" if from_elsewhere else "cancelled")
        assert (await ended(one, identity)).state == "cancelled"
        assert cleaned.is_set()
        assert (await other.cancel(identity)).state == "cancelled"  # once more is no harm


@pytest.mark.parametrize(
    ("raises", "said"),
    [
        (NoSuchTask("other"), "NOT_FOUND: there is no task 'other'. "),
        (KeyError("secret"), "INTERNAL: something unexpected went wrong in task "),
        (SystemExit(3), "PLUGIN: task work tried to end the server"),
        (asyncio.CancelledError(), "PLUGIN: task work cancelled itself"),
    ],
)
async def test_a_failure_is_a_sentence(tmp_path: Path, raises: BaseException, said: str) -> None:
    async def work(_: Progress) -> None:
        raise raises

    async with process(tmp_path) as tasks:
        state = await ended(tasks, await tasks.start("work", work))
        assert state.state == "failed"
        assert state.error is not None
        assert state.error.startswith(said)
        assert "secret" not in state.error


async def test_a_result_that_is_too_large_is_a_failure(tmp_path: Path) -> None:
    async def work(_: Progress) -> list[str]:
        return ["x" * 100] * 10_000

    async with process(tmp_path) as tasks:
        state = await ended(tasks, await tasks.start("work", work))
        assert (state.state, state.result) == ("failed", None)
        assert state.error is not None
        assert "more than a model can read" in state.error


async def test_a_task_whose_process_died_is_lost(tmp_path: Path) -> None:
    clock = FrozenClock()
    async with process(tmp_path, clock) as one, process(tmp_path, clock) as other:

        async def work(_: Progress) -> None:
            await asyncio.Event().wait()

        identity = await one.start("wait", work)
        clock.advance(59)
        assert (await other.get(identity)).state == "running"
        clock.advance(2)
        state = await other.get(identity)
        assert (state.state, state.error) == ("lost", "its process ended before it was done; start it again")
        assert (await other.cancel(identity)).state == "lost"
        assert (await one.get(identity)).state == "running"  # it knows better


async def test_an_end_marks_what_runs_as_cancelled(tmp_path: Path) -> None:
    go = asyncio.Event()

    async def work(_: Progress) -> None:
        await asyncio.Event().wait()

    async def stubborn(_: Progress) -> None:
        while not go.is_set():
            with suppress(asyncio.CancelledError):
                await go.wait()

    async with process(tmp_path) as one:
        identity = await one.start("work", work)
        await one.start("stubborn", stubborn)
        async with asyncio.timeout(1):
            await one.close()
        assert (await one.get(identity)).state == "cancelled"
        go.set()


async def test_a_tasks_time_is_not_that_of_the_call_that_began_it(tmp_path: Path) -> None:
    left: list[float] = []

    async def work(_: Progress) -> None:
        left.append(time_left(600))

    async with process(tmp_path) as tasks:
        with deadline(5):
            identity = await tasks.start("work", work)
        assert (await ended(tasks, identity)).state == "done"
    assert left == [600]


async def test_what_is_a_week_old_is_forgotten(tmp_path: Path) -> None:
    clock = FrozenClock()

    async def work(_: Progress) -> None: ...

    async with process(tmp_path, clock) as tasks:
        old = await tasks.start("old", work)
        await ended(tasks, old)
        clock.advance(timedelta(days=8).total_seconds())
        new = await tasks.start("new", work)
        await ended(tasks, new)
        assert [task.id for task in await tasks.list()] == [new]
        with pytest.raises(NoSuchTask):
            await tasks.get(old)


async def test_what_computes_does_so_in_a_thread(tmp_path: Path) -> None:
    turned = threading.Event()

    def heavy(a: int, *, b: int) -> Any:
        assert turned.wait(5)  # the loop goes on meanwhile
        return a + b, threading.current_thread() is threading.main_thread()

    async with process(tmp_path) as tasks:
        computing = asyncio.create_task(tasks.compute(heavy, 1, b=2))
        await asyncio.sleep(0)
        turned.set()
        assert await computing == (3, False)


async def test_without_a_database_a_task_says_so() -> None:
    def register(host: Host) -> None:
        async def work(_: Progress) -> None: ...

        @host.tool
        async def begin() -> str:
            "Begin."
            return await host.tasks.start("ingest", work)

    async with harness(register) as h:
        (h.app.settings.home / "ttai.db").unlink(missing_ok=True)
        (h.app.settings.home / "ttai.db").mkdir(parents=True)
        with pytest.raises(ToolError, match=r"^DATABASE: "):
            await h.call("trial_begin")
        await until(lambda: not h.app.tasks._running)


def test_progress_is_between_nothing_and_all() -> None:
    progress = Progress()
    for said, kept in ((1.5, 1), (-1, 0), (0.25, 0.25), (None, None)):
        progress(said)
        assert progress.share == kept
