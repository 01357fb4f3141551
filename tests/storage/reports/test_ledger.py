"""The ledger's query: which reports have a row, what it says of the latest hand-over, and its figures."""

from __future__ import annotations

from dataclasses import astuple
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, insert, update

from storage.database import Database
from storage.reports import ledger
from storage.reports.assignments import assignments
from storage.reports.ledger import LedgerFilter, LedgerRow, count_ledger, find_ledger_row, is_due, iter_ledger
from storage.reports.tables import ReportState, reports, transfers
from storage.staff import Role, add_staff
from storage.units import add_unit
from tests.factories import NOW, make_report, make_reporter
from tests.handed_over import ALIAS, PLACE, WORDS, add_photos, find_assignment_id, hand_over, rectify, review

LATER = NOW + timedelta(days=10)


def read(db: Connection, filter_: LedgerFilter | None = None, now: datetime = NOW) -> list[LedgerRow]:
    return list(iter_ledger(db, filter_ or LedgerFilter(), now=now))


def list_codes(db: Connection, filter_: LedgerFilter, now: datetime = NOW) -> list[str]:
    return [row.code for row in read(db, filter_, now)]


def add_people(db: Connection) -> tuple[int, int]:
    unit_id = add_unit(db, name="东沟村", kind="village", aliases=[], now=NOW)
    for username, role in (("reviewer", Role.REVIEWER), ("liaison", Role.LIAISON)):
        staff_id = add_staff(
            db, username=username, display_name=f"样例{role.value}", role=role, password_hash="", now=NOW
        )
    return unit_id, staff_id


def test_a_row_follows_a_report_from_the_hand_over_to_its_closing(database: Database) -> None:
    with database.write() as db:
        unit_id, liaison_id = add_people(db)
        report_id = hand_over(db, unit_id=unit_id, liaison_id=liaison_id, code="2611-001")
        (row,) = read(db)
        assert (row.code, row.state, row.unit, row.liaison) == ("2611-001", "assigned", "东沟村", "样例liaison")
        assert (row.place, row.problem) == ("东沟村广场北侧", "配电箱门掉落，带电部分外露")
        assert row.requirement == "立即停用，换好箱门后拍照回复"
        assert (row.due_at, row.rectified_at, row.is_passed) == (NOW + timedelta(days=3), None, None)
        rectify(db, report_id)
        (row,) = read(db)
        assert (row.rectified_at, row.rectified_note) == (NOW + timedelta(days=1), "箱门已换，接地已接好")
        assert (row.is_passed, row.closed_at) == (None, None)
        review(db, report_id)
        (row,) = read(db)
        assert (row.is_passed, row.reviewed_by) == (True, "样例reviewer")
        assert row.closed_at == row.reviewed_at == NOW + timedelta(days=2)
        assert find_ledger_row(db, "2611-001") == row
        assert find_ledger_row(db, "2611-002") is None


def test_what_was_sent_back_is_assigned_again_and_says_that_it_did_not_pass(database: Database) -> None:
    with database.write() as db:
        unit_id, _liaison = add_people(db)
        report_id = hand_over(db, unit_id=unit_id)
        rectify(db, report_id)
        review(db, report_id, is_passed=False)
        end = update(assignments).where(assignments.c.id == find_assignment_id(db, report_id))
        db.execute(end.values(ended_at=NOW, ending="return"))
        again = {"place": "东沟村广场", "problem": "箱门没有固定", "requirement": "重新固定", "due_at": LATER}
        db.execute(
            insert(assignments).values(
                report_id=report_id, unit_id=unit_id, assigned_at=NOW, assigned_by="staff:reviewer", **again
            )
        )
        (row,) = read(db)
    assert (row.state, row.is_passed, row.closed_at) == ("assigned", False, None)
    assert (row.problem, row.due_at, row.rectified_at, row.rectified_note) == ("箱门没有固定", LATER, None, "")


def test_nothing_of_the_reporter_is_read(database: Database) -> None:
    with database.write() as db:
        unit_id, _liaison = add_people(db)
        reporter_id = make_reporter(db, alias=ALIAS, openid_hash="f" * 64)
        make_report(db, description=WORDS, place_label=PLACE, reporter_id=reporter_id, code="2611-001")
        hand_over(db, unit_id=unit_id, reporter_id=reporter_id, code="2611-002")
        said = repr([astuple(row) for row in read(db)])
        read_columns = {column.name for column in ledger._COLUMNS}
    for secret in (WORDS, PLACE, ALIAS, "f" * 64):
        assert secret not in said
    assert not read_columns & {"description", "place_label", "alias", "openid_hash", "reporter_id", "latitude"}


def test_numbers_of_people_are_masked(database: Database) -> None:
    with database.write() as db:
        unit_id, _liaison = add_people(db)
        texts = {name: f"打 13800138000 问{name}" for name in ("place", "problem", "requirement")}
        report_id = hand_over(db, unit_id=unit_id, assignment=texts)
        rectify(db, report_id, note="换好了，电话 138-0013-8000")
        (row,) = read(db)
    assert (row.place, row.problem, row.requirement) == tuple(f"打 138******** 问{name}" for name in texts)
    assert "0013" not in row.rectified_note


