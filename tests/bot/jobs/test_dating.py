"""Every submitted report gets its first deadline, once, and the job always comes to an end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection

from bot.jobs.gathering import date_next_report
from storage.database import Database
from storage.limit import Limit
from storage.reports import questions
from storage.reports.deadlines import Deadlines, Step
from storage.reports.questions import QuestionKind
from storage.reports.tables import ReportState
from tests.factories import NOW, make_report
from tests.looping import DEADLINES, REVIEWER, ZONE, make_in, read, read_history, run_at_once

LIMITS: Mapping[tuple[str, Step], Limit | None] = {**DEADLINES.limits, ("P3", Step.ACCEPT): None}


def read_deadlines(_db: Connection) -> Deadlines:
    return replace(DEADLINES, limits=LIMITS)


def run(database: Database) -> int:
    """Run the job until there is nothing to do, and return how often there was."""
    for count in range(20):
        if not date_next_report(database, read_deadlines):
            return count
    raise AssertionError("the job finds something to do for ever")


@pytest.mark.parametrize(
    ("level", "due_at"),
    [
        ("P0", NOW),
        ("P1", NOW + timedelta(hours=2)),
        ("P2", datetime(2026, 11, 26, 17, 30, tzinfo=ZONE)),
        ("P3", None),
    ],
)
def test_gives_the_time_of_the_level(database: Database, level: str, due_at: datetime | None) -> None:
    with database.write() as db:
        number = make_report(db, level=level)
    assert run(database) == (due_at is not None)
    with database.read() as db:
        row = read(db, number)
        assert (row.due_at, row.version) == (due_at, 1)  # a page that is open is not out of date for it
        assert read_history(db, number) == []
    assert run(database) == 0


def test_a_report_without_a_limit_does_not_keep_the_others_waiting(database: Database) -> None:
    with database.write() as db:
        unlimited = [make_report(db, level="P3") for _ in range(3)]
        limited = [make_report(db, level="P2") for _ in range(2)]
    assert run(database) == 2
    with database.read() as db:
        assert all(read(db, number).due_at is None for number in unlimited)
        assert all(read(db, number).due_at is not None for number in limited)


def test_leaves_everything_else_alone(database: Database) -> None:
    with database.write() as db:
        for state in set(ReportState) - {ReportState.RECEIVED, ReportState.MERGED}:
            make_in(db, state)
        dated = make_report(db, due_at=NOW)
        asked = make_report(db)
        questions.ask(db, asked, read(db, asked).reporter_id, QuestionKind.MORE, by=REVIEWER, now=NOW)
    assert run(database) == 0
    with database.write() as db:
        assert read(db, dated).due_at == NOW
        assert read(db, asked).due_at is None
        questions.end_questions(db, asked, now=NOW)
    assert run(database) == 1


def test_two_processes_date_each_report_once(database: Database) -> None:
    with database.write() as db:
        numbers = [make_report(db) for _ in range(8)]
    counts: list[int] = []
    assert run_at_once([lambda: counts.append(run(database))] * 2) == [None, None]
    with database.read() as db:
        assert all(read(db, number).due_at is not None for number in numbers)
    assert run(database) == 0
