"""What the answers of the chains plugin say, asked through the protocol."""

import math
from dataclasses import replace
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastmcp.exceptions import ToolError

from tests.desk import until
from tests.plugins.chains.test_analysis import expiration, quotes
from ttai.clock import NEW_YORK
from ttai.market.metrics import Earnings
from ttai.quant.volatility import realised
from ttai.testing import FrozenClock, harness
from ttai_chains.service import Read
from ttai_chains.tools.chain import MOST_STRIKES
from ttai_chains.tools.volatility import _earnings, _Known


async def test_quotes_of_the_night_are_stale_after_the_open_too() -> None:
    clock = FrozenClock(datetime(2026, 11, 20, 9, 20, tzinfo=NEW_YORK))
    async with harness(sessions="real", clock=clock) as h:
        before = await h.call("get_option_chain", symbol="SPY", strikes=1)
        assert before.data["stale"]
        clock.advance(15 * 60)
        again = await h.call("get_option_chain", snapshot=before.data["snapshot"], strikes=1)
        assert again.data == before.data
        expirations = await h.call("get_expirations", snapshot=before.data["snapshot"], limit=1)
        assert expirations.data["stale"]
        fresh = await h.call("get_option_chain", symbol="SPY", strikes=1)
        assert not fresh.data["stale"]


async def test_what_is_null_at_the_money_has_its_reason() -> None:
    async with harness() as h:
        await h.call("get_quote", symbol="SPY")
        h.simulator.faults.add("nan", path="*", field="bidPrice")
        h.simulator.faults.add("nan", path="*", field="bid")
        for tool, said in (
            ("get_expirations", "31 of 31 expirations with straddle and expected_move null"),
            ("get_option_chain", "12 of 12 expirations with atm_iv null"),
            ("get_volatility", "iv_30, iv_hv_diff null"),
            ("get_volatility", "14 of 14 expirations with move_straddle null"),
        ):
            assert said in (await h.call(tool, symbol="SPY")).text


async def test_the_day_that_is_not_over_is_no_realised_volatility() -> None:
    clock = FrozenClock(datetime(2026, 11, 20, 9, 31, tzinfo=NEW_YORK))
    async with harness(sessions="real", clock=clock) as h:
        found = (await h.call("get_volatility", symbol="SPY")).data
        bars = (await h.app.market.history("SPY", "1d", bars=12)).bars
        assert f"{bars.day[-1]}" == "2026-11-20"
        assert found["hv_10"] == pytest.approx(realised(bars.close[:-1], 10), abs=1e-4)


async def test_a_breakeven_without_a_mid_has_its_reason() -> None:
    async with harness(sessions="real", clock=FrozenClock(datetime(2026, 11, 20, 15, 58, tzinfo=NEW_YORK))) as h:
        found = await h.call("find_strikes", symbol="SPY", dte=0, deltas=[0.01])
        assert found.rows("strikes")[0]["breakeven"] is None
        assert "1 with mid and breakeven null: no two-sided quote" in found.text


async def test_the_call_that_shows_more_works() -> None:
    async with harness() as h:
        for more in ({}, {"min_delta": 0.0}):
            for symbol in ("SPX", "SPY"):
                whole = await h.call("get_option_chain", symbol=symbol, strikes=MOST_STRIKES, **more)
                assert len(whole.rows("contracts")) == 2 * (2 * MOST_STRIKES + 1)
                assert f"strikes={MOST_STRIKES}" not in whole.text
        with pytest.raises(ToolError, match=r"'SPX' is no settlement\. Send 2026-12-18, or 2026-12-18 AM"):
            await h.call("price_option", option_type="put", spot=1, strike=1, volatility=1, expiration="2026-12-18 SPX")


def read(day: date, years: float, volatility: float) -> Read:
    one = replace(quotes(volatility, years), expiration=expiration(day))
    return Read(cast("Any", None), one, one.as_of.date(), "open", False, ())


def test_the_move_of_a_report_counts_the_days_to_the_minute() -> None:
    """Of two days around it that price no more than usual ones, the report's is one."""
    reads = [read(date(2026, 11, 21), 1.5 / 365, 0.2), read(date(2026, 11, 23), 3.5 / 365, 0.2)]
    known = _Known()
    _earnings(known, cast("Any", SimpleNamespace(earnings=Earnings(date(2026, 11, 22), "unknown", False))), reads)
    assert known.facts["earnings_move_percent"] == pytest.approx(100 * 0.2 * math.sqrt(1 / 365), rel=0.01)


def test_a_report_of_this_morning_is_no_move_to_come() -> None:
    known = _Known()
    metrics = cast("Any", SimpleNamespace(earnings=Earnings(date(2026, 11, 20), "before_open", False)))
    _earnings(known, metrics, [read(date(2026, 11, 21), 1.5 / 365, 0.2)])
    assert "earnings_move" not in known.facts
    assert known.notes == ["earnings_move null: they were reported before the open, what is quoted now has seen them"]


async def test_what_of_a_chain_could_not_be_read_is_said_in_every_answer() -> None:
    async with harness() as h:
        h.simulator.faults.add("missing", path="/option-chains/*", field="expirations")
        for tool in ("get_option_chain", "get_expirations", "find_strikes", "get_volatility"):
            answer = await h.call(tool, symbol="SPX")
            assert "note: 1 strikes or expirations of the chain could not be read and are left out" in answer.text, tool


async def test_a_socket_that_drops_while_a_chain_is_read_costs_the_feeds_greeks_alone() -> None:
    """It ends after some of the messages; what they did not bring comes over REST, and its greeks are ours."""
    async with harness() as h:
        await until(lambda: h.app.market.hub.live)
        h.simulator.faults.add("drop", path="/dxlink", after=3)
        for socket in list(h.simulator._feed.sockets):
            await socket.move("drop")
        answer = await h.call("get_option_chain", symbol="SPY", expiration="2026-12-18", strikes=5)
        rows = answer.rows("contracts")
        assert len(rows) == 22
        assert all(row["bid"] > 0 and row["iv"] and row["delta"] for row in rows)
        assert "model" in answer.data["greeks"]
        assert "gave no quote" not in answer.text
