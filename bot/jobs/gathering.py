"""Reports whose gathering has run out are submitted as they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from storage.database import Database
from storage.reports import gathering


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
