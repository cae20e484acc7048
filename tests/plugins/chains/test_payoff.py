"""render_payoff as a client meets it, and strategies by name in it and in analyze_strategy."""

import base64
import io
import json
from itertools import pairwise
from typing import Any

import pytest
from fastmcp.exceptions import ToolError
from mcp.types import ImageContent, TextContent
from PIL import Image

from ttai.answers import BUDGET
from ttai.testing import Harness

CONDOR = [
    {"type": "put", "strike": 90, "quantity": 1, "price": 1.10},
    {"type": "put", "strike": 95, "quantity": -1, "price": 2.05},
    {"type": "call", "strike": 105, "quantity": -1, "price": 1.95},
    {"type": "call", "strike": 110, "quantity": 1, "price": 0.90},
]
NAMED = {
    "csp": "short put", "covered_call": "covered call", "put_spread": "put credit spread",
    "call_spread": "call credit spread", "iron_condor": "iron condor", "iron_butterfly": "iron butterfly",
    "strangle": "short strangle", "straddle": "short straddle", "jade_lizard": "jade lizard",
    "calendar": "call calendar", "diagonal": "call diagonal", "collar": "collar", "long_call": "long call",
    "long_put": "long put", "debit_spread": "call debit spread", "put_debit_spread": "put debit spread",
}  # fmt: skip


async def drawn(h: Harness, **arguments: Any) -> tuple[bytes, str, dict[str, Any], Any]:
    result = await h.client.call_tool("render_payoff", arguments)
    (image,) = [block for block in result.content if isinstance(block, ImageContent)]
    (text,) = [block for block in result.content if isinstance(block, TextContent)]
    return base64.b64decode(image.data), text.text, result.structured_content or {}, result.meta


async def refused(h: Harness, tool: str, **arguments: Any) -> str:
    with pytest.raises(ToolError) as error:
        await h.call(tool, **arguments)
    return str(error.value)


async def test_a_payoff_is_a_picture_three_lines_and_a_page(demo: Harness) -> None:
    png, text, data, meta = await drawn(demo, legs=CONDOR, spot=100, days=45)
    picture = Image.open(io.BytesIO(png))
    assert (picture.format, picture.size) == ("PNG", (900, 500))
    assert len(png) <= 150 * 1024
    assert "credit $200.00, max profit $200.00, max loss $300.00, breakeven 93.00, 107.00" in text
    assert [line.split()[0] for line in text.splitlines()[2:5]] == ["profit", "loss", "spot"]
    assert (data["max_profit"], data["max_loss"], data["net_debit"]) == (200, 300, -200)
    assert data["breakevens"] == [93, 107]
    assert data["one_deviation_low"] < 100 < data["one_deviation_high"] < data["two_deviations_high"]
    assert len(text.encode()) <= BUDGET
    assert len(json.dumps(data)) <= BUDGET
    page = meta["ttai/page"]
    assert page["breakevens"] == [93, 107]
    curve = [dict(zip(page["curve"]["columns"], row, strict=True)) for row in page["curve"]["rows"]]
    by_price = {row["price"]: row["expiry"] for row in curve}
    assert [by_price[price] for price in (90, 93, 95, 100, 105, 107, 110)] == [-300, 0, 200, 200, 200, 0, -300]


async def test_the_two_themes_differ_in_their_paper_alone(h: Harness) -> None:
    papers = []
    for theme in ("dark", "light"):
        png, *_ = await drawn(h, symbol="AMD", strategy="csp", theme=theme)
        papers.append(Image.open(io.BytesIO(png)).convert("RGB").getpixel((2, 2)))
    assert papers == [(16, 21, 28), (255, 255, 255)]


async def test_the_picture_says_what_the_analysis_says(h: Harness) -> None:
    chain = await h.call("get_option_chain", symbol="SPX", dte=45, strikes=0)
    asked = {"snapshot": chain.data["snapshot"], "strategy": "Iron Condor", "deltas": [0.16]}
    analysed = (await h.call("analyze_strategy", **asked)).data
    _, text, data, _ = await drawn(h, **asked)
    for name in ("net_debit", "max_profit", "max_loss", "pop"):
        assert data[name] == pytest.approx(analysed[name], rel=1e-3)
    assert data["breakevens"] == pytest.approx(analysed["breakevens"])
    assert "SIMULATED" in text
    legs = (await h.call("analyze_strategy", **asked)).rows("legs")
    assert [leg["quantity"] for leg in legs] == [1, -1, -1, 1]
    assert [abs(leg["delta"]) for leg in legs[1:3]] == pytest.approx([0.16, 0.16], abs=0.01)


