"""The roster of staff: its columns, what it would change, and the change itself.

Somebody is known by the username, or by name and unit; who is added here has no log-in until a password is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from bot.rosters.fields import StaffEntry, fold, read_staff, split_names
from bot.rosters.plans import Change, Fault, Plan
from bot.rosters.sheets import SheetRow, Titles
from storage.audit import record_audit_entry
from storage.staff import (
    Role,
    add_staff,
    change_staff,
    list_liaison_pairs,
    list_staff,
    next_username,
    reactivate_staff,
    set_liaison_units,
)
from storage.types import AnyRow
from storage.units import list_unit_names

TITLES: Titles = {
    "display_name": ("姓名", "名字", "联系人", "联系人姓名"),
    "username": ("登录名", "用户名", "账号"),
    "role": ("角色", "身份"),
    "units": ("单位", "所属单位", "单位名称", "村", "企业", "负责单位"),
    "email": ("邮箱", "电子邮箱", "电子邮件", "email"),
}
FIELD_WORDS = {name: titles[0] for name, titles in TITLES.items()}
ROLE_WORDS = {
    Role.LIAISON: "联系人",
    Role.REVIEWER: "审核员",
    Role.LEADER: "领导",
    Role.KEEPER: "保密专人",
    Role.ADMIN: "管理员",
}


@dataclass(frozen=True, slots=True)
class _Known:
    """Everybody and every unit that a row may mean."""

    by_username: Mapping[str, AnyRow]
    by_name: Mapping[str, Sequence[AnyRow]]
    unit_ids: Mapping[int, frozenset[int]]  # of each member of staff
    units_by_call: Mapping[str, int]
    unit_names: Mapping[int, str]


def plan_staff(db: Connection, rows: Sequence[SheetRow]) -> Plan[StaffEntry]:
    """Return what the rows would change. An empty cell changes nothing."""
    plan: Plan[StaffEntry] = Plan()
    known = _look_up(db)
    lines: dict[object, int] = {}
    for row in rows:
        values, faults = read_staff(row.cells)
        unit_ids, unknown = _find_units(known, row.cells.get("units", ""))
        if unknown:
            faults["units"] = f"没有“{'”“'.join(unknown)}”这个单位，先把单位导进来，或者改成名册里的叫法。"
        plan.add_faults(row.line, faults, FIELD_WORDS)
        if "display_name" not in row.cells:
            plan.faults.append(Fault(row.line, "姓名空着。"))
        if faults or "display_name" not in values:
            continue
        before = _find_member(known, values["display_name"], values.get("username", ""), unit_ids)
        if len(before) > 1:
            plan.faults.append(
                Fault(row.line, f"有 {len(before)} 个人叫“{values['display_name']}”，写上登录名或者单位。")
            )
            continue
        member = before[0] if before else None
        key = member.id if member else (values.get("username") or fold(values["display_name"]), unit_ids)
        if key in lines:
            plan.faults.append(Fault(row.line, f"和第 {lines[key]} 行是同一个人“{values['display_name']}”。"))
            continue
        lines[key] = row.line
        _add_change(plan, known, row.line, member, values, unit_ids)
    plan.faults.sort(key=lambda fault: fault.line)
    return plan


def apply_staff(db: Connection, plan: Plan[StaffEntry], *, by: str, now: datetime) -> None:
    """Write a plan without faults, with an audit entry for every change."""
    for change in plan.changes:
        if change.row_id is not None and change.comes_back:
            reactivate_staff(db, change.row_id)
            record_audit_entry(db, at=now, by=by, action="reactivate_staff", subject=f"staff:{change.row_id}")
        if change.row_id is None or change.said:
            save_staff(db, change.row_id, change.entry, by=by, now=now)


def save_staff(db: Connection, staff_id: int | None, entry: StaffEntry, *, by: str, now: datetime) -> int:
    """Add a member of staff without a log-in, or change one, with an audit entry; returns the id.

    Without a username a free one is given. The audit entry holds no address and no name.
    """
    username = entry.username or next_username(db)
    action = "change_staff"
    if staff_id is None:
        staff_id = add_staff(
            db,
            username=username,
            display_name=entry.display_name,
            role=entry.role,
            password_hash="",  # nobody can log in with it
            email=entry.email,
            now=now,
        )
        action = "add_staff"
    else:
        change_staff(
            db, staff_id, username=username, display_name=entry.display_name, role=entry.role, email=entry.email
        )
    set_liaison_units(db, staff_id, entry.unit_ids)
    record_audit_entry(db, at=now, by=by, action=action, subject=f"staff:{staff_id}", note=entry.role.value)
    return staff_id


def _look_up(db: Connection) -> _Known:
    units = list_unit_names(db)
    pairs: dict[int, set[int]] = {}
    for staff_id, unit_id in list_liaison_pairs(db):
        pairs.setdefault(staff_id, set()).add(unit_id)
    everybody = list_staff(db)
    by_name: dict[str, list[AnyRow]] = {}
    for row in everybody:
        by_name.setdefault(fold(row.display_name), []).append(row)
    return _Known(
        {row.username: row for row in everybody},
        by_name,
        {staff_id: frozenset(unit_ids) for staff_id, unit_ids in pairs.items()},
        {fold(call): unit.id for unit in units for call in (*unit.aliases, unit.name)},
        {unit.id: unit.name for unit in units},
    )


def _find_units(known: _Known, typed: str) -> tuple[frozenset[int], list[str]]:
    names = split_names(typed)
    unknown = [name for name in names if fold(name) not in known.units_by_call]
    return frozenset(known.units_by_call[fold(name)] for name in names if name not in unknown), unknown


def _find_member(known: _Known, name: str, username: str, unit_ids: frozenset[int]) -> list[AnyRow]:
    """Return who a row may mean; somebody who has left only where nobody else is meant."""
    if username:
        return [known.by_username[username]] if username in known.by_username else []
    called = list(known.by_name.get(fold(name), ()))
    if unit_ids:
        called = [row for row in called if known.unit_ids.get(row.id, frozenset()) & unit_ids]
    return [row for row in called if row.is_active] or called


def _add_change(
    plan: Plan[StaffEntry],
    known: _Known,
    line: int,
    member: AnyRow | None,
    values: Mapping[str, object],
    unit_ids: frozenset[int],
) -> None:
    if member is None:
        entry = StaffEntry(**{**values, "unit_ids": unit_ids})  # type: ignore[arg-type]  # read by their own readers
        plan.changes.append(Change(line, None, entry, [_say_post(known, entry)]))
        return
    old_units = known.unit_ids.get(member.id, frozenset())
    old = StaffEntry(member.display_name, member.username, Role(member.role), member.email, old_units)
    entry = replace(old, **{**values, "unit_ids": unit_ids or old_units})  # type: ignore[arg-type]  # as above
    said = _list_differences(known, old, entry)
    if said or not member.is_active:
        plan.changes.append(Change(line, member.id, entry, said, comes_back=not member.is_active))
    else:
        plan.same_count += 1


def _list_differences(known: _Known, old: StaffEntry, new: StaffEntry) -> list[str]:
    pairs = {
        "姓名": (old.display_name, new.display_name),
        "角色": (ROLE_WORDS[old.role], ROLE_WORDS[new.role]),
        "单位": (_say_units(known, old.unit_ids), _say_units(known, new.unit_ids)),
        "邮箱": (old.email or "没写", new.email or "没写"),
    }
    return [f"{what} {before} → {after}" for what, (before, after) in pairs.items() if before != after]


def _say_post(known: _Known, entry: StaffEntry) -> str:
    units = _say_units(known, entry.unit_ids) if entry.unit_ids else ""
    return f"{units}{ROLE_WORDS[entry.role]}"


def _say_units(known: _Known, unit_ids: frozenset[int]) -> str:
    return "、".join(sorted(known.unit_names.get(unit_id, "停用的单位") for unit_id in unit_ids)) or "没有"
