"""The ledger of hazards (隐患排查治理台账): a row for each submitted report, as units and inspectors may read it.

Nothing here comes from the reporter: no words, no alias, no voice, no place as they said it, and of the time only the
day. What a row says about the hazard is what a reviewer read, put into neutral words and handed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, FromClause, and_, case, func, or_, select

from storage.attachments import AttachmentState, attachments
from storage.reports.assignments import after_photos, assignments
from storage.reports.export import BATCH, mask_numbers
from storage.reports.tables import OPEN_STATES, ReportState, report_history, reports, transfers
from storage.staff import staff
from storage.types import AnyRow
from storage.units import units

# States in which the latest hand-over still says whose it is and until when; in the others it is past or undone.
HANDED_STATES = (ReportState.ASSIGNED, ReportState.RECTIFIED, ReportState.CLOSED, ReportState.REOPENED)

_LEFT_OUT = (ReportState.GATHERING, ReportState.WITHDRAWN, ReportState.MERGED)
_NOT_YET_CLOSED = (ReportState.ASSIGNED, ReportState.RECTIFIED, ReportState.REOPENED)

_inspected = units.alias("inspected")
_responsible = units.alias("responsible")
_latest = (
    select(func.max(assignments.c.id))
    .where(assignments.c.report_id == reports.c.id)
    .correlate(reports)
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """What a ledger is narrowed to; empty fields narrow nothing."""

    since: datetime | None = None  # made at this instant or later
    until: datetime | None = None  # made before this instant
    unit_id: int | None = None  # where it is, or who has to mend it
    category: str = ""
    state: str = ""
    is_overdue: bool = False  # handed over, not mended, and the time is up
    has_merged: bool = False  # with a row for what was merged into another report
    has_open: bool = False  # with what is still open, whenever it was made
    handed_to: tuple[int, ...] = ()  # only what was handed to one of these units


@dataclass(frozen=True, slots=True)
class LedgerPhoto:
    """A clean copy that may be shown to a unit."""

    id: int
    thumbnail_key: str


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One report; texts are masked, None and "" where there is nothing, instants are to be shown as days."""

    id: int
    code: str
    state: str
    found_at: datetime
    source: str
    is_inspection: bool  # handed over as found by an inspection: nothing may say that somebody reported it
    is_emergency: bool
    inspected_unit: str
    category: str
    level: str
    major_standard: str
    place: str  # the next three as handed over
    problem: str
    requirement: str
    unit: str
    liaison: str
    assigned_at: datetime | None
    due_at: datetime | None
    rectified_at: datetime | None
    rectified_note: str
    photos_before: tuple[LedgerPhoto, ...]
    photos_after: tuple[LedgerPhoto, ...]
    reviewed_at: datetime | None
    reviewed_by: str
    is_passed: bool | None  # None while nobody has looked at the mended place
    closed_at: datetime | None
    merged_into: str
    transferred_to: str


@dataclass(frozen=True, slots=True)
class LedgerFigures:
    """How many rows there are, how many are closed, and how many ought to be: closed, or not closed and out of time."""

    rows: int
    closed: int
    due: int


def iter_ledger(
    db: Connection, filter_: LedgerFilter, *, now: datetime, most: int | None = None
) -> Iterator[LedgerRow]:
    """Yield up to `most` rows in the order in which the reports came, a batch in memory at a time."""
    names = _list_names(db)
    query = select(*_COLUMNS).select_from(_FROM).where(*_list_conditions(filter_, now)).order_by(reports.c.id)
    last, left = 0, most
    while left is None or left > 0:
        length = BATCH if left is None else min(BATCH, left)
        rows = db.execute(query.where(reports.c.id > last).limit(length)).all()
        yield from _build_rows(db, rows, names)
        if len(rows) < length:
            return
        last = rows[-1].id
        left = None if left is None else left - length


def count_ledger(db: Connection, filter_: LedgerFilter, *, now: datetime) -> LedgerFigures:
    """Return the figures of a whole ledger."""
    is_closed = reports.c.state == ReportState.CLOSED
    is_late = and_(reports.c.state.in_(_NOT_YET_CLOSED), assignments.c.due_at < now)
    row = db.execute(
        select(
            func.count(),
            func.coalesce(func.sum(case((is_closed, 1), else_=0)), 0),
            func.coalesce(func.sum(case((or_(is_closed, is_late), 1), else_=0)), 0),
        )
        .select_from(reports.outerjoin(assignments, assignments.c.id == _latest))
        .where(*_list_conditions(filter_, now))
    ).one()
    return LedgerFigures(*(int(count) for count in row))


