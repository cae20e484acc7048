"""The connections of an open file, and what becomes of who still uses one when they end."""

import asyncio
import logging
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from ttai.storage.connections import Connections


@pytest.mark.parametrize("write", [True, False])
async def test_who_is_in_the_middle_of_something_at_the_end_is_not_left_waiting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, write: bool
) -> None:
    path = tmp_path / "ttai.db"
    sqlite3.connect(path).close()
    connections = Connections(path, patience=1.0)
    asked, go_on = threading.Event(), threading.Event()

    def pause() -> int:
        asked.set()
        return go_on.wait(10)

    async def user() -> None:
        async with connections.session(write=write) as session:
            connection = await session.connection()
            raw = await connection.get_raw_connection()
            assert raw.driver_connection is not None
            await raw.driver_connection.create_function("pause", 0, pause)
            await connection.execute(text("SELECT pause()"))

    using = asyncio.create_task(user())
    async with asyncio.timeout(10):
        assert await asyncio.to_thread(asked.wait, 5)
        await connections.close(0.01)
        using.cancel()
        await asyncio.sleep(0)  # who is cancelled lets go, before the thread is done
        go_on.set()
        await asyncio.wait({using})
    assert connections.gone
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
