"""Which report one that was merged is a part of."""

from __future__ import annotations

from sqlalchemy import Connection, select

from storage.reports.tables import reports


def find_master(db: Connection, report_id: int) -> int:
    """Return the report that one was merged into, directly or by way of others; itself when it was not merged."""
    seen = {report_id}
    while True:
        into: int | None = db.execute(
            select(reports.c.merged_into_id).where(reports.c.id == report_id)
        ).scalar_one_or_none()
        if into is None or into in seen:  # a circle cannot arise, and must not be waited on if it did
            return report_id
        seen.add(into)
        report_id = into
