"""The invented office and its liaisons at work: what they do with the reports of the sample week, tick by tick.

Reviewers act as their page does, through `handlers.steps`; liaisons and reporters act by chat, through the robot.
What each of them does follows from the report's number, so that the same week always goes the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.admin.assign import list_photos
from bot.admin.neutral import find_phrases
from bot.simulator.people import SAMPLE_PEOPLE, SAMPLE_STAFF, SampleStaff
from bot.simulator.scenes import MENDED
from bot.wiring import Program
from handlers import steps
from storage.reporters import find_reporter
from storage.reports import assignments, queue, verdicts
from storage.reports.assignments import HandOver, PleaKind
from storage.reports.deadlines import Deadlines
from storage.reports.questions import QuestionKind, list_all_open_questions
from storage.reports.queue import QueueFilter
from storage.reports.suggestions import suggest_units
from storage.reports.tables import ReportState
from storage.reports.taking import Doing
from storage.reports.transitions import Actor
from storage.staff import find_staff, list_liaison_ids
from storage.types import AnyRow
from storage.units import find_unit, list_units

TICK = timedelta(minutes=90)
REVIEWER, CLOSER = "staff:demo", "staff:fuhe"
_AWAKE = range(7, 21)  # hours in which liaisons look at their phones

# What the liaisons can show once it is mended, by category; without one they say that no photo is possible.
_SCENES = {
    "MINE": "conveyor_unguarded",
    "HEAT": "stovepipe_leaking",
    "EBIK": "ebikes_charging",
    "ROAD": "manhole_missing",
    "FIRE": "corridor_blocked",
    "ELEC": "box_open",
    "GAS": "gas_beside_stove",
    "CONS": "scaffold_untied",
    "WATR": "pond_unfenced",
}

Say = Callable[[str, str, Sequence[str]], None]  # person, words, sample photos


@dataclass
class Office:
    """Everybody who works on the reports; `say` sends words and photos from a person's phone.

    What was submitted after `leaves_from` is left for whoever looks at the demo.
    """

    program: Program
    say: Say
    leaves_from: datetime
    _asked: set[int] = field(default_factory=set)  # assignments about which more time was asked for, or a dispute said
    _returned: set[int] = field(default_factory=set)  # reports that were sent back once

    def tick(self, now: datetime) -> None:
        """Do what is due at an instant."""
        with self.program.database.read() as db:
            deadlines = self.program.read_deadlines(db)
        is_open = deadlines.calendar.is_office_open(now)
        for state, work in (
            (ReportState.RECEIVED, self._accept),
            (ReportState.ACCEPTED, self._look),
            (ReportState.VERIFIED, self._assign),
            (ReportState.REOPENED, self._assign),
            (ReportState.ASSIGNED, self._decide_pleas),
            (ReportState.RECTIFIED, self._recheck),
        ):
            for row in self._list(state):
                if is_open or (row.level == "P0" and state is ReportState.RECEIVED):
                    with self.program.database.write() as db:
                        work(db, row, deadlines, now)
        if now.astimezone(deadlines.calendar.timezone).hour in _AWAKE:
            for member in SAMPLE_STAFF:
                if member.person:
                    self._mend(member, now)
            self._answer(now)

    # The office

    def _list(self, state: ReportState) -> Sequence[AnyRow]:
        with self.program.database.read() as db:
            rows = queue.list_queue(db, QueueFilter(tab="all", state=state.value), most=200).rows
        return [row for row in rows if row.created_at < self.leaves_from]

    def _accept(self, db: Connection, row: AnyRow, deadlines: Deadlines, now: datetime) -> None:
        if now - row.created_at >= timedelta(minutes=10 if row.level in steps.GRAVE else 40):
            steps.take_step(db, verdicts.accept, row.id, Doing(REVIEWER, Actor.REVIEWER, now), deadlines)

    def _look(self, db: Connection, row: AnyRow, deadlines: Deadlines, now: datetime) -> None:
        if not _has_waited(db, row, now, timedelta(minutes=90)):
            return
        doing = Doing(REVIEWER, Actor.REVIEWER, now)
        if row.id % 11 == 7:
            reason = "到现场看过，已经清理干净了"
            steps.take_step(db, verdicts.find_unfounded, row.id, doing, deadlines, reason=reason)
        else:
            steps.take_step(db, verdicts.verify, row.id, doing, deadlines, note="到现场看了，属实")

    def _assign(self, db: Connection, row: AnyRow, deadlines: Deadlines, now: datetime) -> None:
        if not _has_waited(db, row, now, timedelta(minutes=30)):
            return
        report = queue.find_report(db, row.code)
        hand_over = None if report is None else _hand_over(db, report, deadlines, now)
        if hand_over is not None:
            doing = Doing(REVIEWER, Actor.REVIEWER, now)
            steps.take_step(db, verdicts.assign, row.id, doing, deadlines, hand_over=hand_over)

    def _decide_pleas(self, db: Connection, row: AnyRow, deadlines: Deadlines, now: datetime) -> None:
        doing = Doing(REVIEWER, Actor.REVIEWER, now)
        plea = assignments.find_open_plea(db, row.id, PleaKind.EXTENSION)
        if plea is not None and now - plea.at >= timedelta(hours=1):
            steps.take_step(db, verdicts.extend, row.id, doing, deadlines, until=plea.until, reason="配件在路上，同意")
        plea = assignments.find_open_plea(db, row.id, PleaKind.DISPUTE)
        if plea is not None and now - plea.at >= timedelta(hours=2):
            reason = "地段对过了，是你们那边的"
            steps.take_step(db, verdicts.dismiss_dispute, row.id, doing, deadlines, reason=reason)

    def _recheck(self, db: Connection, row: AnyRow, deadlines: Deadlines, now: datetime) -> None:
        if not _has_waited(db, row, now, timedelta(hours=2)):
            return
        doing = Doing(CLOSER, Actor.REVIEWER, now)
        if row.id % 6 == 0 and row.id not in self._returned:
            self._returned.add(row.id)
            due_at = deadlines.calendar.end_day(deadlines.calendar.get_day(now) + timedelta(days=2))
            reason = "照片只拍了一半，旁边那处也要改"
            steps.take_step(db, verdicts.return_, row.id, doing, deadlines, reason=reason, due_at=due_at)
        else:
            steps.take_step(db, verdicts.close, row.id, doing, deadlines, note="到现场复查，合格")

    # The people with phones

    def _mend(self, member: SampleStaff, now: datetime) -> None:
        with self.program.database.read() as db:
            known = find_staff(db, member.username)
            tasks = [] if known is None else assignments.list_open_assignments(db, known.id)
        tasks = [task for task in tasks if task.state == ReportState.ASSIGNED]
        new = [task for task in tasks if task.acknowledged_at is None]
        if new and now - new[0].assigned_at >= timedelta(minutes=25):
            self.say(member.person, "收到", [])
        for task in tasks:
            age, habit = now - task.assigned_at, task.report_id % 7
            if habit in (1, 2) and task.id not in self._asked and age >= timedelta(hours=2):
                self._asked.add(task.id)
                words = "还要三天，等配件" if habit == 1 else "不是我们的，那段归别的村"
                self.say(member.person, f"{task.code} {words}", [])
            elif habit != 3 and age >= timedelta(hours=5 + task.report_id * 7 % 40):  # who has habit 3 lets it lie
                scene = _SCENES.get(task.category)
                if scene is not None:
                    self.say(member.person, f"{task.code} 整改好了", [f"{MENDED[scene]}-1"])
                else:
                    self.say(member.person, f"{task.code} 整改好了", [])
                    self.say(member.person, "没法拍照，已经收拾好了", [])
                return  # one thing at a time

    def _answer(self, now: datetime) -> None:
        with self.program.database.read() as db:
            asked = list_all_open_questions(db, QuestionKind.FIXED, before=now - timedelta(hours=1))
            names = {} if not asked else self._list_names(db)
        for question in asked:
            name = names.pop(question.reporter_id, None)  # one thing at a time for each of them
            if name is not None and question.report_id % 5:
                self.say(name, "2" if question.report_id % 9 == 0 else "1", [])

    def _list_names(self, db: Connection) -> dict[int, str]:
        """Return who of the sample people stands behind which row of reporters."""
        found = {
            person.name: find_reporter(db, self.program.vault.fingerprint("openid", person.openid))
            for person in SAMPLE_PEOPLE
        }
        return {reporter.id: name for name, reporter in found.items() if reporter is not None}


def _has_waited(db: Connection, row: AnyRow, now: datetime, long: timedelta) -> bool:
    since = verdicts.find_came_at(db, row.id, row.state)
    return since is not None and now - since >= long


def _hand_over(db: Connection, report: AnyRow, deadlines: Deadlines, now: datetime) -> HandOver | None:
    """Return what the office would send: neutral words, the likeliest unit that has a liaison, the usual days."""
    for unit_id in [*(suggestion.unit_id for suggestion in suggest_units(db, report)), *_guess_units(db, report)]:
        liaison_ids = list_liaison_ids(db, unit_id)
        if liaison_ids:
            break
    else:
        return None
    unit = find_unit(db, unit_id)
    name = "" if unit is None else str(unit.name)
    phrases = find_phrases(report.category)
    calendar = deadlines.calendar
    days = timedelta(days=3 if report.level in steps.GRAVE else 7)
    return HandOver(
        unit_id,
        report.place_label or f"{name.removeprefix('样例')}一带",
        phrases.problems[report.id % len(phrases.problems)],
        phrases.requirements[report.id % len(phrases.requirements)],
        calendar.end_day(calendar.get_day(now) + days),
        liaison_ids[0],
        tuple(photo.id for photo in list_photos(db, report)),
    )


def _guess_units(db: Connection, report: AnyRow) -> list[int]:
    """Return a village where nothing says which; somebody asked around. Every third report is left undecided."""
    villages = [unit.id for unit in list_units(db) if unit.kind == "village"]
    return [] if report.id % 3 == 0 else [villages[report.id % len(villages)]]
