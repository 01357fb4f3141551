"""Files of attachments that were purged are deleted."""

from __future__ import annotations

from media.store import MediaStore
from storage import attachments
from storage.database import Database


def delete_next_purged(database: Database, store: MediaStore) -> bool:
    """Delete the files of one purged attachment; returns whether there was one."""
    with database.read() as db:
        row = attachments.find_purged(db)
    if row is None:
        return False
    for key in (row.clean_key, row.thumbnail_key, row.original_key):
        if key:
            store.delete(key)  # does nothing when an earlier try got this far
    with database.write() as db:
        attachments.forget_files(db, row.id)
    return True
