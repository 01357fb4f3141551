"""Which chat account belongs to which member of staff: one-time codes, bindings, and limits for guessing."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from storage.database import RowId, metadata
from storage.types import Instant

bindings = Table(
    "bindings",
    metadata,
    Column("staff_id", RowId, ForeignKey("staff.id"), primary_key=True, autoincrement=False),
    Column("reporter_id", RowId, ForeignKey("reporters.id"), nullable=False, unique=True, comment="the chat account"),
    Column("bound_at", Instant, nullable=False),
)

bind_codes = Table(
    "bind_codes",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("staff_id", RowId, ForeignKey("staff.id"), nullable=False),
    Column("code_hash", String(64), nullable=False, unique=True, comment="SHA-256 of the code"),
    Column("created_by", String(48), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("ended_at", Instant, comment="when it was used, or replaced by a newer one"),
    Index("ix_bind_codes_staff_id", "staff_id"),
)

# Wrong codes and words of one chat account, so that nobody can try them all.
guesses = Table(
    "guesses",
    metadata,
    Column("reporter_id", RowId, ForeignKey("reporters.id"), primary_key=True, autoincrement=False),
    Column("purpose", String(12), primary_key=True, comment="bind or receipt"),
    Column("failed_count", Integer, nullable=False),
    Column("since", Instant, nullable=False, comment="the first wrong one of this count"),
)
