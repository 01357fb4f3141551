"""Working days with make-up days, the office's own table, office hours, and how long a limit runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from storage.calendar import Calendar, forget_holiday, list_holidays, read_calendar, set_holiday
from storage.database import Database
from storage.limit import Limit
from tests.looping import HOURS, ZONE, make_calendar

CALENDAR = make_calendar()

# Written off the State Council's notices: the stretches that are off, and the Saturdays and Sundays that are worked.
OFF = {
    2024: ["01-01 01-01", "02-10 02-17", "04-04 04-06", "05-01 05-05", "06-10 06-10", "09-15 09-17", "10-01 10-07"],
    2026: ["01-01 01-03", "02-15 02-23", "04-04 04-06", "05-01 05-05", "06-19 06-21", "09-25 09-27", "10-01 10-07"],
}
WORKED = {
    2024: ["02-04", "02-18", "04-07", "04-28", "05-11", "09-14", "09-29", "10-12"],
    2026: ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"],
}


def list_days(year: int) -> Iterator[date]:
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += timedelta(days=1)


def at(words: str, zone: ZoneInfo = ZONE) -> datetime:
    """Return an instant of the township, such as 2026-11-25 09:00."""
    return datetime.fromisoformat(words).replace(tzinfo=zone)


@pytest.mark.parametrize("year", [2024, 2026])
def test_every_day_of_a_year(year: int) -> None:
    off = {
        date.fromisoformat(f"{year}-{first}") + timedelta(days=days)
        for first, last in (stretch.split() for stretch in OFF[year])
        for days in range((date.fromisoformat(f"{year}-{last}") - date.fromisoformat(f"{year}-{first}")).days + 1)
    }
    worked = {date.fromisoformat(f"{year}-{day}") for day in WORKED[year]}
    expected = {day for day in list_days(year) if day in worked or (day.weekday() < 5 and day not in off)}
    assert {day for day in list_days(year) if CALENDAR.is_working_day(day)} == expected
    assert CALENDAR.is_known(year)


@pytest.mark.parametrize("year", [2027, 2031])
def test_a_year_without_a_notice_is_monday_to_friday(year: int) -> None:
    assert not CALENDAR.is_known(year)
    assert all(CALENDAR.is_working_day(day) == (day.weekday() < 5) for day in list_days(year))


def test_what_the_office_entered_goes_first(database: Database) -> None:
    monday, sunday, off = date(2027, 2, 8), date(2027, 2, 14), date(2026, 11, 25)
    with database.write() as db:
        set_holiday(db, monday, is_working=True, name="写错了")
        set_holiday(db, monday, is_working=False, name="春节")
        set_holiday(db, sunday, is_working=True, name="调休上班")
        set_holiday(db, off, is_working=False, name="停电")
        assert [(row.day, row.is_working, row.name) for row in list_holidays(db)] == [
            ("2026-11-25", False, "停电"),
            ("2027-02-08", False, "春节"),
            ("2027-02-14", True, "调休上班"),
        ]
        calendar = read_calendar(db, HOURS, ZONE)
        assert [calendar.is_working_day(day) for day in (monday, sunday, off)] == [False, True, False]
        assert calendar.is_known(2027)
        forget_holiday(db, off)
        forget_holiday(db, monday)
        calendar = read_calendar(db, HOURS, ZONE)
        assert [calendar.is_working_day(day) for day in (monday, sunday, off)] == [True, True, True]


@pytest.mark.parametrize(
    ("words", "is_open"),
    [
        ("2026-11-25 08:29:59", False),
        ("2026-11-25 08:30", True),
        ("2026-11-25 11:29:59", True),
        ("2026-11-25 11:30", False),
        ("2026-11-25 14:30", True),
        ("2026-11-25 17:30", False),
        ("2026-11-25 00:00", False),
        ("2026-11-28 09:00", False),  # a Saturday
        ("2026-02-14 09:00", True),  # a Saturday that is worked
        ("2026-02-16 09:00", False),  # Spring Festival, a Monday
    ],
)
def test_somebody_sits_at_the_office(words: str, is_open: bool) -> None:
    assert CALENDAR.is_office_open(at(words)) is is_open
    assert CALENDAR.is_office_open(at(words).astimezone(UTC)) is is_open


@pytest.mark.parametrize(
    ("words", "opening"),
    [
        ("2026-11-25 09:12:13", "2026-11-25 09:12:13"),
        ("2026-11-25 03:00", "2026-11-25 08:30"),
        ("2026-11-25 11:30", "2026-11-25 14:30"),
        ("2026-11-25 17:30", "2026-11-26 08:30"),
        ("2026-11-27 23:59", "2026-11-30 08:30"),  # over a weekend
        ("2026-11-30 17:31", "2026-12-01 08:30"),  # into another month
        ("2026-02-14 17:30", "2026-02-24 08:30"),  # over Spring Festival
        ("2026-05-08 20:00", "2026-05-09 08:30"),  # to a Saturday that is worked
        ("2026-12-31 18:00", "2027-01-01 08:30"),  # into a year that nobody knows
    ],
)
def test_next_opening(words: str, opening: str) -> None:
    assert CALENDAR.next_opening(at(words)) == at(opening)
    in_utc = CALENDAR.next_opening(at(words).astimezone(UTC))
    assert (in_utc, in_utc.tzinfo) == (at(opening), UTC)


@pytest.mark.parametrize(
    ("words", "limit", "end"),
    [
        ("2026-11-25 09:00:07", Limit(0, "minutes"), "2026-11-25 09:00:07"),
        ("2026-11-25 23:50", Limit(30, "minutes"), "2026-11-26 00:20"),
        ("2026-11-28 23:00", Limit(2, "hours"), "2026-11-29 01:00"),  # hours know no weekend
        ("2026-11-30 12:00", Limit(24, "hours"), "2026-12-01 12:00"),
        ("2026-11-25 00:00", Limit(7, "days"), "2026-12-02 23:59"),
        ("2026-11-25 23:59:59", Limit(7, "days"), "2026-12-02 23:59"),
        ("2026-11-25 09:00", Limit(0, "days"), "2026-11-25 23:59"),
        ("2024-02-28 09:00", Limit(1, "days"), "2024-02-29 23:59"),
        ("2026-12-17 09:00", Limit(15, "days"), "2027-01-01 23:59"),
        ("2026-11-25 09:00", Limit(1, "working_days"), "2026-11-26 17:30"),
        ("2026-11-25 20:00", Limit(1, "working_days"), "2026-11-26 17:30"),
        ("2026-11-27 09:00", Limit(1, "working_days"), "2026-11-30 17:30"),
        ("2026-11-28 09:00", Limit(1, "working_days"), "2026-11-30 17:30"),
        ("2026-02-13 09:00", Limit(1, "working_days"), "2026-02-14 17:30"),
        ("2026-02-13 09:00", Limit(3, "working_days"), "2026-02-25 17:30"),
        ("2026-02-27 09:00", Limit(5, "working_days"), "2026-03-05 17:30"),
        ("2026-09-30 18:00", Limit(2, "working_days"), "2026-10-09 17:30"),
        ("2026-11-25 09:00", Limit(0, "working_days"), "2026-11-25 17:30"),
        ("2026-11-28 09:00", Limit(0, "working_days"), "2026-11-30 17:30"),
        ("2026-12-31 09:00", Limit(1, "working_days"), "2027-01-01 17:30"),
    ],
)
def test_a_limit_runs_out(words: str, limit: Limit, end: str) -> None:
    assert CALENDAR.add_limit(at(words), limit) == at(end)
    in_utc = CALENDAR.add_limit(at(words).astimezone(UTC), limit)
    assert (in_utc, in_utc.tzinfo) == (at(end), UTC)


def test_the_day_is_the_townships() -> None:
    late = datetime(2026, 11, 25, 16, 30, tzinfo=UTC)  # half past midnight there
    assert CALENDAR.get_day(late) == date(2026, 11, 26)
    assert CALENDAR.add_limit(late, Limit(1, "working_days")) == at("2026-11-27 17:30")
    elsewhere = datetime(2026, 11, 25, 11, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert CALENDAR.get_day(elsewhere) == date(2026, 11, 26)


@pytest.mark.parametrize(
    ("day", "count", "last"),
    [
        ("2026-11-25", 0, "2026-11-25"),
        ("2026-11-28", 0, "2026-11-30"),
        ("2026-11-25", 3, "2026-11-30"),
        ("2026-02-14", 1, "2026-02-24"),
        ("2026-02-10", 9, "2026-02-28"),
        ("2026-11-25", 300, "2028-01-19"),
    ],
)
def test_working_days_after_a_day(day: str, count: int, last: str) -> None:
    first, until = date.fromisoformat(day), date.fromisoformat(last)
    assert CALENDAR.add_working_days(first, count) == until
    if count:
        assert CALENDAR.count_working_days(first, until) == count
        assert CALENDAR.count_working_days(until, first) == 0


class NeverOpen(dict[date, bool]):
    """A table of holidays that closes every day there is."""

    def get(self, key: date, default: object = None) -> bool:  # type: ignore[override]
        return False


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_table_that_closes_everything_is_refused(count: int) -> None:
    calendar = Calendar(((time(8, 30), time(17, 30)),), ZONE, NeverOpen())
    with pytest.raises(ValueError, match="table of holidays"):
        calendar.add_working_days(date(2026, 11, 25), count)
    with pytest.raises(ValueError, match="table of holidays"):
        calendar.add_limit(at("2026-11-25 09:00"), Limit(count, "working_days"))
    with pytest.raises(ValueError, match="table of holidays"):
        calendar.next_opening(at("2026-11-25 09:00"))


def test_a_break_of_two_months_is_still_a_break() -> None:
    first = date(2026, 11, 25)
    calendar = make_calendar({first + timedelta(days=days): False for days in range(1, 55)})
    assert calendar.add_working_days(first, 1) == date(2027, 1, 19)


def test_a_break_of_three_months_is_a_mistake() -> None:
    first = date(2026, 11, 25)
    calendar = make_calendar({first + timedelta(days=days): False for days in range(1, 95)})
    with pytest.raises(ValueError, match="table of holidays"):
        calendar.add_working_days(first, 1)
