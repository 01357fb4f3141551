"""The township's working days and office hours: the State Council's holidays with their make-up days (调休), and the
office's own table of single days, which goes before them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import chinese_calendar
from sqlalchemy import Boolean, Column, Connection, String, Table, delete, insert, select

from storage.database import metadata
from storage.limit import Limit
from storage.types import AnyRow

holidays = Table(
    "holidays",
    metadata,
    Column("day", String(10), primary_key=True, comment="such as 2027-02-06"),
    Column("is_working", Boolean, nullable=False),
    Column("name", String(40), nullable=False, default="", comment="such as 春节 or 调休上班"),
)

OfficeHours = tuple[time, time]  # from, until (no longer part of it)

_ONE_DAY = timedelta(days=1)
_LAST_MINUTE = time(23, 59)
_LONGEST_BREAK = 60  # days; no holiday is as long, so an office table that closes every day is a mistake


@dataclass(frozen=True)
class Calendar:
    """Working days and office hours in one timezone; `overrides` says of single days whether they are worked."""

    hours: Sequence[OfficeHours]
    timezone: ZoneInfo
    overrides: Mapping[date, bool]

    def is_working_day(self, day: date) -> bool:
        """Return whether the office works on a day: Monday to Friday where no table knows the year."""
        named = self.overrides.get(day)
        if named is not None:
            return named
        published = _find_published(day)
        return day.weekday() < 5 if published is None else published

    def is_known(self, year: int) -> bool:
        """Return whether the holidays of a year are published or entered; if not, staff must be told.

        The State Council publishes a year's days in the November before it.
        """
        return _find_published(date(year, 1, 1)) is not None or any(day.year == year for day in self.overrides)

    def get_day(self, instant: datetime) -> date:
        """Return the township's date at an instant."""
        return instant.astimezone(self.timezone).date()

    def is_office_open(self, instant: datetime) -> bool:
        """Return whether somebody sits at the office."""
        local = instant.astimezone(self.timezone)
        return self.is_working_day(local.date()) and any(start <= local.time() < end for start, end in self.hours)

    def next_opening(self, instant: datetime) -> datetime:
        """Return the first instant from this one on at which the office is open."""
        if self.is_office_open(instant):
            return instant
        local = instant.astimezone(self.timezone)
        for days in range(_LONGEST_BREAK):
            day = local.date() + days * _ONE_DAY
            if not self.is_working_day(day):
                continue
            for start, _ in self.hours:
                opening = datetime.combine(day, start, self.timezone)
                if opening >= local:
                    return opening.astimezone(instant.tzinfo)
        raise ValueError(f"no working day within {_LONGEST_BREAK} days: the table of holidays is wrong")

    def add_working_days(self, day: date, count: int) -> date:
        """Return the `count`-th working day after a day; for 0 the day itself or the first working day after it."""
        if count == 0:
            day, count = day - _ONE_DAY, 1
        passed = 0
        while count:
            day += _ONE_DAY
            passed = 0 if self.is_working_day(day) else passed + 1
            count -= passed == 0
            if passed > _LONGEST_BREAK:
                raise ValueError(f"no working day within {_LONGEST_BREAK} days: the table of holidays is wrong")
        return day

    def add_limit(self, instant: datetime, limit: Limit) -> datetime:
        """Return when a limit that began at an instant runs out.

        Days are counted from the next one: natural days end at midnight, working days when the office closes.
        """
        if limit.unit == "minutes":
            return instant + timedelta(minutes=limit.amount)
        if limit.unit == "hours":
            return instant + timedelta(hours=limit.amount)
        day = self.get_day(instant)
        if limit.unit == "days":
            return self.end_day(day + limit.amount * _ONE_DAY).astimezone(instant.tzinfo)
        closing = self.hours[-1][1]
        last = self.add_working_days(day, limit.amount)
        return datetime.combine(last, closing, self.timezone).astimezone(instant.tzinfo)

    def end_day(self, day: date) -> datetime:
        """Return the last minute of a day, which is when a deadline that names only the day runs out."""
        return datetime.combine(day, _LAST_MINUTE, self.timezone)

    def count_working_days(self, since: date, until: date) -> int:
        """Return how many working days lie after `since`, up to `until` with it."""
        return sum(self.is_working_day(since + days * _ONE_DAY) for days in range(1, (until - since).days + 1))


def read_calendar(db: Connection, hours: Sequence[OfficeHours], timezone: ZoneInfo) -> Calendar:
    """Return the calendar with what the office has entered."""
    overrides = {date.fromisoformat(row.day): bool(row.is_working) for row in db.execute(select(holidays))}
    return Calendar(hours, timezone, overrides)


def list_holidays(db: Connection) -> Sequence[AnyRow]:
    """Return what the office has entered, by day."""
    return db.execute(select(holidays).order_by(holidays.c.day)).all()


def set_holiday(db: Connection, day: date, *, is_working: bool, name: str) -> None:
    """Enter a day, in place of what was said of it before."""
    forget_holiday(db, day)
    db.execute(insert(holidays).values(day=day.isoformat(), is_working=is_working, name=name))


def forget_holiday(db: Connection, day: date) -> None:
    """Leave a day to the published table again."""
    db.execute(delete(holidays).where(holidays.c.day == day.isoformat()))


@lru_cache(maxsize=4_000)
def _find_published(day: date) -> bool | None:
    """Return what the State Council's notice says of a day; None where the library does not know the year."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None
