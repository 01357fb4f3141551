"""The reviewers' queue: reports by tab, filter and words, newest first, at a cost that does not grow with the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    func,
    literal,
    literal_column,
    select,
    text,
    union_all,
)

from storage.attachments import AttachmentState, attachments
from storage.reporters import reporters
from storage.reports.assignments import after_photos, pleas
from storage.reports.search import MOST_QUERY_CHARACTERS, find_code, split_words
from storage.reports.tables import ReportState, report_history, report_pairs, reports
from storage.types import AnyRow
from storage.units import units

# What a reviewer has to decide, what is being seen to, and what nobody has to do anything about any more.
TABS: dict[str, tuple[ReportState, ...]] = {
    "todo": (ReportState.GATHERING, ReportState.RECEIVED, ReportState.REOPENED),
    "doing": (ReportState.ACCEPTED, ReportState.VERIFIED, ReportState.ASSIGNED, ReportState.RECTIFIED),
    "done": (
        ReportState.DECLINED,
        ReportState.MERGED,
        ReportState.TRANSFERRED,
        ReportState.UNFOUNDED,
        ReportState.CLOSED,
        ReportState.WITHDRAWN,
    ),
    "all": tuple(ReportState),
}

PIECES = ("look", "description", "place")  # what a report can lack, in the order in which `missing` lists them

WAITS = ("late", "soon", "mine")  # overdue, due within SOON, mended or with a plea: a reviewer is waited for
SOON = timedelta(days=2)

# How far rows are counted to find the rarest condition. Below it the count is exact; conditions above it are so
# common that a page is full soon whichever is walked.
_COUNTED_TO = 5_000
_MOST_PAIRS_COUNTED = 8


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What a page of the queue is narrowed to; empty fields narrow nothing."""

    tab: str = "todo"  # todo, doing, done, all
    state: str = ""
    category: str = ""
    level: str = ""
    unit_id: int | None = None
    missing: str = ""  # look, description, place, any
    waits: str = ""  # late, soon, mine
    words: str = ""  # what was typed into the search box: words, all of which must occur, or a report code


@dataclass(frozen=True, slots=True)
class QueuePage:
    """Rows of the queue, newest first; `next_before` continues it, None at its end."""

    rows: Sequence[AnyRow]
    next_before: int | None


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """What there is to see of a report."""

    attachment_id: int | None  # the first photo that is kept
    thumbnail_key: str
    kept: int
    pending: int
    lost: int  # lost or refused


@dataclass(frozen=True, slots=True)
class _Condition:
    """A part of a filter: what to ask of a row, and the index ranges, in order of id, that hold every such row."""

    test: ColumnElement[bool]  # written so that no index answers it
    ranges: tuple[Select[Any], ...]  # each selects one column of ids
    ids: Column[int]  # that column
    is_exact: bool = True  # the ranges hold no other rows, which need not be tested then
    is_ordered: bool = True  # by id, without sorting


_COLUMNS = (
    reports.c.id,
    reports.c.code,
    reports.c.state,
    reports.c.version,
    reports.c.category,
    reports.c.level,
    reports.c.is_emergency,
    reports.c.major_standard,
    reports.c.description,
    reports.c.place_label,
    reports.c.unit_id,
    units.c.name.label("unit_name"),
    reports.c.missing,
    reports.c.photo_count,
    reports.c.voice_count,
    reports.c.video_count,
    reports.c.message_count,
    reports.c.created_at,
    reports.c.last_piece_at,
    reports.c.submitted_at,
    reports.c.due_at,
    reporters.c.alias,
    reports.c.is_anonymous,
)


