"""The one table of jobs: what is looked after, how often, by how many threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.jobs.after_photos import compare_next_after_photo
from bot.jobs.attachments import fetch_next_attachment
from bot.jobs.digests import build_rules, make_next_digest
from bot.jobs.gathering import close_next_gathering, date_next_report
from bot.jobs.messages import retry_next_failed
from bot.jobs.notices import release_next_held, send_next_notice
from bot.jobs.purges import delete_next_purged
from bot.jobs.reminders import remind_next
from bot.jobs.search import index_next
from bot.jobs.services import JobServices
from bot.metrics import JOB_ITEMS
from bot.wiring import Program, random_hex

MOST_IN_A_ROW = 500  # items that one run of a job takes before it lets the scheduler look at the clock again


@dataclass(frozen=True, slots=True)
class Job:
    """A job: `work_next` does one item and says whether there was one."""

    name: str
    every_seconds: float
    work_next: Callable[[], bool]
    threads: int = 1
    most_in_a_row: int = MOST_IN_A_ROW


def build_jobs(program: Program) -> tuple[Job, ...]:
    """Return every job of the program."""
    services = JobServices(
        database=program.database,
        client=program.client,
        store=program.store,
        vault=program.vault,
        limits=program.limits,
        now=program.now,
        random_hex=random_hex,
        log=program.log,
    )
    rules = build_rules(program.settings)
    return (
        Job("fetch_attachments", 1, lambda: fetch_next_attachment(services), threads=2),
        Job("close_gathering", 5, lambda: close_next_gathering(program.database, now=program.now)),
        Job("date_reports", 5, lambda: date_next_report(program.database, program.read_deadlines)),
        Job("retry_failed", 10, lambda: retry_next_failed(program)),
        Job("delete_purged", 5, lambda: delete_next_purged(program.database, program.store)),
        Job(
            "send_notices",
            1,
            lambda: send_next_notice(program.notices),
            threads=2,
            most_in_a_row=program.settings.notify.most_per_run,
        ),
        Job("release_held", 5, lambda: release_next_held(program.notices)),
        Job("compare_after_photos", 5, lambda: compare_next_after_photo(program.database, now=program.now)),
        Job("index_reports", 2, lambda: index_next(program.database)),
        Job("remind", 60, lambda: remind_next(program.database, program.read_deadlines, now=program.now)),
        Job(
            "make_digests",
            60,
            lambda: make_next_digest(program.database, program.read_deadlines, rules, now=program.now),
        ),
    )


def run_job(program: Program, job: Job, *, may_go_on: Callable[[], bool]) -> int:
    """Work on a job's items until there is none, or `may_go_on` says no; returns how many there were.

    An item that raises ends this run only: its row was claimed with a next try, so it cannot block the others.
    """
    count = 0
    try:
        while count < job.most_in_a_row and may_go_on() and job.work_next():
            count += 1
    except Exception as error:
        JOB_ITEMS.labels(job.name, "failed").inc()
        program.log.exception("job_failed", job=job.name, error=type(error).__name__)
    if count:
        JOB_ITEMS.labels(job.name, "done").inc(count)
        program.log.info("job_done", job=job.name, count=count)
    return count
