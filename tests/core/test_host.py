"""Host: what a plugin declares, and what it may not."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from fastmcp.exceptions import ToolError
from mcp import MCPError
from mcp.types import TextResourceContents

from tests.desk import bare
from ttai import Answer, BadArgument, Host, Price, Settings
from ttai.testing import Era, harness

ERAS: list[Era] = ["auto", "legacy"]


class Level(Answer):
    level: Price | None
    why: str = "measured"


class VixSettings(Settings):
    alarm: float = 30


def vix(host: Host) -> None:
    settings = host.settings(VixSettings)

    @host.tool(annotations={"readOnlyHint": True}, tags={"fear"}, title="The fear")
    async def level(factor: float = 1.0) -> Level:
        """Level of fear."""
        return Level(level=settings.alarm * factor)

    @host.tool
    async def plain() -> int:
        """Declared without options."""
        return 7

    @host.tool(name="renamed", output_schema={"type": "object"})
    async def written_otherwise() -> dict[str, int]:
        """Declared under another name."""
        return {"seven": (await plain())}

    @host.resource("vix://now")
    @host.resource("level://now")
    async def now() -> Level:
        return Level(level=21.5)

    @host.resource("note://{name*}")
    async def note(name: str) -> str:
        if name == "none":
            raise BadArgument("no such note", "Ask for another")
        return f"a note on {name}"

    @host.prompt
    async def briefing(symbol: str = "VIX") -> str:
        """A briefing."""
        return f"Brief me on {symbol}."

    @host.prompt(name="short", description="A shorter one.")
    async def other() -> str:
        return "Brief."


@pytest.mark.parametrize("mode", ERAS)
async def test_a_plugin_declares_tools_resources_and_prompts_under_its_name(mode: Era) -> None:
    async with harness(vix, name="vix", mode=mode) as h:
        tools = {tool.name: tool for tool in await h.client.list_tools()}
        assert {"vix_level", "vix_plain", "vix_renamed", "get_quote", "ping"} <= tools.keys()
        assert (await h.call("vix_level")).data == {"level": 30, "why": "measured"}
        assert (await h.call("vix_level", factor=2)).text == "level: 60.00\nwhy: measured"
        assert (await h.call("vix_plain")).data == {"result": 7}
        assert (await h.call("vix_renamed")).data == {"seven": 7}

        for uri in ("vix://now", "level://vix/now"):
            (read,) = await h.client.read_resource(uri)
            assert isinstance(read, TextResourceContents)
            assert json.loads(read.text) == {"level": 21.5, "why": "measured"}
            assert read.mime_type == "application/json"
        (read,) = await h.client.read_resource("note://vix/two/words")
        assert isinstance(read, TextResourceContents)
        assert read.text == "a note on two/words"

        assert {prompt.name for prompt in await h.client.list_prompts()} >= {"vix_briefing", "vix_short"}
        prompt = await h.client.get_prompt("vix_briefing", {"symbol": "SPY"})
        assert "Brief me on SPY." in str(prompt.messages[0].content)


async def test_options_are_fastmcps_and_the_plugins_name_is_a_tag() -> None:
    async with bare(vix, name="vix") as h:
        tools = {tool.name: tool for tool in await h.client.list_tools()}
        level = tools["vix_level"]
        assert level.title == "The fear"
        assert level.annotations is not None
        assert level.annotations.read_only_hint is True
        assert (level.meta or {})["fastmcp"]["tags"] == ["fear", "vix"]
        assert level.output_schema is None
        assert tools["vix_renamed"].output_schema is not None


async def test_what_is_decorated_stays_a_plain_function() -> None:
    calls: list[Callable[..., Any]] = []

    def register(host: Host) -> None:
        @host.tool
        async def one() -> int:
            """One."""
            return 1

        calls.append(one)

    async with bare(register):
        assert await calls[0]() == 1


async def test_what_ships_with_ttai_keeps_the_names_it_writes() -> None:
    async with harness() as h:
        names = {tool.name for tool in await h.client.list_tools()}
        assert {"ping", "get_status", "get_quote"} <= names
        assert "ttai://status" in {str(resource.uri) for resource in await h.client.list_resources()}


async def test_services_are_there() -> None:
    seen: list[Host] = []
    async with bare(seen.append, name="vix") as h:
        (host,) = seen
        assert host.name == "vix"
        assert host.log.name == "ttai.plugins.vix"
        assert host.clock is h.clock
        assert (await host.market.quote("SPY")).last is not None
        assert await host.broker.accounts()
        assert host.cache is h.app.cache


def _sync_tool(host: Host) -> None:
    @host.tool  # type: ignore[type-var]
    def level() -> int:
        return 1


def _sync_resource(host: Host) -> None:
    @host.resource("vix://now")  # type: ignore[type-var]
    def now() -> int:
        return 1


def _sync_prompt(host: Host) -> None:
    @host.prompt  # type: ignore[type-var]
    def brief() -> str:
        return ""


def _no_uri(host: Host) -> None:
    @host.resource("now")
    async def now() -> str:
        return ""


def _bare_resource(host: Host) -> None:
    @host.resource  # type: ignore[arg-type]
    async def now() -> str:
        return ""


def _foreign_name(host: Host) -> None:
    @host.tool
    async def größe() -> int:  # noqa: PLC2401
        return 1


def _long_name(host: Host) -> None:
    @host.prompt(name="x" * 80)
    async def brief() -> str:
        return ""


def _task(host: Host) -> None:
    @host.tool(task=True)
    async def long() -> int:
        return 1


def _starred(host: Host) -> None:
    @host.tool
    async def level(*symbols: str) -> int:
        return len(symbols)


def _twice(host: Host) -> None:
    @host.tool
    async def level() -> int:
        return 1

    @host.tool(name="level")
    async def other() -> int:
        return 2


@pytest.mark.parametrize(
    ("register", "said"),
    [
        (_sync_tool, "tool 'level' must be `async def`"),
        (_sync_resource, "resource 'now' must be `async def`"),
        (_sync_prompt, "prompt 'brief' must be `async def`"),
        (_no_uri, 'write @host.resource("scheme://path")'),
        (_bare_resource, 'write @host.resource("scheme://path")'),
        (_foreign_name, "'vix_größe' is no name that clients take"),
        (_long_name, "is no name that clients take"),
        (_task, "task=True, which ttai does not serve"),
        (_starred, "ValueError"),
        (_twice, "vix_level"),
    ],
)
async def test_what_would_break_a_client_or_the_server_is_refused(register: Callable[[Host], None], said: str) -> None:
    async with bare(register, name="vix", failing=True) as h:
        (report,) = [report for report in h.app.plugins.reports if report.name == "vix"]
        assert report.state == "failed"
        assert said in (report.problem or "")
        assert not [tool.name for tool in await h.client.list_tools() if tool.name.startswith("vix")]
        assert (await h.call("ping")).data["reply"] == "pong"


ENDS = {
    "exit": SystemExit(3), "interrupt": KeyboardInterrupt(), "generator": GeneratorExit(),
    "cancel": asyncio.CancelledError(),
}  # fmt: skip


def failing(host: Host) -> None:
    @host.resource("vix://{what}")
    async def read(what: str) -> str:
        if what in ENDS:
            raise ENDS[what]
        raise KeyError("open sesame")

    @host.prompt
    async def brief(what: str) -> str:
        """Fails."""
        if what in ENDS:
            raise ENDS[what]
        if what == "argument":
            raise BadArgument("no such thing", "Ask for another")
        raise KeyError("open sesame")


@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize(
    ("what", "said"),
    [
        *((what, "PLUGIN: .* tried to end the server") for what in ("exit", "interrupt", "generator")),
        ("key", r"INTERNAL: .* \(reference [0-9a-f]{6}\)"),
        ("cancel", r"PLUGIN: .* cancelled itself"),
    ],
)
async def test_a_resource_that_fails_costs_that_read(
    mode: Era, what: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with bare(failing, name="vix", mode=mode) as h:
        with pytest.raises(MCPError, match=said) as refused:
            await h.client.read_resource(f"vix://{what}")
        assert "sesame" not in str(refused.value)
        assert (await h.call("ping")).data["reply"] == "pong"
    assert ("sesame" in caplog.text) == (what == "key")


@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize(
    ("what", "said"),
    [
        *((what, "PLUGIN: vix_brief tried to end the server") for what in ("exit", "interrupt", "generator")),
        ("argument", "VALIDATION: no such thing. Ask for another."),
        ("key", r"INTERNAL: .* \(reference [0-9a-f]{6}\)"),
        ("cancel", r"PLUGIN: .* cancelled itself"),
    ],
)
async def test_a_prompt_that_fails_costs_that_prompt(mode: Era, what: str, said: str) -> None:
    async with bare(failing, name="vix", mode=mode) as h:
        with pytest.raises((MCPError, ToolError), match=said) as refused:
            await h.client.get_prompt("vix_brief", {"what": what})
        assert "sesame" not in str(refused.value)
        assert (await h.call("ping")).data["reply"] == "pong"


@pytest.mark.parametrize("mode", ERAS)
async def test_what_a_resource_says_went_wrong_is_read(mode: Era) -> None:
    async with bare(vix, name="vix", mode=mode) as h:
        with pytest.raises(MCPError, match=r"VALIDATION: no such note\. Ask for another"):
            await h.client.read_resource("note://vix/none")


async def test_what_is_declared_after_register_returned_is_refused() -> None:
    hosts: list[Host] = []
    async with bare(hosts.append) as h:

        async def late() -> None:
            """Too late."""

        with pytest.raises(RuntimeError, match="tool trial_late must be declared while register"):
            hosts[0].tool(late)
        assert "trial_late" not in {tool.name for tool in await h.client.list_tools()}
