"""Files of purged attachments are deleted for good."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.jobs.purges import delete_next_purged
from media.errors import Reason, StoreError
from media.store import MediaStore
from storage.attachments import AttachmentState, find_attachment, purge_report_attachments
from storage.database import Database
from tests.factories import make_photo, make_report


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    return MediaStore(f"file://{tmp_path}/media")


def add_photos(database: Database, store: MediaStore, *, count: int) -> list[int]:
    """Add a report with photos whose files are kept; returns the report and the photos."""
    with database.write() as db:
        report_id = make_report(db)
        ids = []
        for number in range(count):
            keys = {
                kind: f"{folder}/{report_id}/{number}.jpg"
                for kind, folder in (
                    ("clean_key", "photos"),
                    ("thumbnail_key", "thumbnails"),
                    ("original_key", "originals"),
                )
            }
            ids.append(make_photo(db, report_id=report_id, **keys))
            for key in keys.values():
                store.put(key, key.encode())
    return [report_id, *ids]


def test_deletes_every_file_of_one_purged_attachment_at_a_time(database: Database, store: MediaStore) -> None:
    kept = add_photos(database, store, count=1)
    purged = add_photos(database, store, count=2)
    with database.write() as db:
        purge_report_attachments(db, purged[0])
    assert delete_next_purged(database, store)
    assert len(list(store.list_keys())) == 6
    assert delete_next_purged(database, store)
    assert not delete_next_purged(database, store)
    assert all(f"/{kept[0]}/" in key for key in store.list_keys())
    assert len(list(store.list_keys())) == 3
    with database.read() as db:
        for attachment_id in purged[1:]:
            row = find_attachment(db, attachment_id)
            assert row is not None
            assert (row.state, row.clean_key, row.thumbnail_key, row.original_key) == (
                AttachmentState.PURGED,
                "",
                "",
                "",
            )


def test_goes_on_where_an_earlier_try_got_to(
    database: Database, store: MediaStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_id, _ = add_photos(database, store, count=1)
    with database.write() as db:
        purge_report_attachments(db, report_id)
    real, calls = store.delete, []

    def fail_at_the_second(key: str) -> None:
        calls.append(key)
        if len(calls) == 2:
            raise StoreError(Reason.STORE_UNAVAILABLE, permanent=False)
        real(key)

    monkeypatch.setattr(store, "delete", fail_at_the_second)
    with pytest.raises(StoreError):
        delete_next_purged(database, store)
    assert len(list(store.list_keys())) == 2
    assert delete_next_purged(database, store)
    assert list(store.list_keys()) == []


def test_leaves_alone_what_was_not_purged(database: Database, store: MediaStore) -> None:
    add_photos(database, store, count=2)
    assert not delete_next_purged(database, store)
    assert len(list(store.list_keys())) == 6
