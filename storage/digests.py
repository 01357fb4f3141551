"""Weekly digests as they were made: one for each week and recipient, and the figures that they rest on."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, Text, UniqueConstraint

from storage.database import RowId, metadata
from storage.types import Instant

digests = Table(
    "digests",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("week", String(8), nullable=False, comment="ISO week that it tells of, such as 2026-W47"),
    Column("recipient", String(48), nullable=False, comment="staff:<id>"),
    Column("kind", String(8), nullable=False, comment="office, leader or unit"),
    Column("words", Text, nullable=False, comment="as sent by chat"),
    Column("page", Text, nullable=False, comment="as sent by mail and shown as a page: HTML"),
    Column("made_at", Instant, nullable=False),
    UniqueConstraint("week", "recipient", name="uq_digests_once"),
)
