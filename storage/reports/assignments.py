"""What was handed to a unit to mend: the text that it got, the time that it has, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Select,
    String,
    Table,
    Text,
    false,
    func,
    insert,
    literal,
    select,
    text,
    update,
)

from storage.attachments import attachments
from storage.database import RowId, metadata
from storage.reports.tables import reports
from storage.staff import liaisons, staff
from storage.types import AnyRow, Instant
from storage.units import units


class PleaKind(StrEnum):
    """What a liaison asks a reviewer to decide."""

    EXTENSION = "extension"
    DISPUTE = "dispute"


@dataclass(frozen=True, slots=True)
class HandOver:
    """What a unit is given to mend, word for word as the reviewer read it; nothing here is the reporter's."""

    unit_id: int
    place: str
    problem: str
    requirement: str
    due_at: datetime
    liaison_id: int | None = None
    photo_ids: tuple[int, ...] = ()
    is_inspection: bool = False


_OPEN = "ended_at IS NULL"

# One row for every hand-over (交办): a report that is returned or given to somebody else gets a further one. Nothing
# in it comes from the reporter unseen: place, problem and requirement are what the reviewer read and sent.
assignments = Table(
    "assignments",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("report_id", RowId, ForeignKey("reports.id"), nullable=False),
    Column("unit_id", RowId, ForeignKey("units.id"), nullable=False),
    Column("liaison_id", RowId, ForeignKey("staff.id"), comment="who is to see to it; empty for the unit as a whole"),
    Column("assigned_at", Instant, nullable=False),
    Column("assigned_by", String(48), nullable=False),
    Column("place", String(200), nullable=False, comment="as the unit reads it"),
    Column("problem", Text, nullable=False, comment="in neutral words"),
    Column("requirement", Text, nullable=False),
    Column("photo_ids", Text, nullable=False, default="[]", comment="JSON list of attachments: clean copies to show"),
    Column("is_inspection", Boolean, nullable=False, default=False, comment="worded as found by an inspection"),
    Column("due_at", Instant, nullable=False),
    Column("acknowledged_at", Instant, comment="when 收到 came"),
    Column("rectified_at", Instant),
    Column("rectified_by", String(48), nullable=False, default="", comment="staff:<username>"),
    Column("rectified_note", Text, nullable=False, default=""),
    Column("ended_at", Instant),
    Column("ending", String(12), nullable=False, default="", comment="the action that ended it"),
    Index("ix_assignments_report_id_id", "report_id", "id"),
    Index(
        "uq_assignments_open",
        "report_id",
        unique=True,
        sqlite_where=text(_OPEN),
        postgresql_where=text(_OPEN),
    ),
    Index("ix_assignments_unit_id_open", "unit_id", "due_at", sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)),
    Index(
        "ix_assignments_liaison_id_open", "liaison_id", "due_at", sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)
    ),
    Index("ix_assignments_due_at_open", "due_at", sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)),
)

# Photos that a liaison sent to show that it is mended; every other photo of a report shows the hazard.
after_photos = Table(
    "after_photos",
    metadata,
    Column("attachment_id", RowId, ForeignKey("attachments.id"), primary_key=True, autoincrement=False),
    Column("assignment_id", RowId, ForeignKey("assignments.id"), nullable=False),
    Column("reuse_of_id", RowId, ForeignKey("attachments.id"), comment="an earlier photo that it is the same as"),
    Column("compared_at", Instant, comment="empty until it was compared with earlier photos"),
    Index("ix_after_photos_assignment_id", "assignment_id"),
    Index(
        "ix_after_photos_uncompared",
        "attachment_id",
        sqlite_where=text("compared_at IS NULL"),
        postgresql_where=text("compared_at IS NULL"),
    ),
)

# What a liaison asks for and a reviewer decides: more time, or to be rid of what is not theirs or not so.
pleas = Table(
    "pleas",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("report_id", RowId, ForeignKey("reports.id"), nullable=False),
    Column("assignment_id", RowId, ForeignKey("assignments.id"), nullable=False),
    Column("kind", String(12), nullable=False, comment="extension or dispute"),
    Column("by", String(48), nullable=False, comment="staff:<username>"),
    Column("at", Instant, nullable=False),
    Column("reason", Text, nullable=False, default="", comment="the liaison's words"),
    Column("until", Instant, comment="the new deadline that is asked for"),
    Column("decided_at", Instant),
    Column("decided_by", String(48), nullable=False, default=""),
    Column("is_granted", Boolean),
    Index("ix_pleas_report_id_id", "report_id", "id"),
    Index("ix_pleas_open", "id", sqlite_where=text("decided_at IS NULL"), postgresql_where=text("decided_at IS NULL")),
)

