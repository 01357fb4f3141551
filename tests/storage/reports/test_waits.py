"""What is late, soon due, or waits for a reviewer, in the queue and counted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from storage.database import Database
from storage.reports.assignments import HandOver, PleaKind, add_plea, find_open_assignment, open_assignment
from storage.reports.queue import QueueFilter, count_waits, list_queue
from storage.reports.tables import ReportState
from storage.units import add_unit
from tests.factories import NOW, make_report


@pytest.fixture
def filled(database: Database) -> Database:
    with database.write() as db:
        unit_id = add_unit(db, name="东坪村", kind="village", aliases=[], now=NOW)
        make_report(db, code="2611-001", due_at=NOW - timedelta(days=1))
        make_report(db, code="2611-002", due_at=NOW + timedelta(days=1))
        make_report(db, code="2611-003", due_at=NOW + timedelta(days=3))
        make_report(db, code="2611-004", state=ReportState.RECTIFIED)
        for code, state in (("2611-005", ReportState.ASSIGNED), ("2611-006", ReportState.RECTIFIED)):
            report_id = make_report(db, code=code, state=state)
            open_assignment(db, report_id, HandOver(unit_id, "地点", "问题", "要求", NOW), by="staff:a", now=NOW)
            assignment = find_open_assignment(db, report_id)
            add_plea(db, assignment, PleaKind.DISPUTE, by="staff:b", reason="不是我们的", now=NOW)
        make_report(db, code="2611-007", state=ReportState.CLOSED)
    return database


@pytest.mark.parametrize(
    ("waits", "codes"),
    [
        ("late", ["2611-001"]),
        ("soon", ["2611-002"]),
        ("mine", ["2611-006", "2611-005", "2611-004"]),
    ],
)
def test_lists_and_counts_what_waits(filled: Database, waits: str, codes: list[str]) -> None:
    with filled.read() as db:
        page = list_queue(db, QueueFilter(tab="all", waits=waits), now=NOW)
        narrowed = list_queue(db, QueueFilter(tab="all", waits=waits, state="rectified"), now=NOW)
        counted = count_waits(db, now=NOW)
        capped = count_waits(db, now=NOW, most=1)
    assert [row.code for row in page.rows] == codes
    assert [row.code for row in narrowed.rows] == [code for code in codes if code in {"2611-004", "2611-006"}]
    assert counted[waits] == len(codes)
    assert capped[waits] == min(len(codes), 2)


def test_a_wait_needs_the_clock(database: Database) -> None:
    with database.read() as db, pytest.raises(ValueError, match="clock"):
        list_queue(db, QueueFilter(waits="late"))
