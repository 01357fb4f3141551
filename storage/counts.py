"""How much work waits, counted over all subjects and no further than a watcher needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, func, literal, select, union_all

from storage.attachments import AttachmentState, attachments
from storage.messages import MessageState, messages
from storage.reports.tables import ReportState, reports

COUNTED_TO = 10_000  # a few milliseconds; beyond it the exact number tells nobody anything
BOX_STATES = (MessageState.UNSORTED, MessageState.FAILED, MessageState.UNREADABLE)


@dataclass(frozen=True, slots=True)
class Work:
    """How many rows wait, each at most `counted_to`."""

    messages_in_box: dict[str, int]
    reports: dict[str, int]
    attachments_pending: int
    counted_to: int


def count_work(db: Connection, *, most: int = COUNTED_TO) -> Work:
    """Count the messages of the box and the reports by state, and the attachments to fetch, each up to `most`."""
    pending = AttachmentState.PENDING
    return Work(
        messages_in_box=_count_by_state(db, messages, messages.c.state, BOX_STATES, most),
        reports=_count_by_state(db, reports, reports.c.state, ReportState, most),
        attachments_pending=_count_by_state(db, attachments, attachments.c.state, [pending], most)[pending.value],
        counted_to=most,
    )


def _count_by_state(
    db: Connection,
    table: Table,
    state: ColumnElement[str],
    states: Iterable[MessageState | ReportState | AttachmentState],
    most: int,
) -> dict[str, int]:
    counts = []
    for one in states:
        rows = select(table.c.id).where(state == literal(one.value, literal_execute=True)).limit(most).subquery()
        counts.append(select(literal(one.value), func.count()).select_from(rows))
    return {row[0]: int(row[1]) for row in db.execute(union_all(*counts) if len(counts) > 1 else counts[0])}
