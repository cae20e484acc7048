"""Metrics and coming events as a client meets them, in both protocol eras, on the simulated market."""

import json
import math
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from fastmcp.exceptions import ToolError

from tests.desk import HASTY, Tap
from ttai.clock import NEW_YORK
from ttai.tastytrade import TastyTrade, in_process
from ttai.testing import FrozenClock, Harness, harness

EVERY = "SPY,QQQ,IWM,GLD,TLT,AAPL,MSFT,NVDA,AMZN,META,TSLA,AMD,F,XOM,JPM,BRK/B,SPX,NDX,RUT,VIX"
VOLATILITIES = ["iv_index", "iv_30", "hv_30", "hv_60", "hv_90"]
TODAY = date(2026, 11, 20)


async def metrics(h: Harness, symbols: str) -> dict[str, dict[str, Any]]:
    answer = await h.call("get_market_metrics", symbols=symbols)
    return {row["symbol"]: row for row in answer.rows("metrics")}


async def events(h: Harness, symbols: str, **arguments: Any) -> list[dict[str, Any]]:
    return (await h.call("get_events", symbols=symbols, **arguments)).rows("events")


def tapped(h: Harness) -> Tap:
    """A hand on the wire of a running app: what it is told to answer, the simulator does not."""
    adapter = h.app.connection._adapter
    assert isinstance(adapter, TastyTrade)
    tap = Tap(h.simulator)
    adapter.session._client._transport._inner = in_process(tap)()  # type: ignore[attr-defined]
    return tap


async def test_volatilities_are_fractions_and_ranks_of_a_hundred(demo: Harness) -> None:
    rows = await metrics(demo, EVERY)
    assert list(rows) == EVERY.split(",")
    for row in rows.values():
        assert all(0.05 < row[name] < 1.5 for name in VOLATILITIES)
        assert 0 <= row["iv_rank"] <= 100
        assert 0 <= row["iv_percentile"] <= 100
        assert row["iv_hv_diff"] == pytest.approx(row["iv_30"] - row["hv_30"], abs=2e-4)
        assert 0 <= row["liquidity"] <= 5
    assert any(row["iv_rank"] > 1 for row in rows.values())
    assert rows["SPY"]["corr_spy"] == 1


async def test_the_text_has_volatilities_in_percent(demo: Harness) -> None:
    answer = await demo.call("get_market_metrics", symbols=["AAPL"])
    (row,) = answer.rows("metrics")
    header, values = answer.text.split("metrics:\n")[1].splitlines()[:2]
    shown = dict(zip(header.split(" | "), values.split(" | "), strict=True))
    assert float(shown["iv_index"].removesuffix("%")) == pytest.approx(row["iv_index"] * 100)
    assert float(shown["iv_rank"]) == row["iv_rank"]
    assert "source: simulator" in answer.text
    assert answer.data["session"] == "open (simulated)"
    assert answer.data["stale"] is False


async def test_a_fund_has_no_earnings_and_says_so(demo: Harness) -> None:
    answer = await demo.call("get_market_metrics", symbols=["SPY", "GLD", "AAPL"])
    rows = {row["symbol"]: row for row in answer.rows("metrics")}
    assert rows["SPY"]["earnings_date"] is rows["SPY"]["market_cap"] is None
    assert rows["AAPL"]["earnings_date"] > "2026-11-20"
    assert "SPY: market_cap, earnings_date null: no value was given" in answer.data["notes"]
    assert "GLD: market_cap, earnings_date, dividend_yield null: no value was given" in answer.data["notes"]


async def test_a_symbol_without_metrics_is_missing(demo: Harness) -> None:
    answer = await demo.call("get_market_metrics", symbols="SPY, NOPE, no good")
    assert [row["symbol"] for row in answer.rows("metrics")] == ["SPY"]
    reasons = {row["symbol"]: row["reason"].split(":")[0] for row in answer.rows("missing")}
    assert reasons == {"NOPE": "NOT_FOUND", "no good": "VALIDATION"}


