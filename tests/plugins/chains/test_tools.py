"""Chains, expirations and strikes as a client meets them, in both protocol eras, on the simulated market."""

import math
import re
from datetime import date, datetime
from typing import Any

import pytest
from fastmcp.exceptions import ToolError
from pydantic_core import to_json

from tests.desk import until
from ttai.answers import BUDGET
from ttai.clock import NEW_YORK
from ttai.testing import FrozenClock, Harness, harness

EVERY = ("SPY", "SPX", "NDX", "VIX", "TSLA", "F", "brk.b", "XBI", "DIS", "TLT")
CONTRACT = [
    "type", "strike", "bid", "ask", "mid", "iv", "delta", "gamma", "theta", "vega", "open_interest", "volume",
    "spread_percent",
]  # fmt: skip


async def refused(h: Harness, tool: str, **arguments: Any) -> str:
    with pytest.raises(ToolError) as error:
        await h.call(tool, **arguments)
    return str(error.value)


@pytest.mark.parametrize("symbol", EVERY)
async def test_a_default_chain_is_small_and_complete(h: Harness, symbol: str) -> None:
    answer = await h.call("get_option_chain", symbol=symbol)
    assert len(answer.text.encode()) <= BUDGET
    assert len(to_json(answer.data)) <= BUDGET
    rows = answer.rows("contracts")
    assert list(rows[0]) == CONTRACT
    assert [row["type"] for row in rows] == sorted(row["type"] for row in rows)
    calls = [row for row in rows if row["type"] == "call"]
    assert len(calls) <= 21
    assert abs(answer.data["dte"] - 45) <= 16
    assert answer.data["snapshot"].startswith(answer.data["symbol"].replace("/", ""))
    assert answer.data["greeks"] == "stream"
    assert answer.data["source"] == "simulator"
    assert answer.data["expiration"] in [row["expiration"] for row in answer.rows("expirations")]


async def test_a_chain_is_around_the_price(demo: Harness) -> None:
    answer = await demo.call("get_option_chain", symbol="SPY", expiration="2026-12-18", strikes=3)
    calls, puts = ([row for row in answer.rows("contracts") if row["type"] == kind] for kind in ("call", "put"))
    assert [row["strike"] for row in calls] == [669, 670, 671, 672, 673, 674, 675]
    assert abs(answer.data["price"] - 672) <= 0.5
    assert (answer.data["settled"], answer.data["dte"], "hours" in answer.text) == ("PM", 28, False)
    for call, put in zip(calls, puts, strict=True):
        assert call["iv"] == put["iv"]
        assert call["mid"] == pytest.approx((call["bid"] + call["ask"]) / 2)
        assert call["delta"] > 0 > put["delta"]
        assert call["spread_percent"] == pytest.approx((call["ask"] - call["bid"]) / call["mid"] * 100, abs=0.01)
    assert [row["delta"] for row in calls] == sorted((row["delta"] for row in calls), reverse=True)
    assert any(re.match(r"7 of \d+ strikes; ask strikes=13", note) for note in answer.data["notes"])
    assert answer.data["expirations"] is None


async def test_what_was_left_out_comes_when_it_is_asked_as_said(h: Harness) -> None:
    first = await h.call("get_option_chain", symbol="F", dte=28, strikes=1)
    more = await h.call("get_option_chain", snapshot=first.data["snapshot"], dte=28, strikes=15)
    assert "3 of 21 strikes; ask strikes=11" in first.text
    assert len(more.rows("contracts")) == 2 * 21
    assert "strikes; ask" not in more.text


async def test_deltas_choose_contracts_of_one_type(h: Harness) -> None:
    answer = await h.call("get_option_chain", symbol="AMD", option_type="put", min_delta=0.2, max_delta=0.4)
    rows = answer.rows("contracts")
    assert {row["type"] for row in rows} == {"put"}
    assert rows
    assert all(-0.4 <= row["delta"] <= -0.2 for row in rows)
    few = await h.call("get_option_chain", snapshot=answer.data["snapshot"], min_delta=0.01, strikes=2)
    assert len(few.rows("contracts")) == 10
    assert "those nearest the money; ask strikes=" in few.text
    none = await h.call("get_option_chain", snapshot=answer.data["snapshot"], min_delta=1)
    assert "no contract has a delta between 1 and 1" in none.text
    assert none.data["greeks"] == "none"


