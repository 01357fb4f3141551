"""How a step is taken: the report locked, the step looked up in the one table, the row and its history written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from storage.errors import ForbiddenTransitionError, MissingReasonError, StaleVersionError, UnknownRowError
from storage.reports import assignments, questions
from storage.reports.deadlines import Deadlines
from storage.reports.gathering import record_history
from storage.reports.questions import QuestionKind
from storage.reports.tables import ReportState, reports
from storage.reports.transitions import Action, Actor, Need, Transition, find_transition
from storage.types import AnyRow

_ENDS_ASSIGNMENT = frozenset(
    {Action.ASSIGN, Action.MERGE, Action.TRANSFER, Action.UNFOUNDED, Action.RETURN, Action.CLOSE, Action.WITHDRAW}
)
_KEEPS_QUESTIONS = frozenset({Action.ADD_NOTE, Action.RECATEGORISE, Action.ASK, Action.VERIFY, Action.ACCEPT})


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was taken: the table's row for it, and the report as it was before."""

    transition: Transition
    report: AnyRow  # id, code, state, version, category, level, reporter_id, unit_id, due_at, submitted_at
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Doing:
    """Who takes a step and when; `version` is the one that the page showed, None for what comes by chat."""

    by: str  # staff:<username>, reporter or bot
    actor: Actor
    now: datetime
    version: int | None = None
    says: str = ""  # what the reporter is told in place of the usual sentence


def take(
    db: Connection,
    report_id: int,
    action: Action,
    doing: Doing,
    deadlines: Deadlines,
    *,
    note: str = "",
    **values: Any,
) -> Taken:
    """Take a step with all that follows from it, and set the report's other `values`; raises what `begin` raises.

    A report that comes into another state gets that state's deadline unless `values` say otherwise. While the reporter
    is asked for more its clock stands still, even if the office goes on with it meanwhile.
    """
    report, transition = begin(lock(db, report_id).get(report_id), action, doing, note)
    from_state = ReportState(report.state)
    to_state = transition.to_state or from_state
    if to_state is not from_state and "due_at" not in values:
        due_at = deadlines.find_next_due(report.level, to_state, doing.now)
        is_kept = action in _KEEPS_QUESTIONS
        question = questions.find_open_question(db, report_id, QuestionKind.MORE) if is_kept else None
        if question is not None:
            hold_clock(db, question, None if due_at is None else due_at - doing.now)
        values["due_at"] = due_at if question is None else None
    if action in _ENDS_ASSIGNMENT:
        assignments.end_assignment(db, report_id, ending=action.value, now=doing.now)
    if to_state is not from_state and action not in _KEEPS_QUESTIONS:
        questions.end_questions(db, report_id, now=doing.now)
    done = db.execute(
        update(reports)
        .where(reports.c.id == report_id, reports.c.version == report.version)
        .values(state=to_state, version=reports.c.version + 1, **values)
    )
    if done.rowcount != 1:
        raise StaleVersionError("the report was changed by somebody else meanwhile")
    record_history(
        db,
        report_id,
        at=doing.now,
        by=doing.by,
        action=action.value,
        from_state=from_state,
        to_state=to_state,
        note=note.strip(),
    )
    return Taken(transition, report, doing.by, note.strip())


def begin(report: AnyRow | None, action: Action, doing: Doing, note: str) -> tuple[AnyRow, Transition]:
    """Return a locked report and the table's row for a step on it.

    Raises UnknownRowError, StaleVersionError when somebody else was faster, ForbiddenTransitionError when its state or
    the actor does not allow the step, MissingReasonError when it needs a reason and `note` is blank.
    """
    if report is None:
        raise UnknownRowError("the report does not exist")
    if doing.version is not None and report.version != doing.version:
        raise StaleVersionError("the report was changed by somebody else since the page was opened")
    transition = find_transition(action, doing.actor, ReportState(report.state))
    if transition is None:
        raise ForbiddenTransitionError(f"{action.value} is not allowed for a report that is {report.state}")
    if Need.REASON in transition.needs and not note.strip():
        raise MissingReasonError(f"{action.value} needs a reason")
    return report, transition


def hold_clock(db: Connection, question: AnyRow, left: timedelta | None) -> None:
    """Keep with an open question how much time is left for the step that waits for its answer."""
    due_at = None if left is None else question.asked_at + left
    db.execute(update(questions.questions).where(questions.questions.c.id == question.id).values(due_at=due_at))


def lock(db: Connection, *report_ids: int) -> dict[int, AnyRow]:
    """Return reports by id as `Taken.report` has them, locked until the end of the transaction.

    Whoever changes what hangs on a report locks the report first, so that nobody waits for somebody who waits for them.
    """
    # In order of id, so that two who merge two reports into each other wait instead of blocking one another.
    rows = db.execute(
        select(
            reports.c.id,
            reports.c.code,
            reports.c.state,
            reports.c.version,
            reports.c.category,
            reports.c.level,
            reports.c.reporter_id,
            reports.c.unit_id,
            reports.c.due_at,
            reports.c.submitted_at,
        )
        .where(reports.c.id.in_(report_ids))
        .order_by(reports.c.id)
        .with_for_update()
    )
    return {row.id: row for row in rows}
