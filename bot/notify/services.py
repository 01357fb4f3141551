"""What sending is given from outside, and what it remembers of channels that are out of order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection
from structlog.typing import FilteringBoundLogger

from bot.notify.robots import Robot
from bot.notify.template import Template
from bot.notify.words import MakeWords
from bot.settings.duty_channels import DutyChannel
from bot.settings.outgoing import MailTable
from bot.wechat.client import WeChatClient
from storage.calendar import Calendar
from storage.database import Database
from storage.outbox import Purpose
from storage.vault import Vault

LEASE = timedelta(minutes=2)  # longer than all channels of one notice together may take, one after the other
LONGEST_PAUSE = timedelta(minutes=5)


class Pauses:
    """Channels that everybody had better leave alone for a while; may be used by several threads at once.

    A pause that follows on a pause, with no success between, is twice as long as the one before.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[str, datetime] = {}
        self._failures: dict[str, int] = {}

    def find_end(self, channel: str, now: datetime) -> datetime | None:
        """Return until when a channel pauses, None when it does not."""
        with self._lock:
            until = self._until.get(channel)
        return until if until is not None and now < until else None

    def pause(self, channel: str, shortest: timedelta, now: datetime) -> None:
        """Leave a channel alone for `shortest`, and longer each time that it fails again."""
        with self._lock:
            if now < self._until.get(channel, now):
                return  # another thread has found out already
            failures = self._failures.get(channel, 0)
            self._failures[channel] = min(failures + 1, 10)
            longer = min(shortest * 2**failures, LONGEST_PAUSE)
            self._until[channel] = now + max(shortest, longer)

    def end(self, channel: str) -> None:
        """Keep that a channel works again."""
        with self._lock:
            self._until.pop(channel, None)
            self._failures.pop(channel, None)


@dataclass(frozen=True, slots=True)
class NoticeServices:
    """The outside world of sending. `random_hex(n)` gives n random hex digits; an error in `log` is an alarm.

    `duty` names the recipients duty:<name>; `robots` has those of them that are a group's. `makers` make the words of
    notices that have none.
    """

    database: Database
    client: WeChatClient
    vault: Vault
    mail: MailTable
    read_calendar: Callable[[Connection], Calendar]
    now: Callable[[], datetime]
    random_hex: Callable[[int], str]
    log: FilteringBoundLogger
    duty: Mapping[str, DutyChannel] = field(default_factory=dict, repr=False)
    robots: Mapping[str, Robot] = field(default_factory=dict, repr=False)
    build_task_url: Callable[[int], str] = lambda _assignment_id: ""
    progress_template: Template | None = None
    reminder_template: Template | None = None
    makers: Mapping[Purpose, MakeWords] = field(default_factory=dict)
    most_per_recipient_per_day: int = 10
    pauses: Pauses = field(default_factory=Pauses)
    lease: timedelta = LEASE
