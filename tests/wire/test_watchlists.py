"""Private watchlists through the broker service: read fresh, changed without losing anything, asked once."""

import asyncio
from typing import Any

import pytest

from tests.desk import BRISK, GOOD, HASTY, Desk, Gate, desk
from tests.rival import Rival
from ttai.broker.broker import Broker
from ttai.errors import BadArgument, BrokerRefused, BrokerUnavailable, LoginChanged, NotFound
from ttai.tastytrade import TastyTrade, in_process

LISTS = "/watchlists"
SWING = "Earnings / Swing"
SWING_PATH = "/watchlists/Earnings / Swing"


async def kept(d: Desk) -> dict[str, list[str]]:
    return {one.name: list(one) for one in await d.broker.watchlists()}


def entries(d: Desk, name: str) -> Any:
    """What the broker has of a list, as it has it."""
    return d.simulator._rest._watchlists.get(name, public=False)


async def test_they_are_as_they_are_now() -> None:
    async with desk(streaming=False) as d:
        assert await kept(d) == {
            "Core Holdings": ["SPY", "QQQ", "AAPL", "MSFT", "BRK/B"],
            SWING: ["NVDA", "AMD", "META", "TSLA"],
        }
        await kept(d)
        assert d.asked(LISTS) == 2


async def test_a_list_is_made_changed_and_deleted() -> None:
    async with desk(streaming=False) as d:
        await d.broker.create_watchlist("50% / ä?", ["SPY"])
        changed = await d.broker.change_watchlist("50% / ä?", add=["QQQ", "SPY", "SPX"], remove=["AAPL"])
        assert list(changed) == ["SPY", "QQQ", "SPX"]
        assert (await kept(d))["50% / ä?"] == ["SPY", "QQQ", "SPX"]
        assert entries(d, "50% / ä?")["watchlist-entries"][2] == {"symbol": "SPX", "instrument-type": "Index"}
        await d.broker.delete_watchlist("50% / ä?")
        assert "50% / ä?" not in await kept(d)


async def test_a_change_keeps_what_it_does_not_name() -> None:
    async with desk(streaming=False) as d:
        strange = {"symbol": "no symbol!", "instrument-type": "Something New", "note": 7}
        entries(d, SWING)["watchlist-entries"].insert(1, strange)
        changed = await d.broker.change_watchlist(SWING, add=["SPY"], remove=["AMD"])
        assert (list(changed), changed.unreadable) == (["NVDA", "META", "TSLA", "SPY"], 1)
        after = entries(d, SWING)
        assert after["watchlist-entries"][1] == strange
        assert (after["group-name"], after["order-index"]) == ("Trades", 2)


async def test_a_change_that_changes_nothing_is_not_sent() -> None:
    async with desk(streaming=False) as d:
        await d.broker.change_watchlist(SWING, add=["NVDA"], remove=["SPY"])
        assert d.asked(SWING_PATH) == 1  # it was read


async def test_two_changes_at_once_both_last() -> None:
    async with desk(streaming=False) as d:
        await asyncio.gather(*(d.broker.change_watchlist(SWING, add=[symbol]) for symbol in ("SPY", "QQQ", "IWM")))
        assert set((await kept(d))[SWING]) >= {"NVDA", "SPY", "QQQ", "IWM"}


@pytest.mark.parametrize("times", [0, 1, 2])
async def test_what_another_program_undid_is_done_again_on_what_it_wrote(times: int) -> None:
    async with desk(streaming=False) as d:
        rival = Rival(d.tap, SWING, times)
        rival.sit_before(d.adapter)
        changed = await d.broker.change_watchlist(SWING, add=["SPY"], remove=["AMD"])
        theirs = ["XOM"] if times else []
        assert list(changed) == ["NVDA", "META", "TSLA", *theirs, "SPY"] == (await kept(d))[SWING]
        assert rival.puts == times + 1


async def test_a_change_that_never_lasts_is_given_up_and_the_list_told_as_it_is() -> None:
    async with desk(streaming=False) as d:
        rival = Rival(d.tap, SWING, 99)
        rival.sit_before(d.adapter)
        changed = await d.broker.change_watchlist(SWING, add=["SPY"], remove=["AMD"])
        assert list(changed) == ["NVDA", "AMD", "META", "TSLA", "XOM"] == (await kept(d))[SWING]
        assert rival.puts == 3


