"""When the next step is due, by level and state, and how near a report is to the limit of the whole."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.deadlines import read_deadlines
from bot.settings.tables import DeadlinesTable, ScheduleTable
from storage.calendar import set_holiday
from storage.database import Database
from storage.limit import Limit
from storage.reports.deadlines import NEXT_STEP, Step
from storage.reports.tables import OPEN_STATES, ReportState
from tests.looping import DEADLINES, ZONE

S = ReportState
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=ZONE)  # a Wednesday


def at(day: int, hour: int = 17, minute: int = 30, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


# The township's times as they are proposed (domain, 1.4), written out a second time, from Wednesday at nine.
PROPOSED: dict[str, dict[ReportState, datetime | None]] = {
    "P0": {S.RECEIVED: NOW, S.ACCEPTED: NOW, S.REOPENED: NOW},
    "P1": {
        S.RECEIVED: at(25, 11, 0),
        S.ACCEPTED: at(26, 9, 0),
        S.REOPENED: at(26, 9, 0),
        S.VERIFIED: at(26, 9, 0),
        S.RECTIFIED: at(30),
    },
    "P2": {
        S.RECEIVED: at(26),
        S.ACCEPTED: at(30),
        S.REOPENED: at(30),
        S.VERIFIED: at(26),
        S.ASSIGNED: at(2, 23, 59, month=12),
        S.RECTIFIED: at(2, month=12),
    },
    "P3": {
        S.RECEIVED: at(27),
        S.ACCEPTED: at(2, month=12),
        S.REOPENED: at(2, month=12),
        S.VERIFIED: at(26),
        S.ASSIGNED: at(10, 23, 59, month=12),
    },
}


@pytest.mark.parametrize("level", PROPOSED)
@pytest.mark.parametrize("state", ReportState)
def test_the_proposed_times(sqlite_database: Database, level: str, state: ReportState) -> None:
    with sqlite_database.read() as db:
        deadlines = read_deadlines(db)
    assert deadlines.find_next_due(level, state, NOW) == PROPOSED[level].get(state)


def test_every_open_state_but_gathering_waits_for_a_step() -> None:
    assert set(NEXT_STEP) == set(OPEN_STATES) - {S.GATHERING}


def test_configured_times_and_the_offices_days_are_used(database: Database) -> None:
    table = DeadlinesTable.model_validate({"p2": {"accept": "2个工作日"}, "yellow_days": 10, "red_days": 20})
    schedule = ScheduleTable.model_validate({"working_hours": ["09:00-16:00"]})
    with database.write() as db:
        set_holiday(db, at(26).date(), is_working=False, name="停电")
        deadlines = read_deadlines(db, table, schedule)
    assert deadlines.find_due("P2", Step.ACCEPT, NOW) == at(30, 16, 0)
    assert deadlines.find_due("P2", Step.TELL, NOW) == at(5, 23, 59, month=12)
    assert (deadlines.yellow, deadlines.red, deadlines.close, deadlines.extension) == tuple(
        timedelta(days=days) for days in (10, 20, 60, 30)
    )
    assert deadlines.limits["P2", Step.ACCEPT] == Limit(2, "working_days")


def test_a_level_without_a_time_has_none() -> None:
    assert DEADLINES.find_due("P3", Step.RECTIFY, NOW) is None
    assert DEADLINES.find_due("P9", Step.ACCEPT, NOW) is None


@pytest.mark.parametrize(
    ("age", "colour"),
    [
        (timedelta(), ""),
        (timedelta(days=45, seconds=-1), ""),
        (timedelta(days=45), "yellow"),
        (timedelta(days=55, seconds=-1), "yellow"),
        (timedelta(days=55), "red"),
        (timedelta(days=600), "red"),
    ],
)
def test_warns_of_the_limit_of_the_whole(age: timedelta, colour: str) -> None:
    assert DEADLINES.tell_age(NOW, NOW + age) == colour


@pytest.mark.parametrize(
    ("level", "state", "left", "now", "due_at"),
    [
        ("P2", S.RECEIVED, timedelta(hours=5), at(25, 9, 0), at(25, 14, 0)),
        ("P2", S.RECEIVED, timedelta(hours=5), at(28, 9, 0), at(30)),  # a Saturday
        ("P2", S.RECEIVED, timedelta(0), at(28, 9, 0), at(28, 9, 0)),
        ("P2", S.RECEIVED, timedelta(hours=-9), at(25, 9, 0), at(25, 9, 0)),
        ("P1", S.RECEIVED, timedelta(hours=1), at(28, 9, 0), at(28, 10, 0)),  # hours know no weekend
        ("P3", S.ASSIGNED, timedelta(hours=1), at(28, 9, 0), at(28, 10, 0)),
    ],
)
def test_a_clock_that_goes_on(level: str, state: ReportState, left: timedelta, now: datetime, due_at: datetime) -> None:
    assert DEADLINES.find_restarted_due(level, state, left, now) == due_at
