"""The configured times of every step, with the office's calendar, as storage wants them."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from bot.settings.tables import DeadlinesTable, ScheduleTable
from storage.calendar import Calendar, read_calendar
from storage.reports.deadlines import Deadlines, Step

LEVELS = ("P0", "P1", "P2", "P3")


def read_deadlines(
    db: Connection, table: DeadlinesTable | None = None, schedule: ScheduleTable | None = None
) -> Deadlines:
    """Return the deadlines with the calendar as the office has it now; without tables those of the defaults."""
    table, schedule = table or DeadlinesTable(), schedule or ScheduleTable()
    limits = {(level, step): getattr(getattr(table, level.lower()), step.value) for level in LEVELS for step in Step}
    return Deadlines(
        calendar=read_office_calendar(db, schedule),
        limits=limits,
        yellow=timedelta(days=table.yellow_days),
        red=timedelta(days=table.red_days),
        close=timedelta(days=table.close_days),
        extension=timedelta(days=table.extension_days),
    )


def read_office_calendar(db: Connection, schedule: ScheduleTable) -> Calendar:
    """Return the calendar of the configured hours with the days that the office has entered."""
    hours = tuple((hours.start, hours.end) for hours in schedule.working_hours)
    return read_calendar(db, hours, schedule.timezone)
