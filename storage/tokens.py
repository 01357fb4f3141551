"""The platform's access token, sealed and shared between processes, and the lease of whoever renews it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, LargeBinary, String, Table, bindparam, or_, select, update

from storage.database import insert_or_skip, metadata
from storage.types import Instant, to_milliseconds

tokens = Table(
    "tokens",
    metadata,
    Column("app_id", String(64), primary_key=True),
    Column("token_sealed", LargeBinary, nullable=False, comment="empty until the first one came"),
    Column("expires_at", Instant, nullable=False),
    Column("fetched_at", Instant, nullable=False),
    Column("renewing_until", Instant, comment="somebody is fetching a fresh one, at most until then"),
)

_add = insert_or_skip(
    tokens,
    ["app_id", "token_sealed", "expires_at", "fetched_at", "renewing_until"],
    returning=tokens.c.app_id,
)
_with_lease = update(tokens).where(
    tokens.c.app_id == bindparam("by_app_id"), tokens.c.renewing_until == bindparam("by_lease")
)


@dataclass(frozen=True, slots=True)
class SealedToken:
    """An access token as it lies in the database."""

    token_sealed: bytes
    expires_at: datetime
    fetched_at: datetime


def find_token(db: Connection, app_id: str) -> SealedToken | None:
    """Return the shared token, None before the first one came."""
    row = db.execute(select(tokens).where(tokens.c.app_id == app_id)).one_or_none()
    if row is None or not row.token_sealed:
        return None
    return SealedToken(row.token_sealed, row.expires_at, row.fetched_at)


def claim_renewal(db: Connection, app_id: str, *, until: datetime, now: datetime) -> bool:
    """Take the lease of the one who fetches a fresh token; False while somebody else holds it."""
    values = {"app_id": app_id, "token_sealed": b"", "expires_at": now, "fetched_at": now, "renewing_until": until}
    instants = {name: to_milliseconds(value) for name, value in values.items() if isinstance(value, datetime)}
    if _add.first(db, {**values, **instants}) is not None:
        return True
    lease = tokens.c.renewing_until
    # One that ends after ours would was taken under a clock that has been set back since.
    is_free = or_(lease.is_(None), lease <= now, lease > until)
    claimed = db.execute(update(tokens).where(tokens.c.app_id == app_id, is_free).values(renewing_until=until))
    return claimed.rowcount == 1


def release_renewal(db: Connection, app_id: str, *, lease: datetime) -> None:
    """Give back a lease that was taken until `lease`; does nothing when it has run out and is somebody else's."""
    db.execute(_with_lease.values(renewing_until=None), {"by_app_id": app_id, "by_lease": lease})


def replace_token(
    db: Connection, app_id: str, *, token_sealed: bytes, expires_at: datetime, lease: datetime, now: datetime
) -> bool:
    """Keep a fresh token in place of the one before and end the lease; False when that was lost to somebody else."""
    done = db.execute(
        _with_lease.values(token_sealed=token_sealed, expires_at=expires_at, fetched_at=now, renewing_until=None),
        {"by_app_id": app_id, "by_lease": lease},
    )
    return done.rowcount == 1
