"""The schema's history: it leads to the tables that the program knows, back again, and keeps what rows there are."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, Table, create_engine, inspect, select, text

from storage.database import Database
from storage.errors import StorageError, WrongSchemaError
from storage.migrate import check_schema, make_config, migrate_to_head, open_for_migration
from storage.tables import metadata
from tests import databases, factories

REVISIONS = [step.revision for step in ScriptDirectory.from_config(make_config(None)).walk_revisions()][::-1]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    else:
        with databases.make_postgres_database(request.getfixturevalue("postgres_url")) as url:
            yield url


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    """Give a database without any table."""
    database = Database(empty_url)
    yield database
    database.close()


def describe(database: Database) -> dict[str, Any]:
    """Return everything that the engine's own catalogue says of the schema, without its history's table."""
    with database.read() as db:
        if database.is_sqlite:
            rows = db.execute(text("SELECT type, name, sql FROM sqlite_master WHERE tbl_name != 'alembic_version'"))
            # A table's constraints may be listed in another order, and one that was made anew has its name in quotes.
            return {
                f"{row.type} {row.name}": sorted(
                    part.strip(" \t,").replace('"', "") for part in (row.sql or "").splitlines()
                )
                for row in rows
            }
        indexes = db.execute(text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"))
        constraints = db.execute(
            text(
                "SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE connamespace = 'public'::regnamespace"
            )
        )
        columns = db.execute(
            text(
                "SELECT table_name || '.' || column_name, data_type || coalesce(character_maximum_length, 0)"
                " || is_nullable || coalesce(column_default, '') || coalesce(collation_name, '')"
                " || coalesce(col_description(table_name::regclass, ordinal_position), '')"
                " FROM information_schema.columns WHERE table_schema = 'public'"
            )
        )
        found = {row[0]: row[1] for rows in (indexes, constraints, columns) for row in rows}
        return {name: value for name, value in found.items() if "alembic_version" not in name}


def test_head_makes_the_tables_that_the_program_knows(empty: Database) -> None:
    migrate_to_head(empty)
    with empty.read() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_head_equals_the_metadata_to_the_last_index_and_comment(
    empty: Database, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    migrate_to_head(empty)
    with ExitStack() as stack:
        if empty.is_sqlite:
            url = f"sqlite:///{tmp_path / 'made.sqlite3'}"
        else:
            url = stack.enter_context(databases.make_postgres_database(request.getfixturevalue("postgres_url")))
        made = stack.enter_context(closing(Database(url)))
        with made.write() as db:
            metadata.create_all(db)
        assert describe(empty) == describe(made)


def test_up_down_up_leaves_the_same_schema(empty: Database) -> None:
    migrate_to_head(empty)
    first = describe(empty)
    with open_for_migration(empty) as db:
        command.downgrade(make_config(db), "base")
    assert describe(empty) == {}
    migrate_to_head(empty)
    assert describe(empty) == first


def test_migrating_twice_changes_nothing(empty: Database) -> None:
    migrate_to_head(empty)
    with empty.write() as db:
        number = factories.make_report(db)
    first = describe(empty)
    migrate_to_head(empty)
    assert describe(empty) == first
    with empty.read() as db:
        assert db.execute(select(metadata.tables["reports"].c.id)).scalars().all() == [number]


def test_schema_is_refused_until_it_is_at_head(empty: Database) -> None:
    with pytest.raises(WrongSchemaError, match="at nothing"):
        check_schema(empty)
    migrate_to_head(empty)
    check_schema(empty)


def test_an_unknown_later_schema_is_refused(empty: Database) -> None:
    migrate_to_head(empty)
    with empty.write() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(WrongSchemaError, match="9999"):
        check_schema(empty)


def migrate_at_once(url: str, start: Any, outcomes: Any) -> None:
    """Migrate as soon as all others are ready to; run in a process of its own."""
    database = Database(url)
    try:
        start.wait(30)
        migrate_to_head(database)
        outcomes.put("")
    except Exception as error:
        outcomes.put(f"{type(error).__name__}: {error}")
    finally:
        database.close()


def test_several_processes_migrate_at_once(empty_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    start, outcomes = spawn.Barrier(3), spawn.Queue()
    processes = [spawn.Process(target=migrate_at_once, args=(empty_url, start, outcomes)) for _ in range(3)]
    for process in processes:
        process.start()
    assert [outcomes.get(timeout=60) for _ in processes] == ["", "", ""]
    for process in processes:
        process.join()
        process.close()
    outcomes.close()
    outcomes.join_thread()
    database = Database(empty_url)
    check_schema(database)
    database.close()


@pytest.mark.parametrize("revision", REVISIONS)
def test_rows_survive_every_step(empty: Database, revision: str) -> None:
    """Fill the schema as it was before a step, take the step, and find the rows again."""
    step = ScriptDirectory.from_config(make_config(None)).get_revision(revision)
    assert step is not None
    with open_for_migration(empty) as db:
        if step.down_revision is not None:
            command.upgrade(make_config(db), str(step.down_revision))
    before = fill_every_table(empty)
    with open_for_migration(empty) as db:
        command.upgrade(make_config(db), revision)
    after = count_rows(empty)
    assert {name: after.get(name) for name in before} == before


def fill_every_table(database: Database) -> dict[str, int]:
    """Put two rows into each table of the schema as it is, parents first; returns how many rows each has."""
    tables = MetaData()
    with database.write() as db:
        tables.reflect(db)
        for table in tables.sorted_tables:
            if table.name == "alembic_version":
                continue
            for number in (1, 2):
                db.execute(table.insert().values(build_row(table, number)))
    return count_rows(database)


def build_row(table: Table, number: int) -> dict[str, Any]:
    """Return a row with a value for every column that must have one."""
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.foreign_keys:
            row[column.name] = None if column.nullable else number
        elif not column.nullable or (table.name == "reporters" and column.name.startswith("openid")):
            python_type = column.type.python_type
            row[column.name] = b"sealed" if python_type is bytes else python_type(number)
    if table.name == "reports":
        row["state"] = "received"
    return row


def count_rows(database: Database) -> dict[str, int]:
    """Return how many rows each table has."""
    with database.read() as db:
        names = [name for name in inspect(db).get_table_names() if name != "alembic_version"]
        return {name: db.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in names}


def test_every_step_has_a_way_back(empty: Database) -> None:
    migrate_to_head(empty)
    for _ in REVISIONS:
        with open_for_migration(empty) as db:
            command.downgrade(make_config(db), "-1")
    with pytest.raises(WrongSchemaError):
        check_schema(empty)


def test_rebuilding_a_parent_keeps_its_children(sqlite_database: Database) -> None:
    """Batch mode drops and copies the parent table; with foreign keys on, SQLite would follow them."""
    with sqlite_database.write() as db:
        db.execute(text("CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT)"))
        db.execute(
            text("CREATE TABLE children (id INTEGER, parent_id INTEGER REFERENCES parents (id) ON DELETE CASCADE)")
        )
        db.execute(text("INSERT INTO parents VALUES (1, 'a')"))
        db.execute(text("INSERT INTO children VALUES (1, 1)"))
    with open_for_migration(sqlite_database) as db:
        operations = Operations(MigrationContext.configure(db))
        with operations.batch_alter_table("parents", recreate="always") as batch:
            batch.alter_column("name", nullable=False)
    with sqlite_database.read() as db:
        assert db.execute(text("SELECT count(*) FROM children")).scalar_one() == 1


def test_migration_that_leaves_orphans_is_undone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'orphans.sqlite3'}"
    engine = create_engine(url)
    with engine.begin() as db:
        db.execute(text("CREATE TABLE children (id INTEGER, parent_id INTEGER REFERENCES parents (id))"))
        db.execute(text("CREATE TABLE parents (id INTEGER PRIMARY KEY)"))
        db.execute(text("INSERT INTO children VALUES (1, 7)"))
    engine.dispose()
    database = Database(url)
    with pytest.raises(StorageError, match="children"):
        migrate_to_head(database)
    with database.read() as db:
        assert sorted(inspect(db).get_table_names()) == ["children", "parents"]
    database.close()


def test_a_running_program_waits_for_the_migration(sqlite_database: Database) -> None:
    """Whoever writes while a migration runs gets its turn afterwards, in the writer's place."""
    with open_for_migration(sqlite_database) as db:
        db.execute(text("CREATE TABLE extra (id INTEGER)"))
        with sqlite_database.read() as other:  # reading goes on with the schema as it was
            assert "extra" not in inspect(other).get_table_names()
    with sqlite_database.write() as db:
        db.execute(text("INSERT INTO extra VALUES (1)"))
