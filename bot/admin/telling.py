"""What the reporter will be told of a step, before it is taken: the very text, for the reviewer to read and change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from handlers import texts_steps
from handlers.steps import GRAVE
from storage.answer_templates import find_wording
from storage.reports.assignments import find_open_assignment
from storage.reports.deadlines import Deadlines
from storage.reports.tables import ReportState
from storage.reports.transitions import Action, Actor, Audience, find_transition, list_actions
from storage.reports.verdicts import list_merged
from storage.sends import find_window
from storage.types import AnyRow

# What the form of a step fills in; the rest is known before.
_FROM_FORM: Mapping[Action, tuple[str, ...]] = {
    Action.DECLINE: ("理由",),
    Action.TRANSFER: ("理由", "单位"),
    Action.UNFOUNDED: ("理由",),
    Action.ASSIGN: ("期限", "单位"),
    Action.RECTIFY: ("理由",),
    Action.RETURN: ("理由", "期限"),
    Action.REOPEN: ("理由",),
    Action.WITHDRAW: ("理由",),
    Action.ASK: ("理由",),
    Action.EXTEND: ("理由", "期限"),
}
# Those whose reports were merged into this one hear of these steps as well.
_FOR_ALL = frozenset({Action.CLOSE, Action.DECLINE, Action.UNFOUNDED, Action.TRANSFER, Action.REOPEN})


@dataclass(frozen=True, slots=True)
class Draft:
    """What the reporter will be told; `words` keeps {理由} and the like where the form fills them in."""

    words: str
    fills: tuple[str, ...]
    after: str  # what the bot adds by itself
    others: int  # reporters of merged reports who hear the same


def draft_all(db: Connection, report: AnyRow, deadlines: Deadlines) -> dict[str, Draft]:
    """Return the draft of every step that a reviewer may take on a report and its reporter hears of, by action."""
    state = ReportState(report.state)
    actions = [action for action in list_actions(state) if tells_reporter(action, report)]
    merged = len(list_merged(db, report.id)) if actions else 0
    return {action.value: _draft(db, action, report, deadlines, merged) for action in actions}


def tells_reporter(action: Action, report: AnyRow) -> bool:
    """Return whether the reporter of a report hears of a step that a reviewer takes on it."""
    transition = find_transition(action, Actor.REVIEWER, ReportState(report.state))
    if transition is None or report.reporter_id is None:
        return False
    is_grave = report.level in GRAVE and Audience.REPORTER_IF_GRAVE in transition.tells
    return is_grave or Audience.REPORTER in transition.tells


def is_held(db: Connection, report: AnyRow, *, now: datetime) -> bool:
    """Return whether the reporter has not written lately, so that the platform may not let us write to them."""
    if report.reporter_id is None:
        return False
    return not find_window(db, report.reporter_id, now=now).may_spend(is_result=False)


def finish(
    says: str, report: AnyRow, deadlines: Deadlines, *, reason: str = "", unit: str = "", due_at: datetime | None = None
) -> str:
    """Return what was typed as the draft with the placeholders filled that are still in it."""
    return texts_steps.fill(
        says, code=report.code, reason=reason, due_at=due_at, unit=unit, zone=deadlines.calendar.timezone
    ).strip()


def _draft(db: Connection, action: Action, report: AnyRow, deadlines: Deadlines, merged: int) -> Draft:
    wording = find_wording(db, action.value, report.category) or texts_steps.TO_REPORTER[action]
    assignment = find_open_assignment(db, report.id)
    fills = tuple(name for name in _FROM_FORM.get(action, ()) if f"{{{name}}}" in wording)
    kept = {f"{{{name}}}": f"\ue000{at}" for at, name in enumerate(fills)}  # what the form fills is left alone
    for placeholder, mark in kept.items():
        wording = wording.replace(placeholder, mark)
    words = texts_steps.fill(
        wording,
        code=report.code,
        due_at=None if assignment is None else assignment.due_at,
        unit="" if assignment is None else assignment.unit_name,
        zone=deadlines.calendar.timezone,
    )
    for placeholder, mark in kept.items():
        words = words.replace(mark, placeholder)
    after = texts_steps.FIXED_QUESTION if action is Action.CLOSE else ""
    return Draft(words, fills, after, merged if action in _FOR_ALL else 0)