def is_due(row: LedgerRow, now: datetime) -> bool:
    """Return whether a report counts among those that ought to be closed by now."""
    if row.state == ReportState.CLOSED:
        return True
    return row.state in _NOT_YET_CLOSED and row.due_at is not None and row.due_at < now


def find_ledger_row(db: Connection, code: str) -> LedgerRow | None:
    """Return one report as the ledger has it, whatever its state."""
    rows = db.execute(select(*_COLUMNS).select_from(_FROM).where(reports.c.code == code)).all()
    return next(_build_rows(db, rows, _list_names(db)), None)


_COLUMNS = (
    reports.c.id,
    reports.c.code,
    reports.c.state,
    reports.c.created_at,
    reports.c.source,
    reports.c.is_emergency,
    reports.c.category,
    reports.c.level,
    reports.c.major_standard,
    _inspected.c.name.label("inspected_unit"),
    assignments.c.id.label("assignment_id"),
    assignments.c.is_inspection,
    assignments.c.place,
    assignments.c.problem,
    assignments.c.requirement,
    assignments.c.photo_ids,
    assignments.c.assigned_at,
    assignments.c.due_at,
    assignments.c.rectified_at,
    assignments.c.rectified_note,
    _responsible.c.name.label("responsible_unit"),
    staff.c.display_name.label("liaison"),
    reports.c.merged_into_id,
)
_FROM: FromClause = (
    reports.outerjoin(assignments, assignments.c.id == _latest)
    .outerjoin(_inspected, _inspected.c.id == reports.c.unit_id)
    .outerjoin(_responsible, _responsible.c.id == assignments.c.unit_id)
    .outerjoin(staff, staff.c.id == assignments.c.liaison_id)
)


def _list_conditions(filter_: LedgerFilter, now: datetime) -> list[ColumnElement[bool]]:
    left_out = [state.value for state in _LEFT_OUT if not (filter_.has_merged and state is ReportState.MERGED)]
    conditions: list[ColumnElement[bool]] = [reports.c.state.not_in(left_out)]
    made = []
    if filter_.since is not None:
        made.append(reports.c.created_at >= filter_.since)
    if filter_.until is not None:
        made.append(reports.c.created_at < filter_.until)
    if made:
        is_open = reports.c.state.in_([state.value for state in OPEN_STATES])
        conditions.append(or_(and_(*made), is_open) if filter_.has_open else and_(*made))
    if filter_.handed_to:
        conditions += [reports.c.state.in_(HANDED_STATES), assignments.c.unit_id.in_(filter_.handed_to)]
    if filter_.unit_id is not None:
        is_theirs = and_(reports.c.state.in_(HANDED_STATES), assignments.c.unit_id == filter_.unit_id)
        conditions.append(or_(reports.c.unit_id == filter_.unit_id, is_theirs))
    if filter_.category:
        conditions.append(reports.c.category == filter_.category)
    if filter_.state:
        conditions.append(reports.c.state == filter_.state)
    if filter_.is_overdue:
        conditions += [reports.c.state == ReportState.ASSIGNED, assignments.c.due_at < now]
    return conditions


