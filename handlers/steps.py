"""A step of the loop as staff, liaisons and reporters take it: the verdict, and a notice to everybody it concerns.

Both are in the caller's transaction, so a step without its notices, or notices without their step, cannot be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Concatenate, ParamSpec

from sqlalchemy import Connection

from handlers import texts_steps as texts
from storage import outbox
from storage.answer_templates import find_wording
from storage.outbox import Purpose
from storage.reports import assignments, verdicts
from storage.reports.assignments import HandOver
from storage.reports.deadlines import Deadlines
from storage.reports.tables import OPEN_STATES
from storage.reports.taking import Doing, Taken
from storage.reports.transitions import Action, Audience
from storage.staff import find_staff_by_id, list_liaison_ids, list_reviewer_ids
from storage.types import AnyRow, to_milliseconds

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
    handed = assignments.list_assignments(db, report.id)
    assignment = handed[-1] if handed else None  # a closed one has no open assignment, and what it had is meant
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
    told = verdicts.list_concerned(db, taken.report.id)
    if action not in _RESULTS and action is not Action.REOPEN:
        told = [report for report in told if report.id == taken.report.id]
    said_to_all = doing.says or word_for_reporter(db, action, taken.report, deadlines, reason=reason, unit=unit)
    if action is Action.MERGE and not doing.says:
        master = verdicts.find_merged_into(db, taken.report.id)
        if master is not None and master.state not in OPEN_STATES:
            zone = deadlines.calendar.timezone
            said_to_all = texts.fill(texts.MERGED_INTO_DONE, code=taken.report.code, due_at=None, unit="", zone=zone)
    own_code = re.compile(rf"(?<![0-9-]){re.escape(taken.report.code)}(?![0-9])")
    for report in told:
        said = own_code.sub(report.code, said_to_all)
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
    # Whoever was through with it before, such as by an earlier closing, hears nothing of what comes after.
    concerned = [one for one in handed if one.ended_at is None or _is_same_instant(one.ended_at, doing.now)]
    if not concerned:
        return
    last = concerned[-1]
    zone = deadlines.calendar.timezone
    if action is Action.ASSIGN:
        said = texts.assignment(report.code, assignments.to_hand_over(last), zone)
        taken_away = texts.fill(texts.TAKEN_AWAY, code=report.code, due_at=None, unit="", zone=zone)
        for before in concerned[:-1]:
            rid = set(_list_responsible(db, before)) - set(_list_responsible(db, last))
            _tell_unit(db, before, taken, doing, taken_away, to=sorted(rid), purpose=Purpose.SETTLED)
    else:
        said = texts.fill(
            texts.TO_LIAISON[action],
            code=report.code,
            reason=taken.note,
            due_at=last.due_at,
            unit=last.unit_name,
            zone=zone,
        )
    purpose = _LIAISON_PURPOSES.get(action, Purpose.SETTLED)
    _tell_unit(db, last, taken, doing, said, to=_list_responsible(db, last), purpose=purpose)


def _is_same_instant(one: datetime, other: datetime) -> bool:
    return to_milliseconds(one) == to_milliseconds(other)


def _list_responsible(db: Connection, assignment: AnyRow) -> Sequence[int]:
    """Return who sees to an assignment: the liaison whom it names, or every one of the unit if that one has left."""
    named = assignment.liaison_id
    if named is not None and find_staff_by_id(db, named) is not None:
        return [named]
    return list_liaison_ids(db, assignment.unit_id)


def _tell_unit(
    db: Connection,
    assignment: AnyRow,
    taken: Taken,
    doing: Doing,
    said: str,
    *,
    to: Iterable[int],
    purpose: Purpose,
) -> None:
    action = taken.transition.action
    for staff_id in to:
        outbox.add_notice(
            db,
            recipient=f"staff:{staff_id}",
            purpose=purpose,
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
