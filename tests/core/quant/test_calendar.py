"""Exchange sessions, held to dates anybody can look up."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttai.quant.calendar import Calendar, days_to_expiration, years_until

# pandas_market_calendars 5.5 under pandas 3.1
pytestmark = pytest.mark.filterwarnings("ignore:Series.dt.weekday is deprecated:DeprecationWarning")

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return Calendar.around(date(2026, 11, 20))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def test_a_plain_day_trades_from_half_past_nine_to_four(calendar: Calendar) -> None:
    session = calendar.session(date(2026, 11, 20))
    assert session is not None
    assert (session.open, session.close) == (at("2026-11-20 09:30"), at("2026-11-20 16:00"))
    assert session.early is False
    assert session.open.tzinfo == NEW_YORK


@pytest.mark.parametrize("day", ["2026-11-27", "2026-12-24"])
def test_a_half_day_closes_at_one(calendar: Calendar, day: str) -> None:
    session = calendar.session(date.fromisoformat(day))
    assert session is not None
    assert session.close == at(f"{day} 13:00")
    assert session.early is True


@pytest.mark.parametrize(
    ("moment", "state", "why"),
    [
        ("2026-11-20 03:59:59", "closed", "overnight"),
        ("2026-11-20 04:00:00", "pre", "before the open"),
        ("2026-11-20 09:29:59", "pre", "before the open"),
        ("2026-11-20 09:30:00", "open", "regular hours"),
        ("2026-11-20 15:59:59", "open", "regular hours"),
        ("2026-11-20 16:00:00", "after", "after the close 16:00"),
        ("2026-11-20 19:59:59", "after", "after the close 16:00"),
        ("2026-11-20 20:00:00", "closed", "overnight"),
        ("2026-11-21 12:00:00", "closed", "weekend"),
        ("2026-11-22 23:59:59", "closed", "weekend"),
        ("2026-11-26 12:00:00", "closed", "holiday (Thanksgiving)"),
        ("2026-11-27 12:59:59", "open", "early close 13:00"),
        ("2026-11-27 13:00:00", "after", "after the close 13:00"),
        ("2026-11-27 17:00:00", "closed", "overnight"),
        ("2026-12-25 10:00:00", "closed", "holiday (Christmas)"),
        ("2027-01-01 10:00:00", "closed", "holiday (New Year's Day)"),
        ("2027-03-26 10:00:00", "closed", "holiday (Good Friday)"),
        ("2026-06-19 10:00:00", "closed", "holiday (Juneteenth)"),
        ("2026-07-03 10:00:00", "closed", "holiday (Independence Day)"),
    ],
)
def test_what_the_exchange_is_doing(calendar: Calendar, moment: str, state: str, why: str) -> None:
    found = calendar.state(at(moment))
    assert (found.state, found.why) == (state, why)
    assert found.date == at(moment).date()
    assert found.label == f"{state} ({why})"


def test_a_day_of_mourning_is_a_holiday_without_a_name() -> None:
    found = Calendar.around(date(2025, 1, 9), 5, 5).state(at("2025-01-09 10:00"))
    assert (found.state, found.why) == ("closed", "holiday")


def test_hours_belong_to_the_day_and_the_next_open_comes_later(calendar: Calendar) -> None:
    opening = calendar.state(at("2026-11-27 09:30"))
    assert (opening.opens_at, opening.closes_at) == (at("2026-11-27 09:30"), at("2026-11-27 13:00"))
    assert opening.next_open == at("2026-11-30 09:30")
    before = calendar.state(at("2026-11-27 09:29:59"))
    assert before.next_open == at("2026-11-27 09:30")
    holiday = calendar.state(at("2026-11-26 10:00"))
    assert (holiday.opens_at, holiday.closes_at) == (None, None)
    assert holiday.next_open == at("2026-11-27 09:30")


@pytest.mark.parametrize(
    ("utc", "state"),
    [
        ("2026-03-06T14:29:59", "pre"),  # the Friday before summer time: UTC−5
        ("2026-03-06T14:30:00", "open"),
        ("2026-03-09T13:29:59", "pre"),  # the Monday after: UTC−4
        ("2026-03-09T13:30:00", "open"),
        ("2026-10-30T19:59:59", "open"),
        ("2026-10-30T20:00:00", "after"),
        ("2026-11-02T20:59:59", "open"),
        ("2026-11-02T21:00:00", "after"),
    ],
)
def test_the_open_moves_in_utc_when_the_clocks_change(calendar: Calendar, utc: str, state: str) -> None:
    assert calendar.state(datetime.fromisoformat(utc).replace(tzinfo=UTC)).state == state


def test_the_day_is_new_york_s_until_its_midnight(calendar: Calendar) -> None:
    before = datetime(2026, 11, 21, 4, 59, 59, tzinfo=UTC)
    assert (calendar.state(before).date, calendar.state(before).why) == (date(2026, 11, 20), "overnight")
    after = before + timedelta(seconds=1)
    assert (calendar.state(after).date, calendar.state(after).why) == (date(2026, 11, 21), "weekend")


def test_days_to_expiration_are_counted_in_new_york() -> None:
    friday = date(2026, 11, 20)
    assert days_to_expiration(friday, datetime(2026, 11, 20, 4, 59, tzinfo=UTC)) == 1
    assert days_to_expiration(friday, datetime(2026, 11, 20, 5, 0, tzinfo=UTC)) == 0
    assert days_to_expiration(friday, datetime(2026, 11, 21, 4, 59, tzinfo=UTC)) == 0
    assert days_to_expiration(friday, datetime(2026, 11, 21, 5, 0, tzinfo=UTC)) == -1


def test_a_moment_without_a_zone_is_refused(calendar: Calendar) -> None:
    naive = datetime(2026, 11, 20, 10, 0)  # noqa: DTZ001
    with pytest.raises(ValueError, match="time zone"):
        calendar.state(naive)
    with pytest.raises(ValueError, match="time zone"):
        days_to_expiration(date(2026, 11, 20), naive)


def test_beyond_the_span_it_says_what_it_covers() -> None:
    short = Calendar.around(date(2026, 11, 20), 5, 5)
    for day in (date(2026, 11, 14), date(2026, 11, 26)):
        with pytest.raises(ValueError, match="covers 2026-11-15 to 2026-11-25"):
            short.session(day)
    with pytest.raises(ValueError, match="ends on 2026-11-25"):
        short.state(at("2026-11-25 10:00"))


@given(st.datetimes(datetime(2025, 11, 1), datetime(2029, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_every_moment_has_one_state_that_fits_its_hours(calendar: Calendar, moment: datetime) -> None:
    found = calendar.state(moment)
    assert found.next_open is not None
    assert found.next_open > moment
    is_open = found.opens_at is not None and found.closes_at is not None and found.opens_at <= moment < found.closes_at
    assert (found.state == "open") == is_open


@pytest.mark.parametrize(
    ("day", "monthly"),
    [
        ("2026-11-20", True),
        ("2026-11-27", False),
        ("2026-11-19", False),
        ("2026-06-18", True),  # the Friday is Juneteenth
        ("2026-06-19", False),
        ("2035-01-19", True),  # beyond the calendar
    ],
)
def test_monthly_options_expire_on_the_third_friday_or_the_day_before(
    calendar: Calendar, day: str, monthly: bool
) -> None:
    assert calendar.is_monthly(date.fromisoformat(day)) is monthly


def test_contracts_settle_at_the_close_or_in_the_morning(calendar: Calendar) -> None:
    assert calendar.settlement(date(2026, 11, 20), "PM") == datetime(2026, 11, 20, 16, tzinfo=NEW_YORK)
    assert calendar.settlement(date(2026, 11, 20), "AM") == datetime(2026, 11, 20, 9, 30, tzinfo=NEW_YORK)
    assert calendar.settlement(date(2026, 11, 27), "PM") == datetime(2026, 11, 27, 13, tzinfo=NEW_YORK)


def test_a_date_without_a_session_settles_with_the_one_before(calendar: Calendar) -> None:
    assert calendar.settlement(date(2026, 11, 26), "PM") == datetime(2026, 11, 25, 16, tzinfo=NEW_YORK)
    assert calendar.settlement(date(2026, 11, 28), "PM") == datetime(2026, 11, 27, 13, tzinfo=NEW_YORK)


def test_beyond_the_calendar_a_day_is_taken_for_whole(calendar: Calendar) -> None:
    far = calendar.last + timedelta(days=400)
    assert calendar.settlement(far, "PM") == datetime.combine(far, time(16), NEW_YORK)
    assert calendar.settlement(far, "AM") == datetime.combine(far, time(9, 30), NEW_YORK)


def test_the_time_left_is_counted_in_minutes() -> None:
    """Across the end of summer time, too: New York's wall clock shows an hour less than has passed."""
    now = datetime(2026, 10, 31, 16, tzinfo=NEW_YORK)
    assert years_until(datetime(2026, 11, 1, 16, tzinfo=NEW_YORK), now) == 25 * 60 / 525_600
    assert years_until(now, now) == 0
    assert years_until(now - timedelta(days=1), now) == 0