@pytest.mark.parametrize("tool", ["get_market_metrics", "get_events"])
async def test_no_symbol_at_all_is_said(demo: Harness, tool: str) -> None:
    with pytest.raises(ToolError, match="VALIDATION: no symbol was given"):
        await demo.call(tool, symbols=["", " "])


@pytest.mark.parametrize("tool", ["get_market_metrics", "get_events"])
async def test_too_many_symbols_are_refused(demo: Harness, tool: str) -> None:
    with pytest.raises(ToolError, match="VALIDATION: 101 symbols are too many"):
        await demo.call(tool, symbols=[f"A{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(101)])


@pytest.mark.parametrize("tool", ["get_market_metrics", "get_events"])
async def test_twenty_symbols_fit_the_budget(demo: Harness, tool: str) -> None:
    answer = await demo.call(tool, symbols=EVERY)
    assert len(answer.text.encode()) <= 8 * 1024
    assert len(json.dumps(answer.data, separators=(",", ":")).encode()) <= 8 * 1024


async def test_old_metrics_are_stale_and_a_report_that_was_is_no_coming_one(fresh: Harness) -> None:
    await metrics(fresh, "SPY")
    item = {
        "symbol": "AAPL",
        "updated-at": "2026-11-13T15:31:00Z",
        "earnings": {"expected-report-date": "2026-10-29", "estimated": False},
        "dividend-ex-date": "2026-11-09",
        "dividend-rate-per-share": "0.26",
    }
    tapped(fresh).answer("/market-metrics", {"data": {"items": [item]}})
    row = (await metrics(fresh, "AAPL"))["AAPL"]
    assert (row["stale"], row["earnings_date"], row["iv_rank"]) == (True, None, None)
    notes = (await fresh.call("get_market_metrics", symbols="AAPL")).data["notes"]
    assert "AAPL: earnings_date null: the last known report is past" in notes
    assert not any("earnings_date" in note and "gave no value" in note for note in notes)
    answer = await fresh.call("get_events", symbols="AAPL")
    assert {row["kind"] for row in answer.rows("events")} == {"holiday", "early_close"}
    assert "AAPL: no coming report is known" in answer.data["notes"]
    assert "AAPL: no coming ex-date is known" in answer.data["notes"]
    assert answer.data["stale"] is True


async def test_events_are_by_date_and_within_the_days(demo: Harness) -> None:
    rows = await events(demo, "AAPL,XOM,TLT", days=40)
    dates = [date.fromisoformat(row["date"]) for row in rows]
    assert dates == sorted(dates)
    assert all(0 <= row["days"] == (day - TODAY).days <= 40 for row, day in zip(rows, dates, strict=True))
    assert {row["kind"] for row in rows} == {"earnings", "ex_dividend", "expiration", "holiday", "early_close"}


async def test_holidays_and_half_days_are_the_exchanges_and_there_once(demo: Harness) -> None:
    rows = [row for row in await events(demo, "SPY,AAPL", days=60) if row["symbol"] is None]
    assert [(row["date"], row["kind"], row["detail"]) for row in rows] == [
        ("2026-11-26", "holiday", "Thanksgiving"),
        ("2026-11-27", "early_close", "closes 13:00"),
        ("2026-12-24", "early_close", "closes 13:00"),
        ("2026-12-25", "holiday", "Christmas"),
        ("2027-01-01", "holiday", "New Year's Day"),
        ("2027-01-18", "holiday", "Dr. Martin Luther King Jr. Day"),
    ]


async def test_the_expected_move_is_what_its_note_says(demo: Harness) -> None:
    answer = await demo.call("get_events", symbols="NVDA,XOM", days=30)
    assert any(note.startswith("expected_move: price × √(IV₂²·T₂ − IV₁²·T₁)") for note in answer.data["notes"])
    item = {row["symbol"]: row for row in answer.rows("events") if row["kind"] == "earnings"}
    assert (item["NVDA"]["when"], item["XOM"]["when"]) == ("after_close", "before_open")
    assert {row["status"] for row in item.values()} == {"confirmed"}
    known = {one.symbol: one for one in (await demo.app.market.metrics(["NVDA", "XOM"])).metrics}
    for symbol, row in item.items():
        report = date.fromisoformat(row["date"])
        # the options of the day itself see what is told before the open, not what comes after the close
        first = next(
            one for one in known[symbol].expirations if one.date > report or (one.date == report and symbol == "XOM")
        )
        last = [one for one in known[symbol].expirations if one.date < first.date][-1]
        variance = [(one.iv or math.nan) ** 2 * (one.date - TODAY).days / 365 for one in (last, first)]
        share = math.sqrt(variance[1] - variance[0])
        price = (await demo.call("get_quote", symbol=symbol)).data["mark"]
        assert row["expected_move_percent"] == pytest.approx(share * 100, abs=0.01)
        assert row["expected_move"] == pytest.approx(price * share, abs=0.01)
    assert first.date == date(2026, 11, 27)  # XOM tells on the morning its options expire


async def test_without_volatilities_or_a_price_the_expected_move_is_null_with_its_reason(fresh: Harness) -> None:
    await metrics(fresh, "SPY")
    tap = tapped(fresh)
    report = {"expected-report-date": "2026-11-24", "estimated": True}
    curve = [{"expiration-date": "2026-11-27", "implied-volatility": "0.5"}]
    items = [
        {"symbol": "F", "updated-at": "2026-11-20T15:31:00Z", "earnings": report},
        {"symbol": "ZZZZ", "earnings": report, "option-expiration-implied-volatilities": curve},
    ]
    tap.answer("/market-metrics", {"data": {"items": items}})
    answer = await fresh.call("get_events", symbols="F,ZZZZ", days=10)
    moves = {row["symbol"]: row for row in answer.rows("events") if row["kind"] == "earnings"}
    assert moves["F"]["expected_move"] is moves["F"]["expected_move_percent"] is moves["ZZZZ"]["expected_move"] is None
    assert moves["ZZZZ"]["expected_move_percent"] == pytest.approx(50 * math.sqrt(7 / 365), abs=0.01)
    assert "F: expected_move null: no volatility of the first expiration after the event" in answer.data["notes"]
    assert "ZZZZ: expected_move null: the price is not known, get_quote says why" in answer.data["notes"]
    assert moves["F"]["when"] == "unknown"
    assert moves["F"]["status"] == "estimated"


REPORT = date(2027, 1, 15)  # 56 days ahead
BEFORE, SAME, AFTER, LATER = ("2027-01-08", 0.3), ("2027-01-15", 0.5), ("2027-01-22", 0.6), ("2027-01-29", 0.4)
T = {day: (date.fromisoformat(day) - TODAY).days / 365 for day, _ in (BEFORE, SAME, AFTER, LATER)}


LESS = "the options price less movement until after the event"
MOVES: dict[str, tuple[str | None, list[tuple[str, float | None]], float | str]] = {
    "AAPL": ("AMC", [BEFORE, SAME, AFTER], 0.36 * T["2027-01-22"] - 0.25 * T["2027-01-15"]),
    "MSFT": ("BTO", [BEFORE, SAME, AFTER], 0.25 * T["2027-01-15"] - 0.09 * T["2027-01-08"]),
    "NVDA": (None, [BEFORE, SAME, AFTER], 0.36 * T["2027-01-22"] - 0.09 * T["2027-01-08"]),
    "AMZN": ("AMC", [AFTER], 0.36 * T["2027-01-22"]),
    "META": ("AMC", [("2026-11-20", None), AFTER], 0.36 * T["2027-01-22"]),  # what expires today says nothing
    "TSLA": ("AMC", [BEFORE, ("2027-01-22", None), LATER], "no volatility of the first expiration after the event"),
    "AMD": ("AMC", [("2027-01-08", None), AFTER], "no volatility of the last expiration before the event"),
    "XOM": ("AMC", [BEFORE], "no volatility of the first expiration after the event"),
    "JPM": ("AMC", [("2027-01-08", 0.6), ("2027-01-22", 0.3)], LESS),
}


async def test_the_expected_move_is_that_of_the_days_around_the_report(fresh: Harness) -> None:
    await metrics(fresh, "SPY")
    tap = tapped(fresh)
    for symbol, (time, curve, move) in MOVES.items():
        item = {
            "symbol": symbol,
            "updated-at": "2026-11-20T15:31:00Z",
            "earnings": {"expected-report-date": f"{REPORT}", "estimated": False, "time-of-day": time},
            "option-expiration-implied-volatilities": [
                {"expiration-date": day, "implied-volatility": None if iv is None else f"{iv}"} for day, iv in curve
            ],
        }
        tap.answer("/market-metrics", {"data": {"items": [item]}})
        answer = await fresh.call("get_events", symbols=symbol)
        (row,) = [row for row in answer.rows("events") if row["kind"] == "earnings"]
        if isinstance(move, str):
            assert row["expected_move"] is row["expected_move_percent"] is None
            assert any(f"{symbol}: expected_move null: {move}" in note for note in answer.data["notes"])
        else:
            price = (await fresh.call("get_quote", symbol=symbol)).data["mark"]
            assert row["expected_move_percent"] == pytest.approx(math.sqrt(move) * 100, abs=0.01)
            assert row["expected_move"] == pytest.approx(price * math.sqrt(move), abs=0.01)


async def test_where_no_expiration_is_a_monthly_one_the_nearest_six_are_listed(fresh: Harness) -> None:
    await metrics(fresh, "SPY")
    days = [date(2026, 11, 25) + timedelta(weeks=n) for n in range(9)]  # Wednesdays
    curve = [{"expiration-date": f"{day}", "implied-volatility": "0.9"} for day in days]
    item = {"symbol": "VIX", "updated-at": "2026-11-20T15:31:00Z", "option-expiration-implied-volatilities": curve}
    tapped(fresh).answer("/market-metrics", {"data": {"items": [item]}})
    answer = await fresh.call("get_events", symbols="VIX", days=60)
    rows = [row for row in answer.rows("events") if row["kind"] == "expiration"]
    assert [row["date"] for row in rows] == [f"{day}" for day in days[:6]]
    assert {row["detail"] for row in rows} == {None}
    said = "VIX: none of the expirations is a monthly one: the nearest 6; 2 others left out"
    assert said in answer.data["notes"]  # the ninth is beyond the days asked


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "html", "status": 504}, "BROKER"),
        ({"kind": "status", "status": 429}, "RATE_LIMIT"),
        ({"kind": "status", "status": 403}, "AUTHORIZATION"),
    ],
)
async def test_without_any_metrics_the_exchanges_days_are_there(
    fresh: Harness, fault: dict[str, Any], code: str
) -> None:
    await metrics(fresh, "SPY")
    adapter = fresh.app.connection._adapter
    assert isinstance(adapter, TastyTrade)
    adapter.session.transport._tries = HASTY
    fresh.simulator.faults.add(path="/market-metrics", **fault)
    answer = await fresh.call("get_events", symbols="brk.b,AAPL,aapl", days=7)
    assert [row["kind"] for row in answer.rows("events")] == ["holiday", "early_close"]
    missing = {row["symbol"]: row["reason"] for row in answer.rows("missing")}
    assert list(missing) == ["BRK/B", "AAPL"]
    assert all(reason.startswith(f"{code}: ") for reason in missing.values())


