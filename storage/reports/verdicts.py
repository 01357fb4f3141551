"""What happens to a report after it was submitted: every step, checked against the one table and written down once.

Nothing is told to anybody here: `handlers.steps` takes these steps and puts the notices into the outbox.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from storage.errors import (
    AlreadyExtendedError,
    ForbiddenTransitionError,
    MissingReasonError,
    SamePersonError,
    TooLateError,
    UnknownRowError,
)
from storage.reporters import reporters
from storage.reports import assignments, questions
from storage.reports.assignments import HandOver, PleaKind
from storage.reports.deadlines import Deadlines, Step
from storage.reports.gathering import record_history, submit_report
from storage.reports.questions import QuestionKind
from storage.reports.tables import ReportState, continuations, report_history, reports, transfers
from storage.reports.taking import Doing, Taken, begin, hold_clock, lock, take
from storage.reports.transitions import Action, Actor
from storage.types import AnyRow

# What cannot take in another report: it is about nothing, or itself a part of another.
TAKES_NOTHING = (ReportState.MERGED, ReportState.DECLINED, ReportState.WITHDRAWN)
REOPENS_FOR = timedelta(days=15)  # after the closing a reporter's "not mended" reopens it; later it is a new report


def accept(db: Connection, report_id: int, doing: Doing, deadlines: Deadlines, *, note: str = "") -> Taken:
    """Take a report on (受理). Every step raises the errors of `taking.begin`."""
    return take(db, report_id, Action.ACCEPT, doing, deadlines, note=note)


def decline(db: Connection, report_id: int, doing: Doing, deadlines: Deadlines, *, reason: str) -> Taken:
    """Turn a report down (不予受理), with the reason that the reporter is to be told."""
    return take(db, report_id, Action.DECLINE, doing, deadlines, note=reason)


def verify(db: Connection, report_id: int, doing: Doing, deadlines: Deadlines, *, note: str = "") -> Taken:
    """Keep that somebody looked and found it so (核实)."""
    return take(db, report_id, Action.VERIFY, doing, deadlines, note=note)


def find_unfounded(db: Connection, report_id: int, doing: Doing, deadlines: Deadlines, *, reason: str) -> Taken:
    """Keep that somebody looked and found nothing (不属实)."""
    return take(db, report_id, Action.UNFOUNDED, doing, deadlines, note=reason)


def merge(db: Connection, report_id: int, doing: Doing, deadlines: Deadlines, *, into_id: int, note: str = "") -> Taken:
    """Make a report part of its master `into_id`; one that was still gathering is submitted first.

    The master must be another report that is neither merged, declined nor withdrawn, so that no circle can arise.
    """
    rows = lock(db, report_id, into_id)
    report, _ = begin(rows.get(report_id), Action.MERGE, doing, note)
    if into_id == report_id:
        raise ForbiddenTransitionError("a report cannot be merged into itself")
    if into_id not in rows:
        raise UnknownRowError("the report to merge into does not exist")
    master = rows[into_id]
    if master.state in TAKES_NOTHING:
        raise ForbiddenTransitionError(f"nothing can be merged into a report that is {master.state}")
    if report.state == ReportState.GATHERING:
        submit_report(db, report_id, now=doing.now)
    taken = take(db, report_id, Action.MERGE, doing, deadlines, note=note or master.code, merged_into_id=into_id)
    record_history(db, into_id, at=doing.now, by=doing.by, action="take_in", note=report.code)
    return taken


def transfer(
    db: Connection,
    report_id: int,
    doing: Doing,
    deadlines: Deadlines,
    *,
    authority: str,
    reason: str,
    reply_due_at: datetime | None,
) -> Taken:
    """Give a report to an authority outside the township (移交), and keep until when it is to answer."""
    authority, reason = " ".join(authority.split())[:80], reason.strip()  # the note keeps it on a line of its own
    if not (authority and reason):
        raise MissingReasonError("a transfer needs the authority and the reason")
    taken = take(db, report_id, Action.TRANSFER, doing, deadlines, note=f"{authority}\n{reason}")
    db.execute(
        insert(transfers).values(
            report_id=report_id,
            authority=authority,
            reason=reason,
            reply_due_at=reply_due_at,
            at=doing.now,
            by=doing.by,
        )
    )
    return taken


def assign(db: Connection, report_id: int, doing: Doing, deadlines: Deadlines, *, hand_over: HandOver) -> Taken:
    """Hand a report to a unit (交办), or to another one; the assignment before is ended."""
    if not (hand_over.problem.strip() and hand_over.requirement.strip()):
        raise MissingReasonError("an assignment needs the problem and what is to be done")
    taken = take(db, report_id, Action.ASSIGN, doing, deadlines, due_at=hand_over.due_at)
    if taken.report.unit_id is None:
        db.execute(update(reports).where(reports.c.id == report_id).values(unit_id=hand_over.unit_id))
    assignments.open_assignment(db, report_id, hand_over, by=doing.by, now=doing.now)
    return taken


def acknowledge(db: Connection, report_id: int, doing: Doing, deadlines: Deadlines) -> Taken | None:
    """Keep that the liaison has seen it (收到); None when that was said before."""
    _begin(db, report_id, Action.ACKNOWLEDGE, doing)
    assignment = _find_assignment(db, report_id)
    if not assignments.acknowledge(db, assignment.id, now=doing.now):
        return None
    return take(db, report_id, Action.ACKNOWLEDGE, doing, deadlines)


def rectify(db: Connection, report_id: int, doing: Doing, deadlines: Deadlines, *, note: str) -> Taken:
    """Keep that it is mended and waits to be looked at (待复查)."""
    taken = take(db, report_id, Action.RECTIFY, doing, deadlines, note=note)
    assignment = _find_assignment(db, report_id)
    assignments.record_rectified(db, assignment.id, by=doing.by, note=note, now=doing.now)
    return taken


def return_(
    db: Connection, report_id: int, doing: Doing, deadlines: Deadlines, *, reason: str, due_at: datetime
) -> Taken:
    """Send back what is not mended well enough (退回), with the same text and another deadline."""
    _begin(db, report_id, Action.RETURN, doing, reason)
    before = _find_assignment(db, report_id)
    taken = take(db, report_id, Action.RETURN, doing, deadlines, note=reason, due_at=due_at)
    again = replace(assignments.to_hand_over(before), due_at=due_at)
    assignments.open_assignment(db, report_id, again, by=doing.by, now=doing.now)
    return taken


def close(db: Connection, report_id: int, doing: Doing, deadlines: Deadlines, *, note: str = "") -> Taken:
    """Strike a report off (销号) and ask the reporter whether it is really mended.

    Raises SamePersonError when the closer is who said that it is mended.
    """
    _begin(db, report_id, Action.CLOSE, doing)
    assignment = assignments.find_open_assignment(db, report_id)
    if assignment is not None and assignment.rectified_by == doing.by:
        raise SamePersonError("who mended it cannot close it")
    taken = take(db, report_id, Action.CLOSE, doing, deadlines, note=note)
    for asked in list_concerned(db, report_id):
        questions.ask(db, asked.id, asked.reporter_id, QuestionKind.FIXED, by=doing.by, now=doing.now)
    return taken


def reopen(db: Connection, report_id: int, doing: Doing, deadlines: Deadlines, *, reason: str = "") -> Taken:
    """Begin anew with a report that was done with; a reporter can do so for fifteen days, then raises TooLateError."""
    _begin(db, report_id, Action.REOPEN, doing, reason)
    if doing.actor is Actor.REPORTER:
        closed_at = find_closed_at(db, report_id)
        if closed_at is not None and doing.now - closed_at > REOPENS_FOR:
            raise TooLateError("the time for reopening is over")
    return take(db, report_id, Action.REOPEN, doing, deadlines, note=reason)


def withdraw(db: Connection, report_id: int, doing: Doing, deadlines: Deadlines, *, reason: str = "") -> Taken:
    """Take a report back: the reporter before it was accepted, a reviewer from any open state with a reason."""
    return take(db, report_id, Action.WITHDRAW, doing, deadlines, note=reason, gather_until=None)


def ask(db: Connection, report_id: int, doing: Doing, deadlines: Deadlines, *, question: str) -> Taken:
    """Ask the reporter for what is missing (退回补充); the report's clock stands still until the answer comes."""
    report = _begin(db, report_id, Action.ASK, doing, question)
    if all(row.id != report_id for row in list_concerned(db, report_id)):
        raise ForbiddenTransitionError("nobody is known who could be asked")
    before = questions.find_open_question(db, report_id, QuestionKind.MORE)
    due_at = report.due_at
    if before is not None:
        due_at = None if before.due_at is None else doing.now + (before.due_at - before.asked_at)
    elif due_at is None and report.state == ReportState.RECEIVED:  # asked before the job came round to dating it
        due_at = deadlines.find_due(report.level, Step.ACCEPT, report.submitted_at)
    taken = take(db, report_id, Action.ASK, doing, deadlines, note=question, due_at=None)
    questions.ask(
        db,
        report_id,
        report.reporter_id,
        QuestionKind.MORE,
        by=doing.by,
        now=doing.now,
        question=question.strip(),
        due_at=due_at,
    )
    return taken


