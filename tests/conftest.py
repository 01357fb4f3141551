"""Fixtures for every test: a fixed instant, and a fresh migrated database on either engine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from storage.database import Database
from tests import databases


@pytest.fixture
def now() -> datetime:
    """Give one aware instant: a Wednesday, nine in the morning in the township."""
    return datetime(2026, 11, 25, 9, 0, tzinfo=timezone(timedelta(hours=8))).astimezone(UTC)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Give the URL of a PostgreSQL server, started when first asked for."""
    with databases.run_postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """Give the name of a migrated, empty database to copy."""
    with databases.make_postgres_template(postgres_url) as name:
        yield name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "suishoupai.sqlite3"
    databases.make_sqlite_template(path)
    return path


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """Give a fresh migrated database on SQLite."""
    path = tmp_path / "suishoupai.sqlite3"
    shutil.copyfile(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.close()


@pytest.fixture
def postgres_database(postgres_url: str, postgres_template: str) -> Iterator[Database]:
    """Give a fresh migrated database on PostgreSQL."""
    with databases.make_postgres_database(postgres_url, template=postgres_template) as url:
        database = Database(url)
        yield database
        database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """Give a fresh migrated database, on one engine after the other."""
    name = "sqlite_database" if request.param == "sqlite" else "postgres_database"
    made: Database = request.getfixturevalue(name)
    return made
