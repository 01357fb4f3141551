"""Reports while they are gathered from messages: opened, added to, submitted, withdrawn; on the webhook's hot path."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.database import Prepared
from storage.reports.tables import ReportState, report_codes, report_history, reports
from storage.types import from_milliseconds, to_milliseconds

_INDEXED = frozenset({"description", "place_label", "latitude", "longitude"})  # what the search index is made of
_CHINA = timezone(timedelta(hours=8))  # report codes count months as the township's calendar does


@dataclass(slots=True)  # not frozen, which would triple the time that it takes to make one; never changed in place
class Pieces:
    """What a report has been told so far; the columns that gathering may change."""

    description: str = ""
    place_label: str = ""
    latitude: float | None = None
    longitude: float | None = None
    photos: int = 0
    voices: int = 0
    videos: int = 0
    messages: int = 0
    category: str = "UNK"
    level: str = "P2"
    is_emergency: bool = False
    major_standard: str = ""
    why: str = ""
    unit_id: int | None = None
    is_anonymous: bool = False
    asked: str = ""
    missing: str = ""


@dataclass(slots=True)
class RecentReport:
    """A report of one reporter that a new message may still belong to."""

    id: int
    code: str
    state: ReportState
    opened_at: datetime
    last_piece_at: datetime
    pieces: Pieces


_PIECE_COLUMNS = (
    "description", "place_label", "latitude", "longitude", "photo_count", "voice_count", "video_count",
    "message_count", "category", "level", "is_emergency", "major_standard", "why", "unit_id", "is_anonymous",
    "asked", "missing",
)  # fmt: skip
_of_reporter = select(
    reports.c.id,
    reports.c.code,
    reports.c.state,
    reports.c.opened_at,
    reports.c.last_piece_at,
    *(reports.c[name] for name in _PIECE_COLUMNS),
).where(reports.c.reporter_id == bindparam("by_reporter"))
_recent = Prepared(_of_reporter.order_by(reports.c.id.desc()).limit(4))
_own_by_code = Prepared(_of_reporter.where(reports.c.code == bindparam("by_code")))
_submit = Prepared(
    update(reports)
    .where(reports.c.id == bindparam("by_id"), reports.c.state == ReportState.GATHERING.value)
    .values(state=ReportState.RECEIVED.value, gather_until=None, submitted_at=bindparam("submitted_at"))
)
_OPENING_COLUMNS = (
    "code", "reporter_id", "state", "version", "opened_at", "last_piece_at", "gather_until", "created_at",
    "submitted_at", "source", "is_indexed", *_PIECE_COLUMNS,
)  # fmt: skip
_open = Prepared(insert(reports).values({name: bindparam(name) for name in _OPENING_COLUMNS}).returning(reports.c.id))


@lru_cache(maxsize=256)
def _update_of(columns: tuple[str, ...]) -> Prepared:
    """Return the statement that sets just these columns: an engine rewrites the index of each one that is named."""
    return Prepared(
        update(reports).where(reports.c.id == bindparam("by_id")).values({name: bindparam(name) for name in columns})
    )


_next_code = Prepared(
    {
        "sqlite": sqlite.insert(report_codes)
        .values(month=bindparam("month"), last_number=bindparam("first"))
        .on_conflict_do_update(index_elements=["month"], set_={"last_number": report_codes.c.last_number + 1})
        .returning(report_codes.c.last_number),
        "postgresql": postgresql.insert(report_codes)
        .values(month=bindparam("month"), last_number=bindparam("first"))
        .on_conflict_do_update(index_elements=["month"], set_={"last_number": report_codes.c.last_number + 1})
        .returning(report_codes.c.last_number),
    }
)
_history = Prepared(
    insert(report_history).values(
        {name: bindparam(name) for name in ("report_id", "at", "by", "action", "from_state", "to_state", "note")}
    )
)


def list_recent(db: Connection, reporter_id: int) -> list[RecentReport]:
    """Return the reporter's newest four reports, newest first."""
    return [_to_recent(row) for row in _recent.run(db, {"by_reporter": reporter_id}).fetchall()]


def open_report(
    db: Connection,
    *,
    reporter_id: int,
    pieces: Pieces,
    sent_at: datetime,
    gather_until: datetime | None,
    now: datetime,
) -> RecentReport:
    """Insert a report made of its first message, with a fresh code; submitted at once when `gather_until` is None."""
    code = _take_code(db, now)
    state = ReportState.RECEIVED if gather_until is None else ReportState.GATHERING
    now_ms, sent_ms = to_milliseconds(now), to_milliseconds(sent_at)
    row = _open.first(
        db,
        {
            "code": code,
            "reporter_id": reporter_id,
            "state": state.value,
            "version": 1,
            "opened_at": sent_ms,
            "last_piece_at": sent_ms,
            "gather_until": None if gather_until is None else to_milliseconds(gather_until),
            "created_at": now_ms,
            "submitted_at": now_ms if gather_until is None else None,
            "source": "chat",
            "is_indexed": False,
            **_piece_values(pieces),
        },
    )
    if row is None:
        raise RuntimeError("the database returned no id for an inserted report")
    record_history(db, row[0], at=now, by="reporter", action="open", to_state=state.value)
    return RecentReport(row[0], code, state, sent_at, sent_at, pieces)


