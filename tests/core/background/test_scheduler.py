"""Jobs in the real app: when they run, what stops them, what is kept of them, what the user is told."""

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest
from fastmcp.exceptions import ToolError

from tests.desk import bare, until
from ttai import Host
from ttai.background import scheduler as module
from ttai.clock import NEW_YORK
from ttai.storage.tables import JobRow
from ttai.testing import Era, FrozenClock, Harness

Work = Callable[[], Awaitable[object]]
T = TypeVar("T")


class Bench:
    """A plugin with one job `work`, which counts its runs and behaves as told."""

    def __init__(self, kind: str = "interval", *, lifespan: bool = False, **options: Any) -> None:
        self.runs = 0
        self.does: Work = self._nothing
        self._kind = kind
        self._options = options or {"minutes": 5}
        self._lifespan = lifespan
        self.started = asyncio.Event()

    async def _nothing(self) -> None: ...

    def __call__(self, host: Host) -> None:
        @host.job(self._kind, **self._options)
        async def work() -> None:
            self.runs += 1
            await self.does()

        if self._lifespan:

            @host.lifespan
            async def life() -> Any:
                await self.started.wait()
                yield


async def job(h: Harness, name: str = "trial_work") -> dict[str, Any]:
    """A job as list_jobs tells of it, every field whole."""
    for line in (await h.call("list_jobs")).rows("jobs"):
        if line["name"] == name:
            return line
    raise AssertionError(f"no job {name}")


async def scheduled(h: Harness) -> None:
    """Until the jobs are planned."""
    async with asyncio.timeout(15):
        while (await job(h))["next_run"] is None:  # noqa: ASYNC110 - seen through the protocol
            await asyncio.sleep(0.005)


async def ran(h: Harness, outcome: str = "ok") -> dict[str, Any]:
    """The job, once a run of it has come out like this."""
    async with asyncio.timeout(15):
        while (line := await job(h))["last_outcome"] != outcome or line["state"] == "running":  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    return line


def pass_time(h: Harness, **span: float) -> None:
    """Let time pass, and the scheduler notice."""
    h.clock.advance(timedelta(**span).total_seconds())
    h.app.scheduler.look()


async def test_a_job_runs_when_its_time_comes() -> None:
    bench = Bench(minutes=5)
    async with bare(bench, serving=True) as h:
        await scheduled(h)
        assert (await job(h))["next_run"] == "2026-11-20T10:36:00-05:00"
        pass_time(h, minutes=4, seconds=59)
        assert (await job(h))["last_run"] is None
        assert bench.runs == 0
        pass_time(h, seconds=1)
        line = await ran(h)
        assert bench.runs == 1
        assert line["last_run"] == "2026-11-20T10:36:00-05:00"
        assert line["next_run"] == "2026-11-20T10:41:00-05:00"
        assert line["state"] == "scheduled"


@pytest.mark.slow
async def test_a_job_runs_by_the_real_clock() -> None:
    class Real(FrozenClock):
        def now(self) -> datetime:
            return datetime.now(NEW_YORK)

    bench = Bench(seconds=1)
    async with bare(bench, serving=True, clock=Real()):
        await until(lambda: bench.runs == 1)


