"""The roster of staff: roles, addresses, for which units somebody is the liaison, log-ins and bound chat accounts."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import segno
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection
from werkzeug.security import generate_password_hash

from bot import words
from bot.admin.accounts import get_member
from bot.admin.rights import Right, needs
from bot.admin.services import get_services
from bot.admin.units import read_ids
from bot.rosters.fields import StaffEntry, fold, read_staff
from bot.rosters.staff_roster import save_staff
from handlers.bindings import SCENE_PREFIX
from storage import bindings, staff, units
from storage.audit import record_audit_entry
from storage.staff import Role
from storage.types import AnyRow

MOST_SHOWN = 300
TEXT_FIELDS = ("display_name", "username", "role", "email")


def register(blueprint: Blueprint) -> None:
    """Put the views of staff on the blueprint."""
    blueprint.get("/staff")(show_staff)
    blueprint.get("/staff/new")(show_new_member)
    blueprint.post("/staff/new")(add_member)
    blueprint.get("/staff/<int:staff_id>")(show_member)
    blueprint.post("/staff/<int:staff_id>")(change_member)
    blueprint.post("/staff/<int:staff_id>/deactivate")(deactivate_member)
    blueprint.post("/staff/<int:staff_id>/reactivate")(reactivate_member)
    blueprint.post("/staff/<int:staff_id>/code")(make_code)
    blueprint.post("/staff/<int:staff_id>/unbind")(unbind_member)
    blueprint.post("/staff/<int:staff_id>/password")(give_password)


@needs(Right.READ)
def show_staff() -> ResponseReturnValue:
    """List the staff, narrowed by what is searched for; those who have left come last."""
    query = request.args.get("q", "").strip()[:80]
    with get_services().database.read() as db:
        everybody = staff.list_staff(db)
        unit_names = _list_unit_names(db)
    found = [
        row
        for row in everybody
        if not query
        or any(fold(query) in fold(call) for call in (row.display_name, row.username, *unit_names.get(row.id, ())))
    ]
    unbound = sum(row.is_active and row.role == Role.LIAISON and row.bound_at is None for row in everybody)
    return render_template(
        "admin/staff.html",
        place="rosters",
        tab="staff",
        rows=found[:MOST_SHOWN],
        found_count=len(found),
        total=len(everybody),
        liaison_count=sum(row.is_active and row.role == Role.LIAISON for row in everybody),
        unbound=unbound,
        unit_names=unit_names,
        query=query,
    )


@needs(Right.MANAGE)
def show_new_member() -> ResponseReturnValue:
    """Show an empty form."""
    with get_services().database.read() as db:
        return _render_form(db, None, {"role": words.ROLES[Role.LIAISON]}, frozenset())


@needs(Right.MANAGE)
def add_member() -> ResponseReturnValue:
    """Add somebody, who has no log-in until a password is given."""
    return _save(None)


@needs(Right.READ)
def show_member(staff_id: int) -> ResponseReturnValue:
    """Show somebody's form, which only who manages the roster can send."""
    with get_services().database.read() as db:
        row = _get_member(db, staff_id)
        chosen = frozenset(unit.id for unit in staff.list_liaison_units(db, staff_id))
        return _render_form(db, row, _fill(row), chosen)


@needs(Right.MANAGE)
def change_member(staff_id: int) -> ResponseReturnValue:
    """Change what is known of somebody and for which units they are the liaison."""
    return _save(staff_id)


@needs(Right.MANAGE)
def deactivate_member(staff_id: int) -> ResponseReturnValue:
    """End somebody's log-ins and binding; nobody can do that to themselves, so that one admin is always left."""
    services, member = get_services(), get_member()
    with services.database.write() as db:
        row = _get_member(db, staff_id)
        if staff_id == member.id:
            flash("不能停用自己，请另一位管理员来办。")
            return redirect(url_for("admin.show_member", staff_id=staff_id))
        if staff.deactivate_staff(db, staff_id, now=services.now()):
            record_audit_entry(
                db, at=services.now(), by=member.by, action="deactivate_staff", subject=f"staff:{staff_id}"
            )
    flash(f"{row.display_name}停用了，登录和绑定都断开了。")
    return redirect(url_for("admin.show_member", staff_id=staff_id))


@needs(Right.MANAGE)
def reactivate_member(staff_id: int) -> ResponseReturnValue:
    """Take somebody back."""
    services, member = get_services(), get_member()
    with services.database.write() as db:
        row = _get_member(db, staff_id)
        if staff.reactivate_staff(db, staff_id):
            record_audit_entry(
                db, at=services.now(), by=member.by, action="reactivate_staff", subject=f"staff:{staff_id}"
            )
    flash(f"{row.display_name}恢复了。微信要重新绑。")
    return redirect(url_for("admin.show_member", staff_id=staff_id))