async def test_two_servers_that_read_the_same_list_and_write_it_both_last() -> None:
    async with desk(streaming=False) as d:
        other = Broker(Gate(another := TastyTrade(GOOD, "http://simulator", in_process(d.tap), BRISK)), d.cache)
        try:
            await another.session.refresh()
            await d.adapter.session.refresh()
            await asyncio.gather(
                d.broker.change_watchlist(SWING, add=["SPY"]), other.change_watchlist(SWING, add=["QQQ"])
            )
            assert set((await kept(d))[SWING]) == {"NVDA", "AMD", "META", "TSLA", "SPY", "QQQ"}
        finally:
            await another.close()


@pytest.mark.parametrize("entries", [{"watchlist-entries": {"NVDA": 1}}, {"watchlist-entries": None}, {}])
async def test_a_list_that_cannot_be_read_is_left_as_it_is(entries: dict[str, Any]) -> None:
    async with desk(streaming=False) as d:
        d.tap.answer(SWING_PATH, {"data": {"name": SWING, **entries}})
        with pytest.raises(BrokerUnavailable, match="left as it is"):
            await d.broker.change_watchlist(SWING, add=["SPY"])
        assert d.asked(SWING_PATH) == 1


async def test_a_change_that_cannot_be_looked_at_says_that_it_was_sent() -> None:
    async with desk(streaming=False) as d:
        d.tap.answer(SWING_PATH, {"data": {"name": SWING}}, after=2)
        with pytest.raises(BrokerUnavailable, match="the list was sent, and then") as caught:
            await d.broker.change_watchlist(SWING, add=["SPY"])
        assert "It may have been done all the same" in caught.value.hint
        assert "SPY" in (await kept(d))[SWING]


async def test_what_is_not_there_is_not_found_and_what_is_refused_says_why() -> None:
    async with desk(streaming=False) as d:
        with pytest.raises(NotFound):
            await d.broker.change_watchlist("Nope", add=["SPY"])
        with pytest.raises(NotFound):
            await d.broker.delete_watchlist("Nope")
        with pytest.raises(BrokerRefused, match="exists already"):
            await d.broker.create_watchlist(SWING)
        with pytest.raises(BadArgument, match="is not a symbol"):
            await d.broker.create_watchlist("Odd", ["no symbol!"])
        with pytest.raises(BadArgument, match="is not a symbol"):
            await d.broker.change_watchlist(SWING, add=["no symbol!"])


@pytest.mark.parametrize(
    "fault", [{"kind": "status", "status": 502}, {"kind": "html", "status": 504}, {"kind": "stall"}]
)
async def test_a_change_nobody_knows_of_is_not_repeated_and_says_what_to_look_at(fault: dict[str, Any]) -> None:
    async with desk({"path": LISTS, **fault}, streaming=False, tries=HASTY) as d:
        with pytest.raises(BrokerUnavailable) as caught:
            await d.broker.create_watchlist("Mine", ["SPY"])
        assert "It may have been done all the same" in caught.value.hint
        assert d.asked(LISTS) == 1


async def test_a_connection_that_is_cut_under_a_change_is_said() -> None:
    async with desk({"path": LISTS, "kind": "drop"}, streaming=False, port=True, tries=BRISK) as d:
        with pytest.raises(BrokerUnavailable, match="RemoteProtocolError on /watchlists") as caught:
            await d.broker.create_watchlist("Mine", ["SPY"])
        assert "It may have been done all the same" in caught.value.hint
        assert d.asked(LISTS) == 1


@pytest.mark.parametrize("answered", [{"data": {}}, {}])
async def test_a_change_answered_without_data_was_made(answered: Any) -> None:
    async with desk(streaming=False) as d:
        d.tap.answer(LISTS, answered, 201)
        await d.broker.create_watchlist("Mine", ["SPY"])
        assert d.asked(LISTS) == 1


async def test_nothing_is_changed_after_the_login_is_over() -> None:
    async with desk(streaming=False) as d:
        await d.adapter.close()
        with pytest.raises(LoginChanged):
            await d.broker.create_watchlist("Mine", ["SPY"])
        assert d.asked(LISTS) == 0
