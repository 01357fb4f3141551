"""Where a report stands, in the words of its reporter: the state, until when, and what became of a merged one."""

from __future__ import annotations

from sqlalchemy import Connection

from handlers import texts
from handlers.services import Services
from handlers.texts_steps import say_day
from storage.reports import assignments
from storage.reports.gathering import find_state
from storage.reports.merging import find_master
from storage.reports.tables import ReportState


def say_standing(db: Connection, report_id: int, services: Services) -> str:
    """Return where a report stands; one that was merged stands where its master does."""
    master_id = find_master(db, report_id)
    state = find_state(db, master_id)
    said = texts.say_state(state)
    if state is ReportState.ASSIGNED:
        assignment = assignments.find_open_assignment(db, master_id)
        if assignment is not None:
            zone = services.read_deadlines(db).calendar.timezone
            said = f"{said}，要求 {say_day(assignment.due_at, zone)} 前改好"
    return said if master_id == report_id else f"跟别人报的并在一起办，{said}"
