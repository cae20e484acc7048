"""Volatility as a client meets it, and the history kept of it, on the simulated market."""

import math
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from fastmcp.exceptions import ToolError
from pydantic_core import to_json

from ttai.answers import BUDGET
from ttai.clock import NEW_YORK
from ttai.testing import FrozenClock, Harness, harness
from ttai_chains import Chains

EVERY = ("SPY", "SPX", "VIX", "TSLA", "BRK/B", "XBI", "F", "GLD")


@pytest.mark.parametrize("symbol", EVERY)
async def test_the_answer_is_small(h: Harness, symbol: str) -> None:
    answer = await h.call("get_volatility", symbol=symbol)
    assert len(answer.text.encode()) <= BUDGET
    assert len(to_json(answer.data)) <= BUDGET
    assert answer.data["iv_30"]
    assert len(answer.rows("smile")) >= 5


async def test_is_volatility_high(demo: Harness) -> None:
    answer = await demo.call("get_volatility", symbol="TSLA")
    found = answer.data
    assert 0 <= found["iv_rank"] <= 100
    assert found["rank_from"] == "TastyTrade's IV index over a year"
    assert found["iv_hv_diff"] == pytest.approx(found["iv_30"] - found["hv_30"], abs=2e-4)
    assert f"rank {found['iv_rank']:.0f}, percentile" in found["reading"]
    assert all(0.2 < found[f"hv_{days}"] < 1.5 for days in (10, 20, 30, 60))
    term = {row["dte"]: row["atm_iv"] for row in answer.rows("term")}
    assert min(term[28], term[34]) - 1e-4 <= found["iv_30"] <= max(term[28], term[34]) + 1e-4


async def test_the_term_structure_has_two_moves_and_what_lies_between(demo: Harness) -> None:
    answer = await demo.call("get_volatility", symbol="SPY")
    rows = answer.rows("term")
    price = answer.data["price"]
    for row in rows:
        if row["expiration"] in ("2026-11-27", "2026-12-24"):
            continue  # they settle at 13:00
        years = max(row["dte"] + 5.4833 / 24, 0) / 365
        assert row["move_iv"] == pytest.approx(price * row["atm_iv"] * math.sqrt(years), rel=2e-3)
        assert row["move_iv_percent"] == pytest.approx(row["move_iv"] / price * 100, abs=0.01)
        assert row["move_straddle"] == pytest.approx(0.85 * math.sqrt(2 / math.pi) * row["move_iv"], rel=0.05)
    first, second = rows[4:6]
    t1, t2 = ((row["dte"] + 5.4833 / 24) / 365 for row in (first, second))
    between = math.sqrt((second["atm_iv"] ** 2 * t2 - first["atm_iv"] ** 2 * t1) / (t2 - t1))
    assert second["forward_iv"] == pytest.approx(between, abs=2e-3)
    assert rows[0]["forward_iv"] == rows[0]["atm_iv"]


async def test_the_skew_of_an_index_falls(demo: Harness) -> None:
    answer = await demo.call("get_volatility", symbol="SPX", expiration="2026-12-18 AM")
    rows = answer.rows("skew")
    assert [row["expiration"] for row in rows] == sorted(row["expiration"] for row in rows)
    assert len(rows) >= 2
    for row in rows:
        assert row["put_25_strike"] < answer.data["price"] < row["call_25_strike"]
        assert row["risk_reversal"] == pytest.approx(row["call_25_iv"] - row["put_25_iv"], abs=2e-4)
        assert row["risk_reversal"] < 0
        wings = (row["call_25_iv"] + row["put_25_iv"]) / 2 - row["atm_iv"]
        assert row["butterfly"] == pytest.approx(wings, abs=2e-4)
    smile = answer.rows("smile")
    assert answer.data["smile_expiration"] == "2026-12-18"
    assert len(smile) <= 13
    assert smile[0]["moneyness_percent"] < -5 < 5 < smile[-1]["moneyness_percent"]
    assert smile[0]["iv"] > smile[-1]["iv"]


async def test_the_move_of_a_report_is_told_where_one_is_coming(demo: Harness) -> None:
    answer = await demo.call("get_volatility", symbol="TSLA")
    assert answer.data["earnings_date"] == "2027-01-19"
    assert answer.data["earnings_move"] == pytest.approx(
        answer.data["price"] * answer.data["earnings_move_percent"] / 100, abs=0.05
    )
    assert (
        "earnings_move: of the report's day alone, price × √(IV₂²·T₂ − IV₁²·T₁ − σ²·(T₂ − T₁ − 1 day))" in answer.text
    )
    assert 5 < answer.data["earnings_move_percent"] < 10  # 2.2 usual days at 54 % a year are 7.5 %
    fund = await demo.call("get_volatility", symbol="SPY")
    assert fund.data["earnings_date"] is None
    assert "earnings" not in fund.text


