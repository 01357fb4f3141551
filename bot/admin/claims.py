"""Who of the reviewers has a report in hand, so that two do not do the same: claimed for a while, or taken over."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from bot.admin.accounts import get_member
from bot.admin.forms import RefusedError
from bot.admin.queue import build_filter_args, read_filter
from bot.admin.rights import Right, needs
from bot.admin.services import get_services
from storage.audit import record_audit_entry
from storage.reports import claims
from storage.reports.queue import find_report
from storage.staff import find_staff
from storage.types import AnyRow

CLAIMED_FOR = timedelta(minutes=15)
CLAIMED = "{name}正在办这一条，还有 {minutes} 分钟。要接手，先点“我来接着办”。"


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim as the page says it."""

    name: str
    minutes: int
    is_own: bool


def register(blueprint: Blueprint) -> None:
    """Put the views of claims on the blueprint."""
    blueprint.post("/reports/<code>/claim")(claim_report)
    blueprint.post("/reports/<code>/release")(release_report)


@needs(Right.DECIDE)
def claim_report(code: str) -> ResponseReturnValue:
    """Take a report in hand; what somebody else has only with `over`. A script is answered without a page."""
    services, member = get_services(), get_member()
    takes_over = "over" in request.form
    with services.database.write() as db:
        report = find_report(db, code)
        if report is None:
            abort(404)
        held = take_in_hand(db, report.id, by=member.by, now=services.now(), takes_over=takes_over)
        if held is None and takes_over:
            record_audit_entry(
                db, at=services.now(), by=member.by, action="claim", subject=f"report:{report.id}", note=code
            )
    if "quiet" in request.form:
        return "", 204 if held is None else 409
    if held is not None:
        flash(CLAIMED.format(name=held.name, minutes=held.minutes))
    elif not takes_over:
        flash(f"{code} 记在您名下，{CLAIMED_FOR // timedelta(minutes=1)} 分钟里别人看得到您在办。")
    return redirect(url_for("admin.show_report", code=code, **build_filter_args(read_filter(request.args))))


@needs(Right.DECIDE)
def release_report(code: str) -> ResponseReturnValue:
    """Leave a report to the others."""
    services, member = get_services(), get_member()
    with services.database.write() as db:
        report = find_report(db, code)
        if report is None:
            abort(404)
        claims.release(db, report.id, by=member.by)
    return redirect(url_for("admin.show_report", code=code, **build_filter_args(read_filter(request.args))))


def take_in_hand(db: Connection, report_id: int, *, by: str, now: datetime, takes_over: bool = False) -> Claim | None:
    """Claim a report for a quarter of an hour; returns the claim of whoever has it, None when it is one's own now."""
    held = claims.claim(db, report_id, by=by, now=now, until=now + CLAIMED_FOR, takes_over=takes_over)
    return None if held is None else to_claim(db, held, by=by, now=now)


def find_claim(db: Connection, report_id: int, *, by: str, now: datetime) -> Claim | None:
    """Return who has a report in hand."""
    held = claims.find_claim(db, report_id, now=now)
    return None if held is None else to_claim(db, held, by=by, now=now)


def refuse_what_is_claimed(db: Connection, report: AnyRow, *, by: str, now: datetime) -> None:
    """Raise RefusedError when somebody else has a report in hand."""
    held = find_claim(db, report.id, by=by, now=now)
    if held is not None and not held.is_own:
        raise RefusedError(CLAIMED.format(name=held.name, minutes=held.minutes))


def to_claim(db: Connection, held: AnyRow, *, by: str, now: datetime) -> Claim:
    """Return a row of claims as the page says it."""
    username = held.by.removeprefix("staff:")
    row = find_staff(db, username)
    minutes = max(1, math.ceil((held.until - now) / timedelta(minutes=1)))
    return Claim(username if row is None else row.display_name, minutes, held.by == by)
