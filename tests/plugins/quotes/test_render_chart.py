"""The chart tool as a client meets it: a picture, two lines, figures, and the page of clients that show one."""

import base64
import io
from typing import Any

import pytest
from fastmcp.exceptions import ToolError
from mcp.types import ImageContent, TextContent, TextResourceContents
from PIL import Image

from ttai.answers import rows
from ttai.testing import Harness


async def drawn(h: Harness, **arguments: Any) -> tuple[str, Image.Image, dict[str, Any], dict[str, Any]]:
    """Text, picture, figures and page of one chart."""
    result = await h.client.call_tool("render_chart", arguments)
    text, image = result.content
    assert isinstance(text, TextContent)
    assert isinstance(image, ImageContent)
    assert image.mime_type == "image/png"
    png = base64.b64decode(image.data)
    assert len(png) <= 150 * 1024
    return text.text, Image.open(io.BytesIO(png)), result.structured_content or {}, (result.meta or {})["ttai/page"]


async def test_a_chart_is_a_picture_two_lines_figures_and_a_page(demo: Harness) -> None:
    text, picture, facts, page = await drawn(demo, symbol="spy")
    quote = (await demo.call("get_quote", symbol="SPY")).data
    history = (await demo.call("get_price_history", symbol="SPY", limit=120)).rows("bars")
    assert picture.size == (900, 500)
    first, second = text.splitlines()
    assert first.startswith(f"SPY 1d  {quote['last']:,.2f}  ")
    assert " over 120 bars; from 2026-06-03 to 2026-11-20, range " in first
    assert "SIMULATED · as of 2026-11-20 10:31 EST" in first
    assert "sma:20 " in second
    assert "support " in second
    assert (facts["symbol"], facts["bars"], facts["last"]) == ("SPY", 120, quote["last"])
    assert (facts["low"], facts["high"]) == (min(r["low"] for r in history), max(r["high"] for r in history))
    assert facts["source"] == "simulator"
    assert not {"png", "said", "page"} & facts.keys()
    assert rows(page, "bars") == history
    lines = {line["name"]: line["values"] for line in rows(page, "lines")}
    assert set(lines) == {"sma:20", "sma:50"}
    assert all(len(values) == 120 and None not in values for values in lines.values())
    assert lines["sma:20"][-1] == {one["name"]: one["value"] for one in rows(facts, "overlays")}["sma:20"]
    assert {zone["kind"] for zone in rows(page, "zones")} == {"support", "resistance"}
    assert page["theme"] == "dark"


async def test_the_themes_are_dark_and_light(h: Harness) -> None:
    papers = {}
    for theme in ("dark", "light"):
        _, picture, _, page = await drawn(h, symbol="SPY", theme=theme)
        papers[theme] = sum(picture.convert("RGB").getpixel((2, 2)))  # type: ignore[arg-type]
        assert page["theme"] == theme
    assert papers["dark"] < 150
    assert papers["light"] > 700


async def test_an_index_and_hours_within_the_day_can_be_drawn(h: Harness) -> None:
    text, _, facts, page = await drawn(h, symbol="SPX", interval="15m", overlays=["ema:21", "volume"])
    assert facts["average_volume"] is None
    assert "EST to 2026-11-20 10:30 EST" in text
    assert rows(page, "bars")[-1]["time"] == "2026-11-20T10:30:00-05:00"
    assert rows(facts, "zones") == []


async def test_an_overlay_that_is_too_long_is_not_drawn_and_says_why(h: Harness) -> None:
    text, _, facts, _ = await drawn(h, symbol="SPY", overlays=["sma:5000"])
    assert "note: sma:5000 is not drawn: needs 5000 bars, there are 757" in text
    assert rows(facts, "overlays")[0]["value"] is None


@pytest.mark.parametrize("overlays", ["sma:20, bbands:20,2", ["sma:20", "bbands"], '["sma:20", "bbands:20,2"]'])
async def test_overlays_may_arrive_in_any_spelling(h: Harness, overlays: Any) -> None:
    _, _, facts, _ = await drawn(h, symbol="SPY", overlays=overlays)
    names = [one["name"] for one in rows(facts, "overlays")]
    assert names == ["sma:20", "bbands:20,2 upper", "bbands:20,2 middle", "bbands:20,2 lower"]


async def test_no_overlay_at_all_is_a_bare_chart(h: Harness) -> None:
    text, _, facts, page = await drawn(h, symbol="SPY", overlays=[], lookback=2)
    assert text.splitlines()[1] == "no overlays"
    assert (facts["bars"], rows(page, "lines")) == (2, [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"overlays": ["rsi:14"]}, "rsi:14 can't lie over the price: its scale is another. Draw sma, ema,"),
        ({"overlays": ["smaa:14"]}, "'smaa' is not an indicator; did you mean sma?"),
        ({"overlays": [f"sma:{n}" for n in range(2, 20)]}, "18 overlays can't be told apart. Ask for at most 10"),
        ({"lookback": 1}, "VALIDATION: lookback"),
        ({"lookback": 10**9}, "VALIDATION: lookback"),
        ({"theme": "pink"}, "VALIDATION: theme"),
        ({"symbol": "NOPE"}, "NOT_FOUND: no market data for NOPE"),
        ({"interval": "1x"}, "there is no interval '1x'"),
    ],
)
async def test_what_cannot_be_drawn_says_what_to_do(h: Harness, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ToolError) as caught:
        await h.call("render_chart", **{"symbol": "SPY", **arguments})
    assert said in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("interval", ["1d", "5m"])
async def test_the_largest_chart_is_drawn(h: Harness, interval: str) -> None:
    overlays = [
        "ichimoku",
        "bbands",
        "keltner",
        "donchian",
        "supertrend",
        "sma:20",
        "ema:21",
        "wma:20",
        "levels",
        "volume",
    ]
    _, _, facts, page = await drawn(h, symbol="NDX", interval=interval, lookback=400, overlays=overlays)
    assert facts["bars"] == len(rows(page, "bars")) == 400
    assert len(rows(page, "lines")) > 15


async def test_clients_that_show_apps_find_the_page(demo: Harness) -> None:
    (tool,) = [tool for tool in await demo.client.list_tools() if tool.name == "render_chart"]
    assert tool.meta is not None
    address = tool.meta["ui"]["resourceUri"]
    (content,) = await demo.client.read_resource(address)
    assert isinstance(content, TextResourceContents)
    assert content.mime_type == "text/html;profile=mcp-app"
    assert content.text.startswith("<!doctype html>")
    assert address in {str(resource.uri) for resource in await demo.client.list_resources()}
