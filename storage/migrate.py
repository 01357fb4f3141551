"""Brings a database's schema to the version that this program needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from storage.database import Database, WritersPlace
from storage.errors import WrongSchemaError

_WAIT_SECONDS = 600  # a step over a million rows may hold the lock for minutes


def migrate_to_head(database: Database) -> None:
    """Bring the schema to head in one transaction; does nothing when it is there, waits while another does it."""
    with open_for_migration(database) as db:
        command.upgrade(make_config(db), "head")


def check_schema(database: Database) -> None:
    """Raise WrongSchemaError when the schema is not at head."""
    head = get_head()
    with database.read() as db:
        current = MigrationContext.configure(db).get_current_revision()
    if current != head:
        raise WrongSchemaError(f"the database's schema is at {current or 'nothing'}, the program needs {head}")


def get_head() -> str:
    """Return the name of the schema that this program needs."""
    head = ScriptDirectory.from_config(make_config(None)).get_current_head()
    if head is None:
        raise RuntimeError("the package holds no migrations")
    return head


def make_config(db: Connection | None) -> Config:
    """Return Alembic's configuration for the steps in this package, to be run on `db`."""
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = db
    return config


@contextmanager
def open_for_migration(database: Database) -> Iterator[Connection]:
    """Yield a connection of its own in a transaction that commits at the end; on SQLite without foreign keys."""
    if not database.is_sqlite:
        engine = create_engine(database.engine.url, poolclass=NullPool)
        with engine.begin() as db:
            yield db
        return
    path = database.path
    if path is None:
        raise ValueError("an SQLite database needs a file")
    engine = create_engine(database.engine.url, poolclass=NullPool, connect_args={"timeout": _WAIT_SECONDS})
    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "begin", _begin)
    # The same place that `Database` writes in, so that web workers wait instead of failing.
    place = WritersPlace(path.with_name(path.name + ".writer"), patience_seconds=_WAIT_SECONDS)
    try:
        with place, engine.begin() as db:
            yield db
    finally:
        place.close()


def _prepare_connection(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    made: Any = connection
    made.isolation_level = None
    cursor = made.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=OFF")  # see migrations/env.py
    cursor.close()


def _begin(db: Connection) -> None:
    db.exec_driver_sql("BEGIN IMMEDIATE")
