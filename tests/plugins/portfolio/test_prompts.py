"""The prompts about the book name what there is, in steps."""

import re
from typing import Any

import pytest
from fastmcp.exceptions import McpError

from ttai.testing import Harness, harness

ARGUMENTS: dict[str, dict[str, str]] = {"morning-briefing": {}, "position-review": {"symbol": " brk.b "}}
NAMED = re.compile(r"\b(?:get|find|list|run|search|stress|analyze|render|preview)_[a-z_]+")


async def text_of(h: Harness, name: str, arguments: dict[str, Any]) -> str:
    prompt = await h.client.get_prompt(name, arguments)
    (message,) = prompt.messages
    text: str = message.content.text  # type: ignore[union-attr]
    return text


@pytest.mark.parametrize("name", ARGUMENTS)
async def test_it_names_tools_there_are_in_steps_that_are_counted(demo: Harness, name: str) -> None:
    text = await text_of(demo, name, ARGUMENTS[name])
    there = {tool.name for tool in await demo.client.list_tools()}
    assert set(NAMED.findall(text)) <= there
    steps = text.partition("first:\n")[2].partition("\n\n")[0].splitlines()
    assert [step.partition(". ")[0] for step in steps] == [f"{number}" for number in range(1, len(steps) + 1)]
    assert "get_positions" in text
    assert len(text) < 2500
    assert "{" not in text


async def test_a_briefing_looks_at_the_whole_book(h: Harness) -> None:
    text = await text_of(h, "morning-briefing", {})
    assert text.startswith("Brief me before the market opens")
    for tool in ("get_market_session", "get_positions", "get_portfolio_risk", "stress_test", "get_events"):
        assert f"{tool}" in NAMED.findall(text)


async def test_a_review_is_of_one_underlying_in_the_project_s_spelling(h: Harness) -> None:
    text = await text_of(h, "position-review", {"symbol": " brk.b "})
    assert text.startswith("What should I do about my position in BRK/B?")
    assert "get_positions, symbol BRK/B" in text
    assert "find_rolls, symbol BRK/B" in text
    spx = await text_of(h, "position-review", {"symbol": "SPXW"})
    assert "my position in SPX?" in spx


async def test_without_another_plugin_its_steps_are_left_out() -> None:
    async with harness(plugins="portfolio,quotes") as h:
        text = await text_of(h, "position-review", {"symbol": "TSLA"})
        assert "find_rolls" not in text
        assert "get_volatility" not in text
        assert "get_quote TSLA" in text


async def test_what_is_no_symbol_is_said(demo: Harness) -> None:
    with pytest.raises(McpError, match="is not a symbol"):
        await demo.client.get_prompt("position-review", {"symbol": "???"})
