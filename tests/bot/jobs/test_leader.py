"""One process leads the jobs; its place is free as soon as it is gone, however it went."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.jobs.leader import Leadership
from storage.database import Database
from tests.running import wait_for

_LEAD = """
import sys
from bot.jobs.leader import Leadership
from storage.database import Database
leadership = Leadership(Database(sys.argv[1]))
print(leadership.take(), flush=True)
sys.stdin.read()
"""


@contextmanager
def run_leader(database: Database) -> Iterator[subprocess.Popen[str]]:
    """Run another process that has tried to lead; yields it when it has said whether it does."""
    url = database.engine.url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "-c", _LEAD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "True\n"
            yield process
        finally:
            process.kill()


def test_one_of_two_candidates_leads_until_it_lets_go(database: Database) -> None:
    first, second = Leadership(database), Leadership(database)
    assert first.take()
    assert not second.take()
    assert (first.holds(), second.holds()) == (True, False)
    first.let_go()
    assert not first.holds()
    assert second.take()
    assert second.holds()
    second.let_go()


def test_letting_go_twice_does_no_harm(database: Database) -> None:
    leadership = Leadership(database)
    leadership.let_go()
    assert leadership.take()
    leadership.let_go()
    leadership.let_go()
    assert leadership.take()
    leadership.let_go()


def test_the_place_of_a_killed_process_is_free(database: Database) -> None:
    candidate = Leadership(database)
    with run_leader(database) as leader:
        assert not candidate.take()
        leader.kill()
        leader.wait()
        wait_for(candidate.take, "the lead")
    assert candidate.holds()
    candidate.let_go()


def test_the_lock_stands_in_nobodys_way_while_others_write(database: Database) -> None:
    leadership = Leadership(database)
    assert leadership.take()
    with database.write() as db:
        db.execute(text("DELETE FROM heartbeats"))
    assert leadership.holds()
    leadership.let_go()


def test_an_sqlite_lock_lies_beside_its_database_for_its_owner_only(sqlite_database: Database) -> None:
    leadership = Leadership(sqlite_database)
    leadership.take()
    assert sqlite_database.path is not None
    file = Path(f"{sqlite_database.path}.leader")
    assert file.stat().st_mode & 0o077 == 0
    leadership.let_go()


def test_a_leader_whose_connection_was_ended_stops_leading(postgres_database: Database) -> None:
    first, second = Leadership(postgres_database), Leadership(postgres_database)
    assert first.take()
    assert not second.take()
    with postgres_database.read() as db:
        ended = db.execute(
            text("SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND granted")
        ).scalars()
        assert list(ended) == [True]
    assert second.take()
    assert not first.holds()
    assert second.holds()
    second.let_go()
    assert first.take()
    first.let_go()


def test_a_lock_is_not_kept_by_a_pooled_connection(postgres_database: Database) -> None:
    leadership = Leadership(postgres_database)
    leadership.take()
    leadership.let_go()
    wait_for(lambda: not _count_locks(postgres_database), "the end of the lock")


def _count_locks(database: Database) -> int:
    with database.read() as db:
        return int(db.execute(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")).scalar_one())


def test_a_database_that_is_away_raises_an_outage(postgres_database: Database) -> None:
    away = Database(str(postgres_database.engine.url.set(host="127.0.0.1", port=1, query={})))
    with pytest.raises(away.outages):
        Leadership(away).take()
    away.close()
