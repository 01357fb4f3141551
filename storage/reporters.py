"""Who reports: an alias for everybody, the openid only as a keyed hash and a sealed text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Float,
    Index,
    LargeBinary,
    String,
    Table,
    bindparam,
    delete,
    select,
    text,
    update,
)

from storage.bindings import bindings
from storage.database import Prepared, RowId, insert_or_skip, metadata
from storage.types import Instant, from_milliseconds, to_milliseconds

reporters = Table(
    "reporters",
    metadata,
    Column("id", RowId, primary_key=True),
    Column(
        "alias",
        String(24),
        nullable=False,
        unique=True,
        comment="shown to staff; never given to anybody else",
    ),
    Column("openid_hash", String(64), unique=True, comment="keyed hash for look-up; empty once erased"),
    Column("openid_sealed", LargeBinary, comment="AES-GCM under the key file; empty once erased"),
    Column("is_subscribed", Boolean, nullable=False, default=True),
    Column("subscription_changed_at", Instant, comment="CreateTime of the latest subscribe or unsubscribe"),
    Column("is_anonymous", Boolean, nullable=False, default=False, comment="asked to stay unnamed in all to come"),
    Column("scene", String(64), comment="the QR scene last scanned"),
    Column(
        "place_label",
        String(200),
        nullable=False,
        default="",
        comment="a place sent before there was a report",
    ),
    Column("place_latitude", Float),
    Column("place_longitude", Float),
    Column("place_sent_at", Instant),
    Column("another_at", Instant, comment="when a further report was announced without any word about it"),
    Column("created_at", Instant, nullable=False),
    Column("erased_at", Instant),
    CheckConstraint("(erased_at IS NULL) = (openid_hash IS NOT NULL)", name="erased_or_known"),
    CheckConstraint("(openid_hash IS NULL) = (openid_sealed IS NULL)", name="hash_with_seal"),
    Index(
        "ix_reporters_erased_at",
        "erased_at",
        sqlite_where=text("erased_at IS NOT NULL"),
        postgresql_where=text("erased_at IS NOT NULL"),
    ),
)

ALIAS_PREFIX = "热心群众"
_ALIAS_DIGITS = (4, 4, 5, 6, 8, 12)  # longer at each collision; an alias once given is never given again


@dataclass(slots=True)
class Reporter:
    """A reporter as everybody but the vault's holder sees one."""

    id: int
    alias: str
    is_subscribed: bool
    is_anonymous: bool
    subscription_changed_at: datetime | None
    place_label: str
    place_latitude: float | None
    place_longitude: float | None
    place_sent_at: datetime | None
    another_at: datetime | None
    staff_id: int | None = None  # whose bound chat account this is
    is_new: bool = field(default=False, compare=False)  # added by this transaction


COLUMNS = (
    reporters.c.id,
    reporters.c.alias,
    reporters.c.is_subscribed,
    reporters.c.is_anonymous,
    reporters.c.subscription_changed_at,
    reporters.c.place_label,
    reporters.c.place_latitude,
    reporters.c.place_longitude,
    reporters.c.place_sent_at,
    reporters.c.another_at,
    bindings.c.staff_id,
)
WITH_BINDING = reporters.outerjoin(bindings, bindings.c.reporter_id == reporters.c.id)
_find = Prepared(select(*COLUMNS).select_from(WITH_BINDING).where(reporters.c.openid_hash == bindparam("openid_hash")))
_add = insert_or_skip(
    reporters,
    ["alias", "openid_hash", "openid_sealed", "is_subscribed", "is_anonymous", "place_label", "created_at"],
    returning=reporters.c.id,
)


_remember_place = Prepared(
    update(reporters)
    .where(reporters.c.id == bindparam("by_id"))
    .values({name: bindparam(name) for name in ("place_label", "place_latitude", "place_longitude", "place_sent_at")})
)
_remember_another = Prepared(
    update(reporters).where(reporters.c.id == bindparam("by_id")).values(another_at=bindparam("another_at"))
)


_left = Prepared(
    select(reporters.c.id)
    .where(reporters.c.erased_at.is_not(None), reporters.c.erased_at >= bindparam("since"))
    .limit(1)
)


def has_anybody_left(db: Connection, since: datetime) -> bool:
    """Return whether any identity was erased since an instant."""
    return _left.first(db, {"since": to_milliseconds(since)}) is not None


def find_reporter(db: Connection, openid_hash: str) -> Reporter | None:
    """Return the reporter behind a keyed hash."""
    row = _find.first(db, {"openid_hash": openid_hash})
    return None if row is None else to_reporter(row)