def list_queue(
    db: Connection,
    filter_: QueueFilter,
    *,
    before: int | None = None,
    most: int = 30,
    now: datetime | None = None,
) -> QueuePage:
    """Return up to `most` reports with ids below `before`, newest first; `alias` in the rows is for staff only.

    Raises ValueError for a tab, state, missing piece or wait that does not exist, or a wait without `now`.
    """
    conditions = _list_conditions(filter_, now)
    if conditions is None:
        return QueuePage([], None)
    ids = _list_ids(db, conditions, before=before, most=most + 1)
    if not ids:
        return QueuePage([], None)
    rows = db.execute(
        select(*_COLUMNS)
        .select_from(reports.outerjoin(units).outerjoin(reporters))
        .where(reports.c.id.in_(ids[:most]))
        .order_by(reports.c.id.desc())
    ).all()
    return QueuePage(rows, ids[most - 1] if len(ids) > most else None)


def count_tabs(db: Connection, *, most: int = 999) -> dict[str, int]:
    """Return how many reports each tab holds; `most` + 1 stands for any number above `most`."""
    counts = {
        tab: (
            select(reports.c.id)
            if tab == "all"
            else select(reports.c.id).where(reports.c.state.in_([state.value for state in states]))
        ).limit(most + 1)
        for tab, states in TABS.items()
    }
    row = db.execute(
        select(*(select(func.count()).select_from(ids.subquery()).scalar_subquery() for ids in counts.values()))
    ).one()
    return dict(zip(counts, row, strict=True))


def count_waits(db: Connection, *, now: datetime, most: int = 999) -> dict[str, int]:
    """Return how many reports each wait holds; `most` + 1 stands for any number above `most`."""
    counts = {}
    for waits in WAITS:
        found = sum(
            db.execute(select(func.count()).select_from(each.limit(most + 1).subquery())).scalar_one()
            for each in _build_wait(waits, now).ranges
        )
        counts[waits] = min(found, most + 1)
    return counts


def list_thumbnails(db: Connection, report_ids: Sequence[int]) -> dict[int, Thumbnails]:
    """Return what there is to see of hazards, by report; reports without any photo of the hazard are left out."""
    shows_mended = select(after_photos.c.attachment_id).where(after_photos.c.attachment_id == attachments.c.id)
    rows = db.execute(
        select(attachments.c.id, attachments.c.report_id, attachments.c.state, attachments.c.thumbnail_key)
        .where(attachments.c.report_id.in_(list(report_ids)), attachments.c.kind == "photo", ~shows_mended.exists())
        .order_by(attachments.c.report_id, attachments.c.sent_at, attachments.c.id)
    ).all()
    found: dict[int, Thumbnails] = {}
    for row in rows:
        seen = found.get(row.report_id, Thumbnails(None, "", 0, 0, 0))
        is_kept = row.state == AttachmentState.KEPT
        is_first = is_kept and seen.attachment_id is None
        found[row.report_id] = Thumbnails(
            row.id if is_first else seen.attachment_id,
            row.thumbnail_key if is_first else seen.thumbnail_key,
            seen.kept + is_kept,
            seen.pending + (row.state == AttachmentState.PENDING),
            seen.lost + (row.state in (AttachmentState.LOST, AttachmentState.REFUSED)),
        )
    return found


_masters = reports.alias("masters")
_whole = (
    select(reports, units.c.name.label("unit_name"), reporters.c.alias, _masters.c.code.label("merged_into_code"))
    .select_from(
        reports.outerjoin(units, reports.c.unit_id == units.c.id)
        .outerjoin(reporters, reports.c.reporter_id == reporters.c.id)
        .outerjoin(_masters, reports.c.merged_into_id == _masters.c.id)
    )
    .where(reports.c.code == bindparam("by_code"))
)


def find_report(db: Connection, code: str) -> AnyRow | None:
    """Return everything about one report, with `alias`, `unit_name` and `merged_into_code`."""
    return db.execute(_whole, {"by_code": code}).one_or_none()


def find_code_of(db: Connection, report_id: int) -> str:
    """Return the code of a report, empty when there is none."""
    return db.execute(select(reports.c.code).where(reports.c.id == report_id)).scalar_one_or_none() or ""


