"""The jobs of all plugins, run in one process of a data dir; how each has been doing is kept."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from fastmcp.exceptions import ToolError

from ttai.background.errors import JobBusy, JobFailed, JobSkipped
from ttai.background.jobs import OFF, Job, Schedule
from ttai.background.records import Records
from ttai.clock import Clock
from ttai.errors import NotFound, TtaiError
from ttai.isolation import contained, end
from ttai.quant.calendar import Calendar
from ttai.warm import warm

if TYPE_CHECKING:
    from ttai.background.leader import Leader
    from ttai.background.triggers import Plan
    from ttai.storage.database import Store

LONGEST = 600.0  # s a run may take
TELL_AFTER = 3  # failures in a row
BEAT = 20.0  # s between two looks at the clock: it may jump, the machine may sleep
BACK = timedelta(minutes=1)  # a clock that is put back by more makes new plans
STALE = 60.0  # s past LONGEST until a run that was never ended counts as over
STOPPING = 0.3  # s a job may take to be cancelled
Action = Literal["run", "pause", "resume"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobState:
    """One job as it stands; `why` says why it does not run, or how it went wrong."""

    name: str
    plugin: str
    schedule: str
    state: str
    next_run: datetime | None = None
    last_run: datetime | None = None
    last_outcome: str | None = None
    failures: int = 0
    why: str | None = None


class Scheduler:
    """Runs what is due while this process leads; lists and controls from any."""

    def __init__(
        self,
        clock: Clock,
        store: "Store",
        calendar: Callable[[Job], Awaitable[Calendar | None]],
        obstacle: Callable[[Job], Awaitable[str | None]],
        tell: Callable[[str, str], Awaitable[object]],
        schedules: Mapping[str, str] | None = None,
    ) -> None:
        """`obstacle` says why a job can't run just now; `schedules` are the user's own, by job name."""
        self._clock = clock
        self._records = Records(store)
        self._calendar = calendar
        self._obstacle = obstacle
        self._tell = tell
        self._wishes = dict(schedules or {})
        self._jobs: dict[str, Job] = {}
        self._schedules: dict[str, Schedule | None] = {}
        self._plans: dict[str, Plan] | None = None
        self._owed: set[str] = set()  # missed, and not caught up yet
        self._running: dict[str, asyncio.Task[TtaiError | None]] = {}
        self._skipped: dict[str, str] = {}
        self._nudge = asyncio.Event()
        self._problems: dict[str, str] = {}

    def add(self, job: Job) -> None:
        """Take a job in, under the user's schedule where there is one."""
        self._jobs[job.name] = job
        self._schedules[job.name] = job.schedule
        if (wish := self._wishes.get(job.name)) is not None:
            try:
                self._schedules[job.name] = Schedule.read(wish)
            except ValueError as error:
                self._problems[job.name] = _unusable(job.name, wish, error)

    @property
    def jobs(self) -> Mapping[str, Job]:
        """Every job by name."""
        return self._jobs

    @property
    def problems(self) -> list[str]:
        """What is wrong with schedules, one sentence each."""
        strangers = sorted(self._wishes.keys() - self._jobs.keys())
        unknown = (
            f"schedules names {name}, which is no job. Correct the name or leave it out; list_jobs names the jobs"
            for name in strangers
        )
        return [*self._problems.values(), *unknown]

    async def run(self, leader: "Leader") -> None:
        """Once the jobs are this process's: catch up, then run what is due, until cancelled."""
        await leader.wait()
        looked = self._clock.now()
        self._plans = await self._plan()
        try:
            async with asyncio.TaskGroup() as group:
                for name in await self._missed(self._plans):
                    group.create_task(self._catch_up(name))
                while True:
                    now = self._clock.now()
                    if now < looked - BACK:
                        self._plans = await self._plan()
                    looked = now
                    late = await self._plan(self._jobs.keys() - self._plans.keys())
                    self._plans |= late
                    for name in await self._missed(late):
                        group.create_task(self._catch_up(name))
                    for name in [name for name, plan in self._plans.items() if plan.take(now)]:
                        self._owed.discard(name)
                        group.create_task(self._due(name))
                    await self._sleep()
        finally:
            self._plans = None

    def look(self) -> None:
        """Look at the clock now: it was put forward or back."""
        self._nudge.set()

    async def control(self, name: str, action: Action, patience: float = 20.0) -> str:
        """Run a job now, or pause or resume it for good; a sentence about how it went."""
        job = self._jobs.get(name)
        if job is None:
            raise NotFound(f"there is no job {name}", f"There are {', '.join(sorted(self._jobs)) or 'none'}")
        if action != "run":
            await self._records.write(name, paused=action == "pause")
            if action == "pause":
                return f"{name} is paused; resume it with action=resume"
            off = f"{name} is not paused, but its schedule is off: give it one under schedules, or use action=run"
            return f"{name} runs again" if self._schedules[name] else off
        if why := await self._why_not(job):
            raise JobSkipped(name, why)
        task = self._begin(job)
        done, _ = await asyncio.wait({task}, timeout=patience)
        if not done:
            return f"{name} is still running; list_jobs tells how it went"
        if error := task.result():
            raise error
        return f"{name} ran"

    async def list(self) -> list[JobState]:
        """Every job as it stands, by name."""
        return [await self._state(self._jobs[name]) for name in sorted(self._jobs)]

    async def stop(self) -> None:
        """Cancel what runs; what does not let itself be cancelled is left behind."""
        running = dict(self._running)
        self._running.clear()
        await end(running.values(), STOPPING)
        if running:
            with suppress(TimeoutError):
                async with asyncio.timeout(STOPPING):
                    for name in running:
                        await self._records.release(name)  # another process may run it from now on

    async def _state(self, job: Job) -> JobState:
        here = job.name in self._running  # looked at first: what has ended by then is in the record
        record = await self._records.read(job.name)
        schedule = self._schedules[job.name]
        following = self._plans[job.name].next if self._plans and job.name in self._plans else None
        state = "not run here" if self._plans is None else "scheduled" if following else "not scheduled"
        state = "off" if schedule is None else "paused" if record.paused else state
        running = here or self._records.is_elsewhere(record, self._clock.now(), _too_long())
        return JobState(
            name=job.name,
            plugin=job.plugin,
            schedule=str(schedule or OFF),
            state="running" if running else state,
            next_run=None if record.paused else following,
            last_run=record.last_run if record.last_outcome else None,
            last_outcome=record.last_outcome,
            failures=record.failures,
            why=self._problems.get(job.name) or self._skipped.get(job.name) or record.last_error,
        )

    async def _plan(self, names: Iterable[str] | None = None) -> "dict[str, Plan]":
        """The plans of these jobs (all), as far as they have one."""
        plans = {name: await self._plan_of(name) for name in (self._jobs if names is None else names)}
        return {name: plan for name, plan in plans.items() if plan is not None}

    async def _plan_of(self, name: str) -> "Plan | None":
        """When a job runs; by its own schedule where the user's can't be used. None while nobody can know."""
        job, schedule, own = self._jobs[name], self._schedules[name], self._jobs[name].schedule
        if schedule is None:
            return None
        plan: type[Plan] = (await warm("ttai.background.triggers")).Plan
        calendar = await self._calendar(job) if schedule.kind == "session" else None
        if schedule.kind == "session" and calendar is None:
            self._skipped[name] = await self._why_not(job) or "not planned yet"
            return None
        self._skipped.pop(name, None)
        try:
            return plan(schedule, calendar, self._clock.now())
        except (ValueError, TypeError) as error:
            self._problems[name] = _unusable(name, str(schedule), error)
        self._schedules[name] = None if schedule is own else own
        return await self._plan_of(name)

    async def _missed(self, plans: "Mapping[str, Plan]") -> set[str]:
        """Those that were due while nobody was there to run them; one never seen before is due from now on."""
        for name, plan in plans.items():
            last = (await self._records.read(name)).last_run
            if last is None:
                await self._records.keep(name, last_run=self._clock.now())
            elif plan.missed(last, self._clock.now()):
                self._owed.add(name)
        return self._owed & plans.keys()

    async def _sleep(self) -> None:
        """Until the next run or the next look at the clock."""
        now = self._clock.now()
        ahead = [(plan.next - now).total_seconds() for plan in (self._plans or {}).values() if plan.next]
        self._nudge.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(min([BEAT, *(max(0.0, seconds) for seconds in ahead)])):
                await self._nudge.wait()

    async def _catch_up(self, name: str) -> None:
        """Run what was missed, once: when nothing speaks against it, unless its own time comes before that."""
        pause = 0.1
        while name in self._owed and not await self._due(name):
            await asyncio.sleep(pause)
            pause = min(2 * pause, BEAT)
        self._owed.discard(name)

    async def _due(self, name: str) -> bool:
        """Run a job at its time; False where something speaks against it."""
        job = self._jobs[name]
        if why := await self._why_not(job):
            if self._skipped.get(name) != why:
                _log.info("job %s is skipped: %s", name, why)
            self._skipped[name] = why
            return False
        self._skipped.pop(name, None)
        if not (await self._records.read(name)).paused and name not in self._running:
            self._begin(job)
        return True

    async def _why_not(self, job: Job) -> str | None:
        """What speaks against a run just now."""
        try:
            return await contained(lambda: self._obstacle(job), f"what job {job.name} needs")
        except ToolError as error:
            return str(error)

    def _begin(self, job: Job) -> "asyncio.Task[TtaiError | None]":
        """Start a run; the deadline of the call that asked for it is not the run's."""
        if job.name in self._running:
            raise JobBusy(job.name)
        task = asyncio.create_task(self._run(job), name=f"job {job.name}", context=Context())
        self._running[job.name] = task
        task.add_done_callback(lambda _: self._running.pop(job.name, None))
        return task

    async def _run(self, job: Job) -> TtaiError | None:
        """Run it and keep how it went; what went wrong, None where nothing did."""
        began = self._clock.now()
        if not await self._records.claim(job.name, began, _too_long()):
            _log.info("job %s is skipped: another process runs it", job.name)
            return JobBusy(job.name)
        error = await self._attempt(job)
        why = f"{error.why} {error.hint}" if error else None
        failures = (await self._records.read(job.name)).failures + 1 if error else 0
        await self._records.release(
            job.name,
            last_run=began,
            last_outcome="failed" if error else "ok",
            last_error=why,
            failures=failures,
            told=await self._complain(job.name, failures, why),
        )
        return error

    async def _attempt(self, job: Job) -> JobFailed | None:
        error: JobFailed | None = None
        try:
            async with asyncio.timeout(LONGEST):
                await contained(job.fn, f"job {job.name}")
        except TimeoutError:
            error = JobFailed(job.name, f"took longer than {LONGEST:g} s")
        except TtaiError as failure:
            error = JobFailed(job.name, failure.message.removeprefix(f"job {job.name} "), failure.hint)
        except ToolError as failure:
            error = JobFailed(job.name, str(failure))
        if error:
            _log.warning("%s", error.message)
        else:
            _log.info("job %s: ok", job.name)
        return error

    async def _complain(self, name: str, failures: int, error: str | None) -> bool:
        """Tell the user, once, of a job that keeps failing; whether they know."""
        if failures < TELL_AFTER:
            return False
        if not (await self._records.read(name)).told:
            await self._tell(f"Job {name} keeps failing", f"{failures} times in a row: {error}")
        return True


def _too_long() -> timedelta:
    """After which a run that was never ended counts as over."""
    return timedelta(seconds=LONGEST + STALE)


def _unusable(name: str, schedule: str, error: Exception) -> str:
    said = f"the schedule of job {name}, {schedule!r}, is not usable: {error}"
    return f'{said}. Write it like "interval minutes=10", or "off"'
