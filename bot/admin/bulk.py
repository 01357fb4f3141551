"""Several reports at once: accept, assign to one unit, merge into one; always with a look at what will happen first.

Every report is a transaction of its own, so that one that somebody has changed meanwhile does not hold up the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection
from werkzeug.datastructures import MultiDict

from bot.admin import telling
from bot.admin.accounts import get_member
from bot.admin.acts import Desk
from bot.admin.assign import (
    LOOK_FIRST,
    Preview,
    build_preview,
    find_usual_due,
    list_due_choices,
    list_liaison_choices,
    read_due_choice,
    read_receiver,
    send,
)
from bot.admin.claims import refuse_what_is_claimed
from bot.admin.forms import RefusedError
from bot.admin.neutral import find_phrases
from bot.admin.queue import say_first_line
from bot.admin.rights import Right, needs
from bot.admin.services import get_services
from bot.admin.verdicts import say_refusal
from handlers import steps
from storage.audit import record_audit_entry
from storage.errors import ForbiddenTransitionError, MissingReasonError, StaleVersionError, UnknownRowError
from storage.reports import verdicts
from storage.reports.assignments import HandOver
from storage.reports.claims import release
from storage.reports.deadlines import Deadlines
from storage.reports.queue import find_report, list_thumbnails
from storage.reports.suggestions import suggest_units
from storage.reports.tables import ReportState
from storage.reports.transitions import Action, list_actions
from storage.types import AnyRow
from storage.units import find_unit, list_units

MOST = 50  # reports; more than one can look over is not looked over
WHATS = {"accept": Action.ACCEPT, "assign": Action.ASSIGN, "merge": Action.MERGE}
WHAT_WORDS = {"accept": "一起受理", "assign": "一起交办", "merge": "并成一条"}


@dataclass(frozen=True, slots=True)
class Line:
    """One of the reports, and what will happen to it."""

    report: AnyRow
    refusal: str  # why nothing will; empty where something will
    says: str = ""  # what its reporter is told
    preview: Preview | None = None


def register(blueprint: Blueprint) -> None:
    """Put the views of the many on the blueprint."""
    blueprint.get("/bulk")(show_bulk)
    blueprint.post("/bulk/preview")(preview_bulk)
    blueprint.post("/bulk")(run_bulk)


@needs(Right.DECIDE)
def show_bulk() -> ResponseReturnValue:
    """Show what will happen to the reports that were ticked; for an assignment, first the form of it."""
    return _render(request.args)


@needs(Right.DECIDE)
def preview_bulk() -> ResponseReturnValue:
    """Show what every report's liaison will get."""
    services, member = get_services(), get_member()
    try:
        with services.database.read() as db:
            deadlines = services.read_deadlines(db)
            lines = _list_lines(db, request.form, deadlines, services.now(), by=member.by, is_filled=True)
    except RefusedError as refusal:
        return _render(request.form, fault=str(refusal), beside=refusal.field), 422
    return _render(request.form, lines=lines)


@needs(Right.DECIDE)
def run_bulk() -> ResponseReturnValue:
    """Do it, one report after the other, and say what was done and what was not."""
    services, member = get_services(), get_member()
    what = _read_what(request.form)
    try:
        with services.database.read() as db:
            deadlines = services.read_deadlines(db)
            lines = _list_lines(db, request.form, deadlines, services.now(), by=member.by, is_filled=True)
    except RefusedError as refusal:
        return _render(request.form, fault=str(refusal), beside=refusal.field), 422
    if any(line.preview is not None and line.preview.betrayals for line in lines) and "seen" not in request.form:
        return _render(request.form, fault=LOOK_FIRST, lines=lines), 422
    done, faults = [], []
    for line in lines:
        refusal_ = line.refusal or _run_one(what, line)
        if refusal_:
            faults.append(f"{line.report.code}：{refusal_}")
        else:
            done.append(line.report.code)
    if done:
        flash(f"{WHAT_WORDS[what]}：{len(done)} 条办好了，{'、'.join(done)}。")
    for fault in faults:
        flash(f"没有办 {fault}")
    return redirect(url_for("admin.show_queue", tab=request.form.get("tab", "todo")))


def _run_one(what: str, line: Line) -> str:
    """Take the step on one report; returns why it was refused."""
    services, member = get_services(), get_member()
    version = _read_versions(request.form).get(line.report.code, line.report.version)
    try:
        with services.database.write() as db:
            refuse_what_is_claimed(db, line.report, by=member.by, now=services.now())
            desk = Desk(line.report, member.by, services.now(), version, services.read_deadlines(db))
            _RUNS[what](db, desk)
    except RefusedError as refusal:
        return str(refusal)
    except (StaleVersionError, ForbiddenTransitionError, MissingReasonError, UnknownRowError) as error:
        if isinstance(error, StaleVersionError):
            return "刚才有别人改过，打开再看一眼。"
        return say_refusal(line.report.code, error)
    return ""


def _accept(db: Connection, desk: Desk) -> None:
    steps.take_step(db, verdicts.accept, desk.report.id, desk.doing, desk.deadlines)
    _keep(db, desk, Action.ACCEPT)


def _merge(db: Connection, desk: Desk) -> None:
    master = find_report(db, request.form.get("into", ""))
    if master is None:
        raise RefusedError("选一条留下来的。", "into")
    steps.take_step(db, verdicts.merge, desk.report.id, desk.doing, desk.deadlines, into_id=master.id)
    _keep(db, desk, Action.MERGE)


