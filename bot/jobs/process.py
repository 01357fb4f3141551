"""The jobs process: waits for its turn to lead, runs the scheduler, stops when its work is done."""

from __future__ import annotations

import signal
import threading
from types import FrameType

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from bot.jobs.leader import Leadership
from bot.jobs.table import Job, build_jobs, run_job
from bot.wiring import Program
from storage.attachments import requeue_interrupted
from storage.heartbeats import JOBS, record_heartbeat

BEAT_SECONDS = 5


class JobsProcess:
    """Runs the table of jobs while this process leads."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._leadership = Leadership(program.database)
        self._stopping = threading.Event()

    def run(self) -> None:
        """Lead and work until stopped; a process that cannot lead waits for the leader to go."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        while not self._stopping.is_set():
            try:
                is_leader = self._leadership.take()
            except self._program.database.outages as error:
                self._program.log.error("jobs_cannot_lead", error=type(error).__name__)
                is_leader = False
            if is_leader:
                self._lead()
            else:
                self._stopping.wait(1)

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping.set()

    def _lead(self) -> None:
        program = self._program
        program.log.info("jobs_leading")
        try:
            with program.database.write() as db:
                requeue_interrupted(db, now=program.now())
        except program.database.outages as error:
            program.log.error("jobs_cannot_lead", error=type(error).__name__)
            self._leadership.let_go()
            self._stopping.wait(1)
            return
        jobs = build_jobs(program)
        scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(max(1, sum(job.threads for job in jobs)))},
            timezone=program.settings.schedule.timezone,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 300},
        )
        for job in jobs:
            for number in range(job.threads):
                scheduler.add_job(
                    self._run, "interval", args=[job], seconds=job.every_seconds, id=f"{job.name}-{number}"
                )
        scheduler.start()
        try:
            while not self._stopping.is_set() and self._leadership.holds():
                self._beat()
                self._stopping.wait(BEAT_SECONDS)
        finally:
            scheduler.shutdown(wait=True)  # a job that runs finishes its item
            self._leadership.let_go()
            program.log.info("jobs_stopped")

    def _run(self, job: Job) -> None:
        run_job(self._program, job, may_go_on=lambda: not self._stopping.is_set())

    def _beat(self) -> None:
        try:
            with self._program.database.write() as db:
                record_heartbeat(db, JOBS, now=self._program.now())
        except self._program.database.outages as error:
            self._program.log.error("jobs_no_heartbeat", error=type(error).__name__)


def run_jobs_once(program: Program) -> int:
    """Run every job that is due until nothing is left, and return how many items there were."""
    jobs = build_jobs(program)
    total = 0
    while True:
        done = sum(run_job(program, job, may_go_on=lambda: True) for job in jobs)
        if done == 0:
            return total
        total += done
