"""Bars, indicators and levels as a client meets them, in both protocol eras, on the simulated market."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import talib
from fastmcp.exceptions import ToolError

import ttai_quotes
from ttai.answers import BUDGET
from ttai.clock import NEW_YORK
from ttai.quant.indicators import CATALOGUE, parse
from ttai.testing import FrozenClock, Harness, harness

PROVENANCE = ("as_of", "source", "session", "stale", "symbol", "interval", "extended_hours", "last_bar_forming")


async def refused(h: Harness, tool: str, **arguments: Any) -> str:
    with pytest.raises(ToolError) as caught:
        await h.call(tool, **arguments)
    said = str(caught.value)
    assert len(said) < 700
    return said


def columns(h: Harness, symbol: str) -> dict[str, Any]:
    """The past days of a symbol, as the simulator has them."""
    days = h.simulator.world.history(symbol)
    return {name: np.array([getattr(day, name) for day in days], float) for name in ("high", "low", "close", "volume")}


async def test_history_is_sixty_days_and_a_summary(demo: Harness) -> None:
    reply = await demo.call("get_price_history", symbol="spy")
    rows = reply.rows("bars")
    assert len(rows) == 60
    assert list(rows[0]) == ["time", "open", "high", "low", "close", "volume"]
    assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)
    assert rows[-1]["time"] == "2026-11-20"
    days = demo.simulator.world.history("SPY")[-59:]
    assert [row["close"] for row in rows[:-1]] == [day.close for day in days]
    summary = reply.data["summary"]
    assert (summary["bars"], summary["begins"], summary["ends"]) == (60, rows[0]["time"], "2026-11-20")
    assert summary["high"] == max(row["high"] for row in rows)
    assert summary["low"] == min(row["low"] for row in rows)
    assert summary["change_from_first_open"] == pytest.approx(rows[-1]["close"] - rows[0]["open"], abs=0.01)
    assert summary["average_volume"] == pytest.approx(np.mean([row["volume"] for row in rows]), abs=1)
    returns = np.diff(np.log([row["close"] for row in rows]))
    assert summary["realised_volatility"] == pytest.approx(returns.std(ddof=1) * 252**0.5, abs=1e-4)
    assert all(name in reply.data for name in PROVENANCE)
    assert (reply.data["source"], reply.data["stale"]) == ("simulator", False)


async def test_a_range_is_summed_up_whole_whatever_rows_are_shown(h: Harness) -> None:
    newest = await h.call("get_price_history", symbol="SPY", start="2026-01-02", end="2026-06-30", limit=10)
    spread = await h.call(
        "get_price_history", symbol="SPY", start="2026-01-02", end="2026-06-30", limit=10, sample=True
    )
    assert newest.data["summary"] == spread.data["summary"]
    days = [day for day in h.simulator.world.history("SPY") if date(2026, 1, 2) <= day.day <= date(2026, 6, 30)]
    assert newest.data["summary"]["bars"] == len(days)
    assert newest.data["summary"]["high"] == max(day.high for day in days)
    assert [row["time"] for row in newest.rows("bars")] == [str(day.day) for day in days[-10:]]
    sampled = [row["time"] for row in spread.rows("bars")]
    assert (sampled[0], sampled[-1], len(sampled)) == (str(days[0].day), str(days[-1].day), 10)
    assert f"10 of {len(days)} bars, the newest; ask limit={len(days)}" in newest.text
    assert f"10 of {len(days)} bars, spread evenly" in spread.text


async def test_bars_within_the_day_are_of_new_york(demo: Harness) -> None:
    reply = await demo.call("get_price_history", symbol="AAPL", interval="30m", start="2026-11-19", end="2026-11-19")
    times = [row["time"] for row in reply.rows("bars")]
    assert times[0] == "2026-11-19T09:30:00-05:00"
    assert times[-1] == "2026-11-19T15:30:00-05:00"
    assert "2026-11-19 09:30:00 EST | " in reply.text
    longer = await demo.call(
        "get_price_history", symbol="AAPL", interval="30m", start="2026-11-19", end="2026-11-19", extended=True
    )
    assert longer.rows("bars")[0]["time"] == "2026-11-19T04:00:00-05:00"
    assert longer.data["extended_hours"] is True


async def test_a_half_day_and_the_days_around_a_clock_change_have_their_own_hours() -> None:
    async def span(h: Harness, day: str) -> tuple[str, str]:
        reply = await h.call("get_price_history", symbol="SPY", interval="15m", start=day, end=day)
        times = [row["time"] for row in reply.rows("bars")]
        return times[0][11:], times[-1][11:]

    async with harness(clock=FrozenClock(datetime(2026, 12, 1, 10, 31, tzinfo=NEW_YORK))) as h:
        assert await span(h, "2026-11-27") == ("09:30:00-05:00", "12:45:00-05:00")
        assert await span(h, "2026-10-30") == ("09:30:00-04:00", "15:45:00-04:00")
        assert await span(h, "2026-11-02") == ("09:30:00-05:00", "15:45:00-05:00")


async def test_an_index_has_no_volume_and_says_so(h: Harness) -> None:
    reply = await h.call("get_price_history", symbol="SPX")
    assert {row["volume"] for row in reply.rows("bars")} == {None}
    assert reply.data["summary"]["average_volume"] is None
    assert "volume null: none is known (an index has none)" in reply.text


async def test_three_bars_are_three_bars_and_what_they_do_not_say_is_null(h: Harness) -> None:
    reply = await h.call("get_price_history", symbol="SPY", limit=2)
    assert len(reply.rows("bars")) == 2
    assert reply.data["summary"]["atr_14"] is None
    assert reply.data["summary"]["realised_volatility"] is None
    assert "atr_14 null: needs 15 bars, there are 2" in reply.text
    assert "realised_volatility null: needs 11 bars" in reply.text


async def test_a_bar_that_lacks_a_price_is_null_and_counted() -> None:
    async with harness() as h:
        h.simulator.faults.add("nan", "/dxlink", field="close", symbols=["F{=d,tho=true}"], count=2)
        reply = await h.call("get_price_history", symbol="F", limit=300)
        assert [row["close"] for row in reply.rows("bars")].count(None) == 2
        assert "2 bars lack a price: the feed gave none (a halt, or a gap)" in reply.text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"symbol": "NOPE"}, "NOT_FOUND: no market data for NOPE"),
        ({"symbol": "no good!"}, "VALIDATION: 'no good!' is not a symbol"),
        ({"symbol": "SPY", "interval": "2d"}, "there is no interval '2d'; did you mean 1d. Ask for one of 1m, 5m"),
        ({"symbol": "SPY", "start": "2026-10-01", "end": "2026-09-01"}, "the start, 2026-10-01, is after the end"),
        ({"symbol": "SPY", "start": "2027-01-01"}, "is not before the end"),
        ({"symbol": "SPY", "end": "2027-01-01"}, "the end, 2027-01-01, is in the future. Leave it out"),
        ({"symbol": "SPY", "end": "0001-02-01"}, "there are no bars before 1970-01-05. Ask for a later time"),
        ({"symbol": "SPY", "start": "2026-01-02", "end": "9999-12-31"}, "the end, 9999-12-31, is in the future"),
        ({"symbol": "SPY", "start": "9999-12-31T24:00"}, "is no date"),
        ({"symbol": "SPY", "interval": "5m", "end": "2026-11-20T23:59-12:00"}, "is in the future"),
        ({"symbol": "SPY", "interval": "1M"}, "there is no interval '1M'; did you mean 1w"),
        ({"symbol": "SPY", "start": "yesterday"}, "'yesterday' is no date; write 2026-01-31"),
        ({"symbol": "SPY", "start": "2026-02-30"}, "'2026-02-30' is no date"),
        ({"symbol": "SPY", "limit": 0}, "VALIDATION: limit"),
        ({"symbol": "SPY", "limit": 10**9}, "VALIDATION: limit"),
        ({"symbol": "SPY", "interval": "1m", "start": "2010-01-01"}, "Ask for a later start or a longer interval"),
        (
            {"symbol": "SPY", "start": "2026-11-14", "end": "2026-11-15"},
            "there are no 1d bars of SPY in that time. Ask for a time with sessions",
        ),
    ],
)
async def test_what_cannot_be_answered_says_what_to_do(h: Harness, arguments: dict[str, Any], said: str) -> None:
    assert said in await refused(h, "get_price_history", **arguments)


async def test_indicators_are_ta_libs(fresh: Harness) -> None:
    fresh.clock.set(datetime(2026, 11, 21, 0, 0, 1, tzinfo=NEW_YORK))
    reply = await fresh.call("get_indicators", symbol="AAPL", indicators=["rsi:14", "atr:14", "sma:200", "ema:21"])
    got = {row["indicator"]: row for row in reply.rows("indicators")}
    past = columns(fresh, "AAPL")
    last = reply.data["close"]
    closes = np.append(past["close"], last)[-reply.data["bars_used"] :]
    for name, values in (
        ("rsi:14", talib.RSI(closes, 14)), ("sma:200", talib.SMA(closes, 200)), ("ema:21", talib.EMA(closes, 21)),
    ):  # fmt: skip
        assert got[name]["value"] == pytest.approx(values[-1], abs=0.005)
        assert got[name]["previous"] == pytest.approx(values[-2], abs=0.005)
    assert got["atr:14"]["value"] > 0
    assert all(row["reading"] for row in got.values())


async def test_the_default_set_is_what_a_trader_looks_at_first(demo: Harness) -> None:
    reply = await demo.call("get_indicators", symbol="SPY")
    names = {row["indicator"].split(":")[0] for row in reply.rows("indicators")}
    assert names == {"sma", "ema", "rsi", "macd", "bbands", "atr", "adx", "stoch", "obv", "hv"}
    within = await demo.call("get_indicators", symbol="SPY", interval="5m")
    assert "vwap" in {row["indicator"] for row in within.rows("indicators")}
    assert all(row["value"] is not None for row in reply.rows("indicators"))


async def test_a_series_is_given_on_request(h: Harness) -> None:
    reply = await h.call("get_indicators", symbol="SPY", indicators="rsi, macd", series=5)
    assert reply.data["series_times"][-1] == "2026-11-20"
    series = {(row["indicator"], row["line"]): row["values"] for row in reply.rows("series")}
    assert set(series) == {("rsi:14", "rsi"), *(("macd:12,26,9", n) for n in ("macd", "signal", "histogram"))}
    assert all(len(values) == 5 for values in series.values())
    (rsi,) = [row for row in reply.rows("indicators") if row["indicator"] == "rsi:14"]
    assert series["rsi:14", "rsi"][-2:] == [rsi["previous"], rsi["value"]]


async def test_what_is_unknown_is_null_with_its_reason(h: Harness) -> None:
    index = await h.call("get_indicators", symbol="SPX", indicators=["obv", "rsi"])
    values = {row["indicator"]: row["value"] for row in index.rows("indicators")}
    assert values["obv"] is None
    assert values["rsi:14"] is not None
    assert "obv null: there is no volume (an index has none)" in index.text
    day = await h.call("get_indicators", symbol="SPY", indicators=["vwap", "sma:5000"])
    assert {row["value"] for row in day.rows("indicators")} == {None}
    assert "vwap null: it is of one session: ask with an interval within the day" in day.text
    assert "sma:5000 null: needs 5000 bars, there are 757" in day.text


@pytest.mark.parametrize(
    "asked", ["rsi, macd:12,26,9 ema 21", ["rsi;macd", "ema:21"], '["RSI:14", "macd", "ema:21"]', ["rsi,macd,ema:21"]]
)
async def test_names_may_arrive_in_any_spelling(h: Harness, asked: Any) -> None:
    reply = await h.call("get_indicators", symbol="SPY", indicators=asked)
    assert [*dict.fromkeys(row["indicator"] for row in reply.rows("indicators"))] == [
        "rsi:14",
        "macd:12,26,9",
        "ema:21",
    ]


@pytest.mark.slow
async def test_commas_without_end_cost_no_time(h: Harness) -> None:
    asked = ["," * 40_000]  # half as many took 6 s
    assert "is not an indicator" in await refused(h, "get_indicators", symbol="SPY", indicators=asked)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["rsl:14"], "'rsl' is not an indicator; did you mean rsi? There are adx, "),
        (["rsi:14,3"], "rsi takes 1 parameter (period), not 2"),
        (["sma:1000000000"], "period of sma is a whole number from 2 to 5000"),
        (["sma:nan"], "period of sma is a whole number"),
        (["macd:26,12,9"], "fast of macd must be less than slow"),
    ],
)
async def test_an_indicator_that_there_is_not_is_told_with_those_there_are(
    h: Harness, asked: list[str], said: str
) -> None:
    assert said in await refused(h, "get_indicators", symbol="SPY", indicators=asked)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "forming", "over"),
    [  # the interval, and whether with extended hours
        ((18, 18), [("1w", False)], []),
        ((20, 8), [("15m", True)], []),
        ((20, 11), [("1d", False), ("15m", False), ("1w", False)], []),
        ((20, 18), [("15m", True)], [("1d", False), ("15m", False), ("1w", False)]),
        ((20, 21), [], [("15m", True)]),
        ((21, 11), [], [("1d", False), ("1w", False)]),
    ],
)
async def test_a_bar_is_forming_until_its_last_session_is_over(
    moment: tuple[int, int], forming: list[tuple[str, bool]], over: list[tuple[str, bool]]
) -> None:
    clock = FrozenClock(datetime(2026, 11, *moment, tzinfo=NEW_YORK))
    async with harness(clock=clock) as h:
        h.app.market._always_open = False
        h.simulator.world.sessions = "real"
        for interval, extended in (*forming, *over):
            for tool in ("get_price_history", "get_indicators", "find_levels"):
                reply = await h.call(tool, symbol="SPY", interval=interval, extended=extended)
                assert reply.data["last_bar_forming"] is ((interval, extended) in forming), (tool, interval, extended)


async def test_the_pivots_are_of_the_last_session_that_is_over() -> None:
    async def pivots(moment: datetime) -> float:
        async with harness(clock=FrozenClock(moment)) as h:
            h.app.market._always_open = False
            h.simulator.world.sessions = "real"
            service = next(o.service for o in h.app.plugins._offers.values() if o.plugin == "quotes")
            levels = await service.levels("SPY")  # type: ignore[attr-defined]
            zones = (*levels.supports, *levels.resistances)
            found = {e.label: e.price for zone in zones for e in zone.evidence if e.kind == "pivot"}
            day = next(bar for bar in h.simulator.world.history("SPY") if bar.day == date(2026, 11, 19))
            return float(abs(found["P"] - (day.high + day.low + day.close) / 3))

    assert await pivots(datetime(2026, 11, 20, 11, tzinfo=NEW_YORK)) < 0.01
    assert await pivots(datetime(2026, 11, 20, 18, tzinfo=NEW_YORK)) > 0.01


@pytest.mark.parametrize("tool", ["get_price_history", "get_indicators", "find_levels"])
@pytest.mark.parametrize("interval", ["1m", "1d", "1w"])
async def test_default_answers_fit_their_budget(h: Harness, tool: str, interval: str) -> None:
    reply = await h.call(tool, symbol="NDX", interval=interval)
    assert len(reply.text.encode()) <= BUDGET
    assert len(json.dumps(reply.data, separators=(",", ":")).encode()) <= BUDGET


async def test_the_longest_answers_stay_below_the_cap(h: Harness) -> None:
    await h.call("get_price_history", symbol="NDX", interval="1m", limit=300, start="2026-11-19")
    reply = await h.call("get_indicators", symbol="NDX", indicators=list(CATALOGUE), series=100)
    assert "all that fit with so many lines" in reply.text
    await h.call("find_levels", symbol="NDX", lookback=5000)
    await h.call("find_levels", symbol="NDX", interval="1w", lookback=5000)
    assert "31 indicators are too many. Ask for at most 30" in await refused(
        h, "get_indicators", symbol="NDX", indicators=[f"sma:{n}" for n in range(2, 33)]
    )


async def test_without_credentials_history_says_how_to_log_in() -> None:
    async with harness(demo=False) as h:
        for tool in ("get_price_history", "get_indicators", "find_levels"):
            assert "AUTHENTICATION: not logged in" in await refused(h, tool, symbol="SPY")


async def test_other_plugins_take_indicators_levels_and_watched_symbols() -> None:
    from ttai import Host
    from ttai_quotes import Quotes

    def register(host: Host) -> None:
        quotes = host.require(Quotes)

        @host.tool
        async def study() -> dict[str, Any]:
            """Use the service."""
            (rsi,) = await quotes.indicators("SPY", ["rsi:14"])
            levels = await quotes.levels("SPY", lookback=100)
            return {"rsi": rsi.latest["rsi"], "bars": levels.bars, "watched": await quotes.watched()}

    async with harness(register) as h:
        answer = (await h.call("trial_study")).data
        own = await h.call("get_indicators", symbol="SPY", indicators=["rsi:14"])
        assert answer["rsi"] == pytest.approx(own.rows("indicators")[0]["value"], abs=0.005)
        assert (answer["bars"], answer["watched"]) == (100, [])


def test_every_indicator_is_in_the_readme() -> None:
    readme = (Path(ttai_quotes.__file__).parent / "README.md").read_text("utf-8")
    for name, definition in CATALOGUE.items():
        assert f"| `{parse(name)}` | {definition.about} | {' '.join(definition.lines)} |" in readme


async def test_a_vwap_has_its_whole_session_whatever_else_is_asked(h: Harness) -> None:
    alone = await h.call("get_indicators", symbol="SPY", interval="1m", indicators=["vwap"])
    among = await h.call("get_indicators", symbol="SPY", interval="1m", indicators=["vwap", "sma:800"])
    bars = (await h.app.market.history("SPY", "1m", bars=2880)).bars
    today = bars.day == bars.day[-1]
    typical = (bars.high + bars.low + bars.close)[today] / 3
    expected = float((typical * bars.volume[today]).sum() / bars.volume[today].sum())
    for reply in (alone, among):
        value = next(row["value"] for row in reply.rows("indicators") if row["indicator"] == "vwap")
        assert value == pytest.approx(expected, abs=0.005)


async def test_an_end_that_is_past_in_new_york_is_past_however_it_is_written() -> None:
    async with harness(clock=FrozenClock(datetime(2026, 11, 20, 21, tzinfo=NEW_YORK))) as h:
        reply = await h.call("get_price_history", symbol="SPY", interval="5m", end="2026-11-21T01:00+00:00", limit=5)
        assert reply.rows("bars")[-1]["time"] == "2026-11-20T20:00:00-05:00"


async def test_a_symbol_with_three_bars_of_history_has_three_and_says_what_it_lacks(fresh: Harness) -> None:
    fresh.simulator._feed.most_bars = 3
    history = await fresh.call("get_price_history", symbol="SPY")
    assert len(history.rows("bars")) == history.data["summary"]["bars"] == 3
    assert "the feed gave bars only from 2026-11-18 on" in history.text
    indicators = await fresh.call("get_indicators", symbol="SPY")
    known = {row["indicator"] for row in indicators.rows("indicators") if row["value"] is not None}
    assert known <= {"obv"}
    assert "rsi:14 null: needs 15 bars, there are 3" in indicators.text
    levels = await fresh.call("find_levels", symbol="SPY")
    assert (levels.rows("supports"), levels.rows("resistances"), levels.data["trend"]) == ([], [], None)
    assert "needs" in levels.text
    assert "sma:20 is not drawn: needs 20 bars, there are 3" in (await fresh.call("render_chart", symbol="SPY")).text


async def test_prices_that_do_not_move_have_no_oscillators_and_no_levels(fresh: Harness) -> None:
    still = fresh.simulator.world.instruments["F"]._replace(symbol="FLAT", volatility=1e-9, correlation=0.0)
    fresh.simulator.world.instruments["FLAT"] = still
    history = await fresh.call("get_price_history", symbol="FLAT")
    assert len({row["close"] for row in history.rows("bars")}) == 1
    assert history.data["summary"]["change_from_first_open"] == 0
    indicators = await fresh.call("get_indicators", symbol="FLAT")
    values = {(row["indicator"], row["line"]): row["value"] for row in indicators.rows("indicators")}
    assert values["rsi:14", "rsi"] is None
    assert values["stoch:14,3,3", "k"] is None
    assert values["sma:20", "sma"] == history.data["summary"]["last"]
    assert "rsi:14 null: prices did not move" in indicators.text
    levels = await fresh.call("find_levels", symbol="FLAT")
    assert levels.rows("supports") == levels.rows("resistances") == []
    assert "the prices do not move: there are no levels" in levels.text
    assert "FLAT" in (await fresh.call("render_chart", symbol="FLAT")).text
