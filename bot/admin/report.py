"""One report: what was sent, where it is, what may be the same, what happened so far."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from bot.admin import claims, telling, verdicts
from bot.admin.accounts import get_member
from bot.admin.after import list_mendings
from bot.admin.photos import SHOWN_TYPES
from bot.admin.queue import build_filter_args, read_filter, say_first_line
from bot.admin.rights import Right, needs
from bot.admin.services import AdminServices, get_services
from bot.admin.timeline import list_entries, say_who
from bot.words import say_twin
from storage.attachments import AttachmentState, list_report_attachments
from storage.audit import record_audit_entry
from storage.messages import list_report_messages
from storage.reports.assignments import PleaKind, find_open_plea, is_extended, list_after_photos
from storage.reports.deadlines import Deadlines, Step
from storage.reports.duplicates import measure_metres, suggest_duplicates
from storage.reports.queue import find_report, list_queue, list_thumbnails
from storage.reports.tables import OPEN_STATES, ReportState
from storage.reports.transitions import Action, list_actions
from storage.reports.verdicts import TAKES_NOTHING
from storage.types import AnyRow
from storage.units import list_units

MOST_UNITS_NEAR = 2
FARTHEST_METRES = 15_000  # a unit beyond that says nothing about where the point is


@dataclass(frozen=True, slots=True)
class Twin:
    """A report that may be about the same thing, as the page shows it."""

    row: AnyRow
    why: str
    picture: int | None  # attachment id
    can_take: bool  # whether something can be merged into it


def register(blueprint: Blueprint) -> None:
    """Put the report's view, the claims and the steps on the blueprint."""
    blueprint.get("/reports/<code>")(show_report)
    claims.register(blueprint)
    verdicts.register(blueprint, render_report)


@needs(Right.READ)
def show_report(code: str) -> ResponseReturnValue:
    """Show a report, and keep that it was looked at."""
    services, member = get_services(), get_member()
    with services.database.read() as db:
        report = find_report(db, code)
    if report is None:
        abort(404)
    with services.database.write() as db:
        record_audit_entry(db, at=services.now(), by=member.by, action="look", subject=f"report:{report.id}")
    return render_report(code)


def render_report(
    code: str, *, fault: str = "", beside: str = "", opened: str = "", typed: Mapping[str, str] | None = None
) -> str:
    """Render a report as it is now; `fault` says what was refused, `beside` at which field, `opened` in which form.

    `typed` keeps what was filled in.
    """
    filter_, services = read_filter(request.args), get_services()
    with services.database.read() as db:
        report = find_report(db, code)
        if report is None:
            abort(404)
        following = list_queue(db, filter_, before=report.id, most=1, now=services.now()).rows
        deadlines = services.read_deadlines(db)
        page = {
            "letters": list_report_messages(db, [report.id]),
            "entries": list_entries(db, report.id),
            "twins": _list_twins(db, report),
            **_list_pieces(db, report),
            **_place(db, report),
            **_list_acts(db, report, deadlines, services),
        }
    state = ReportState(report.state)
    is_open = state in OPEN_STATES
    return render_template(
        "admin/report.html",
        place="queue",
        report=report,
        is_open=is_open,
        age=deadlines.tell_age(report.submitted_at, services.now()) if is_open and report.submitted_at else "",
        args=build_filter_args(filter_),
        next_code=following[0].code if following else "",
        reasons=[line for line in report.why.splitlines() if line.strip()],
        fault=fault,
        beside=beside,
        opened=opened,
        typed=typed or {},
        first_line=say_first_line,
        example_code=f"{report.code.partition('-')[0]}-001",
        **page,
    )


# The one thing that is usually next, by state; everything else is folded.
_MAIN_ACTS = {
    ReportState.RECEIVED: Action.ACCEPT,
    ReportState.ACCEPTED: Action.VERIFY,
    ReportState.REOPENED: Action.VERIFY,
    ReportState.VERIFIED: Action.ASSIGN,
    ReportState.RECTIFIED: Action.CLOSE,
}


