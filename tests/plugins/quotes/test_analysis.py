"""What the quotes plugin works out from bars: values in and values out."""

from datetime import datetime

import numpy as np
import pytest

from ttai.quant.bars import PRICES, Bars
from ttai.quant.calendar import NEW_YORK
from ttai.quant.indicators import DEFAULT_INTRADAY, parse
from ttai.quant.intervals import INTERVALS
from ttai_quotes import analysis
from ttai_quotes.models.history import Bar


def bar(interval: str, begins: str) -> Bars:
    """One bar, which begins at a moment of UTC."""
    return Bars(INTERVALS[interval], np.array([begins], "datetime64[ms]"), *(np.full(1, 5.0) for _ in PRICES))


def test_one_bar_of_a_week_is_forming_until_its_friday() -> None:
    week = bar("1w", "2026-11-16")
    monday = datetime(2026, 11, 23, 9, 30, tzinfo=NEW_YORK)
    thursday, friday = (datetime(2026, 11, day, 18, tzinfo=NEW_YORK) for day in (19, 20))
    morning = friday.replace(hour=9, minute=30)
    assert analysis.is_forming(week, thursday, "after", morning, extended=False)
    assert not analysis.is_forming(week, friday, "after", monday, extended=False)


def test_a_bar_at_midnight_utc_is_of_the_evening_in_new_york() -> None:
    hour = bar("1h", "2026-11-21")
    evening = datetime(2026, 11, 20, 19, 30, tzinfo=NEW_YORK)
    assert analysis.is_forming(hour, evening, "after", None, extended=True)
    assert Bar.of(hour)[0].time == evening.replace(minute=0)


@pytest.mark.parametrize(
    ("interval", "extended", "wanted"),
    [("1m", False, 850), ("1m", True, 1920), ("5m", False, 850), ("1d", False, 850)],
)
def test_the_default_set_wants_its_longest_settled_and_two_sessions_for_the_vwap(
    interval: str, extended: bool, wanted: int
) -> None:
    assert analysis.bars_needed(DEFAULT_INTRADAY, INTERVALS[interval], extended=extended) == wanted


def test_a_vwap_alone_wants_two_sessions() -> None:
    vwap, minute, hour = [parse("vwap")], INTERVALS["1m"], INTERVALS["1h"]
    assert analysis.bars_needed(vwap, minute, extended=False) == 780
    assert analysis.bars_needed(vwap, hour, extended=False) == 250


def test_what_somebody_wrote_as_a_date_is_quoted_in_short() -> None:
    with pytest.raises(ValueError, match="is no date; write 2026-01-31") as caught:
        analysis.moment("yesterday " * 20, INTERVALS["1d"])
    assert len(str(caught.value)) < 100
