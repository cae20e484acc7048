"""The language model as a plugin meets it."""

import pytest
from fastmcp.exceptions import ToolError

from ttai import Host
from ttai.testing import harness
from ttai.testing.llm import ScriptedLLM


def register(host: Host) -> None:
    @host.tool
    async def ask(prompt: str) -> str:
        "Ask."
        return await host.llm.complete(prompt, system="Be brief.")


async def test_without_a_model_the_answer_says_so() -> None:
    async with harness(register) as h:
        with pytest.raises(ToolError, match=r"^LLM: no model configured"):
            await h.call("trial_ask", prompt="up or down?")


async def test_a_plugin_is_tested_with_a_script() -> None:
    llm = ScriptedLLM(["up", "down"])
    async with harness(register, llm=llm) as h:
        assert (await h.call("trial_ask", prompt="SPY?")).data["result"] == "up"
        assert (await h.call("trial_ask", prompt="QQQ?")).data["result"] == "down"
    assert llm.asked == ["Be brief.\n\nSPY?", "Be brief.\n\nQQQ?"]
