"""The roster of units: villages, enterprises, offices and schools, their names and liaisons; who sees to what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from bot import words
from bot.admin.accounts import get_member
from bot.admin.rights import Right, needs
from bot.admin.services import get_services
from bot.rosters.fields import (
    UnitEntry,
    find_name_faults,
    find_point_faults,
    fold,
    get_unit_entry,
    list_taken,
    read_unit,
)
from bot.rosters.unit_roster import list_differences, save_unit
from storage import staff, units
from storage.audit import record_audit_entry
from storage.types import AnyRow
from storage.units import UnitKind, UnitNames, read_aliases

MOST_SHOWN = 300  # units on one page; a township has some hundreds
TEXT_FIELDS = ("name", "kind", "aliases", "headcount", "latitude", "longitude")


def register(blueprint: Blueprint) -> None:
    """Put the views of units and offices on the blueprint."""
    blueprint.get("/units")(show_units)
    blueprint.get("/units/new")(show_new_unit)
    blueprint.post("/units/new")(add_unit)
    blueprint.get("/units/<int:unit_id>")(show_unit)
    blueprint.post("/units/<int:unit_id>")(change_unit)
    blueprint.post("/units/<int:unit_id>/deactivate")(deactivate_unit)
    blueprint.post("/units/<int:unit_id>/reactivate")(reactivate_unit)
    blueprint.get("/offices")(show_offices)
    blueprint.post("/offices")(save_offices)


@needs(Right.READ)
def show_units() -> ResponseReturnValue:
    """List the units, narrowed by what is searched for; those out of use come last."""
    query = request.args.get("q", "").strip()[:80]
    kind = request.args.get("kind", "")
    kind = kind if kind in words.UNIT_KINDS else ""
    with get_services().database.read() as db:
        everything = units.list_units(db)
        liaisons = _list_liaison_names(db)
    found = [row for row in everything if (not kind or row.kind == kind) and _is_called(row, query)]
    found.sort(key=lambda row: not row.is_active)
    counts = {code: sum(row.kind == code and row.is_active for row in everything) for code in words.UNIT_KINDS}
    return render_template(
        "admin/units.html",
        place="rosters",
        tab="units",
        rows=found[:MOST_SHOWN],
        found_count=len(found),
        total=len(everything),
        counts=counts,
        liaisons=liaisons,
        aliases=read_aliases,
        query=query,
        kind=kind,
    )


@needs(Right.MANAGE)
def show_new_unit() -> ResponseReturnValue:
    """Show an empty form."""
    with get_services().database.read() as db:
        return _render_form(db, None, {"kind": "", "is_high_risk": ""}, frozenset())


@needs(Right.MANAGE)
def add_unit() -> ResponseReturnValue:
    """Add a unit with its liaisons."""
    return _save(None)


@needs(Right.READ)
def show_unit(unit_id: int) -> ResponseReturnValue:
    """Show a unit's form, which only who manages the roster can send."""
    with get_services().database.read() as db:
        row = _get_unit(db, unit_id)
        chosen = frozenset(member.id for member in staff.list_liaisons(db, unit_id))
        return _render_form(db, row, _fill(get_unit_entry(row)), chosen)


@needs(Right.MANAGE)
def change_unit(unit_id: int) -> ResponseReturnValue:
    """Change what is known of a unit and who its liaisons are."""
    return _save(unit_id)


@needs(Right.MANAGE)
def deactivate_unit(unit_id: int) -> ResponseReturnValue:
    """Take a unit out of use; its reports stay."""
    services, member = get_services(), get_member()
    with services.database.write() as db:
        row = _get_unit(db, unit_id)
        if units.deactivate_unit(db, unit_id):
            record_audit_entry(db, at=services.now(), by=member.by, action="deactivate_unit", subject=f"unit:{unit_id}")
    flash(f"“{row.name}”停用了，原来的上报都在。")
    return redirect(url_for("admin.show_unit", unit_id=unit_id))


@needs(Right.MANAGE)
def reactivate_unit(unit_id: int) -> ResponseReturnValue:
    """Take a unit into use again, unless another one is called the same by now."""
    services, member = get_services(), get_member()
    with services.database.write() as db:
        row = _get_unit(db, unit_id)
        faults = find_name_faults(get_unit_entry(row), _list_taken(db, unit_id))
        if not faults and units.reactivate_unit(db, unit_id):
            record_audit_entry(db, at=services.now(), by=member.by, action="reactivate_unit", subject=f"unit:{unit_id}")
    flash(f"没有恢复。{' '.join(faults.values())}" if faults else f"“{row.name}”恢复使用了。")
    return redirect(url_for("admin.show_unit", unit_id=unit_id))


@needs(Right.READ)
def show_offices() -> ResponseReturnValue:
    """Show which office sees to which kind of hazard."""
    with get_services().database.read() as db:
        return _render_offices(db, units.list_category_offices(db))