async def test_refused_credentials_are_an_error_of_events_too(fresh: Harness) -> None:
    await metrics(fresh, "SPY")
    fresh.simulator.faults.add("status", "/oauth/token", status=401)
    fresh.simulator.faults.add("expire", "/market-metrics")
    with pytest.raises(ToolError, match=r"^AUTHENTICATION: .*refused the credentials"):
        await fresh.call("get_events", symbols="AAPL")


@pytest.mark.parametrize(("days", "said"), [(90, False), (91, True)])
async def test_beyond_a_quarter_it_says_that_only_the_next_report_is_known(
    demo: Harness, days: int, said: bool
) -> None:
    notes = (await demo.call("get_events", symbols="AAPL", days=days)).data["notes"]
    assert any("only the next that TastyTrade knows" in note for note in notes) is said


async def test_expirations_are_the_nearest_and_the_monthly_ones(demo: Harness) -> None:
    answer = await demo.call("get_events", symbols="SPY", days=60)
    rows = [row for row in answer.rows("events") if row["kind"] == "expiration"]
    assert [row["date"] for row in rows] == ["2026-11-20", "2026-12-18", "2027-01-15"]
    assert all(0.05 < row["iv"] < 0.5 for row in rows)
    assert "expirations: the nearest and the monthly ones; 13 others left out" in answer.data["notes"]


