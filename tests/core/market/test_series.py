"""The bars of one candle symbol, as the feed tells them: newest first, in snapshots, corrected, removed, live."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ttai.errors import LoginChanged
from ttai.market.series import BEGIN, END, OVERLAP, PENDING, REMOVE, SNIP, Series
from ttai.market.types import CandleEvent

NOW = datetime(2026, 11, 20, 15, 31, tzinfo=UTC)
NAME = "SPY{=d,tho=true}"


def series(*, traded: bool = True, want: int = 100) -> Series:
    made = Series(NAME, traded=traded)
    made.want = want
    made.expect()
    made.ask()
    return made


def say(into: Series, time: int, price: float | None, flags: int = 0, volume: float | None = 10) -> None:
    high, low = (None, None) if price is None else (price + 1, price - 1)
    into.take(CandleEvent(NAME, flags, time, price, high, low, price, volume), NOW)


def snapshot(into: Series, bars: dict[int, float], end: int = END) -> None:
    """Bars as the feed sends them: newest first, closed by a row that is none."""
    times = sorted(bars, reverse=True)
    for number, time in enumerate(times):
        last = number == len(times) - 1
        say(into, time, bars[time], (BEGIN if number == 0 else 0) | (SNIP if last and end == SNIP else 0))
    if end == END:
        say(into, into._asked, None, END | REMOVE | (0 if times else BEGIN), None)


def closes(of: Series) -> dict[int, Any]:
    frame = of.frame
    assert frame is not None
    return dict(zip(frame["time"], frame["close"], strict=True))


def test_a_snapshot_is_bars_oldest_first_without_the_row_that_closes_it() -> None:
    one = series()
    assert one.frame is None
    say(one, 300, 3, BEGIN)
    say(one, 200, 2)
    assert not one.ready.is_set()
    assert one.partial is not None
    assert list(one.partial["time"]) == [200, 300]
    say(one, 100, None, END | REMOVE, None)
    assert one.ready.is_set()
    assert closes(one) == {200: 2, 300: 3}
    assert one.covers(100)
    assert not one.covers(99)
    assert one.at == NOW


def test_what_came_of_a_snapshot_is_there_until_the_next_one_has_come_further() -> None:
    one = series()
    say(one, 300, 3, BEGIN)
    say(one, 200, 2)
    one.ask()  # its socket has ended
    say(one, 300, 4, BEGIN)
    assert one.partial is not None
    assert list(one.partial["close"]) == [2, 3]
    say(one, 200, 3)
    say(one, 100, 2)
    assert list(one.partial["close"]) == [2, 3, 4]
    say(one, 50, None, END | REMOVE, None)
    one.expect()
    assert one.partial is None


@pytest.mark.parametrize("flags", [END, END | REMOVE, SNIP])
def test_a_closing_row_of_nothing_is_no_bar_whatever_its_flags(flags: int) -> None:
    one = series()
    say(one, 300, 3, BEGIN)
    say(one, 100, None, flags, None)
    assert closes(one) == {300: 3}


def test_an_empty_snapshot_is_no_bars_and_whole() -> None:
    one = series()
    say(one, 100, None, BEGIN | END | REMOVE, None)
    assert one.ready.is_set()
    assert closes(one) == {}


def test_a_snapshot_of_a_single_event_is_one_bar() -> None:
    one = series()
    say(one, 300, 3, BEGIN | END)
    assert closes(one) == {300: 3}


def test_the_live_bar_grows_a_new_one_follows_an_old_one_is_corrected_and_one_removed() -> None:
    one = series()
    snapshot(one, {100: 1, 200: 2, 300: 3})
    say(one, 300, 3.5)
    say(one, 300, 3.7)
    assert closes(one) == {100: 1, 200: 2, 300: 3.7}
    say(one, 400, 4)
    say(one, 200, 2.2)
    say(one, 100, None, REMOVE, None)
    assert closes(one) == {200: 2.2, 300: 3.7, 400: 4}


def test_a_transaction_shows_only_when_it_is_whole() -> None:
    one = series()
    snapshot(one, {100: 1, 200: 2})
    say(one, 200, 9, PENDING)
    say(one, 300, 3, PENDING)
    assert closes(one) == {100: 1, 200: 2}
    say(one, 400, 4)
    assert closes(one) == {100: 1, 200: 9, 300: 3, 400: 4}


def test_a_snapshot_whose_end_is_pending_waits_for_the_end_of_the_transaction() -> None:
    one = series()
    say(one, 300, 3, BEGIN)
    say(one, 200, 2, END | PENDING)
    assert not one.ready.is_set()
    say(one, 300, 3.1)
    assert one.ready.is_set()
    assert closes(one) == {200: 2, 300: 3.1}


def test_a_halted_bar_and_missing_volume_survive() -> None:
    one = series()
    say(one, 300, 3, BEGIN, volume=None)
    say(one, 200, None)
    say(one, 100, 1, END)
    frame = one.frame
    assert frame is not None
    assert frame["close"].to_list() == [1, None, 3]
    assert frame["volume"].to_list() == [10, 10, None]


def test_what_nobody_trades_has_no_volume_whatever_the_feed_says() -> None:
    one = series(traded=False)
    snapshot(one, {100: 1, 200: 2})
    frame = one.frame
    assert frame is not None
    assert frame["volume"].to_list() == [None, None]


def test_a_bar_without_a_time_is_counted() -> None:
    one = series()
    say(one, 300, 3, BEGIN)
    say(one, -1, 2)
    say(one, 100, None, END | REMOVE, None)
    assert closes(one) == {300: 3}
    assert one.unreadable == 1


def test_after_a_break_the_newest_bars_alone_are_asked_for_again() -> None:
    one = series()
    snapshot(one, {time: time / 100 for time in range(100, 2000, 100)})
    one.expect()
    asked = one.ask()
    assert asked == 1900 - (OVERLAP - 1) * 100
    snapshot(one, {time: time / 100 + (0.5 if time > asked else 0) for time in range(asked, 2200, 100)})
    assert closes(one)[1900] == 19.5  # a correction
    assert closes(one)[100] == 1
    assert len(closes(one)) == 21
    assert one.covers(100)
    assert not one.restated


def test_a_split_shows_in_the_oldest_bar_both_have_and_costs_what_was_kept() -> None:
    one = series()
    snapshot(one, {time: time / 100 for time in range(100, 2000, 100)})
    one.expect()
    asked = one.ask()
    snapshot(one, {time: time / 200 for time in range(asked, 2200, 100)})
    assert one.restated
    assert min(closes(one)) == asked
    assert not one.covers(100)  # so that it is fetched anew
    one.expect()
    assert one.ask() == 100


def test_more_than_the_feed_gives_is_cut_short_and_not_asked_for_again() -> None:
    one = series()
    snapshot(one, {500: 5, 600: 6}, SNIP)
    assert one.since == 500
    assert one.covers(100)
    assert not one.covers(99)
    assert closes(one) == {500: 5, 600: 6}


def test_what_comes_of_the_subscription_before_is_dropped() -> None:
    one = series()
    snapshot(one, {100: 1, 200: 2})
    one.ask()
    say(one, 150, 9)
    say(one, 900, 9)
    snapshot(one, {100: 1, 200: 2, 300: 3})
    assert closes(one) == {100: 1, 200: 2, 300: 3}


def test_a_cut_beyond_what_is_here_leaves_no_hole() -> None:
    one = series()
    snapshot(one, {time: time / 100 for time in range(100, 2000, 100)})
    one.ask()
    snapshot(one, {5000: 50, 5100: 51}, SNIP)
    assert closes(one) == {5000: 50, 5100: 51}
    assert not one.covers(100)


def test_an_answer_of_nothing_takes_nothing_away() -> None:
    one = series()
    snapshot(one, {100: 1, 200: 2})
    one.ask()
    say(one, one._asked, None, BEGIN | END | REMOVE, None)
    assert one.ready.is_set()
    assert one.empty
    assert closes(one) == {100: 1, 200: 2}


def test_a_late_answer_to_an_earlier_question_is_not_taken_for_more() -> None:
    one = series(want=500)
    one.want = 100
    one.ask()
    say(one, 600, 6, BEGIN)
    say(one, 500, None, END | REMOVE, None)  # it says itself from when it is
    assert closes(one) == {600: 6}
    assert one.covers(500)
    assert not one.covers(100)


def test_a_split_overnight_shows_though_many_bars_have_come_since() -> None:
    one = series()
    snapshot(one, dict.fromkeys(range(100, 2000, 100), 100))
    for time in range(2000, 4000, 100):
        say(one, time, 50)
    asked = one.ask()
    assert asked < 2000
    snapshot(one, dict.fromkeys(range(asked, 4100, 100), 50))
    assert one.restated
    assert set(closes(one).values()) == {50}


def test_who_waits_in_vain_is_told_why() -> None:
    one = series()
    one.fail(why := LoginChanged())
    assert one.gone.is_set()
    assert one.failure is why


def test_a_cut_in_what_is_asked_again_keeps_the_older_bars() -> None:
    one = series()
    snapshot(one, {time: time / 100 for time in range(100, 2000, 100)})
    one.expect()
    one.ask()
    snapshot(one, {1900: 19, 2000: 20}, SNIP)
    assert len(closes(one)) == 20


def test_an_earlier_start_is_asked_for_whole() -> None:
    one = series()
    snapshot(one, {100: 1, 200: 2})
    one.want = 10
    one.expect()
    assert one.ask() == 10
    snapshot(one, {50: 0.5, 100: 1, 200: 2})
    assert closes(one) == {50: 0.5, 100: 1, 200: 2}
