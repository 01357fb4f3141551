"""Weeks as people name them, and when the digest of one is due; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from storage.calendar import Calendar
from storage.reports.overview import Span

_WEEK = timedelta(weeks=1)
_LOOKED_BACK = 6  # weeks; no holiday puts more of them off to one day


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """A week of ISO 8601, Monday to Sunday."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}-W{self.number:02d}"

    @property
    def monday(self) -> date:
        """Return its first day."""
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def sunday(self) -> date:
        """Return its last day."""
        return date.fromisocalendar(self.year, self.number, 7)

    def shift(self, weeks: int) -> Week:
        """Return the week that lies so many weeks later, or earlier when negative."""
        return week_of(self.monday + weeks * _WEEK)

    def span(self, zone: ZoneInfo) -> Span:
        """Return its instants, from midnight to midnight in a timezone."""
        return Span(_midnight(self.monday, zone), _midnight(self.monday + _WEEK, zone))

    def say(self) -> str:
        """Return it as people name it, such as 第47周 11/16—11/22."""
        first, last = self.monday, self.sunday
        return f"第{self.number}周 {first.month}/{first.day}—{last.month}/{last.day}"


def week_of(day: date) -> Week:
    """Return the week in which a day lies."""
    year, number, _ = day.isocalendar()
    return Week(year, number)


def parse_week(typed: str) -> Week:
    """Return the week that is written as 2026-W47; raises ValueError for what is no week."""
    found = re.fullmatch(r"(2[0-9]{3})-W([0-9]{2})", typed)
    if found is None:
        raise ValueError("a week is written as 2026-W47")
    week = Week(int(found[1]), int(found[2]))
    _ = week.monday  # raises for week 53 of a year that has 52
    return week


def find_due_at(week: Week, calendar: Calendar, weekday: int, at: time) -> datetime:
    """Return when a week's digest is due: on that weekday of the week after it, or the first working day from then."""
    day = calendar.add_working_days(week.shift(1).monday + timedelta(days=weekday - 1), 0)
    return datetime.combine(day, at, calendar.timezone)


def list_due_weeks(now: datetime, calendar: Calendar, weekday: int, at: time) -> list[Week]:
    """Return the weeks whose digest became due last, oldest first: two where a holiday put off the first of them.

    What became due before that is not made up for by itself: after a long stop nobody wants a pile of old weeks.
    """
    ended = week_of(calendar.get_day(now)).shift(-1)
    dues = [
        (ended.shift(-back), find_due_at(ended.shift(-back), calendar, weekday, at)) for back in range(_LOOKED_BACK)
    ]
    latest = max((due for _, due in dues if due <= now), default=None)
    return sorted(week for week, due in dues if due == latest)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
