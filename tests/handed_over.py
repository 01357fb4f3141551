"""Reports on their way from the hand-over to the closing, for tests of what is made of them."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

from PIL import Image
from sqlalchemy import Connection, insert, update

from storage.reports.assignments import after_photos, assignments
from storage.reports.tables import ReportState, report_history, reports
from tests.factories import NOW, make_photo, make_report

# What a reporter may have said and sent; none of it may reach a ledger or a paper.
WORDS = "我是井口上夜班的，班长老李不让说"
PLACE = "我家门口往东走二十步"
ALIAS = "热心群众7F3A"


def hand_over(db: Connection, *, unit_id: int, liaison_id: int | None = None, **values: Any) -> int:
    """Insert a report that is assigned to a unit and return its id; `assignment` overrides what was handed over."""
    assigned = {
        "unit_id": unit_id,
        "liaison_id": liaison_id,
        "assigned_at": NOW,
        "assigned_by": "staff:reviewer",
        "place": "东沟村广场北侧",
        "problem": "配电箱门掉落，带电部分外露",
        "requirement": "立即停用，换好箱门后拍照回复",
        "due_at": NOW + timedelta(days=3),
        **values.pop("assignment", {}),
    }
    values = {"state": ReportState.ASSIGNED, "description": WORDS, "place_label": PLACE, "category": "ELEC", **values}
    report_id = make_report(db, **values)
    db.execute(insert(assignments).values(report_id=report_id, **assigned))
    return report_id


def find_assignment_id(db: Connection, report_id: int) -> int:
    """Return the id of the latest hand-over of a report."""
    rows = db.execute(assignments.select().where(assignments.c.report_id == report_id).order_by(assignments.c.id)).all()
    return int(rows[-1].id)


def rectify(db: Connection, report_id: int, *, note: str = "箱门已换，接地已接好") -> None:
    """Say that the latest hand-over is mended, a day after it was made."""
    values = {"rectified_at": NOW + timedelta(days=1), "rectified_by": "staff:liaison", "rectified_note": note}
    db.execute(update(assignments).where(assignments.c.id == find_assignment_id(db, report_id)).values(**values))
    _move(db, report_id, "rectify", ReportState.ASSIGNED, ReportState.RECTIFIED, days=1, by="staff:liaison")


def review(db: Connection, report_id: int, *, is_passed: bool = True) -> None:
    """Close what was mended, or send it back."""
    to_state = ReportState.CLOSED if is_passed else ReportState.ASSIGNED
    action = "close" if is_passed else "return"
    _move(db, report_id, action, ReportState.RECTIFIED, to_state, days=2, by="staff:reviewer")
    if is_passed:
        db.execute(
            update(assignments)
            .where(assignments.c.id == find_assignment_id(db, report_id))
            .values(ended_at=NOW + timedelta(days=2), ending=action)
        )


def add_photos(db: Connection, report_id: int, *, before: list[str], after: list[str]) -> None:
    """Add photos with these thumbnail keys to the latest hand-over of a report."""
    assignment_id = find_assignment_id(db, report_id)
    ids = [make_photo(db, report_id=report_id, thumbnail_key=key) for key in (*before, *after)]
    chosen = json.dumps(ids[: len(before)])
    db.execute(update(assignments).where(assignments.c.id == assignment_id).values(photo_ids=chosen))
    for photo_id in ids[len(before) :]:
        db.execute(insert(after_photos).values(attachment_id=photo_id, assignment_id=assignment_id))


def make_thumbnail(colour: str, size: tuple[int, int] = (320, 240)) -> bytes:
    """Return a small JPEG of one colour."""
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, "JPEG")
    return stream.getvalue()


def _move(db: Connection, report_id: int, action: str, from_state: str, to_state: str, *, days: int, by: str) -> None:
    db.execute(update(reports).where(reports.c.id == report_id).values(state=to_state))
    db.execute(
        insert(report_history).values(
            report_id=report_id,
            at=NOW + timedelta(days=days),
            by=by,
            action=action,
            from_state=from_state,
            to_state=to_state,
        )
    )