async def test_columns_are_those_asked_for(demo: Harness) -> None:
    answer = await demo.call("get_option_chain", symbol="SPY", strikes=1, columns="Mid, delta")
    assert list(answer.rows("contracts")[0]) == ["type", "strike", "mid", "delta"]
    said = await refused(demo, "get_option_chain", symbol="SPY", columns=["mid", "colour"])
    assert said.startswith("VALIDATION: colour is no column. There are type strike bid")


async def test_ten_questions_cost_one_fetch_and_agree(fresh: Harness) -> None:
    first = await fresh.call("get_option_chain", symbol="AMD", dte=30, strikes=30)
    by_name = {(row["type"], row["strike"]): row for row in first.rows("contracts")}
    snapshot, asked = first.data["snapshot"], fresh.simulator.requests.copy()
    fresh.simulator.set_price("AMD", 300)
    for strikes in range(1, 9):
        again = await fresh.call("get_option_chain", snapshot=snapshot, dte=30, strikes=strikes)
        assert all(by_name[row["type"], row["strike"]] == row for row in again.rows("contracts"))
    found = await fresh.call("find_strikes", snapshot=snapshot, dte=30, deltas=[0.3])
    (row,) = found.rows("strikes")
    assert by_name["put", row["strike"]]["mid"] == row["mid"]
    assert found.data["price"] == first.data["price"] < 250
    assert fresh.simulator.requests == asked
    new = await fresh.call("get_option_chain", symbol="AMD", dte=30, strikes=1)
    assert new.data["snapshot"] != snapshot
    assert new.data["price"] == pytest.approx(300, abs=1)


async def test_expirations_say_when_and_how_much(demo: Harness) -> None:
    answer = await demo.call("get_expirations", symbol="SPX")
    rows = answer.rows("expirations")
    assert [row["expiration"] for row in rows] == sorted(row["expiration"] for row in rows)
    assert (rows[0]["expiration"], rows[0]["dte"], rows[0]["hours"]) == ("2026-11-20", 0, 5.5)
    monthly = [row for row in rows if row["expiration"] == "2026-12-18"]
    assert [(row["root"], row["settled"], row["type"]) for row in monthly] == [
        ("SPX", "AM", "monthly"),
        ("SPXW", "PM", "monthly"),
    ]
    for row in rows:
        assert row["dte"] == (date.fromisoformat(row["expiration"]) - date(2026, 11, 20)).days
        assert row["expected_move"] == pytest.approx(0.85 * row["straddle"], abs=0.01)
        assert row["expected_move_percent"] == pytest.approx(
            row["expected_move"] / answer.data["price"] * 100, abs=0.01
        )
        assert row["straddle"] == pytest.approx(
            answer.data["price"] * row["atm_iv"] * math.sqrt(2 / math.pi * max(row["dte"], 5.5 / 24) / 365), rel=0.12
        )
    assert "40 of 45 expirations; ask limit=45" in answer.text
    everything = await demo.call("get_expirations", snapshot=answer.data["snapshot"], limit=45)
    assert len(everything.rows("expirations")) == 45


async def test_adjusted_contracts_are_shown_where_asked_for_and_not_priced(demo: Harness) -> None:
    listed = await demo.call("get_expirations", symbol="DIS")
    assert "adjusted contracts are left out: DIS1" in listed.text
    answer = await demo.call("get_option_chain", symbol="DIS", expiration="2026-12-18 DIS1")
    rows = answer.rows("contracts")
    assert answer.data["root"] == "DIS1"
    assert all(row["iv"] is row["delta"] is None for row in rows)
    assert any(row["bid"] for row in rows)
    assert "DIS1 is adjusted, it delivers 100 shares of DIS; $325.00 in cash: IV and greeks null" in answer.text
    found = await demo.call("find_strikes", symbol="DIS", expiration="2026-12-18 DIS1")
    assert found.rows("strikes") == []
    assert "of this type has a known delta" in found.text


