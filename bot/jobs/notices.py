"""Notices that are due are sent one by one, and held ones are let go when their recipient has written."""

from __future__ import annotations

from bot.notify.sending import send_next_notice
from bot.notify.services import NoticeServices
from storage import sends

__all__ = ["release_next_held", "send_next_notice"]


def release_next_held(services: NoticeServices) -> bool:
    """Make held notices due whose recipient has written since; returns whether there were any."""
    with services.database.read() as db:
        if not sends.list_releasable(db, most=1):
            return False
    with services.database.write() as db:
        return sends.release_held(db, now=services.now()) > 0
