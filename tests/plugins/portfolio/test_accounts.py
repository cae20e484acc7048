"""Which accounts there are and their money, as a client asks."""

from typing import Any

import pytest
from fastmcp.exceptions import ToolError

from ttai.testing import Harness, harness

TRADING, RETIREMENT, INCOME, CLOSED = "5WT00718", "5WT00934", "5WT01122", "5WT00345"
ALL = [TRADING, RETIREMENT, INCOME]
THERE = "There are 5WT00718 (Trading), 5WT00934 (Retirement), 5WT01122 (Income)."
ASKED_OF_AN_ACCOUNT = ("get_balances", "get_positions", "get_portfolio_risk", "stress_test")


async def refused(h: Harness, tool: str, **arguments: Any) -> str:
    with pytest.raises(ToolError) as error:
        await h.call(tool, **arguments)
    return str(error.value)


async def test_the_open_accounts_are_listed_and_all_are_meant(demo: Harness) -> None:
    rows = (await demo.call("list_accounts")).rows("accounts")
    assert [(row["number"], row["nickname"], row["margin"], row["chosen"]) for row in rows] == [
        (TRADING, "Trading", True, True),
        (RETIREMENT, "Retirement", False, True),
        (INCOME, "Income", True, True),
    ]


async def test_an_account_of_the_environment_does_not_choose_among_those_of_the_demo(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TASTYTRADE_ACCOUNT", CLOSED)
    async with harness() as h:
        assert [row["chosen"] for row in (await h.call("list_accounts")).rows("accounts")] == [True] * 3
        assert len((await h.call("get_balances")).rows("balances")) == 3


@pytest.mark.parametrize("name", [TRADING, TRADING.lower(), " tRaDiNg ", "Trading"])
async def test_an_account_is_called_by_its_number_or_its_nickname_in_any_case(demo: Harness, name: str) -> None:
    answer = await demo.call("get_balances", account=name)
    assert [row["account"] for row in answer.rows("balances")] == [TRADING]
    assert answer.data["accounts"] == ["5WT00718 Trading"]


@pytest.mark.parametrize("name", ["all", "ALL", " All ", "", None])
async def test_all_of_them_are_meant_by_all_and_by_none(h: Harness, name: str | None) -> None:
    answer = await h.call("get_balances", account=name)
    rows = answer.rows("balances")
    assert [row["account"] for row in rows] == ALL
    assert answer.data["net_liquidating_value"] == pytest.approx(
        sum(row["net_liquidating_value"] for row in rows), abs=0.011
    )


@pytest.mark.parametrize("tool", ASKED_OF_AN_ACCOUNT)
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Savings", "NOT_FOUND: there is no account 'Savings'"),
        ("5WT00718/positions", "NOT_FOUND: there is no account '5WT00718/positions'"),
        (CLOSED, f"NOT_FOUND: the account '{CLOSED}' is closed"),
        ("old ira", "NOT_FOUND: the account 'old ira' is closed"),
    ],
)
async def test_an_account_there_is_not_is_answered_with_those_there_are(
    h: Harness, tool: str, name: str, said: str
) -> None:
    assert await refused(h, tool, account=name) == f"{said}. {THERE}"


async def test_what_is_used_is_a_part_of_all_buying_power_in_options(h: Harness) -> None:
    for row in (await h.call("get_balances")).rows("balances"):
        used, left = row["used_derivative_buying_power"], row["derivative_buying_power"]
        assert row["used_percent"] == pytest.approx(used / (used + left) * 100, abs=0.006)
        assert used > 0


async def test_one_account_that_fails_costs_itself_and_is_said_to_lack() -> None:
    async with harness() as h:
        whole = await h.call("get_balances")
        h.clock.advance(6)  # longer than balances are remembered
        h.simulator.faults.add("status", f"/accounts/{TRADING}/balances*", status=403)
        answer = await h.call("get_balances")
        assert [row["account"] for row in answer.rows("balances")] == [RETIREMENT, INCOME]
        assert [row["account"] for row in answer.rows("failed")] == [TRADING]
        assert "net_liquidating_value is without the accounts that failed" in answer.text
        trading = whole.rows("balances")[0]["net_liquidating_value"]
        rest = whole.data["net_liquidating_value"] - trading
        assert answer.data["net_liquidating_value"] == pytest.approx(rest, rel=1e-3)
        assert (await refused(h, "get_balances", account="Trading")).startswith("AUTHORIZATION: ")
        h.simulator.faults.add("status", "/accounts/*/balances*", status=403)
        h.clock.advance(6)
        assert (await refused(h, "get_balances")).startswith("AUTHORIZATION: ")


async def test_an_amount_that_is_no_number_is_unknown_and_so_is_the_sum() -> None:
    async with harness() as h:
        h.simulator.faults.add("nan", f"/accounts/{TRADING}/balances*", field="net-liquidating-value")
        answer = await h.call("get_balances")
        assert answer.rows("balances")[0]["net_liquidating_value"] is None
        assert answer.rows("balances")[0]["cash_balance"] is not None
        assert answer.data["net_liquidating_value"] is None