async def test_rank_and_percentile_of_any_window_come_from_the_days_kept() -> None:
    async with harness(config={"chains": {"watch": ["amd"]}}) as h:
        from ttai_chains.tables import VolatilityRow

        await h.call("control_job", name="volatility_snapshot", action="run")
        now = (await h.call("get_volatility", symbol="AMD")).data["iv_30"]
        history = [0.3 + 0.013 * day for day in range(1, 22)]
        async with h.app.database.of("chains").write() as session:
            for ago, iv in enumerate(history, start=1):
                day = h.clock.new_york().date() - timedelta(days=ago)
                session.add(VolatilityRow(symbol="AMD", day=day, origin="simulator", as_of=h.clock.now(), iv_30=iv))
            elsewhere = VolatilityRow(symbol="AMD", day=day, origin="market", as_of=h.clock.now(), iv_30=9.0)
            session.add(elsewhere)  # the simulator's days are not the market's
        found = (await h.call("get_volatility", symbol="AMD", window=365)).data
        assert found["iv_rank"] == pytest.approx(100 * (now - history[0]) / (history[-1] - history[0]), abs=0.05)
        below = sum(iv < now for iv in history)
        assert found["iv_percentile"] == pytest.approx(100 * below / 22, abs=0.01)
        assert 0 < below < 21
        assert found["rank_from"] == "iv_30 of 22 days kept here, in 365 calendar days"
        older = VolatilityRow(symbol="AMD", day=day - timedelta(days=90), origin="simulator", as_of=h.clock.now())
        async with h.app.database.of("chains").write() as session:
            session.add(older)  # of that day it is not known
        assert (await h.call("get_volatility", symbol="AMD", window=365)).data["days_kept"] == 22


async def test_without_the_brokers_rank_it_is_ours() -> None:
    async with harness() as h:
        h.simulator.faults.add("status", path="/market-metrics", status=403)
        answer = await h.call("get_volatility", symbol="AMD")
        assert answer.data["iv_rank"] is None
        assert "0 days of iv_30 are kept in 365 calendar days" in answer.text
        assert "earnings unknown: TastyTrade does not permit this" in answer.text
        assert answer.data["iv_30"]


@pytest.mark.slow  # a history is waited for as long as a call may last
async def test_without_history_the_realised_is_unknown_and_said() -> None:
    async with harness() as h:
        h.simulator.faults.add("missing", path="/dxlink", symbols=("GLD{=d,tho=true}",))
        h.simulator.faults.add("missing", path="/dxlink", symbols=("GLD",))
        answer = await h.call("get_volatility", symbol="GLD")
        assert answer.data["hv_30"] is answer.data["iv_hv_diff"] is None
        assert "hv null:" in answer.text


async def test_the_watched_are_kept_once_a_day_and_one_failure_costs_itself() -> None:
    async with harness(config={"chains": {"watch": ["SPX", "NOPE"]}}, plugins="-portfolio") as h:
        await h.call("edit_watchlist", name="mine", action="create", symbols=["AMD", "/ESM6"])
        for _ in range(2):
            await h.call("control_job", name="volatility_snapshot", action="run")
        async with h.app.database.of("chains").read() as session:
            from sqlmodel import select

            from ttai_chains.tables import VolatilityRow

            rows = {row.symbol: row for row in (await session.exec(select(VolatilityRow))).all()}
    assert rows.keys() <= {"SPX", "AMD"}
    row = rows["SPX"]
    assert (row.day, row.origin) == (date(2026, 11, 20), "simulator")
    assert row.iv_30 == pytest.approx(0.158, abs=0.002)
    assert row.risk_reversal_25 is not None
    assert row.risk_reversal_25 < 0
    assert "2026-12-18 0.15" in row.term


async def test_the_job_runs_a_quarter_of_an_hour_after_the_close() -> None:
    friday = FrozenClock(datetime(2026, 11, 20, 15, 0, tzinfo=NEW_YORK))
    async with harness(clock=friday, serving=True, sessions="real") as h:
        (job,) = [row for row in (await h.call("list_jobs")).rows("jobs") if row["name"] == "volatility_snapshot"]
        assert str(job["next_run"]).startswith("2026-11-20T16:15")


async def test_other_plugins_take_the_service() -> None:
    found: dict[str, Any] = {}

    def register(host: Any) -> None:
        chains = host.require(Chains)

        @host.tool  # type: ignore[untyped-decorator]
        async def straddle(symbol: str) -> float | None:
            """The straddle 45 days out."""
            read = await chains.read(await chains.chain(symbol))
            found["notes"] = read.notes
            price: float | None = read.quotes.straddle
            return price

    async with harness(register) as h:
        answer = await h.call("trial_straddle", symbol="AMD")
        assert 20 < answer.data["result"] < 60
        assert found["notes"] == ()
        with pytest.raises(ToolError, match="NOPE has no listed options"):
            await h.call("trial_straddle", symbol="NOPE")


async def test_a_day_later_there_is_an_expiration_less(fresh: Harness) -> None:
    before = (await fresh.call("get_expirations", symbol="F")).rows("expirations")
    fresh.clock.advance(timedelta(days=1).total_seconds())
    after = (await fresh.call("get_expirations", symbol="F")).rows("expirations")
    assert before[0]["expiration"] == "2026-11-20"
    assert after[0]["expiration"] == "2026-11-27"
