"""What Prometheus is told from the database at the moment it asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from structlog.typing import FilteringBoundLogger

from storage.counts import count_work
from storage.database import Database
from storage.heartbeats import JOBS, find_heartbeat


class DatabaseGauges(Collector):
    """Reads the gauges from the database; without it there is the one that says so, and nothing breaks."""

    def __init__(self, database: Database, now: Callable[[], datetime], log: FilteringBoundLogger) -> None:
        self._database = database
        self._now = now
        self._log = log

    def collect(self) -> Iterable[Metric]:
        """Return the gauges; asks the database at most once."""
        reachable = GaugeMetricFamily("suishoupai_database_reachable", "Whether the database answers: 1 or 0")
        try:
            gauges = self._read()
        except self._database.outages as error:
            self._log.warning("gauges_unavailable", error=type(error).__name__)
            reachable.add_metric([], 0)
            return [reachable]
        reachable.add_metric([], 1)
        return [reachable, *gauges]

    def _read(self) -> list[Metric]:
        with self._database.read() as db:
            work = count_work(db)
            beat_at = find_heartbeat(db, JOBS)
        box = GaugeMetricFamily(
            "suishoupai_box_messages", "Messages that wait for a person or another try, by state", labels=["state"]
        )
        for state, count in work.messages_in_box.items():
            box.add_metric([state], count)
        reports = GaugeMetricFamily(
            "suishoupai_reports", f"Reports by state, counted up to {work.counted_to}", labels=["state"]
        )
        for state, count in work.reports.items():
            reports.add_metric([state], count)
        pending = GaugeMetricFamily(
            "suishoupai_attachments_pending",
            f"Attachments that are still to be fetched, counted up to {work.counted_to}",
            value=work.attachments_pending,
        )
        gauges: list[Metric] = [box, reports, pending]
        if beat_at is not None:
            gauges.append(
                GaugeMetricFamily(
                    "suishoupai_jobs_heartbeat_age_seconds",
                    "Time since the last sign of life of the process that leads the jobs",
                    value=max(0.0, (self._now() - beat_at).total_seconds()),
                )
            )
        return gauges