def hear_answer(db: Connection, report_id: int, doing: Doing, deadlines: Deadlines, *, question: AnyRow) -> Taken:
    """Take in the answer to a question for more: the clock goes on with the time that was left when it was asked.

    Raises ForbiddenTransitionError when the question was answered or given up before.
    """
    report = _begin(db, report_id, Action.ANSWER, doing)
    asked = questions.find_open_question(db, report_id, QuestionKind.MORE)
    if asked is None or asked.id != question.id:
        raise ForbiddenTransitionError("the question was answered or given up before")
    due_at = None
    if asked.due_at is not None:
        left = asked.due_at - asked.asked_at
        due_at = deadlines.find_restarted_due(report.level, ReportState(report.state), left, doing.now)
    questions.answer(db, asked.id, "words", now=doing.now)
    return take(db, report_id, Action.ANSWER, doing, deadlines, due_at=due_at)


def request_extension(
    db: Connection, report_id: int, doing: Doing, deadlines: Deadlines, *, until: datetime, reason: str
) -> Taken:
    """Keep that a liaison asks for more time; raises AlreadyExtendedError when it was given before."""
    _begin(db, report_id, Action.REQUEST_EXTENSION, doing, reason)
    _refuse_second_extension(db, report_id)
    taken = take(db, report_id, Action.REQUEST_EXTENSION, doing, deadlines, note=reason)
    assignment = _find_assignment(db, report_id)
    assignments.add_plea(db, assignment, PleaKind.EXTENSION, by=doing.by, reason=reason, until=until, now=doing.now)
    return taken


