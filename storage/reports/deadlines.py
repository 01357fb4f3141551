"""When the step that is next must be done: by level and step, in the office's working days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from storage.calendar import Calendar
from storage.limit import Limit
from storage.reports.tables import ReportState


class Step(StrEnum):
    """A step that has a time of its own; the names are those of the configuration."""

    ACCEPT = "accept"
    VERIFY = "verify"
    ASSIGN = "assign"
    RECTIFY = "rectify"
    RECHECK = "recheck"
    TELL = "tell"


# What a report in a state waits for; in every other state it waits for nobody.
NEXT_STEP = {
    ReportState.RECEIVED: Step.ACCEPT,
    ReportState.ACCEPTED: Step.VERIFY,
    ReportState.REOPENED: Step.VERIFY,
    ReportState.VERIFIED: Step.ASSIGN,
    ReportState.ASSIGNED: Step.RECTIFY,
    ReportState.RECTIFIED: Step.RECHECK,
}


@dataclass(frozen=True)
class Deadlines:
    """The times of every level and step; a pair that is missing or None has no time set."""

    calendar: Calendar
    limits: Mapping[tuple[str, Step], Limit | None]  # by level, such as P2, and step
    yellow: timedelta = timedelta(days=45)
    red: timedelta = timedelta(days=55)
    close: timedelta = timedelta(days=60)  # 2012 rules on reports and rewards, article 11 (6): 60 days
    extension: timedelta = timedelta(days=30)

    def find_due(self, level: str, step: Step, since: datetime) -> datetime | None:
        """Return when a step that could begin at `since` must be done."""
        limit = self.limits.get((level, step))
        return None if limit is None else self.calendar.add_limit(since, limit)

    def find_next_due(self, level: str, state: ReportState, since: datetime) -> datetime | None:
        """Return when a report that came into a state at `since` must leave it."""
        step = NEXT_STEP.get(state)
        return None if step is None else self.find_due(level, step, since)

    def find_restarted_due(self, level: str, state: ReportState, left: timedelta, now: datetime) -> datetime:
        """Return when a report's step must be done whose clock stood still with `left` on it and goes on at `now`.

        A time that is counted in working days does not run out on a day off, but when the office closes after it.
        """
        due_at = now + max(left, timedelta())
        step = NEXT_STEP.get(state)
        limit = None if step is None else self.limits.get((level, step))
        is_counted_in_working_days = limit is not None and limit.unit == "working_days" and left > timedelta()
        if is_counted_in_working_days and not self.calendar.is_working_day(self.calendar.get_day(due_at)):
            return self.calendar.add_limit(due_at, Limit(0, "working_days"))
        return due_at

    def tell_age(self, submitted_at: datetime, now: datetime) -> str:
        """Return red, yellow or nothing for how near an open report is to the limit of the whole."""
        age = now - submitted_at
        return "red" if age >= self.red else "yellow" if age >= self.yellow else ""
