"""The figures of a week, against a second computation that reads every row."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from storage.database import Database
from storage.outbox import NoticeState, Purpose, add_notice, notices
from storage.reports.assignments import assignments, pleas
from storage.reports.overview import (
    Figure,
    Marks,
    Period,
    Scope,
    Span,
    count_categories,
    count_figures,
    list_acceptances,
    list_figure,
    list_overdue,
    list_suspects,
)
from storage.reports.tables import ReportState, report_history, reports
from storage.types import AnyRow
from tests.factories import make_report, make_reporter
from tests.township import at, hand_over, make_township, step

NOW = at(2026, 11, 30, "08:30")
WEEK = Span(at(2026, 11, 23, "00:00"), at(2026, 11, 30, "00:00"))
MARKS = Marks(NOW, at(2026, 11, 26, "00:00"), NOW - timedelta(days=45), NOW - timedelta(days=55))
CATEGORIES = ["FIRE", "EBIK", "ELEC", "UNK"]
STEPS = ["accept", "decline", "verify", "unfounded", "assign", "rectify", "close", "transfer", "add_note", "submit"]
OPEN = {"received", "accepted", "verified", "assigned", "rectified", "reopened"}


def fill(db: Connection, chance: random.Random, unit_ids: list[int]) -> None:
    """Insert reports in every state, of every age, with steps, hand-overs, pleas and answers at random."""
    masters = [make_report(db, created_at=NOW, state=ReportState.RECEIVED, category="UNK") for _ in range(3)]
    for _ in range(260):
        state = chance.choice(list(ReportState))
        created = NOW - timedelta(hours=chance.choice([chance.randint(0, 400), chance.randint(0, 1700)]))
        values: dict[str, Any] = {
            "state": state,
            "category": chance.choice(CATEGORIES),
            "level": chance.choice(["P0", "P1", "P2", "P3"]),
            "is_emergency": chance.random() < 0.1,
            "created_at": created,
            "submitted_at": None if state == ReportState.GATHERING else created + timedelta(minutes=10),
            "merged_into_id": chance.choice(masters) if state == ReportState.MERGED else None,
            "unit_id": chance.choice([None, *unit_ids]),
        }
        if chance.random() < 0.1:
            values["reporter_id"] = None
        report_id = make_report(db, **values)
        for _ in range(chance.randint(0, 4)):
            taken_at = NOW - timedelta(hours=chance.randint(0, 400))
            kind = chance.choice(STEPS)
            step(db, report_id, kind, now=taken_at, to_state="y", from_state="gathering" if kind == "submit" else "x")
        if chance.random() < 0.5:
            _fill_handed(db, chance, report_id, unit_ids)
        if chance.random() < 0.4 and values.get("reporter_id", 1) is not None:
            _fill_told(db, chance, report_id)


def _fill_handed(db: Connection, chance: random.Random, report_id: int, unit_ids: list[int]) -> None:
    assigned = NOW - timedelta(hours=chance.randint(1, 500))
    ended = assigned + timedelta(hours=chance.randint(1, 200)) if chance.random() < 0.4 else None
    row = {
        "report_id": report_id, "unit_id": chance.choice(unit_ids), "assigned_at": assigned, "assigned_by": "x",
        "place": "", "problem": "", "requirement": "", "due_at": assigned + timedelta(hours=chance.randint(1, 500)),
        "rectified_at": assigned + timedelta(hours=1) if chance.random() < 0.4 else None,
        "ended_at": ended, "ending": chance.choice(["close", "return"]) if ended else "",
    }  # fmt: skip
    assignment_id = db.execute(insert(assignments).values(row).returning(assignments.c.id)).scalar_one()
    if chance.random() < 0.3:
        db.execute(
            insert(pleas).values(
                report_id=report_id, assignment_id=assignment_id, kind="dispute", by="x", at=assigned,
                decided_at=chance.choice([None, NOW]),
            )
        )  # fmt: skip


def _fill_told(db: Connection, chance: random.Random, report_id: int) -> None:
    reporter_id = make_reporter(db)
    notice_id = add_notice(
        db, recipient=f"reporter:{reporter_id}", purpose=chance.choice([Purpose.PROGRESS, Purpose.QUESTION]),
        subject=f"report:{report_id}", now=NOW, report_id=report_id, is_result=chance.random() < 0.7, words="好",
    )  # fmt: skip
    state = chance.choice([NoticeState.SENT, NoticeState.HELD, NoticeState.MAYBE])
    db.execute(update(notices).where(notices.c.id == notice_id).values(state=state))


class Naive:
    """Every row in memory, and the figures by their definitions."""

    def __init__(self, db: Connection, scope: Scope) -> None:
        self.scope = scope
        self.reports = {row.id: row for row in db.execute(select(reports))}
        self.steps = db.execute(select(report_history)).all()
        self.handed = db.execute(select(assignments)).all()
        self.asked = db.execute(select(pleas)).all()
        self.told = {
            row.report_id for row in db.execute(select(notices))
            if row.purpose == "progress" and row.is_result and row.state == "sent"
        }  # fmt: skip

    def count(self, figure: Figure) -> int:
        found: set[int] = getattr(self, f"_{figure.value}")()
        return len({each for each in found if self._is_in(figure, each)})

    def _is_in(self, figure: Figure, report_id: int) -> bool:
        by_hand_over = {"overdue", "red", "held", "handed", "mended", "struck"}
        is_whole = self.scope.is_whole or figure.value in by_hand_over
        return is_whole or self.reports[report_id].category in self.scope.categories

    def _where(self, test: Any) -> set[int]:
        return {row.id for row in self.reports.values() if test(row)}

    def _came(self, test: Any = lambda _: True) -> set[int]:
        return self._where(
            lambda row: (
                WEEK.since <= row.created_at < WEEK.until and row.state not in ("gathering", "withdrawn") and test(row)
            )
        )

    def _took(self, *actions: str) -> set[int]:
        return {row.report_id for row in self.steps if row.action in actions and WEEK.since <= row.at < WEEK.until}

    def _given(self, test: Any) -> set[int]:
        return {row.report_id for row in self.handed if self._is_theirs(row) and test(row)}

    def _is_theirs(self, row: AnyRow) -> bool:
        if self.scope.is_whole or row.unit_id in self.scope.unit_ids:
            return True
        return self.reports[row.report_id].category in self.scope.categories

    def _received(self) -> set[int]:
        return self._came()

    def _merged(self) -> set[int]:
        return self._came(lambda row: row.state == "merged")

    def _declined(self) -> set[int]:
        return self._came(lambda row: row.state == "declined")

    def _emergency(self) -> set[int]:
        return self._came(lambda row: row.is_emergency or row.level == "P0")

    def _decided(self) -> set[int]:
        return self._took("accept", "decline")

    def _accepted(self) -> set[int]:
        return self._took("accept")

    def _checked(self) -> set[int]:
        return self._took("verify", "unfounded")

    def _verified(self) -> set[int]:
        return self._took("verify")

    def _closed(self) -> set[int]:
        return self._took("close")

    def _to_tell(self) -> set[int]:
        settled = self._took("close", "decline", "unfounded", "transfer")
        return {each for each in settled if self.reports[each].reporter_id is not None}

    def _told(self) -> set[int]:
        return self._to_tell() & self.told

    def _ongoing(self) -> set[int]:
        return self._where(lambda row: row.state in OPEN - {"received"})

    def _suspect(self) -> set[int]:
        return self._where(lambda row: row.level in ("P0", "P1") and row.state in ("received", "accepted", "reopened"))

    def _to_accept(self) -> set[int]:
        return self._where(lambda row: row.state == "received")

    def _to_recheck(self) -> set[int]:
        return self._where(lambda row: row.state == "rectified")

    def _plea(self) -> set[int]:
        return {row.report_id for row in self.asked if row.decided_at is None}

    def _yellow(self) -> set[int]:
        return self._where(lambda row: row.state in OPEN and timedelta(45) <= NOW - row.submitted_at < timedelta(55))

    def _late(self) -> set[int]:
        return self._where(lambda row: row.state in OPEN and NOW - row.submitted_at >= timedelta(55))

    def _overdue(self) -> set[int]:
        return self._given(lambda row: not row.ended_at and not row.rectified_at and row.due_at < NOW)

    def _red(self) -> set[int]:
        return self._given(
            lambda row: not row.ended_at and not row.rectified_at and row.due_at < at(2026, 11, 26, "00:00")
        )

    def _held(self) -> set[int]:
        return self._given(lambda row: not row.ended_at)

    def _handed(self) -> set[int]:
        return self._given(lambda row: _is_within(row.assigned_at)) & self._took("assign")

    def _mended(self) -> set[int]:
        return self._given(lambda row: _is_within(row.rectified_at)) & self._took("rectify")

    def _struck(self) -> set[int]:
        return self._given(lambda row: row.ending == "close" and _is_within(row.ended_at)) & self._took("close")


def _is_within(instant: datetime | None) -> bool:
    return instant is not None and WEEK.since <= instant < WEEK.until


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_figures_and_their_rows_are_those_of_a_computation_over_every_row(database: Database, seed: int) -> None:
    with database.write() as db:
        town = make_township(db)
        fill(db, random.Random(seed), [town.east, town.west, town.brigade])
    scopes = [Scope(), Scope(("FIRE", "EBIK"), (town.brigade,)), Scope((), (town.east,))]
    with database.read() as db:
        for scope in scopes:
            figures = list(Figure) if scope.is_whole or scope.categories else _OF_UNITS
            period = Period(scope, WEEK, MARKS)
            counts = count_figures(db, figures, period)
            naive = Naive(db, scope)
            assert counts == {figure: naive.count(figure) for figure in figures}
            for figure in figures:
                rows = list_figure(db, figure, period, most=1000)
                assert len(rows) == counts[figure], figure
                assert [row.id for row in rows] == sorted((row.id for row in rows), reverse=True)
            assert len(list_overdue(db, period, before=NOW, most=1000)) == counts[Figure.OVERDUE]
        whole = Period(Scope(), WEEK, MARKS)
        assert sum(count > 0 for count in count_figures(db, list(Figure), whole).values()) > 20
        assert len(list_suspects(db, whole, most=1000)) == Naive(db, Scope()).count(Figure.SUSPECT)


_OF_UNITS = [Figure.HANDED, Figure.MENDED, Figure.STRUCK, Figure.HELD, Figure.OVERDUE, Figure.RED]


def test_categories_are_counted_by_week(database: Database) -> None:
    with database.write() as db:
        for created, category, state in [
            (WEEK.since, "FIRE", "received"),
            (WEEK.since - timedelta(milliseconds=1), "FIRE", "received"),
            (WEEK.until - timedelta(milliseconds=1), "ELEC", "closed"),
            (WEEK.until, "ELEC", "closed"),
            (WEEK.since + timedelta(days=1), "ELEC", "withdrawn"),
        ]:
            make_report(db, created_at=created, category=category, state=state)
        earlier = Span(WEEK.since - timedelta(weeks=1), WEEK.since)
        assert count_categories(db, Scope(), [earlier, WEEK]) == [{"FIRE": 1}, {"FIRE": 1, "ELEC": 1}]
        assert count_categories(db, Scope(("ELEC",)), [earlier, WEEK]) == [{}, {"ELEC": 1}]


def test_acceptances_are_those_of_the_week(database: Database) -> None:
    with database.write() as db:
        report_id = make_report(db, state="accepted", submitted_at=WEEK.since)
        step(db, report_id, "accept", now=WEEK.since + timedelta(hours=2), to_state="accepted", from_state="received")
        late = make_report(db, state="accepted", submitted_at=WEEK.since)
        step(db, late, "accept", now=WEEK.until, to_state="accepted", from_state="received")
        found = list_acceptances(db, Period(Scope(), WEEK, MARKS))
    assert found == [(WEEK.since, WEEK.since + timedelta(hours=2))]


def test_rows_go_on_where_a_page_ends_and_hold_nothing_of_the_reporter(database: Database) -> None:
    with database.write() as db:
        made = [make_report(db, created_at=WEEK.since, description="原话") for _ in range(5)]
        period = Period(Scope(), WEEK, MARKS)
        first = list_figure(db, Figure.RECEIVED, period, most=2)
        rest = list_figure(db, Figure.RECEIVED, period, before=first[-1].id, most=9)
    assert [row.id for row in (*first, *rest)] == made[::-1]
    assert not {"description", "place_label", "alias", "reporter_id"} & set(first[0]._fields)


def test_the_longest_overdue_comes_first(database: Database) -> None:
    with database.write() as db:
        town = make_township(db)
        hand_over(db, town.east, due_at=NOW - timedelta(days=1))
        hand_over(db, town.west, due_at=NOW - timedelta(days=3))
        hand_over(db, town.west, due_at=NOW + timedelta(days=3))
        period = Period(Scope(), WEEK, MARKS)
        assert [row.unit_name for row in list_overdue(db, period, before=NOW, most=9)] == ["西坪村", "东坪村"]
