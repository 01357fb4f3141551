"""A small township for tests of what is told to staff: units, staff with their units, and reports on their way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, update

from storage.reports.assignments import HandOver, assignments, open_assignment
from storage.reports.tables import ReportState, report_history, reports
from storage.staff import Role, add_staff, liaisons
from storage.units import add_unit, category_offices
from tests.factories import make_report

CHINA = ZoneInfo("Asia/Shanghai")
LONG_AGO = datetime(2025, 1, 1, tzinfo=CHINA)


@dataclass(frozen=True)
class Township:
    """The ids of what is there."""

    east: int  # 东坪村
    west: int  # 西坪村
    brigade: int  # 消防所, which sees to FIRE and EBIK
    reviewer: int
    leader: int
    keeper: int
    of_east: int  # the liaison of 东坪村, and so on
    of_west: int
    of_brigade: int


def at(year: int, month: int, day: int, clock: str = "09:00") -> datetime:
    """Return an instant by the township's clock."""
    return datetime.combine(date(year, month, day), time.fromisoformat(clock), CHINA)


def make_township(db: Connection, *, now: datetime = LONG_AGO) -> Township:
    """Insert units and staff."""
    east = add_unit(db, name="东坪村", kind="village", aliases=["东坪"], now=now)
    west = add_unit(db, name="西坪村", kind="village", aliases=[], now=now)
    brigade = add_unit(db, name="消防所", kind="office", aliases=[], now=now)
    db.execute(insert(category_offices), [{"category": each, "unit_id": brigade} for each in ("FIRE", "EBIK")])
    roles = {
        "reviewer": Role.REVIEWER,
        "leader": Role.LEADER,
        "keeper": Role.KEEPER,
        "of_east": Role.LIAISON,
        "of_west": Role.LIAISON,
        "of_brigade": Role.LIAISON,
    }
    staff = {
        name: add_staff(
            db,
            username=name,
            display_name=f"{name}某",
            role=role,
            password_hash="" if role is Role.LIAISON else "some hash",
            now=now,
        )
        for name, role in roles.items()
    }
    pairs = ((staff["of_east"], east), (staff["of_west"], west), (staff["of_brigade"], brigade))
    db.execute(insert(liaisons), [{"staff_id": person, "unit_id": unit} for person, unit in pairs])
    return Township(east, west, brigade, **staff)


def hand_over(
    db: Connection,
    unit_id: int,
    *,
    due_at: datetime,
    assigned_at: datetime | None = None,
    liaison_id: int | None = None,
    **values: Any,
) -> int:
    """Insert a report that is handed to a unit and return the report's id."""
    report_id = make_report(db, state=ReportState.ASSIGNED, unit_id=unit_id, due_at=due_at, **values)
    handed = HandOver(unit_id, "广场", "配电箱门没锁", "锁好", due_at, liaison_id)
    open_assignment(db, report_id, handed, by="staff:reviewer", now=assigned_at or due_at - timedelta(days=20))
    return report_id


def mend(db: Connection, report_id: int, *, now: datetime) -> None:
    """Let the liaison say that it is mended."""
    db.execute(update(assignments).where(assignments.c.report_id == report_id).values(rectified_at=now))
    db.execute(update(reports).where(reports.c.id == report_id).values(state=ReportState.RECTIFIED))


def step(db: Connection, report_id: int, action: str, *, now: datetime, to_state: str, from_state: str = "x") -> None:
    """Write a step into a report's history."""
    db.execute(
        insert(report_history).values(
            report_id=report_id, at=now, by="staff:reviewer", action=action, from_state=from_state, to_state=to_state
        )
    )
