"""What is said of a history that is not what was asked for."""

from datetime import UTC, date, datetime, timedelta

from tests.desk import desk
from ttai.market.types import CandleEvent


async def test_a_start_before_the_first_bar_is_told_from_when_there_are_bars() -> None:
    async with desk() as d:
        first = d.simulator.world.history("SPY")[0].day
        history = await d.market.history("SPY", start=datetime(2000, 1, 3, tzinfo=UTC))
        assert history.frame["time"][0].date() == first
        assert history.notes == (f"the feed gave bars only from {first} on",)
        holiday = await d.market.history("SPY", start=datetime.combine(first, datetime.min.time(), UTC) - timedelta(4))
        assert holiday.notes == ()


async def test_fewer_bars_than_were_asked_for_are_told() -> None:
    async with desk() as d:
        days = d.simulator.world.history("SPY")
        young = await d.market.history("SPY", bars=len(days) + 9)
        assert young.notes == (f"the feed gave bars only from {days[0].day} on",)
        assert (await d.market.history("SPY", bars=len(days))).notes == ()


async def test_a_symbol_that_seldom_trades_has_fewer_bars_and_that_is_told() -> None:
    async with desk() as d:
        await d.market.history("SPY", bars=5)
        gone = [bar.day for bar in d.simulator.world.history("SPY")[-30:-2]]
        for day in gone:
            moment = int(datetime.combine(day, datetime.min.time(), UTC).timestamp() * 1000)
            d.market._book.drawn([CandleEvent("SPY{=d,tho=true}", 2, moment, None, None, None, None, None)])
        history = await d.market.history("SPY", bars=10)
        assert len(history.frame) < 10
        assert history.notes[0].startswith(f"{len(history.frame)} bars, not 10: there are no more since 2026-1")


async def test_a_newest_bar_without_a_price_does_not_concern_a_span_of_the_past() -> None:
    async with desk() as d:
        await d.market.history("SPY", bars=5)
        tomorrow = int(datetime(2026, 11, 21, tzinfo=UTC).timestamp() * 1000)
        d.market._book.drawn([CandleEvent("SPY{=d,tho=true}", 0, tomorrow, None, None, None, None, None)])
        june = await d.market.history(
            "SPY", start=datetime(2026, 6, 1, tzinfo=UTC), end=datetime(2026, 6, 30, tzinfo=UTC)
        )
        assert june.frame["time"][-1].date() == date(2026, 6, 30)
        assert june.notes == ()
