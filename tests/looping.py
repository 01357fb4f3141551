"""Reports anywhere between 受理 and 销号, and every step on them with all that it needs, for tests of the loop."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, select

from storage.calendar import Calendar
from storage.errors import StorageError
from storage.limit import Limit
from storage.reports import assignments, questions, verdicts
from storage.reports.assignments import HandOver, PleaKind, pleas
from storage.reports.deadlines import Deadlines, Step
from storage.reports.questions import QuestionKind
from storage.reports.tables import ReportState, report_history, reports, transfers
from storage.reports.taking import Doing, Taken
from storage.reports.transitions import Action, Actor
from storage.staff import Role, add_staff
from storage.types import AnyRow
from storage.units import add_unit
from tests.factories import NOW, make_report

REVIEWER = "staff:reviewer"
LIAISON = "staff:liaison"
ZONE = ZoneInfo("Asia/Shanghai")
HOURS = ((time(8, 30), time(11, 30)), (time(14, 30), time(17, 30)))
DUE = datetime(2026, 12, 2, 23, 59, tzinfo=ZONE)  # of what is handed over; a week after NOW
HANDED_OUT = (ReportState.ASSIGNED, ReportState.RECTIFIED)
_number = itertools.count(1)


def make_calendar(overrides: Mapping[date, bool] | None = None) -> Calendar:
    """Return the calendar of the default hours."""
    return Calendar(HOURS, ZONE, overrides or {})


DEADLINES = Deadlines(
    calendar=make_calendar(),
    limits={
        ("P0", Step.ACCEPT): Limit(0, "minutes"),
        ("P1", Step.ACCEPT): Limit(2, "hours"),
        ("P1", Step.VERIFY): Limit(24, "hours"),
        ("P1", Step.ASSIGN): Limit(24, "hours"),
        ("P1", Step.RECHECK): Limit(3, "working_days"),
        ("P2", Step.ACCEPT): Limit(1, "working_days"),
        ("P2", Step.VERIFY): Limit(3, "working_days"),
        ("P2", Step.ASSIGN): Limit(1, "working_days"),
        ("P2", Step.RECTIFY): Limit(7, "days"),
        ("P2", Step.RECHECK): Limit(5, "working_days"),
        ("P3", Step.ACCEPT): Limit(2, "working_days"),
        ("P3", Step.RECTIFY): None,
    },
)


def make_unit(db: Connection, **values: Any) -> int:
    """Insert a village and return its id."""
    values = {"name": f"样例村{next(_number)}", "kind": "village", "aliases": [], "now": NOW, **values}
    return add_unit(db, **values)


def make_person(db: Connection, role: Role = Role.LIAISON) -> int:
    """Insert a member of staff and return the id."""
    name = f"person-{next(_number)}"
    return add_staff(db, username=name, display_name=f"样例{name}", role=role, password_hash="", now=NOW)


def make_hand_over(unit_id: int, **values: Any) -> HandOver:
    """Return what a unit is given."""
    whole = HandOver(unit_id, "样例村广场北侧", "配电箱门掉落，带电部分外露", "停用，换好箱门", DUE)
    return replace(whole, **values)


def make_in(db: Connection, state: ReportState, **values: Any) -> int:
    """Insert a report in a state, with the master or the assignment that it has there, and return its id."""
    if state is ReportState.MERGED:
        values.setdefault("merged_into_id", make_report(db))
    hand_over = values.pop("hand_over", None)
    report_id = make_report(db, state=state, **values)
    if state in HANDED_OUT:
        given = hand_over or make_hand_over(make_unit(db))
        assignment_id = assignments.open_assignment(db, report_id, given, by=REVIEWER, now=NOW)
        if state is ReportState.RECTIFIED:
            assignments.record_rectified(db, assignment_id, by=LIAISON, note="换好了", now=NOW)
    return report_id


def by_reviewer(now: datetime, version: int | None = None, by: str = REVIEWER, says: str = "") -> Doing:
    """Return a reviewer's doing."""
    return Doing(by, Actor.REVIEWER, now, version, says)


def by_liaison(now: datetime) -> Doing:
    """Return a liaison's doing, by chat."""
    return Doing(LIAISON, Actor.LIAISON, now)


def by_reporter(now: datetime) -> Doing:
    """Return a reporter's doing, by chat."""
    return Doing("reporter", Actor.REPORTER, now)


