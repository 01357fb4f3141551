"""Compares a photo of what was mended with the photos before it, so that a used one is seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from storage.database import Database
from storage.reports.reuse import claim_next_uncompared, find_earlier_same, has_uncompared, record_compared


def compare_next_after_photo(database: Database, *, now: Callable[[], datetime]) -> bool:
    """Compare one kept photo of what was mended; return whether there was one.

    What is found is for the reviewer to judge: a photo from the same spot may look like the one before.
    """
    with database.read() as db:
        if not has_uncompared(db):
            return False
    with database.write() as db:
        photo = claim_next_uncompared(db)
        if photo is None:
            return False
        record_compared(db, photo.id, reuse_of_id=find_earlier_same(db, photo), at=now())
    return True