async def test_a_monthly_expiration_before_a_holiday_is_one() -> None:
    clock = FrozenClock(datetime(2027, 6, 14, 10, 31, tzinfo=NEW_YORK))
    async with harness(clock=clock) as h:
        (row,) = [row for row in await events(h, "GLD", days=10) if row["kind"] == "expiration"]
        assert (row["date"], row["detail"]) == ("2027-06-17", "monthly")


async def test_dividends_have_their_amount_and_yield(demo: Harness) -> None:
    rows = [row for row in await events(demo, "TLT,GLD", days=40) if row["kind"] == "ex_dividend"]
    assert [(row["symbol"], row["date"], row["amount"]) for row in rows] == [
        ("TLT", "2026-11-20", 0.325),
        ("TLT", "2026-12-21", 0.325),
    ]
    price = (await demo.call("get_quote", symbol="TLT")).data["last"]
    assert rows[0]["dividend_yield"] == pytest.approx(12 * 0.325 / price, abs=1e-3)


async def test_where_there_is_too_much_the_expirations_go_first(demo: Harness) -> None:
    answer = await demo.call("get_events", symbols=EVERY, days=365)
    rows = answer.rows("events")
    assert len(rows) == 70
    assert any(
        "of" in note and "ask fewer symbols or days; expirations went first" in note for note in answer.data["notes"]
    )
    assert max(row["date"] for row in rows if row["kind"] == "holiday") == "2027-09-06"
    assert {row["symbol"] for row in rows if row["kind"] == "earnings"} >= {"AAPL", "NVDA", "JPM"}


