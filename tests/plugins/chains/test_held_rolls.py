"""find_rolls of what is held: whose it is, which of several, what stays, and what it can't find."""

from datetime import date
from typing import Any

import pytest
from fastmcp.exceptions import ToolError
from pydantic_core import to_json

from tests.plugins.chains.test_rolls import legs_of
from ttai.answers import BUDGET
from ttai.testing import Harness, harness

TRADING, RETIREMENT, INCOME = "5WT00718", "5WT00934", "5WT01122"


async def refused(h: Harness, **arguments: Any) -> str:
    with pytest.raises(ToolError) as error:
        await h.call("find_rolls", **arguments)
    return str(error.value)


async def opened(h: Harness, symbol: str) -> dict[str, float]:
    """What the legs of an underlying were opened at."""
    lines = (await h.call("get_positions", symbol=symbol, group_by="none")).rows("lines")
    return {line["symbol"]: line["average_open_price"] for line in lines}


async def test_a_strangle_that_is_held_is_rolled_from_what_it_was_sold_for(demo: Harness) -> None:
    answer = await demo.call("find_rolls", symbol="tsla")
    assert answer.data["strategy"] == "short strangle"
    assert legs_of(answer.data["rolled"]) == [(-1, 400, "p"), (-1, 560, "c")]
    assert f"rolled is what is held: short strangle of 2026-12-31 in {TRADING}" in answer.data["notes"]
    credit = sum((await opened(demo, "TSLA")).values())
    close = answer.data["close"]
    assert close["pnl"] == pytest.approx((credit - close["fill"]) * 100, abs=0.5)
    for row in answer.rows("rolls"):
        assert row["expiration"] > "2026-12-31"
        assert [(quantity, kind) for quantity, _, kind in legs_of(row["opened"])] == [(-1, "p"), (-1, "c")]
    assert len(answer.text.encode()) <= BUDGET
    assert len(to_json(answer.data)) <= BUDGET


async def test_it_is_what_the_same_legs_sent_by_hand_are(demo: Harness) -> None:
    held = await demo.call("find_rolls", symbol="TSLA")
    prices = await opened(demo, "TSLA")
    put_first = sorted(prices, reverse=True)
    legs = [{"symbol": symbol, "quantity": -1, "price": prices[symbol]} for symbol in put_first]
    sent = await demo.call("find_rolls", symbol="TSLA", legs=legs)
    assert held.rows("rolls") == sent.rows("rolls")
    assert held.data["close"] == sent.data["close"]


@pytest.mark.parametrize(("symbol", "account", "shares"), [("AAPL", TRADING, 200), ("CVX", RETIREMENT, 200)])
async def test_the_stock_of_a_covered_call_stays(h: Harness, symbol: str, account: str, shares: int) -> None:
    answer = await h.call("find_rolls", symbol=symbol)
    assert answer.data["strategy"] == "covered call"
    assert f"in {account}" in answer.text
    ((quantity, _, kind),) = legs_of(answer.data["rolled"])
    assert (quantity, kind) == (-2, "c")
    for row in answer.rows("rolls"):
        assert len(legs_of(row["opened"])) == 1
        assert 0 < row["delta"] < shares


async def test_of_two_strategies_the_first_to_expire_is_rolled_and_the_other_named(demo: Harness) -> None:
    answer = await demo.call("find_rolls", symbol="QQQ")
    assert legs_of(answer.data["rolled"]) == [(-1, 605, "p")]
    assert answer.data["expiration"] == "2026-11-20"
    assert (
        f"of what is held the first to expire; send the legs of another: put credit spread of 2026-12-11 in {TRADING}"
    ) in answer.data["notes"]


async def test_a_bought_leg_that_expires_later_stays(h: Harness) -> None:
    answer = await h.call("find_rolls", symbol="NVDA")
    assert answer.data["strategy"] == "call calendar"
    assert legs_of(answer.data["rolled"]) == [(-3, 185, "c")]
    assert all(date.fromisoformat(row["expiration"]) <= date(2027, 1, 15) for row in answer.rows("rolls"))


@pytest.mark.parametrize("symbol", ["AMD", "SPY", "XLK", "NFLX", "DIS"])
async def test_where_nothing_is_sold_it_is_said_and_what_to_do(demo: Harness, symbol: str) -> None:
    assert await refused(demo, symbol=symbol) == (
        f"NOT_FOUND: no option of {symbol} is sold in {TRADING}, {RETIREMENT}, {INCOME}. "
        "find_rolls moves options that are sold; send legs to try a position that is not held."
    )


async def test_an_account_is_looked_in_alone(h: Harness) -> None:
    assert f"in {TRADING}" in (await h.call("find_rolls", symbol="QQQ", account="trading")).text
    said = await refused(h, symbol="QQQ", account="Income")
    assert said.startswith(f"NOT_FOUND: no option of QQQ is sold in {INCOME}. ")
    assert "there is no account 'Savings'. There are" in await refused(h, symbol="QQQ", account="Savings")


async def test_the_same_in_two_accounts_is_two_strategies() -> None:
    async with harness() as h:
        h.simulator.trade(INCOME, "TSLA  261218C00500000", -1)
        answer = await h.call("find_rolls", symbol="TSLA")
        assert f"rolled is what is held: short call of 2026-12-18 in {INCOME}" in answer.data["notes"]
        assert f"short strangle of 2026-12-31 in {TRADING}" in answer.text


async def test_an_account_that_fails_is_noted_and_where_nothing_else_is_held_said() -> None:
    async with harness() as h:
        h.simulator.faults.add("status", f"/accounts/{TRADING}/positions", status=403)
        answer = await h.call("find_rolls", symbol="CVX")
        assert answer.data["strategy"] == "covered call"
        assert any(note.startswith(f"the positions of {TRADING} could not be read: ") for note in answer.data["notes"])
        said = await refused(h, symbol="TSLA")
        assert said.startswith("NOT_FOUND: no option of TSLA is sold")
        assert f"the positions of {TRADING} could not be read" in said


async def test_where_no_account_can_be_read_that_is_the_failure() -> None:
    async with harness() as h:
        h.simulator.faults.add("status", "/accounts/*/positions", status=403)
        said = await refused(h, symbol="TSLA")
        assert said.startswith("AUTHORIZATION: ")
