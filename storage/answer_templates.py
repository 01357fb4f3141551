"""The office's own wording of what reporters and liaisons are told, by step and category."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Column, Connection, String, Table, Text, delete, insert, select

from storage.database import metadata
from storage.types import AnyRow, Instant

answer_templates = Table(
    "answer_templates",
    metadata,
    Column("step", String(16), primary_key=True, comment="an action of the loop: accept, decline, close …"),
    Column("category", String(4), primary_key=True, default="", comment="a hazard code, or empty for every one"),
    Column("words", Text, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("changed_by", String(48), nullable=False),
)


def find_wording(db: Connection, step: str, category: str) -> str | None:
    """Return the office's wording of a step for a category, else the one for every category, else None."""
    rows = db.execute(
        select(answer_templates.c.category, answer_templates.c.words).where(
            answer_templates.c.step == step, answer_templates.c.category.in_([category, ""])
        )
    )
    found = {row.category: row.words for row in rows}
    return found.get(category) or found.get("")


def list_wordings(db: Connection) -> Sequence[AnyRow]:
    """Return the office's wordings by step and category."""
    return db.execute(select(answer_templates).order_by(answer_templates.c.step, answer_templates.c.category)).all()


def set_wording(db: Connection, step: str, category: str, words: str, *, by: str, now: datetime) -> None:
    """Keep the office's wording; an empty one leaves the step to the program's own sentence again."""
    db.execute(delete(answer_templates).where(answer_templates.c.step == step, answer_templates.c.category == category))
    if words.strip():
        db.execute(
            insert(answer_templates).values(
                step=step, category=category, words=words.strip(), changed_at=now, changed_by=by
            )
        )
