"""The whole book in other markets: cells revalued one by one, what explains the worst, and its picture."""

import asyncio
from typing import Any

import pytest
from mcp.types import ImageContent, TextContent
from pydantic_core import to_json

from tests.plugins.portfolio.test_accounts import TRADING, refused
from tests.plugins.portfolio.test_positions import deafened
from ttai.answers import BUDGET
from ttai.quant import pricing
from ttai.testing import Harness, Reply, harness

NOWHERE = {"spot": [0], "iv": [0], "days": [0]}
SPX_PUT = "SPXW  261224P06370000"


def cells(answer: Reply) -> dict[tuple[float, float, float], float]:
    """P/L by move, change of IV and days."""
    moves = answer.data["moves_percent"]
    return {
        (move, row["iv_percent"], row["days"]): pnl
        for row in answer.rows("grid")
        for move, pnl in zip(moves, row["pnl"], strict=True)
    }


async def test_where_nothing_changes_nothing_is_won_or_lost(demo: Harness) -> None:
    grid = cells(await demo.call("stress_test"))
    assert len(grid) == 9 * 3 * 3
    assert grid[0, 0, 0] == 0
    assert cells(await demo.call("stress_test", **NOWHERE)) == {(0, 0, 0): 0}


async def test_the_worst_and_the_best_are_those_of_the_grid(demo: Harness) -> None:
    answer = await demo.call("stress_test")
    grid = cells(answer)
    for name, extreme in (("worst", min), ("best", max)):
        cell = answer.data[name]
        assert cell["pnl"] == extreme(grid.values())
        assert grid[cell["move_percent"], cell["iv_percent"], cell["days"]] == cell["pnl"]
    net_liq = (await demo.call("get_balances")).data["net_liquidating_value"]
    assert answer.data["worst"]["of_net_liq_percent"] == pytest.approx(
        answer.data["worst"]["pnl"] / net_liq * 100, abs=0.01
    )


@pytest.mark.parametrize("account", ["all", "Trading", "Retirement", "Income"])
async def test_what_explains_the_worst_adds_up_to_it(h: Harness, account: str) -> None:
    answer = await h.call("stress_test", account=account)
    parts = answer.rows("worst_by_position")
    assert sum(part["pnl"] for part in parts) == pytest.approx(answer.data["worst"]["pnl"], abs=len(parts))
    losses = [part["pnl"] for part in parts if part["underlying"]]
    assert losses == sorted(losses)


async def test_accounts_add_up(h: Harness) -> None:
    whole = cells(await h.call("stress_test"))
    each = [cells(await h.call("stress_test", account=name)) for name in ("Trading", "Retirement", "Income")]
    for cell, pnl in whole.items():
        assert pnl == pytest.approx(sum(one[cell] for one in each), abs=2)


async def test_one_cell_is_a_revaluation_by_hand() -> None:
    """A European option and a stock of another beta, worked out with the formula alone."""
    async with harness() as h:
        h.simulator.empty(TRADING)
        h.simulator.trade(TRADING, SPX_PUT, -2)
        h.simulator.trade(TRADING, "AMD", 100)
        answer = await h.call("stress_test", account="Trading", spot=[-7, 0, 4], iv=[-20, 0, 35], days=[0, 10])
        contract = (await h.app.market.contracts([SPX_PUT])).contracts[SPX_PUT]
        amd = await h.app.market.quote("AMD")
        (metrics,) = (await h.app.market.metrics(["AMD"])).metrics
        assert answer.data["positions"] == 2
    assert contract.spot is not None
    assert metrics.beta is not None
    assert amd.mark is not None
    assert contract.quote.mark is not None
    terms = (contract.rate, contract.dividend_yield)
    iv = float(pricing.implied_volatility(False, contract.quote.mark, contract.spot, 6370, contract.years, *terms))
    for (move, change, days), pnl in cells(answer).items():
        spot, years = contract.spot * (1 + move / 100), contract.years - days / 365
        then = float(pricing.price(False, spot, 6370, years, iv * (1 + change / 100), *terms))
        by_hand = -200 * (then - contract.quote.mark) + 100 * amd.mark * metrics.beta * move / 100
        assert pnl == pytest.approx(by_hand, abs=1.5), (move, change, days)


