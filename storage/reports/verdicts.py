"""What staff decide about a report: one table of what is allowed from where, and the one way to write it down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select, update

from storage.errors import ForbiddenTransitionError, MissingReasonError, StaleVersionError, UnknownRowError
from storage.reports.gathering import record_history, submit_report
from storage.reports.tables import OPEN_STATES, ReportState, reports
from storage.types import AnyRow


class Action(StrEnum):
    """What staff may do to a report."""

    ACCEPT = "accept"
    DECLINE = "decline"
    MERGE = "merge"
    RECATEGORISE = "recategorise"
    ADD_NOTE = "add_note"


@dataclass(frozen=True, slots=True)
class Transition:
    """From which states an action is allowed and where it leads; `to_state` None leaves the state as it is."""

    action: Action
    from_states: tuple[ReportState, ...]
    to_state: ReportState | None
    needs_reason: bool = False


TRANSITIONS = (
    Transition(Action.ACCEPT, (ReportState.RECEIVED,), ReportState.ACCEPTED),
    Transition(Action.DECLINE, (ReportState.RECEIVED,), ReportState.DECLINED, needs_reason=True),
    Transition(Action.MERGE, (ReportState.GATHERING, ReportState.RECEIVED, ReportState.ACCEPTED), ReportState.MERGED),
    Transition(Action.RECATEGORISE, OPEN_STATES, None),
    Transition(Action.ADD_NOTE, tuple(ReportState), None, needs_reason=True),
)

_BY_ACTION_AND_STATE = {
    (transition.action, state): transition for transition in TRANSITIONS for state in transition.from_states
}

# What cannot take in another report: it is about nothing, or itself a part of another.
_NO_MASTERS = (ReportState.MERGED, ReportState.DECLINED, ReportState.WITHDRAWN)


def list_actions(state: ReportState) -> list[Action]:
    """Return what is allowed in a state."""
    return [action for action in Action if (action, state) in _BY_ACTION_AND_STATE]


def accept(db: Connection, report_id: int, *, version: int, by: str, now: datetime, note: str = "") -> None:
    """Take a report on (受理). All verdicts raise the errors of `record_verdict`."""
    record_verdict(db, report_id, Action.ACCEPT, version=version, by=by, now=now, note=note)


def decline(db: Connection, report_id: int, *, version: int, by: str, now: datetime, reason: str) -> None:
    """Turn a report down (不予受理), with the reason that the reporter is to be told."""
    record_verdict(db, report_id, Action.DECLINE, version=version, by=by, now=now, note=reason)


def merge(
    db: Connection, report_id: int, *, into_id: int, version: int, by: str, now: datetime, note: str = ""
) -> None:
    """Make a report part of its master `into_id`; one that was still gathering is submitted first.

    The master must be another report that is neither merged, declined nor withdrawn, so that no circle can arise.
    """
    if into_id == report_id:
        raise ForbiddenTransitionError("a report cannot be merged into itself")
    rows = _lock(db, report_id, into_id)
    if into_id not in rows:
        raise UnknownRowError("the report to merge into does not exist")
    master = rows[into_id]
    if master.state in _NO_MASTERS:
        raise ForbiddenTransitionError(f"nothing can be merged into a report that is {master.state}")
    report = _check(rows.get(report_id), Action.MERGE, version=version, note=note)
    if report.state == ReportState.GATHERING:
        submit_report(db, report_id, now=now)
    record_verdict(
        db, report_id, Action.MERGE, version=version, by=by, now=now, note=note or master.code, merged_into_id=into_id
    )
    record_history(db, into_id, at=now, by=by, action="take_in", note=report.code)


def recategorise(
    db: Connection,
    report_id: int,
    *,
    category: str,
    level: str,
    version: int,
    by: str,
    now: datetime,
    note: str = "",
) -> None:
    """Set what kind of hazard a report is about and how grave it is; the history keeps what stood there before."""
    report = _check(_lock(db, report_id).get(report_id), Action.RECATEGORISE, version=version, note=note)
    change = f"{report.category} {report.level} → {category} {level}"
    record_verdict(
        db,
        report_id,
        Action.RECATEGORISE,
        version=version,
        by=by,
        now=now,
        note=f"{change}\n{note.strip()}".strip(),
        category=category,
        level=level,
    )


def add_note(db: Connection, report_id: int, *, version: int, by: str, now: datetime, note: str) -> None:
    """Keep a remark with a report, whatever its state; reporters never see it."""
    record_verdict(db, report_id, Action.ADD_NOTE, version=version, by=by, now=now, note=note)


def record_verdict(
    db: Connection,
    report_id: int,
    action: Action,
    *,
    version: int,
    by: str,
    now: datetime,
    note: str = "",
    **values: Any,
) -> None:
    """Move a report as TRANSITIONS says, set `values`, count its version up and append to its history.

    `version` is the one that the page showed, `by` is staff:<username>, `note` the reason or remark. Raises
    UnknownRowError, StaleVersionError when somebody else was faster, ForbiddenTransitionError when its state does
    not allow the action, MissingReasonError when the action needs a reason and `note` is blank.
    """
    report = _check(_lock(db, report_id).get(report_id), action, version=version, note=note)
    from_state = ReportState(report.state)
    to_state = _BY_ACTION_AND_STATE[action, from_state].to_state or from_state
    done = db.execute(
        update(reports)
        .where(reports.c.id == report_id, reports.c.version == version, reports.c.state == from_state)
        .values(state=to_state, version=reports.c.version + 1, **values)
    )
    if done.rowcount != 1:
        raise StaleVersionError("the report was changed by somebody else meanwhile")
    record_history(
        db,
        report_id,
        at=now,
        by=by,
        action=action.value,
        from_state=from_state,
        to_state=to_state,
        note=note.strip(),
    )


def _lock(db: Connection, *report_ids: int) -> dict[int, AnyRow]:
    # In order of id, so that two who merge two reports into each other wait instead of blocking one another.
    rows = db.execute(
        select(reports.c.id, reports.c.code, reports.c.state, reports.c.version, reports.c.category, reports.c.level)
        .where(reports.c.id.in_(report_ids))
        .order_by(reports.c.id)
        .with_for_update()
    )
    return {row.id: row for row in rows}


def _check(report: AnyRow | None, action: Action, *, version: int, note: str) -> AnyRow:
    if report is None:
        raise UnknownRowError("the report does not exist")
    if report.version != version:
        raise StaleVersionError("the report was changed by somebody else since the page was opened")
    transition = _BY_ACTION_AND_STATE.get((action, ReportState(report.state)))
    if transition is None:
        raise ForbiddenTransitionError(f"{action.value} is not allowed for a report that is {report.state}")
    if transition.needs_reason and not note.strip():
        raise MissingReasonError(f"{action.value} needs a reason")
    return report