@pytest.mark.parametrize("strategy", NAMED)
async def test_every_strategy_by_name_is_what_it_is_called(h: Harness, strategy: str) -> None:
    found = (await h.call("analyze_strategy", symbol="AMD", strategy=strategy)).data
    assert found["strategy"] == NAMED[strategy]
    assert found["max_profit_unlimited"] == (strategy == "long_call")
    _, text, data, _ = await drawn(h, symbol="AMD", strategy=strategy)
    assert data["strategy"] == NAMED[strategy]
    assert data["max_loss_unlimited"] == found["max_loss_unlimited"]
    assert text.startswith(f"AMD {NAMED[strategy]}: ")


async def test_a_calendar_names_its_dates_in_the_title(h: Harness) -> None:
    _, text, *_ = await drawn(h, symbol="SPY", strategy="calendar", dte=30)
    assert text.splitlines()[0].count(" call ") == 3  # its name, and two legs followed by dates
    assert "at the first expiration, Dec 18, 2026" in text


async def test_a_width_and_deltas_of_ones_own(h: Harness) -> None:
    asked = {"symbol": "AMD", "strategy": "put_spread", "deltas": [0.4], "width": 10, "expiration": "2026-12-18"}
    legs = (await h.call("analyze_strategy", **asked)).rows("legs")
    assert legs[1]["strike"] - legs[0]["strike"] == 10
    assert legs[1]["delta"] == pytest.approx(-0.4, abs=0.05)
    huge = await h.call("analyze_strategy", **{**asked, "width": 1e6})
    assert "no strikes lie 1e+06 apart where they are needed; the width is" in huge.text


async def test_a_delta_that_no_strike_has_is_told(h: Harness) -> None:
    today = await h.call("get_option_chain", symbol="AMD", expiration="2026-11-20", option_type="put", strikes=20)
    deltas = sorted(abs(row["delta"]) for row in today.rows("contracts") if row["delta"] is not None)
    low, high = max(pairwise(deltas), key=lambda pair: pair[1] - pair[0])  # hours before expiry they lie far apart
    asked = {"snapshot": today.data["snapshot"], "strategy": "csp", "expiration": "2026-11-20"}
    found = await h.call("analyze_strategy", **asked, deltas=[round((low + high) / 2, 3)])
    assert f"no strike is nearer a delta of {round((low + high) / 2, 3):g} than" in found.text


@pytest.mark.parametrize("tool", ["analyze_strategy", "render_payoff"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"strategy": "iron_condr", "symbol": "AMD"}, "iron_condor"),
        ({"strategy": "csp"}, "needs its underlying"),
        ({"strategy": "csp", "symbol": "AMD", "legs": CONDOR}, "both legs and a strategy"),
        ({"strategy": "covered_call", "symbol": "SPX"}, "it has no shares to hold"),
        ({"strategy": "csp", "symbol": "AMD", "deltas": [30]}, "delta is between 0 and 1"),
        ({"strategy": "iron_condor", "symbol": "AMD", "deltas": [0.1, 0.2, 0.3]}, "3 deltas were given"),
        ({"strategy": "calendar", "symbol": "AMD", "dte": 1200}, "nothing expires after"),
        ({"strategy": "csp", "symbol": "AMD", "expiration": "2026-12-19"}, "nothing expires on 2026-12-19"),
        ({}, "1 to 12 legs, not 0"),
    ],
)
async def test_bad_input_is_answered_with_what_to_do(
    h: Harness, tool: str, arguments: dict[str, Any], said: str
) -> None:
    assert said in await refused(h, tool, **arguments)


async def test_a_spot_with_a_strategy_by_name_is_refused(h: Harness) -> None:
    text = await refused(h, "analyze_strategy", symbol="AMD", strategy="csp", spot=200)
    assert "spot" in text


async def test_the_page_is_whole(demo: Harness) -> None:
    (page,) = await demo.client.read_resource("ui://ttai/payoff")
    assert page.mime_type == "text/html;profile=mcp-app"
    text = page.text  # type: ignore[union-attr]
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "src=" not in text
    assert len(text) < 40 * 1024
    tools = {tool.name: tool for tool in await demo.client.list_tools()}
    assert (tools["render_payoff"].meta or {})["ui"]["resourceUri"] == "ui://ttai/payoff"


async def test_what_is_unknown_is_not_drawn(h: Harness) -> None:
    legs = [{"type": "put", "strike": 95, "quantity": -1, "price": 3}]  # below intrinsic: no volatility
    _, text, data, _ = await drawn(h, legs=legs, spot=90, days=45)
    assert data["pop"] is None
    assert data["one_deviation_low"] is None
    assert "below intrinsic value" in text
