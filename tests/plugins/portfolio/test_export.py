"""export_portfolio as a client meets it, and what stands in the files."""

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from fastmcp.exceptions import ToolError

from ttai import Account
from ttai.testing import Harness
from ttai_portfolio.exports import formats
from ttai_portfolio.exports.tables import Table, file_name, table

WHATS = ("positions", "balances", "transactions", "orders", "net_liq", "performance")


def content(answer: Any) -> bytes:
    return Path(answer.data["path"]).read_bytes()


def rows_of(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content(answer).decode())))


@pytest.mark.parametrize("what", WHATS)
async def test_everything_can_be_had_as_a_file(demo: Harness, what: str) -> None:
    answer = await demo.call("export_portfolio", what=what)
    path = Path(answer.data["path"])
    assert path.parent.name == "exports"
    assert path.name.startswith(f"{what}-5WT00718-5WT00934-5WT01122-20261120T153100Z")
    assert len(content(answer)) == answer.data["bytes"]
    rows = rows_of(answer)
    assert len(rows) == answer.data["rows"] > 0
    assert list(rows[0]) == answer.data["columns"]
    assert {row["account"] for row in rows} == {"5WT00718", "5WT00934", "5WT01122"}
    assert len(answer.text.encode()) < 2_000


async def test_the_sums_of_the_file_are_those_of_the_answers_to_the_cent(h: Harness) -> None:
    rows = rows_of(await h.call("export_portfolio", what="transactions", start="2026-10-21"))
    told = await h.call("get_transactions")
    assert len(rows) == told.data["count"]
    for name in ("value", "fees", "net_value"):
        assert float(sum(Decimal(row[name]) for row in rows)) == told.data[name]
    closes = rows_of(await h.call("export_portfolio", what="performance"))
    made = await h.call("get_performance")
    assert float(sum(Decimal(row["net"]) for row in closes)) == made.data["net"]


@pytest.mark.parametrize("what", WHATS)
async def test_json_and_parquet_say_the_same(h: Harness, what: str) -> None:
    plain = rows_of(await h.call("export_portfolio", what=what))
    answer = await h.call("export_portfolio", what=what, format="JSON")
    said = json.loads(content(answer), parse_float=Decimal)
    assert answer.data["format"] == "json"
    assert len(said) == len(plain)
    assert list(said[0]) == list(plain[0])
    frame = pl.read_parquet((await h.call("export_portfolio", what=what, format="parquet")).data["path"])
    assert frame.columns == list(plain[0])
    assert frame.height == len(plain)
    number = {"transactions": "net_value", "balances": "cash_balance", "net_liq": "close", "performance": "net"}
    if name := number.get(what):
        exact = [Decimal(row[name]) for row in plain]
        assert [Decimal(str(row[name])) for row in said] == exact
        assert frame[name].to_list() == exact


async def test_no_file_is_ever_written_over(h: Harness) -> None:
    one = await h.call("export_portfolio", what="balances", account="Trading")
    before = content(one)
    other = await h.call("export_portfolio", what="balances", account="Trading")
    assert one.data["path"] != other.data["path"]
    assert content(one) == before


async def test_a_period_is_kept_to(h: Harness) -> None:
    for what, column in (("net_liq", "time"), ("transactions", "executed_at")):
        answer = await h.call("export_portfolio", what=what, start="2026-02-02", end="2026-03-31")
        days = [row[column][:10] for row in rows_of(answer)]
        assert min(days) == "2026-02-02"
        assert max(days) <= "2026-03-31"


async def test_nothing_is_no_file(h: Harness) -> None:
    answer = await h.call("export_portfolio", what="transactions", start="2026-11-20", account="5WT01122")
    assert (answer.data["path"], answer.data["rows"], answer.data["bytes"]) == (None, 0, 0)
    assert "note: there is nothing to write: no file was made" in answer.text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"what": "secrets"}, "positions"),
        ({"what": "orders", "format": "xlsx"}, "csv"),
        ({"what": "balances", "start": "2026-01-01"}, "balances are as they are now. Leave start and end out"),
        ({"what": "orders", "start": "never"}, "is no date"),
        ({"what": "orders", "account": "Old IRA"}, "is closed"),
        ({"what": "orders", "path": "../x.csv"}, "path"),
    ],
)
async def test_what_can_not_be_meant_is_refused(h: Harness, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ToolError) as error:
        await h.call("export_portfolio", **arguments)
    assert said in str(error.value)


