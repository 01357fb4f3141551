"""The engine, its transactions, and statements prepared once for the hot path."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    MetaData,
    Table,
    bindparam,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.expression import Executable

from storage.errors import DatabaseBusyError

T = TypeVar("T")

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

MOST_TOGETHER = 64  # pieces of work that share one transaction; performance.md measured 64 rows a commit

# A stuck lock must become a 5xx that is repeated before the platform's five seconds are over, and on SQLite two waits
# may follow each other: for this process's other threads, and for other processes.
BUSY_TIMEOUT_SECONDS = 2
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.0002, 0.002


class Database:
    """One engine and its transactions.

    `run(work)` is the hot path: on SQLite all work that waits at one moment shares one transaction and one flush
    to disk. `write()` takes the single writer's place at once, so that what a transaction reads is still true when
    it writes; `read()` never waits for a writer. Nothing is opened before it is needed, so the object may be made
    before a fork, but must not be used before it.
    """

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if self.is_sqlite:
            if not parsed.database or parsed.database == ":memory:":
                raise ValueError("an SQLite database needs a file: several processes share it")
            self.path: Path | None = Path(parsed.database)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.engine = create_engine(
                parsed,
                pool_size=pool_size,
                max_overflow=20,
                connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
            )
            event.listen(self.engine, "connect", _prepare_sqlite_connection)
            event.listen(self.engine, "begin", _begin_sqlite_transaction)
            self._writers_place = WritersPlace(self.path.with_name(self.path.name + ".writer"))
        else:
            self.path = None
            self.engine = create_engine(
                parsed, pool_size=pool_size, max_overflow=20, pool_pre_ping=True, pool_timeout=BUSY_TIMEOUT_SECONDS,
                connect_args={
                    "connect_timeout": BUSY_TIMEOUT_SECONDS,
                    "options": f"-c lock_timeout={BUSY_TIMEOUT_SECONDS * 1000}",
                },
            )  # fmt: skip
        driver = self.engine.dialect.loaded_dbapi
        # What means that nothing could be stored now, whatever was asked: the platform is to repeat its message.
        self.outages: tuple[type[Exception], ...] = (
            OperationalError,
            InterfaceError,
            TimeoutError,
            DatabaseBusyError,
            driver.OperationalError,
            driver.InterfaceError,
        )
        self._waiting: deque[_Work[Any]] = deque()
        self._queue = threading.Lock()
        self._has_leader = False

    def run(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` returns, run in a writing transaction that is durable when this returns.

        On SQLite `work` may share its transaction with others that wait, and may be run a second time after a
        rollback when one of them raises; it must have no effect but through its connection. Raises what `work`
        raises, and the driver's errors.
        """
        if not self.is_sqlite:
            with self.write() as db:
                return work(db)
        mine = _Work(work)
        with self._queue:
            self._waiting.append(mine)
            mine.leads = not self._has_leader
            self._has_leader = True
        if not mine.leads and not mine.wait_for_turn(BUSY_TIMEOUT_SECONDS):
            self._withdraw(mine)
        if mine.leads:
            self._lead()
        return mine.get_result()

    def _withdraw(self, work: _Work[Any]) -> None:
        """Take back work that has waited too long; it stays when the lead was handed to it at the last moment."""
        with self._queue:
            if work.leads:
                return
            if work in self._waiting:
                self._waiting.remove(work)
        work.error = DatabaseBusyError("another thread has held the writer's place for too long")

    def _lead(self) -> None:
        """Run what waits at this moment, then hand the lead to whoever has come to wait meanwhile."""
        together: list[_Work[Any]] = []
        try:
            with self._writers_place:
                with self._queue:
                    while self._waiting and len(together) < MOST_TOGETHER:
                        together.append(self._waiting.popleft())
                self._run_together(together)
        except DatabaseBusyError as error:
            with self._queue:
                together.extend(self._waiting)
                self._waiting.clear()
            for work in together:
                work.error = error
        finally:
            with self._queue:
                next_leader = self._waiting[0] if self._waiting else None
                self._has_leader = next_leader is not None
                if next_leader is not None:
                    next_leader.leads = True
                    next_leader.wake()
            for work in together:
                work.wake()

    def _run_together(self, together: list[_Work[Any]]) -> bool:
        """Run pieces of work in one transaction; says whether it could begin.

        When one of them raises, none is kept: each gets a transaction of its own and its own outcome.
        """
        has_begun = False
        try:
            with self._write_in_place() as db:
                has_begun = True
                for work in together:
                    work.run(db)
        except Exception as error:
            if has_begun and len(together) > 1:
                self._run_each(together)
            else:
                for work in together:
                    work.error = error
        except BaseException:
            for work in together:  # this thread is being ended; whoever waits must not take silence for success
                work.error = DatabaseBusyError("the thread that did the writing was ended")
            raise
        return has_begun

    def _run_each(self, together: list[_Work[Any]]) -> None:
        for number, work in enumerate(together):
            if not self._run_together([work]):  # the database is away: the others would only wait as long again
                for other in together[number + 1 :]:
                    other.error = work.error
                return

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Yield a connection in a writing transaction; commits at the end, rolls back on an exception."""
        if not self.is_sqlite:
            with self.engine.begin() as db:
                yield db
            return
        with self._writers_place, self._write_in_place() as db:
            yield db

    @contextmanager
    def _write_in_place(self) -> Iterator[Connection]:
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
        if self.is_sqlite:
            self._writers_place.close()


class WritersPlace:
    """The place of SQLite's single writer, held by one thread of one process at a time.

    SQLite's own waiting sleeps in steps of up to a tenth of a second; a thread that waits here for another one is
    woken at once, and for another process it looks every few hundred microseconds. SQLite's lock is still taken inside,
    so that a program that does not know of this place does no harm. The kernel frees the place of a process that dies.
    """

    def __init__(self, path: Path, *, patience_seconds: float | None = None) -> None:
        """Name the file of the place; without a patience of its own, a waiter gives up when the platform would."""
        self._path = path
        self._patience_seconds = patience_seconds
        self._thread = threading.Lock()
        self._file: int | None = None
        self._pid = 0

    def __enter__(self) -> None:
        patience = BUSY_TIMEOUT_SECONDS if self._patience_seconds is None else self._patience_seconds
        if not self._thread.acquire(timeout=patience):
            raise DatabaseBusyError("another thread has held the writer's place for too long")
        try:
            if self._file is None or self._pid != os.getpid():
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                self._pid = os.getpid()
            self._wait_for_other_processes(self._file, patience)
        except BaseException:
            self._thread.release()
            raise

    @staticmethod
    def _wait_for_other_processes(file: int, patience: float) -> None:
        """Take the file's lock; raises DatabaseBusyError when it is not free in time.

        Another process keeps the place for a few milliseconds, so the pauses between the looks are shorter than that.
        """
        until, pause = time.monotonic() + patience, FIRST_PAUSE_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    raise DatabaseBusyError("another process has held the writer's place for too long") from None
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            else:
                return

    def __exit__(self, *_exception: object) -> None:
        try:
            if self._file is not None:
                fcntl.flock(self._file, fcntl.LOCK_UN)
        finally:
            self._thread.release()

    def close(self) -> None:
        """Close the file behind the place."""
        if self._file is not None and self._pid == os.getpid():
            os.close(self._file)
        self._file = None


class _Work(Generic[T]):
    """One piece of work that waits for the writer's place, and its outcome."""

    def __init__(self, work: Callable[[Connection], T]) -> None:
        self._work = work
        self._result: T | None = None
        self._turn = threading.Lock()  # held until there is an outcome, or the lead is handed over
        self._turn.acquire()
        self.error: Exception | None = None
        self.leads = False

    def run(self, db: Connection) -> None:
        """Do the work on a connection."""
        self._result = self._work(db)

    def wake(self) -> None:
        """Let the thread that waits go on."""
        if self._turn.locked():
            self._turn.release()

    def wait_for_turn(self, seconds: float) -> bool:
        """Wait for the outcome, or for the lead; says whether one of them came in time."""
        return self._turn.acquire(timeout=seconds)

    def get_result(self) -> T:
        """Return what the work returned, or raise what it raised."""
        if self.error is not None:
            raise self.error
        return cast("T", self._result)


