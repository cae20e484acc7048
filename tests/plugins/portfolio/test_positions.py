"""What is held, as a client asks: the numbers hold together, what fails costs itself, what is unknown is said."""

import re
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from pydantic_core import to_json

from tests.desk import until
from tests.plugins.portfolio.test_accounts import ALL, INCOME, RETIREMENT, TRADING, refused
from ttai.answers import BUDGET
from ttai.clock import NEW_YORK
from ttai.quant.symbols import parse_occ
from ttai.testing import Harness, harness

FUTURE, BILL, COIN = "/MESH7", "912797RK4", "BTC/USD"
NOT_QUOTED = [FUTURE, BILL, COIN]
PART = re.compile(r"([+-][\d.]+) (?:([\d.]+)([cp])(?: ([A-Z][a-z]{2}\d\d))?|(\S+))")


async def lines_of(h: Harness, **arguments: Any) -> list[dict[str, Any]]:
    return (await h.call("get_positions", group_by="none", limit=120, **arguments)).rows("lines")


def multiplier(line: dict[str, Any]) -> float:
    """Dollars a point, by what the demo's contracts are."""
    special = {FUTURE: 5, BILL: 0.01}
    return special.get(line["symbol"], 100 if line["type"] == "Equity Option" else 1)


def legs_of(row: dict[str, Any]) -> Counter[tuple[str, ...]]:
    """What a strategy says it is made of, to the last sign: quantities by account, underlying and leg."""
    found: Counter[tuple[str, ...]] = Counter()
    for said in row["legs"].split(", "):
        one = PART.fullmatch(said)
        assert one, said
        quantity, strike, kind, day, other = one.groups()
        day = day or f"{datetime.fromisoformat(row['expiration']):%b%d}" if strike else ""
        leg = (strike, kind, day) if strike else ("shares" if other == "shares" else other,)
        found[(row["account"], row["underlying"], *leg)] += round(float(quantity) * 10_000)
    return found


def leg_of(line: dict[str, Any]) -> tuple[str, ...]:
    """A line as `legs_of` writes it."""
    home = (line["account"], line["underlying"])
    if line["type"] == "Equity Option":
        one = parse_occ(line["symbol"])
        return (*home, f"{one.strike.normalize():f}", one.type.lower(), f"{one.expiration:%b%d}")
    return (*home, "shares" if line["type"] == "Equity" else line["symbol"])


async def test_a_line_is_worth_its_mark_and_made_what_lies_between(demo: Harness) -> None:
    lines = await lines_of(demo)
    assert len(lines) == 60
    for line in lines:
        shares = line["quantity"] * multiplier(line)
        opened, mark = line["average_open_price"], line["mark"]
        assert line["pnl_open"] == pytest.approx((mark - opened) * shares, abs=0.011), line["symbol"]
        if line["type"] == "Future":  # settled day by day: it has no value of its own
            assert (line["value"], line["cost"]) == (None, None)
            continue
        assert line["value"] == pytest.approx(mark * shares, rel=1e-4, abs=0.011), line["symbol"]
        assert line["cost"] == pytest.approx(opened * shares, rel=1e-4, abs=0.011), line["symbol"]
        assert line["pnl_open_percent"] == pytest.approx(line["pnl_open"] / abs(line["cost"]) * 100, abs=0.01)


@pytest.mark.parametrize("account", ["all", "Trading", "Retirement", "Income"])
async def test_three_ways_to_group_tell_the_same_sums(h: Harness, account: str) -> None:
    lines = await lines_of(h, account=account)
    strategies = await h.call("get_positions", account=account, limit=120)
    underlyings = await h.call("get_positions", account=account, group_by="underlying", limit=120)
    for name in ("pnl_open", "pnl_day", "value"):
        known = sum(line[name] for line in lines if line[name] is not None)
        for answer, table in ((strategies, "strategies"), (underlyings, "underlyings")):
            rows = [row[name] for row in answer.rows(table) if row[name] is not None]
            assert sum(rows) == pytest.approx(known, abs=0.5), (table, name)
            assert answer.data[name] == pytest.approx(known, abs=0.5), (table, name)
        assert strategies.data[name] == underlyings.data[name]
    thetas = [line["theta"] for line in lines if line["theta"] is not None]
    assert strategies.data["theta"] == pytest.approx(sum(thetas), abs=0.5)


