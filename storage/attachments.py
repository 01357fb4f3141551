"""Photos, voices and videos of reports: where they are to be fetched, and what became of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    bindparam,
    insert,
    select,
    text,
    update,
)

from storage.database import Prepared, RowId, metadata
from storage.types import AnyRow, Instant, to_milliseconds


class Reason(StrEnum):
    """Why an attachment is refused, lost or still waiting; stored, so a value never changes, and pages translate it.

    The second half is what `media` says of bytes that it refuses, under the same words.
    """

    NO_REFERENCE = "no_reference"  # the message named neither a media id nor an address
    MEDIA_GONE = "media_gone"  # the platform does not have it any more
    EXPIRED = "expired"  # it could not be fetched before the platform forgot it
    ADDRESS_REFUSED = "address_refused"  # the address is none of the platform's
    UNREACHABLE = "unreachable"  # waiting: no answer, or one that makes no sense
    RATE_LIMITED = "rate_limited"  # waiting: too many calls for this minute or this day
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - waiting: the platform refuses the access token
    MISCONFIGURED = "misconfigured"  # waiting: the operator must mend credentials, IP list or permissions
    REFUSED_BY_PLATFORM = "refused_by_platform"  # waiting: refused with an errcode that we do not know
    INTERRUPTED = "interrupted"  # waiting: the process ended in the middle of it

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_COMPLEX = "too_complex"
    NOT_A_PICTURE = "not_a_picture"
    NOT_A_VOICE = "not_a_voice"
    NOT_A_VIDEO = "not_a_video"
    UNSUPPORTED_FORMAT = "unsupported_format"
    DAMAGED = "damaged"
    OUT_OF_MEMORY = "out_of_memory"  # waiting
    DISK_FULL = "disk_full"  # waiting
    STORE_UNAVAILABLE = "store_unavailable"  # waiting


class AttachmentState(StrEnum):
    """What became of the bytes."""

    PENDING = "pending"  # not fetched yet
    KEPT = "kept"
    REFUSED = "refused"  # fetched, but not what it says; the reason stands beside it
    LOST = "lost"  # cannot be had any more
    PURGED = "purged"  # deleted on request


_PURGED = "state = 'purged' AND (clean_key != '' OR original_key != '')"  # their files are still to be deleted

attachments = Table(
    "attachments",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("report_id", RowId, ForeignKey("reports.id"), nullable=False),
    Column("message_id", RowId, ForeignKey("messages.id"), nullable=False),
    Column("kind", String(8), nullable=False, comment="photo, voice or video"),
    Column("state", String(8), nullable=False),
    Column("reason", String(60), nullable=False, default="", comment="why it is refused or lost"),
    Column("media_id", String(200), nullable=False, default=""),
    Column("picture_url", String(500), nullable=False, default=""),
    Column("voice_format", String(16), nullable=False, default=""),
    Column("sent_at", Instant, nullable=False),
    Column(
        "expires_at",
        Instant,
        nullable=False,
        comment="the platform forgets media three days after they were sent",
    ),
    Column("due_at", Instant, comment="when it is to be fetched; empty once that is settled"),
    Column("attempts", Integer, nullable=False, default=0),
    Column("content_type", String(40), nullable=False, default="", comment="of the clean copy"),
    Column("byte_count", Integer, comment="of the original"),
    Column("width", Integer, comment="pixels of the oriented original"),
    Column("height", Integer),
    Column("sha256", String(64), comment="of the original"),
    Column("difference_hash", BigInteger, comment="64-bit dHash as a signed number"),
    Column("clean_key", String(120), nullable=False, default="", comment="what staff see"),
    Column("thumbnail_key", String(120), nullable=False, default=""),
    Column("original_key", String(120), nullable=False, default="", comment="sealed"),
    Column("fetched_at", Instant),
    Index("ix_attachments_report_id_sent_at", "report_id", "sent_at"),
    Index("ix_attachments_sha256", "sha256"),
    Index("ix_attachments_purged", "id", sqlite_where=text(_PURGED), postgresql_where=text(_PURGED)),
    Index(
        "ix_attachments_due",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
)

_ADDED = (
    "report_id", "message_id", "kind", "state", "reason", "media_id", "picture_url", "voice_format", "sent_at",
    "expires_at", "due_at", "attempts", "content_type", "clean_key", "thumbnail_key", "original_key",
)  # fmt: skip
_add = Prepared(insert(attachments).values({name: bindparam(name) for name in _ADDED}))


def add_attachment(
    db: Connection,
    *,
    report_id: int,
    message_id: int,
    kind: str,
    media_id: str,
    picture_url: str,
    voice_format: str,
    sent_at: datetime,
    expires_at: datetime,
    now: datetime,
) -> None:
    """Insert an attachment that is to be fetched at once; lost from the start when nothing says where it is."""
    is_findable = bool(media_id or picture_url)
    _add.run(
        db,
        {
            "report_id": report_id,
            "message_id": message_id,
            "kind": kind,
            "state": (AttachmentState.PENDING if is_findable else AttachmentState.LOST).value,
            "reason": "" if is_findable else Reason.NO_REFERENCE.value,
            "media_id": media_id[:200],
            "picture_url": picture_url[:500],
            "voice_format": voice_format[:16],
            "sent_at": to_milliseconds(sent_at),
            "expires_at": to_milliseconds(expires_at),
            "due_at": to_milliseconds(now) if is_findable else None,
            "attempts": 0,
            "content_type": "",
            "clean_key": "",
            "thumbnail_key": "",
            "original_key": "",
        },
    )


@dataclass(frozen=True, slots=True)
class DueAttachment:
    """An attachment claimed for fetching."""

    id: int
    report_id: int
    kind: str
    media_id: str
    picture_url: str
    voice_format: str
    sent_at: datetime
    expires_at: datetime
    attempts: int


def claim_next_due(db: Connection, *, now: datetime, next_try_at: datetime) -> DueAttachment | None:
    """Claim one attachment that is due, pushing its next try to `next_try_at` in case this one is cut off."""
    row = db.execute(
        select(attachments)
        .where(text("due_at IS NOT NULL"), attachments.c.due_at <= now)
        .order_by(attachments.c.due_at, attachments.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if row is None:
        return None
    db.execute(
        update(attachments)
        .where(attachments.c.id == row.id)
        .values(attempts=attachments.c.attempts + 1, due_at=next_try_at)
    )
    return DueAttachment(
        row.id,
        row.report_id,
        row.kind,
        row.media_id,
        row.picture_url,
        row.voice_format,
        row.sent_at,
        row.expires_at,
        row.attempts + 1,
    )


@dataclass(frozen=True, slots=True)
class KeptCopy:
    """Where the safe copies of an attachment are, and what is known of it."""

    content_type: str
    byte_count: int
    sha256: str
    clean_key: str
    original_key: str
    thumbnail_key: str = ""
    width: int | None = None
    height: int | None = None
    difference_hash: int | None = None


def mark_kept(db: Connection, attachment_id: int, copy: KeptCopy, *, now: datetime) -> bool:
    """Keep where the copies are; False when the attachment was purged meanwhile, so that the copies must go."""
    done = db.execute(
        update(attachments)
        .where(attachments.c.id == attachment_id, attachments.c.state == AttachmentState.PENDING)
        .values(
            state=AttachmentState.KEPT,
            reason="",
            due_at=None,
            fetched_at=now,
            content_type=copy.content_type,
            byte_count=copy.byte_count,
            sha256=copy.sha256,
            clean_key=copy.clean_key,
            thumbnail_key=copy.thumbnail_key,
            original_key=copy.original_key,
            width=copy.width,
            height=copy.height,
            difference_hash=copy.difference_hash,
        )
    )
    return done.rowcount == 1


def mark_gone(
    db: Connection, attachment_id: int, state: AttachmentState, *, reason: Reason, original_key: str = ""
) -> bool:
    """Settle an attachment as refused or lost; False when it was purged meanwhile, so that the original must go."""
    done = db.execute(
        update(attachments)
        .where(attachments.c.id == attachment_id, attachments.c.state == AttachmentState.PENDING)
        .values(state=state, reason=reason, due_at=None, original_key=original_key)
    )
    return done.rowcount == 1


def requeue_interrupted(db: Connection, *, now: datetime) -> int:
    """Make due what a process had claimed when it died, and return how many.

    For the one process that leads the jobs, before it begins. What was cut off more than once keeps its back-off: it
    may be what ends the process.
    """
    done = db.execute(
        update(attachments)
        .where(
            attachments.c.state == AttachmentState.PENDING,
            attachments.c.reason == Reason.INTERRUPTED,
            attachments.c.attempts == 1,
        )
        .values(due_at=now)
    )
    return done.rowcount


def mark_retry(
    db: Connection, attachment_id: int, *, reason: Reason, due_at: datetime, is_counted: bool = True
) -> None:
    """Put off an attachment that could not be fetched this time.

    `is_counted` False takes the try back: what failed for everybody is not held against this one.
    """
    db.execute(
        update(attachments)
        .where(attachments.c.id == attachment_id, attachments.c.state == AttachmentState.PENDING)
        .values(reason=reason, due_at=due_at, attempts=attachments.c.attempts - (0 if is_counted else 1))
    )


def list_report_attachments(db: Connection, report_ids: Sequence[int]) -> Sequence[AnyRow]:
    """Return the attachments of reports as rows, in the order in which they were sent."""
    return db.execute(
        select(attachments)
        .where(attachments.c.report_id.in_(list(report_ids)))
        .order_by(attachments.c.report_id, attachments.c.sent_at, attachments.c.message_id)
    ).all()


def find_attachment(db: Connection, attachment_id: int) -> AnyRow | None:
    """Return one attachment's row."""
    return db.execute(select(attachments).where(attachments.c.id == attachment_id)).one_or_none()


def find_attachment_of_message(db: Connection, *, report_id: int, message_id: int) -> int | None:
    """Return the id of what came with a message."""
    return db.execute(
        select(attachments.c.id).where(attachments.c.report_id == report_id, attachments.c.message_id == message_id)
    ).scalar_one_or_none()


def purge_report_attachments(db: Connection, report_id: int, *, spared_ids: Collection[int] = ()) -> None:
    """Take the attachments of a report out of sight at once, but for those spared; a job then deletes the files."""
    db.execute(
        update(attachments)
        .where(attachments.c.report_id == report_id, attachments.c.id.not_in(list(spared_ids)))
        .values(
            state=AttachmentState.PURGED,
            reason="",
            due_at=None,
            media_id="",
            picture_url="",
            sha256=None,
            difference_hash=None,
        )
    )


def find_purged(db: Connection) -> AnyRow | None:
    """Return one purged attachment whose files are still there."""
    return db.execute(select(attachments).where(text(_PURGED)).limit(1)).first()


def forget_files(db: Connection, attachment_id: int) -> None:
    """Keep that the files of a purged attachment are gone."""
    db.execute(
        update(attachments)
        .where(attachments.c.id == attachment_id)
        .values(clean_key="", thumbnail_key="", original_key="")
    )
