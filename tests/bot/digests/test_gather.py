"""What a digest rests on."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.deadlines import read_deadlines
from bot.digests.gather import Section, Sign, average_working_days, find_signs, gather
from bot.digests.weeks import Week
from storage.calendar import Calendar
from storage.database import Database
from storage.digests import Reader, list_readers
from storage.reports.overview import Figure, Scope
from tests.factories import make_report
from tests.township import at, hand_over, make_township

HOURS = ((time(8, 30), time(11, 30)), (time(14, 30), time(17, 30)))
CALENDAR = Calendar(HOURS, ZoneInfo("Asia/Shanghai"), {})
OFFICE = Reader(0, "office", Scope())


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        (at(2026, 11, 23, "08:30"), at(2026, 11, 23, "11:30"), 0.5),
        (at(2026, 11, 23, "08:30"), at(2026, 11, 24, "08:30"), 1),
        (at(2026, 11, 23, "12:00"), at(2026, 11, 23, "14:00"), 0),  # nobody is there at noon
        (at(2026, 11, 27, "17:30"), at(2026, 11, 30, "08:30"), 0),  # nor at a weekend
        (at(2026, 11, 28, "10:00"), at(2026, 11, 30, "11:30"), 0.5),  # that came on a Saturday
        (at(2026, 2, 14, "08:30"), at(2026, 2, 24, "08:30"), 1),  # Saturday 2/14 is worked, then nine days off
        (at(2026, 2, 14, "17:30"), at(2026, 2, 23, "10:00"), 0),
        (at(2026, 2, 27, "17:30"), at(2026, 2, 28, "17:30"), 1),  # so is 2/28
        (at(2026, 12, 31, "08:30"), at(2027, 1, 4, "08:30"), 2),  # of 2027 only weekends are known
        (at(2026, 11, 24, "08:30"), at(2026, 11, 23, "08:30"), 0),  # a clock that went back
    ],
)
def test_working_days_leave_out_nights_and_holidays(since: datetime, until: datetime, days: float) -> None:
    assert average_working_days(CALENDAR, [(since, until)]) == pytest.approx(days)


def test_the_average_is_over_all_and_none_of_nothing() -> None:
    start = at(2026, 11, 23, "08:30")
    pairs = [(start, start), (start, start + timedelta(days=1)), (start, at(2026, 11, 23, "11:30"))]
    assert average_working_days(CALENDAR, pairs) == pytest.approx(0.5)
    assert average_working_days(CALENDAR, []) is None


@pytest.mark.parametrize(
    ("grid", "signs"),
    [
        ([{}, {}, {}], []),
        ([{}, {}, {"HEAT": 3}], [Sign("HEAT", 3, False)]),
        ([{}, {"HEAT": 2}, {"HEAT": 2}], []),
        ([{}, {"HEAT": 1}, {"HEAT": 2}], [Sign("HEAT", 2, True)]),
        ([{"HEAT": 1}, {"HEAT": 1}, {"HEAT": 2}], []),
        ([{}, {"HEAT": 1}, {"HEAT": 2, "FIRE": 9}], [Sign("HEAT", 2, True), Sign("FIRE", 9, False)]),
        ([{}, {}, {"UNK": 9}], []),
        ([{}, {}, {"A": 9, "B": 8, "C": 7, "D": 6}], [Sign("A", 9, False), Sign("B", 8, False), Sign("C", 7, False)]),
        ([{"HEAT": 2}], []),
    ],
)
def test_signs_are_what_rises_two_weeks_or_comes_three_times(grid: list[dict[str, int]], signs: list[Sign]) -> None:
    assert find_signs(grid) == signs


def test_the_office_reads_of_everything_and_a_unit_of_what_it_was_handed(database: Database) -> None:
    now = at(2026, 11, 30, "08:30")
    with database.write() as db:
        town = make_township(db)
        make_report(db, created_at=at(2026, 11, 24), unit_id=town.east, level="P1", category="ELEC")
        hand_over(db, town.east, due_at=at(2026, 11, 24), category="ELEC", created_at=at(2026, 11, 1))
        hand_over(db, town.east, due_at=at(2026, 12, 6), category="ELEC", created_at=at(2026, 11, 1))
        hand_over(db, town.east, due_at=at(2026, 12, 7), category="ELEC", created_at=at(2026, 11, 1))
        hand_over(db, town.west, due_at=at(2026, 11, 29), category="FIRE", created_at=at(2026, 11, 1))
    with database.read() as db:
        deadlines = read_deadlines(db)
        by_staff = {
            reader.staff_id: gather(db, reader, Week(2026, 48), deadlines=deadlines, now=now)
            for reader in list_readers(db)
        }
    office, east, brigade = by_staff[town.reviewer], by_staff[town.of_east], by_staff[town.of_brigade]
    assert (office.counts[Figure.RECEIVED], office.counts[Figure.OVERDUE], office.counts[Figure.RED]) == (1, 2, 1)
    assert len(office.suspects) == 1
    assert [count for _, count in office.trend] == [0, 0, 0, 4, 0, 0, 0, 1]  # 11/1 lies in week 44
    assert (east.counts[Figure.HELD], east.counts[Figure.OVERDUE]) == (3, 1)
    assert [row.due_at for row in east.due] == [at(2026, 11, 24), at(2026, 12, 6)]  # up to Sunday
    assert Figure.RECEIVED not in east.counts  # what was reported of a village is not the village's to know
    assert not east.suspects
    assert (brigade.counts[Figure.RECEIVED], brigade.counts[Figure.OVERDUE]) == (0, 1)


def test_other_subjects_fill_sections_or_leave_them_out(sqlite_database: Database) -> None:
    section = Section("本季义务", ("培训 9/15",))
    with sqlite_database.read() as db:
        facts = gather(
            db,
            OFFICE,
            Week(2026, 48),
            deadlines=read_deadlines(db),
            now=at(2026, 11, 30),
            makers=[lambda *_: section, lambda *_: None],
        )
    assert facts.sections == (section,)


def test_a_year_without_holidays_is_named(sqlite_database: Database) -> None:
    with sqlite_database.read() as db:
        deadlines = read_deadlines(db)
        known = gather(db, OFFICE, Week(2026, 48), deadlines=deadlines, now=at(2026, 11, 30))
        unknown = gather(db, OFFICE, Week(2026, 53), deadlines=deadlines, now=at(2027, 1, 4))
    assert (known.unknown_year, unknown.unknown_year) == (None, 2027)
