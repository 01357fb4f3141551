"""Photos of the hazard and of what was mended, side by side, with what was used a second time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.admin.timeline import say_who
from storage.attachments import AttachmentState, find_attachment
from storage.reports.assignments import list_after_photos, list_assignments
from storage.reports.queue import find_code_of
from storage.types import AnyRow


@dataclass(frozen=True, slots=True)
class AfterPhoto:
    """A photo that a liaison sent; `reuse` says of which earlier one it is the same."""

    row: AnyRow
    is_kept: bool
    reuse: str


@dataclass(frozen=True, slots=True)
class Mending:
    """One assignment and what came of it."""

    assignment: AnyRow
    photos: Sequence[AfterPhoto]
    mended_by: str
    note: str
    mended_at: datetime | None


def list_mendings(db: Connection, report: AnyRow) -> list[Mending]:
    """Return a report's assignments, the newest first, each with the photos of what was mended."""
    photos = list_after_photos(db, report.id)
    after_ids = {photo.id for photo in photos}
    return [
        Mending(
            assignment,
            [
                AfterPhoto(
                    photo,
                    photo.state == AttachmentState.KEPT and bool(photo.clean_key),
                    _say_reuse(db, report, photo, after_ids),
                )
                for photo in photos
                if photo.assignment_id == assignment.id
            ],
            say_who(db, assignment.rectified_by) if assignment.rectified_by else "",
            assignment.rectified_note,
            assignment.rectified_at,
        )
        for assignment in reversed(list_assignments(db, report.id))
    ]


def _say_reuse(db: Connection, report: AnyRow, photo: AnyRow, after_ids: set[int]) -> str:
    if photo.reuse_of_id is None:
        return ""
    earlier = find_attachment(db, photo.reuse_of_id)
    if earlier is None or earlier.report_id == report.id:
        return "和之前整改的一张一样" if photo.reuse_of_id in after_ids else "和整改前的一张一样"
    return f"和 {find_code_of(db, earlier.report_id)} 的照片一样"
