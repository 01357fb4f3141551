"""A unit with something to mend and its liaison, who talks to the robot; for the tests of what liaisons answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select

from bot.deadlines import read_deadlines
from storage.bindings import bindings
from storage.database import Database
from storage.outbox import notices
from storage.reporters import reporters
from storage.reports import verdicts
from storage.reports.assignments import HandOver, list_after_photos
from storage.reports.tables import report_history, reports
from storage.reports.taking import Doing
from storage.reports.transitions import Actor
from storage.staff import Role, add_staff, set_liaisons
from storage.units import UnitKind, add_unit
from tests.factories import make_report
from tests.handlers.dialogues.script import Person
from tests.intake import T0, Clock, make_robot

REPORTER_WORDS = "老李家的配电箱没盖，娃们天天在跟前耍，电话13800000000"
LIAISON = "oTESTliaison0000000000000001"
DUE = datetime(2026, 12, 3, 15, 59, tzinfo=UTC)  # the evening of 3 December


class Liaison(Person):
    """A liaison with a bound account; every message is five seconds after the one before."""

    staff_id: int = 0
    unit_id: int = 0

    def hear(self, said: str) -> str | None:
        """Send one step in the notation of the dialogues and return the last answer."""
        self.wait(seconds=5)
        return self.speak(said)[-1]


def make_liaison(database: Database, **services: Any) -> Liaison:
    """Return the liaison of a new unit, bound to a chat account that has never written."""
    clock = Clock()
    person = Liaison(make_robot(database, clock, **services), database, clock, openid=LIAISON)
    person.say("你好")
    person.replies.clear()
    with database.write() as db:
        reporter_id = db.execute(select(reporters.c.id).order_by(reporters.c.id.desc()).limit(1)).scalar_one()
        person.staff_id = add_staff(
            db, username="liaison", display_name="样例联系人", role=Role.LIAISON, password_hash="", now=T0
        )
        person.unit_id = add_unit(db, name="样例东坪村", kind=UnitKind.VILLAGE, aliases=[], now=T0)
        set_liaisons(db, person.unit_id, [person.staff_id])
        db.execute(insert(bindings).values(staff_id=person.staff_id, reporter_id=reporter_id, bound_at=T0))
    return person


def make_liaison_unit(database: Database) -> int:
    """Insert a unit that has nobody."""
    with database.write() as db:
        return add_unit(db, name="样例西坪村", kind=UnitKind.VILLAGE, aliases=[], now=T0)


def hand_over(
    database: Database, unit_id: int, *, place: str = "东坪村广场", due_at: datetime = DUE, **values: Any
) -> tuple[int, str]:
    """Assign a new report to a unit and return the report's id and code."""
    with database.write() as db:
        report_id = make_report(db, state="verified", description=REPORTER_WORDS, **values)
        doing = Doing("staff:reviewer", Actor.REVIEWER, T0 - timedelta(days=1))
        given = HandOver(unit_id, place, "配电箱没有盖", "装上盖，贴警示", due_at)
        verdicts.assign(db, report_id, doing, read_deadlines(db), hand_over=given)
        code = db.execute(select(reports.c.code).where(reports.c.id == report_id)).scalar_one()
    return report_id, str(code)


def act(database: Database, verdict: Any, report_id: int, *, at: datetime = T0, **details: Any) -> None:
    """Do what a reviewer does."""
    with database.write() as db:
        verdict(db, report_id, Doing("staff:reviewer", Actor.REVIEWER, at), read_deadlines(db), **details)


def get_state(database: Database, report_id: int) -> str:
    """Return where a report stands."""
    with database.read() as db:
        return str(db.execute(select(reports.c.state).where(reports.c.id == report_id)).scalar_one())


def list_steps(database: Database, report_id: int) -> list[tuple[str, str, str]]:
    """Return the history of a report after the assignment: by, action, note."""
    with database.read() as db:
        rows = db.execute(
            select(report_history.c.by, report_history.c.action, report_history.c.note)
            .where(report_history.c.report_id == report_id, report_history.c.action != "assign")
            .order_by(report_history.c.id)
        )
        return [(row.by, row.action, row.note) for row in rows]


def count_after_photos(database: Database, report_id: int) -> int:
    """Return how many photos show what was mended."""
    with database.read() as db:
        return len(list_after_photos(db, report_id))


def list_notices(db: Connection, purpose: str) -> list[Any]:
    """Return the notices of a purpose in the order in which they were made."""
    return list(db.execute(select(notices).where(notices.c.purpose == purpose).order_by(notices.c.id)).all())