# An open assignment with what a liaison or a reviewer is shown of it; `code` is the report's.
_SHOWN = (
    select(
        assignments,
        reports.c.code,
        reports.c.state,
        reports.c.category,
        reports.c.level,
        reports.c.version,
        units.c.name.label("unit_name"),
        staff.c.display_name.label("liaison_name"),
    )
    .join_from(assignments, reports, assignments.c.report_id == reports.c.id)
    .join(units, assignments.c.unit_id == units.c.id)
    .outerjoin(staff, assignments.c.liaison_id == staff.c.id)
)
_is_open = assignments.c.ended_at.is_(None)


def open_assignment(db: Connection, report_id: int, hand_over: HandOver, *, by: str, now: datetime) -> int:
    """Insert an assignment and return its id; the one before must have been ended."""
    row = db.execute(
        insert(assignments)
        .values(
            report_id=report_id,
            unit_id=hand_over.unit_id,
            liaison_id=hand_over.liaison_id,
            assigned_at=now,
            assigned_by=by,
            place=hand_over.place[:200],
            problem=hand_over.problem,
            requirement=hand_over.requirement,
            photo_ids=json.dumps(list(hand_over.photo_ids)),
            is_inspection=hand_over.is_inspection,
            due_at=hand_over.due_at,
        )
        .returning(assignments.c.id)
    )
    return int(row.scalar_one())


def end_assignment(db: Connection, report_id: int, *, ending: str, now: datetime) -> None:
    """End a report's open assignment, if there is one, and what was asked about it."""
    db.execute(
        update(assignments).where(assignments.c.report_id == report_id, _is_open).values(ended_at=now, ending=ending)
    )
    db.execute(
        update(pleas)
        .where(pleas.c.report_id == report_id, pleas.c.decided_at.is_(None))
        .values(decided_at=now, decided_by="bot", is_granted=False)
    )


def find_open_assignment(db: Connection, report_id: int) -> AnyRow | None:
    """Return a report's open assignment as `list_open_assignments` gives them."""
    return db.execute(_SHOWN.where(assignments.c.report_id == report_id, _is_open)).one_or_none()


def find_assignment(db: Connection, assignment_id: int) -> AnyRow | None:
    """Return an assignment, ended or not, as `list_open_assignments` gives them."""
    return db.execute(_SHOWN.where(assignments.c.id == assignment_id)).one_or_none()


def list_assignments(db: Connection, report_id: int) -> Sequence[AnyRow]:
    """Return every assignment of a report, oldest first, with `unit_name` and `liaison_name`."""
    return db.execute(_SHOWN.where(assignments.c.report_id == report_id).order_by(assignments.c.id)).all()


def list_open_assignments(db: Connection, staff_id: int, *, most: int = 50) -> Sequence[AnyRow]:
    """Return what a liaison has to mend or has mended and not yet seen closed, the most pressing first.

    It is theirs when it names them, or names nobody and is their unit's.
    """
    return db.execute(
        _SHOWN.where(_is_open, theirs(staff_id)).order_by(assignments.c.due_at, assignments.c.id).limit(most)
    ).all()


def theirs(staff_id: int) -> ColumnElement[bool]:
    """Return the condition that an assignment is a liaison's: named, or their unit's with nobody named who is there."""
    own_units = select(liaisons.c.unit_id).where(liaisons.c.staff_id == staff_id)
    gone = select(staff.c.id).where(staff.c.is_active == false())
    is_nobodys = assignments.c.liaison_id.is_(None) | assignments.c.liaison_id.in_(gone)
    return (assignments.c.liaison_id == staff_id) | (is_nobodys & assignments.c.unit_id.in_(own_units))


def shown_assignments() -> Select[Any]:
    """Return the query of assignments as `list_open_assignments` gives them, ended ones too."""
    return _SHOWN


def read_photo_ids(assignment: AnyRow) -> tuple[int, ...]:
    """Return the attachments that an assignment shows."""
    return tuple(json.loads(assignment.photo_ids))


