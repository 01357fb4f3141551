"""Reports whose words changed are put into the search index."""

from __future__ import annotations

from storage.database import Database
from storage.reports import search


def index_next(database: Database) -> bool:
    """Index the next reports; returns whether there were any."""
    with database.write() as db:
        return search.index_next_reports(db) > 0
