"""What handlers are given from outside: the rules, the names of units, the office's calendar, who is alarmed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from handlers.conversation import Rules
from handlers.texts import DutyPhone
from storage.calendar import read_calendar
from storage.reports.deadlines import Deadlines

_OFFICE_HOURS = ((time(8, 30), time(11, 30)), (time(14, 30), time(17, 30)))


def read_plain_deadlines(db: Connection) -> Deadlines:
    """Return deadlines that set no time, with the office's calendar: for a program that is given no others."""
    return Deadlines(read_calendar(db, _OFFICE_HOURS, ZoneInfo("Asia/Shanghai")), {})


@dataclass(frozen=True, slots=True)
class Services:
    """The outside world of the handlers; no identity, no network, no files."""

    rules: Rules = field(default_factory=Rules)
    duty_phones: tuple[DutyPhone, ...] = ()
    duty_channels: tuple[str, ...] = ()  # recipients of alarms, such as duty:1
    confidential_to: tuple[str, ...] = ()  # the one or two who are told of a suspected concealed accident
    unit_ids: Mapping[str, int] = field(default_factory=dict)  # canonical name -> row
    read_deadlines: Callable[[Connection], Deadlines] = read_plain_deadlines
    random_digits: Callable[[int], str] | None = None  # that many random digits; without it there are no receipts
