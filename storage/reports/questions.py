"""Questions put to the reporter of a report that is submitted already: what is missing, and whether it is mended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    bindparam,
    insert,
    select,
    text,
    update,
)

from storage.database import Prepared, RowId, metadata
from storage.reports.tables import reports
from storage.types import AnyRow, Instant


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


def ask(
    db: Connection,
    report_id: int,
    reporter_id: int,
    kind: QuestionKind,
    *,
    by: str,
    now: datetime,
    question: str = "",
    due_at: datetime | None = None,
) -> int:
    """Keep a question and return its id; an open one of the same kind about the same report is given up."""
    end_questions(db, report_id, kind=kind, now=now)
    row = db.execute(
        insert(questions)
        .values(
            report_id=report_id,
            reporter_id=reporter_id,
            kind=kind.value,
            question=question,
            asked_at=now,
            asked_by=by,
            due_at=due_at,
        )
        .returning(questions.c.id)
    )
    return int(row.scalar_one())


_any_open = Prepared(
    select(questions.c.id)
    .where(questions.c.reporter_id == bindparam("by_reporter"), questions.c.answered_at.is_(None))
    .limit(1)
)


def is_asked(db: Connection, reporter_id: int) -> bool:
    """Return whether a reporter was asked anything that is not answered; on the webhook's hot path."""
    return _any_open.first(db, {"by_reporter": reporter_id}) is not None


def list_open_questions(db: Connection, reporter_id: int) -> Sequence[AnyRow]:
    """Return what a reporter was asked and has not answered, the newest first, with the report's `code` and `state`."""
    return db.execute(
        select(questions, reports.c.code, reports.c.state)
        .join(reports, questions.c.report_id == reports.c.id)
        .where(questions.c.reporter_id == reporter_id, questions.c.answered_at.is_(None))
        .order_by(questions.c.id.desc())
        .limit(10)
    ).all()


def list_all_open_questions(db: Connection, kind: QuestionKind, *, before: datetime) -> Sequence[AnyRow]:
    """Return what was asked of anybody before an instant and is not answered, oldest first."""
    return db.execute(
        select(questions)
        .where(questions.c.answered_at.is_(None), questions.c.kind == kind, questions.c.asked_at <= before)
        .order_by(questions.c.id)
    ).all()


def find_open_question(db: Connection, report_id: int, kind: QuestionKind) -> AnyRow | None:
    """Return the open question about a report."""
    return db.execute(
        select(questions).where(
            questions.c.report_id == report_id, questions.c.kind == kind, questions.c.answered_at.is_(None)
        )
    ).one_or_none()


def list_questions(db: Connection, report_id: int) -> Sequence[AnyRow]:
    """Return every question about a report, oldest first."""
    return db.execute(select(questions).where(questions.c.report_id == report_id).order_by(questions.c.id)).all()


def answer(db: Connection, question_id: int, answer_: str, *, now: datetime) -> bool:
    """Keep what was answered: fixed, not_fixed, unknown or words; False when it was answered before."""
    done = db.execute(
        update(questions)
        .where(questions.c.id == question_id, questions.c.answered_at.is_(None))
        .values(answered_at=now, answer=answer_)
    )
    return done.rowcount == 1


def end_questions(db: Connection, report_id: int, *, now: datetime, kind: QuestionKind | None = None) -> None:
    """Give up what was asked about a report."""
    is_meant = questions.c.report_id == report_id
    if kind is not None:
        is_meant &= questions.c.kind == kind
    db.execute(
        update(questions).where(is_meant, questions.c.answered_at.is_(None)).values(answered_at=now, answer="none")
    )