@pytest.mark.parametrize("what", WHATS)
async def test_an_account_that_fails_costs_itself(fresh: Harness, what: str) -> None:
    fresh.simulator.faults.add("status", "/accounts/5WT00718/*", status=400)
    answer = await fresh.call("export_portfolio", what=what)
    assert {row["account"] for row in rows_of(answer)} == {"5WT00934", "5WT01122"}
    assert "note: 5WT00718 is not in it" in answer.text
    assert "5WT00718" not in Path(answer.data["path"]).name


def strange() -> Table:
    names = ["text", "amount", "share", "at", "day", "flag", "count", "none"]
    rows: list[dict[str, Any]] = [
        {
            "text": text, "amount": Decimal("1.10"), "share": 1 / 3, "at": datetime(2026, 11, 20, 15, tzinfo=UTC),
            "day": date(2026, 11, 20), "flag": True, "count": 7,
        }
        for text in ("=1+1", "+1", "-1", "@x", " =1", "\t=1", 'a "b", c\nd', "plain", "é")
    ]  # fmt: skip
    return table([*rows, {"amount": Decimal("NaN"), "share": float("inf")}], names)


def test_a_text_is_never_a_formula_and_a_number_is_what_it_was() -> None:
    rows = list(csv.DictReader(io.StringIO(formats.csv(strange()).decode())))
    texts = [row["text"] for row in rows]
    assert texts == ["'=1+1", "'+1", "'-1", "'@x", "' =1", "'\t=1", 'a "b", c\nd', "plain", "é", ""]
    first, last = rows[0], rows[-1]
    assert (first["amount"], first["share"], first["flag"], first["count"]) == ("1.10", "0.3333333333", "true", "7")
    assert (first["at"], first["day"]) == ("2026-11-20T10:00:00-05:00", "2026-11-20")
    assert set(last.values()) == {""}
    minus = table([{"amount": Decimal("-5.00")}], ["amount"])
    assert formats.csv(minus) == b"amount\n-5.00\n"


def test_json_has_numbers_and_no_formula_is_changed() -> None:
    said = json.loads(formats.jsons(strange()), parse_float=str)
    assert said[0] == {
        "text": "=1+1", "amount": "1.10", "share": "0.3333333333", "at": "2026-11-20T10:00:00-05:00",
        "day": "2026-11-20", "flag": True, "count": 7, "none": None,
    }  # fmt: skip
    assert set(said[-1].values()) == {None}
    assert formats.jsons(table([], ["a"])) == b"[]\n"


def test_parquet_has_types() -> None:
    frame = pl.read_parquet(io.BytesIO(formats.parquet(strange())))
    assert frame["amount"].to_list()[0] == Decimal("1.10")
    assert frame["amount"].to_list()[-1] is None
    assert frame["at"].to_list()[0] == datetime(2026, 11, 20, 15, tzinfo=UTC)
    assert frame["flag"].to_list()[0] is True
    huge = formats.parquet(table([{"a": Decimal(10) ** 35}, {"a": None}], ["a"]))
    assert pl.read_parquet(io.BytesIO(huge))["a"].to_list() == [1e35, None]
    long = formats.parquet(table([{"a": Decimal(10) ** 28 + 1}], ["a"]))
    assert pl.read_parquet(io.BytesIO(long))["a"].to_list() == [Decimal(10) ** 28 + 1]


def test_numbers_and_days_beyond_reason_are_written_all_the_same() -> None:
    rows: list[dict[str, Any]] = [
        {"id": 2**63, "at": datetime(1, 1, 1, tzinfo=UTC), "day": date.min},
        {"id": 1, "at": datetime.max.replace(tzinfo=UTC), "day": date.max},
    ]
    odd = table(rows, ["id", "at", "day"])
    assert formats.csv(odd).decode().splitlines()[1] == "9223372036854775808,0001-01-01T00:00:00+00:00,0001-01-01"
    assert json.loads(formats.jsons(odd))[0]["id"] == 2**63
    frame = pl.read_parquet(io.BytesIO(formats.parquet(odd)))
    assert frame["id"].to_list() == ["9223372036854775808", "1"]
    assert frame["day"].to_list() == [date.min, date.max]


async def test_what_is_worked_out_here_is_not_said_to_be_the_broker_s(h: Harness) -> None:
    made = await h.call("export_portfolio", what="performance")
    assert "all but the prices and times of the entries is worked out here" in made.text
    assert "worked out here" not in (await h.call("export_portfolio", what="transactions")).text


def test_a_file_of_many_accounts_has_a_short_name() -> None:
    many = [Account(f"5WT0000{number}", "", "", margin=True) for number in range(4)]
    assert file_name("orders", many, datetime(2026, 1, 2, tzinfo=UTC), "csv") == (
        "orders-4-accounts-20260102T000000Z.csv"
    )