async def test_who_serves_nobody_runs_no_jobs() -> None:
    async with bare(Bench(minutes=5)) as h:
        answer = await h.call("list_jobs")
        assert answer.data["run_in_this_process"] is False
        line = await job(h)
        assert (line["state"], line["next_run"]) == ("not run here", None)
        assert (await h.call("get_status")).data["phases"]["jobs"].startswith("off")


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_user_runs_pauses_and_resumes_a_job(mode: Era) -> None:
    bench = Bench(minutes=5)
    async with bare(bench, serving=True, mode=mode) as h:
        await scheduled(h)
        assert (await h.call("control_job", name="trial_work", action="run")).data["said"] == "trial_work ran"
        assert bench.runs == 1
        assert "paused" in (await h.call("control_job", name="trial_work", action="pause")).text
        line = await job(h)
        assert (line["state"], line["next_run"]) == ("paused", None)
        pass_time(h, minutes=5)
        assert (await h.call("control_job", name="trial_work", action="run")).data["said"] == "trial_work ran"
        assert bench.runs == 2
        assert (await h.call("control_job", name="trial_work", action="resume")).data["said"] == "trial_work runs again"
        pass_time(h, minutes=5)
        await until(lambda: bench.runs == 3)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_unknown_job_is_answered_with_those_there_are(mode: Era) -> None:
    async with bare(Bench(), mode=mode) as h:
        for action in ("run", "pause", "resume"):
            with pytest.raises(ToolError, match=r"^NOT_FOUND: there is no job work. There are .*trial_work\.$"):
                await h.call("control_job", name="work", action=action)


async def test_a_job_runs_once_at_a_time() -> None:
    bench, go = Bench(), asyncio.Event()
    bench.does = go.wait
    async with bare(bench, serving=True) as h:
        await scheduled(h)
        first = asyncio.create_task(h.call("control_job", name="trial_work", action="run"))
        await until(lambda: bench.runs)
        assert (await job(h))["state"] == "running"
        with pytest.raises(ToolError, match=r"^VALIDATION: job trial_work is running already"):
            await h.call("control_job", name="trial_work", action="run")
        pass_time(h, minutes=5)
        async with asyncio.timeout(15):
            while (await job(h))["next_run"] != "2026-11-20T10:41:00-05:00":  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        go.set()
        assert (await first).data["said"] == "trial_work ran"
        assert bench.runs == 1


async def test_a_job_runs_in_one_process_at_a_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "ttai.background.scheduler")
    clock, bench, go = FrozenClock(), Bench(minutes=5), asyncio.Event()
    bench.does = go.wait
    async with (
        bare(bench, serving=True, clock=clock, data_dir=tmp_path) as h,
        bare(bench, clock=clock, data_dir=tmp_path) as other,
    ):
        await scheduled(h)
        running = asyncio.create_task(other.call("control_job", name="trial_work", action="run"))
        await until(lambda: bench.runs)
        assert (await job(h))["state"] == "running"
        with pytest.raises(ToolError, match=r"^VALIDATION: job trial_work is running already"):
            await h.call("control_job", name="trial_work", action="run")
        pass_time(h, minutes=5)
        async with asyncio.timeout(15):
            while (await job(h))["next_run"] != "2026-11-20T10:41:00-05:00":  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        # once when it was asked to, and once when its own time came
        await until(lambda: caplog.text.count("another process runs it") == 2)
        await until(lambda: not h.app.scheduler._running)
        assert bench.runs == 1
        go.set()
        await running
        assert (await h.call("control_job", name="trial_work", action="run")).data["said"] == "trial_work ran"
        assert bench.runs == 2


async def test_a_run_whose_process_stopped_or_is_too_late_is_another_s(tmp_path: Path) -> None:
    clock, bench, go = FrozenClock(), Bench(minutes=5), asyncio.Event()
    bench.does = go.wait
    async with bare(bench, clock=clock, data_dir=tmp_path) as h:
        records = h.app.scheduler._records
        async with bare(bench, clock=clock, data_dir=tmp_path) as other:
            await other.app.scheduler.control("trial_work", "run", patience=0.01)
            await until(lambda: bench.runs == 1)
            assert (await job(h))["state"] == "running"
        assert (await job(h))["state"] != "running"  # given back when it stopped
        go.set()
        for owner, after in (("999999999-dead", 0), (f"{os.getpid()}-hung", module.LONGEST + module.STALE)):
            async with h.app.database.of("core").write() as session:
                row = await session.get(JobRow, "trial_work")
                assert row
                row.running_owner, row.running_since = owner, clock.now()
            clock.advance(after)
            assert (await h.call("control_job", name="trial_work", action="run")).data["said"] == "trial_work ran"
            assert (await records.read("trial_work")).running_owner is None


