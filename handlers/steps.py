"""A step of the loop as staff, liaisons and reporters take it: the verdict, and a notice to everybody it concerns.

Both are in the caller's transaction, so a step without its notices, or notices without their step, cannot be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Concatenate, ParamSpec

from sqlalchemy import Connection

from handlers import texts_steps as texts
from storage import outbox
from storage.answer_templates import find_wording
from storage.outbox import Purpose
from storage.reports import assignments, verdicts
from storage.reports.assignments import HandOver
from storage.reports.deadlines import Deadlines
from storage.reports.taking import Doing, Taken
from storage.reports.transitions import Action, Audience
from storage.staff import list_liaison_ids, list_reviewer_ids
from storage.types import AnyRow

GRAVE = ("P0", "P1")  # told of every step, at any hour
_RESULTS = frozenset({Action.CLOSE, Action.DECLINE, Action.UNFOUNDED, Action.TRANSFER})  # the last word on a report
_LIAISON_PURPOSES = {Action.ASSIGN: Purpose.ASSIGNMENT, Action.RETURN: Purpose.RETURNED}


P = ParamSpec("P")


def take_step(
    db: Connection,
    verdict: Callable[Concatenate[Connection, int, Doing, Deadlines, P], Taken | None],
    report_id: int,
    doing: Doing,
    deadlines: Deadlines,
    *args: P.args,
    **details: P.kwargs,
) -> Taken | None:
    """Take a step of `storage.reports.verdicts` and tell whom the table of transitions names.

    Returns None when there was nothing to do. Raises what the verdict raises.
    """
    taken = verdict(db, report_id, doing, deadlines, *args, **details)
    if taken is not None:
        tell(db, taken, doing, deadlines)
    return taken


def tell(db: Connection, taken: Taken, doing: Doing, deadlines: Deadlines) -> None:
    """Put the notices of a step into the outbox."""
    tells = taken.transition.tells
    is_grave = taken.report.level in GRAVE
    if Audience.REPORTER in tells or (is_grave and Audience.REPORTER_IF_GRAVE in tells):
        _tell_reporters(db, taken, doing, deadlines)
    if Audience.LIAISON in tells:
        _tell_liaisons(db, taken, doing, deadlines)
    # What is not grave waits on the page, and for the one merged message of the day.
    if Audience.REVIEWERS in tells and (is_grave or taken.transition.action is Action.REOPEN):
        _tell_reviewers(db, taken, doing, deadlines)


def word_for_reporter(
    db: Connection, action: Action, report: AnyRow, deadlines: Deadlines, *, reason: str = "", unit: str = ""
) -> str:
    """Return what the reporter of a report is told of a step: the office's wording where it has one.

    The page shows this very text before it is sent.
    """
    wording = find_wording(db, action.value, report.category) or texts.TO_REPORTER[action]
    assignment = assignments.find_open_assignment(db, report.id)
    return texts.fill(
        wording,
        code=report.code,
        reason=reason,
        due_at=None if assignment is None else assignment.due_at,
        unit=unit or ("" if assignment is None else assignment.unit_name),
        zone=deadlines.calendar.timezone,
    )


def word_for_liaison(code: str, hand_over: HandOver, deadlines: Deadlines) -> str:
    """Return what a liaison is sent with an assignment; the page shows this very text before it is sent."""
    return texts.assignment(code, hand_over, deadlines.calendar.timezone)


def _tell_reporters(db: Connection, taken: Taken, doing: Doing, deadlines: Deadlines) -> None:
    action = taken.transition.action
    reason, unit = taken.note, ""
    if action is Action.TRANSFER:
        unit, _, reason = taken.note.partition("\n")
    told: Sequence[AnyRow] = [taken.report]
    if action in _RESULTS or action is Action.REOPEN:
        told = [taken.report, *verdicts.list_merged(db, taken.report.id)]
    for report in told:
        if report.reporter_id is None:
            continue
        said = doing.says or word_for_reporter(db, action, taken.report, deadlines, reason=reason, unit=unit)
        said = said.replace(taken.report.code, report.code)
        if action is Action.CLOSE:
            said = f"{said}{texts.FIXED_QUESTION}"
        outbox.add_notice(
            db,
            recipient=f"reporter:{report.reporter_id}",
            purpose=Purpose.QUESTION if action is Action.ASK else Purpose.PROGRESS,
            subject=f"report:{report.id}:{action.value}:{taken.report.version}",
            report_id=report.id,
            words=said,
            is_urgent=taken.report.level in GRAVE,
            is_result=action in _RESULTS,
            now=doing.now,
        )


def _tell_liaisons(db: Connection, taken: Taken, doing: Doing, deadlines: Deadlines) -> None:
    action, report = taken.transition.action, taken.report
    handed = assignments.list_assignments(db, report.id)
    if not handed:
        return
    last = handed[-1]
    zone = deadlines.calendar.timezone
    if action is Action.ASSIGN:
        said = texts.assignment(report.code, assignments.to_hand_over(last), zone)
        if len(handed) > 1 and handed[-2].unit_id != last.unit_id:
            _tell_unit(db, handed[-2], taken, doing, f"{report.code} 改派给别的单位了，不用您那边办了。")
    else:
        said = texts.fill(
            texts.TO_LIAISON[action],
            code=report.code,
            reason=taken.note,
            due_at=last.due_at,
            unit=last.unit_name,
            zone=zone,
        )
    _tell_unit(db, last, taken, doing, said)


def _tell_unit(db: Connection, assignment: AnyRow, taken: Taken, doing: Doing, said: str) -> None:
    action = taken.transition.action
    named = assignment.liaison_id
    for staff_id in [named] if named is not None else list_liaison_ids(db, assignment.unit_id):
        outbox.add_notice(
            db,
            recipient=f"staff:{staff_id}",
            purpose=_LIAISON_PURPOSES.get(action, Purpose.SETTLED),
            subject=f"assignment:{assignment.id}:{action.value}:{taken.report.version}",
            report_id=taken.report.id,
            words=said,
            fields={"assignment_id": assignment.id},
            is_urgent=taken.report.level in GRAVE,
            now=doing.now,
        )


def _tell_reviewers(db: Connection, taken: Taken, doing: Doing, deadlines: Deadlines) -> None:
    action, report = taken.transition.action, taken.report
    assignment = assignments.find_open_assignment(db, report.id)
    said = texts.fill(
        texts.TO_REVIEWERS[action],
        code=report.code,
        reason=taken.note,
        due_at=None,
        unit="" if assignment is None else assignment.unit_name,
        zone=deadlines.calendar.timezone,
    )
    for staff_id in list_reviewer_ids(db):
        outbox.add_notice(
            db,
            recipient=f"staff:{staff_id}",
            purpose=Purpose.TO_REVIEW,
            subject=f"report:{report.id}:{action.value}:{report.version}",
            report_id=report.id,
            words=said,
            is_urgent=report.level in GRAVE,
            now=doing.now,
        )