async def test_every_position_is_in_the_strategies_once(demo: Harness) -> None:
    held: Counter[tuple[str, ...]] = Counter()
    for line in await lines_of(demo):
        held[leg_of(line)] += round(line["quantity"] * 10_000)
    told: Counter[tuple[str, ...]] = Counter()
    for row in (await demo.call("get_positions", limit=120)).rows("strategies"):
        told.update(legs_of(row))
    assert told == held


@pytest.mark.parametrize("account", ALL)
async def test_an_account_is_worth_its_cash_and_what_it_holds(h: Harness, account: str) -> None:
    (balances,) = (await h.call("get_balances", account=account)).rows("balances")
    lines = await lines_of(h, account=account)
    worth = sum(line["pnl_open"] if line["type"] == "Future" else line["value"] for line in lines)
    assert balances["net_liquidating_value"] == pytest.approx(balances["cash_balance"] + worth, abs=0.1)


async def test_a_day_counts_from_the_close_or_from_todays_opening_with_what_was_realised(h: Harness) -> None:
    for line in await lines_of(h):
        fresh = line["opened_at"].startswith("2026-11-20")
        since = line["average_open_price"] if fresh else line["close_price"]
        by_hand = (line["mark"] - since) * line["quantity"] * multiplier(line) + line["realized_day_gain"]
        coarse = abs(line["quantity"] * multiplier(line)) * 0.0051  # a close is told to the cent
        assert line["pnl_day"] == pytest.approx(by_hand, abs=coarse + 0.011), line["symbol"]


async def test_what_a_condor_and_a_put_win_at_most_and_where_they_break_even_is_their_credit(h: Harness) -> None:
    rows = (await h.call("get_positions", account="Trading", limit=120)).rows("strategies")
    condor = next(row for row in rows if row["strategy"] == "iron condor")
    credit = -condor["net_debit"]
    assert condor["breakevens"] == [6370 - credit / 100, 7150 + credit / 100]
    put = next(row for row in rows if row["legs"] == "-1 595p")
    assert put["breakevens"] == [595 + put["net_debit"] / 100]
    for row in (condor, put):
        assert row["of_max_percent"] == pytest.approx(row["pnl_open"] / -row["net_debit"] * 100, abs=0.006)
        assert 0 < row["pop"] < 1
        assert row["net_debit"] + row["pnl_open"] == pytest.approx(row["value"], abs=0.011)


async def test_the_strategies_are_those_a_trader_would_name(h: Harness) -> None:
    rows = (await h.call("get_positions", limit=120)).rows("strategies")
    named = {(row["account"], row["underlying"]): row["strategy"] for row in rows}
    assert named[TRADING, "SPX"] == "iron condor"
    assert named[TRADING, "TSLA"] == "short strangle"
    assert named[TRADING, "AMZN"] == "jade lizard"
    assert named[TRADING, "JPM"] == "call ratio spread"
    assert named[RETIREMENT, "KO"] == "cash-secured put"
    assert named[INCOME, "WMT"] == "collar"
    assert named[INCOME, "GOOGL"] == "poor man's covered call"
    assert named[INCOME, "DIS"] == "long call (adjusted)"