@pytest.mark.slow
async def test_a_job_that_will_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST", 0.05)
    bench, go = Bench(), asyncio.Event()

    async def stubborn() -> None:
        while not go.is_set():
            with suppress(asyncio.CancelledError):
                await go.wait()

    bench.does = stubborn
    async with bare(bench, serving=True) as h:
        with pytest.raises(ToolError, match=r"^PLUGIN: job trial_work failed: took longer than 0\.05 s\. The log"):
            await h.call("control_job", name="trial_work", action="run")
        line = await job(h)
        assert (line["last_outcome"], line["why"]) == ("failed", "took longer than 0.05 s. The log says more.")
        assert line["state"] != "running"
        bench.does = bench._nothing
        assert (await h.call("control_job", name="trial_work", action="run")).data["said"] == "trial_work ran"
        go.set()


async def test_who_runs_a_long_job_is_not_kept_waiting() -> None:
    bench, go = Bench(), asyncio.Event()
    bench.does = go.wait
    async with bare(bench, serving=True) as h:
        said = await h.app.scheduler.control("trial_work", "run", patience=0.02)
        assert said == "trial_work is still running; list_jobs tells how it went"
        go.set()
        await ran(h)


async def test_a_jobs_time_is_not_that_of_the_call_that_began_it() -> None:
    bench, left = Bench(), []

    async def look() -> None:
        from ttai.clock import time_left

        left.append(time_left(600))

    bench.does = look
    async with bare(bench) as h:
        await h.call("control_job", name="trial_work", action="run")
    assert left == [600]


async def test_a_job_is_skipped_while_what_it_needs_is_not_there() -> None:
    bench = Bench(minutes=5, needs="market")
    async with bare(bench, serving=True, demo=False) as h:
        await scheduled(h)
        pass_time(h, minutes=5)
        async with asyncio.timeout(15):
            while (line := await job(h))["why"] is None:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        assert (line["why"], line["last_run"]) == ("not logged in", None)
        with pytest.raises(ToolError, match=r"^PLUGIN: job trial_work can't run just now: not logged in. get_status"):
            await h.call("control_job", name="trial_work", action="run")
    assert bench.runs == 0


async def test_a_job_of_the_brokers_is_skipped_while_the_login_does_not_work() -> None:
    bench = Bench(minutes=5, needs="broker")
    async with bare(bench) as h:
        await h.app.login.settled()
        await h.call("control_job", name="trial_work", action="run")
        h.simulator.faults.add(kind="status", status=403, path="/customers/me/accounts")
        await h.app.login.anew()
        await until(lambda: h.app.login.tried)
        with pytest.raises(ToolError, match=r"^PLUGIN: job trial_work can't run just now: AUTHORIZATION"):
            await h.call("control_job", name="trial_work", action="run")
    assert bench.runs == 1


@pytest.mark.parametrize("end", ["the clock jumps", "the socket is cut"])
async def test_a_job_waits_a_moment_for_a_stream_that_was_just_lost(end: str) -> None:
    bench = Bench(minutes=5, needs="market")
    async with bare(bench) as h:
        if end == "the clock jumps":  # while it logs in: the token it is given is of yesterday
            h.clock.advance(24 * 3600)
        else:
            hub = h.app.market.hub
            await until(lambda: hub.live and h.app.login.works)
            for socket in list(h.simulator._feed.sockets):
                await socket.move("drop")
            await until(lambda: not hub.live)
        await h.call("control_job", name="trial_work", action="run")
    assert bench.runs == 1


@pytest.mark.parametrize(
    ("during", "hour", "runs"), [("open", 8, 0), ("extended", 8, 1), ("extended", 3, 0), ("open", 12, 1)]
)
async def test_a_job_runs_only_during_its_hours(during: str, hour: int, runs: int) -> None:
    bench = Bench(minutes=5, during=during)
    clock = FrozenClock(datetime(2026, 11, 20, hour, tzinfo=NEW_YORK))
    async with bare(bench, serving=True, demo=False, clock=clock) as h:
        await scheduled(h)
        pass_time(h, minutes=5)
        if runs:
            await ran(h)
        else:
            async with asyncio.timeout(15):
                while (line := await job(h))["why"] is None:  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
            assert line["why"].startswith("the market is ")
    assert bench.runs == runs


