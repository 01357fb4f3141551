"""The office's holidays and make-up days: what is published, what was entered, and which year nobody knows yet."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.admin.accounts import get_member
from bot.admin.forms import RefusedError, read_day, read_text
from bot.admin.rights import Right, needs
from bot.admin.services import get_services
from storage.audit import record_audit_entry
from storage.calendar import forget_holiday, list_holidays, set_holiday

LONGEST_NAME = 40  # characters
TELL_NEXT_YEAR_FROM = 11  # the month in which the State Council publishes the year after


def register(blueprint: Blueprint) -> None:
    """Put the views of the holidays on the blueprint."""
    blueprint.get("/holidays")(show_holidays)
    blueprint.post("/holidays")(save_holiday)
    blueprint.post("/holidays/<day>/forget")(remove_holiday)


@needs(Right.READ)
def show_holidays() -> ResponseReturnValue:
    """Show what was entered, and warn of a year that is not known."""
    return _render()


@needs(Right.DECIDE)
def save_holiday() -> ResponseReturnValue:
    """Enter a day as worked or not."""
    services, member = get_services(), get_member()
    kind = request.form.get("kind", "")
    try:
        day = read_day("day")
        if day is None:
            raise RefusedError("写上哪一天。", "day")
        if kind not in {"off", "work"}:
            raise RefusedError("选放假还是上班。", "kind")
        name = read_text("name", most=LONGEST_NAME)
    except RefusedError as refusal:
        return _render(fault=str(refusal), beside=refusal.field), 422
    with services.database.write() as db:
        set_holiday(db, day, is_working=kind == "work", name=name)
        note = f"{'上班' if kind == 'work' else '放假'} {name}".strip()
        subject = f"holiday:{day.isoformat()}"
        record_audit_entry(db, at=services.now(), by=member.by, action="set_holiday", subject=subject, note=note)
    flash(f"{day.year}年{day.month}月{day.day}日记为{'上班' if kind == 'work' else '放假'}，新的期限照这个算。")
    return redirect(url_for("admin.show_holidays"))


@needs(Right.DECIDE)
def remove_holiday(day: str) -> ResponseReturnValue:
    """Leave a day to what is published."""
    services, member = get_services(), get_member()
    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        abort(404)
    with services.database.write() as db:
        forget_holiday(db, wanted)
        subject = f"holiday:{wanted.isoformat()}"
        record_audit_entry(db, at=services.now(), by=member.by, action="forget_holiday", subject=subject)
    flash("去掉了，这一天照国家的放假安排算。")
    return redirect(url_for("admin.show_holidays"))


def _render(*, fault: str = "", beside: str = "") -> str:
    services = get_services()
    with services.database.read() as db:
        rows = list_holidays(db)
        calendar = services.read_deadlines(db).calendar
    today = calendar.get_day(services.now())
    years = [today.year, today.year + 1]
    return render_template(
        "admin/holidays.html",
        place="holidays",
        rows=[(date.fromisoformat(row.day), row) for row in rows],
        unknown=[year for year in years if not calendar.is_known(year)],
        known=[year for year in years if calendar.is_known(year)],
        this_year=today.year,
        is_late=today.month >= TELL_NEXT_YEAR_FROM,
        weekdays="一二三四五六日",
        fault=fault,
        beside=beside,
        typed=request.form if fault else {},
    )
