"""What a liaison's message can be about: what is theirs, what they were told last, and the photos that they sent."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, insert, select, update

from storage.attachments import attachments
from storage.outbox import NoticeState, Purpose, notices
from storage.reports.assignments import (
    after_photos,
    assignments,
    list_open_assignments,
    shown_assignments,
    theirs,
)
from storage.reports.tables import ReportState, reports
from storage.types import AnyRow

_SEEN = ("photo", "video")  # what can show that something is mended
_UNSENT = (NoticeState.WAITING, NoticeState.HELD, NoticeState.SENDING)


def list_to_mend(db: Connection, staff_id: int) -> list[AnyRow]:
    """Return what a liaison still has to mend, the most pressing first."""
    return [row for row in list_open_assignments(db, staff_id) if row.state == ReportState.ASSIGNED]


def find_theirs(db: Connection, staff_id: int, *, code: str = "", assignment_id: int | None = None) -> AnyRow | None:
    """Return the latest assignment of a report by its code, or the one with an id, open or ended, if it is theirs."""
    meant = reports.c.code == code if assignment_id is None else assignments.c.id == assignment_id
    return db.execute(
        shown_assignments().where(meant, theirs(staff_id)).order_by(assignments.c.id.desc()).limit(1)
    ).one_or_none()


def list_unheard(db: Connection, staff_id: int, among: Sequence[AnyRow]) -> Collection[int]:
    """Return those of some assignments whose notice has not reached the liaison: nobody can mean them by 收到."""
    waiting = db.execute(
        select(notices.c.fields).where(
            notices.c.staff_id == staff_id,
            notices.c.purpose.in_([Purpose.ASSIGNMENT.value, Purpose.RETURNED.value]),
            notices.c.state.in_([state.value for state in _UNSENT]),
            notices.c.report_id.in_([row.report_id for row in among]),
        )
    ).scalars()
    return {json.loads(fields).get("assignment_id") for fields in waiting}


def find_told_last(db: Connection, staff_id: int, *, since: datetime) -> int | None:
    """Return the one assignment that the newest notice to a liaison was about; None when it was about several."""
    newest = db.execute(
        select(notices.c.fields)
        .where(
            notices.c.staff_id == staff_id,
            notices.c.purpose.in_([Purpose.ASSIGNMENT.value, Purpose.RETURNED.value, Purpose.REMINDER.value]),
            notices.c.state.in_([NoticeState.SENT.value, NoticeState.MAYBE.value]),
            notices.c.settled_at >= since,
        )
        .order_by(notices.c.settled_at.desc(), notices.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return None if newest is None else json.loads(newest).get("assignment_id")


def find_photo_report(db: Connection, reporter_id: int, *, sent_at: datetime, within: timedelta) -> AnyRow | None:
    """Return the newest report of somebody that has nothing but pictures and that nobody has taken on: id, code.

    A liaison who sends the photos first and then 整改好了 has made such a report without meaning to.
    """
    return db.execute(
        select(reports.c.id, reports.c.code)
        .where(
            reports.c.reporter_id == reporter_id,
            reports.c.state.in_([ReportState.GATHERING.value, ReportState.RECEIVED.value]),
            reports.c.description == "",
            reports.c.voice_count == 0,
            reports.c.photo_count + reports.c.video_count > 0,
            reports.c.last_piece_at.between(sent_at - within, sent_at + within),
        )
        .order_by(reports.c.id.desc())
        .limit(1)
    ).one_or_none()


def take_over_photos(db: Connection, from_report_id: int, assignment: AnyRow) -> int:
    """Move the pictures of a report to the one that an assignment is of, as photos of what was mended; how many."""
    moved = db.execute(
        select(attachments.c.id)
        .where(attachments.c.report_id == from_report_id, attachments.c.kind.in_(_SEEN))
        .order_by(attachments.c.id)
    ).scalars()
    ids = list(moved)
    if ids:
        db.execute(update(attachments).where(attachments.c.id.in_(ids)).values(report_id=assignment.report_id))
        rows = [{"attachment_id": number, "assignment_id": assignment.id} for number in ids]
        db.execute(insert(after_photos), rows)
    return len(ids)


def find_last_photo_at(db: Connection, assignment_id: int) -> datetime | None:
    """Return when the newest photo of what was mended was sent."""
    newest: datetime | None = db.execute(
        select(func.max(attachments.c.sent_at))
        .join(after_photos, after_photos.c.attachment_id == attachments.c.id)
        .where(after_photos.c.assignment_id == assignment_id)
    ).scalar_one()
    return newest
