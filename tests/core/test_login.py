"""The login that is kept up, on the simulated broker."""

import asyncio
from pathlib import Path

from tests.desk import HASTY, desk, until
from ttai.login.connection import Connection
from ttai.login.login import Login
from ttai.login.vault import Vault
from ttai.settings import CoreSettings
from ttai.testing import MemoryKeyring

ACCOUNTS = "/customers/me/accounts"


async def test_a_broker_that_was_away_at_the_start_is_asked_again(tmp_path: Path) -> None:
    settings, vault = CoreSettings(demo=True, data_dir=tmp_path), Vault(tmp_path, MemoryKeyring())
    async with desk({"kind": "status", "path": ACCOUNTS, "status": 503}, streaming=False, tries=HASTY) as d:
        connection = Connection(settings, d.clock, vault, d.simulator)
        login = Login(settings, connection, vault, d.cache, d.market, d.broker, again=0.01)
        keeping = asyncio.create_task(login.keep())
        await until(lambda: "HTTP 503" in login.said)
        assert not login.works
        d.simulator.faults.clear()
        await until(lambda: login.works)
        assert login.said == "logged in, 2 accounts"
        keeping.cancel()
        await asyncio.wait({keeping})