def prepare(db: Connection, action: Action, report_id: int) -> dict[str, Any]:
    """Make what must be there before an action can be taken, and return what it needs beside the report."""
    report = read(db, report_id)
    given: dict[str, Any] = {}
    if action is Action.MERGE:
        given = {"into_id": make_report(db)}
    elif action is Action.ASSIGN:
        given = {"hand_over": make_hand_over(make_unit(db))}
    elif action is Action.ANSWER:
        reporter_id = report.reporter_id
        questions.ask(db, report_id, reporter_id, QuestionKind.MORE, by=REVIEWER, now=NOW, question="在路哪边？")
        given = {"question": questions.find_open_question(db, report_id, QuestionKind.MORE)}
    elif action in (Action.REFUSE_EXTENSION, Action.DISMISS_DISPUTE) and report.state in HANDED_OUT:
        kind = PleaKind.EXTENSION if action is Action.REFUSE_EXTENSION else PleaKind.DISPUTE
        assignment = assignments.find_open_assignment(db, report_id)
        assert assignment is not None
        assignments.add_plea(db, assignment, kind, by=LIAISON, reason="配件没到", now=NOW)
    return given


LATER = DUE + timedelta(days=3)
# Every action: what is called, and with what that is the same for every report; {note} is where its reason goes.
CALLS: Mapping[Action, tuple[Callable[..., Taken | None], dict[str, Any], str]] = {
    Action.ACCEPT: (verdicts.accept, {}, "note"),
    Action.DECLINE: (verdicts.decline, {}, "reason"),
    Action.MERGE: (verdicts.merge, {}, "note"),
    Action.TRANSFER: (verdicts.transfer, {"authority": "样例区住建局", "reply_due_at": LATER}, "reason"),
    Action.VERIFY: (verdicts.verify, {}, "note"),
    Action.UNFOUNDED: (verdicts.find_unfounded, {}, "reason"),
    Action.ASSIGN: (verdicts.assign, {}, ""),
    Action.ACKNOWLEDGE: (verdicts.acknowledge, {}, ""),
    Action.RECTIFY: (verdicts.rectify, {}, "note"),
    Action.RETURN: (verdicts.return_, {"due_at": LATER}, "reason"),
    Action.CLOSE: (verdicts.close, {}, "note"),
    Action.REOPEN: (verdicts.reopen, {}, "reason"),
    Action.WITHDRAW: (verdicts.withdraw, {}, "reason"),
    Action.ASK: (verdicts.ask, {}, "question"),
    Action.ANSWER: (verdicts.hear_answer, {}, ""),
    Action.REQUEST_EXTENSION: (verdicts.request_extension, {"until": LATER}, "reason"),
    Action.EXTEND: (verdicts.extend, {"until": LATER}, "reason"),
    Action.REFUSE_EXTENSION: (verdicts.refuse_extension, {}, "reason"),
    Action.DISPUTE: (verdicts.dispute, {}, "reason"),
    Action.DISMISS_DISPUTE: (verdicts.dismiss_dispute, {}, "reason"),
    Action.RECATEGORISE: (verdicts.recategorise, {"category": "FIRE", "level": "P1"}, "note"),
    Action.ADD_NOTE: (verdicts.add_note, {}, "note"),
}
NOTE = "看了现场"


def do(db: Connection, action: Action, report_id: int, doing: Doing, *, note: str = NOTE, **given: Any) -> Taken | None:
    """Take an action with everything that it needs and `prepare` has not returned."""
    call, fixed, word = CALLS[action]
    said = {word: note} if word else {}
    return call(db, report_id, doing, DEADLINES, **{**fixed, **said, **given})


def read(db: Connection, report_id: int) -> AnyRow:
    """Return a report's row."""
    return db.execute(select(reports).where(reports.c.id == report_id)).one()


def read_history(db: Connection, report_id: int) -> list[AnyRow]:
    """Return a report's history, oldest first."""
    query = select(report_history).where(report_history.c.report_id == report_id)
    return list(db.execute(query.order_by(report_history.c.id)))


def dump(db: Connection) -> dict[str, list[AnyRow]]:
    """Return every row that a step may change."""
    tables: tuple[Table, ...] = (
        reports, report_history, assignments.assignments, pleas, questions.questions, transfers,
    )  # fmt: skip
    return {table.name: list(db.execute(select(table).order_by(table.c.id))) for table in tables}


def run_at_once(works: list[Callable[[], Any]]) -> list[StorageError | None]:
    """Run works in threads that start together; returns what each was refused with."""
    barrier = threading.Barrier(len(works))
    outcomes: list[StorageError | BaseException | None] = [None] * len(works)

    def run(place: int) -> None:
        barrier.wait(10)
        try:
            works[place]()
        except BaseException as error:
            outcomes[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused: list[StorageError | None] = []
    for outcome in outcomes:
        if outcome is not None and not isinstance(outcome, StorageError):
            raise outcome
        refused.append(outcome)
    return refused
