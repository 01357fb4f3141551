"""The jobs process: leads, gives signs of life, and stops when its work is done."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from bot.jobs import process
from bot.jobs.leader import Leadership
from bot.jobs.process import JobsProcess, run_jobs_once
from bot.jobs.table import Job
from storage.attachments import AttachmentState, Reason, find_attachment
from storage.database import Database
from storage.heartbeats import JOBS, find_heartbeat
from tests.bot.jobs.programs import Watched, make_program
from tests.factories import NOW, make_photo, make_report
from tests.running import wait_for

MOST_SECONDS = 20


@pytest.fixture
def watched(sqlite_database: Database, tmp_path: Path) -> Iterator[Watched]:
    """Give a program; the handlers of signals are put back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield make_program(sqlite_database, tmp_path)
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def processes() -> list[JobsProcess]:
    """Give what was started."""
    return []


@pytest.fixture
def run(watched: Watched, processes: list[JobsProcess], monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run the process with some jobs in this thread, and `meanwhile` in another, which ends with SIGTERM."""

    def run(jobs: list[Job], meanwhile: Callable[[], object]) -> None:
        failures: list[BaseException] = []
        monkeypatch.setattr(process, "build_jobs", lambda _program: tuple(jobs))

        def stop_afterwards() -> None:
            try:
                meanwhile()
            except BaseException as error:
                failures.append(error)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)

        thread = threading.Thread(target=stop_afterwards)
        thread.start()
        started = JobsProcess(watched.program)
        processes.append(started)
        started.run()
        thread.join(MOST_SECONDS)
        if failures:
            raise failures[0]

    return run


def outage() -> OperationalError:
    return OperationalError("", {}, Exception("away"))


def test_leads_at_once_gives_a_sign_of_life_and_runs_its_jobs(watched: Watched, run: Callable[..., None]) -> None:
    worked = threading.Event()
    run([Job("one", 0.05, lambda: bool(worked.set()))], lambda: worked.wait(MOST_SECONDS))
    assert worked.is_set()
    assert watched.list_events()[0] == "jobs_leading"
    assert watched.list_events()[-1] == "jobs_stopped"
    with watched.program.database.read() as db:
        assert find_heartbeat(db, JOBS) == watched.clock.at
    other = Leadership(watched.program.database)
    assert other.take()
    other.let_go()


def test_a_running_item_is_finished_and_no_other_is_begun(
    run: Callable[..., None], processes: list[JobsProcess]
) -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), []

    def work() -> bool:
        begun.set()
        assert may_end.wait(MOST_SECONDS)
        ended.append(1)
        return True  # there would be more

    def stop_in_the_middle() -> None:
        assert begun.wait(MOST_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)
        wait_for(processes[-1]._stopping.is_set, "the signal")
        may_end.set()

    run([Job("slow", 0.05, work)], stop_in_the_middle)
    assert ended == [1]


def test_a_job_that_raises_does_not_stop_the_others(watched: Watched, run: Callable[..., None]) -> None:
    others = threading.Semaphore(0)

    def work() -> bool:
        others.release()
        return False

    def fail() -> bool:
        raise RuntimeError("openid oSECRET")

    def wait_for_three() -> None:
        for _ in range(3):
            assert others.acquire(timeout=MOST_SECONDS)
        wait_for(lambda: watched.list_events().count("job_failed") >= 2, "two failures")

    run([Job("broken", 0.05, fail), Job("sound", 0.05, work)], wait_for_three)


def test_waits_while_another_leads_and_takes_over(watched: Watched, run: Callable[..., None]) -> None:
    other, worked = Leadership(watched.program.database), threading.Event()
    assert other.take()

    def let_go() -> None:
        assert watched.list_events() == []
        other.let_go()
        assert worked.wait(MOST_SECONDS)

    run([Job("one", 0.05, lambda: bool(worked.set()))], let_go)


@pytest.mark.parametrize("broken", ["requeue_interrupted", "take"])
def test_an_outage_while_taking_the_lead_is_waited_out(
    watched: Watched, run: Callable[..., None], monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    holder: Any = process if broken == "requeue_interrupted" else Leadership
    real, outages, worked = getattr(holder, broken), [outage()], threading.Event()

    def fail_once(*arguments: Any, **named: Any) -> Any:
        if outages:
            raise outages.pop()
        return real(*arguments, **named)

    monkeypatch.setattr(holder, broken, fail_once)
    run([Job("one", 0.05, lambda: bool(worked.set()))], lambda: worked.wait(MOST_SECONDS))
    assert worked.is_set()
    assert "jobs_cannot_lead" in watched.list_events()


def test_an_outage_of_the_sign_of_life_does_not_end_the_lead(
    watched: Watched, run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_named: object) -> None:
        raise outage()

    monkeypatch.setattr(process, "record_heartbeat", fail)
    worked = threading.Event()
    run([Job("one", 0.05, lambda: bool(worked.set()))], lambda: worked.wait(MOST_SECONDS))
    assert worked.is_set()
    assert "jobs_no_heartbeat" in watched.list_events()


def test_a_leader_that_lost_its_lock_stops_its_jobs_and_tries_again(
    watched: Watched, run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "BEAT_SECONDS", 0.05)
    lost = [False]
    real = Leadership.holds
    monkeypatch.setattr(Leadership, "holds", lambda self: real(self) if not lost else lost.pop())
    run([], lambda: wait_for(lambda: watched.list_events().count("jobs_leading") == 2, "a second lead"))
    assert watched.list_events().count("jobs_stopped") == 2


def test_takes_up_at_once_what_a_killed_leader_was_fetching(watched: Watched, run: Callable[..., None]) -> None:
    with watched.program.database.write() as db:
        photo = make_photo(
            db, report_id=make_report(db), state=AttachmentState.PENDING, reason=Reason.INTERRUPTED, attempts=1,
            due_at=NOW.replace(year=2030), clean_key="", thumbnail_key="", original_key="",
        )  # fmt: skip
    run([], lambda: wait_for(lambda: "jobs_leading" in watched.list_events(), "the lead"))
    with watched.program.database.read() as db:
        row = find_attachment(db, photo)
    assert row is not None
    assert row.due_at <= watched.clock.at


def test_run_jobs_once_goes_on_until_no_job_finds_work(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = ["a", "b", "c"], []

    def work_first() -> bool:
        if not first:
            return False
        second.append(first.pop())
        return True

    built = []

    def build(_program: object) -> tuple[Job, ...]:
        built.append(1)
        return (Job("second", 1, lambda: bool(second and second.pop())), Job("first", 1, work_first))

    monkeypatch.setattr(process, "build_jobs", build)
    assert run_jobs_once(watched.program) == 6
    assert (first, second, built) == ([], [], [1])
    assert run_jobs_once(watched.program) == 0