def to_hand_over(assignment: AnyRow) -> HandOver:
    """Return what an assignment handed over."""
    return HandOver(
        assignment.unit_id,
        assignment.place,
        assignment.problem,
        assignment.requirement,
        assignment.due_at,
        assignment.liaison_id,
        read_photo_ids(assignment),
        assignment.is_inspection,
    )


def acknowledge(db: Connection, assignment_id: int, *, now: datetime) -> bool:
    """Keep that the liaison has seen it (收到); False when that was said before."""
    done = db.execute(
        update(assignments)
        .where(assignments.c.id == assignment_id, assignments.c.acknowledged_at.is_(None))
        .values(acknowledged_at=now)
    )
    return done.rowcount == 1


def record_rectified(db: Connection, assignment_id: int, *, by: str, note: str, now: datetime) -> None:
    """Keep who said that it is mended."""
    db.execute(
        update(assignments)
        .where(assignments.c.id == assignment_id)
        .values(
            rectified_at=now,
            rectified_by=by,
            rectified_note=note,
            acknowledged_at=func.coalesce(assignments.c.acknowledged_at, literal(now, Instant)),
        )
    )


def move_due(db: Connection, assignment_id: int, *, due_at: datetime) -> None:
    """Give an assignment another deadline."""
    db.execute(update(assignments).where(assignments.c.id == assignment_id).values(due_at=due_at))


def add_plea(
    db: Connection,
    assignment: AnyRow,
    kind: PleaKind,
    *,
    by: str,
    reason: str,
    now: datetime,
    until: datetime | None = None,
) -> int:
    """Keep what a liaison asks for; a second one of the same kind takes the place of one that is still open."""
    db.execute(
        update(pleas)
        .where(pleas.c.assignment_id == assignment.id, pleas.c.kind == kind, pleas.c.decided_at.is_(None))
        .values(decided_at=now, decided_by="bot", is_granted=False)
    )
    row = db.execute(
        insert(pleas)
        .values(
            report_id=assignment.report_id,
            assignment_id=assignment.id,
            kind=kind.value,
            by=by,
            at=now,
            reason=reason,
            until=until,
        )
        .returning(pleas.c.id)
    )
    return int(row.scalar_one())


def find_open_plea(db: Connection, report_id: int, kind: PleaKind) -> AnyRow | None:
    """Return what a liaison asks for about a report and nobody has decided."""
    return db.execute(
        select(pleas).where(pleas.c.report_id == report_id, pleas.c.kind == kind, pleas.c.decided_at.is_(None))
    ).one_or_none()


def list_open_pleas(db: Connection, *, most: int = 100) -> Sequence[AnyRow]:
    """Return what liaisons ask for and nobody has decided, oldest first, with `code`."""
    return db.execute(
        select(pleas, reports.c.code)
        .join(reports, pleas.c.report_id == reports.c.id)
        .where(pleas.c.decided_at.is_(None))
        .order_by(pleas.c.id)
        .limit(most)
    ).all()


def decide_plea(db: Connection, plea_id: int, *, is_granted: bool, by: str, now: datetime) -> None:
    """Keep a reviewer's decision."""
    db.execute(
        update(pleas)
        .where(pleas.c.id == plea_id, pleas.c.decided_at.is_(None))
        .values(decided_at=now, decided_by=by, is_granted=is_granted)
    )


def is_extended(db: Connection, report_id: int) -> bool:
    """Return whether a report was given more time before; it is given once only."""
    granted = select(pleas.c.id).where(
        pleas.c.report_id == report_id, pleas.c.kind == PleaKind.EXTENSION, pleas.c.is_granted
    )
    return db.execute(granted.limit(1)).first() is not None


def add_after_photo(db: Connection, attachment_id: int, assignment_id: int) -> None:
    """Mark a photo as showing what was mended."""
    db.execute(insert(after_photos).values(attachment_id=attachment_id, assignment_id=assignment_id))


def list_after_photos(db: Connection, report_id: int) -> Sequence[AnyRow]:
    """Return the photos of what was mended, oldest first: the attachment's columns, `assignment_id`, `reuse_of_id`."""
    return db.execute(
        select(attachments, after_photos.c.assignment_id, after_photos.c.reuse_of_id, after_photos.c.compared_at)
        .join(after_photos, after_photos.c.attachment_id == attachments.c.id)
        .where(attachments.c.report_id == report_id)
        .order_by(attachments.c.sent_at, attachments.c.id)
    ).all()