def extend(
    db: Connection, report_id: int, doing: Doing, deadlines: Deadlines, *, until: datetime, reason: str
) -> Taken:
    """Give more time, once, asked for or not; `until` to come, at most the configured days after the deadline."""
    _begin(db, report_id, Action.EXTEND, doing, reason)
    _refuse_second_extension(db, report_id)
    assignment = _find_assignment(db, report_id)
    if not max(assignment.due_at, doing.now) < until <= assignment.due_at + deadlines.extension:
        raise ForbiddenTransitionError("the new deadline is not after the old one, or too far")
    taken = take(db, report_id, Action.EXTEND, doing, deadlines, note=reason, due_at=until)
    plea = assignments.find_open_plea(db, report_id, PleaKind.EXTENSION)
    plea_id = (
        assignments.add_plea(db, assignment, PleaKind.EXTENSION, by=doing.by, reason=reason, until=until, now=doing.now)
        if plea is None
        else plea.id
    )
    assignments.decide_plea(db, plea_id, is_granted=True, by=doing.by, now=doing.now)
    assignments.move_due(db, assignment.id, due_at=until)
    return taken


def refuse_extension(db: Connection, report_id: int, doing: Doing, deadlines: Deadlines, *, reason: str) -> Taken:
    """Leave the deadline as it is."""
    return _refuse_plea(db, report_id, Action.REFUSE_EXTENSION, PleaKind.EXTENSION, doing, deadlines, reason)


def dispute(db: Connection, report_id: int, doing: Doing, deadlines: Deadlines, *, reason: str) -> Taken:
    """Keep that the liaison says it is not so, or not theirs; a reviewer decides."""
    taken = take(db, report_id, Action.DISPUTE, doing, deadlines, note=reason)
    assignment = _find_assignment(db, report_id)
    assignments.add_plea(db, assignment, PleaKind.DISPUTE, by=doing.by, reason=reason, now=doing.now)
    return taken


def dismiss_dispute(db: Connection, report_id: int, doing: Doing, deadlines: Deadlines, *, reason: str) -> Taken:
    """Stay with the assignment as it is."""
    return _refuse_plea(db, report_id, Action.DISMISS_DISPUTE, PleaKind.DISPUTE, doing, deadlines, reason)