async def test_the_last_run_is_known_after_a_restart(tmp_path: Path) -> None:
    clock = FrozenClock()
    async with bare(Bench(), serving=True, clock=clock, data_dir=tmp_path) as h:
        await h.call("control_job", name="trial_work", action="run")
    async with bare(Bench(), clock=clock, data_dir=tmp_path) as h:
        line = await job(h)
        assert (line["last_run"], line["last_outcome"]) == ("2026-11-20T10:31:00-05:00", "ok")


async def test_a_run_that_was_missed_is_caught_up_once(tmp_path: Path) -> None:
    clock, bench = FrozenClock(), Bench("cron", hour=9)
    async with bare(bench, serving=True, clock=clock, data_dir=tmp_path) as h:
        await h.call("control_job", name="trial_work", action="run")
    clock.advance(3 * 86_400)  # three mornings
    async with bare(bench, serving=True, clock=clock, data_dir=tmp_path) as h:
        await until(lambda: bench.runs == 2)
        assert (await ran(h))["last_run"] == "2026-11-23T10:31:00-05:00"
    async with bare(bench, serving=True, clock=clock, data_dir=tmp_path) as h:
        await scheduled(h)
        await h.call("control_job", name="trial_work", action="run")
        assert bench.runs == 3


class HeldUp(Awaitable[T]):
    """Something awaited, in whose n-th pause something else happens from beginning to end."""

    def __init__(self, what: Awaitable[T], pause: int, event: Work) -> None:
        self._what = what
        self._pause = pause
        self._event = event
        self.happened = False

    def __await__(self) -> Generator[Any, Any, T]:
        steps = self._what.__await__()
        for pause in count():
            try:
                step = next(steps)
            except StopIteration as end:
                return cast("T", end.value)
            if pause == self._pause:
                yield from self._event().__await__()
                self.happened = True
            yield step
        raise AssertionError


async def test_a_run_that_ends_while_the_jobs_are_listed_is_told_whole() -> None:
    bench = Bench("cron", hour=9)
    async with bare(bench, serving=True) as h:
        scheduler = h.app.scheduler
        for pause in count():
            go = asyncio.Event()
            bench.does = go.wait
            h.clock.advance(60)
            await scheduler.control("trial_work", "run", patience=0)

            async def end(go: asyncio.Event = go) -> None:
                go.set()
                await until(lambda: not scheduler._running)

            listing = HeldUp(scheduler.list(), pause, end)
            (line,) = [line for line in await listing if line.name == "trial_work"]
            assert line.state == "running" or line.last_run == h.clock.now(), pause
            if not listing.happened:
                break
        assert pause > 1
        go.set()


async def test_a_job_that_has_never_run_is_caught_up_too(tmp_path: Path) -> None:
    clock, bench = FrozenClock(), Bench("cron", day_of_week="sat", hour=9)
    async with bare(bench, serving=True, clock=clock, data_dir=tmp_path) as h:
        async with asyncio.timeout(15):
            while (await h.app.scheduler._records.read("trial_work")).last_run is None:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        assert (await job(h))["last_run"] is None
    clock.advance(2 * 86_400)
    async with bare(bench, serving=True, clock=clock, data_dir=tmp_path):
        await until(lambda: bench.runs == 1)


async def test_what_was_missed_waits_for_its_plugin(tmp_path: Path) -> None:
    clock = FrozenClock()
    async with bare(Bench("cron", hour=9), serving=True, clock=clock, data_dir=tmp_path) as h:
        await h.call("control_job", name="trial_work", action="run")
    clock.advance(86_400)
    bench = Bench("cron", hour=9, lifespan=True)
    async with bare(bench, serving=True, clock=clock, data_dir=tmp_path) as h:
        await until(lambda: h.app.leader.held)
        assert bench.runs == 0
        bench.started.set()
        await until(lambda: bench.runs == 1)
        assert (await ran(h))["why"] is None


