"""Who has a report in hand: a claim that runs out by itself, so that two reviewers do not do the same work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from storage.database import insert_or_skip
from storage.reports.tables import claims
from storage.types import AnyRow, to_milliseconds

_add = insert_or_skip(claims, ["report_id", "by", "until"], returning=claims.c.report_id)


def claim(
    db: Connection, report_id: int, *, by: str, now: datetime, until: datetime, takes_over: bool = False
) -> AnyRow | None:
    """Take a report in hand until an instant, or go on having it; returns the claim of whoever has it, else None.

    What somebody else has is left to them until it runs out, unless `takes_over`.
    """
    if _add.first(db, {"report_id": report_id, "by": by, "until": to_milliseconds(until)}) is not None:
        return None
    is_free = (claims.c.by == by) | (claims.c.until <= now)
    wanted = update(claims).where(claims.c.report_id == report_id)
    if db.execute((wanted if takes_over else wanted.where(is_free)).values(by=by, until=until)).rowcount:
        return None
    return find_claim(db, report_id, now=now)


def find_claim(db: Connection, report_id: int, *, now: datetime) -> AnyRow | None:
    """Return the claim on a report that has not run out: report_id, by, until."""
    return db.execute(select(claims).where(claims.c.report_id == report_id, claims.c.until > now)).one_or_none()


def list_claims(db: Connection, report_ids: Sequence[int], *, now: datetime) -> dict[int, AnyRow]:
    """Return the claims on reports that have not run out, by report."""
    rows = db.execute(select(claims).where(claims.c.report_id.in_(list(report_ids)), claims.c.until > now))
    return {row.report_id: row for row in rows}


def release(db: Connection, report_id: int, *, by: str | None = None) -> None:
    """End the claim on a report: that of one person, or whosever it is."""
    wanted = delete(claims).where(claims.c.report_id == report_id)
    db.execute(wanted if by is None else wanted.where(claims.c.by == by))
