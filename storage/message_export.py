"""Messages as they leave the system: what kind came when and what was made of it, never what was said or by whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select

from storage.messages import messages
from storage.reporters import reporters
from storage.reports.export import BATCH, format_instant
from storage.reports.tables import reports


def iter_messages(db: Connection) -> Iterator[dict[str, Any]]:
    """Yield every message by id with the keys of `export messages` (DESIGN section 4)."""
    query = (
        select(
            messages.c.id,
            messages.c.received_at,
            messages.c.sent_at,
            messages.c.kind,
            messages.c.intent,
            messages.c.category,
            messages.c.state,
            reports.c.code,
            reporters.c.alias,
        )
        .select_from(
            messages.outerjoin(reports, messages.c.report_id == reports.c.id).outerjoin(
                reporters, messages.c.reporter_id == reporters.c.id
            )
        )
        .order_by(messages.c.id)
        .limit(BATCH)
    )
    last = 0
    while rows := db.execute(query.where(messages.c.id > last)).all():
        last = rows[-1].id
        for row in rows:
            yield {
                "received_at": format_instant(row.received_at),
                "sent_at": format_instant(row.sent_at),
                "type": row.kind,
                "intent": row.intent,
                "category": row.category,
                "state": row.state,
                "report_code": row.code,
                "alias": row.alias,
            }