@needs(Right.MANAGE)
def save_offices() -> ResponseReturnValue:
    """Keep which office sees to which kind of hazard."""
    services, member = get_services(), get_member()
    with services.database.write() as db:
        known = {str(row.id): row for row in units.list_units(db, only_active=True)}
        before = units.list_category_offices(db)
        chosen = {category: request.form.get(category, "") for category in words.CATEGORIES}
        after = {category: known[typed].id for category, typed in chosen.items() if typed in known}
        units.set_category_offices(db, after)
        changed = [category for category in words.CATEGORIES if before.get(category) != after.get(category)]
        if changed:
            record_audit_entry(
                db, at=services.now(), by=member.by, action="set_offices", subject="offices", note=" ".join(changed)
            )
    flash("分工存好了。")
    return redirect(url_for("admin.show_offices"))


def _save(unit_id: int | None) -> ResponseReturnValue:
    services, member = get_services(), get_member()
    typed = {field: request.form.get(field, "") for field in TEXT_FIELDS}
    typed["is_high_risk"] = "是" if request.form.get("is_high_risk") else ""
    with services.database.write() as db:
        row = None if unit_id is None else _get_unit(db, unit_id)
        chosen = read_ids("liaison", {each.id for each in staff.list_staff(db) if each.is_active})
        values, faults = read_unit(typed)
        entry = None if faults else UnitEntry(**values)
        if entry is not None:
            faults = {**find_name_faults(entry, _list_taken(db, unit_id)), **find_point_faults(entry)}
        if entry is None or faults:
            return _render_form(db, row, typed, chosen, faults), 422
        differences = list_differences(get_unit_entry(row), entry) if row is not None else []
        if row is None or differences:
            unit_id = save_unit(db, unit_id, entry, by=member.by, now=services.now(), note="；".join(differences))
        if unit_id is not None and {each.id for each in staff.list_liaisons(db, unit_id)} != chosen:
            staff.set_liaisons(db, unit_id, chosen)
            record_audit_entry(db, at=services.now(), by=member.by, action="set_liaisons", subject=f"unit:{unit_id}")
    flash(f"“{entry.name}”存好了。")
    return redirect(url_for("admin.show_units"))


def read_ids(field: str, known: set[int]) -> frozenset[int]:
    """Return the rows that were ticked in a list; what is not among the known ones is left out."""
    return frozenset(int(typed) for typed in request.form.getlist(field) if typed.isdecimal()) & known


def _get_unit(db: Connection, unit_id: int) -> AnyRow:
    row = units.find_unit(db, unit_id)
    if row is None:
        abort(404)
    return row


def _list_taken(db: Connection, unit_id: int | None) -> Mapping[str, str]:
    """Return how every other unit is called; of one out of use the name alone is kept for it."""
    return list_taken(
        UnitNames(row.id, row.name, read_aliases(row) if row.is_active else ())
        for row in units.list_units(db)
        if row.id != unit_id
    )


def _is_called(row: AnyRow, query: str) -> bool:
    return not query or any(fold(query) in fold(call) for call in (row.name, *read_aliases(row)))


def _list_liaison_names(db: Connection) -> Mapping[int, list[str]]:
    names = {row.id: row.display_name for row in staff.list_staff(db) if row.is_active}
    by_unit: dict[int, list[str]] = {}
    for staff_id, unit_id in staff.list_liaison_pairs(db):
        if staff_id in names:
            by_unit.setdefault(unit_id, []).append(names[staff_id])
    return by_unit


def _fill(entry: UnitEntry) -> dict[str, str]:
    return {
        "name": entry.name,
        "kind": words.UNIT_KINDS[entry.kind],
        "aliases": "\n".join(entry.aliases),
        "headcount": "" if entry.headcount is None else str(entry.headcount),
        "latitude": "" if entry.latitude is None else str(entry.latitude),
        "longitude": "" if entry.longitude is None else str(entry.longitude),
        "is_high_risk": "是" if entry.is_high_risk else "",
    }


def _render_form(
    db: Connection,
    row: AnyRow | None,
    typed: Mapping[str, str],
    chosen: frozenset[int],
    faults: Mapping[str, str] | None = None,
) -> str:
    people = [member for member in staff.list_staff(db) if member.is_active]
    people.sort(key=lambda member: (member.id not in chosen, member.role != staff.Role.LIAISON))
    return render_template(
        "admin/unit.html",
        place="rosters",
        tab="units",
        unit=row,
        typed=typed,
        faults=faults or {},
        people=people,
        chosen=chosen,
        may_change=get_member().can(Right.MANAGE),
    )


def _render_offices(db: Connection, offices: Mapping[str, int]) -> str:
    rows: Sequence[Any] = units.list_units(db, only_active=True)
    used = set(offices.values())
    # 站所 are what this is about; another unit is offered where it was chosen before.
    choices = [row for row in rows if row.kind == UnitKind.OFFICE or row.id in used]
    return render_template(
        "admin/offices.html",
        place="rosters",
        tab="offices",
        choices=choices,
        offices=offices,
        may_change=get_member().can(Right.MANAGE),
    )
