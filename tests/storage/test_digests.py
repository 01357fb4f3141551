"""Digests as they were made, and who reads one."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from storage.database import Database
from storage.digests import (
    Reader,
    digests,
    find_digest,
    keep_digest,
    list_readers,
    list_recipients,
    list_weeks,
    make_unit_reader,
)
from storage.reports.overview import Scope
from storage.staff import Role, add_staff, liaisons, staff
from storage.units import list_units, units
from tests.township import make_township

READER = Reader(7, "office", Scope())


def test_a_digest_is_kept_once_for_each_week_and_reader(database: Database, now: datetime) -> None:
    with database.write() as db:
        first = keep_digest(db, READER, week="2026-W47", words="一", page="<p>", now=now)
        assert first is not None
        assert keep_digest(db, READER, week="2026-W47", words="二", page="<p>", now=now) is None
        assert keep_digest(db, READER, week="2026-W48", words="三", page="<p>", now=now) is not None
    with database.read() as db:
        kept = find_digest(db, "2026-W47", "staff:7")
        assert kept is not None
        assert (kept.words, kept.kind, kept.made_at) == ("一", "office", now)
        assert find_digest(db, "2026-W47", "staff:8") is None
        assert list_recipients(db, "2026-W47") == {"staff:7"}
        assert [(row.week, row.rows) for row in list_weeks(db)] == [("2026-W48", 1), ("2026-W47", 1)]
        assert len(db.execute(select(digests)).all()) == 2


def test_every_role_reads_its_own_form(database: Database) -> None:
    with database.write() as db:
        town = make_township(db)
        readers = {reader.staff_id: reader for reader in list_readers(db)}
    assert readers == {
        town.reviewer: Reader(town.reviewer, "office", Scope(), "", True),
        town.leader: Reader(town.leader, "leader", Scope(), "", True),
        town.of_east: Reader(town.of_east, "unit", Scope((), (town.east,)), "东坪村", False),
        town.of_west: Reader(town.of_west, "unit", Scope((), (town.west,)), "西坪村", False),
        town.of_brigade: Reader(town.of_brigade, "office", Scope(("EBIK", "FIRE"), (town.brigade,)), "消防所", False),
    }


def test_who_left_and_units_that_closed_get_none(database: Database, now: datetime) -> None:
    with database.write() as db:
        town = make_township(db)
        db.execute(update(staff).where(staff.c.id == town.leader).values(is_active=False))
        db.execute(update(units).where(units.c.id == town.west).values(is_active=False))
        idle = add_staff(db, username="idle", display_name="某", role=Role.LIAISON, password_hash="", now=now)
        found = {reader.staff_id for reader in list_readers(db)}
    assert found == {town.reviewer, town.of_east, town.of_brigade}
    assert idle not in found


def test_a_liaison_of_several_units_reads_one_digest_about_all(database: Database) -> None:
    with database.write() as db:
        town = make_township(db)
        db.execute(insert(liaisons).values(staff_id=town.of_east, unit_id=town.west))
        reader = next(each for each in list_readers(db) if each.staff_id == town.of_east)
    assert (reader.scope.unit_ids, reader.about) == ((town.east, town.west), "东坪村、西坪村")


def test_who_came_after_an_instant_is_left_out(database: Database, now: datetime) -> None:
    with database.write() as db:
        make_township(db)
        late = add_staff(db, username="late", display_name="某", role=Role.LEADER, password_hash="", now=now)
        before = {reader.staff_id for reader in list_readers(db, since_before=now)}
        after = {reader.staff_id for reader in list_readers(db, since_before=now + timedelta(minutes=1))}
    assert late not in before
    assert late in after


def test_a_unit_is_read_about_without_a_liaison(database: Database) -> None:
    with database.write() as db:
        town = make_township(db)
        kinds = {unit.name: make_unit_reader(db, unit) for unit in list_units(db)}
    assert kinds["东坪村"] == Reader(0, "unit", Scope((), (town.east,)), "东坪村", False)
    assert kinds["消防所"].kind == "office"
