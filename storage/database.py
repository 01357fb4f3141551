"""The engine, its transactions, and statements prepared once for the hot path."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    CursorResult,
    Dialect,
    Integer,
    MetaData,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.expression import Executable

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives only "INTEGER PRIMARY KEY" its own row number; PostgreSQL should not run out at 2**31.
RowId = BigInteger().with_variant(Integer, "sqlite")

BUSY_TIMEOUT_SECONDS = 4  # below the platform's five seconds: a stuck lock must become a 5xx that is repeated


class Database:
    """One engine and its two kinds of transaction.

    `write()` takes SQLite's single writer's lock at once (BEGIN IMMEDIATE), so that what a transaction reads is
    still true when it writes; `read()` never waits for a writer. Neither is opened before it is needed, so the
    object may be made before a fork, but must not be used before it.
    """

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.path = Path(parsed.database) if self.is_sqlite and parsed.database else None
        if self.is_sqlite:
            if self.path is None:
                raise ValueError("an SQLite database needs a file: several processes share it")
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.engine = create_engine(
                parsed,
                pool_size=pool_size,
                max_overflow=20,
                connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
            )
            event.listen(self.engine, "connect", _prepare_sqlite_connection)
            event.listen(self.engine, "begin", _begin_sqlite_transaction)
        else:
            self.engine = create_engine(
                parsed, pool_size=pool_size, max_overflow=20, pool_pre_ping=True, pool_timeout=BUSY_TIMEOUT_SECONDS,
                connect_args={"connect_timeout": BUSY_TIMEOUT_SECONDS},
            )  # fmt: skip

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Yield a connection in a writing transaction; commits at the end, rolls back on an exception."""
        with self.engine.connect() as db:
            db = db.execution_options(suishoupai_begin="IMMEDIATE")
            with db.begin():
                yield db

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection in a reading transaction; nothing written through it is kept."""
        with self.engine.connect() as db:
            db = db.execution_options(suishoupai_begin="DEFERRED")
            transaction = db.begin()
            try:
                yield db
            finally:
                transaction.rollback()

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _prepare_sqlite_connection(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # type: ignore[attr-defined]  # sqlite3's own BEGIN is too late and too weak
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # an answer of 200 must survive a power cut
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA cache_size=-16000")
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.close()


def _begin_sqlite_transaction(db: Connection) -> None:
    db.exec_driver_sql(f"BEGIN {db.get_execution_options().get('suishoupai_begin', 'IMMEDIATE')}")


class Prepared:
    """A Core statement rendered once per engine and run through the driver.

    The webhook runs some eight statements for each message; compiling and type processing would cost more than
    the database does. Values are bound as the driver takes them: instants as milliseconds, enums as their text.
    """

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._rendered: dict[str, tuple[str, tuple[str, ...] | None, dict[str, Any]]] = {}
        self._lock = threading.Lock()

    def run(self, db: Connection, values: Mapping[str, Any]) -> CursorResult[Any]:
        """Run the statement with `values` by the names of its bound parameters."""
        rendered = self._rendered.get(db.dialect.name)
        if rendered is None:
            rendered = self._render(db.dialect)
        sql, order, constants = rendered
        if order is None:
            return db.exec_driver_sql(sql, {**constants, **values})
        return db.exec_driver_sql(sql, tuple(values[name] if name in values else constants[name] for name in order))

    def _render(self, dialect: Dialect) -> tuple[str, tuple[str, ...] | None, dict[str, Any]]:
        with self._lock:
            compiled = self._statement.compile(dialect=dialect)  # type: ignore[attr-defined]
            order = tuple(compiled.positiontup) if compiled.positional else None
            constants = {name: value for name, value in compiled.params.items() if value is not None}
            nullable = {name: None for name in compiled.params if name not in constants}
            rendered = (str(compiled), order, {**nullable, **constants})
            self._rendered[dialect.name] = rendered
            return rendered


def serialise_on(db: Connection, number: int) -> None:
    """Let only one transaction at a time work on `number` until commit.

    PostgreSQL takes an advisory transaction lock; on SQLite a writing transaction is alone already.
    """
    if db.dialect.name == "postgresql":
        db.exec_driver_sql("SELECT pg_advisory_xact_lock(%(number)s)", {"number": number})


def check_connection(db: Connection) -> None:
    """Raise the driver's error when the database does not answer."""
    db.execute(text("SELECT 1"))