def _prepare_sqlite_connection(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # sqlite3's own BEGIN is too late and too weak
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # an answer of 200 must survive a power cut
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA cache_size=-8000")
    cursor.execute("PRAGMA temp_store=MEMORY")
    # A message touches some fifteen pages, the same ones again and again: copied back every 1,000 pages, as SQLite does
    # by itself, they would be written many times over. 10,000 pages are a log of 40 MB.
    cursor.execute("PRAGMA wal_autocheckpoint=10000")
    cursor.close()


def _begin_sqlite_transaction(db: Connection) -> None:
    db.exec_driver_sql(f"BEGIN {db.get_execution_options().get('suishoupai_begin', 'IMMEDIATE')}")


class Prepared:
    """A Core statement rendered once per engine and run on the driver's own cursor, inside the same transaction.

    The webhook runs some eight statements for each message; compiling them and building result objects would cost
    several times what the database does. Values are bound and rows come back as the driver has them: instants as
    milliseconds, enums as their text. Errors are the driver's.
    """

    def __init__(self, statement: Executable | Mapping[str, Executable]) -> None:
        """Keep a statement, or one for each dialect by its name; it is rendered when it first runs."""
        self._statement = statement
        self._rendered: dict[str, tuple[str, tuple[str, ...] | None, dict[str, Any]]] = {}
        self._lock = threading.Lock()

    def run(self, db: Connection, values: Mapping[str, Any]) -> DBAPICursor:
        """Run the statement with `values` by the names of its bound parameters; returns the driver's cursor."""
        rendered = self._rendered.get(db.dialect.name)
        if rendered is None:
            rendered = self._render(db.dialect)
        sql, order, constants = rendered
        cursor: DBAPICursor = db.connection.cursor()
        if order is None:
            cursor.execute(sql, {**constants, **values})
        else:
            cursor.execute(sql, [values[name] if name in values else constants[name] for name in order])
        return cursor

    def first(self, db: Connection, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Run the statement and return its first row."""
        cursor = self.run(db, values)
        row = cursor.fetchone()
        cursor.close()
        return row

    def _render(self, dialect: Dialect) -> tuple[str, tuple[str, ...] | None, dict[str, Any]]:
        with self._lock:
            statement = self._statement[dialect.name] if isinstance(self._statement, Mapping) else self._statement
            compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
            order = tuple(compiled.positiontup) if compiled.positional else None
            constants = {name: value for name, value in compiled.params.items() if value is not None}
            nullable = {name: None for name in compiled.params if name not in constants}
            rendered = (str(compiled), order, {**nullable, **constants})
            self._rendered[dialect.name] = rendered
            return rendered


def insert_or_skip(table: Table, columns: Sequence[str], *, returning: ColumnElement[Any]) -> Prepared:
    """Return a prepared INSERT of `columns` that skips a row whose unique key is taken and returns `returning`."""
    values: dict[str, BindParameter[Any]] = {name: bindparam(name) for name in columns}
    # Both engines speak the same ON CONFLICT; SQLite's construct renders for PostgreSQL only by its own dialect.
    return Prepared(
        {
            "sqlite": sqlite.insert(table).values(values).on_conflict_do_nothing().returning(returning),
            "postgresql": postgresql.insert(table).values(values).on_conflict_do_nothing().returning(returning),
        }
    )


def serialise_on(db: Connection, number: int) -> None:
    """Let only one transaction at a time work on `number` until commit.

    PostgreSQL takes an advisory transaction lock; on SQLite a writing transaction is alone already.
    """
    if db.dialect.name == "postgresql":
        db.exec_driver_sql("SELECT pg_advisory_xact_lock(%(number)s)", {"number": number})


def check_connection(db: Connection) -> None:
    """Raise the driver's error when the database does not answer."""
    db.execute(text("SELECT 1"))
