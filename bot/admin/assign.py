"""Handing a report to a unit: the form, the preview of exactly what the liaison gets, and the sending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from bot.admin import telling
from bot.admin.accounts import get_member
from bot.admin.acts import Desk, read_due
from bot.admin.betrayals import Betrayal, find_betrayals, split_passages
from bot.admin.claims import find_claim, refuse_what_is_claimed, take_in_hand
from bot.admin.forms import RefusedError, read_id, read_text, read_version
from bot.admin.neutral import find_phrases
from bot.admin.queue import build_filter_args, read_filter
from bot.admin.rights import Right, needs
from bot.admin.services import get_services
from bot.admin.verdicts import say_refusal
from handlers import steps
from storage.attachments import AttachmentState, list_report_attachments
from storage.audit import record_audit_entry
from storage.errors import ForbiddenTransitionError, MissingReasonError, StaleVersionError, UnknownRowError
from storage.reports import verdicts
from storage.reports.assignments import HandOver, find_open_assignment, list_after_photos, to_hand_over
from storage.reports.claims import release
from storage.reports.deadlines import Deadlines, Step
from storage.reports.queue import find_report
from storage.reports.suggestions import suggest_units
from storage.reports.tables import ReportState
from storage.reports.transitions import Action, list_actions
from storage.staff import list_liaison_pairs, list_liaisons, list_staff
from storage.types import AnyRow
from storage.units import find_unit, list_units

LONGEST_TEXT = 300  # characters of the problem and of the requirement
OWN_DAY = "day"  # the choice of a day of one's own
LOOK_FIRST = "勾上“我看过了”再发。"


@dataclass(frozen=True, slots=True)
class DueChoice:
    """A number of days that can be chosen, and the day that it ends on."""

    days: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Preview:
    """Exactly what is sent, to whom, and what could betray the reporter."""

    text: str
    parts: Sequence[tuple[str, bool]]
    betrayals: Sequence[Betrayal]
    receivers: Sequence[AnyRow]  # id, display_name, bound_at
    unit_name: str


def register(blueprint: Blueprint) -> None:
    """Put the views of the hand-over on the blueprint."""
    blueprint.get("/reports/<code>/assign")(show_assign)
    blueprint.post("/reports/<code>/assign/preview")(preview_assign)
    blueprint.post("/reports/<code>/assign")(assign)


@needs(Right.DECIDE)
def show_assign(code: str) -> ResponseReturnValue:
    """Show the form, filled with what is suggested, and take the report in hand."""
    services, member = get_services(), get_member()
    with services.database.write() as db:
        report = _find_assignable(db, code)
        take_in_hand(db, report.id, by=member.by, now=services.now())
    return _render_form(code)


@needs(Right.DECIDE)
def preview_assign(code: str) -> ResponseReturnValue:
    """Show what would be sent, or the form again with what is wrong in it."""
    services, member = get_services(), get_member()
    if "change" in request.form:
        return _render_form(code, typed=_read_typed())
    try:
        with services.database.read() as db:
            report = _find_assignable(db, code)
            refuse_what_is_claimed(db, report, by=member.by, now=services.now())
            desk = Desk(report, member.by, services.now(), read_version(), services.read_deadlines(db))
            return _render_preview(db, desk, read_hand_over(db, desk))
    except RefusedError as refusal:
        return _render_form(code, fault=str(refusal), beside=refusal.field, typed=_read_typed()), 422


@needs(Right.DECIDE)
def assign(code: str) -> ResponseReturnValue:
    """Hand the report over as it was previewed; what could betray the reporter must have been looked at."""
    services, member = get_services(), get_member()
    fault, beside = "", ""
    try:
        with services.database.write() as db:
            report = _find_assignable(db, code)
            refuse_what_is_claimed(db, report, by=member.by, now=services.now())
            desk = Desk(report, member.by, services.now(), read_version(), services.read_deadlines(db))
            hand_over = read_hand_over(db, desk)
            preview = build_preview(db, desk, hand_over)
            if preview.betrayals and "seen" not in request.form:
                return _render_preview(db, desk, hand_over, fault=LOOK_FIRST), 422
            send(db, desk, hand_over, unit_name=preview.unit_name)
    except RefusedError as refusal:
        fault, beside = str(refusal), refusal.field
    except (StaleVersionError, ForbiddenTransitionError, MissingReasonError, UnknownRowError) as error:
        fault = say_refusal(code, error)
    if fault:
        return _render_form(code, fault=fault, beside=beside, typed=_read_typed()), 422 if beside else 409
    flash(f"{code} 交办给{preview.unit_name}了。")
    return redirect(url_for("admin.show_report", code=code, **build_filter_args(read_filter(request.args))))


def send(db: Connection, desk: Desk, hand_over: HandOver, *, unit_name: str) -> None:
    """Take the step, release the claim and keep it in the audit; raises what the verdict raises."""
    about = desk.about(Action.ASSIGN, unit=unit_name, due_at=hand_over.due_at)
    steps.take_step(db, verdicts.assign, *about, hand_over=hand_over)
    release(db, desk.report.id, by=desk.by)
    subject = f"report:{desk.report.id}"
    record_audit_entry(db, at=desk.now, by=desk.by, action="assign", subject=subject, note=desk.report.code)


def read_hand_over(db: Connection, desk: Desk) -> HandOver:
    """Return what the form hands over; raises RefusedError with the field at fault."""
    unit_id, liaison_id = read_receiver(db)
    kept = {photo.id for photo in list_photos(db, desk.report)}
    photo_ids = [int(typed) for typed in request.form.getlist("photo") if typed.isascii() and typed.isdigit()]
    return HandOver(
        unit_id,
        read_text("place", most=200, need="写上在哪里，联系人好找。"),
        read_text("problem", most=LONGEST_TEXT, need="写上是什么问题。"),
        read_text("requirement", most=LONGEST_TEXT, need="写上要怎么改。"),
        read_due_choice(desk),
        liaison_id,
        tuple(photo_id for photo_id in photo_ids if photo_id in kept),
        "inspection" in request.form,
    )


def read_receiver(db: Connection) -> tuple[int, int | None]:
    """Return the unit and the liaison that were chosen; None stands for every liaison of the unit."""
    unit_id = read_id("unit")
    unit = None if unit_id is None else find_unit(db, unit_id)
    if unit is None or not unit.is_active:
        raise RefusedError("选一个单位。", "unit")
    liaison_id = read_id("liaison")
    if liaison_id is not None and liaison_id not in {row.id for row in list_liaisons(db, unit.id)}:
        raise RefusedError(f"这位不是{unit.name}的联系人，换一位，或者选“单位的联系人都发”。", "liaison")
    return unit.id, liaison_id


def read_due_choice(desk: Desk) -> datetime:
    """Return the deadline that was chosen: so many days from today, or a day."""
    chosen = request.form.get("due", OWN_DAY)
    if chosen.isascii() and chosen.isdigit() and int(chosen) in get_services().rectify_choices_days:
        return _count_days(desk.deadlines, desk.now, int(chosen))
    due_at = read_due(desk, "due_on", need="定一个期限。")
    if due_at is None or due_at > desk.now + timedelta(days=366):
        raise RefusedError("期限最远是一年以后。", "due_on")
    return due_at


def list_due_choices(deadlines: Deadlines, now: datetime) -> list[DueChoice]:
    """Return the configured numbers of days with the day that each ends on."""
    return [DueChoice(days, _count_days(deadlines, now, days)) for days in get_services().rectify_choices_days]


def find_usual_due(deadlines: Deadlines, level: str, now: datetime) -> tuple[str, str]:
    """Return the choice and the day that a form begins with: those of the level, else a day yet to be filled in."""
    due_at = deadlines.find_due(level, Step.RECTIFY, now)
    if due_at is None:
        return OWN_DAY, ""
    day = deadlines.calendar.get_day(due_at)
    for choice in list_due_choices(deadlines, now):
        if deadlines.calendar.get_day(choice.due_at) == day:
            return str(choice.days), day.isoformat()
    return OWN_DAY, day.isoformat()


def list_photos(db: Connection, report: AnyRow) -> list[AnyRow]:
    """Return the photos of the hazard that can be shown: clean copies of what was sent before anything was mended."""
    after = {photo.id for photo in list_after_photos(db, report.id)}
    return [
        photo
        for photo in list_report_attachments(db, [report.id])
        if photo.kind == "photo" and photo.state == AttachmentState.KEPT and photo.clean_key and photo.id not in after
    ]


def build_preview(db: Connection, desk: Desk, hand_over: HandOver) -> Preview:
    """Return exactly what would be sent, with what could betray the reporter."""
    unit = find_unit(db, hand_over.unit_id)
    if unit is None:
        raise RefusedError("选一个单位。", "unit")
    text = steps.word_for_liaison(desk.report.code, hand_over, desk.deadlines)
    betrayals = find_betrayals(hand_over, desk.report, unit)
    receivers = [row for row in list_liaisons(db, unit.id) if hand_over.liaison_id in {None, row.id}]
    return Preview(text, split_passages(text, betrayals), betrayals, receivers, unit.name)


def list_liaison_choices(db: Connection) -> dict[int, list[tuple[int, str]]]:
    """Return the active liaisons of every unit: unit -> id and name."""
    names = {row.id: row.display_name for row in list_staff(db) if row.is_active}
    found: dict[int, list[tuple[int, str]]] = {}
    for staff_id, unit_id in list_liaison_pairs(db):
        if staff_id in names:
            found.setdefault(unit_id, []).append((staff_id, names[staff_id]))
    return found


def _count_days(deadlines: Deadlines, now: datetime, days: int) -> datetime:
    return deadlines.calendar.end_day(deadlines.calendar.get_day(now) + timedelta(days=days))


def _find_assignable(db: Connection, code: str) -> AnyRow:
    report = find_report(db, code)
    if report is None:
        abort(404)
    return report


def _read_typed() -> dict[str, Any]:
    typed: dict[str, Any] = {name: value for name, value in request.form.items() if name != "csrf_token"}
    typed["photo"] = request.form.getlist("photo")
    return typed


def _suggest(report: AnyRow, suggestions: Sequence[Any], before: HandOver | None, usual: tuple[str, str]) -> Any:
    """Return what the form begins with: the hand-over before, else neutral words and what is suggested."""
    if before is not None:
        return {
            "unit": str(before.unit_id),
            "liaison": str(before.liaison_id or ""),
            "place": before.place,
            "problem": before.problem,
            "requirement": before.requirement,
            "photo": [str(photo_id) for photo_id in before.photo_ids],
            **({"inspection": "on"} if before.is_inspection else {}),
            "due": usual[0],
            "due_on": usual[1],
        }
    phrases = find_phrases(report.category)
    return {
        "unit": str(suggestions[0].unit_id) if suggestions else "",
        "liaison": "",
        "place": report.place_label or report.unit_name or "",
        "problem": phrases.problems[0],
        "requirement": phrases.requirements[0],
        "photo": [],
        "due": usual[0],
        "due_on": usual[1],
    }


def _render_form(code: str, *, fault: str = "", beside: str = "", typed: Mapping[str, Any] | None = None) -> str:
    services, member = get_services(), get_member()
    with services.database.read() as db:
        report = _find_assignable(db, code)
        deadlines, now = services.read_deadlines(db), services.now()
        suggestions = suggest_units(db, report)
        before = find_open_assignment(db, report.id)
        usual = find_usual_due(deadlines, report.level, now)
        values = typed or _suggest(report, suggestions, None if before is None else to_hand_over(before), usual)
        page = {
            "suggestions": suggestions,
            "units": list_units(db, only_active=True),
            "liaisons": list_liaison_choices(db),
            "photos": list_photos(db, report),
            "claim": find_claim(db, report.id, by=member.by, now=now),
        }
    return render_template(
        "admin/assign.html",
        place="queue",
        report=report,
        may_assign=Action.ASSIGN in list_actions(ReportState(report.state)),
        is_again=before is not None,
        values=values,
        phrases=find_phrases(report.category),
        choices=list_due_choices(deadlines, now),
        today=deadlines.calendar.get_day(now).isoformat(),
        fault=fault,
        beside=beside,
        args=build_filter_args(read_filter(request.args)),
        **page,
    )


def _render_preview(db: Connection, desk: Desk, hand_over: HandOver, *, fault: str = "") -> str:
    preview = build_preview(db, desk, hand_over)
    draft = telling.draft_all(db, desk.report, desk.deadlines).get(Action.ASSIGN.value)
    says = "" if draft is None else request.form.get("says", draft.words)
    typed = _read_typed()
    typed.pop("says", None)
    return render_template(
        "admin/assign_preview.html",
        place="queue",
        report=desk.report,
        preview=preview,
        hand_over=hand_over,
        says=telling.finish(says, desk.report, desk.deadlines, unit=preview.unit_name, due_at=hand_over.due_at),
        has_says=draft is not None,
        is_held=telling.is_held(db, desk.report, now=desk.now),
        typed=typed,
        fault=fault,
        args=build_filter_args(read_filter(request.args)),
    )