def _assign(db: Connection, desk: Desk) -> None:
    hand_over = _build_hand_over(db, desk)
    unit = find_unit(db, hand_over.unit_id)
    send(db, desk, hand_over, unit_name="" if unit is None else unit.name)


_RUNS: dict[str, Callable[[Connection, Desk], None]] = {"accept": _accept, "merge": _merge, "assign": _assign}


def _keep(db: Connection, desk: Desk, action: Action) -> None:
    release(db, desk.report.id, by=desk.by)
    subject = f"report:{desk.report.id}"
    record_audit_entry(db, at=desk.now, by=desk.by, action=action.value, subject=subject, note=desk.report.code)


def _build_hand_over(db: Connection, desk: Desk) -> HandOver:
    """Return the hand-over of one of many: unit, liaison and deadline from the form, the words made for its kind."""
    unit_id, liaison_id = read_receiver(db)
    unit = find_unit(db, unit_id)
    phrases = find_phrases(desk.report.category)
    return HandOver(
        unit_id,
        desk.report.place_label or ("" if unit is None else unit.name),
        phrases.problems[0],
        phrases.requirements[0],
        read_due_choice(desk),
        liaison_id,
        is_inspection="inspection" in request.form,
    )


def _list_lines(
    db: Connection,
    args: MultiDict[str, str],
    deadlines: Deadlines,
    now: datetime,
    *,
    by: str,
    is_filled: bool,
) -> list[Line]:
    """Return the ticked reports with what will happen; the form of an assignment is read where `is_filled`."""
    what, into = _read_what(args), args.get("into", "")
    lines = []
    for code in _list_codes(args):
        report = find_report(db, code)
        if report is None or (what == "merge" and code == into):
            continue
        try:
            refuse_what_is_claimed(db, report, by=by, now=now)
        except RefusedError as refusal:
            lines.append(Line(report, str(refusal)))
            continue
        if WHATS[what] not in list_actions(ReportState(report.state)):
            lines.append(Line(report, f"现在这一步不能{WHAT_WORDS[what][2:]}。"))
            continue
        says, preview = "", None
        if what == "assign" and is_filled:
            desk = Desk(report, by, now, report.version, deadlines)
            preview = build_preview(db, desk, _build_hand_over(db, desk))
        elif what != "assign":
            draft = telling.draft_all(db, report, deadlines).get(WHATS[what].value)
            says = "" if draft is None else draft.words
        lines.append(Line(report, "", says, preview))
    return lines


def _render(args: MultiDict[str, str], *, fault: str = "", beside: str = "", lines: list[Line] | None = None) -> str:
    services, member = get_services(), get_member()
    what, codes = _read_what(args), _list_codes(args)
    is_form = what == "assign" and lines is None
    with services.database.read() as db:
        deadlines, now = services.read_deadlines(db), services.now()
        if lines is None:
            lines = _list_lines(db, args, deadlines, now, by=member.by, is_filled=False)
        page: dict[str, Any] = {"thumbnails": list_thumbnails(db, [line.report.id for line in lines])}
        if is_form:
            suggestions = suggest_units(db, lines[0].report) if lines else []
            usual = find_usual_due(deadlines, lines[0].report.level if lines else "P2", now)
            page |= {
                "units": list_units(db, only_active=True),
                "liaisons": list_liaison_choices(db),
                "choices": list_due_choices(deadlines, now),
                "today": deadlines.calendar.get_day(now).isoformat(),
                "chosen": {
                    "unit": args.get("unit", str(suggestions[0].unit_id) if suggestions else ""),
                    "due": args.get("due", usual[0]),
                    "due_on": args.get("due_on", usual[1]),
                },
            }
        # The oldest that can take in the others is the one to keep, unless another was chosen.
        masters = [report for code in codes if (report := find_report(db, code)) is not None]
        into = args.get("into", "")
        if what == "merge" and into not in {report.code for report in masters}:
            into = min(masters, key=lambda report: report.id).code if masters else ""
            lines = [line for line in lines if line.report.code != into]
    return render_template(
        "admin/bulk.html",
        place="queue",
        what=what,
        title=WHAT_WORDS[what],
        lines=lines,
        is_form=is_form,
        masters=masters,
        into=into,
        typed={name: value for name, value in args.items() if name not in {"csrf_token", "code", "into", "seen"}},
        versions=_read_versions(args),
        tab=args.get("tab", "todo"),
        most=MOST,
        has_betrayals=any(line.preview is not None and line.preview.betrayals for line in lines),
        can_run=any(not line.refusal for line in lines),
        first_line=say_first_line,
        fault=fault,
        beside=beside,
        **page,
    )


def _read_what(args: MultiDict[str, str]) -> str:
    what = args.get("what", "accept")
    return what if what in WHATS else "accept"


def _list_codes(args: MultiDict[str, str]) -> list[str]:
    """Return the codes that were ticked, each once; a code may carry the version that the page showed."""
    return list(dict.fromkeys(each.partition(":")[0] for each in args.getlist("code")))[:MOST]


def _read_versions(args: MultiDict[str, str]) -> dict[str, int]:
    found = {}
    for each in args.getlist("code"):
        code, _, version = each.partition(":")
        if version.isascii() and version.isdigit() and len(version) < 10:
            found[code] = int(version)
    return found
