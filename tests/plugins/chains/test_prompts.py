"""The prompt that asks about a cash-secured put."""

import pytest
from fastmcp.exceptions import McpError

from ttai.testing import Harness


async def test_a_put_is_asked_about_in_steps_that_name_tools_there_are(demo: Harness) -> None:
    prompt = await demo.client.get_prompt("analyze-for-csp", {"symbol": " brk.b "})
    text = prompt.messages[0].content.text  # type: ignore[union-attr]
    assert text.startswith("Is selling a cash-secured put on BRK/B worth it now?")
    there = {tool.name for tool in await demo.client.list_tools()}
    steps = [line.partition(". ")[2].partition(" ")[0] for line in text.splitlines() if line[:1].isdigit()]
    named = [step.rstrip(":") for step in steps if "_" in step]
    assert "find_strategies" in named
    assert "analyze_strategy" in named
    assert set(named) <= there  # no analyst where none is installed
    assert len(text) < 2500


@pytest.mark.parametrize(("symbol", "said"), [("SPX", "no shares to be assigned"), ("???", "is not a symbol")])
async def test_what_has_no_shares_is_not_asked_about(h: Harness, symbol: str, said: str) -> None:
    with pytest.raises(McpError, match=said):
        await h.client.get_prompt("analyze-for-csp", {"symbol": symbol})