@pytest.mark.parametrize("days", [0, -1, 366, 10**9, "soon", 1.5])
async def test_days_are_1_to_365(demo: Harness, days: Any) -> None:
    with pytest.raises(ToolError, match=r"^VALIDATION: .*days"):
        await demo.call("get_events", symbols="SPY", days=days)


async def test_unknown_symbols_still_leave_the_holidays(demo: Harness) -> None:
    answer = await demo.call("get_events", symbols="NOPE", days=7)
    assert [row["kind"] for row in answer.rows("events")] == ["holiday", "early_close"]
    assert [row["symbol"] for row in answer.rows("missing")] == ["NOPE"]


@pytest.mark.parametrize("tool", ["get_market_metrics", "get_events"])
async def test_without_credentials_it_says_how_to_log_in(tool: str) -> None:
    async with harness(demo=False) as h:
        with pytest.raises(ToolError, match=r"AUTHENTICATION: not logged in.*--demo"):
            await h.call(tool, symbols="SPY")


async def test_without_symbols_there_are_the_exchanges_days(demo: Harness) -> None:
    answer = await demo.call("get_events")
    assert {row["kind"] for row in answer.rows("events")} == {"holiday", "early_close"}
    assert answer.rows("missing") == []
    assert "Thanksgiving" in answer.text


async def test_a_report_after_the_days_asked_for_is_said(demo: Harness) -> None:
    asked = await demo.call("get_events", symbols=["AAPL", "NVDA", "TSLA", "AMD"], days=1)
    known = await metrics(demo, "AAPL,NVDA,TSLA,AMD")
    late = [row for row in known.values() if row["earnings_date"] > "2026-11-21"]
    assert late
    for row in late:
        assert any(
            row["symbol"] in note and f"reports {row['earnings_date']}" in note and note.endswith("after these days")
            for note in asked.data["notes"]
        )
