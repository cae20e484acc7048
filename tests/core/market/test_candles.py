"""Price history as a plugin asks it: from the feed, kept up to date, written down, and honest where it is not."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import polars as pl
import pytest

from tests.desk import BAD, BY_TYPE, QUICK, Desk, desk, supervised, until
from ttai.clock import NEW_YORK, deadline
from ttai.errors import BadArgument, LoginChanged, NoHistory, NotFound, Stopping, UnknownSymbol
from ttai.market.book import MOST_SUBSCRIBED
from ttai.market.series import BEGIN, END, REMOVE
from ttai.market.supervisor import NOT_STARTED
from ttai.market.types import CandleEvent, History
from ttai.simulator import DailyBar
from ttai.storage.file import FILE
from ttai.testing import FrozenClock


def candles(d: Desk) -> list[dict[str, Any]]:
    """What was asked of the feed about candles, an entry a symbol."""
    asked = [m for m in d.tap.said if m["type"] == "FEED_SUBSCRIPTION"]
    return [entry for m in asked for entry in m.get("add", ()) if entry["type"] == "Candle"]


def days_of(history: History) -> list[DailyBar]:
    rows = history.frame.iter_rows()
    return [DailyBar(time.date(), o, h, low, c, int(volume)) for time, o, h, low, c, volume in rows]


async def test_daily_bars_are_the_days_the_market_had_and_today_so_far() -> None:
    async with desk() as d:
        history = await d.market.history("spy", bars=300)
        assert (history.symbol, history.interval, history.source, history.stale) == ("SPY", "1d", "simulator", False)
        assert history.as_of == d.clock.now()
        assert days_of(history)[:-1] == d.simulator.world.history("SPY")[-299:]
        quote = await d.market.quote("SPY")
        today = days_of(history)[-1]
        assert today.day == date(2026, 11, 20)
        assert today[1:5] == (quote.open, quote.high, quote.low, quote.last)


@pytest.mark.parametrize("interval", ["1m", "5m", "15m", "30m", "1h", "1d", "1w"])
async def test_every_interval_ends_with_the_price_of_now(interval: str) -> None:
    async with desk() as d:
        history = await d.market.history("QQQ", interval, bars=20)
        assert len(history.frame) == 20
        assert history.frame["time"].is_sorted()
        assert history.frame["close"][-1] == (await d.market.quote("QQQ")).last
        assert history.frame["time"][-1] <= d.clock.now()


async def test_a_second_question_asks_nobody() -> None:
    async with desk() as d:
        first = await d.market.history("SPY", bars=100)
        d.tap.said.clear()
        again = await d.market.history("SPY", bars=100)
        assert d.tap.said == []
        assert again.frame.equals(first.frame)


async def test_ten_who_ask_at_once_are_one_question() -> None:
    async with desk() as d:
        answers = await asyncio.gather(*(d.market.history("SPY", bars=50) for _ in range(10)))
        assert len(candles(d)) == 1
        assert all(answer.frame.equals(answers[0].frame) for answer in answers)


async def test_the_live_bar_follows_the_market() -> None:
    async with desk() as d:
        await d.market.history("TSLA", bars=5)
        d.simulator.set_price("TSLA", 200)
        await until(lambda: _last(d, "TSLA{=d,tho=true}") == 200)
        history = await d.market.history("TSLA", bars=5)
        assert history.frame["close"][-1] == 200
        assert history.frame["low"][-1] <= 200
        assert len(candles(d)) == 1


def _last(d: Desk, symbol: str) -> float:
    frame = d.market._book.find(symbol, traded=True).frame
    assert frame is not None
    return float(frame["close"][-1])


async def test_an_earlier_start_is_fetched_and_a_later_one_is_here() -> None:
    async with desk() as d:
        now = d.clock.now()
        await d.market.history("SPY", "5m", start=now - timedelta(days=1))
        await d.market.history("SPY", "5m", start=now - timedelta(days=4))
        assert len(candles(d)) == 1  # the first question reaches further than it must
        history = await d.market.history("SPY", "5m", start=now - timedelta(days=12))
        assert len(candles(d)) == 2
        assert history.frame["time"][0] < now - timedelta(days=10)


async def test_a_span_has_a_start_and_an_end() -> None:
    async with desk() as d:
        start, end = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 30, 23, 59, tzinfo=UTC)
        history = await d.market.history("SPY", start=start, end=end)
        june = [bar for bar in d.simulator.world.history("SPY") if (bar.day.year, bar.day.month) == (2026, 6)]
        assert days_of(history) == june
        newest = await d.market.history("SPY", bars=3, end=end)
        assert days_of(newest) == june[-3:]


async def test_an_index_has_bars_without_volume() -> None:
    async with desk() as d:
        history = await d.market.history("SPX", bars=10)
        assert history.frame["volume"].null_count() == 10
        assert history.frame["close"].null_count() == 0


async def test_extended_hours_are_bars_of_their_own() -> None:
    async with desk() as d:
        regular = await d.market.history("SPY", "1h", bars=200)
        extended = await d.market.history("SPY", "1h", bars=200, extended=True)
        assert {entry["symbol"] for entry in candles(d)} == {"SPY{=h,tho=true}", "SPY{=h}"}
        hours = []
        for history in (regular, extended):
            begins = history.frame["time"].dt.convert_time_zone("America/New_York")
            past = begins.filter(begins.dt.date() < date(2026, 11, 20)).dt.hour()  # today never closes in the demo
            hours.append((past.min(), past.max()))
        assert hours == [(9, 15), (4, 19)]


async def test_days_are_written_down_and_after_a_restart_the_newest_alone_are_asked_for(tmp_path: Path) -> None:
    async with desk(home=tmp_path) as d:
        before = await d.market.history("SPY", bars=300)
        await d.written()
    async with desk(home=tmp_path) as d:
        after = await d.market.history("SPY", bars=300)
        (asked,) = candles(d)
        assert datetime.fromtimestamp(asked["fromTime"] / 1000, UTC) > datetime(2026, 11, 10, tzinfo=UTC)
        assert after.frame.equals(before.frame)
        assert (after.source, after.stale) == ("simulator", False)


@pytest.mark.parametrize("real", [False, True])
async def test_today_is_not_written_down_before_it_is_over(tmp_path: Path, real: bool) -> None:
    clock = FrozenClock()
    async with desk(home=tmp_path, clock=clock, real=real) as d:
        await d.market.history("F", bars=5)
        d.simulator.set_price("F", 20)
        await d.written()
    clock.advance(3600)
    async with desk(home=tmp_path, clock=clock, streaming=False, real=real) as d:
        with deadline(3.2):
            history = await d.market.history("F", bars=5)
        assert history.frame["time"][-1].date() == date(2026, 11, 19)
        assert (history.source, history.stale) == ("cache" if real else "simulator", True)
        assert history.notes[0].startswith("stale: ")


async def test_the_next_day_is_added_to_what_is_written_down(tmp_path: Path) -> None:
    clock = FrozenClock()
    async with desk(home=tmp_path, clock=clock) as d:
        await d.market.history("F", bars=5)
        clock.set(datetime(2026, 11, 23, 10, 31, tzinfo=NEW_YORK))
        await d.simulator.tick()
        await until(lambda: _day(d, "F{=d,tho=true}") == date(2026, 11, 23))
        first = await d.market.history("F", bars=5)
        await d.written()
    async with desk(home=tmp_path, clock=clock, streaming=False) as d:
        with deadline(3.2):
            history = await d.market.history("F", bars=5)
        assert days_of(history)[-1].day == date(2026, 11, 20)
        assert days_of(history)[-1].close == first.frame["close"][-2]


def _day(d: Desk, symbol: str) -> date:
    frame = d.market._book.find(symbol, traded=True).frame
    assert frame is not None
    return datetime.fromtimestamp(frame["time"][-1] / 1000, UTC).date()


async def test_a_split_restates_what_was_written_down(tmp_path: Path) -> None:
    async with desk(home=tmp_path) as d:
        before = await d.market.history("NVDA", bars=300)
        await d.written()
    with closing(sqlite3.connect(tmp_path / FILE)) as database:  # as if all of it had been told before the split
        database.execute("UPDATE core_bar SET open = open * 10, high = high * 10, low = low * 10, close = close * 10")
        database.commit()
    async with desk(home=tmp_path) as d:
        after = await d.market.history("NVDA", bars=300)
        assert after.frame.equals(before.frame)
        assert [entry["symbol"] for entry in candles(d)] == ["NVDA{=d,tho=true}"] * 2
        await d.written()
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        kept = database.execute("SELECT close FROM core_bar ORDER BY time").fetchall()
    assert [close for (close,) in kept][-299:] == after.frame["close"][:-1].to_list()


async def test_after_a_cut_socket_the_newest_bars_are_asked_again_and_nothing_is_missing() -> None:
    async with desk() as d:
        before = await d.market.history("SPY", bars=300)
        await d.hand("drop")
        await until(lambda: d.market.hub.live and d.market.hub.sockets == 2)
        after = await d.market.history("SPY", bars=300)
        assert after.frame.equals(before.frame)
        assert not after.stale
        assert candles(d)[-1]["fromTime"] > candles(d)[0]["fromTime"]


async def test_without_a_socket_what_is_known_is_stale_and_what_is_not_is_an_error() -> None:
    async with desk() as d:
        before = await d.market.history("SPY", bars=20)
    async with desk(streaming=False) as d, supervised(d.market) as task:
        await until(lambda: d.market.hub.live)
        await d.market.history("SPY", bars=20)
        task.cancel()
        await asyncio.wait({task})
        with deadline(3.2):
            history = await d.market.history("SPY", bars=20)
        assert history.stale
        assert history.notes == ("stale: not started",)
        assert history.frame.equals(before.frame)
        with deadline(3.2), pytest.raises(NoHistory, match="TastyTrade gives no history of QQQ: not started"):
            await d.market.history("QQQ", bars=20)


async def test_all_who_ask_while_the_feed_is_down_are_answered_together(tmp_path: Path) -> None:
    async with desk(home=tmp_path) as d:
        await d.market.history("SPY", bars=20)
    async with desk(home=tmp_path, credentials=BAD, streaming=False) as d, supervised(d.market):
        await until(lambda: d.market.supervisor.problem not in (None, NOT_STARTED))
        began = monotonic()
        answers = await asyncio.gather(*(d.market.history("SPY", bars=n) for n in range(2, 10)))
        assert monotonic() - began < 3
        assert all(answer.stale and answer.source == "simulator" for answer in answers)


async def test_a_snapshot_that_does_not_end_is_answered_with_its_newest_bars() -> None:
    async with desk({"kind": "drop", "path": "/dxlink", "after": 3}, timing=QUICK) as d:
        with deadline(3.5):
            history = await d.market.history("SPY", "1m", bars=2000)
        assert history.stale
        assert any("the feed gave bars only from" in note for note in history.notes)
        assert history.frame["time"].is_sorted()
        assert 0 < len(history.frame) < 2000


async def test_what_does_not_exist_is_not_found() -> None:
    async with desk() as d:
        with pytest.raises(UnknownSymbol):
            await d.market.history("NOPE", bars=20)
        with pytest.raises(BadArgument, match="looks like"):
            await d.market.history("no symbol!", bars=20)
        with pytest.raises(BadArgument, match="did you mean"):
            await d.market.history("SPY", "2d", bars=20)


async def test_a_time_without_bars_is_said() -> None:
    async with desk() as d:
        saturday = datetime(2026, 11, 14, tzinfo=UTC)
        with pytest.raises(NotFound, match="there are no 1d bars of SPY in that time"):
            await d.market.history("SPY", start=saturday, end=saturday + timedelta(hours=30))


async def test_what_kills_the_socket_is_not_waited_for() -> None:
    async with desk({"kind": "poison", "path": "/dxlink", "symbols": ["F{=d,tho=true}"]}) as d:
        await d.market.quote("SPY")  # it lives, so F is to blame
        with deadline(8), pytest.raises(NoHistory):
            await d.market.history("F", bars=20)
        await until(lambda: d.market.hub.rejects("F{=d,tho=true}"))
        with pytest.raises(NoHistory, match="the market data socket ends when candles of F are asked for"):
            await d.market.history("F", bars=20)


async def test_a_bar_whose_price_is_no_number_is_null_and_stays() -> None:
    async with desk(
        {"kind": "nan", "path": "/dxlink", "field": "close", "symbols": ["F{=d,tho=true}"], "count": 3}
    ) as d:
        history = await d.market.history("F", bars=30)
        assert history.frame["close"].null_count() == 3
        assert history.frame["high"].null_count() == 0


@pytest.mark.slow
@pytest.mark.timeout(60)
async def test_more_than_a_hundred_series_take_turns_and_never_more_than_a_hundred_are_open() -> None:
    async with desk() as d:
        most = 0

        def count() -> None:
            nonlocal most
            open_ = [key for key in d.market.hub.wanted if key[0] is CandleEvent]
            most = max(most, len(open_))

        symbols = list(d.simulator.world.instruments)
        asked = [(symbol, interval) for interval in ("1d", "1w") for symbol in symbols]

        async def one(symbol: str, interval: str) -> int:
            history = await d.market.history(symbol, interval, bars=10)
            count()
            return len(history.frame)

        assert await asyncio.gather(*(one(*pair) for pair in asked)) == [10] * len(asked)
        assert len(asked) > MOST_SUBSCRIBED
        assert 50 < most <= MOST_SUBSCRIBED
        assert d.market.hub.sockets == 1


async def test_what_another_login_heard_is_forgotten() -> None:
    async with desk() as d:
        await d.market.history("SPY", bars=20)
        d.market.forget()
        await until(lambda: not any(key[0] is CandleEvent for key in d.market.hub.wanted))
        await d.market.history("SPY", bars=20)
        assert len(candles(d)) == 2


@pytest.mark.parametrize("days", [1500, 100])
async def test_a_question_that_meets_a_reconnect_gets_all_it_asks_for(days: int) -> None:
    async with desk(port=True) as d:
        await d.market.history("SPY", "1d", bars=20)
        await d.hand("drop")
        history = await d.market.history("SPY", "1d", start=d.clock.now() - timedelta(days=days))
        past = [bar.day for bar in d.simulator.world.history("SPY") if bar.day > date(2026, 11, 20) - timedelta(days)]
        assert [bar.day for bar in days_of(history)] == [*past, date(2026, 11, 20)]
        assert not history.stale


async def test_a_question_after_one_that_was_given_up_gets_all_it_asks_for() -> None:
    async with desk(port=True) as d:
        start = d.clock.now() - timedelta(days=20)
        for passes in range(12):
            await d.market.history("SPY", "15m", bars=5)
            d.market.forget()
            first = asyncio.create_task(d.market.history("SPY", "15m", bars=5))
            for _ in range(passes):
                await asyncio.sleep(0)
            first.cancel()
            history = await d.market.history("SPY", "15m", start=start)
            assert history.frame["time"][0] < start + timedelta(days=4), passes
            assert len(history.frame) > 300


async def test_overnight_a_series_is_compared_with_what_the_feed_says_now() -> None:
    clock = FrozenClock()
    async with desk(clock=clock) as d:
        before = await d.market.history("NVDA", "15m", bars=100)
        series = d.market._book.find("NVDA{=15m,tho=true}", traded=True)
        assert series.frame is not None
        series._frame = series.frame.with_columns(*(pl.col(name) * 10 for name in ("open", "high", "low", "close")))
        clock.set(datetime(2026, 11, 23, 10, 31, tzinfo=NEW_YORK))
        after = await d.market.history("NVDA", "15m", bars=300)
        closes = after.frame["close"].to_list()
        assert 0.5 < closes[0] / before.frame["close"][0] < 2  # none of the bars from before the "split" is left
        assert max(closes) < 2 * min(closes)


async def test_a_cut_answer_says_from_when_there_are_bars() -> None:
    async with desk() as d:
        d.simulator._feed.most_bars = 500
        history = await d.market.history("SPY", "1m", start=d.clock.now() - timedelta(days=10))
        assert len(history.frame) == 500
        (note,) = history.notes
        assert note.startswith("the feed gave bars only from 2026-11-")
        asked = len(candles(d))
        await d.market.history("SPY", "1m", start=d.clock.now() - timedelta(days=9))
        assert len(candles(d)) == asked  # what it has not, it is not asked for again
        with pytest.raises(NotFound, match="the feed gave bars only from"):
            await d.market.history("SPY", "1m", bars=5, end=d.clock.now() - timedelta(days=9))


async def test_what_was_asked_is_kept_though_the_server_ends_at_once(tmp_path: Path) -> None:
    async with desk(home=tmp_path) as d:
        await d.market.history("SPY", bars=5)
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        assert database.execute("SELECT count(*) FROM core_bar").fetchone()[0] > 400


async def test_what_could_not_be_confirmed_is_as_old_as_it_is(tmp_path: Path) -> None:
    clock = FrozenClock()
    async with desk(home=tmp_path, clock=clock) as d:
        await d.market.history("F", bars=5)
    clock.set(datetime(2026, 12, 10, 10, 31, tzinfo=NEW_YORK))
    async with desk(home=tmp_path, clock=clock) as d:
        d.simulator.faults.add("missing", "/dxlink", symbols=["F{=d,tho=true}"])
        with deadline(3.4):
            history = await d.market.history("F", bars=30)
        assert (history.source, history.stale) == ("simulator", True)
        assert history.as_of == datetime(2026, 11, 19, 16, tzinfo=NEW_YORK)


async def test_who_waits_while_the_login_changes_is_told_at_once() -> None:
    async with desk() as d:
        await d.hand("silence")
        asking = asyncio.create_task(d.market.history("SPY", bars=5))
        await until(lambda: candles(d))
        d.market.forget()
        with pytest.raises(LoginChanged):
            await asyncio.wait_for(asking, 1)


async def test_who_waits_while_the_server_stops_is_told_at_once() -> None:
    async with desk() as d:
        await d.hand("silence")
        asking = asyncio.create_task(d.market.history("SPY", bars=5))
        await until(lambda: candles(d))
        await d.market.close()
        with pytest.raises(Stopping):
            await asyncio.wait_for(asking, 1)


async def test_a_slow_feed_is_waited_for_though_rest_fails() -> None:
    async with desk({"kind": "status", "path": BY_TYPE, "status": 503}) as d:
        await d.hand("silence")
        asking = asyncio.create_task(d.market.history("SPY", bars=5))
        await until(lambda: d.asked(BY_TYPE) > 1)
        await d.hand("resume")
        assert len((await asking).frame) == 5


async def test_a_newest_bar_without_a_price_is_left_out() -> None:
    async with desk() as d:
        await d.market.history("SPY", bars=5)
        tomorrow = int(datetime(2026, 11, 21, tzinfo=UTC).timestamp() * 1000)
        d.market._book.drawn([CandleEvent("SPY{=d,tho=true}", 0, tomorrow, None, None, None, None, None)])
        history = await d.market.history("SPY", bars=5)
        assert history.frame["time"][-1].date() == date(2026, 11, 20)
        assert history.notes == ("the newest bar has no price yet and is left out",)


async def test_a_feed_that_tells_nothing_newer_is_not_taken_for_fresh(tmp_path: Path) -> None:
    clock = FrozenClock()
    async with desk(home=tmp_path, clock=clock) as d:
        await d.market.history("F", bars=20)
    clock.set(datetime(2026, 12, 10, 10, 31, tzinfo=NEW_YORK))
    async with desk(home=tmp_path, clock=clock) as d:
        series = d.market._book.find("F{=d,tho=true}", traded=True)
        with series.used():
            await d.market.candles._recall(series, d.adapter.origin)
            series.ask()
            nothing = CandleEvent(series.symbol, BEGIN | END | REMOVE, series._asked, None, None, None, None, None)
            series.take(nothing, clock.now())
        assert series.empty
        assert d.market.candles._due(series, simulated=True) is None  # or a hole would be written down
        history = await d.market.history("F", bars=20)
        assert history.frame["time"][-1].date() == date(2026, 12, 10)
        assert not history.stale


async def test_when_the_last_who_asks_leaves_nobody_fetches_and_who_comes_then_is_answered() -> None:
    async with desk() as d:
        await d.hand("silence")
        asking = [asyncio.create_task(d.market.history(symbol, bars=5)) for symbol in ("SPY", "QQQ", "SPY")]
        await until(lambda: len(candles(d)) == 2)
        for one in asking:
            one.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        await until(lambda: not d.market.candles._fetching)
        await d.hand("resume")
        assert len((await d.market.history("SPY", bars=5)).frame) == 5


@pytest.mark.slow
async def test_a_question_that_needs_less_does_not_wait_for_one_that_needs_more() -> None:
    async with desk() as d:
        await d.market.history("SPY", bars=50)
        await d.hand("silence")
        deep = asyncio.create_task(d.market.history("SPY", start=d.clock.now() - timedelta(days=1500)))
        await until(lambda: len(candles(d)) == 2)
        with deadline(3.5):
            shallow = await d.market.history("SPY", bars=50)
        assert (len(shallow.frame), shallow.stale) == (50, True)
        await d.hand("resume")
        assert len((await deep).frame) == len(d.simulator.world.history("SPY")) + 1


async def test_history_needs_no_rest() -> None:
    async with desk() as d:
        await d.market.history("SPY", bars=20)
        assert d.asked(BY_TYPE) == 0