async def test_all_move_alike_where_betas_do_not_count() -> None:
    async with harness() as h:
        h.simulator.empty(TRADING)
        h.simulator.trade(TRADING, "AMD", 100)
        price = (await h.app.market.quote("AMD")).mark
        assert price is not None
        answer = await h.call("stress_test", account="Trading", spot=[-10], iv=[0], days=[0], beta_weighted=False)
        assert cells(answer) == {(-10, 0, 0): pytest.approx(-10 * price, abs=1)}
        assert answer.data["beta_weighted"] is False


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"spot": []}, "VALIDATION: a grid of 0 cells was asked for. Send 1 to 400"),
        ({"spot": [*range(-50, 51)], "iv": [0, 1, 2, 3]}, "VALIDATION: a grid of 1212 cells was asked for"),
        ({"spot": [-100]}, "VALIDATION: a move is above -100 and at most 300 percent. Send percent"),
        ({"spot": [301]}, "VALIDATION: a move is above -100 and at most 300 percent"),
        ({"iv": [-100]}, "VALIDATION: a change of IV is above -100 and at most 500 percent"),
        ({"days": [-1]}, "VALIDATION: days lie ahead, 1500 at most"),
        ({"days": [1501]}, "VALIDATION: days lie ahead, 1500 at most"),
        ({"spot": ["nan"]}, "VALIDATION: spot.0 must be a finite number"),
        ({"iv": ["inf"]}, "VALIDATION: iv.0 must be a finite number"),
        ({"days": ["tomorrow"]}, "VALIDATION: days.0: should be a number"),
        ({"theme": "blue"}, "VALIDATION: theme: should be 'dark' or 'light'"),
    ],
)
async def test_what_can_not_be_meant_is_said(demo: Harness, arguments: dict[str, Any], said: str) -> None:
    assert (await refused(demo, "stress_test", **arguments)).startswith(said)


async def test_a_grid_may_arrive_in_any_order_and_spelling(demo: Harness) -> None:
    answer = await demo.call("stress_test", spot="[5, -5, 0, 5]", iv=0, days=[7, 0, 7])
    assert answer.data["moves_percent"] == [-5, 0, 5]
    assert [(row["days"], row["iv_percent"]) for row in answer.rows("grid")] == [(0, 0), (7, 0)]


@pytest.mark.parametrize("account", ["all", "Trading"])
async def test_a_default_answer_is_small(h: Harness, account: str) -> None:
    answer = await h.call("stress_test", account=account)
    assert len(answer.text.encode()) <= BUDGET
    assert len(to_json(answer.data)) <= BUDGET


async def test_what_can_not_be_revalued_is_named_and_the_rest_counted(h: Harness) -> None:
    answer = await h.call("stress_test")
    assert answer.data["positions"] == 56
    assert "not revalued: /MESH7, 912797RK4, BTC/USD, DIS1  270115C00105000" in answer.data["notes"]


async def test_an_empty_account_has_nothing_to_lose_and_is_told_what_to_ask() -> None:
    async with harness() as h:
        h.simulator.empty(TRADING)
        said = await refused(h, "stress_test", account="Trading")
        assert said.startswith("NOT_FOUND: nothing is held")
        assert "add=" in said
        share = await h.call("stress_test", account="Trading", add=[{"symbol": "SPY", "quantity": 100}])
        assert share.data["positions"] == 1


async def test_without_a_market_it_is_no_fault_of_the_arguments() -> None:
    async with harness() as h:
        await deafened(h)
        said = await refused(h, "stress_test", account="Trading")
        assert said.startswith("NOT_FOUND: nothing is held whose value in another market is known")
        assert "try again" in said


async def test_without_metrics_betas_of_1_are_assumed_and_said() -> None:
    async with harness() as h:
        h.simulator.faults.add("status", "/market-metrics*", status=403)
        answer = await h.call("stress_test", account="Retirement")
        (said,) = [note for note in answer.data["notes"] if note.startswith("beta unknown, 1 assumed")]
        assert "COST" in said
        assert "SPY" not in said


async def test_an_account_that_fails_is_said_to_lack() -> None:
    async with harness() as h:
        h.simulator.faults.add("status", f"/accounts/{TRADING}/positions", status=403)
        answer = await h.call("stress_test")
        assert [row["account"] for row in answer.rows("failed")] == [TRADING]
        assert TRADING not in {row["account"] for row in answer.rows("worst_by_position")}


@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_a_picture_is_small_and_says_the_worst_in_two_lines(demo: Harness, theme: str) -> None:
    answer = await demo.call("stress_test", picture=True, theme=theme)
    worst = answer.data["worst"]
    result = await demo.client.call_tool("stress_test", {"picture": True, "theme": theme})
    (image,) = [part for part in result.content if isinstance(part, ImageContent)]
    (text,) = [part for part in result.content if isinstance(part, TextContent)]
    assert image.mime_type == "image/png"
    assert len(image.data) * 3 // 4 <= 150 * 1024
    lines = [line for line in text.text.splitlines() if not line.startswith("note: ")]
    assert len(lines) == 2
    assert lines[0].startswith(f"Worst of the grid: {worst['pnl']:,.0f} $ at -20 %, IV -25 %, now")
    assert lines[1].startswith("Most of it: QQQ short put")


async def test_two_themes_are_two_pictures(h: Harness) -> None:
    asked = [h.client.call_tool("stress_test", {"picture": True, "theme": theme}) for theme in ("dark", "light")]
    dark, light = await asyncio.gather(*asked)
    assert dark.content != light.content
