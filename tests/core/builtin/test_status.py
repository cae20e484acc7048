"""The core's own tools."""

import json

import pytest
from mcp.types import TextResourceContents

from tests.desk import until
from ttai import Host, __version__
from ttai.app import App
from ttai.settings import Config, CoreSettings
from ttai.testing import Era, harness


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_ping_answers_with_version_and_time(mode: Era) -> None:
    async with harness(mode=mode) as h:
        assert (await h.call("ping")).data == {
            "reply": "pong",
            "version": __version__,
            "now": "2026-11-20T10:31:00-05:00",
        }


async def test_status_tells_how_the_server_is() -> None:
    def bad(host: Host) -> None:
        raise RuntimeError(host.name)

    async with harness(bad, name="vix", failing=True) as h:
        await until(lambda: h.app.market.hub.live)
        await h.call("get_quote", symbol="SPY")
        h.clock.advance(90)
        status = await h.call("get_status")
    assert status.data["version"] == __version__
    assert status.data["mode"].startswith("demo")
    assert status.data["broker"] == "simulator; logged in, 3 accounts"
    assert status.data["stream"] == "live"
    assert status.data["stream_symbols"] >= 1
    assert status.data["market_session"] == "open (simulated)"
    assert status.data["uptime_seconds"] == 90
    assert status.data["data_dir"].endswith("demo")
    assert [problem.split(":")[0] for problem in status.data["problems"]] == ["vix (trial 0)"]
    lines = {row["name"]: row for row in status.rows("plugins")}
    assert lines["core"]["plugin_state"] == lines["quotes"]["plugin_state"] == "ready"
    assert lines["vix"]["plugin_state"] == "failed"
    assert "RuntimeError: vix" in lines["vix"]["problem"]


async def test_the_resource_says_what_the_tool_says() -> None:
    async with harness() as h:
        (read,) = await h.client.read_resource("ttai://status")
        assert isinstance(read, TextResourceContents)
        assert json.loads(read.text).keys() == (await h.call("get_status")).data.keys()


async def test_without_credentials_it_says_how_to_log_in() -> None:
    app = App(CoreSettings(), Config({}))
    async with app.running():
        result = await app.mcp.call_tool("get_status")
    status = result.structured_content
    assert status is not None
    assert status["mode"] == "live"
    assert "TASTYTRADE_CLIENT_SECRET" in status["broker"]
    assert "--demo" in status["broker"]