def to_reporter(row: Sequence[Any]) -> Reporter:
    """Return the reporter in a driver's row that begins with COLUMNS, which WITH_BINDING has."""
    return Reporter(
        id=row[0],
        alias=row[1],
        is_subscribed=bool(row[2]),
        is_anonymous=bool(row[3]),
        subscription_changed_at=_instant(row[4]),
        place_label=row[5],
        place_latitude=row[6],
        place_longitude=row[7],
        place_sent_at=_instant(row[8]),
        another_at=_instant(row[9]),
        staff_id=row[10],
    )


def get_or_add_reporter(
    db: Connection,
    *,
    openid_hash: str,
    seal: Callable[[], bytes],
    random_hex: Callable[[int], str],
    now: datetime,
) -> Reporter:
    """Return the reporter behind a keyed hash, added with a fresh alias when new.

    `seal` gives the sealed openid and is called for new reporters only; `random_hex(n)` gives n random hex digits.
    """
    found = find_reporter(db, openid_hash)
    if found is not None:
        return found
    for digits in _ALIAS_DIGITS:
        alias = ALIAS_PREFIX + random_hex(digits).upper()
        row = _add.first(
            db,
            {
                "alias": alias,
                "openid_hash": openid_hash,
                "openid_sealed": seal(),
                "is_subscribed": True,
                "is_anonymous": False,
                "place_label": "",
                "created_at": to_milliseconds(now),
            },
        )
        if row is not None:
            return Reporter(row[0], alias, True, False, None, "", None, None, None, None, is_new=True)
        found = find_reporter(db, openid_hash)
        if found is not None:
            return found
    raise RuntimeError("no free alias after six tries: is the source of randomness broken?")


def remember_place(
    db: Connection,
    reporter_id: int,
    *,
    label: str,
    latitude: float | None,
    longitude: float | None,
    sent_at: datetime | None,
) -> None:
    """Keep a place that came while no report was open; `sent_at` None forgets it."""
    _remember_place.run(
        db,
        {
            "by_id": reporter_id,
            "place_label": label[:200],
            "place_latitude": latitude,
            "place_longitude": longitude,
            "place_sent_at": None if sent_at is None else to_milliseconds(sent_at),
        },
    )


def remember_another(db: Connection, reporter_id: int, *, at: datetime | None) -> None:
    """Keep that the next piece sent after `at` starts another report; None forgets it."""
    _remember_another.run(db, {"by_id": reporter_id, "another_at": None if at is None else to_milliseconds(at)})


def forget_announcements(db: Connection, reporter_id: int) -> None:
    """Forget a remembered place and an announced report, since a report has taken them up."""
    remember_place(db, reporter_id, label="", latitude=None, longitude=None, sent_at=None)
    remember_another(db, reporter_id, at=None)


def mark_anonymous(db: Connection, reporter_id: int) -> None:
    """Keep that this reporter asked to stay unnamed."""
    db.execute(update(reporters).where(reporters.c.id == reporter_id).values(is_anonymous=True))


def mark_scene(db: Connection, reporter_id: int, scene: str) -> None:
    """Keep the QR scene that this reporter scanned last."""
    db.execute(update(reporters).where(reporters.c.id == reporter_id).values(scene=scene[:64]))


def mark_subscribed(db: Connection, reporter_id: int, *, at: datetime) -> None:
    """Keep a subscription made at `at`, unless something later is known already."""
    db.execute(
        update(reporters)
        .where(reporters.c.id == reporter_id)
        .where((reporters.c.subscription_changed_at.is_(None)) | (reporters.c.subscription_changed_at <= at))
        .values(is_subscribed=True, subscription_changed_at=at)
    )


def erase_identity(db: Connection, reporter_id: int, *, at: datetime, now: datetime) -> bool:
    """Erase who is behind an alias after an unsubscribe made at `at`; False when a later subscription is known.

    The platform's rule: on unsubscribe all information about the person must go. The hazard facts stay, under
    the alias, and a binding ends: nobody could be reached through it. Messages are emptied by their own module.
    """
    erased = db.execute(
        update(reporters)
        .where(reporters.c.id == reporter_id)
        .where((reporters.c.subscription_changed_at.is_(None)) | (reporters.c.subscription_changed_at <= at))
        .values(
            openid_hash=None,
            openid_sealed=None,
            is_subscribed=False,
            subscription_changed_at=at,
            erased_at=now,
            scene=None,
            place_label="",
            place_latitude=None,
            place_longitude=None,
            place_sent_at=None,
            another_at=None,
        )
    )
    if erased.rowcount != 1:
        return False
    db.execute(delete(bindings).where(bindings.c.reporter_id == reporter_id))
    return True


def get_sealed_openid(db: Connection, reporter_id: int) -> bytes | None:
    """Return the sealed openid, None once erased; only the program's edge, which holds the vault, can open it."""
    sealed: bytes | None = db.execute(
        select(reporters.c.openid_sealed).where(reporters.c.id == reporter_id)
    ).scalar_one()
    return sealed


def _instant(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_milliseconds(milliseconds)
