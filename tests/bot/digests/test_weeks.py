"""Weeks and when the digest of one is due, over holidays, months and years."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.digests.weeks import Week, find_due_at, list_due_weeks, parse_week, week_of
from storage.calendar import Calendar
from tests.township import at

CHINA = ZoneInfo("Asia/Shanghai")
HOURS = ((time(8, 30), time(11, 30)), (time(14, 30), time(17, 30)))
CALENDAR = Calendar(HOURS, CHINA, {})
HALF_PAST_EIGHT = time(8, 30)


@pytest.mark.parametrize(
    ("week", "due_on"),
    [
        ("2026-W47", (2026, 11, 23)),  # as usual
        ("2026-W05", (2026, 2, 2)),  # over the end of a month
        ("2026-W06", (2026, 2, 9)),
        ("2026-W07", (2026, 2, 24)),  # Spring Festival 2/15-2/23: Monday 2/16 is off
        ("2026-W08", (2026, 2, 24)),  # and Monday 2/23 as well
        ("2026-W09", (2026, 3, 2)),  # Saturday 2/28 is worked and changes nothing
        ("2026-W14", (2026, 4, 7)),  # Qingming: Monday 4/6 is off
        ("2026-W18", (2026, 5, 6)),  # 1 May: Monday and Tuesday are off
        ("2026-W39", (2026, 9, 28)),
        ("2026-W40", (2026, 10, 8)),  # National Day 10/1-10/7
        ("2026-W41", (2026, 10, 12)),  # Saturday 10/10 was worked
        ("2026-W52", (2026, 12, 28)),
        ("2026-W53", (2027, 1, 4)),  # a year of 53 weeks; of 2027 nobody knows the holidays
        ("2027-W01", (2027, 1, 11)),
    ],
)
def test_a_digest_is_due_on_the_first_working_day_from_monday(week: str, due_on: tuple[int, int, int]) -> None:
    due = find_due_at(parse_week(week), CALENDAR, 1, HALF_PAST_EIGHT)
    assert due == at(*due_on, "08:30")


@pytest.mark.parametrize(
    ("now", "weeks"),
    [
        (at(2026, 11, 30, "08:29"), ["2026-W47"]),  # the one before, should it be missing still
        (at(2026, 11, 30, "08:30"), ["2026-W48"]),
        (at(2026, 12, 4, "23:00"), ["2026-W48"]),  # late rather than never
        (at(2026, 2, 16, "09:00"), ["2026-W06"]),  # a Monday off
        (at(2026, 2, 24, "08:29"), ["2026-W06"]),
        (at(2026, 2, 24, "08:30"), ["2026-W07", "2026-W08"]),  # neither is lost
        (at(2026, 3, 2, "08:30"), ["2026-W09"]),
        (at(2026, 10, 5, "08:30"), ["2026-W39"]),
        (at(2026, 10, 8, "08:30"), ["2026-W40"]),
        (at(2027, 1, 1, "08:30"), ["2026-W52"]),
        (at(2027, 1, 4, "08:30"), ["2026-W53"]),
    ],
)
def test_the_weeks_that_became_due_last_are_made(now: datetime, weeks: list[str]) -> None:
    assert [str(week) for week in list_due_weeks(now, CALENDAR, 1, HALF_PAST_EIGHT)] == weeks


def test_another_day_of_the_week_is_of_the_week_that_follows() -> None:
    assert find_due_at(Week(2026, 47), CALENDAR, 5, time(17, 0)) == at(2026, 11, 27, "17:00")
    assert [str(each) for each in list_due_weeks(at(2026, 11, 27, "16:59"), CALENDAR, 5, time(17, 0))] == ["2026-W46"]
    assert [str(each) for each in list_due_weeks(at(2026, 11, 27, "17:00"), CALENDAR, 5, time(17, 0))] == ["2026-W47"]


def test_the_office_may_close_a_monday() -> None:
    closed = Calendar(HOURS, CHINA, {date(2026, 11, 30): False})
    assert find_due_at(Week(2026, 48), closed, 1, HALF_PAST_EIGHT) == at(2026, 12, 1, "08:30")


def test_every_week_of_two_years_comes_due_once_and_in_order() -> None:
    seen: list[str] = []
    instant = at(2026, 1, 5, "12:00")
    while instant < at(2028, 1, 3):
        seen += [str(week) for week in list_due_weeks(instant, CALENDAR, 1, HALF_PAST_EIGHT) if str(week) not in seen]
        instant += timedelta(days=1)
    expected = []
    week = Week(2026, 1)
    while week <= week_of(date(2027, 12, 26)):
        expected.append(str(week))
        week = week.shift(1)
    assert seen == expected


def test_a_week_is_read_as_it_is_written() -> None:
    week = parse_week("2026-W53")
    assert (week.monday, week.sunday) == (date(2026, 12, 28), date(2027, 1, 3))
    assert str(week) == "2026-W53"
    assert week.say() == "第53周 12/28—1/3"
    assert week.shift(1) == Week(2027, 1)
    assert week.span(CHINA).since == at(2026, 12, 28, "00:00")
    assert week.span(CHINA).until == at(2027, 1, 4, "00:00")


@pytest.mark.parametrize(
    "typed", ["", "2026", "2026-47", "2026-W54", "2027-W53", "2026-W00", "0000-W01", "9999-W52", "２０２６-W47"]
)
def test_what_is_no_week_is_refused(typed: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the standard library's own words for some of them
        parse_week(typed)
