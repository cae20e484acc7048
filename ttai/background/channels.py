"""The ways a notification reaches the user."""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from ttai.logs import Lane, redact

_log = logging.getLogger("ttai.notifications")


@dataclass(frozen=True)
class Note:
    """One notification; `kind` is its `notification_type`, `id` the same for every channel and repetition."""

    id: str
    kind: str
    title: str
    body: str
    timestamp: datetime
    data: Mapping[str, Any] = field(default_factory=dict)

    def message(self) -> dict[str, Any]:
        """What a desktop app or a webhook receives."""
        return {
            "type": "notification",
            "id": self.id,
            "notification_type": self.kind,
            "title": self.title,
            "body": self.body,
            "data": dict(self.data),
            "timestamp": self.timestamp.isoformat(),
        }


class Channel(Protocol):
    """One way out; every process with a `broadcast` one shows all, of the others one process sends each note."""

    name: str
    broadcast: bool

    async def deliver(self, notes: Sequence[Note]) -> None:
        """Returns once the notes are out, so never where nobody can read them any more."""
        ...


class TauriChannel:
    """One JSON object a line on stderr, for the desktop app that reads it."""

    name = "tauri"
    broadcast = True

    def __init__(self, stderr: Lane) -> None:
        self._stderr = stderr

    async def deliver(self, notes: Sequence[Note]) -> None:
        loop = asyncio.get_running_loop()
        written = loop.create_future()
        lines = "\n".join(redact(_line(note)) for note in notes)

        def out() -> None:
            loop.call_soon_threadsafe(_settle, written)

        self._stderr.keep(lines, out)
        await written


class LogChannel:
    """A line in the log."""

    name = "log"
    broadcast = False

    async def deliver(self, notes: Sequence[Note]) -> None:
        for note in notes:
            _log.warning("%s: %s. %s", note.kind, note.title, note.body)


def _line(note: Note) -> str:
    return json.dumps(note.message(), ensure_ascii=False, separators=(",", ":"))


def _settle(written: "asyncio.Future[None]") -> None:
    if not written.done():
        written.set_result(None)