def _build_rows(db: Connection, rows: Sequence[AnyRow], names: Mapping[str, str]) -> Iterator[LedgerRow]:
    if not rows:
        return
    ids = [row.id for row in rows]
    reviews = _find_reviews(db, ids)
    authorities = _find_authorities(db, ids)
    masters = _find_codes(db, [row.merged_into_id for row in rows if row.merged_into_id is not None])
    chosen = {row.id: json.loads(row.photo_ids) for row in rows if row.photo_ids}
    before = _find_photos(db, [photo_id for photo_ids in chosen.values() for photo_id in photo_ids])
    after = _find_after_photos(db, [row.assignment_id for row in rows if row.assignment_id is not None])
    for row in rows:
        is_handed = row.assignment_id is not None and row.state in HANDED_STATES
        review = reviews.get(row.id) if is_handed else None
        is_closed = row.state == ReportState.CLOSED
        yield LedgerRow(
            id=row.id,
            code=row.code,
            state=row.state,
            found_at=row.created_at,
            source=row.source,
            is_inspection=bool(row.is_inspection),
            is_emergency=bool(row.is_emergency),
            inspected_unit=row.inspected_unit or row.responsible_unit or "",
            category=row.category,
            level=row.level,
            major_standard=row.major_standard,
            place=mask_numbers(row.place or ""),
            problem=mask_numbers(row.problem or ""),
            requirement=mask_numbers(row.requirement or "") if is_handed else "",
            unit=row.responsible_unit if is_handed else "",
            liaison=(row.liaison or "") if is_handed else "",
            assigned_at=row.assigned_at if is_handed else None,
            due_at=row.due_at if is_handed else None,
            rectified_at=row.rectified_at if is_handed else None,
            rectified_note=mask_numbers(row.rectified_note or "") if is_handed else "",
            photos_before=tuple(before[photo] for photo in chosen.get(row.id, ()) if photo in before),
            photos_after=tuple(after.get(row.assignment_id, ())) if is_handed else (),
            reviewed_at=review.at if review else None,
            reviewed_by=names.get(review.by, "") if review else "",
            is_passed=review.to_state == ReportState.CLOSED if review else None,
            closed_at=review.at if review and is_closed else None,
            merged_into=masters.get(row.merged_into_id, ""),
            transferred_to=authorities.get(row.id, "") if row.state == ReportState.TRANSFERRED else "",
        )


def _list_names(db: Connection) -> dict[str, str]:
    rows = db.execute(select(staff.c.username, staff.c.display_name))
    return {f"staff:{row.username}": row.display_name for row in rows}


def _find_reviews(db: Connection, report_ids: Sequence[int]) -> dict[int, AnyRow]:
    """Return the last time that each report was looked at after mending (复查): it was closed or went back."""
    rows = db.execute(
        select(report_history.c.report_id, report_history.c.at, report_history.c.by, report_history.c.to_state)
        .where(
            report_history.c.report_id.in_(report_ids),
            report_history.c.from_state == ReportState.RECTIFIED,
            report_history.c.to_state.in_([ReportState.CLOSED.value, ReportState.ASSIGNED.value]),
        )
        .order_by(report_history.c.id)
    )
    return {row.report_id: row for row in rows}


def _find_authorities(db: Connection, report_ids: Sequence[int]) -> dict[int, str]:
    rows = db.execute(
        select(transfers.c.report_id, transfers.c.authority)
        .where(transfers.c.report_id.in_(report_ids))
        .order_by(transfers.c.id)
    )
    return {row.report_id: row.authority for row in rows}


def _find_codes(db: Connection, report_ids: Sequence[int]) -> dict[int | None, str]:
    if not report_ids:
        return {}
    rows = db.execute(select(reports.c.id, reports.c.code).where(reports.c.id.in_(report_ids)))
    return {row.id: row.code for row in rows}


def _find_photos(db: Connection, photo_ids: Sequence[int]) -> dict[int, LedgerPhoto]:
    if not photo_ids:
        return {}
    rows = db.execute(
        select(attachments.c.id, attachments.c.thumbnail_key).where(attachments.c.id.in_(photo_ids), *_IS_SHOWN)
    )
    return {row.id: LedgerPhoto(row.id, row.thumbnail_key) for row in rows}


def _find_after_photos(db: Connection, assignment_ids: Sequence[int]) -> dict[int, list[LedgerPhoto]]:
    rows = db.execute(
        select(after_photos.c.assignment_id, attachments.c.id, attachments.c.thumbnail_key)
        .join(attachments, attachments.c.id == after_photos.c.attachment_id)
        .where(after_photos.c.assignment_id.in_(assignment_ids), *_IS_SHOWN)
        .order_by(attachments.c.id)
    )
    found: dict[int, list[LedgerPhoto]] = {}
    for row in rows:
        found.setdefault(row.assignment_id, []).append(LedgerPhoto(row.id, row.thumbnail_key))
    return found


_IS_SHOWN: tuple[ColumnElement[bool], ...] = (
    attachments.c.kind == "photo",
    attachments.c.state == AttachmentState.KEPT,
    attachments.c.thumbnail_key != "",
)
