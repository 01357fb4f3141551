"""What was handed to a unit to mend: the text that it got, the time that it has, and what came of it."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, Table, Text, text

from storage.database import RowId, metadata
from storage.types import Instant

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
