"""The core's own tables, and a time stamp for everybody's.

Imports SQLAlchemy: only through `await warm("ttai.storage.tables")`.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware going in, aware in UTC coming out; `Field(sa_type=UtcDateTime)`."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone; take the moment from host.clock.now()")
        return value.astimezone(UTC).replace(tzinfo=None)  # the column sorts as text

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.replace(tzinfo=UTC)


class JobRow(SQLModel, table=True):
    """How a job has been doing, whichever process runs it."""

    __tablename__ = "core_job"

    name: str = Field(primary_key=True)
    last_run: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_outcome: str | None = None
    last_error: str | None = None
    failures: int = 0  # in a row
    told: bool = False  # the user knows that it fails
    paused: bool = False
    running_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    running_owner: str | None = None  # the process it runs in


class TaskRow(SQLModel, table=True):
    """Work that outlives the call that began it: seen and cancelled from every process."""

    __tablename__ = "core_task"

    id: str = Field(primary_key=True)
    name: str
    owner: int  # the process it runs in
    state: str = "running"  # running, done, failed, cancelled
    progress: float | None = None
    message: str | None = None
    text: str | None = None
    result: str | None = None  # JSON
    error: str | None = None
    started_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)  # the owner's last sign of life
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    cancel_asked: bool = False


class NotificationRow(SQLModel, table=True):
    """A notification, until it is delivered and for the list after that."""

    __tablename__ = "core_notification"
    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(unique=True)
    notification_type: str
    title: str
    body: str
    data: str = "{}"  # JSON
    created_at: datetime = Field(sa_type=UtcDateTime)
    shown_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # by a sidecar
    logged_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class HistoryRow(SQLModel, table=True):
    """From when to before when (ms since the epoch) the daily bars of a symbol are kept, as its origin told them."""

    __tablename__ = "core_history"

    origin: str = Field(primary_key=True)
    symbol: str = Field(primary_key=True)
    since: int
    until: int
    simulated: bool  # by `ttai simulate` or the demo


class BarRow(SQLModel, table=True):
    """One day of a symbol; `time` is midnight UTC of its date, in ms since the epoch."""

    __tablename__ = "core_bar"

    origin: str = Field(primary_key=True)
    symbol: str = Field(primary_key=True)
    time: int = Field(primary_key=True)
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None


# What changed in each table since it first shipped, in order: `ttai.storage.ledger` says how.
STEPS: dict[str, list[Any]] = {}