async def test_a_pause_outlives_the_process_and_is_seen_by_another(tmp_path: Path) -> None:
    clock = FrozenClock()
    async with (
        bare(Bench(), serving=True, clock=clock, data_dir=tmp_path) as h,
        bare(Bench(), clock=clock, data_dir=tmp_path) as other,
    ):
        await other.call("control_job", name="trial_work", action="pause")
        assert (await job(h))["state"] == "paused"
    async with bare(Bench(), serving=True, clock=clock, data_dir=tmp_path) as h:
        assert (await job(h))["state"] == "paused"
        await h.call("control_job", name="trial_work", action="resume")
        assert (await job(h))["state"] == "scheduled"


async def test_the_user_changes_schedules_and_switches_jobs_off() -> None:
    def register(host: Host) -> None:
        for name in ("sooner", "never", "odd", "late"):

            @host.job("interval", name=name, minutes=5)
            async def work() -> None: ...

    wishes = {
        "trial_sooner": "interval minutes=1", "trial_never": "off", "trial_odd": "every day",
        "trial_late": "cron hour=nine", "trial_gone": "off",
    }  # fmt: skip
    async with bare(register, serving=True, schedules=wishes) as h:
        async with asyncio.timeout(15):
            while (await job(h, "trial_late"))["next_run"] is None:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        sooner, never, odd, late = [await job(h, f"trial_{name}") for name in ("sooner", "never", "odd", "late")]
        assert (sooner["schedule"], sooner["next_run"]) == ("interval minutes=1", "2026-11-20T10:32:00-05:00")
        assert (never["schedule"], never["state"], never["next_run"]) == ("off", "off", None)
        assert (odd["schedule"], odd["next_run"]) == ("interval minutes=5", "2026-11-20T10:36:00-05:00")
        assert (late["schedule"], late["next_run"]) == ("interval minutes=5", "2026-11-20T10:36:00-05:00")
        problems = "\n".join((await h.call("get_status")).data["problems"])
        assert "the schedule of job trial_odd, 'every day', is not usable: a schedule is one of interval" in problems
        assert "the schedule of job trial_late, 'cron hour=nine', is not usable: " in problems
        assert problems.count('Write it like "interval minutes=10", or "off"') == 2
        assert "schedules names trial_gone, which is no job. Correct the name or leave it out; list_jobs" in problems
        assert "sooner" not in problems
        assert "never" not in problems
        assert (await h.call("control_job", name="trial_never", action="run")).data["said"] == "trial_never ran"
        resumed = (await h.call("control_job", name="trial_never", action="resume")).data["said"]
        assert "its schedule is off" in resumed
        assert "runs again" not in resumed


async def test_the_authors_bad_schedule_costs_that_job() -> None:
    def register(host: Host) -> None:
        @host.job("cron", hour="nine")
        async def bad() -> None: ...

        @host.job("interval", minutes=5)
        async def work() -> None: ...

    async with bare(register, serving=True) as h:
        await scheduled(h)
        assert "is not usable" in (await job(h, "trial_bad"))["why"]
        assert (await job(h, "trial_bad"))["next_run"] is None


async def fail() -> None:
    raise ValueError("no")


async def test_a_job_that_keeps_failing_is_told_once_until_it_recovers() -> None:
    bench = Bench()
    async with bare(bench, serving=True) as h:

        async def run() -> None:
            with suppress(ToolError):
                await h.call("control_job", name="trial_work", action="run")

        bench.does = fail
        for _ in range(2):
            await run()
        assert (await job(h))["failures_in_a_row"] == 2
        for _ in range(3):
            await run()
        await until(lambda: h.notes)
        bench.does = bench._nothing
        await run()
        line = await job(h)
        assert (line["failures_in_a_row"], line["last_outcome"], line["why"]) == (0, "ok", None)
        bench.does = fail
        for _ in range(4):
            await run()
        await until(lambda: len(h.notes) == 2)
        for note in h.notes:
            assert (note.kind, note.title) == ("error", "Job trial_work keeps failing")
            assert note.body.startswith("3 times in a row: something unexpected went wrong in job trial_work")
        line = await job(h)
        assert line["why"].startswith("something unexpected")


