"""The engine: work that shares one flush, who waits for whom, and what is left after a process is killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from multiprocessing.connection import Connection as Pipe
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, create_engine, event, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from storage import database as database_module
from storage.database import (
    MOST_TOGETHER,
    Database,
    Prepared,
    check_connection,
    insert_or_skip,
    serialise_on,
)
from storage.errors import DatabaseBusyError
from storage.reports.tables import report_codes

SPAWN = multiprocessing.get_context("spawn")
PATIENCE = 20  # seconds until a test gives up on another thread or process

add_month = Prepared(insert(report_codes).values(month=bindparam("month"), last_number=bindparam("last_number")))


def add(month: str) -> Callable[[Connection], str]:
    """Return work that inserts one row."""

    def work(db: Connection) -> str:
        add_month.run(db, {"month": month, "last_number": 0})
        return month

    return work


def read_months(database: Database) -> list[str]:
    with database.read() as db:
        return list(db.execute(select(report_codes.c.month).order_by(report_codes.c.month)).scalars())


def wait_until(is_so: Callable[[], bool]) -> None:
    """Give way to other threads until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        os.sched_yield()


def run_together(database: Database, works: list[Callable[[Connection], Any]]) -> list[Any]:
    """Let works wait for the writer's place at the same moment; returns what each gave or raised."""
    outcomes: list[Any] = [None] * len(works)

    def run(place: int) -> None:
        try:
            outcomes[place] = database.run(works[place])
        except BaseException as error:
            outcomes[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    with database.write():
        for number, thread in enumerate(threads):
            thread.start()
            wait_until(lambda number=number: len(database._waiting) == number + 1)  # type: ignore[misc]
    for thread in threads:
        thread.join(PATIENCE)
    return outcomes


@pytest.fixture
def begins(sqlite_database: Database) -> Iterator[list[int]]:
    """Give a list that grows by one with every transaction that begins."""
    begun: list[int] = []

    def keep(_db: Connection) -> None:
        begun.append(1)

    event.listen(sqlite_database.engine, "begin", keep)
    yield begun
    event.remove(sqlite_database.engine, "begin", keep)


def test_work_that_waits_shares_one_transaction(sqlite_database: Database, begins: list[int]) -> None:
    months = [f"{number:04d}" for number in range(8)]
    assert run_together(sqlite_database, [add(month) for month in months]) == months
    assert len(begins) == 2  # the one they all waited for, and theirs
    assert read_months(sqlite_database) == months


def test_a_transaction_is_not_shared_by_more_than_a_limit(sqlite_database: Database, begins: list[int]) -> None:
    months = [f"{number:04d}" for number in range(MOST_TOGETHER + 3)]
    assert run_together(sqlite_database, [add(month) for month in months]) == months
    assert len(begins) == 3
    assert read_months(sqlite_database) == months


@pytest.mark.parametrize("place", [0, 2, 4], ids=["first", "in the middle", "last"])
def test_work_that_raises_does_not_spoil_the_others(sqlite_database: Database, place: int) -> None:
    def fail(db: Connection) -> None:
        add("9999")(db)
        raise LookupError("mine alone")

    works: list[Callable[[Connection], Any]] = [add(f"{number:04d}") for number in range(5)]
    works[place] = fail
    outcomes = run_together(sqlite_database, works)
    assert isinstance(outcomes.pop(place), LookupError)
    assert outcomes == read_months(sqlite_database)
    assert len(outcomes) == 4


def test_refused_row_is_the_failure_of_its_own_work(sqlite_database: Database) -> None:
    outcomes = run_together(sqlite_database, [add("2611"), add("2612"), add("2611")])
    assert outcomes[:2] == ["2611", "2612"]
    assert isinstance(outcomes[2], sqlite_database.engine.dialect.loaded_dbapi.IntegrityError)


def test_whoever_waits_for_a_thread_that_is_ended_is_told(sqlite_database: Database) -> None:
    class EndedError(BaseException):
        """As a server's worker raises it into its threads."""

    def end(_db: Connection) -> None:
        raise EndedError

    outcomes = run_together(sqlite_database, [add("2611"), end, add("2612")])
    assert [type(outcome) for outcome in outcomes].count(DatabaseBusyError) >= 1
    assert all(not isinstance(outcome, str) for outcome in outcomes)
    assert read_months(sqlite_database) == []
    assert sqlite_database.run(add("2613")) == "2613"


def test_run_gives_the_result_or_raises_and_keeps_nothing(database: Database) -> None:
    assert database.run(add("2611")) == "2611"

    def fail(db: Connection) -> None:
        add("2612")(db)
        raise LookupError

    with pytest.raises(LookupError):
        database.run(fail)
    assert read_months(database) == ["2611"]


def test_write_keeps_all_or_nothing(database: Database) -> None:
    with pytest.raises(LookupError), database.write() as db:  # noqa: PT012
        add("2611")(db)
        raise LookupError
    with database.write() as db:
        add("2612")(db)
    assert read_months(database) == ["2612"]


def test_read_keeps_nothing(database: Database) -> None:
    with database.read() as db:
        db.execute(insert(report_codes).values(month="2611", last_number=1))
    assert read_months(database) == []


def test_read_does_not_wait_for_a_writer(database: Database) -> None:
    with database.write() as writer:
        add("2611")(writer)
        assert read_months(database) == []
    assert read_months(database) == ["2611"]


def test_write_does_not_wait_for_a_reader(sqlite_database: Database) -> None:
    with sqlite_database.read() as reader:
        before = reader.execute(select(report_codes)).all()
        with sqlite_database.write() as writer:
            add("2611")(writer)
        assert reader.execute(select(report_codes)).all() == before  # one transaction sees one state
    assert read_months(sqlite_database) == ["2611"]


def test_gives_up_on_a_place_that_is_held_for_too_long(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_SECONDS", 0.01)
    outcomes: list[Any] = []

    def run() -> None:
        with pytest.raises(DatabaseBusyError) as caught:
            sqlite_database.run(add("2611"))
        outcomes.append(caught.type)

    with sqlite_database.write():
        thread = threading.Thread(target=run)
        thread.start()
        thread.join(PATIENCE)
    assert outcomes == [DatabaseBusyError]
    assert issubclass(outcomes[0], sqlite_database.outages)


def test_sqlite_is_set_up_to_survive_a_power_cut(sqlite_database: Database) -> None:
    with sqlite_database.read() as db:
        values = [
            db.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert values == ["wal", 2, 1]


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="file"):
        Database(url)


def test_makes_the_directory_of_its_file(tmp_path: Any) -> None:
    with closing(Database(f"sqlite:///{tmp_path / 'a' / 'b' / 'c.sqlite3'}")) as database, database.read() as db:
        check_connection(db)


def count_up(url: str, times: int) -> None:
    """Read a number and write the next one, in a process of its own."""
    with closing(Database(url)) as database:
        for _ in range(times):
            database.run(_count_up)


def _count_up(db: Connection) -> None:
    if db.dialect.name == "postgresql":
        serialise_on(db, 7)
    number = db.execute(select(report_codes.c.last_number)).scalar_one()
    db.execute(update(report_codes).values(last_number=number + 1))


def test_several_processes_lose_nothing(database: Database) -> None:
    database.run(add("2611"))
    url = database.engine.url.render_as_string(hide_password=False)
    processes = [SPAWN.Process(target=count_up, args=(url, 100)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
        process.close()
    with database.read() as db:
        assert db.execute(select(report_codes.c.last_number)).scalar_one() == 300


def write_and_wait(url: str, pipe: Pipe) -> None:
    """Make one row durable, hold the writer's place over another, and wait to be killed."""
    database = Database(url)
    database.run(add("2611"))
    with database.write() as db:
        add("2612")(db)
        pipe.send("holding")
        pipe.recv()


def test_killed_process_leaves_what_was_durable_and_frees_its_place(database: Database) -> None:
    ours, theirs = SPAWN.Pipe()
    url = database.engine.url.render_as_string(hide_password=False)
    process = SPAWN.Process(target=write_and_wait, args=(url, theirs))
    process.start()
    assert ours.poll(PATIENCE)
    assert ours.recv() == "holding"
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(PATIENCE)
    process.close()
    ours.close()
    theirs.close()
    assert database.run(add("2613")) == "2613"
    assert read_months(database) == ["2611", "2613"]


def test_goes_on_after_the_server_cut_every_connection(postgres_url: str, postgres_database: Database) -> None:
    postgres_database.run(add("2611"))
    engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as db:
        cut = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
        ended = db.execute(cut, {"name": postgres_database.engine.url.database}).all()
    engine.dispose()
    assert ended
    assert postgres_database.run(add("2612")) == "2612"
    assert read_months(postgres_database) == ["2611", "2612"]


def test_connection_that_is_cut_in_the_middle_is_an_outage(postgres_url: str, postgres_database: Database) -> None:
    engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with pytest.raises(postgres_database.outages), postgres_database.write() as db:  # noqa: PT012
        number = db.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:number, 5000)"), {"number": number})
        add("2611")(db)
    engine.dispose()
    assert read_months(postgres_database) == []


@pytest.mark.parametrize(("number", "is_refused"), [(7, True), (8, False)], ids=["the same", "another"])
def test_work_on_one_number_is_serialised(postgres_database: Database, number: int, is_refused: bool) -> None:
    with postgres_database.write() as one:
        serialise_on(one, 7)
        try:
            with postgres_database.write() as two:
                two.execute(text("SET LOCAL lock_timeout = '20ms'"))
                serialise_on(two, number)
        except DBAPIError:
            assert is_refused
        else:
            assert not is_refused
    with postgres_database.write() as three:
        three.execute(text("SET LOCAL lock_timeout = '20ms'"))
        serialise_on(three, 7)


def test_prepared_statement_binds_by_name_and_keeps_its_constants(database: Database) -> None:
    find = Prepared(
        select(report_codes.c.month).where(
            report_codes.c.last_number >= bindparam("least"),
            report_codes.c.month != "2611",
            report_codes.c.last_number <= bindparam("most"),
        )
    )
    with database.write() as db:
        for number, month in enumerate(["2610", "2611", "2612", "2613"]):
            add_month.run(db, {"month": month, "last_number": number})
        assert find.run(db, {"most": 2, "least": 1}).fetchall() == [("2612",)]
        assert find.first(db, {"least": 9, "most": 9}) is None
        assert find.first(db, {"least": 0, "most": 0}) == ("2610",)


def test_prepared_statement_is_part_of_the_transaction(database: Database) -> None:
    with pytest.raises(LookupError), database.write() as db:  # noqa: PT012
        add_month.run(db, {"month": "2611", "last_number": 0})
        assert db.execute(select(report_codes.c.month)).scalar_one() == "2611"
        raise LookupError
    assert read_months(database) == []


def test_row_whose_key_is_taken_is_skipped(database: Database) -> None:
    add_or_skip = insert_or_skip(report_codes, ["month", "last_number"], returning=report_codes.c.month)
    with database.write() as db:
        assert add_or_skip.first(db, {"month": "2611", "last_number": 1}) == ("2611",)
        assert add_or_skip.first(db, {"month": "2611", "last_number": 2}) is None
        assert db.execute(select(report_codes.c.last_number)).scalar_one() == 1


def test_foreign_keys_are_enforced(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as db:
        db.execute(
            text(
                "INSERT INTO report_history (report_id, at, by, action, from_state, to_state, note)"
                " VALUES (99, 0, '', '', '', '', '')"
            )
        )
