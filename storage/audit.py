"""Who of the staff did or looked at what, when; rows are only ever added."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Connection, Index, String, Table, Text, insert

from storage.database import RowId, metadata
from storage.types import Instant

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("by", String(48), nullable=False),
    Column("action", String(32), nullable=False),
    Column("subject", String(48), nullable=False, default="", comment="such as report:17"),
    Column("note", Text, nullable=False, default=""),
    Index("ix_audit_entries_subject_id", "subject", "id"),
)


def record_audit_entry(
    db: Connection, *, at: datetime, by: str, action: str, subject: str = "", note: str = ""
) -> None:
    """Append one audit entry."""
    db.execute(insert(audit_entries).values(at=at, by=by, action=action, subject=subject, note=note))
