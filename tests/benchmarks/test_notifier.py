"""How long the log takes for a thousand notifications that wait."""

import asyncio
import time
from pathlib import Path

import pytest

from ttai.background.channels import LogChannel
from ttai.background.notifier import Notifier
from ttai.clock import Clock
from ttai.storage.database import Database

pytestmark = pytest.mark.bench
MUST = 1.0  # s


async def test_a_thousand_notifications_to_the_log(tmp_path: Path) -> None:
    database = Database(tmp_path, Clock())
    store = database.of("core")
    silent = Notifier(Clock(), store)
    async with store.write() as session:
        for number in range(1000):
            await silent.send(f"alert {number}", "a body", session=session)
    notifier = Notifier(Clock(), store, [LogChannel()])
    began = time.perf_counter()
    running = asyncio.create_task(notifier.run())
    while await notifier.newest("new", 1):  # noqa: ASYNC110 - seen through the table
        await asyncio.sleep(0.005)
    spent = time.perf_counter() - began
    running.cancel()
    await asyncio.wait({running})
    await database.close()
    print(f"\n1,000 notifications to the log: {spent:.2f} s (must: {MUST})")
    assert spent <= MUST
