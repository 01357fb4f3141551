"""Reports as they leave the system: masked, without anything that leads to who reported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import Connection, select

from storage.reports.tables import reports
from storage.types import AnyRow
from storage.units import units

BATCH = 1_000  # rows read at a time: the memory an export needs does not grow with the table

_CHINA = timezone(timedelta(hours=8))
# Mobile numbers and identity-card numbers that people write into their sentence, with what may stand between digits.
_NUMBER = re.compile(r"(?<!\d)(?:1[3-9]\d(?:[ -]?\d{4}){2}|[1-9]\d{16}[\dXx])(?!\d)")


def iter_reports(db: Connection) -> Iterator[dict[str, Any]]:
    """Yield every report by id with the keys of `export reports` (DESIGN section 4); reads no column about people."""
    masters = reports.alias("masters")
    query = (
        select(
            reports.c.id,
            reports.c.code,
            reports.c.state,
            reports.c.category,
            reports.c.level,
            reports.c.is_emergency,
            reports.c.major_standard,
            reports.c.description,
            reports.c.photo_count,
            reports.c.voice_count,
            reports.c.video_count,
            reports.c.latitude,
            reports.c.longitude,
            reports.c.place_label,
            units.c.name.label("unit_name"),
            reports.c.is_anonymous,
            reports.c.missing,
            reports.c.created_at,
            reports.c.due_at,
            masters.c.code.label("merged_into_code"),
            reports.c.source,
            reports.c.message_count,
        )
        .select_from(
            reports.outerjoin(units, reports.c.unit_id == units.c.id).outerjoin(
                masters, reports.c.merged_into_id == masters.c.id
            )
        )
        .order_by(reports.c.id)
        .limit(BATCH)
    )
    last = 0
    while rows := db.execute(query.where(reports.c.id > last)).all():
        last = rows[-1].id
        for row in rows:
            yield _to_mapping(row)


def format_instant(instant: datetime | None) -> str | None:
    """Return ISO 8601 in the township's time with its offset, to the second."""
    return None if instant is None else instant.astimezone(_CHINA).isoformat(timespec="seconds")


def mask_numbers(text: str) -> str:
    """Return a text in which phone and identity-card numbers keep their first three characters only."""
    return _NUMBER.sub(lambda found: found[0][:3] + "*" * (len(found[0]) - 3), text)


def _to_mapping(row: AnyRow) -> dict[str, Any]:
    is_anywhere = row.place_label or row.latitude is not None or row.longitude is not None
    place = {"lat": row.latitude, "lng": row.longitude, "label": mask_numbers(row.place_label)}
    return {
        "code": row.code,
        "state": row.state,
        "category": row.category,
        "level": row.level,
        "emergency": bool(row.is_emergency),
        "major_suspect": bool(row.major_standard),
        "description": mask_numbers(row.description),
        "photos": row.photo_count,
        "voices": row.voice_count,
        "videos": row.video_count,
        "location": place if is_anywhere else None,
        "unit": row.unit_name,
        "anonymous": bool(row.is_anonymous),
        "missing": [piece for piece in row.missing.split(",") if piece],
        "created_at": format_instant(row.created_at),
        "due_at": format_instant(row.due_at),
        "merged_into": row.merged_into_code,
        "source": row.source,
        "messages": row.message_count,
    }