@pytest.mark.parametrize(
    ("state", "is_there"),
    [(state, state not in ("gathering", "withdrawn", "merged")) for state in ReportState],
)
def test_only_what_was_submitted_has_a_row(database: Database, state: ReportState, is_there: bool) -> None:
    with database.write() as db:
        first = make_report(db, code="2611-001")
        merged_into = first if state is ReportState.MERGED else None
        make_report(db, code="2611-002", state=state, merged_into_id=merged_into)
        assert list_codes(db, LedgerFilter()) == ["2611-001", "2611-002"][: 1 + is_there]
        merged = [row for row in read(db, LedgerFilter(has_merged=True)) if row.state == "merged"]
    assert [row.merged_into for row in merged] == (["2611-001"] if state is ReportState.MERGED else [])


@pytest.mark.parametrize("state", ["accepted", "verified", "unfounded", "transferred", "declined"])
def test_a_hand_over_that_was_undone_names_nobody(database: Database, state: str) -> None:
    with database.write() as db:
        unit_id, liaison_id = add_people(db)
        report_id = hand_over(db, unit_id=unit_id, liaison_id=liaison_id)
        db.execute(update(reports).where(reports.c.id == report_id).values(state=state))
        db.execute(
            insert(transfers).values(report_id=report_id, authority="样例区局", reason="", at=NOW, by="staff:reviewer")
        )
        (row,) = read(db, now=LATER)
    assert (row.unit, row.liaison, row.due_at, row.requirement) == ("", "", None, "")
    assert row.problem == "配电箱门掉落，带电部分外露"
    assert row.transferred_to == ("样例区局" if state == "transferred" else "")
    assert not is_due(row, LATER)


def test_photos_are_those_that_were_chosen_and_those_of_the_mending(database: Database) -> None:
    with database.write() as db:
        unit_id, _liaison = add_people(db)
        report_id = hand_over(db, unit_id=unit_id)
        add_photos(db, report_id, before=["t/1.jpg", "t/2.jpg", ""], after=["t/3.jpg"])
        (row,) = read(db)
    assert [photo.thumbnail_key for photo in row.photos_before] == ["t/1.jpg", "t/2.jpg"]
    assert [photo.thumbnail_key for photo in row.photos_after] == ["t/3.jpg"]


@pytest.fixture
def filled(database: Database) -> Database:
    """Give a database with a report for everything that a filter tells apart."""
    with database.write() as db:
        unit_id, _liaison = add_people(db)
        other_id = add_unit(db, name="样例砖厂", kind="enterprise", aliases=[], now=NOW)
        make_report(db, code="2611-001", created_at=NOW - timedelta(days=30), unit_id=unit_id)
        hand_over(db, code="2611-002", unit_id=unit_id)
        hand_over(db, code="2611-003", unit_id=other_id, category="GAS", assignment={"due_at": LATER})
        for code in ("2611-004", "2611-005"):
            report_id = hand_over(db, code=code, unit_id=other_id, category="FIRE")
            rectify(db, report_id)
        review(db, report_id)
    return database


@pytest.mark.parametrize(
    ("filter_", "codes"),
    [
        (LedgerFilter(), "1 2 3 4 5"),
        (LedgerFilter(since=NOW), "2 3 4 5"),
        (LedgerFilter(until=NOW), "1"),
        (LedgerFilter(unit_id=1), "1 2"),
        (LedgerFilter(unit_id=2), "3 4 5"),
        (LedgerFilter(category="GAS"), "3"),
        (LedgerFilter(state="closed"), "5"),
        (LedgerFilter(is_overdue=True), "2"),
        (LedgerFilter(category="MINE"), ""),
    ],
)
def test_a_filter_narrows_rows_and_figures_alike(filled: Database, filter_: LedgerFilter, codes: str) -> None:
    at = NOW + timedelta(days=5)
    with filled.read() as db:
        rows = read(db, filter_, at)
        figures = count_ledger(db, filter_, now=at)
    assert [row.code for row in rows] == [f"2611-00{number}" for number in codes.split()]
    closed = sum(row.state == "closed" for row in rows)
    assert astuple(figures) == (len(rows), closed, sum(is_due(row, at) for row in rows))


def test_what_ought_to_be_closed_is_what_is_closed_or_out_of_time(filled: Database) -> None:
    with filled.read() as db:
        before = count_ledger(db, LedgerFilter(), now=NOW)
        after = count_ledger(db, LedgerFilter(), now=NOW + timedelta(days=5))
    assert astuple(before) == (5, 1, 1)  # the closed one
    assert astuple(after) == (5, 1, 3)  # and one that is late, and one that waits for its review beyond its time


def test_reads_in_batches_without_losing_or_repeating_any(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.reports.ledger.BATCH", 3)
    with database.write() as db:
        codes = [f"2611-{number:03d}" for number in range(7)]
        for code in codes:
            make_report(db, code=code)
        assert list_codes(db, LedgerFilter()) == codes
        for most in (0, 2, 3, 4, 7, 9):
            assert [row.code for row in iter_ledger(db, LedgerFilter(), now=NOW, most=most)] == codes[:most]
