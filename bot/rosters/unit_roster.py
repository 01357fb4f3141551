"""The roster of units: its columns, what it would change, and the change itself. A unit is known by its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime

from sqlalchemy import Connection

from bot.rosters.fields import (
    UnitEntry,
    find_name_faults,
    find_point_faults,
    fold,
    get_unit_entry,
    list_taken,
    read_unit,
)
from bot.rosters.plans import Change, Fault, Plan
from bot.rosters.sheets import SheetRow, Titles
from storage.audit import record_audit_entry
from storage.units import UnitKind, UnitNames, add_unit, change_unit, list_units, reactivate_unit

TITLES: Titles = {
    "name": ("单位名称", "名称", "单位", "单位全称", "村名", "企业名称", "学校名称"),
    "kind": ("类型", "类别", "单位类型", "单位类别", "单位性质", "性质"),
    "aliases": ("别名", "俗名", "又名", "别称", "简称", "老名", "叫法"),
    "latitude": ("纬度", "lat"),
    "longitude": ("经度", "lng", "lon"),
    "headcount": ("人数", "职工人数", "从业人数", "从业人员", "人口"),
    "is_high_risk": ("高风险", "是否高风险", "高风险单位", "高危", "重点单位"),
}
FIELD_WORDS = {name: titles[0] for name, titles in TITLES.items()}
KIND_WORDS = {
    UnitKind.VILLAGE: "村",
    UnitKind.ENTERPRISE: "企业",
    UnitKind.OFFICE: "站所",
    UnitKind.SCHOOL: "学校",
}


def plan_units(db: Connection, rows: Sequence[SheetRow]) -> Plan[UnitEntry]:
    """Return what the rows would change. An empty cell changes nothing."""
    plan: Plan[UnitEntry] = Plan()
    known = {fold(row.name): row for row in list_units(db)}
    lines: dict[str, int] = {}
    for row in rows:
        values, faults = read_unit(row.cells)
        plan.add_faults(row.line, faults, FIELD_WORDS)
        if "name" not in row.cells:
            plan.faults.append(Fault(row.line, "单位名称空着。"))
        if faults or "name" not in values:
            continue
        key = fold(values["name"])
        if key in lines:
            plan.faults.append(Fault(row.line, f"和第 {lines[key]} 行是同一个单位“{values['name']}”。"))
            continue
        lines[key] = row.line
        before = known.get(key)
        if before is None:
            if "kind" not in values:
                plan.faults.append(Fault(row.line, f"“{values['name']}”是新单位，类型要写：村、企业、站所、学校。"))
                continue
            entry = UnitEntry(**values)
            plan.changes.append(Change(row.line, None, entry, [KIND_WORDS[entry.kind]]))
            continue
        old = get_unit_entry(before)
        entry = replace(old, **{**values, "name": before.name})
        said = list_differences(old, entry)
        if said or not before.is_active:
            plan.changes.append(Change(row.line, before.id, entry, said, comes_back=not before.is_active))
        else:
            plan.same_count += 1
    _check_entries(db, plan)
    return plan


def apply_units(db: Connection, plan: Plan[UnitEntry], *, by: str, now: datetime) -> None:
    """Write a plan without faults, with an audit entry for every change."""
    for change in plan.changes:
        entry, unit_id = change.entry, change.row_id
        if unit_id is None:
            save_unit(db, None, entry, by=by, now=now)
            continue
        if change.comes_back:
            reactivate_unit(db, unit_id)
            record_audit_entry(db, at=now, by=by, action="reactivate_unit", subject=f"unit:{unit_id}")
        if change.said:
            save_unit(db, unit_id, entry, by=by, now=now, note="；".join(change.said))


def save_unit(db: Connection, unit_id: int | None, entry: UnitEntry, *, by: str, now: datetime, note: str = "") -> int:
    """Add a unit, or change it, with an audit entry; returns its id."""
    if unit_id is None:
        unit_id = add_unit(
            db,
            name=entry.name,
            kind=entry.kind.value,
            aliases=entry.aliases,
            latitude=entry.latitude,
            longitude=entry.longitude,
            is_high_risk=entry.is_high_risk,
            headcount=entry.headcount,
            now=now,
        )
        record_audit_entry(db, at=now, by=by, action="add_unit", subject=f"unit:{unit_id}", note=entry.name)
        return unit_id
    change_unit(
        db,
        unit_id,
        name=entry.name,
        kind=entry.kind.value,
        aliases=entry.aliases,
        latitude=entry.latitude,
        longitude=entry.longitude,
        is_high_risk=entry.is_high_risk,
        headcount=entry.headcount,
    )
    record_audit_entry(db, at=now, by=by, action="change_unit", subject=f"unit:{unit_id}", note=note)
    return unit_id


def list_differences(old: UnitEntry, new: UnitEntry) -> list[str]:
    """Return what differs between two states of a unit, such as 人数 12 → 15."""
    return [
        f"{FIELD_WORDS[each.name]} {_say(getattr(old, each.name))} → {_say(getattr(new, each.name))}"
        for each in fields(UnitEntry)
        if getattr(old, each.name) != getattr(new, each.name)
    ]


def _say(value: object) -> str:
    match value:
        case UnitKind():
            return KIND_WORDS[value]
        case bool():
            return "是" if value else "否"
        case tuple():
            return "、".join(value) or "没有"
        case None:
            return "没写"
    return str(value)


def _check_entries(db: Connection, plan: Plan[UnitEntry]) -> None:
    """Note the rows by which two units would be called the same, whichever row comes first, and half points."""
    changed = {change.row_id for change in plan.changes}
    taken = list_taken(
        UnitNames(row.id, row.name, get_unit_entry(row).aliases)
        for row in list_units(db, only_active=True)
        if row.id not in changed
    )
    for change in plan.changes:
        entry = change.entry
        faults = {**find_name_faults(entry, taken), **find_point_faults(entry)}
        plan.add_faults(change.line, faults, FIELD_WORDS)
        taken.update(dict.fromkeys((fold(call) for call in entry.calls), entry.name))
    plan.faults.sort(key=lambda fault: fault.line)
