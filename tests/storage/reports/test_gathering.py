"""Reports while they are gathered: codes, pieces, submitting, withdrawing, and who may claim what."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from storage.database import Database
from storage.reports.gathering import (
    Pieces,
    RecentReport,
    add_pieces,
    claim_next_gathered,
    find_next_gathered,
    list_own,
    list_recent,
    open_report,
    submit_report,
)
from storage.reports.queue import list_history
from storage.reports.tables import ReportState, reports
from tests.factories import make_report, make_reporter

TEN_MINUTES = timedelta(minutes=10)
PIECES = Pieces(
    description="护栏断了",
    place_label="东坪",
    latitude=36.5,
    longitude=113.25,
    photos=1,
    voices=2,
    videos=3,
    messages=6,
    category="MINE",
    level="P1",
    is_emergency=True,
    major_standard="第4条",
    why="护栏: MINE",
    unit_id=None,
    is_anonymous=True,
    asked="place",
    missing="look",
)


def open_one(db: Connection, reporter_id: int, now: datetime, pieces: Pieces = PIECES) -> RecentReport:
    return open_report(db, reporter_id=reporter_id, pieces=pieces, sent_at=now, gather_until=now + TEN_MINUTES, now=now)


def test_report_reads_back_as_it_was_opened(database: Database, now: datetime) -> None:
    with database.write() as db:
        reporter = make_reporter(db)
        opened = open_one(db, reporter, now)
        assert list_recent(db, reporter) == [opened]
        assert list_own(db, reporter) == [opened]
        assert opened.pieces == PIECES
        row = db.execute(select(reports)).one()
    assert (row.state, row.gather_until, row.submitted_at, row.version) == ("gathering", now + TEN_MINUTES, None, 1)
    assert (row.created_at, row.is_indexed) == (now, False)


def test_codes_count_up_and_begin_anew_each_month_of_the_township(database: Database) -> None:
    instants = [
        datetime(2026, 11, 30, 15, 58, tzinfo=UTC),  # 23:58 in the township
        datetime(2026, 11, 30, 15, 59, tzinfo=UTC),
        datetime(2026, 11, 30, 16, 0, tzinfo=UTC),
        datetime(2026, 12, 31, 16, 0, tzinfo=UTC),
    ]
    with database.write() as db:
        codes = [open_one(db, make_reporter(db), instant).code for instant in instants]
    assert codes == ["2611-001", "2611-002", "2612-001", "2701-001"]


def test_reporter_gathers_one_report_at_a_time(database: Database, now: datetime) -> None:
    with database.write() as db:
        reporter = make_reporter(db)
        open_one(db, reporter, now)
    with pytest.raises(Exception, match=r"(?i)unique"), database.write() as db:
        open_one(db, reporter, now)


@pytest.mark.parametrize("is_complete", [False, True], ids=["goes on", "is submitted"])
def test_pieces_are_added(database: Database, now: datetime, is_complete: bool) -> None:
    later, pieces = now + timedelta(minutes=3), replace(PIECES, description="护栏断了两截", missing="", photos=2)
    with database.write() as db:
        reporter = make_reporter(db)
        opened = open_one(db, reporter, now)
        until = None if is_complete else later + TEN_MINUTES
        changed = add_pieces(db, opened, pieces, sent_at=later, gather_until=until, now=later)
        assert list_recent(db, reporter) == [changed]
        row = db.execute(select(reports)).one()
        actions = [(line.action, line.from_state, line.to_state) for line in list_history(db, opened.id)]
    assert changed.pieces == pieces
    assert (row.opened_at, row.last_piece_at, row.gather_until) == (now, later, until)
    if is_complete:
        assert (row.state, row.submitted_at) == ("received", later)
        assert actions == [("open", "", "gathering"), ("submit", "gathering", "received")]
    else:
        assert (row.state, row.submitted_at) == ("gathering", None)
        assert actions == [("open", "", "gathering")]


def test_piece_that_was_sent_earlier_moves_the_beginning(database: Database, now: datetime) -> None:
    earlier = now - timedelta(minutes=1)
    with database.write() as db:
        opened = open_one(db, make_reporter(db), now)
        changed = add_pieces(db, opened, PIECES, sent_at=earlier, gather_until=now + TEN_MINUTES, now=now)
    assert (changed.opened_at, changed.last_piece_at) == (earlier, now)


@pytest.mark.parametrize("state", [ReportState.RECEIVED, ReportState.ACCEPTED, ReportState.ASSIGNED])
def test_piece_for_a_submitted_report_leaves_its_state(database: Database, now: datetime, state: ReportState) -> None:
    with database.write() as db:
        reporter = make_reporter(db)
        make_report(db, reporter_id=reporter, state=state, is_indexed=True)
        (report,) = list_recent(db, reporter)
        add_pieces(db, report, PIECES, sent_at=now, gather_until=None, now=now)
        row = db.execute(select(reports)).one()
        assert (row.state, row.photo_count, row.is_indexed) == (state, 1, False)
        assert list_history(db, report.id) == []


def test_submitting_happens_once(database: Database, now: datetime) -> None:
    with database.write() as db:
        report = open_one(db, make_reporter(db), now)
        assert submit_report(db, report.id, now=now, note="到时") is True
        assert submit_report(db, report.id, now=now) is False
        row = db.execute(select(reports)).one()
        assert (row.state, row.gather_until, row.submitted_at) == ("received", None, now)
        assert [(line.action, line.note) for line in list_history(db, report.id)] == [("open", ""), ("submit", "到时")]


def test_recent_reports_are_the_newest_four_of_one_reporter(database: Database) -> None:
    with database.write() as db:
        reporter, other = make_reporter(db), make_reporter(db)
        numbers = [make_report(db, reporter_id=reporter) for _ in range(6)]
        make_report(db, reporter_id=other)
        assert [report.id for report in list_recent(db, reporter)] == numbers[:1:-1]
        assert [report.id for report in list_own(db, reporter, most=2)] == numbers[:3:-1]


def test_nobody_finds_the_report_of_somebody_else_by_its_code(database: Database) -> None:
    with database.write() as db:
        reporter, other = make_reporter(db), make_reporter(db)
        make_report(db, reporter_id=reporter, code="2611-001")
        assert [report.code for report in list_own(db, reporter, code="2611-001")] == ["2611-001"]
        assert list_own(db, other, code="2611-001") == []


def test_gathering_runs_out_oldest_first_and_not_before(database: Database, now: datetime) -> None:
    with database.write() as db:
        late = make_report(db, state=ReportState.GATHERING, gather_until=now + timedelta(minutes=2))
        soon = make_report(db, state=ReportState.GATHERING, gather_until=now + timedelta(minutes=1))
        assert claim_next_gathered(db, now=now) is None
        assert find_next_gathered(db, now=now) is None
        assert claim_next_gathered(db, now=now + timedelta(minutes=1)) == soon
        assert find_next_gathered(db, now=now + TEN_MINUTES) == soon
        submit_report(db, soon, now=now)
        assert claim_next_gathered(db, now=now + TEN_MINUTES) == late


def test_two_claimants_get_different_reports(postgres_database: Database, now: datetime) -> None:
    with postgres_database.write() as db:
        numbers = {make_report(db, state=ReportState.GATHERING) for _ in range(2)}
    with postgres_database.write() as one, postgres_database.write() as two, postgres_database.write() as three:
        claimed = [claim_next_gathered(db, now=now) for db in (one, two, three)]
    assert set(claimed[:2]) == numbers
    assert claimed[2] is None


@pytest.mark.parametrize(
    "values",
    [
        {"state": ReportState.GATHERING, "gather_until": None},
        {"state": ReportState.RECEIVED, "gather_until": datetime(2026, 11, 25, tzinfo=UTC)},
        {"state": ReportState.MERGED},
    ],
    ids=["gathering without an end", "an end without gathering", "merged into nothing"],
)
def test_database_refuses_states_that_cannot_be(database: Database, values: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), database.write() as db:
        make_report(db, **values)
