"""get_transactions as a client meets it."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from fastmcp.exceptions import ToolError

from ttai import Account, Transaction
from ttai.answers import BUDGET
from ttai.listing import Listing
from ttai.testing import Harness
from ttai_portfolio.gathering import Gathered
from ttai_portfolio.records import transactions
from ttai_portfolio.records.periods import Period
from ttai_portfolio.records.transactions import Wanted

HISTORY = "/accounts/5WT00718/transactions"


async def refused(h: Harness, **arguments: Any) -> str:
    with pytest.raises(ToolError) as error:
        await h.call("get_transactions", **arguments)
    return str(error.value)


async def test_the_last_month_the_newest_first_with_the_sums_of_all(demo: Harness) -> None:
    answer = await demo.call("get_transactions")
    rows = answer.rows("transactions")
    assert (answer.data["start"], answer.data["end"]) == ("2026-10-21", "2026-11-20")
    assert answer.data["accounts"] == ["5WT00718 Trading", "5WT00934 Retirement", "5WT01122 Income"]
    moments = [row["executed_at"] for row in rows]
    assert moments == sorted(moments, reverse=True)
    assert len(rows) == 24 < answer.data["count"]
    assert f"note: 24 of {answer.data['count']} transactions; ask limit={answer.data['count']}" in answer.text
    assert len(answer.text.encode()) <= BUDGET
    assert len(json.dumps(answer.data, separators=(",", ":"))) <= BUDGET
    whole = (await demo.call("get_transactions", limit=100)).rows("transactions")
    for sum_of in ("value", "fees", "net_value"):
        assert answer.data[sum_of] == pytest.approx(sum(row[sum_of] or 0 for row in whole), abs=0.005)
    assert answer.data["net_value"] == pytest.approx(answer.data["value"] + answer.data["fees"], abs=0.005)


async def test_a_row_has_what_an_older_client_expects(h: Harness) -> None:
    rows = (await h.call("get_transactions", account="trading", type="trade")).rows("transactions")
    assert rows[0].keys() >= {
        "id", "transaction_type", "transaction_sub_type", "description", "executed_at", "value", "net_value", "symbol",
        "action", "quantity", "price", "fees", "order_id",
    }  # fmt: skip
    first = rows[0]
    assert first["transaction_type"] == "Trade"
    assert first["net_value"] == pytest.approx(first["value"] + first["fees"])
    assert first["executed_at"].endswith("-05:00")


@pytest.mark.parametrize("said", ["money_movement", "Money Movement", "money-movement", " MONEY MOVEMENT "])
async def test_a_type_may_be_said_as_the_broker_does(h: Harness, said: str) -> None:
    answer = await h.call("get_transactions", type=said, start="2026-09-01", account="5WT00718")
    assert answer.data["type"] == "money_movement"
    kinds = {row["transaction_sub_type"] for row in answer.rows("transactions")}
    assert kinds == {"Deposit", "Credit Interest", "Dividend"}


async def test_other_types_are_none(h: Harness) -> None:
    assert "receive_deliver" in await refused(h, type="everything")


async def test_of_one_underlying_or_one_contract(h: Harness) -> None:
    answer = await h.call("get_transactions", symbol=" spx ", start="2026-11-01")
    rows = answer.rows("transactions")
    assert answer.data["symbol"] == "SPX"
    assert rows
    assert {row["symbol"][:4].strip() for row in rows} <= {"SPX", "SPXW"}
    one = rows[0]["symbol"]
    alone = await h.call("get_transactions", symbol=one.replace(" ", ""), start="2026-11-01")
    assert {row["symbol"] for row in alone.rows("transactions")} == {one}
    assert alone.data["symbol"] == one


async def test_nothing_is_said_to_be_nothing(h: Harness) -> None:
    answer = await h.call("get_transactions", symbol="ZZZ")
    assert (answer.data["count"], answer.data["net_value"]) == (0, 0)
    assert "note: nothing happened" in answer.text


def test_where_none_can_be_read_nobody_knows_what_happened() -> None:
    days, now = Period(date(2026, 11, 1), date(2026, 11, 20)), datetime(2026, 11, 20, tzinfo=UTC)
    one = Account("A", "", "Individual", margin=True)
    blind: Gathered[Sequence[Transaction]] = Gathered([one], {"A": Listing([], unreadable=3)}, {})
    answer = transactions.answer(blind, Wanted(), days, None, now)
    assert (answer.count, answer.value, answer.fees, answer.net_value) == (0, None, None, None)
    assert answer.notes == ["3 of 3 transactions could not be read and are left out"]
    empty = transactions.answer(Gathered([one], {"A": Listing([])}, {}), Wanted(), days, None, now)
    assert (empty.value, empty.fees, empty.notes) == (0, 0, ["nothing happened"])


async def test_an_amount_that_nobody_says_the_way_of_is_unknown(fresh: Harness) -> None:
    usual = await fresh.call("get_transactions", account="5WT00718")
    await fresh.app.cache.close()
    fresh.clock.advance(61)
    for name in ("value-effect", "commission-effect"):
        fresh.simulator.faults.add("nan", HISTORY, field=name)
    answer = await fresh.call("get_transactions", account="5WT00718")
    assert answer.data["net_value"] == usual.data["net_value"]
    assert answer.data["value"] is None
    assert " have no value: the sums are without them" in answer.text


async def test_hundreds_are_counted_and_can_be_written_to_a_file(h: Harness) -> None:
    answer = await h.call("get_transactions", start="2026-01-01", limit=100)
    assert answer.data["count"] > 500
    assert len(answer.rows("transactions")) == 100
    assert f"100 of {answer.data['count']} transactions; export_portfolio writes all of them to a file" in answer.text
    assert "ask limit" not in answer.text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"start": "yesterday"}, "start 'yesterday' is no date; one looks like 2026-12-18"),
        ({"end": "2026-13-01"}, "end '2026-13-01' is no date"),
        ({"start": "2026-11-20", "end": "2026-11-19"}, "start 2026-11-20 is after end, 2026-11-19"),
        ({"start": "2026-12-01"}, "start 2026-12-01 is after today, 2026-11-20"),
        ({"start": "2024-01-01"}, "2024-01-01 to 2026-11-20 is more than two years; send a later start"),
        ({"symbol": "what is this"}, "is not a symbol"),
        ({"account": "5WT99999"}, "NOT_FOUND: there is no account '5WT99999'. There are 5WT00718 (Trading)"),
        ({"account": "Old IRA"}, "NOT_FOUND: the account 'Old IRA' is closed"),
        ({"limit": 0}, "limit"),
    ],
)
async def test_what_can_not_be_meant_is_refused_in_words(h: Harness, arguments: dict[str, Any], said: str) -> None:
    assert said in await refused(h, **arguments)


async def test_an_end_that_is_to_come_is_today(h: Harness) -> None:
    answer = await h.call("get_transactions", start="2026-11-19", end="2027-01-01")
    assert answer.data["end"] == "2026-11-20"
    assert "note: end 2027-01-01 is to come: cut to today, 2026-11-20" in answer.text


async def test_an_account_that_fails_costs_itself(fresh: Harness) -> None:
    fresh.simulator.faults.add("status", HISTORY, status=400)
    answer = await fresh.call("get_transactions")
    assert answer.data["accounts"] == ["5WT00934 Retirement", "5WT01122 Income"]
    (failed,) = answer.rows("failed")
    assert failed["account"] == "5WT00718"
    assert "TastyTrade turned the request down" in failed["reason"]
    assert "note: 5WT00718 is not in it" in answer.text.splitlines()
    assert "estimates by the broker's word" in answer.text
    assert {row["account"] for row in answer.rows("transactions")} <= {"5WT00934", "5WT01122"}


async def test_where_all_fail_so_does_the_question(fresh: Harness) -> None:
    fresh.simulator.faults.add("status", "*/transactions", status=400)
    assert (await refused(fresh)).startswith("BROKER: TastyTrade turned the request down")


async def test_every_page_is_read_also_one_that_is_refused_at_first(fresh: Harness) -> None:
    whole = await fresh.call("get_transactions", account="5WT00718", start="2026-01-01")
    assert whole.data["count"] > 250
    await fresh.app.cache.close()
    fresh.clock.advance(61)
    asked = fresh.simulator.requests[HISTORY]
    fresh.simulator.faults.limit(HISTORY, 1)
    again = await fresh.call("get_transactions", account="5WT00718", start="2026-01-01")
    assert again.data["count"] == whole.data["count"]
    assert again.data["net_value"] == whole.data["net_value"]
    assert fresh.simulator.requests[HISTORY] - asked > 2


async def test_half_a_history_is_none(fresh: Harness) -> None:
    faults, asked = fresh.simulator.faults, fresh.simulator.requests
    faults.add("delay", HISTORY, seconds=0.2, count=1)

    async def spoil_what_follows() -> None:
        while not asked[HISTORY]:  # noqa: ASYNC110 - the simulator tells nobody what it is asked
            await asyncio.sleep(0.01)
        faults.add("status", HISTORY, status=400)

    spoiling = asyncio.create_task(spoil_what_follows())
    answer = await fresh.call("get_transactions", start="2026-01-01")
    await spoiling
    assert asked[HISTORY] > 1
    assert [one["account"] for one in answer.rows("failed")] == ["5WT00718"]
    assert {row["account"] for row in answer.rows("transactions")} == {"5WT00934", "5WT01122"}


async def test_rows_that_can_not_be_read_and_values_that_are_none_are_told(fresh: Harness) -> None:
    fresh.simulator.faults.add("missing", HISTORY, field="executed-at", count=1)
    odd = await fresh.call("get_transactions", account="5WT00718", start="2026-11-01")
    assert "note: 1 of " in odd.text
    assert "transactions could not be read and are left out" in odd.text
    fresh.simulator.faults.clear()
    fresh.clock.advance(61)
    fresh.simulator.faults.add("nan", HISTORY, field="value")
    answer = await fresh.call("get_transactions", account="5WT00718", start="2026-11-01")
    assert answer.data["value"] is None
    assert answer.data["net_value"] is not None
    assert f"{answer.data['count']} of {answer.data['count']} have no value: the sums are without them" in answer.text
