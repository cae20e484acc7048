"""The core's tools for jobs, tasks and notifications, as a model sees them; what is behind them has its own tests."""

import pytest
from fastmcp.exceptions import ToolError

from ttai.testing import Era, harness

READ = {"list_jobs", "list_notifications", "get_task"}
CHANGE = {"control_job", "cancel_task"}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_they_say_what_they_do(mode: Era) -> None:
    async with harness(mode=mode) as h:
        tools = {tool.name: tool for tool in await h.client.list_tools()}
        for name in READ | CHANGE:
            tool = tools[name]
            assert tool.annotations is not None
            assert tool.annotations.read_only_hint is (name in READ)
            assert len(tool.description or "") > 40
        with pytest.raises(ToolError, match=r"^VALIDATION: "):
            await h.call("control_job", name="x", action="stop")
        with pytest.raises(ToolError, match=r"^VALIDATION: "):
            await h.call("list_notifications", limit=0)


async def test_the_core_alone_has_nothing_to_tell() -> None:
    async with harness(plugins="core") as h:
        assert (await h.call("list_notifications", status="new")).rows("notifications") == []
        assert (await h.call("list_notifications", status="delivered")).rows("notifications") == []


async def test_they_say_when_there_is_no_database() -> None:
    async with harness() as h:
        (h.app.settings.home / "ttai.db").unlink(missing_ok=True)
        (h.app.settings.home / "ttai.db").mkdir(parents=True)
        for tool, arguments in (("list_notifications", {}), ("get_task", {"id": "x"}), ("cancel_task", {"id": "x"})):
            with pytest.raises(ToolError, match=r"^DATABASE: "):
                await h.call(tool, **arguments)
        assert "jobs" in (await h.call("list_jobs")).data  # without what is kept of them