def recategorise(
    db: Connection,
    report_id: int,
    doing: Doing,
    deadlines: Deadlines,
    *,
    category: str,
    level: str,
    note: str = "",
) -> Taken:
    """Set what kind of hazard a report is about and how grave it is; the history keeps what stood there before.

    Another level has other times: the step that is next is counted anew from when the report came into its state.
    """
    report = _begin(db, report_id, Action.RECATEGORISE, doing, note)
    change = f"{report.category} {report.level} → {category} {level}"
    values: dict[str, Any] = {"category": category, "level": level}
    if level != report.level and report.state != ReportState.ASSIGNED:  # what a unit was given stays
        since = find_came_at(db, report_id, report.state) or report.submitted_at or doing.now
        due_at = deadlines.find_next_due(level, ReportState(report.state), since)
        question = questions.find_open_question(db, report_id, QuestionKind.MORE)
        if question is None:
            values["due_at"] = due_at
        else:
            hold_clock(db, question, None if due_at is None else due_at - max(question.asked_at, since))
    return take(
        db, report_id, Action.RECATEGORISE, doing, deadlines, note=f"{change}\n{note.strip()}".strip(), **values
    )


def add_note(db: Connection, report_id: int, doing: Doing, deadlines: Deadlines, *, note: str) -> Taken:
    """Keep a remark with a report, whatever its state; reporters never see it."""
    return take(db, report_id, Action.ADD_NOTE, doing, deadlines, note=note)


def continue_report(db: Connection, report_id: int, continues_id: int) -> None:
    """Keep that a report goes on with what an earlier one was about."""
    db.execute(insert(continuations).values(report_id=report_id, continues_id=continues_id))


def list_merged(db: Connection, report_id: int) -> list[AnyRow]:
    """Return every report that was merged into one, directly or by way of others: id, code and reporter_id."""
    found: list[AnyRow] = []
    masters = [report_id]
    while masters:
        rows = db.execute(
            select(reports.c.id, reports.c.code, reports.c.reporter_id)
            .where(reports.c.merged_into_id.in_(masters))
            .order_by(reports.c.id)
        ).all()
        found += rows
        masters = [row.id for row in rows]
    return found


def find_merged_into(db: Connection, report_id: int) -> AnyRow | None:
    """Return the report that one was merged into: id, code and state."""
    master_id = select(reports.c.merged_into_id).where(reports.c.id == report_id).scalar_subquery()
    return db.execute(select(reports.c.id, reports.c.code, reports.c.state).where(reports.c.id == master_id)).first()


def list_concerned(db: Connection, report_id: int) -> list[AnyRow]:
    """Return a report and those merged into it, as `list_merged` does, with a reporter who can still be reached.

    Somebody who made several of them is named with the first one only.
    """
    ids = [report_id, *(row.id for row in list_merged(db, report_id))]
    rows = db.execute(
        select(reports.c.id, reports.c.code, reports.c.reporter_id)
        .join(reporters, reporters.c.id == reports.c.reporter_id)
        .where(reports.c.id.in_(ids), reporters.c.erased_at.is_(None))
    )
    found: dict[int, AnyRow] = {}
    for row in sorted(rows, key=lambda row: ids.index(row.id)):
        found.setdefault(row.reporter_id, row)
    return list(found.values())


def find_closed_at(db: Connection, report_id: int) -> datetime | None:
    """Return when a report was last closed."""
    return find_came_at(db, report_id, ReportState.CLOSED)


def find_came_at(db: Connection, report_id: int, state: str) -> datetime | None:
    """Return when a report last came into a state from another one."""
    return db.execute(
        select(report_history.c.at)
        .where(
            report_history.c.report_id == report_id,
            report_history.c.to_state == state,
            report_history.c.from_state != state,
        )
        .order_by(report_history.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()


def _begin(db: Connection, report_id: int, action: Action, doing: Doing, note: str = "") -> AnyRow:
    report, _ = begin(lock(db, report_id).get(report_id), action, doing, note)
    return report


def _find_assignment(db: Connection, report_id: int) -> AnyRow:
    assignment = assignments.find_open_assignment(db, report_id)
    if assignment is None:
        raise ForbiddenTransitionError("the report is not assigned to anybody")
    return assignment


def _refuse_second_extension(db: Connection, report_id: int) -> None:
    if assignments.is_extended(db, report_id):
        raise AlreadyExtendedError("the report was given more time before")


def _refuse_plea(
    db: Connection,
    report_id: int,
    action: Action,
    kind: PleaKind,
    doing: Doing,
    deadlines: Deadlines,
    reason: str,
) -> Taken:
    _begin(db, report_id, action, doing, reason)
    plea = assignments.find_open_plea(db, report_id, kind)
    if plea is None:
        raise ForbiddenTransitionError("there is nothing to decide")
    taken = take(db, report_id, action, doing, deadlines, note=reason)
    assignments.decide_plea(db, plea.id, is_granted=False, by=doing.by, now=doing.now)
    return taken
