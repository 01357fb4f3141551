"""The figures of a week and of this moment, each together with the very reports that it counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    union_all,
)

from storage.outbox import NoticeState, Purpose, notices
from storage.reports.assignments import assignments, pleas
from storage.reports.tables import OPEN_STATES_WORDS, STEPS_WORDS, ReportState, report_history, reports
from storage.reports.transitions import Action
from storage.types import AnyRow
from storage.units import units


class Figure(StrEnum):
    """What is counted: of the week what came or took a step in it, of the moment what stands so."""

    RECEIVED = "received"  # 收到: came in the week and were not taken back
    MERGED = "merged"  # of these: part of another one
    DECLINED = "declined"  # of these: turned down
    EMERGENCY = "emergency"  # of these: P0
    DECIDED = "decided"  # accepted or turned down in the week
    ACCEPTED = "accepted"
    CHECKED = "checked"  # looked at on the spot, whatever was found
    VERIFIED = "verified"
    CLOSED = "closed"
    TO_TELL = "to_tell"  # settled in the week, with a reporter who can be told
    TOLD = "told"  # of these: a channel took the result
    ONGOING = "ongoing"  # accepted, and not yet settled
    SUSPECT = "suspect"  # P0 and P1 that nobody has looked at
    TO_ACCEPT = "to_accept"
    TO_RECHECK = "to_recheck"
    PLEA = "plea"  # a liaison asks for something
    OVERDUE = "overdue"  # handed out, not mended, out of time
    RED = "red"  # of these: since five days
    YELLOW = "yellow"  # open and near the limit of the whole
    LATE = "late"  # open and nearer: red
    HANDED = "handed"  # handed to the units in the week
    MENDED = "mended"  # mended by them in the week
    STRUCK = "struck"  # of theirs: closed in the week
    HELD = "held"  # theirs, and not yet closed


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures: what falls into some categories or was handed to some units; with neither, the whole township."""

    categories: tuple[str, ...] = ()
    unit_ids: tuple[int, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Return whether nothing is left out."""
        return not (self.categories or self.unit_ids)


@dataclass(frozen=True, slots=True)
class Span:
    """Instants from `since` to before `until`."""

    since: datetime
    until: datetime

    def holds(self, column: ColumnElement[datetime]) -> ColumnElement[bool]:
        """Return the test whether a column lies in it."""
        return and_(column >= self.since, column < self.until)


@dataclass(frozen=True, slots=True)
class Marks:
    """The instants that this moment's figures are measured against."""

    now: datetime
    red_before: datetime  # a term that ran out before it is in the red column
    yellow_until: datetime  # submitted up to then: near the limit of the whole
    late_until: datetime  # submitted up to then: nearer


@dataclass(frozen=True, slots=True)
class Period:
    """What a figure is asked about."""

    scope: Scope
    span: Span
    marks: Marks


RESULTS = (Action.CLOSE, Action.DECLINE, Action.UNFOUNDED, Action.TRANSFER)
ONGOING_STATES = (
    ReportState.ACCEPTED,
    ReportState.VERIFIED,
    ReportState.ASSIGNED,
    ReportState.RECTIFIED,
    ReportState.REOPENED,
)
GRAVE = ("P0", "P1")
_UNSEEN_STATES = (ReportState.RECEIVED, ReportState.ACCEPTED, ReportState.REOPENED)
_LEFT_OUT = (ReportState.GATHERING, ReportState.WITHDRAWN)
_STEPS: dict[Figure, tuple[Action, ...]] = {
    Figure.DECIDED: (Action.ACCEPT, Action.DECLINE),
    Figure.ACCEPTED: (Action.ACCEPT,),
    Figure.CHECKED: (Action.VERIFY, Action.UNFOUNDED),
    Figure.VERIFIED: (Action.VERIFY,),
    Figure.CLOSED: (Action.CLOSE,),
}
_is_open = assignments.c.ended_at.is_(None)
_is_unmended = and_(_is_open, assignments.c.rectified_at.is_(None))


def count_figures(db: Connection, figures: Iterable[Figure], period: Period) -> dict[Figure, int]:
    """Return how many reports each figure counts."""
    counts = [
        select(literal(figure.value), func.count()).select_from(_select_ids(figure, period).subquery())
        for figure in figures
    ]
    return {Figure(row[0]): int(row[1]) for row in db.execute(union_all(*counts))}


def list_figure(
    db: Connection, figure: Figure, period: Period, *, before: int | None = None, most: int = 50
) -> Sequence[AnyRow]:
    """Return the reports that a figure counts, newest first, with nothing that the reporter said."""
    counted = _select_ids(figure, period).subquery()
    rows = (
        select(
            reports.c.id,
            reports.c.code,
            reports.c.state,
            reports.c.category,
            reports.c.level,
            reports.c.created_at,
            reports.c.due_at,
            units.c.name.label("unit_name"),
        )
        .select_from(reports.outerjoin(units, reports.c.unit_id == units.c.id))
        .where(reports.c.id.in_(select(counted.c[0])))
    )
    if before is not None:
        rows = rows.where(reports.c.id < before)
    return db.execute(rows.order_by(reports.c.id.desc()).limit(most)).all()


def list_suspects(db: Connection, period: Period, *, most: int) -> Sequence[AnyRow]:
    """Return what `Figure.SUSPECT` counts, the gravest and oldest first: code, category, level, due_at, unit_name."""
    return db.execute(
        select(reports.c.code, reports.c.category, reports.c.level, reports.c.due_at, units.c.name.label("unit_name"))
        .select_from(reports.outerjoin(units, reports.c.unit_id == units.c.id))
        .where(*_suspect(period.scope))
        .order_by(reports.c.level, reports.c.id)
        .limit(most)
    ).all()


def list_overdue(db: Connection, period: Period, *, before: datetime, most: int) -> Sequence[AnyRow]:
    """Return what is to be mended before an instant and is not, the longest overdue first.

    The rows have code, category, level, due_at and unit_name; those due before now are what `Figure.OVERDUE` counts.
    """
    return db.execute(
        select(
            reports.c.code, reports.c.category, reports.c.level, assignments.c.due_at, units.c.name.label("unit_name")
        )
        .select_from(assignments)
        .join(reports, assignments.c.report_id == reports.c.id)
        .join(units, assignments.c.unit_id == units.c.id)
        .where(_is_unmended, assignments.c.due_at < before, _is_theirs(period.scope))
        .order_by(assignments.c.due_at, assignments.c.id)
        .limit(most)
    ).all()


def count_categories(db: Connection, scope: Scope, spans: Sequence[Span]) -> list[dict[str, int]]:
    """Return for each span how many reports of each category came in it, as `Figure.RECEIVED` counts them."""
    parts = [
        select(literal(number).label("number"), reports.c.category, func.count().label("rows"))
        .where(*_received(scope, span))
        .group_by(reports.c.category)
        for number, span in enumerate(spans)
    ]
    found: list[dict[str, int]] = [{} for _ in spans]
    for row in db.execute(union_all(*parts)):
        found[row.number][row.category] = int(row.rows)
    return found


def list_acceptances(db: Connection, period: Period) -> list[tuple[datetime, datetime]]:
    """Return of everything accepted in the week when it was submitted and when it was accepted."""
    rows = db.execute(
        select(reports.c.submitted_at, report_history.c.at)
        .join_from(report_history, reports, report_history.c.report_id == reports.c.id)
        .where(
            text(STEPS_WORDS),
            period.span.holds(report_history.c.at),
            report_history.c.action == Action.ACCEPT,
            reports.c.submitted_at.is_not(None),
            *_in_categories(period.scope),
        )
    )
    return [(row[0], row[1]) for row in rows]


def _select_ids(figure: Figure, period: Period) -> Select[tuple[int]]:
    """Return the ids of the reports that a figure counts, each once."""
    scope, span, marks = period.scope, period.span, period.marks
    ids = select(reports.c.id)
    of_week = ids.where(*_received(scope, span))
    match figure:
        case Figure.RECEIVED:
            return of_week
        case Figure.MERGED | Figure.DECLINED:
            # An expression is answered by no index: the week is far rarer than the state.
            return of_week.where(reports.c.state.op("||")(literal_column("''")) == figure.value)
        case Figure.EMERGENCY:
            return of_week.where(or_(reports.c.is_emergency, reports.c.level == "P0"))
        case Figure.TO_TELL:
            return _tellable(scope, span)
        case Figure.TOLD:
            is_told = select(notices.c.id).where(
                notices.c.report_id == reports.c.id,
                notices.c.purpose == Purpose.PROGRESS,
                notices.c.is_result,
                notices.c.state == NoticeState.SENT,
            )
            return _tellable(scope, span).where(is_told.exists())
        case Figure.ONGOING:
            return ids.where(reports.c.state.in_(ONGOING_STATES), *_in_categories(scope))
        case Figure.SUSPECT:
            return ids.where(*_suspect(scope))
        case Figure.TO_ACCEPT:
            return ids.where(reports.c.state == ReportState.RECEIVED, *_in_categories(scope))
        case Figure.TO_RECHECK:
            return ids.where(reports.c.state == ReportState.RECTIFIED, *_in_categories(scope))
        case Figure.YELLOW | Figure.LATE:
            is_old = reports.c.submitted_at <= marks.late_until
            if figure is Figure.YELLOW:
                is_old = and_(reports.c.submitted_at > marks.late_until, reports.c.submitted_at <= marks.yellow_until)
            return ids.where(text(OPEN_STATES_WORDS), is_old, *_in_categories(scope))
        case Figure.PLEA:
            asked = select(pleas.c.report_id).where(pleas.c.decided_at.is_(None))
            return ids.where(reports.c.id.in_(asked), *_in_categories(scope))
        case Figure.OVERDUE | Figure.RED:
            before = marks.now if figure is Figure.OVERDUE else marks.red_before
            return select(assignments.c.report_id).where(_is_unmended, assignments.c.due_at < before, _is_theirs(scope))
        case Figure.HELD:
            return select(assignments.c.report_id).where(_is_open, _is_theirs(scope))
        case Figure.HANDED:
            return _handed(scope, span, (Action.ASSIGN,), span.holds(assignments.c.assigned_at))
        case Figure.MENDED:
            return _handed(scope, span, (Action.RECTIFY,), span.holds(assignments.c.rectified_at))
        case Figure.STRUCK:
            is_struck = and_(assignments.c.ending == Action.CLOSE, span.holds(assignments.c.ended_at))
            return _handed(scope, span, (Action.CLOSE,), is_struck)
        case _:
            return _stepped(scope, span, _STEPS[figure])


def _received(scope: Scope, span: Span) -> tuple[ColumnElement[bool], ...]:
    return (span.holds(reports.c.created_at), reports.c.state.not_in(_LEFT_OUT), *_in_categories(scope))


def _suspect(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    return (reports.c.level.in_(GRAVE), reports.c.state.in_(_UNSEEN_STATES), *_in_categories(scope))


def _stepped(scope: Scope, span: Span, actions: Sequence[Action]) -> Select[tuple[int]]:
    taken = (
        select(report_history.c.report_id)
        # Written out, not bound: an engine uses a partial index only where the query repeats its words.
        .where(text(STEPS_WORDS), span.holds(report_history.c.at), report_history.c.action.in_(actions))
        .distinct()
    )
    if scope.is_whole:
        return taken
    return taken.join_from(report_history, reports, report_history.c.report_id == reports.c.id).where(
        *_in_categories(scope)
    )


def _tellable(scope: Scope, span: Span) -> Select[tuple[int]]:
    return select(reports.c.id).where(
        reports.c.id.in_(_stepped(Scope(), span, RESULTS)), reports.c.reporter_id.is_not(None), *_in_categories(scope)
    )


def _handed(scope: Scope, span: Span, actions: Sequence[Action], condition: ColumnElement[bool]) -> Select[tuple[int]]:
    """Return hand-overs found by the week's steps: there are few of these, and of hand-overs there is no other end."""
    return (
        select(assignments.c.report_id)
        .where(assignments.c.report_id.in_(_stepped(Scope(), span, actions)), condition, _is_theirs(scope))
        .distinct()
    )


def _in_categories(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    if scope.is_whole:
        return ()
    return (reports.c.category.in_(scope.categories) if scope.categories else false(),)


def _is_theirs(scope: Scope) -> ColumnElement[bool]:
    if scope.is_whole:
        return assignments.c.id.is_not(None)
    is_handed = assignments.c.unit_id.in_(scope.unit_ids)
    if not scope.categories:
        return is_handed
    falls_to = reports.alias("falls_to")  # a name of its own: the query around it may read reports as well
    theirs = (
        select(falls_to.c.id)
        .where(falls_to.c.id == assignments.c.report_id, falls_to.c.category.in_(scope.categories))
        .correlate(assignments)
    )
    return or_(is_handed, theirs.exists())