def add_pieces(
    db: Connection,
    report: RecentReport,
    pieces: Pieces,
    *,
    sent_at: datetime,
    gather_until: datetime | None,
    now: datetime,
) -> RecentReport:
    """Write what a report has been told with one more message.

    `gather_until` None submits a report that was still gathering; one that was submitted before stays where it is.
    """
    was_gathering = report.state is ReportState.GATHERING
    is_submitted_now = was_gathering and gather_until is None
    state = ReportState.RECEIVED if is_submitted_now else report.state
    opened_at, last_piece_at = min(report.opened_at, sent_at), max(report.last_piece_at, sent_at)
    before = _piece_values(report.pieces)
    values = {name: value for name, value in _piece_values(pieces).items() if value != before[name]}
    if opened_at != report.opened_at:
        values["opened_at"] = to_milliseconds(opened_at)
    if last_piece_at != report.last_piece_at:
        values["last_piece_at"] = to_milliseconds(last_piece_at)
    if not _INDEXED.isdisjoint(values):
        values["is_indexed"] = False
    if was_gathering:
        values["gather_until"] = None if gather_until is None else to_milliseconds(gather_until)
    if is_submitted_now:
        values["state"] = state.value
        values["submitted_at"] = to_milliseconds(now)
    if values:
        _update_of(tuple(values)).run(db, {"by_id": report.id, **values})
    if is_submitted_now:
        record_history(
            db,
            report.id,
            at=now,
            by="bot",
            action="submit",
            from_state=ReportState.GATHERING,
            to_state=state.value,
        )
    return RecentReport(report.id, report.code, state, opened_at, last_piece_at, pieces)


def submit_report(db: Connection, report_id: int, *, now: datetime, note: str = "") -> bool:
    """End the gathering of a report as it is; False when it was not gathering any more."""
    done = _submit.run(db, {"by_id": report_id, "submitted_at": to_milliseconds(now)})
    if done.rowcount != 1:
        return False
    record_history(
        db,
        report_id,
        at=now,
        by="bot",
        action="submit",
        from_state=ReportState.GATHERING,
        to_state=ReportState.RECEIVED,
        note=note,
    )
    return True


def find_next_gathered(db: Connection, *, now: datetime) -> int | None:
    """Return the id of one report whose gathering has run out, without claiming it."""
    return db.execute(
        select(reports.c.id)
        .where(reports.c.state == text("'gathering'"), reports.c.gather_until <= now)
        .order_by(reports.c.gather_until)
        .limit(1)
    ).scalar_one_or_none()


def claim_next_gathered(db: Connection, *, now: datetime) -> int | None:
    """Return the id of one report whose gathering has run out, locked until commit; None when there is none."""
    return db.execute(
        select(reports.c.id)
        .where(reports.c.state == text("'gathering'"), reports.c.gather_until <= now)
        .order_by(reports.c.gather_until)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).scalar_one_or_none()


def record_history(
    db: Connection,
    report_id: int,
    *,
    at: datetime,
    by: str,
    action: str,
    from_state: str = "",
    to_state: str = "",
    note: str = "",
) -> None:
    """Append one line to a report's history."""
    _history.run(
        db,
        {
            "report_id": report_id,
            "at": to_milliseconds(at),
            "by": by,
            "action": action,
            "from_state": str(from_state),
            "to_state": str(to_state),
            "note": note,
        },
    )


def list_own(db: Connection, reporter_id: int, *, code: str = "", most: int = 3) -> list[RecentReport]:
    """Return the reporter's newest reports, at most four, or the one with this code when it is theirs."""
    if not code:
        return list_recent(db, reporter_id)[:most]
    cursor = _own_by_code.run(db, {"by_reporter": reporter_id, "by_code": code})
    return [_to_recent(row) for row in cursor.fetchall()]


def find_state(db: Connection, report_id: int) -> ReportState:
    """Return where a report stands."""
    return ReportState(db.execute(select(reports.c.state).where(reports.c.id == report_id)).scalar_one())


def _take_code(db: Connection, now: datetime) -> str:
    month = now.astimezone(_CHINA).strftime("%y%m")
    row = _next_code.first(db, {"month": month, "first": 1})
    if row is None:
        raise RuntimeError("the database returned no number for a report code")
    return f"{month}-{row[0]:03d}"


def _piece_values(pieces: Pieces) -> dict[str, Any]:
    return {
        "description": pieces.description,
        "place_label": pieces.place_label[:200],
        "latitude": pieces.latitude,
        "longitude": pieces.longitude,
        "photo_count": pieces.photos,
        "voice_count": pieces.voices,
        "video_count": pieces.videos,
        "message_count": pieces.messages,
        "category": pieces.category,
        "level": pieces.level,
        "is_emergency": pieces.is_emergency,
        "major_standard": pieces.major_standard,
        "why": pieces.why,
        "unit_id": pieces.unit_id,
        "is_anonymous": pieces.is_anonymous,
        "asked": pieces.asked,
        "missing": pieces.missing,
    }


def _to_pieces(row: tuple[Any, ...]) -> Pieces:
    return Pieces(
        description=row[0],
        place_label=row[1],
        latitude=row[2],
        longitude=row[3],
        photos=row[4],
        voices=row[5],
        videos=row[6],
        messages=row[7],
        category=row[8],
        level=row[9],
        is_emergency=bool(row[10]),
        major_standard=row[11],
        why=row[12],
        unit_id=row[13],
        is_anonymous=bool(row[14]),
        asked=row[15],
        missing=row[16],
    )


def _to_recent(row: Any) -> RecentReport:
    return RecentReport(
        row[0],
        row[1],
        ReportState(row[2]),
        from_milliseconds(row[3]),
        from_milliseconds(row[4]),
        _to_pieces(tuple(row[5:])),
    )
