"""The one merged reminder of a working day: put into the outbox in the morning, put into words when it is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from bot import dates, words  # a reminder says terms and categories as the pages do
from handlers import texts_digest as texts
from handlers.texts_digest import Item, Waiting
from storage import outbox
from storage.database import Database
from storage.heartbeats import find_heartbeat, record_heartbeat
from storage.outbox import DueNotice, Purpose
from storage.reports import reminders
from storage.reports.deadlines import NEXT_STEP, Deadlines
from storage.reports.overview import Figure, Marks, Period, Scope, Span, count_figures
from storage.reports.reminders import LONGEST_STOP, OVERDUE_STAGES, list_windows
from storage.staff import list_reviewer_ids

REMINDERS = "reminders"  # the run of a working day, among the heartbeats
_ONE_DAY = timedelta(days=1)
_MOST_LISTED = 50
_WAITING = (Figure.TO_ACCEPT, Figure.TO_RECHECK, Figure.PLEA)


def remind_next(
    database: Database, read_deadlines: Callable[[Connection], Deadlines], *, now: Callable[[], datetime]
) -> bool:
    """Tell the office of a grave report whose time has run out, or put in this working day's reminders.

    Returns whether there was anything. The reminders of a day are put in once, while the office is open; steps that
    came up while the program stood still are in the next run.
    """
    at = now()
    return escalate_next(database, now=at) or remind_today(database, read_deadlines, now=at)


def remind_today(database: Database, read_deadlines: Callable[[Connection], Deadlines], *, now: datetime) -> bool:
    """Put in this working day's reminders, without their words; returns whether there were any."""
    with database.read() as db:
        deadlines = read_deadlines(db)
        calendar = deadlines.calendar
        today = calendar.get_day(now)
        since = _find_since(db, deadlines, today)
        if since >= today or not calendar.is_office_open(now):
            return False
        # Looked for before writing begins, so that no message has to wait for it.
        before = calendar.end_day(today - _ONE_DAY) + timedelta(minutes=1)
        staff_ids = reminders.list_due_staff(db, list_windows(calendar, since, today), before=before)
        if texts.to_review(_gather_waiting(db, deadlines, since, today)):
            staff_ids = sorted({*staff_ids, *list_reviewer_ids(db)})
    with database.write() as db:
        for staff_id in staff_ids:
            outbox.add_notice(
                db,
                recipient=f"staff:{staff_id}",
                purpose=Purpose.REMINDER,
                subject=f"day:{today.isoformat()}",
                fields={"since": since.isoformat(), "day": today.isoformat()},
                now=now,
            )
        record_heartbeat(db, REMINDERS, now=now)
    return bool(staff_ids)


def escalate_next(database: Database, *, now: datetime) -> bool:
    """Tell every reviewer, at any hour, of one grave report that ran out of time; returns whether there was one."""
    with database.read() as db:
        late = reminders.list_escalating(db, now=now)
        reviewer_ids = list_reviewer_ids(db)
    if not late or not reviewer_ids:
        return False
    with database.write() as db:
        for staff_id in reviewer_ids:
            outbox.add_notice(
                db,
                recipient=f"staff:{staff_id}",
                purpose=Purpose.TO_REVIEW,
                subject=reminders.name_escalation(late[0]),
                report_id=late[0].id,
                is_urgent=True,
                now=now,
            )
    return True


def word_reminder(db: Connection, notice: DueNotice, now: datetime, deadlines: Deadlines) -> str | None:
    """Return what a reminder says now, or None when nothing of it is left or a later day's stands for it."""
    if notice.staff_id is None or reminders.has_later_day(db, notice.recipient, notice.subject):
        return None
    since, day = date.fromisoformat(notice.fields["since"]), date.fromisoformat(notice.fields["day"])
    calendar = deadlines.calendar
    before = calendar.end_day(day - _ONE_DAY) + timedelta(minutes=1)
    rows = reminders.list_due(
        db, list_windows(calendar, since, day), before=before, staff_id=notice.staff_id, most=_MOST_LISTED
    )
    parts = [texts.remind([Item(row.code, row.problem, _say_term(row.due_at, now)) for row in rows])] if rows else []
    if notice.staff_id in list_reviewer_ids(db):
        parts.append(texts.to_review(_gather_waiting(db, deadlines, since, day)))
    return "\n".join(part for part in parts if part) or None


def word_escalation(db: Connection, notice: DueNotice, now: datetime) -> str | None:
    """Return what is said of a grave report that ran out of time, or None when it has moved on meanwhile."""
    report = None if notice.report_id is None else reminders.find_escalated(db, notice.report_id)
    if report is None or report.due_at is None or report.state not in NEXT_STEP:
        return None
    if reminders.name_escalation(report) != notice.subject:
        return None
    state = words.STATES.get(report.state, report.state)
    return texts.escalate(report.code, f"{words.LEVELS[report.level]}，{state}", dates.say_due(report.due_at, now))


def _find_since(db: Connection, deadlines: Deadlines, today: date) -> date:
    """Return the day of the run before, or yesterday when there was none."""
    before = find_heartbeat(db, REMINDERS)
    if before is None:
        return today - _ONE_DAY
    return max(deadlines.calendar.get_day(before), today - LONGEST_STOP)


def _gather_waiting(db: Connection, deadlines: Deadlines, since: date, day: date) -> Waiting:
    calendar = deadlines.calendar
    start = calendar.end_day(day - _ONE_DAY) + timedelta(minutes=1)
    # These count what stands now; no week and no age comes into them.
    period = Period(Scope(), Span(start, start), Marks(start, start, start, start))
    windows = {stage: span for stage, span in list_windows(calendar, since, day).items() if stage in OVERDUE_STAGES}
    overdue = reminders.list_due(db, windows, before=start, most=_MOST_LISTED)
    aged = reminders.list_aged(db, deadlines, since, day, most=_MOST_LISTED)
    return Waiting(
        counts=count_figures(db, _WAITING, period),
        overdue=[Item(row.code, row.unit_name, f"{(day - calendar.get_day(row.due_at)).days} 天") for row in overdue],
        aged=[Item(row.code, "", f"{(day - calendar.get_day(row.submitted_at)).days} 天") for row in aged],
    )


def _say_term(due_at: datetime, now: datetime) -> str:
    """Return 今天到期, 明天到期, 12月3日到期 or 逾期 2 天."""
    if due_at < now:
        return dates.say_due(due_at, now)
    there, here = due_at.astimezone(dates.CHINA).date(), now.astimezone(dates.CHINA).date()
    named = {0: "今天", 1: "明天", 2: "后天"}.get((there - here).days, f"{there.month}月{there.day}日")
    return f"{named}到期"