async def test_what_needs_a_look_comes_first(h: Harness) -> None:
    rows = (await h.call("get_positions", limit=120)).rows("strategies")
    looks = [bool(row["state"]) for row in rows]
    assert looks == sorted(looks, reverse=True)
    first = rows[0]
    assert (first["underlying"], first["strategy"], first["dte"]) == ("QQQ", "short put", 0)
    assert "expires today" in first["state"]
    for row in rows:
        reached = (row["of_max_percent"] or 0) >= 50
        assert ("50% of max profit" in (row["state"] or "")) == (reached and "-" in row["legs"]), row


@pytest.mark.parametrize("symbol", ["TSLA", " tsla ", "brk.b", "SPXW", "DIS", "DIS1", COIN, FUTURE])
async def test_an_underlying_is_asked_for_in_any_spelling(demo: Harness, symbol: str) -> None:
    wanted = {" tsla ": "TSLA", "brk.b": "BRK/B", "SPXW": "SPX"}.get(symbol, symbol)
    answer = await demo.call("get_positions", symbol=symbol, group_by="none")
    assert {line["underlying"] for line in answer.rows("lines")} == {"DIS" if symbol == "DIS1" else wanted}
    assert answer.data["symbol"] == wanted


async def test_what_is_not_held_is_said_to_be_that_symbol(h: Harness) -> None:
    answer = await h.call("get_positions", symbol="AMD")
    assert answer.rows("strategies") == []
    assert answer.data["notes"] == ["nothing of AMD is held"]


@pytest.mark.parametrize("account", ["all", "Trading"])
@pytest.mark.parametrize("group_by", ["strategy", "underlying", "none"])
async def test_a_default_answer_is_small(h: Harness, account: str, group_by: str) -> None:
    answer = await h.call("get_positions", account=account, group_by=group_by)
    assert len(answer.text.encode()) <= BUDGET
    assert len(to_json(answer.data)) <= BUDGET


async def test_what_is_cut_comes_when_it_is_asked_as_said(h: Harness) -> None:
    first = await h.call("get_positions", group_by="none")
    assert "30 of 60 lines; ask limit=60" in first.text
    assert len((await h.call("get_positions", group_by="none", limit=60)).rows("lines")) == 60
    few = await h.call("get_positions", limit=2)
    assert len(few.rows("strategies")) == 2
    assert few.data["value"] == first.data["value"]  # the sums are of everything


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"limit": 0}, "VALIDATION: limit: should be greater than or equal to 1"),
        ({"limit": 201}, "VALIDATION: limit: should be less than or equal to 120"),
        ({"limit": "many"}, "VALIDATION: limit: should be a whole number"),
        ({"group_by": "sector"}, "VALIDATION: group_by: should be 'strategy', 'underlying' or 'none'"),
        ({"symbol": "???"}, "VALIDATION: '???' is not a symbol; a symbol looks like SPY"),
        ({"symbol": ""}, "VALIDATION: '' is not a symbol"),
    ],
)
async def test_what_can_not_be_meant_is_said(h: Harness, arguments: dict[str, Any], said: str) -> None:
    assert (await refused(h, "get_positions", **arguments)).startswith(said)


async def test_what_the_market_does_not_quote_is_marked_by_the_broker(h: Harness) -> None:
    lines = {line["symbol"]: line for line in await lines_of(h)}
    for symbol in NOT_QUOTED:
        assert (lines[symbol]["mark_of"], lines[symbol]["source"]) == ("broker", "simulator")
        assert lines[symbol]["delta"] is None
    assert lines[FUTURE]["value"] is None
    assert lines[COIN]["quantity"] == 0.3517
    assert lines["SPY"]["quantity"] == 37.4182
    assert lines["SPY"]["delta"] == pytest.approx(37.42)
    adjusted = next(line for symbol, line in lines.items() if symbol.startswith("DIS1"))
    assert adjusted["mark_of"] == "market"
    assert (adjusted["iv"], adjusted["delta"], adjusted["theta"]) == (None, None, None)
    answer = await h.call("get_positions")
    assert f"marked by the broker, not by the market: {', '.join(NOT_QUOTED)}" in answer.data["notes"]
    assert "it does not deliver 100 shares, iv and greeks null" in answer.text