async def test_strikes_are_found_by_delta(demo: Harness) -> None:
    answer = await demo.call("find_strikes", symbol="AMD", deltas=["-0.30", 0.16], dte=45, option_type="put")
    first, second = answer.rows("strikes")
    assert (first["target_delta"], second["target_delta"]) == (0.3, 0.16)
    for row in (first, second):
        assert abs(abs(row["delta"]) - row["target_delta"]) < 0.02
        assert row["breakeven"] == pytest.approx(row["strike"] - row["mid"], abs=1e-3)
        assert row["distance_percent"] == pytest.approx((row["strike"] / answer.data["price"] - 1) * 100, abs=0.01)
        assert abs(row["delta"]) < row["prob_itm"] < row["prob_touch"] < 1
        assert row["symbol"].startswith("AMD   26")
    call = (await demo.call("find_strikes", snapshot=answer.data["snapshot"], option_type="call")).rows("strikes")[0]
    assert call["breakeven"] == pytest.approx(call["strike"] + call["mid"], abs=1e-3)
    assert len(answer.text.encode()) < 1500


async def test_a_strike_far_from_the_delta_asked_for_is_said(h: Harness) -> None:
    answer = await h.call("find_strikes", symbol="F", deltas=[0.001], dte=0)
    (row,) = answer.rows("strikes")
    assert abs(row["delta"]) >= 0
    answer = await h.call("find_strikes", symbol="NDX", deltas=[0.999], dte=0, option_type="call")
    assert answer.rows("strikes")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"symbol": "NOPE"}, "NOT_FOUND: NOPE has no listed options. Check the spelling"),
        ({}, "VALIDATION: no symbol was given. Send one such as SPY"),
        ({"symbol": "/ESM6"}, "VALIDATION: /ESM6 is a future"),
        ({"symbol": "AMD   261218C00227500"}, "is an option, which has no options. Ask for its underlying"),
        ({"symbol": "AMD", "expiration": "Friday"}, "'Friday' is no expiration; one looks like 2026-12-18"),
        ({"symbol": "AMD", "expiration": "2026-11-13"}, "VALIDATION: 2026-11-13 is past"),
        ({"symbol": "AMD", "expiration": "2026-11-26"}, "nothing expires on 2026-11-26; the nearest do on 2026-11-20"),
        ({"symbol": "AMD", "dte": -1}, "VALIDATION: dte: should be greater than or equal to 0"),
        ({"symbol": "AMD", "strikes": 1000}, "VALIDATION: strikes: should be less than or equal to 60"),
        ({"symbol": "AMD", "min_delta": 0.5, "max_delta": 0.1}, "min_delta=0.5 is above max_delta=0.1. Swap them"),
        ({"symbol": "AMD", "min_delta": 30}, "VALIDATION: min_delta: should be less than or equal to 1"),
        ({"symbol": "AMD", "option_type": "straddle"}, "VALIDATION: option_type: should be 'call' or 'put'"),
        ({"snapshot": "AMD-1"}, "NOT_FOUND: there is no snapshot 'AMD-1': the 20 last used are kept, for 30 minutes"),
    ],
)
async def test_a_chain_asked_wrongly_says_what_to_do(demo: Harness, arguments: dict[str, Any], said: str) -> None:
    assert said in await refused(demo, "get_option_chain", **arguments)


async def test_a_snapshot_is_of_one_underlying(h: Harness) -> None:
    snapshot = (await h.call("get_expirations", symbol="AMD")).data["snapshot"]
    said = await refused(h, "get_option_chain", symbol="SPY", snapshot=snapshot)
    assert f"snapshot {snapshot} is of AMD, not of SPY. Leave one of the two out" in said
    assert (await h.call("find_strikes", symbol=" amd", snapshot=snapshot)).data["snapshot"] == snapshot


