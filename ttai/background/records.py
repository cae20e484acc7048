"""How each job has been doing: kept in the database, remembered while there is none."""

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ttai.errors import TtaiError
from ttai.warm import warm

if TYPE_CHECKING:
    from ttai.storage.database import Store

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


class Records:
    """The records of all jobs, shared by the processes of a data dir."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._unsaved: dict[str, dict[str, Any]] = {}

    async def read(self, name: str) -> Record:
        """What is known of a job; what could not be written down counts as well."""
        record = Record()
        with suppress(TtaiError):
            async with self._store.read() as session:
                row = await session.get((await warm("ttai.storage.tables")).JobRow, name)
            if row is not None:
                record = Record(row.last_run, row.last_outcome, row.last_error, row.failures, row.told, row.paused)
        return replace(record, **self._unsaved.get(name, {}))

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
            for key, value in changes.items():
                setattr(row, key, value)
            session.add(row)
        self._unsaved.pop(name, None)
