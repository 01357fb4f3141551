"""Who is to be reminded of what: the days of the steps, and the hand-overs that have come to one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, text

from storage.calendar import Calendar
from storage.outbox import Purpose, notices
from storage.reports.assignments import assignments, pleas
from storage.reports.deadlines import Deadlines
from storage.reports.overview import Span
from storage.reports.tables import OPEN_STATES_WORDS, ReportState, reports
from storage.staff import liaisons, staff
from storage.types import AnyRow, to_milliseconds
from storage.units import units


class Stage(StrEnum):
    """A step on the way of a term that nobody has kept."""

    BEFORE = "before"  # two days before the day that it is due
    ON = "on"  # that day
    AFTER = "after"  # two days later; the office hears of it as well
    LONG_AFTER = "long_after"  # five days later; from then on in the red column of the digest


# In days of the calendar from the day that it is due (domain: 6.2).
OFFSETS: Mapping[Stage, int] = {Stage.BEFORE: -2, Stage.ON: 0, Stage.AFTER: 2, Stage.LONG_AFTER: 5}
OVERDUE_STAGES = (Stage.AFTER, Stage.LONG_AFTER)
RED_DAYS = OFFSETS[Stage.LONG_AFTER]
LONGEST_STOP = timedelta(days=31)  # what came up longer ago is in the digest, not in a reminder

_LONGEST_SHIFT = 75  # days that a step can lie from the term: the steps, a stop and a break
_LONGEST_BREAK = 60  # days, as of the calendar
_ONE_DAY = timedelta(days=1)
_LAST = timedelta(minutes=1)  # from the last minute of a day to its end
_ESCALATED_FOR = timedelta(days=7)
_MOST_ESCALATED = 500

_is_unmended = and_(assignments.c.ended_at.is_(None), assignments.c.rectified_at.is_(None))
# Who has asked for time or said that it is not theirs waits for the office: it is not their turn.
_is_their_turn = assignments.c.id.not_in(select(pleas.c.assignment_id).where(pleas.c.decided_at.is_(None)))


def find_stage_day(calendar: Calendar, due_on: date, stage: Stage) -> date:
    """Return the working day of a step: what would fall on a day off is earlier before the term and later after it."""
    day = due_on + OFFSETS[stage] * _ONE_DAY
    return calendar.add_working_days(day, 0) if stage in OVERDUE_STAGES else step_back(calendar, day)


def step_back(calendar: Calendar, day: date) -> date:
    """Return the day itself or the last working day before it; the day itself where there is none within two months."""
    days = (day - back * _ONE_DAY for back in range(_LONGEST_BREAK))
    return next((each for each in days if calendar.is_working_day(each)), day)


def list_windows(calendar: Calendar, since: date, until: date) -> dict[Stage, Span]:
    """Return for each step the terms that have come to it after the day `since`, up to `until` with it.

    A later day of term never comes to a step earlier, so the terms of one step lie side by side.
    """
    days = [until + shift * _ONE_DAY for shift in range(-_LONGEST_SHIFT, _LONGEST_SHIFT)]
    windows = {}
    for stage in Stage:
        due = [day for day in days if since < find_stage_day(calendar, day, stage) <= until]
        if due:
            windows[stage] = Span(calendar.end_day(due[0] - _ONE_DAY) + _LAST, calendar.end_day(due[-1]) + _LAST)
    return windows


def list_due_staff(db: Connection, windows: Mapping[Stage, Span], *, before: datetime) -> list[int]:
    """Return the active staff who have something to mend that came to a step and was handed over before an instant."""
    if not windows:
        return []
    # One statement over the few terms of the windows, whatever else is open.
    rows = db.execute(
        select(func.coalesce(assignments.c.liaison_id, liaisons.c.staff_id))
        .select_from(assignments)
        .outerjoin(liaisons, and_(assignments.c.liaison_id.is_(None), liaisons.c.unit_id == assignments.c.unit_id))
        .where(_is_unmended, _is_their_turn, assignments.c.assigned_at < before, _has_come(windows))
        .distinct()
    ).scalars()
    due = {staff_id for staff_id in rows if staff_id is not None}
    active = db.execute(select(staff.c.id).where(staff.c.is_active).order_by(staff.c.id)).scalars()
    return [staff_id for staff_id in active if staff_id in due]


def list_due(
    db: Connection,
    windows: Mapping[Stage, Span],
    *,
    before: datetime,
    staff_id: int | None = None,
    most: int = 50,
) -> Sequence[AnyRow]:
    """Return what came to a step and is still to be mended, the longest due first: code, problem, due_at, unit_name.

    With `staff_id` what is that liaison's, as `list_open_assignments` tells it.
    """
    if not windows:
        return []
    query = (
        select(reports.c.code, assignments.c.problem, assignments.c.due_at, units.c.name.label("unit_name"))
        .select_from(assignments)
        .join(reports, assignments.c.report_id == reports.c.id)
        .join(units, assignments.c.unit_id == units.c.id)
        .where(_is_unmended, _is_their_turn, assignments.c.assigned_at < before, _has_come(windows))
    )
    if staff_id is not None:
        own_units = select(liaisons.c.unit_id).where(liaisons.c.staff_id == staff_id)
        query = query.where(
            or_(
                assignments.c.liaison_id == staff_id,
                and_(assignments.c.liaison_id.is_(None), assignments.c.unit_id.in_(own_units)),
            )
        )
    return db.execute(query.order_by(assignments.c.due_at, assignments.c.id).limit(most)).all()


def list_aged(db: Connection, deadlines: Deadlines, since: date, until: date, *, most: int = 50) -> Sequence[AnyRow]:
    """Return open reports that came near the limit of the whole on these days: code and submitted_at, oldest first.

    These are warnings, so what would come on a day off comes on the working day before it.
    """
    calendar = deadlines.calendar
    days = [until + shift * _ONE_DAY for shift in range(_LONGEST_SHIFT)]
    reached = [day for day in days if since < step_back(calendar, day) <= until]
    if not reached:
        return []
    is_reached = [
        and_(
            reports.c.submitted_at > calendar.end_day(reached[0] - _ONE_DAY) + _LAST - limit,
            reports.c.submitted_at <= calendar.end_day(reached[-1]) + _LAST - limit,
        )
        for limit in (deadlines.yellow, deadlines.red)
    ]
    return db.execute(
        select(reports.c.code, reports.c.submitted_at)
        .where(text(OPEN_STATES_WORDS), or_(*is_reached))
        .order_by(reports.c.submitted_at)
        .limit(most)
    ).all()


def list_escalating(db: Connection, *, now: datetime) -> list[AnyRow]:
    """Return grave reports that ran out of time within a week and of which the office was not told: id, code, due_at.

    Of P0 only what was handed out: that it waits at all the duty knows from the alarm.
    """
    rows = db.execute(
        select(reports.c.id, reports.c.code, reports.c.state, reports.c.level, reports.c.due_at)
        .where(
            reports.c.due_at < now,
            reports.c.due_at >= now - _ESCALATED_FOR,
            or_(reports.c.level == "P1", and_(reports.c.level == "P0", reports.c.state == ReportState.ASSIGNED)),
        )
        .order_by(reports.c.due_at, reports.c.id)
        .limit(_MOST_ESCALATED)
    ).all()
    told = set(
        db.execute(
            select(notices.c.subject).where(
                notices.c.report_id.in_([row.id for row in rows]), notices.c.purpose == Purpose.TO_REVIEW
            )
        ).scalars()
    )
    return [row for row in rows if name_escalation(row) not in told]


def find_escalated(db: Connection, report_id: int) -> AnyRow | None:
    """Return what `list_escalating` gives of a report, told or not."""
    return db.execute(
        select(reports.c.id, reports.c.code, reports.c.state, reports.c.level, reports.c.due_at).where(
            reports.c.id == report_id
        )
    ).one_or_none()


def name_escalation(report: AnyRow) -> str:
    """Return the subject of the notice that a report ran out of this very term."""
    return f"report:{report.id}:overdue:{to_milliseconds(report.due_at)}"


def has_later_day(db: Connection, recipient: str, subject: str) -> bool:
    """Return whether a reminder of a later day than `subject`, a day:<date>, was put in for a recipient."""
    later = select(notices.c.id).where(
        notices.c.recipient == recipient, notices.c.purpose == Purpose.REMINDER, notices.c.subject > subject
    )
    return db.execute(later.limit(1)).first() is not None


def _has_come(windows: Mapping[Stage, Span]) -> ColumnElement[bool]:
    # 收到 says that somebody is at it: nothing more is said until the term is over.
    return or_(
        *(
            span.holds(assignments.c.due_at)
            if stage in OVERDUE_STAGES
            else and_(span.holds(assignments.c.due_at), assignments.c.acknowledged_at.is_(None))
            for stage, span in windows.items()
        )
    )
