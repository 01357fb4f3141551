"""What staff decide on a report's page: accept, decline, merge, recategorise, note; every one is kept in the audit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from bot.admin import words
from bot.admin.accounts import get_member
from bot.admin.queue import build_filter_args, read_filter
from bot.admin.rights import Right, needs
from bot.admin.services import get_services
from handlers import steps
from storage.audit import record_audit_entry
from storage.errors import ForbiddenTransitionError, MissingReasonError, StaleVersionError, UnknownRowError
from storage.reports import verdicts
from storage.reports.deadlines import Deadlines
from storage.reports.queue import find_report
from storage.reports.search import find_code
from storage.reports.tables import ReportState
from storage.reports.taking import Doing
from storage.reports.transitions import Action, Actor, list_actions
from storage.types import AnyRow

LONGEST_NOTE = 1000  # characters

STALE = "刚才有别人改过这一条。下面是最新的样子，您写的还在，看一眼再交。"
FORBIDDEN = "这一条现在是“{state}”，不能再这样办。下面是最新的样子。"
NOT_INTO = "不能合并到 {code}：它就是这一条，或者已经合并、没受理、被撤回了。换一条。"
NO_SUCH = "没有找到编号 {code}。看看是不是少了一位，样子像 {example}。"


class RenderReport(Protocol):
    """Renders a report's page with a fault and what was typed."""

    def __call__(
        self, code: str, *, fault: str = "", opened: str = "", typed: Mapping[str, str] | None = None
    ) -> str: ...


class _RefusedError(Exception):
    """Raised when a form cannot be taken as it was filled in; the text is for the person who did."""


Verdict = Callable[[Connection, AnyRow, int], str]


def register(blueprint: Blueprint, render_report: RenderReport) -> None:
    """Put a view for each verdict on the blueprint; a refused one answers with the report's page."""
    for name, part, verdict in (
        ("accept", "", _accept),
        ("decline", "decline", _decline),
        ("merge", "merge", _merge),
        ("recategorise", "category", _recategorise),
        ("add_note", "note", _add_note),
    ):
        view = _build_view(name, part, verdict, render_report)
        blueprint.add_url_rule(f"/reports/<code>/{name.replace('_', '-')}", name, view, methods=["POST"])


def _build_view(
    name: str, part: str, verdict: Verdict, render_report: RenderReport
) -> Callable[..., ResponseReturnValue]:
    @needs(Right.DECIDE)
    def decide(code: str) -> ResponseReturnValue:
        services, member = get_services(), get_member()
        fault, status = "", 409
        try:
            with services.database.write() as db:
                report = find_report(db, code)
                if report is None:
                    abort(404)
                said = verdict(db, report, _read_version())
                record_audit_entry(
                    db, at=services.now(), by=member.by, action=name, subject=f"report:{report.id}", note=code
                )
        except StaleVersionError:
            fault = STALE
        except ForbiddenTransitionError:
            fault = FORBIDDEN.format(state=words.STATES[_get_state(code)])
        except MissingReasonError:
            fault, status = "要写一句为什么，上报人问起来好回话。" if name == "decline" else "还没有写字。", 422
        except _RefusedError as refusal:
            fault, status = str(refusal), 422
        if fault:
            typed = {field: value for field, value in request.form.items() if field != "csrf_token"}
            return render_report(code, fault=fault, opened=part, typed=typed), status
        flash(said)
        return redirect(url_for("admin.show_report", code=code, **build_filter_args(read_filter(request.args))))

    return decide


def _accept(db: Connection, report: AnyRow, version: int) -> str:
    steps.take_step(db, verdicts.accept, *_about(db, report, version))
    return f"{report.code} 已受理，到“在办”里去了。"


def _decline(db: Connection, report: AnyRow, version: int) -> str:
    steps.take_step(db, verdicts.decline, *_about(db, report, version), reason=_read_note("reason"))
    return f"{report.code} 不予受理，理由记下了。"


def _merge(db: Connection, report: AnyRow, version: int) -> str:
    typed = request.form.get("into", "").strip()[:20]
    example = f"{report.code.partition('-')[0]}-001"
    code = find_code(typed.lstrip("#＃"))
    master = None if code is None else find_report(db, code)
    if master is None:
        raise _RefusedError(NO_SUCH.format(code=typed, example=example))
    try:
        steps.take_step(db, verdicts.merge, *_about(db, report, version), into_id=master.id)
    except ForbiddenTransitionError as error:
        if Action.MERGE in list_actions(ReportState(report.state)):
            raise _RefusedError(NOT_INTO.format(code=master.code)) from error
        raise
    return f"{report.code} 已合并到 {master.code}。"


def _recategorise(db: Connection, report: AnyRow, version: int) -> str:
    category, level = request.form.get("category", ""), request.form.get("level", "")
    if category not in words.CATEGORIES or level not in words.LEVELS:
        raise _RefusedError("类别和等级要从单子里选。")
    steps.take_step(
        db,
        verdicts.recategorise,
        *_about(db, report, version),
        category=category,
        level=level,
    )
    return f"改成了：{words.CATEGORIES[category]}，{words.LEVELS[level]}。"


def _add_note(db: Connection, report: AnyRow, version: int) -> str:
    steps.take_step(db, verdicts.add_note, *_about(db, report, version), note=_read_note("note"))
    return "备注记下了。"


def _about(db: Connection, report: AnyRow, version: int) -> tuple[int, Doing, Deadlines]:
    services = get_services()
    doing = Doing(get_member().by, Actor.REVIEWER, services.now(), version)
    return report.id, doing, services.read_deadlines(db)


def _read_note(field: str) -> str:
    note = request.form.get(field, "").replace("\r\n", "\n").strip()
    if len(note) > LONGEST_NOTE:
        raise _RefusedError(f"写得太长了，最多 {LONGEST_NOTE} 个字，现在是 {len(note)} 个。")
    return note


def _read_version() -> int:
    version = request.form.get("version", "")
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        abort(400)
    return int(version)


def _get_state(code: str) -> str:
    with get_services().database.read() as db:
        report = find_report(db, code)
    if report is None:
        raise UnknownRowError("the report is gone")
    return str(report.state)