async def leave() -> None:
    sys.exit(3)


async def interrupt() -> None:
    raise KeyboardInterrupt


async def cancel() -> None:
    raise asyncio.CancelledError


async def cancel_itself() -> None:
    task = asyncio.current_task()
    assert task
    task.cancel()
    await asyncio.sleep(1)


@pytest.mark.parametrize(
    ("does", "said"),
    [(leave, "tried to end the server"), (interrupt, "tried to end the server"), (cancel, "cancelled itself"),
     (cancel_itself, "cancelled itself")],
)  # fmt: skip
async def test_a_rude_job_costs_itself(does: Work, said: str) -> None:
    bench = Bench()
    bench.does = does
    async with bare(bench, serving=True) as h:
        await scheduled(h)
        with pytest.raises(ToolError, match=f"^PLUGIN: job trial_work failed: {said}[^:]*$"):
            await h.call("control_job", name="trial_work", action="run")
        pass_time(h, minutes=5)
        await until(lambda: bench.runs == 2)
        bench.does = bench._nothing
        await ran(h, "failed")
        pass_time(h, minutes=5)
        await ran(h)
        assert "pong" in (await h.call("ping")).text


async def test_a_job_that_will_not_stop_does_not_keep_the_server() -> None:
    bench, go = Bench(), asyncio.Event()

    async def stubborn() -> None:
        while not go.is_set():
            with suppress(asyncio.CancelledError):
                await go.wait()

    bench.does = stubborn
    async with bare(bench, serving=True) as h:
        await h.app.scheduler.control("trial_work", "run", patience=0.01)
        async with asyncio.timeout(1.5):
            await h.app.quiet()
            await h.app.quiet()
    go.set()


async def test_a_clock_put_forward_runs_what_was_passed_over_once() -> None:
    bench = Bench(minutes=5)
    async with bare(bench, serving=True) as h:
        await scheduled(h)
        pass_time(h, hours=30)
        line = await ran(h)
        assert bench.runs == 1
        assert line["next_run"] == "2026-11-21T16:36:00-05:00"


async def test_a_clock_put_back_does_not_silence_the_jobs() -> None:
    bench = Bench(minutes=5)
    async with bare(bench, serving=True) as h:
        await scheduled(h)
        h.clock.set(datetime(2026, 11, 18, 10, 31, tzinfo=NEW_YORK))
        h.app.scheduler.look()
        async with asyncio.timeout(15):
            while (await job(h))["next_run"] != "2026-11-18T10:36:00-05:00":  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        assert bench.runs == 0
        pass_time(h, minutes=5)
        await until(lambda: bench.runs == 1)


async def test_jobs_run_without_a_database(tmp_path: Path) -> None:
    (tmp_path / "demo" / "ttai.db").mkdir(parents=True)
    bench = Bench(minutes=5)
    async with bare(bench, serving=True, data_dir=tmp_path) as h:
        await scheduled(h)
        pass_time(h, minutes=5)
        line = await ran(h)
        assert bench.runs == 1
        assert line["last_run"] == "2026-11-20T10:36:00-05:00"
        with pytest.raises(ToolError, match=r"^DATABASE: "):
            await h.call("control_job", name="trial_work", action="pause")
        assert (await job(h))["state"] == "scheduled"
        bench.does = fail
        for _ in range(4):
            with suppress(ToolError):
                await h.call("control_job", name="trial_work", action="run")
        assert [note.title for note in h.notes] == ["Job trial_work keeps failing"]