async def test_an_account_that_was_just_opened_holds_nothing() -> None:
    async with harness() as h:
        h.simulator.empty(TRADING)
        for group_by, table in (("strategy", "strategies"), ("underlying", "underlyings"), ("none", "lines")):
            answer = await h.call("get_positions", account="Trading", group_by=group_by)
            assert answer.rows(table) == []
            assert (answer.data["positions"], answer.data["value"]) == (0, None)
            assert answer.data["notes"] == ["nothing is held"]


@pytest.mark.parametrize("status", [403, pytest.param(503, marks=pytest.mark.slow)])  # the latter is tried again
async def test_one_account_that_fails_costs_itself(status: int) -> None:
    async with harness() as h:
        h.simulator.faults.add("status", f"/accounts/{TRADING}/positions", status=status)
        answer = await h.call("get_positions")
        assert answer.data["accounts"] == ["5WT00934 Retirement", "5WT01122 Income"]
        (failed,) = answer.rows("failed")
        assert failed["account"] == TRADING
        assert failed["reason"]
        assert f"{TRADING} is not in it: {failed['reason']}" in answer.data["notes"]
        assert {row["account"] for row in answer.rows("strategies")} == {RETIREMENT, INCOME}


async def test_where_no_account_can_be_read_that_is_the_failure() -> None:
    async with harness() as h:
        h.simulator.faults.add("status", "/accounts/*/positions", status=403)
        for group_by in ("strategy", "none"):
            assert (await refused(h, "get_positions", group_by=group_by)).startswith("AUTHORIZATION: ")


async def deafened(h: Harness, *, status: int = 403) -> None:
    """Neither stream nor REST has a price from now on, and what was heard is gone."""
    h.simulator.faults.add("status", "/dxlink", status=503)
    h.simulator.faults.add("status", "/market-data/*", status=status)
    for socket in list(h.simulator._feed.sockets):
        await socket.move("drop")
    await until(lambda: not h.app.market.hub.live)


async def test_without_a_market_the_broker_s_own_marks_are_told_to_be_that() -> None:
    async with harness() as h:
        await deafened(h)
        answer = await h.call("get_positions", group_by="none", limit=120)
        lines = answer.rows("lines")
        assert {line["mark_of"] for line in lines} == {"broker"}
        assert answer.data["source"] == "simulator"
        (balances,) = (await h.call("get_balances", account="Trading")).rows("balances")
        worth = sum(line["value"] for line in lines if line["account"] == TRADING)
        assert balances["net_liquidating_value"] == pytest.approx(balances["cash_balance"] + worth, abs=0.1)
        assert {line["delta"] for line in lines if line["type"] == "Equity Option"} == {None}
        marked = next(note for note in answer.data["notes"] if note.startswith("marked by the broker"))
        assert marked.endswith("and 52 more")
        blind = next(note for note in answer.data["notes"] if note.startswith("greeks null"))
        assert "does not permit" in blind  # the reason, not that it is unknown
        strategies = await h.call("get_positions", account="Trading", limit=120)
        condor = next(row for row in strategies.rows("strategies") if row["underlying"] == "SPX")
        assert (condor["strategy"], condor["dte"]) == ("iron condor", 34)
        assert condor["breakevens"] is None


async def test_a_position_that_can_not_be_read_is_counted() -> None:
    async with harness() as h:
        symbol = "MSFT  261231P00595000"
        h.simulator.faults.add("missing", f"/accounts/{TRADING}/positions", field="quantity", symbols=[symbol])
        answer = await h.call("get_positions", group_by="none", limit=120)
        assert symbol not in {line["symbol"] for line in answer.rows("lines")}
        assert answer.data["positions"] == 59
        assert f"{TRADING}: 1 of 33 positions could not be read and are left out" in answer.data["notes"]


