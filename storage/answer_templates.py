"""The office's own wording of what reporters and liaisons are told, by step and category."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, Text

from storage.database import metadata
from storage.types import Instant

answer_templates = Table(
    "answer_templates",
    metadata,
    Column("step", String(16), primary_key=True, comment="an action of the loop: accept, decline, close …"),
    Column("category", String(4), primary_key=True, default="", comment="a hazard code, or empty for every one"),
    Column("words", Text, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("changed_by", String(48), nullable=False),
)
