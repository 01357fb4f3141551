"""The last sign of life of the process that runs the jobs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Connection, String, Table, insert, select, update

from storage.database import metadata
from storage.types import Instant

JOBS = "jobs"  # the process that leads the jobs

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("name", String(24), primary_key=True),
    Column("beat_at", Instant, nullable=False),
)


def record_heartbeat(db: Connection, name: str, *, now: datetime) -> None:
    """Keep that `name` is alive at `now`."""
    if db.execute(update(heartbeats).where(heartbeats.c.name == name).values(beat_at=now)).rowcount == 0:
        db.execute(insert(heartbeats).values(name=name, beat_at=now))


def find_heartbeat(db: Connection, name: str) -> datetime | None:
    """Return when `name` was last alive."""
    return db.execute(select(heartbeats.c.beat_at).where(heartbeats.c.name == name)).scalar_one_or_none()
