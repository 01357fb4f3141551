"""Photos of what was mended are compared with those before them; what is found is written down once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot.jobs.after_photos import compare_next_after_photo
from storage.attachments import AttachmentState
from storage.database import Database
from storage.reports.assignments import add_after_photo, after_photos
from storage.units import UnitKind, add_unit
from tests.factories import NOW, make_photo, make_report
from tests.handed_over import find_assignment_id, hand_over

HASH = 0x0F0F_1234_5678_7FFF


def make_after(db: Connection, report_id: int, *, minutes: int = 60, **values: Any) -> int:
    """Insert a photo of what was mended."""
    number = make_photo(db, report_id=report_id, sent_at=NOW + timedelta(minutes=minutes), **values)
    add_after_photo(db, number, find_assignment_id(db, report_id))
    return number


def make_two(db: Connection) -> tuple[int, int]:
    """Insert two reports that a unit has to mend."""
    unit_id = add_unit(db, name="样例东坪村", kind=UnitKind.VILLAGE, aliases=[], now=NOW)
    return hand_over(db, unit_id=unit_id), hand_over(db, unit_id=unit_id)


def compare_all(database: Database, now: datetime) -> dict[int, int | None]:
    """Run the job until there is nothing left and return what was found."""
    while compare_next_after_photo(database, now=lambda: now):
        pass
    with database.read() as db:
        rows = db.execute(select(after_photos).where(after_photos.c.compared_at.is_not(None)))
        return {row.attachment_id: row.reuse_of_id for row in rows}


def flip(difference_hash: int, bits: int) -> int:
    """Return a hash with so many bits changed."""
    return difference_hash ^ ((1 << bits) - 1)


@pytest.mark.parametrize(
    ("before", "after", "is_found"),
    [
        ({"sha256": "a" * 64}, {"sha256": "a" * 64}, True),
        ({"difference_hash": HASH}, {"difference_hash": HASH}, True),
        ({"difference_hash": HASH}, {"difference_hash": flip(HASH, 6)}, True),
        ({"difference_hash": HASH}, {"difference_hash": flip(HASH, 7)}, False),
        ({"difference_hash": 0}, {"difference_hash": 0}, False),  # an even surface
        ({"difference_hash": None}, {"difference_hash": None}, False),
        ({"difference_hash": -1 & ~HASH}, {"difference_hash": HASH}, False),
        ({"sha256": "a" * 64, "state": AttachmentState.PURGED}, {"sha256": "a" * 64}, False),
    ],
)
@pytest.mark.parametrize("is_same_report", [True, False])
def test_a_used_photo_is_found(
    database: Database,
    now: datetime,
    before: dict[str, Any],
    after: dict[str, Any],
    is_found: bool,
    is_same_report: bool,
) -> None:
    with database.write() as db:
        first, second = make_two(db)
        used = make_photo(db, report_id=first if is_same_report else second, **before)
        make_photo(db, report_id=make_report(db), difference_hash=0x1111_2222_4444_8888)
        photo = make_after(db, first, **after)
    assert compare_all(database, now) == {photo: used if is_found else None}


def test_only_earlier_photos_count_and_the_earliest_is_named(database: Database, now: datetime) -> None:
    with database.write() as db:
        first, second = make_two(db)
        late = make_photo(db, report_id=second, sha256="b" * 64, sent_at=NOW + timedelta(days=1))
        used = make_after(db, second, sha256="b" * 64, minutes=10)
        again = make_after(db, first, sha256="b" * 64, minutes=20)
    assert late
    assert compare_all(database, now) == {used: None, again: used}


def test_what_is_not_fetched_yet_waits(database: Database, now: datetime) -> None:
    with database.write() as db:
        first, _ = make_two(db)
        make_after(db, first, state=AttachmentState.PENDING)
        refused = make_after(db, first, state=AttachmentState.REFUSED, sha256=None)
    assert compare_all(database, now) == {refused: None}
    assert compare_next_after_photo(database, now=lambda: now) is False
