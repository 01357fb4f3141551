"""The platform's access token, sealed and shared between processes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, LargeBinary, String, Table, delete, insert, select

from storage.database import metadata
from storage.types import Instant

tokens = Table(
    "tokens",
    metadata,
    Column("app_id", String(64), primary_key=True),
    Column("token_sealed", LargeBinary, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("fetched_at", Instant, nullable=False),
)


@dataclass(frozen=True, slots=True)
class SealedToken:
    """An access token as it lies in the database."""

    token_sealed: bytes
    expires_at: datetime
    fetched_at: datetime


def find_token(db: Connection, app_id: str) -> SealedToken | None:
    """Return the shared token; on PostgreSQL its row stays locked until commit, so that one process renews it."""
    row = db.execute(select(tokens).where(tokens.c.app_id == app_id).with_for_update()).one_or_none()
    return None if row is None else SealedToken(row.token_sealed, row.expires_at, row.fetched_at)


def replace_token(db: Connection, app_id: str, *, token_sealed: bytes, expires_at: datetime, now: datetime) -> None:
    """Keep a fresh token in place of the one before."""
    db.execute(delete(tokens).where(tokens.c.app_id == app_id))
    db.execute(insert(tokens).values(app_id=app_id, token_sealed=token_sealed, expires_at=expires_at, fetched_at=now))
