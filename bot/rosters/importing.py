"""A roster file taken in whole or not at all, and what is said about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection

from bot.rosters import staff_roster, unit_roster
from bot.rosters.plans import Plan
from bot.rosters.sheets import read_sheet
from storage.database import Database

MOST_LINES_SAID = 200  # of changes or of faults; what follows is counted
BY = "operator"

Subject = Literal["units", "staff"]


class RosterRefusedError(Exception):
    """Raised when a row cannot be taken, so that nothing is; `lines` say why, each with its line number."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(f"{len(lines)} rows cannot be taken")
        self.lines = lines


def import_roster(database: Database, subject: Subject, path: Path, *, is_applied: bool, now: datetime) -> list[str]:
    """Return in words what a file changes, written in one transaction when `is_applied`.

    Raises RosterRefusedError, SheetError, OSError; then nothing is written.
    """
    titles, needs = (unit_roster.TITLES, "name") if subject == "units" else (staff_roster.TITLES, "display_name")
    sheet = read_sheet(path, titles, needs=needs)
    notes = [f"没用到的列：{'、'.join(sheet.unknown_titles)}"] if sheet.unknown_titles else []
    if not sheet.rows:
        return [*notes, "标题下面一行也没有，没什么可导的。"]

    def take(db: Connection) -> list[str]:
        if subject == "units":
            units = unit_roster.plan_units(db, sheet.rows)
            _check(units)
            if is_applied:
                unit_roster.apply_units(db, units, by=BY, now=now)
            said = _say(units, [change.entry.name for change in units.changes], len(sheet.rows), is_applied=is_applied)
        else:
            staff = staff_roster.plan_staff(db, sheet.rows)
            _check(staff)
            if is_applied:
                staff_roster.apply_staff(db, staff, by=BY, now=now)
            names = [change.entry.display_name for change in staff.changes]
            said = _say(staff, names, len(sheet.rows), is_applied=is_applied)
        return [*notes, *said]

    if is_applied:
        with database.write() as db:
            return take(db)
    with database.read() as db:
        return take(db)


def _check(plan: Plan[Any]) -> None:
    if plan.faults:
        raise RosterRefusedError(list(_cut([f"第 {fault.line} 行 {fault.said}" for fault in plan.faults])))


def _say(plan: Plan[Any], names: Sequence[str], row_count: int, *, is_applied: bool) -> Iterator[str]:
    lines = []
    for change, name in zip(plan.changes, names, strict=True):
        if change.row_id is None:
            lines.append(f"第 {change.line} 行 新增 {name}（{'；'.join(change.said)}）")
            continue
        back = ["停用着，恢复使用"] if change.comes_back else []
        lines.append(f"第 {change.line} 行 修改 {name}：{'；'.join([*back, *change.said])}")
    yield from _cut(lines)
    added = plan.added_count
    yield f"一共 {row_count} 行：新增 {added}，修改 {len(plan.changes) - added}，不变 {plan.same_count}。"
    if is_applied:
        yield "都写进去了。"
    elif plan.changes:
        yield "这是试一遍，什么也没写。没问题就加上 --apply 再运行一次。"


def _cut(lines: list[str]) -> Iterator[str]:
    yield from lines[:MOST_LINES_SAID]
    if len(lines) > MOST_LINES_SAID:
        yield f"…… 还有 {len(lines) - MOST_LINES_SAID} 处没列出来。"
