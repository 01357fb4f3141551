"""Rows for tests, each with what most tests do not care about filled in."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert

from storage.attachments import AttachmentState, attachments
from storage.messages import MessageState, messages
from storage.reporters import reporters
from storage.reports.tables import ReportState, reports

NOW = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)  # the same instant as the fixture `now`
_number = itertools.count(1)


def make_reporter(db: Connection, **values: Any) -> int:
    """Insert a reporter and return the id."""
    number = next(_number)
    row = {
        "alias": f"热心群众{number:04X}",
        "openid_hash": f"{number:064x}",
        "openid_sealed": b"sealed",
        "created_at": NOW,
        **values,
    }
    return _insert(db, reporters, row)


def make_report(db: Connection, **values: Any) -> int:
    """Insert a report that is 待受理, with a reporter of its own unless `reporter_id` is given; returns the id."""
    number = next(_number)
    state = values.get("state", ReportState.RECEIVED)
    if "reporter_id" not in values:
        values["reporter_id"] = make_reporter(db)
    row = {
        "code": f"2611-{number:03d}",
        "state": state,
        "description": "井口的护栏断了一截",
        "place_label": "东坪村井口",
        "opened_at": NOW,
        "last_piece_at": NOW,
        "gather_until": NOW if state == ReportState.GATHERING else None,
        "created_at": NOW,
        "submitted_at": None if state == ReportState.GATHERING else NOW,
        **values,
    }
    return _insert(db, reports, row)


def make_message(db: Connection, **values: Any) -> int:
    """Insert a text message that was answered, with a reporter of its own unless `reporter_id` is given."""
    number = next(_number)
    if "reporter_id" not in values:
        values["reporter_id"] = make_reporter(db)
    row = {
        "key": f"{number:064x}",
        "kind": "text",
        "sent_at": NOW,
        "received_at": NOW,
        "text": "井口的护栏断了一截",
        "payload_sealed": b"sealed",
        "intent": "hazard",
        "state": MessageState.DONE,
        **values,
    }
    return _insert(db, messages, row)


def make_photo(db: Connection, *, report_id: int, **values: Any) -> int:
    """Insert a photo that is kept, with a message of its own unless `message_id` is given; returns the id."""
    number = next(_number)
    if "message_id" not in values:
        values["message_id"] = make_message(db, report_id=report_id, kind="image", text="")
    row = {
        "report_id": report_id,
        "kind": "photo",
        "state": AttachmentState.KEPT,
        "media_id": f"media-{number}",
        "sent_at": NOW,
        "expires_at": NOW,
        "content_type": "image/jpeg",
        "sha256": f"{number:064x}",
        "clean_key": f"clean/{number}.jpg",
        "thumbnail_key": f"thumbnail/{number}.jpg",
        "original_key": f"original/{number}",
        **values,
    }
    return _insert(db, attachments, row)


def _insert(db: Connection, table: Any, row: dict[str, Any]) -> int:
    return int(db.execute(insert(table).values(row).returning(table.c.id)).scalar_one())
