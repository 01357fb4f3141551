"""What Alembic runs around the steps: on the connection it is given, one migration at a time, foreign keys checked."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from storage.errors import StorageError
from storage.tables import metadata

_LOCK_NUMBER = 7_264_913_055  # any number that nothing else in the database locks on


def run_migrations(db: Connection) -> None:
    """Run the steps inside the transaction that `db` is in; raises StorageError when a row lost its parent."""
    if db.dialect.name == "postgresql":
        db.exec_driver_sql("SELECT pg_advisory_xact_lock(%(number)s)", {"number": _LOCK_NUMBER})
    context.configure(connection=db, target_metadata=metadata, render_as_batch=True, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()
    if db.dialect.name == "sqlite":
        # Batch mode rebuilds a table by dropping it, so SQLite must not enforce foreign keys meanwhile: it would
        # follow them and delete the children. They are counted afterwards instead.
        orphans = db.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if orphans:
            tables = ", ".join(sorted({str(row[0]) for row in orphans}))
            raise StorageError(f"after the migration {len(orphans)} rows point to rows that are not there: {tables}")


run_migrations(context.config.attributes["connection"])
