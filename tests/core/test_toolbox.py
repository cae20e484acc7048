"""What a plugin may do with the tools of all."""

from typing import Any

import pytest
from fastmcp.exceptions import ToolError

from ttai import Host
from ttai.testing import harness


def register(host: Host) -> None:
    @host.tool(annotations={"readOnlyHint": True})
    async def look(what: str = "sky") -> dict[str, str]:
        "Look."
        if what == "sun":
            raise KeyError(what)
        return {"seen": what}

    @host.tool
    async def write() -> str:
        "Write."
        return "written"

    @host.tool
    async def names() -> list[str]:
        "What may be called."
        return [
            f"{tool.name}: {tool.description} {sorted(tool.parameters['properties'])}"
            for tool in await host.tools.list()
        ]

    @host.tool
    async def use(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        "Call a tool."
        told = await host.tools.call(name, **arguments)
        return {"text": told.text, "data": dict(told.data)}


async def test_only_what_reads_is_listed() -> None:
    async with harness(register, app_tools=True) as h:
        listed = (await h.call("trial_names")).data["result"]
        names = [line.partition(":")[0] for line in listed]
        assert "trial_look: Look. ['what']" in listed
        assert {"ping", "get_quote", "list_jobs"} <= set(names)
        assert names == sorted(names)
        assert not {"trial_write", "trial_use", "control_job", "cancel_task", "get_config", "login"} & set(names)


async def test_a_call_goes_the_way_of_all_calls() -> None:
    async with harness(register) as h:
        before = h.app.ledger.calls
        answer = (await h.call("trial_use", name="trial_look", arguments={"what": "moon"})).data
        assert answer == {"text": "seen: moon", "data": {"seen": "moon"}}
        assert h.app.ledger.calls == before + 2


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("trial_write", {}, "^AUTHORIZATION: trial_write changes something and is not for plugins to call"),
        ("control_job", {"name": "x", "action": "run"}, "^AUTHORIZATION: control_job changes something"),
        ("get_config", {}, "^NOT_FOUND: there is no tool get_config"),
        ("nothing", {}, "^NOT_FOUND: there is no tool nothing"),
        ("trial_look", {"what": "sun"}, "^INTERNAL: something unexpected"),
        ("trial_look", {"where": "up"}, "^VALIDATION: "),
    ],
)
async def test_a_refusal_is_what_a_client_would_read(name: str, arguments: dict[str, Any], said: str) -> None:
    async with harness(register, app_tools=True) as h:
        with pytest.raises(ToolError, match=said):
            await h.call("trial_use", name=name, arguments=arguments)
