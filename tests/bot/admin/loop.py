"""Brings a report to where a test wants it, and reads what was sent of it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, select

from bot.deadlines import read_deadlines
from handlers import steps
from storage.database import Database
from storage.outbox import notices
from storage.reports import verdicts
from storage.reports.assignments import HandOver
from storage.reports.tables import reports
from storage.reports.taking import Doing
from storage.reports.transitions import Actor
from storage.staff import set_liaisons
from storage.types import AnyRow
from storage.units import add_unit
from tests.factories import NOW, make_report

CODE = "2611-900"
ADDRESS = f"/admin/reports/{CODE}"
WAY = ("received", "accepted", "verified", "assigned", "rectified", "closed")
DUE = NOW + timedelta(days=7)


def make_unit(db: Connection, liaison_id: int | None = None, name: str = "东坪村", kind: str = "village") -> int:
    """Insert a unit with a liaison and return its id."""
    unit_id = add_unit(db, name=name, kind=kind, aliases=[], now=NOW)
    if liaison_id is not None:
        set_liaisons(db, unit_id, [liaison_id])
    return unit_id


def bring_to(
    db: Connection,
    state: str,
    *,
    unit_id: int,
    by: str = "staff:admin",
    mended_by: str = "staff:liaison",
    **values: object,
) -> int:
    """Insert a report, take it step by step to a state of the usual way, and return its id."""
    report_id = make_report(db, **{"code": CODE, "category": "ELEC", **values})
    deadlines = read_deadlines(db)
    doing = Doing(by, Actor.REVIEWER, NOW)
    hand_over = HandOver(unit_id, "东坪村口", "护栏损坏", "补齐护栏", DUE)
    liaison = Doing(mended_by, Actor.LIAISON if mended_by == "staff:liaison" else Actor.REVIEWER, NOW)
    steps_taken = WAY.index(state)
    if steps_taken >= 1:
        steps.take_step(db, verdicts.accept, report_id, doing, deadlines)
    if steps_taken >= 2:
        steps.take_step(db, verdicts.verify, report_id, doing, deadlines)
    if steps_taken >= 3:
        steps.take_step(db, verdicts.assign, report_id, doing, deadlines, hand_over=hand_over)
    if steps_taken >= 4:
        steps.take_step(db, verdicts.rectify, report_id, liaison, deadlines, note="焊好了")
    if steps_taken >= 5:
        steps.take_step(db, verdicts.close, report_id, doing, deadlines)
    return report_id


def get_row(database: Database, code: str = CODE) -> AnyRow:
    """Return a report."""
    with database.read() as db:
        return db.execute(select(reports).where(reports.c.code == code)).one()


def list_words(database: Database, kind: str = "reporter") -> list[str]:
    """Return what was put into the outbox for reporters or staff, the newest last."""
    with database.read() as db:
        rows = db.execute(select(notices).order_by(notices.c.id))
        return [row.words for row in rows if row.recipient.startswith(kind)]
