"""Work that outlives the call that began it: watched, cancelled and fetched by its id, from every process."""

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from secrets import token_hex
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from fastmcp.exceptions import ToolError
from pydantic_core import to_json

from ttai.answers import Rendered, render
from ttai.background.errors import NoSuchTask
from ttai.clock import Clock
from ttai.errors import TtaiError
from ttai.isolation import contained, end
from ttai.warm import warm

if TYPE_CHECKING:
    from ttai.storage.database import Store
    from ttai.storage.tables import TaskRow

CLOSING = 0.4  # s for all of them to be cancelled
PULSE = 5.0  # s between two signs of life while tasks run
LOST = timedelta(seconds=60)  # without a sign of life: its process is gone
KEPT = timedelta(days=7)

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TaskState:
    """A task as it stands: running, done, failed, cancelled, or lost with its process. `progress` is 0–1."""

    id: str
    name: str
    state: str
    progress: float | None
    message: str | None
    started_at: datetime
    finished_at: datetime | None
    text: str | None = None
    result: dict[str, Any] | None = None
    error: str | None = None


class Progress:
    """What a task's work reports with; it is written down with the next sign of life."""

    def __init__(self) -> None:
        self.share: float | None = None
        self.message: str | None = None

    def __call__(self, share: float | None = None, message: str | None = None) -> None:
        """How far it is, 0–1, and what it is doing."""
        self.share = None if share is None else min(1.0, max(0.0, share))
        self.message = message or self.message


@dataclass
class _Running:
    task: "asyncio.Task[None]"
    progress: Progress


class Tasks:
    """Starts work in the background and keeps what became of it for a week."""

    def __init__(self, clock: Clock, store: "Store") -> None:
        self._clock = clock
        self._store = store
        self._running: dict[str, _Running] = {}
        self._pulse: asyncio.Task[None] | None = None

    async def start(self, name: str, work: Callable[[Progress], Awaitable[object]]) -> str:
        """Begin; the task's id. What `work` returns is kept as a tool's answer would be."""
        identity = token_hex(6)
        rows, sql = await warm("ttai.storage.tables"), await warm("sqlmodel")
        now = self._clock.now()
        async with self._store.write() as session:
            await session.exec(sql.delete(rows.TaskRow).where(sql.col(rows.TaskRow.started_at) < now - KEPT))
            session.add(rows.TaskRow(id=identity, name=name, owner=os.getpid(), started_at=now, seen_at=now))
        progress = Progress()
        # In a context of its own: the deadline of the call that began it is not the task's.
        task = asyncio.create_task(self._work(identity, name, work, progress), name=f"task {name}", context=Context())
        self._running[identity] = _Running(task, progress)
        task.add_done_callback(lambda _: self._running.pop(identity, None))
        await asyncio.sleep(0)  # it has begun: cancelled before, it would have nothing to write down
        if self._pulse is None or self._pulse.done():
            self._pulse = asyncio.create_task(self._beat(), name="tasks' pulse", context=Context())
        return identity

    async def get(self, identity: str) -> TaskState:
        """A task as it stands; NoSuchTask where there is none of that id."""
        async with self._store.read() as session:
            row = await session.get((await warm("ttai.storage.tables")).TaskRow, identity)
        if row is None:
            raise NoSuchTask(identity)
        state = _state(row, self._clock.now())
        if (running := self._running.get(identity)) and state.finished_at is None:
            shown = running.progress
            return replace(state, state="running", error=None, progress=shown.share, message=shown.message)
        return state

    async def list(self, limit: int = 20) -> list[TaskState]:
        """The newest first."""
        table, sql = (await warm("ttai.storage.tables")).TaskRow, await warm("sqlmodel")
        query = sql.select(table).order_by(sql.col(table.started_at).desc()).limit(limit)
        async with self._store.read() as session:
            return [_state(row, self._clock.now()) for row in await session.exec(query)]

    async def cancel(self, identity: str) -> TaskState:
        """Ask it to stop, wherever it runs; as it stands then."""
        if running := self._running.get(identity):
            running.task.cancel()
            await asyncio.wait({running.task}, timeout=5)
            return await self.get(identity)
        state = await self.get(identity)
        if state.state == "running":
            await self._change(identity, cancel_asked=True)
        return state

    async def compute(self, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `fn` returns, worked out in a thread: for whatever computes longer than 20 ms."""
        return await asyncio.to_thread(fn, *args, **kwargs)

    async def close(self) -> None:
        """Cancel what runs; it is written down as cancelled."""
        tasks = [running.task for running in self._running.values()]
        if self._pulse is not None:
            tasks.append(self._pulse)
        await end(tasks, CLOSING)

    async def _work(
        self, identity: str, name: str, work: Callable[[Progress], Awaitable[object]], progress: Progress
    ) -> None:
        changes: dict[str, Any] = {"state": "failed"}
        try:
            answer = await contained(lambda: _rendered(work, progress), f"task {name}")
            changes = {"state": "done", "text": answer.text, "result": to_json(answer.structured).decode()}
        except ToolError as error:
            changes["error"] = str(error)
        except asyncio.CancelledError:
            changes = {"state": "cancelled"}
        try:
            shown = {"progress": progress.share, "message": progress.message}
            await self._change(identity, finished_at=self._clock.now(), **shown, **changes)
        except TtaiError as error:
            _log.warning("what became of task %s is not kept: %s", name, error)

    async def _beat(self) -> None:
        """While tasks run: show that they do, and stop those that somebody cancelled from elsewhere."""
        while self._running:
            await asyncio.sleep(PULSE)
            for identity, running in list(self._running.items()):
                try:
                    row = await self._change(
                        identity,
                        seen_at=self._clock.now(),
                        progress=running.progress.share,
                        message=running.progress.message,
                    )
                except TtaiError as error:
                    _log.debug("no sign of life of task %s: %s", identity, error)
                    continue
                if row.cancel_asked:
                    running.task.cancel()

    async def _change(self, identity: str, **changes: Any) -> "TaskRow":
        kind = (await warm("ttai.storage.tables")).TaskRow
        async with self._store.write() as session:
            row = await session.get(kind, identity)
            if row is None:
                raise NoSuchTask(identity)
            for name, value in changes.items():
                setattr(row, name, value)
            session.add(row)
        found: TaskRow = row
        return found


def _state(row: "TaskRow", now: datetime) -> TaskState:
    lost = row.state == "running" and now - row.seen_at > LOST
    return TaskState(
        id=row.id,
        name=row.name,
        state="lost" if lost else row.state,
        progress=row.progress,
        message=row.message,
        started_at=row.started_at,
        finished_at=row.finished_at,
        text=row.text,
        result=json.loads(row.result) if row.result else None,
        error="its process ended before it was done; start it again" if lost else row.error,
    )


async def _rendered(work: Callable[[Progress], Awaitable[object]], progress: Progress) -> Rendered:
    return render(await work(progress))
