"""Questions put to the reporter of a report that is submitted already: what is missing, and whether it is mended."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text, text

from storage.database import RowId, metadata
from storage.types import Instant


class QuestionKind(StrEnum):
    """What is asked."""

    MORE = "more"  # 退回补充: the office needs to know more; the report's clock stands still meanwhile
    FIXED = "fixed"  # whether it is really mended: 1, 2 or 3


_OPEN = "answered_at IS NULL"

questions = Table(
    "questions",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("report_id", RowId, ForeignKey("reports.id"), nullable=False),
    Column("reporter_id", RowId, ForeignKey("reporters.id"), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("question", Text, nullable=False, default="", comment="the office's words"),
    Column("asked_at", Instant, nullable=False),
    Column("asked_by", String(48), nullable=False),
    Column("due_at", Instant, comment="the report's deadline when its clock was stopped"),
    Column("answered_at", Instant, comment="also set when the question is given up"),
    Column("answer", String(12), nullable=False, default="", comment="fixed, not_fixed, unknown, words, or none"),
    Index("ix_questions_report_id_id", "report_id", "id"),
    Index("ix_questions_open", "reporter_id", "id", sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)),
)