def _list_acts(db: Connection, report: AnyRow, deadlines: Deadlines, services: AdminServices) -> dict[str, Any]:
    """Return what the reviewer may do, what waits for a decision, and what would be said."""
    state, now, by = ReportState(report.state), services.now(), get_member().by
    mendings = list_mendings(db, report)
    current = mendings[0].assignment if mendings and mendings[0].assignment.ended_at is None else None
    extension = find_open_plea(db, report.id, PleaKind.EXTENSION)
    dispute = find_open_plea(db, report.id, PleaKind.DISPUTE)
    acts = {action.value for action in list_actions(state)}
    is_own_mending = current is not None and current.rectified_by == by
    was_extended = is_extended(db, report.id)
    calendar = deadlines.calendar
    again = deadlines.find_due(report.level, Step.RECTIFY, now)
    return {
        "acts": acts
        - ({"close"} if is_own_mending else set())
        - ({"extend"} if was_extended else set())
        - ({"refuse_extension"} if extension is None else set())
        - ({"dismiss_dispute"} if dispute is None else set())
        - ({"ask"} if report.reporter_id is None else set()),
        "main_act": "" if state not in _MAIN_ACTS else _MAIN_ACTS[state].value,
        "is_own_mending": is_own_mending and "close" in acts,
        "was_extended": was_extended,
        "is_held": telling.is_held(db, report, now=now),
        "drafts": telling.draft_all(db, report, deadlines),
        "claim": claims.find_claim(db, report.id, by=by, now=now),
        "mendings": mendings,
        "assignment": current,
        "pleas": [(plea, say_who(db, plea.by)) for plea in (dispute, extension) if plea is not None],
        "until_day": calendar.get_day(extension.until).isoformat() if extension and extension.until else "",
        "again_day": "" if again is None else calendar.get_day(again).isoformat(),
        "today": calendar.get_day(now).isoformat(),
    }


def _list_pieces(db: Connection, report: AnyRow) -> dict[str, Any]:
    pieces = list_report_attachments(db, [report.id])
    kept = [piece for piece in pieces if piece.state == AttachmentState.KEPT and piece.clean_key]
    after_ids = {photo.id for photo in list_after_photos(db, report.id)}
    photos = [piece for piece in kept if piece.kind == "photo" and piece.id not in after_ids]
    return {
        "photos": photos,
        "voices": [piece for piece in kept if piece.kind == "voice"],
        "videos": [piece for piece in kept if piece.kind == "video"],
        "unseen": [piece for piece in pieces if piece not in kept and piece.id not in after_ids],
        "pictures_of": {photo.message_id: photo.id for photo in photos if photo.thumbnail_key},
        "own_picture": next((photo.id for photo in photos if photo.thumbnail_key), None),
        "playable": SHOWN_TYPES,
    }


def _list_twins(db: Connection, report: AnyRow) -> list[Twin]:
    suggestions = suggest_duplicates(db, report)
    pictures = list_thumbnails(db, [suggestion.report_id for suggestion in suggestions])
    twins = []
    for suggestion in suggestions:
        row = find_report(db, suggestion.code)
        if row is None or row.id == report.merged_into_id:
            continue
        seen = pictures.get(row.id)
        can_take = ReportState(row.state) not in TAKES_NOTHING
        why = say_twin(suggestion.reasons, suggestion.metres)
        twins.append(Twin(row, why, seen.attachment_id if seen else None, can_take))
    return twins


def _place(db: Connection, report: AnyRow) -> dict[str, Any]:
    if report.latitude is None or report.longitude is None:
        return {"has_point": False}
    units = [unit for unit in list_units(db) if unit.latitude is not None and unit.longitude is not None]
    return {
        "has_point": True,
        "nearest": _list_nearest(report, units),
        "unit_points": json.dumps(
            [{"name": unit.name, "latitude": unit.latitude, "longitude": unit.longitude} for unit in units],
            ensure_ascii=False,
        ),
    }


def _list_nearest(report: AnyRow, units: Sequence[AnyRow]) -> list[tuple[str, str]]:
    """Return the nearest units and how far off they are, such as ("东坪村", "320 米")."""
    measured = sorted(
        (measure_metres(report.latitude, report.longitude, unit.latitude, unit.longitude), unit.name) for unit in units
    )
    return [
        (name, f"{round(metres, -1):.0f} 米" if metres < 1000 else f"{metres / 1000:.1f} 公里")
        for metres, name in measured[:MOST_UNITS_NEAR]
        if metres <= FARTHEST_METRES
    ]