def list_history(db: Connection, report_id: int) -> Sequence[AnyRow]:
    """Return a report's history, oldest first."""
    return db.execute(
        select(report_history).where(report_history.c.report_id == report_id).order_by(report_history.c.id)
    ).all()


def _list_conditions(filter_: QueueFilter, now: datetime | None) -> list[_Condition] | None:
    """Return the conditions of a filter, rarest kind first; None when nothing can fulfil them."""
    states = _list_states(filter_)
    if not states:
        return None
    conditions: list[_Condition] = []
    if filter_.words.strip():
        words = _build_words_conditions(filter_.words)
        if not words:
            return None
        conditions.extend(words)
    if filter_.unit_id is not None:
        ranges = (and_(reports.c.unit_id == filter_.unit_id, reports.c.state == state) for state in states)
        conditions.append(_build_condition(reports.c.unit_id + 0 == filter_.unit_id, *ranges))
    if filter_.level:
        conditions.append(_build_condition(_hide(reports.c.level) == filter_.level, reports.c.level == filter_.level))
    if filter_.category:
        is_category = reports.c.category == filter_.category
        conditions.append(_build_condition(_hide(reports.c.category) == filter_.category, is_category))
    if filter_.missing:
        values = _list_missing_values(filter_.missing)
        # Written out, not bound: an engine uses a partial index only where the query repeats its words.
        ranges = (and_(text("missing != ''"), reports.c.missing == value) for value in values)
        conditions.append(_build_condition(_hide(reports.c.missing).in_(values), *ranges))
    if filter_.waits:
        conditions.append(_build_wait(filter_.waits, now))
    if len(states) < len(ReportState):
        ranges = (reports.c.state == state for state in states)
        conditions.append(_build_condition(_hide(reports.c.state).in_(states), *ranges))
    return conditions


def _list_states(filter_: QueueFilter) -> list[str]:
    if filter_.tab not in TABS:
        raise ValueError("there is no such tab")
    states = [state.value for state in TABS[filter_.tab]]
    if not filter_.state:
        return states
    return [state for state in states if state == ReportState(filter_.state)]


def _list_missing_values(missing: str) -> list[str]:
    """Return what the column can hold where one piece, or any, is missing: pieces in their order, with commas."""
    if missing not in (*PIECES, "any"):
        raise ValueError("there is no such piece of a report")
    combined = [each for count in range(1, len(PIECES) + 1) for each in combinations(PIECES, count)]
    return [",".join(pieces) for pieces in combined if missing == "any" or missing in pieces]


def _build_wait(waits: str, now: datetime | None) -> _Condition:
    """Return the condition that somebody is waited for; those that are late do not come in order of id."""
    if waits not in WAITS or now is None:
        raise ValueError("there is no such wait, or no clock for it")
    if waits == "mine":
        asked = reports.c.id.in_(select(pleas.c.report_id).where(pleas.c.decided_at.is_(None)))
        is_mended = reports.c.state == ReportState.RECTIFIED
        is_hidden_mended = _hide(reports.c.state) == ReportState.RECTIFIED
        return _build_condition(is_hidden_mended | asked, is_mended, and_(asked, ~is_hidden_mended))
    begins, ends = (None, now) if waits == "late" else (now, now + SOON)
    is_due = reports.c.due_at < ends if begins is None else reports.c.due_at.between(begins, ends)
    # Written out, not bound: an engine uses a partial index only where the query repeats its words.
    found = select(reports.c.id).where(text("due_at IS NOT NULL"), is_due)
    return _Condition(is_due, (found,), reports.c.id, is_ordered=False)


def _build_condition(test: ColumnElement[bool], *ranges: ColumnElement[bool]) -> _Condition:
    return _Condition(test, tuple(select(reports.c.id).where(each) for each in ranges), reports.c.id)


