"""The book and the balances as resources, and who subscribes to them."""

import asyncio
import json
from typing import Any

import pytest
from mcp.types import TextResourceContents
from pydantic_core import to_json

from tests.core.test_subscriptions import subscribed
from tests.desk import until
from tests.plugins.portfolio.test_accounts import ALL, TRADING
from ttai.answers import rows
from ttai.testing import Era, Harness, harness

POSITIONS, BALANCES = "portfolio://positions", "portfolio://balances"


async def read(h: Harness, uri: str) -> dict[str, Any]:
    (content,) = await h.client.read_resource(uri)
    assert isinstance(content, TextResourceContents)
    found: dict[str, Any] = json.loads(content.text)
    return found


async def test_both_are_listed(demo: Harness) -> None:
    listed = {str(one.uri): one for one in await demo.client.list_resources()}
    assert listed[POSITIONS].description == "What is held in all accounts, line by line."
    assert listed[BALANCES].description == "The balances of all accounts."


async def test_the_positions_are_those_of_the_tool_all_of_them(demo: Harness) -> None:
    found = await read(demo, POSITIONS)
    told = await demo.call("get_positions", group_by="none", limit=120)
    assert rows(found, "lines") == told.rows("lines")
    assert len(rows(found, "lines")) == 60
    assert found["value"] == told.data["value"]
    assert len(to_json(found)) < 60 * 1024


async def test_the_balances_are_those_of_the_tool(demo: Harness) -> None:
    found = await read(demo, BALANCES)
    assert rows(found, "balances") == (await demo.call("get_balances")).rows("balances")
    assert [row["account"] for row in rows(found, "balances")] == ALL


@pytest.mark.parametrize("uri", [POSITIONS, BALANCES])
@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_who_subscribes_is_told_of_a_trade(era: Era, uri: str) -> None:
    async with harness() as h, subscribed(h.app.mcp, era, uri) as ear:
        await until(lambda: h.app.broker.watch.live)
        assert await ear.next() == uri  # something may have been missed before
        before = await read(h, BALANCES)
        h.simulator.trade(TRADING, "SPY", -100)
        assert await ear.next() == uri
        after = await read(h, BALANCES)
        cash = [rows(one, "balances")[0]["cash_balance"] for one in (before, after)]
        assert cash[1] - cash[0] > 60_000  # what was remembered is not told any more
        assert rows(after, "balances")[1:] == rows(before, "balances")[1:]


async def test_when_the_last_subscriber_leaves_nobody_listens_to_the_broker() -> None:
    async with harness() as h:
        async with subscribed(h.app.mcp, "auto", BALANCES):
            await until(lambda: h.app.broker.watch.live)
        await until(lambda: not h.app.broker.watch.live)
        await until(lambda: "account socket" not in {task.get_name() for task in asyncio.all_tasks()})
