"""Photos of what was mended that were used before: the same bytes anywhere, or nearly the same picture nearby.

The same bytes are found by their index in every report there is. A picture that was only saved again has another sum,
and a difference hash near the first; no index finds those, so they are looked for among what is likely: the photos of
the same report, of the same unit's reports, and the newest photos of all.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select, update

from storage.attachments import AttachmentState, attachments
from storage.reports.assignments import after_photos, assignments
from storage.reports.duplicates import count_different_bits, is_telling
from storage.types import AnyRow

SAME_BITS = 6  # of the 64 of a difference hash
_MOST_LOOKED_AT = 20_000  # photos whose hashes are compared, newest first: some milliseconds


def has_uncompared(db: Connection) -> bool:
    """Return whether a kept photo may wait to be compared, without claiming it."""
    return db.execute(_uncompared().limit(1)).first() is not None


def claim_next_uncompared(db: Connection) -> AnyRow | None:
    """Return one kept photo of what was mended that was not compared yet, locked until commit: the attachment's row.

    What was refused, lost or purged is settled on the way without a finding.
    """
    return db.execute(
        _uncompared().order_by(after_photos.c.attachment_id).limit(1).with_for_update(of=after_photos, skip_locked=True)
    ).one_or_none()


def find_earlier_same(db: Connection, photo: AnyRow) -> int | None:
    """Return the earliest photo that was there before one and is the same as it."""
    earlier = and_(
        attachments.c.state == AttachmentState.KEPT,
        attachments.c.kind == "photo",
        attachments.c.id != photo.id,
        _is_before(photo),
    )
    if photo.sha256:
        same = select(attachments.c.id).where(earlier, attachments.c.sha256 == photo.sha256)
        found: int | None = db.execute(same.order_by(attachments.c.sent_at, attachments.c.id).limit(1)).scalar()
        if found is not None:
            return found
    if not is_telling(photo.difference_hash):
        return None
    hashes = select(attachments.c.id, attachments.c.sent_at, attachments.c.difference_hash).where(
        earlier, attachments.c.difference_hash.is_not(None)
    )
    near: dict[int, datetime] = {}
    likely = attachments.c.report_id.in_(_list_report_ids(db, photo))
    for query in (hashes.where(likely), hashes.order_by(attachments.c.id.desc()).limit(_MOST_LOOKED_AT)):
        for row in db.execute(query):
            if count_different_bits(row.difference_hash, photo.difference_hash) <= SAME_BITS:
                near[row.id] = row.sent_at
    return min(near, key=lambda number: (near[number], number), default=None)


def record_compared(db: Connection, attachment_id: int, *, reuse_of_id: int | None, at: datetime) -> None:
    """Keep what was found."""
    db.execute(
        update(after_photos)
        .where(after_photos.c.attachment_id == attachment_id)
        .values(reuse_of_id=reuse_of_id, compared_at=at)
    )


def _uncompared() -> Select[tuple[object, ...]]:
    return (
        select(attachments)
        .join(after_photos, after_photos.c.attachment_id == attachments.c.id)
        .where(after_photos.c.compared_at.is_(None), attachments.c.state != AttachmentState.PENDING)
    )


def _is_before(photo: AnyRow) -> ColumnElement[bool]:
    """Return the condition of having been sent before a photo, or with it and stored first."""
    return or_(
        attachments.c.sent_at < photo.sent_at,
        and_(attachments.c.sent_at == photo.sent_at, attachments.c.id < photo.id),
    )


def _list_report_ids(db: Connection, photo: AnyRow) -> list[int]:
    """Return the report of a photo and the newest ones that its unit was given."""
    unit_ids = select(assignments.c.unit_id).where(assignments.c.report_id == photo.report_id)
    of_unit = (
        select(assignments.c.report_id)
        .where(assignments.c.unit_id.in_(unit_ids))
        .order_by(assignments.c.id.desc())
        .limit(2_000)
    )
    return [photo.report_id, *db.execute(of_unit).scalars()]
