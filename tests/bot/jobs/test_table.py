"""The table of jobs and how one of them is run."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from bot.jobs.table import MOST_IN_A_ROW, Job, build_jobs, run_job
from storage.database import Database
from tests.bot.jobs.programs import Watched, make_program


@pytest.fixture
def watched(sqlite_database: Database, tmp_path: Path) -> Watched:
    return make_program(sqlite_database, tmp_path)


def count(job: str, outcome: str) -> float:
    return REGISTRY.get_sample_value("suishoupai_job_items_total", {"job": job, "outcome": outcome}) or 0


def test_every_job_has_a_name_of_its_own_and_an_interval(watched: Watched) -> None:
    jobs = build_jobs(watched.program)
    assert len({job.name for job in jobs}) == len(jobs) >= 5
    assert all(job.every_seconds > 0 and job.threads >= 1 for job in jobs)
    assert sum(job.threads for job in jobs) <= 16  # connections that the database's pool has for them


def test_every_job_finds_nothing_to_do_in_an_empty_database(watched: Watched) -> None:
    assert [job.work_next() for job in build_jobs(watched.program)] == [False] * len(build_jobs(watched.program))


def test_works_until_nothing_is_left_and_counts(watched: Watched) -> None:
    rest = [1, 2, 3]
    job = Job("sound-test", 1, lambda: bool(rest and rest.pop()))
    before = count("sound-test", "done")
    assert run_job(watched.program, job, may_go_on=lambda: True) == 3
    assert count("sound-test", "done") - before == 3
    assert watched.lines.entries[-1] | {} == {
        "event": "job_done", "job": "sound-test", "count": 3, "log_level": "info",
    }  # fmt: skip


def test_says_nothing_when_there_was_nothing(watched: Watched) -> None:
    assert run_job(watched.program, Job("idle", 1, lambda: False), may_go_on=lambda: True) == 0
    assert watched.lines.entries == []


def test_what_raises_ends_the_run_and_is_counted_beside_what_was_done(watched: Watched) -> None:
    rest = [True, True]

    def work() -> bool:
        if not rest:
            raise RuntimeError("openid oSECRET")
        return rest.pop()

    before = count("broken-test", "failed"), count("broken-test", "done")
    assert run_job(watched.program, Job("broken-test", 1, work), may_go_on=lambda: True) == 2
    assert (count("broken-test", "failed"), count("broken-test", "done")) == (before[0] + 1, before[1] + 2)
    failed = next(line for line in watched.lines.entries if line["event"] == "job_failed")
    assert failed["error"] == "RuntimeError"
    assert "oSECRET" not in str({name: value for name, value in failed.items() if name != "exc_info"})


def test_lets_the_scheduler_look_at_the_clock_now_and_then(watched: Watched) -> None:
    assert run_job(watched.program, Job("endless", 1, lambda: True), may_go_on=lambda: True) == MOST_IN_A_ROW


def test_begins_nothing_once_it_may_not_go_on(watched: Watched) -> None:
    asked: list[int] = []

    def work() -> bool:
        asked.append(1)
        return True

    assert run_job(watched.program, Job("stopped", 1, work), may_go_on=lambda: len(asked) < 2) == 2
    assert run_job(watched.program, Job("stopped", 1, work), may_go_on=lambda: False) == 0