def _build_words_conditions(typed: str) -> list[_Condition]:
    """Return a condition for each way to the reports in which all words occur; none when there is no word in it."""
    code = find_code(typed)
    if code is not None:
        return [_build_condition(_hide(reports.c.code) == code, reports.c.code == code)]
    words = sorted(set(split_words(typed[:MOST_QUERY_CHARACTERS])), key=len, reverse=True)
    if not words:
        return []
    occur = and_(*(reports.c.search_text.contains(word, autoescape=True) for word in words))
    # A report has the pair if, and only if, its text has the two characters side by side.
    is_one_pair = len(words) == 1 and len(words[0]) == 2
    pairs = list(dict.fromkeys(word[at : at + 2] for word in words for at in range(len(word) - 1)))
    of_pair = report_pairs.c.report_id
    if pairs:
        return [
            _Condition(occur, (select(of_pair).where(report_pairs.c.pair == pair),), of_pair, is_exact=is_one_pair)
            for pair in pairs[:_MOST_PAIRS_COUNTED]
        ]
    begins = report_pairs.c.pair.between(words[0], words[0] + "\U0010ffff")
    return [_Condition(occur, (select(of_pair).where(begins),), of_pair, is_exact=len(words) == 1, is_ordered=False)]


def _list_ids(db: Connection, conditions: list[_Condition], *, before: int | None, most: int) -> list[int]:
    walked = _choose(db, conditions)
    tests = _list_tests(conditions, walked)
    ranges, ids = ((select(reports.c.id),), reports.c.id) if walked is None else (walked.ranges, walked.ids)
    branches = []
    for each in ranges:
        branch = each if walked is None or walked.is_ordered else each.distinct()
        if tests and ids.table is report_pairs:
            branch = branch.join_from(report_pairs, reports, reports.c.id == ids)
        branch = branch.where(*tests)
        if before is not None:
            branch = branch.where(ids < before)
        branches.append(branch.order_by(ids.desc()).limit(most))
    if len(branches) == 1:
        return list(db.execute(branches[0]).scalars())
    # Each branch is limited by itself, so that a million rows of one state are not sorted among the others.
    together = union_all(*(select(branch.subquery().c[0].label("id")) for branch in branches)).subquery()
    return list(db.execute(select(together.c.id).order_by(together.c.id.desc()).limit(most)).scalars())


def _choose(db: Connection, conditions: list[_Condition]) -> _Condition | None:
    """Return the condition that the fewest rows fulfil, None when a walk over everything is better."""
    if not conditions:
        return None
    if len(conditions) == 1 and conditions[0].is_ordered:
        return conditions[0]
    counts = _count(db, conditions)
    usable = [
        (count, at)
        for at, count in enumerate(counts)
        if conditions[at].is_ordered or count < _COUNTED_TO  # what is not in order has to be sorted: only a few are
    ]
    return conditions[min(usable)[1]] if usable else None


def _count(db: Connection, conditions: list[_Condition]) -> list[int]:
    """Return how many rows fulfil each condition, counted no further than `_COUNTED_TO`."""
    counts = []
    for number, condition in enumerate(conditions):
        limited = [select(each.limit(_COUNTED_TO).subquery().c[0]) for each in condition.ranges]
        rows = (union_all(*limited) if len(limited) > 1 else limited[0]).limit(_COUNTED_TO).subquery()
        counts.append(select(literal(number).label("at"), func.count().label("rows")).select_from(rows))
    counted = db.execute(union_all(*counts) if len(counts) > 1 else counts[0]).all()
    return [row[1] for row in sorted(counted, key=lambda row: int(row[0]))]


def _list_tests(conditions: list[_Condition], walked: _Condition | None) -> list[ColumnElement[bool]]:
    tests: list[ColumnElement[bool]] = []
    for condition in conditions:
        is_fulfilled = walked is not None and walked.is_exact and condition.test is walked.test
        if not is_fulfilled and not any(condition.test is test for test in tests):
            tests.append(condition.test)
    return tests


def _hide(column: ColumnElement[Any]) -> ColumnElement[Any]:
    # An expression is answered by no index, so that the engine walks the range that was chosen and no other.
    return column.op("||")(literal_column("''"))