async def test_a_price_that_is_no_number_is_unknown_and_nothing_else() -> None:
    async with harness() as h:
        path = "/accounts/*/positions"
        h.simulator.faults.add("nan", path, field="average-open-price", symbols=["AAPL"])
        for field in ("mark", "mark-price"):
            h.simulator.faults.add("nan", path, field=field)
        answer = await h.call("get_positions", group_by="none", limit=120)
        lines = {line["symbol"]: line for line in answer.rows("lines")}
        assert (lines["AAPL"]["average_open_price"], lines["AAPL"]["pnl_open"]) == (None, None)
        assert lines["AAPL"]["value"] > 0
        assert [symbol for symbol, line in lines.items() if line["mark"] is None] == NOT_QUOTED
        assert "without a mark, and not in the sums: /MESH7 (future is not quoted here)" in answer.text
        strategies = (await h.call("get_positions", account="Trading", limit=120)).rows("strategies")
        covered = next(row for row in strategies if row["underlying"] == "AAPL")
        assert (covered["strategy"], covered["pnl_open"], covered["breakevens"]) == ("covered call", None, None)


async def test_an_option_whose_quote_is_no_number_is_marked_by_the_broker() -> None:
    async with harness() as h:
        symbol = "MSFT  261231P00595000"
        for field in ("bid", "ask", "last"):
            name = "price" if field == "last" else f"{field}Price"
            h.simulator.faults.add("nan", "/dxlink", field=name, symbols=[".MSFT261231P595"])
            h.simulator.faults.add("nan", "/market-data/*", field=field, symbols=[symbol])
        for field in ("mark", "mid"):
            h.simulator.faults.add("nan", "/market-data/*", field=field, symbols=[symbol])
        lines = {line["symbol"]: line for line in await lines_of(h, account="Trading")}
        assert (lines[symbol]["mark_of"], lines[symbol]["mark"]) == ("broker", 90.325)
        assert {line["mark_of"] for name, line in lines.items() if name != symbol} == {"market"}


async def test_at_night_marks_are_the_last_there_were_and_greeks_the_model_s() -> None:
    async with harness(sessions="real") as h:
        await h.simulator.prepare()
        h.clock.set(datetime(2026, 11, 20, 22, 0, tzinfo=NEW_YORK))
        answer = await h.call("get_positions", group_by="none", limit=120)
        lines = answer.rows("lines")
        assert answer.data["stale"] is True
        assert answer.data["session"] == "closed (overnight)"
        assert "the exchange is closed, or does not answer: marks are the last there were" in answer.data["notes"]
        assert len(lines) == 59  # the put of today has expired
        blind = {line["symbol"] for line in lines if line["type"] == "Equity Option" and line["delta"] is None}
        assert len(blind) < 3
        notes = [note for note in answer.data["notes"] if note.startswith("greeks null")]
        assert any("DIS1" in note and "adjusted" in note for note in notes)
        assert not any("DIS1" in note and "exercise value" in note for note in notes)


async def test_what_is_neither_stock_nor_option_stands_alone_as_the_broker_calls_it(h: Harness) -> None:
    rows = (await h.call("get_positions", account="Income", limit=120)).rows("strategies")
    named = {row["underlying"]: (row["strategy"], row["legs"]) for row in rows}
    assert named[BILL] == ("fixed income security", f"+25000 {BILL}")
    assert named[COIN] == ("cryptocurrency", f"+0.3517 {COIN}")
    assert named[FUTURE] == ("future", f"+2 {FUTURE}")


async def test_without_transactions_strategies_are_recognised_by_what_they_are() -> None:
    async with harness() as h:
        h.simulator.faults.add("status", "/accounts/*/transactions", status=403)
        rows = (await h.call("get_positions", account="Trading", limit=120)).rows("strategies")
        assert "iron condor" in {row["strategy"] for row in rows}
        assert len(rows) >= 15
