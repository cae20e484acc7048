"""What a notification looks like on its way out."""

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from ttai.background.channels import LogChannel, Note, TauriChannel
from ttai.logs import Lane, conceal

NOTE = Note(
    "9f1c", "alert_triggered", "VIX is high", "VIX is at 31.2", datetime(2026, 11, 20, 15, 31, tzinfo=UTC),
    {"symbol": "VIX", "last": 31.2},
)  # fmt: skip
LINE = (
    '{"type":"notification","id":"9f1c","notification_type":"alert_triggered","title":"VIX is high",'
    '"body":"VIX is at 31.2","data":{"symbol":"VIX","last":31.2},"timestamp":"2026-11-20T15:31:00+00:00"}'
)


class Paper(Lane):
    """A lane that writes on paper, once told to."""

    def __init__(self) -> None:
        super().__init__("paper")
        self.texts: list[str] = []
        self.done: list[Callable[[], None]] = []

    def keep(self, text: str, written: Callable[[], None]) -> None:
        self.texts.append(text)
        self.done.append(written)


async def deliver(*notes: Note) -> list[str]:
    paper = Paper()
    delivering = asyncio.create_task(TauriChannel(paper).deliver(notes))
    await asyncio.sleep(0)
    assert not delivering.done()  # not before it is out
    paper.done[0]()
    await asyncio.wait_for(delivering, 5)
    return paper.texts[0].split("\n")


async def test_the_desktop_app_reads_a_line_of_json() -> None:
    assert await deliver(NOTE) == [LINE]


async def test_every_note_is_a_line_whatever_is_in_it() -> None:
    odd = Note("1", "info", "two\nlines", 'a "quote", ein Ü, 漲', NOTE.timestamp)
    first, second = await deliver(odd, NOTE)
    assert json.loads(first)["title"] == "two\nlines"
    assert json.loads(first)["body"] == 'a "quote", ein Ü, 漲'
    assert second == LINE


async def test_secrets_do_not_leave_and_the_line_stays_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ttai.logs._secrets", ())
    conceal("hunter2hunter2")
    (line,) = await deliver(Note("1", "info", "x", "it is hunter2hunter2", NOTE.timestamp, {"token": "abcdefghijk"}))
    assert json.loads(line)["body"] == "it is [hidden]"
    assert "abcdefghijk" not in line


async def test_a_reader_that_left_does_not_hurt() -> None:
    paper = Paper()
    delivering = asyncio.create_task(TauriChannel(paper).deliver([NOTE]))
    await asyncio.sleep(0)
    delivering.cancel()
    await asyncio.wait({delivering})
    paper.done[0]()
    await asyncio.sleep(0)


async def test_the_log_has_a_line_a_note(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "ttai.notifications"):
        await LogChannel().deliver([NOTE, NOTE])
    assert [record.getMessage() for record in caplog.records] == ["alert_triggered: VIX is high. VIX is at 31.2"] * 2