@pytest.mark.parametrize(
    ("deltas", "said"),
    [
        ([30], "a delta is between 0 and 1, not 30. 0.3 is 30 in percent"),
        ([0], "a delta is between 0 and 1, not 0"),
        ([], "0 deltas were given. Send 1 to 20"),
        ([0.01 * n for n in range(1, 22)], "21 deltas were given"),
    ],
)
async def test_deltas_asked_wrongly_say_what_to_do(h: Harness, deltas: list[float], said: str) -> None:
    assert said in await refused(h, "find_strikes", symbol="AMD", deltas=deltas)


async def test_after_hours_the_quotes_are_of_the_last_session() -> None:
    evening = FrozenClock(datetime(2026, 11, 20, 18, 0, tzinfo=NEW_YORK))
    async with harness(clock=evening, sessions="real") as h:
        for tool in ("get_option_chain", "find_strikes", "get_expirations", "get_volatility"):
            answer = await h.call(tool, symbol="SPY")
            assert answer.data["stale"] is True, tool
            assert "options trade in regular hours: these quotes are of the last session" in answer.text, tool


async def test_without_a_stream_the_quotes_come_over_rest_and_the_greeks_are_ours(fresh: Harness) -> None:
    """And they are nearly the feed's."""
    streamed = await fresh.call("get_option_chain", symbol="SPY", expiration="2026-12-18", strikes=5)
    async with harness() as deaf:
        deaf.simulator.faults.add("status", path="/dxlink", status=503)
        for socket in list(deaf.simulator._feed.sockets):
            await socket.move("drop")
        await until(lambda: not deaf.app.market.hub.live)
        modelled = await deaf.call("get_option_chain", symbol="SPY", expiration="2026-12-18", strikes=5)
    assert modelled.data["greeks"] == "model"
    for ours, theirs in zip(modelled.rows("contracts"), streamed.rows("contracts"), strict=True):
        for name in ("bid", "ask", "open_interest"):
            assert ours[name] == theirs[name]
        assert ours["iv"] == pytest.approx(theirs["iv"], abs=2e-3)
        assert ours["delta"] == pytest.approx(theirs["delta"], abs=5e-3)
        assert ours["theta"] == pytest.approx(theirs["theta"], rel=0.03)
        assert ours["vega"] == pytest.approx(theirs["vega"], rel=0.02)


async def test_a_contract_the_feed_keeps_silent_about_is_asked_of_rest(fresh: Harness) -> None:
    fresh.simulator.faults.add("missing", path="/dxlink", symbols=(".F261218C13", ".F261218P13"))
    answer = await fresh.call("get_option_chain", symbol="F", expiration="2026-12-18", strikes=1)
    assert all(row["bid"] is not None for row in answer.rows("contracts"))
    assert answer.data["greeks"] == "stream, 2 of 6 model"


async def test_what_nobody_quotes_is_counted(fresh: Harness) -> None:
    for path in ("/dxlink", "/market-data/by-type"):
        symbols = (".F261218C13", "F     261218C00013000")
        fresh.simulator.faults.add("missing", path=path, symbols=symbols)
    answer = await fresh.call("get_option_chain", symbol="F", expiration="2026-12-18", strikes=1)
    (call,) = [row for row in answer.rows("contracts") if (row["type"], row["strike"]) == ("call", 13)]
    assert call["bid"] is call["mid"] is call["open_interest"] is None
    assert "1 of" in answer.text
    assert "contracts gave no quote" in answer.text


async def test_unknown_volatilities_have_their_reason(fresh: Harness) -> None:
    fresh.simulator.faults.add("nan", path="/dxlink", field="volatility")
    answer = await fresh.call("get_option_chain", symbol="XBI", dte=14, strikes=30)
    rows = answer.rows("contracts")
    assert answer.data["greeks"] == "model"
    assert any(row["iv"] is None for row in rows)
    assert "with iv and greeks null: nothing is bid for their strike's" in answer.text
