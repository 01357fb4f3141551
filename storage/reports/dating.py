"""The first deadline of a report: gathering leaves it to a job, so that the webhook need not know the calendar."""

from __future__ import annotations

from sqlalchemy import Connection, select, text, update

from storage.reports import questions
from storage.reports.deadlines import Deadlines, Step
from storage.reports.questions import QuestionKind
from storage.reports.tables import reports

# Written out, not bound: an engine uses a partial index only where the query repeats its words.
_UNDATED = text("state = 'received' AND due_at IS NULL")


def is_any_undated(db: Connection) -> bool:
    """Return whether a submitted report may be without the deadline of its acceptance."""
    return db.execute(select(reports.c.id).where(_UNDATED).limit(1)).first() is not None


def date_next_received(db: Connection, deadlines: Deadlines) -> bool:
    """Give one submitted report the deadline of its acceptance, which gathering leaves to a job; False for none."""
    dated = [level for (level, step), limit in deadlines.limits.items() if step is Step.ACCEPT and limit is not None]
    asked = questions.questions
    waits_for_reporter = select(asked.c.id).where(
        asked.c.report_id == reports.c.id, asked.c.kind == QuestionKind.MORE, asked.c.answered_at.is_(None)
    )
    report = db.execute(
        select(reports.c.id, reports.c.level, reports.c.submitted_at)
        .where(_UNDATED, reports.c.level.in_(dated), ~waits_for_reporter.exists())
        .order_by(reports.c.id)
        .limit(1)
        .with_for_update(of=reports, skip_locked=True)
    ).one_or_none()
    if report is None:
        return False
    due_at = deadlines.find_due(report.level, Step.ACCEPT, report.submitted_at)
    db.execute(update(reports).where(reports.c.id == report.id).values(due_at=due_at))
    return True
