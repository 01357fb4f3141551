"""How a step is taken on a report's page: refused in words, or kept in the audit and the claim on it released."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from bot import words
from bot.admin import telling
from bot.admin.accounts import get_member
from bot.admin.acts import ACTS, Act, Desk
from bot.admin.claims import refuse_what_is_claimed
from bot.admin.forms import RefusedError, read_day, read_version
from bot.admin.queue import build_filter_args, read_filter
from bot.admin.rights import Right, needs
from bot.admin.services import get_services
from storage.audit import record_audit_entry
from storage.errors import (
    AlreadyExtendedError,
    ForbiddenTransitionError,
    MissingReasonError,
    SamePersonError,
    StaleVersionError,
    UnknownRowError,
)
from storage.reports.claims import release
from storage.reports.queue import find_report
from storage.reports.transitions import Action

STALE = "刚才有别人改过这一条。下面是最新的样子，您写的还在，看一眼再交。"
FORBIDDEN = "这一条现在是“{state}”，不能再这样办。下面是最新的样子。"
SAME_PERSON = "整改是您记的，要换一个人销号。"
EXTENDED = "这一条已经延过一次，不能再延。"
NO_REASON = "还有要写的没有写。"
# Remarks disturb nobody, so they are taken whoever has the report in hand.
_FOR_ANYBODY = frozenset({Action.ADD_NOTE})


class RenderReport(Protocol):
    """Renders a report's page with a fault and what was typed."""

    def __call__(
        self,
        code: str,
        *,
        fault: str = "",
        beside: str = "",
        opened: str = "",
        typed: Mapping[str, str] | None = None,
    ) -> str: ...


def register(blueprint: Blueprint, render_report: RenderReport) -> None:
    """Put a view for each step on the blueprint; a refused one answers with the report's page."""
    for action, act in ACTS.items():
        view = _build_view(action, act, render_report)
        path = f"/reports/<code>/{action.value.replace('_', '-')}"
        blueprint.add_url_rule(path, action.value, view, methods=["POST"])


def say_refusal(code: str, error: Exception) -> str:
    """Return in plain words why a step on a report was refused; raises what is nobody's to hear."""
    match error:
        case StaleVersionError():
            return STALE
        case SamePersonError():
            return SAME_PERSON
        case AlreadyExtendedError():
            return EXTENDED
        case ForbiddenTransitionError() | UnknownRowError():
            with get_services().database.read() as db:
                report = find_report(db, code)
            return FORBIDDEN.format(state="" if report is None else words.STATES[report.state])
        case MissingReasonError():
            return NO_REASON
    raise error


def _build_view(action: Action, act: Act, render_report: RenderReport) -> Callable[..., ResponseReturnValue]:
    @needs(Right.DECIDE)
    def decide(code: str) -> ResponseReturnValue:
        services, member = get_services(), get_member()
        typed = {field: value for field, value in request.form.items() if field != "csrf_token"}
        if "look" in request.form:
            return _look(code, action, typed, render_report)
        fault, beside, status = "", "", 409
        try:
            with services.database.write() as db:
                report = find_report(db, code)
                if report is None:
                    abort(404)
                if action not in _FOR_ANYBODY:
                    refuse_what_is_claimed(db, report, by=member.by, now=services.now())
                desk = Desk(report, member.by, services.now(), read_version(), services.read_deadlines(db))
                said = act(db, desk)
                release(db, report.id, by=member.by)
                record_audit_entry(
                    db, at=services.now(), by=member.by, action=action.value, subject=f"report:{report.id}", note=code
                )
        except RefusedError as refusal:
            fault, beside, status = str(refusal), refusal.field, 422 if refusal.field else 409
        except (StaleVersionError, ForbiddenTransitionError, MissingReasonError, UnknownRowError) as error:
            fault = say_refusal(code, error)
            status = 422 if isinstance(error, MissingReasonError) else 409
        if fault:
            return render_report(code, fault=fault, beside=beside, opened=action.value, typed=typed), status
        flash(said)
        return redirect(url_for("admin.show_report", code=code, **build_filter_args(read_filter(request.args))))

    return decide


def _look(code: str, action: Action, typed: dict[str, str], render_report: RenderReport) -> ResponseReturnValue:
    """Show a form again with the reporter's text as it would go out, for pages without a script."""
    services = get_services()
    with services.database.read() as db:
        report = find_report(db, code)
        if report is None:
            abort(404)
        deadlines = services.read_deadlines(db)
    try:
        day = read_day("due_on") or read_day("until_on")
    except RefusedError as refusal:
        return render_report(code, fault=str(refusal), beside=refusal.field, opened=action.value, typed=typed), 422
    typed["says"] = telling.finish(
        typed.get("says", ""),
        report,
        deadlines,
        reason=typed.get("reason", "") or "{理由}",
        unit=typed.get("authority", "") or "{单位}",
        due_at=None if day is None else deadlines.calendar.end_day(day),
    )
    return render_report(code, opened=action.value, typed=typed)
