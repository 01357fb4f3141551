"""What a unit was given: whose it is, in which order, and what is kept beside it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from storage.database import Database
from storage.reports import assignments
from storage.reports.assignments import PleaKind
from storage.reports.tables import ReportState
from storage.staff import set_liaisons
from tests.factories import make_photo, make_report
from tests.looping import DUE, LIAISON, REVIEWER, make_hand_over, make_in, make_person, make_unit

DAY = timedelta(days=1)


def test_a_report_has_one_open_assignment(database: Database, now: datetime) -> None:
    with database.write() as db:
        number, unit = make_in(db, ReportState.ASSIGNED), make_unit(db)
    with pytest.raises(IntegrityError), database.write() as db:
        assignments.open_assignment(db, number, make_hand_over(unit), by=REVIEWER, now=now)
    with database.write() as db:
        assignments.end_assignment(db, number, ending="assign", now=now)
        assignments.open_assignment(db, number, make_hand_over(unit), by=REVIEWER, now=now)
        assert [row.ending for row in assignments.list_assignments(db, number)] == ["assign", ""]
        found = assignments.find_open_assignment(db, number)
        assert found is not None
        assert (found.unit_id, found.state, found.assigned_by) == (unit, ReportState.ASSIGNED, REVIEWER)


def test_a_liaison_has_what_names_them_and_what_names_nobody_of_their_units(database: Database, now: datetime) -> None:
    with database.write() as db:
        unit, other = make_unit(db), make_unit(db)
        one, two, elsewhere = (make_person(db) for _ in range(3))
        set_liaisons(db, unit, [one, two])
        set_liaisons(db, other, [elsewhere])

        def give(unit_id: int, days: int, liaison_id: int | None = None) -> int:
            hand_over = make_hand_over(unit_id, liaison_id=liaison_id, due_at=DUE + days * DAY)
            return make_in(db, ReportState.ASSIGNED, hand_over=hand_over)

        of_unit, of_two, earliest, of_other = give(unit, 3), give(unit, 2, two), give(unit, 1), give(other, 0)
        ended = give(unit, 0)
        assignments.end_assignment(db, ended, ending="close", now=now)

        def list_theirs(staff_id: int, most: int = 50) -> list[int]:
            return [row.report_id for row in assignments.list_open_assignments(db, staff_id, most=most)]

        assert list_theirs(one) == [earliest, of_unit]
        assert list_theirs(two) == [earliest, of_two, of_unit]
        assert list_theirs(two, most=1) == [earliest]
        assert list_theirs(elsewhere) == [of_other]


def test_a_hand_over_is_read_back_as_it_was_given(database: Database, now: datetime) -> None:
    with database.write() as db:
        unit, person = make_unit(db), make_person(db)
        given = make_hand_over(unit, liaison_id=person, photo_ids=(7, 3), is_inspection=True, place="广场" * 150)
        number = make_report(db)
        assignments.open_assignment(db, number, given, by=REVIEWER, now=now)
        (row,) = assignments.list_assignments(db, number)
        assert row.place == "广场" * 100  # what the column holds
        back = assignments.to_hand_over(row)
        assert (back.photo_ids, back.liaison_id, back.is_inspection, back.problem) == (
            (7, 3), person, True, given.problem,
        )  # fmt: skip
        assert back.due_at == DUE


@pytest.mark.parametrize("said_before", [False, True])
def test_who_says_that_it_is_mended_has_seen_it(database: Database, now: datetime, said_before: bool) -> None:
    with database.write() as db:
        number = make_in(db, ReportState.ASSIGNED)
        (row,) = assignments.list_assignments(db, number)
        if said_before:
            assert assignments.acknowledge(db, row.id, now=now)
            assert not assignments.acknowledge(db, row.id, now=now + DAY)
        assignments.record_rectified(db, row.id, by=LIAISON, note="换好了", now=now + 2 * DAY)
        (row,) = assignments.list_assignments(db, number)
        assert row.acknowledged_at == (now if said_before else now + 2 * DAY)
        assert (row.rectified_at, row.rectified_by, row.rectified_note) == (now + 2 * DAY, LIAISON, "换好了")


def test_a_second_plea_takes_the_place_of_the_first(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_in(db, ReportState.ASSIGNED)
        (row,) = assignments.list_assignments(db, number)
        for reason in ("配件没到", "下雨"):
            assignments.add_plea(db, row, PleaKind.EXTENSION, by=LIAISON, reason=reason, until=DUE + DAY, now=now)
        assignments.add_plea(db, row, PleaKind.DISPUTE, by=LIAISON, reason="不是我们的", now=now)
        assert [plea.reason for plea in assignments.list_open_pleas(db)] == ["下雨", "不是我们的"]
        plea = assignments.find_open_plea(db, number, PleaKind.EXTENSION)
        assert plea is not None
        assert not assignments.is_extended(db, number)
        assignments.decide_plea(db, plea.id, is_granted=True, by=REVIEWER, now=now)
        assignments.decide_plea(db, plea.id, is_granted=False, by="staff:late", now=now)  # decided is decided
        assert assignments.is_extended(db, number)
        assignments.end_assignment(db, number, ending="return", now=now)
        assert assignments.list_open_pleas(db) == []
        assert assignments.is_extended(db, number)


def test_photos_of_what_was_mended_are_apart(database: Database) -> None:
    with database.write() as db:
        number = make_in(db, ReportState.ASSIGNED)
        (row,) = assignments.list_assignments(db, number)
        make_photo(db, report_id=number)
        after = make_photo(db, report_id=number)
        assignments.add_after_photo(db, after, row.id)
        (photo,) = assignments.list_after_photos(db, number)
        assert (photo.id, photo.assignment_id, photo.reuse_of_id, photo.compared_at) == (after, row.id, None, None)
