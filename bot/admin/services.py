"""What the staff's page is given by the program, and how its views get at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, cast

from flask import current_app
from sqlalchemy import Connection

from bot.deadlines import read_deadlines
from storage.database import Database
from storage.errors import SealError
from storage.reports.deadlines import Deadlines

EXTENSION = "suishoupai_admin"


class PhotoStore(Protocol):
    """Where the clean copies lie; `media.store.MediaStore` is one."""

    def get(self, key: str) -> bytes: ...


def refuse_to_open(_payload_sealed: bytes, _received_at: datetime) -> str:
    """Stand in where nobody has given the page a way to open what is sealed."""
    raise SealError("this page was not given the key")


def make_no_qr(_scene: str) -> str | None:
    """Stand in where the page has no way to the platform: a code is then typed, not scanned."""
    return None


@dataclass(frozen=True, slots=True)
class AdminServices:
    """The database, the store, the clock and the rules of the log-in; `demo_login` is shown on the log-in page."""

    database: Database
    store: PhotoStore
    now: Callable[[], datetime]
    is_https: bool
    open_words: Callable[[bytes, datetime], str] = refuse_to_open  # the words of a sealed payload
    read_deadlines: Callable[[Connection], Deadlines] = read_deadlines
    make_bind_qr: Callable[[str], str | None] = make_no_qr  # what a QR code for a scene holds, None without an answer
    rectify_choices_days: tuple[int, ...] = (3, 7, 15)  # what an assignment offers
    idle_minutes: int = 30
    lock_minutes: int = 15
    max_failures: int = 5
    longest_hours: int = 12  # a log-in ends after a working day, however busy
    logins_per_minute: int = 30  # from one address; several people may sit behind one
    password_method: str = "scrypt:32768:8:1"  # noqa: S105 - a method, not a password
    demo_login: tuple[str, str] | None = None

    @property
    def idle_for(self) -> timedelta:
        """Return how long a log-in lasts without anybody at the page."""
        return timedelta(minutes=self.idle_minutes)

    @property
    def locked_for(self) -> timedelta:
        """Return how long a name stays locked after too many wrong passwords."""
        return timedelta(minutes=self.lock_minutes)


def get_services() -> AdminServices:
    """Return the services of the app that answers this request."""
    return cast("AdminServices", current_app.extensions[EXTENSION])
