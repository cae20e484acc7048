"""The core's tools for what goes on in the background: jobs, tasks, notifications."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from ttai.answers import Answer, Percent, cut
from ttai.background.leader import Leader
from ttai.builtin.common import CHANGE, READ, Done
from ttai.host import Host

MOST = 30


class JobLine(Answer):
    """One job."""

    name: str
    job_plugin: str
    schedule: str
    state: str
    next_run: datetime | None
    last_run: datetime | None
    last_outcome: str | None
    failures_in_a_row: int
    why: str | None


class Jobs(Answer):
    """Every job, and whether this process runs them."""

    run_in_this_process: bool
    jobs: list[JobLine]


class NotificationLine(Answer):
    """One notification."""

    at: datetime
    notification_type: str
    title: str
    body: str
    delivered: bool


class Notifications(Answer):
    """The newest first."""

    notifications: list[NotificationLine]


class Task(Answer):
    """A task as it stands, and its result once it is done."""

    id: str
    name: str
    state: str
    progress: Percent | None
    message: str | None
    started_at: datetime
    finished_at: datetime | None
    error: str | None
    result: dict[str, Any] | None


def declare(host: Host, leader: Leader) -> None:
    """These tools; `leader` knows whether the jobs run in this process."""

    @host.tool(annotations=READ)
    async def list_jobs() -> Jobs:
        """List the background jobs: schedule, next and last run, why one does not run.
        Use it when an alert or a briefing did not come."""
        states = await host.scheduler.list()
        return Jobs(
            run_in_this_process=leader.held,
            jobs=[
                JobLine(
                    name=state.name,
                    job_plugin=state.plugin,
                    schedule=state.schedule,
                    state=state.state,
                    next_run=state.next_run,
                    last_run=state.last_run,
                    last_outcome=state.last_outcome,
                    failures_in_a_row=state.failures,
                    why=state.why,
                )
                for state in states
            ],
        )

    @host.tool(annotations=CHANGE)
    async def control_job(
        name: Annotated[str, Field(description="As list_jobs tells it")], action: Literal["run", "pause", "resume"]
    ) -> Done:
        """Run a background job now, or pause or resume it for good.
        Use it when the user asks for a briefing or a check at once, or wants one to stop."""
        return Done(said=await host.scheduler.control(name, action))

    @host.tool(annotations=READ)
    async def list_notifications(
        status: Annotated[
            Literal["all", "new", "delivered"], Field(description="new: nobody has shown it yet")
        ] = "all",
        limit: Annotated[int, Field(ge=1, le=200)] = MOST,
    ) -> Notifications:
        """List what the user was told in the background: alerts, finished analyses, warnings.
        Use it when asked what happened, or whether an alert went off."""
        found = await host.notifier.newest(status, limit + 1)
        kept, note = cut(found, keep=limit, ask=f"limit={min(200, limit * 2)}", noun="notifications at least")
        return Notifications(
            notifications=[
                NotificationLine(
                    at=one.timestamp, notification_type=one.kind, title=one.title, body=one.body, delivered=delivered
                )
                for one, delivered in kept
            ],
            notes=[note] if note else [],
        )

    @host.tool(annotations=READ)
    async def get_task(id: Annotated[str, Field(description="As the tool that began it told")]) -> Task:  # noqa: A002
        """Tell how a long-running task is going, with its result once it is done.
        Use it with the id that a tool answered instead of a result."""
        return Task.model_validate(await host.tasks.get(id), from_attributes=True)

    @host.tool(annotations=CHANGE)
    async def cancel_task(id: Annotated[str, Field(description="As the tool that began it told")]) -> Task:  # noqa: A002
        """Stop a long-running task; what it has done so far may be lost.
        Use it when the user no longer wants the result."""
        return Task.model_validate(await host.tasks.cancel(id), from_attributes=True)
