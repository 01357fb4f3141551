"""Reports whose gathering has run out are submitted as they are, and every submitted one gets its first deadline."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from storage.database import Database
from storage.reports import gathering
from storage.reports.dating import date_next_received, is_any_undated
from storage.reports.deadlines import Deadlines


def close_next_gathering(database: Database, *, now: Callable[[], datetime]) -> bool:
    """Submit one report whose window has passed; returns whether there was one."""
    at = now()
    with database.read() as db:
        if gathering.find_next_gathered(db, now=at) is None:
            return False
    with database.write() as db:
        report_id = gathering.claim_next_gathered(db, now=at)
        if report_id is None:
            return False
        gathering.submit_report(db, report_id, now=at, note="等不到更多消息")
    return True


def date_next_report(database: Database, read_deadlines: Callable[[Connection], Deadlines]) -> bool:
    """Give one submitted report the time by which it must be accepted; returns whether there was one."""
    with database.read() as db:
        deadlines = read_deadlines(db)
        if not is_any_undated(db):
            return False
    with database.write() as db:
        return date_next_received(db, deadlines)
