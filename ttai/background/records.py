"""How each job has been doing: kept in the database, remembered while there is none."""

import logging
import os
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from ttai.errors import TtaiError
from ttai.presence import is_alive
from ttai.warm import warm

if TYPE_CHECKING:
    from ttai.storage.database import Store
    from ttai.storage.tables import JobRow

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Record:
    """What is kept of a job; `last_run` without an outcome is the moment it was first seen."""

    last_run: datetime | None = None
    last_outcome: str | None = None
    last_error: str | None = None
    failures: int = 0  # in a row
    told: bool = False  # the user knows that it fails
    paused: bool = False
    running_since: datetime | None = None
    running_owner: str | None = None


class Records:
    """The records of all jobs, shared by the processes of a data dir."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._unsaved: dict[str, dict[str, Any]] = {}
        self._me = f"{os.getpid()}-{token_hex(4)}"

    async def read(self, name: str) -> Record:
        """What is known of a job; what could not be written down counts as well."""
        record = Record()
        with suppress(TtaiError):
            async with self._store.read() as session:
                row = await session.get((await warm("ttai.storage.tables")).JobRow, name)
            if row is not None:
                record = _record(row)
        return replace(record, **self._unsaved.get(name, {}))

    async def claim(self, name: str, now: datetime, longest: timedelta) -> bool:
        """Take a run for this process, unless another is at it; while there is no database nobody can tell."""
        try:
            async with self._store.write() as session:
                kind = (await warm("ttai.storage.tables")).JobRow
                row = await session.get(kind, name) or kind(name=name)
                if self.is_elsewhere(_record(row), now, longest):
                    return False
                row.running_since, row.running_owner = now, self._me
                session.add(row)
        except TtaiError as error:
            _log.warning("whether another process runs job %s is not known: %s", name, error)
        return True

    def is_elsewhere(self, record: Record, now: datetime, longest: timedelta) -> bool:
        """Whether another process runs it: one that was killed, or has been at it for `longest`, does not."""
        since, owner = record.running_since, record.running_owner
        if since is None or owner is None or owner == self._me:
            return False
        return abs(now - since) < longest and not _is_gone(owner)

    async def release(self, name: str, **changes: Any) -> None:
        """Give a run back and write down how it went; while there is no database, remember it."""
        await self.keep(name, running_since=None, running_owner=None, **changes)

    async def keep(self, name: str, **changes: Any) -> None:
        """Write down how a job went; while there is no database, remember it."""
        try:
            await self.write(name, **changes)
        except TtaiError as error:
            self._unsaved[name] = {**self._unsaved.get(name, {}), **changes}
            _log.warning("how job %s went is not kept: %s", name, error)

    async def write(self, name: str, **changes: Any) -> None:
        """Write changes down, with what could not be written before; raises what the database is short of."""
        changes = {**self._unsaved.get(name, {}), **changes}
        async with self._store.write() as session:
            kind = (await warm("ttai.storage.tables")).JobRow
            row = await session.get(kind, name) or kind(name=name)
            others = row.running_owner not in {None, self._me}
            for key, value in changes.items():
                if not (others and key.startswith("running_")):  # our release comes late: the run is another's by now
                    setattr(row, key, value)
            session.add(row)
        self._unsaved.pop(name, None)


def _record(row: "JobRow") -> Record:
    return Record(**{field.name: getattr(row, field.name) for field in fields(Record)})


def _is_gone(owner: str) -> bool:
    """Whether the process is known to be there no more."""
    pid = owner.partition("-")[0]
    return pid.isdecimal() and not is_alive(int(pid))
