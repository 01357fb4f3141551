"""What is counted for Prometheus; names end in their unit."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

WEBHOOK_OUTCOMES = Counter("suishoupai_webhook_requests", "Requests at the webhook by what became of them", ["outcome"])
WEBHOOK_SECONDS = Histogram(
    "suishoupai_webhook_seconds",
    "Time from the request to the durable answer",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3, 5),
)
JOB_ITEMS = Counter("suishoupai_job_items", "Items that jobs worked on", ["job", "outcome"])