@needs(Right.MANAGE)
def make_code(staff_id: int) -> ResponseReturnValue:
    """Make a code that binds a chat account, and show it this once, as a QR code too when the platform answers."""
    services, member = get_services(), get_member()
    now = services.now()
    with services.database.write() as db:
        row = _get_active(db, staff_id)
        code = bindings.make_bind_code(db, staff_id, by=member.by, now=now, choose=secrets.choice)
        record_audit_entry(db, at=now, by=member.by, action="make_bind_code", subject=f"staff:{staff_id}")
    address = services.make_bind_qr(f"{SCENE_PREFIX}{code}")  # after the commit: the platform may take its time
    picture = segno.make(address, micro=False).png_data_uri(scale=8, border=3) if address else None
    return render_template(
        "admin/bind_code.html",
        place="rosters",
        tab="staff",
        person=row,
        code=code,
        picture=picture,
        expires_at=now + bindings.CODE_LIFETIME,
    )


@needs(Right.MANAGE)
def unbind_member(staff_id: int) -> ResponseReturnValue:
    """Take somebody's chat account away, for a lost telephone."""
    services, member = get_services(), get_member()
    with services.database.write() as db:
        row = _get_member(db, staff_id)
        if bindings.unbind(db, staff_id):
            record_audit_entry(db, at=services.now(), by=member.by, action="unbind", subject=f"staff:{staff_id}")
    flash(f"{row.display_name}的微信解绑了。")
    return redirect(url_for("admin.show_member", staff_id=staff_id))


@needs(Right.MANAGE)
def give_password(staff_id: int) -> ResponseReturnValue:
    """Give somebody a password that is shown this once and must be changed at the first log-in."""
    services, member = get_services(), get_member()
    password = secrets.token_urlsafe(9)
    password_hash = generate_password_hash(password, method=services.password_method)
    with services.database.write() as db:
        row = _get_active(db, staff_id)
        if staff_id == member.id:
            flash("自己的密码在右上角“换密码”里改。")
            return redirect(url_for("admin.show_member", staff_id=staff_id))
        staff.give_password(db, staff_id, password_hash=password_hash)
        record_audit_entry(db, at=services.now(), by=member.by, action="give_password", subject=f"staff:{staff_id}")
    return render_template("admin/given_password.html", place="rosters", tab="staff", person=row, password=password)


def _save(staff_id: int | None) -> ResponseReturnValue:
    services, member = get_services(), get_member()
    typed = {field: request.form.get(field, "") for field in TEXT_FIELDS}
    with services.database.write() as db:
        row = None if staff_id is None else _get_member(db, staff_id)
        chosen = read_ids("unit", {unit.id for unit in units.list_units(db, only_active=True)})
        values, faults = read_staff(typed)
        entry = StaffEntry(**values, unit_ids=chosen) if not faults else None
        if entry is not None:
            faults = _find_faults(db, row, entry)
        if entry is None or faults:
            return _render_form(db, row, typed, chosen, faults), 422
        saved_id = save_staff(db, staff_id, entry, by=member.by, now=services.now())
    flash(f"{entry.display_name}存好了。")
    return redirect(url_for("admin.show_member", staff_id=saved_id))


def _find_faults(db: Connection, row: AnyRow | None, entry: StaffEntry) -> dict[str, str]:
    faults: dict[str, str] = {}
    if entry.username and any(
        other.username == entry.username and (row is None or other.id != row.id) for other in staff.list_staff(db)
    ):
        faults["username"] = "这个登录名有人用了，换一个。"
    if row is not None and not entry.username:
        faults["username"] = "登录名不能空着。"
    if row is not None and row.id == get_member().id and entry.role != row.role:
        faults["role"] = "不能改自己的角色，请另一位管理员来改。"
    return faults


def _get_member(db: Connection, staff_id: int) -> AnyRow:
    row = staff.find_anybody(db, staff_id)
    if row is None:
        abort(404)
    return row


def _get_active(db: Connection, staff_id: int) -> AnyRow:
    row = _get_member(db, staff_id)
    if not row.is_active:
        abort(404)
    return row


def _list_unit_names(db: Connection) -> Mapping[int, list[str]]:
    names = {row.id: row.name for row in units.list_units(db, only_active=True)}
    by_member: dict[int, list[str]] = {}
    for staff_id, unit_id in staff.list_liaison_pairs(db):
        if unit_id in names:
            by_member.setdefault(staff_id, []).append(names[unit_id])
    return by_member


def _fill(row: AnyRow) -> dict[str, str]:
    return {
        "display_name": row.display_name,
        "username": row.username,
        "role": words.ROLES[row.role],
        "email": row.email,
    }


def _render_form(
    db: Connection,
    row: AnyRow | None,
    typed: Mapping[str, str],
    chosen: frozenset[int],
    faults: Mapping[str, str] | None = None,
) -> str:
    choices = sorted(units.list_units(db, only_active=True), key=lambda unit: unit.id not in chosen)
    return render_template(
        "admin/member.html",
        place="rosters",
        tab="staff",
        person=row,
        typed=typed,
        faults=faults or {},
        choices=choices,
        chosen=chosen,
        may_change=get_member().can(Right.MANAGE),
    )
