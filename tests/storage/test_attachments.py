"""Photos, voices and videos: due, claimed by one only, kept, put off, lost and purged."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from storage.attachments import (
    AttachmentState,
    KeptCopy,
    Reason,
    add_attachment,
    attachments,
    claim_next_due,
    find_attachment,
    find_purged,
    forget_files,
    list_report_attachments,
    mark_gone,
    mark_kept,
    mark_retry,
    purge_report_attachments,
)
from storage.database import Database
from tests.factories import make_message, make_photo, make_report

COPY = KeptCopy(
    content_type="image/jpeg",
    byte_count=1234,
    sha256="a" * 64,
    clean_key="clean/1.jpg",
    original_key="original/1",
    thumbnail_key="thumbnail/1.jpg",
    width=4000,
    height=3000,
    difference_hash=-(2**63),
)


def add(db: Connection, now: datetime, **values: Any) -> int:
    report = values.pop("report_id", None) or make_report(db)
    what: dict[str, Any] = {
        "report_id": report,
        "message_id": make_message(db, report_id=report),
        "kind": "photo",
        "media_id": "media-1",
        "picture_url": "",
        "voice_format": "",
        "sent_at": now,
        "expires_at": now + timedelta(days=3),
        "now": now,
        **values,
    }
    add_attachment(db, **what)
    return int(db.execute(select(attachments.c.id).order_by(attachments.c.id.desc())).scalars().first() or 0)


def claim(db: Connection, now: datetime) -> int | None:
    claimed = claim_next_due(db, now=now, next_try_at=now + timedelta(minutes=1))
    return None if claimed is None else claimed.id


def read(db: Connection, number: int) -> Any:
    row = find_attachment(db, number)
    assert row is not None
    return row


def test_attachment_is_due_at_once(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = add(db, now, media_id="m" * 300)
        claimed = claim_next_due(db, now=now, next_try_at=now + timedelta(minutes=1))
        row = read(db, number)
    assert claimed is not None
    assert (claimed.id, claimed.kind, claimed.media_id, claimed.attempts) == (number, "photo", "m" * 200, 1)
    assert (row.state, row.attempts, row.due_at) == ("pending", 1, now + timedelta(minutes=1))


def test_attachment_without_any_reference_is_lost_from_the_start(database: Database, now: datetime) -> None:
    with database.write() as db:
        row = read(db, add(db, now, media_id=""))
        assert (row.state, row.reason, row.due_at) == ("lost", Reason.NO_REFERENCE, None)
        assert claim(db, now) is None


def test_claims_what_is_due_longest_first(database: Database, now: datetime) -> None:
    with database.write() as db:
        late = add(db, now + timedelta(seconds=2))
        soon = add(db, now + timedelta(seconds=1))
        assert [claim(db, now + timedelta(seconds=second)) for second in (0, 3, 3, 3)] == [None, soon, late, None]


def test_two_claimants_get_different_attachments(database: Database, now: datetime) -> None:
    with database.write() as db:
        numbers = {add(db, now) for _ in range(2)}
    if database.is_sqlite:  # one after the other: the first has moved the due time when the second looks
        claimed = []
        for _ in range(3):
            with database.write() as db:
                claimed.append(claim(db, now))
    else:
        with database.write() as one, database.write() as two, database.write() as three:
            claimed = [claim(db, now) for db in (one, two, three)]
    assert set(claimed[:2]) == numbers
    assert claimed[2] is None


def test_claim_that_was_cut_off_is_due_again(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = add(db, now)
        assert [claim(db, now + timedelta(minutes=minute)) for minute in (0, 0, 1)] == [number, None, number]
        assert read(db, number).attempts == 2


def test_keeps_where_the_copies_are(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = add(db, now)
        assert mark_kept(db, number, COPY, now=now) is True
        row = read(db, number)
        assert claim(db, now + timedelta(days=1)) is None
    assert (row.state, row.due_at, row.fetched_at) == ("kept", None, now)
    assert (row.clean_key, row.thumbnail_key, row.original_key) == ("clean/1.jpg", "thumbnail/1.jpg", "original/1")
    assert (row.width, row.height, row.byte_count, row.difference_hash) == (4000, 3000, 1234, -(2**63))


@pytest.mark.parametrize("state", [AttachmentState.REFUSED, AttachmentState.LOST])
def test_settles_what_cannot_be_had(database: Database, now: datetime, state: AttachmentState) -> None:
    with database.write() as db:
        number = add(db, now)
        assert mark_gone(db, number, state, reason=Reason.MEDIA_GONE) is True
        row = read(db, number)
        assert (row.state, row.reason, row.due_at) == (state, "media_gone", None)
        assert mark_kept(db, number, COPY, now=now) is False
        assert mark_gone(db, number, state, reason=Reason.EXPIRED) is False
        assert read(db, number).reason == "media_gone"


@pytest.mark.parametrize(("is_counted", "attempts"), [(True, 1), (False, 0)])
def test_puts_off_and_counts_what_is_the_attachments_own_fault(
    database: Database, now: datetime, is_counted: bool, attempts: int
) -> None:
    later = now + timedelta(hours=1)
    with database.write() as db:
        number = add(db, now)
        claim(db, now)
        mark_retry(db, number, reason=Reason.UNREACHABLE, due_at=later, is_counted=is_counted)
        row = read(db, number)
        assert (row.state, row.reason, row.due_at, row.attempts) == ("pending", "unreachable", later, attempts)


def test_purged_attachment_keeps_nothing_of_a_fetch_that_was_under_way(database: Database, now: datetime) -> None:
    with database.write() as db:
        report = make_report(db)
        number = add(db, now, report_id=report)
        claim(db, now)
        purge_report_attachments(db, report)
        assert mark_kept(db, number, COPY, now=now) is False
        row = read(db, number)
    assert (row.state, row.due_at, row.media_id, row.clean_key) == ("purged", None, "", "")


def test_purging_leaves_the_keys_until_the_files_are_gone(database: Database) -> None:
    with database.write() as db:
        report, other = make_report(db), make_report(db)
        number = make_photo(db, report_id=report, difference_hash=7)
        kept = make_photo(db, report_id=other)
        purge_report_attachments(db, report)
        purged = find_purged(db)
        assert purged is not None
        assert (purged.id, purged.sha256, purged.difference_hash) == (number, None, None)
        assert purged.original_key
        forget_files(db, number)
        assert find_purged(db) is None
        assert read(db, number).original_key == ""
        assert read(db, kept).state == "kept"


def test_attachments_of_reports_are_listed_as_they_were_sent(database: Database, now: datetime) -> None:
    with database.write() as db:
        one, two, other = (make_report(db) for _ in range(3))
        late = make_photo(db, report_id=one, sent_at=now + timedelta(minutes=2))
        early = make_photo(db, report_id=one, sent_at=now + timedelta(minutes=1))
        second = make_photo(db, report_id=two)
        make_photo(db, report_id=other)
        assert [row.id for row in list_report_attachments(db, [two, one])] == [early, late, second]
