"""What was sent, or is to be sent, to whom about one report."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from storage.outbox import notices
from storage.staff import staff
from storage.types import AnyRow


def list_notices(db: Connection, report_id: int) -> Sequence[AnyRow]:
    """Return the notices about a report, oldest first, with `display_name` of the member of staff they are for."""
    return db.execute(
        select(notices, staff.c.display_name)
        .select_from(notices.outerjoin(staff, notices.c.staff_id == staff.c.id))
        .where(notices.c.report_id == report_id)
        .order_by(notices.c.id)
    ).all()
