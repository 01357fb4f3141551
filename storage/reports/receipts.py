"""The four-digit word with which somebody who stays unnamed can ask for their report from any account."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, insert, select

from storage.reports.tables import receipts, reports
from storage.types import AnyRow


def has_receipt(db: Connection, report_id: int) -> bool:
    """Return whether a word was given for a report; it is told once."""
    return db.execute(select(receipts.c.report_id).where(receipts.c.report_id == report_id)).first() is not None


def add_receipt(db: Connection, report_id: int, *, code: str, word: str) -> None:
    """Keep the hash of a report's word."""
    db.execute(insert(receipts).values(report_id=report_id, word_hash=_hash(code, word)))


def find_by_receipt(db: Connection, *, code: str, word: str) -> AnyRow | None:
    """Return the report of a code when the word is its own: id and code."""
    return db.execute(
        select(reports.c.id, reports.c.code)
        .join(receipts, receipts.c.report_id == reports.c.id)
        .where(reports.c.code == code, receipts.c.word_hash == _hash(code, word))
    ).one_or_none()


def _hash(code: str, word: str) -> str:
    return hashlib.sha256(f"{code} {word}".encode()).hexdigest()
