"""Staff: changed, gone and back, and for which units they are the liaison."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from storage.bindings import BindOutcome, bind, find_binding, make_bind_code
from storage.database import Database
from storage.staff import (
    Role,
    add_staff,
    change_staff,
    deactivate_staff,
    find_anybody,
    find_staff,
    find_staff_by_id,
    give_password,
    list_liaison_ids,
    list_liaison_pairs,
    list_liaison_units,
    list_liaisons,
    list_staff,
    next_username,
    reactivate_staff,
    set_liaison_units,
    set_liaisons,
)
from storage.units import add_unit, deactivate_unit
from tests.factories import make_reporter


def add(db: Connection, name: str, now: datetime, **values: str) -> int:
    role = Role(values.pop("role", Role.LIAISON))
    return add_staff(db, username=name, display_name=f"{name}某", role=role, password_hash="", now=now, **values)


def test_somebody_is_changed(database: Database, now: datetime) -> None:
    with database.write() as db:
        staff_id = add(db, "zhang", now, email="zhang@example.com")
        change_staff(db, staff_id, username="zhangs", display_name="张某某", role=Role.REVIEWER, email="")
        row = find_staff(db, "zhangs")
        assert row is not None
        assert (row.display_name, row.role, row.email) == ("张某某", "reviewer", "")
        assert find_staff(db, "zhang") is None


def test_who_has_left_has_no_log_in_no_binding_and_no_code(database: Database, now: datetime) -> None:
    with database.write() as db:
        staff_id, reporter_id, other = add(db, "zhang", now), make_reporter(db), make_reporter(db)
        before = find_staff_by_id(db, staff_id)
        assert before is not None
        first = make_bind_code(db, staff_id, by="staff:admin", now=now, choose=lambda _: "A")
        assert bind(db, first, reporter_id=reporter_id, now=now).outcome is BindOutcome.BOUND
        code = make_bind_code(db, staff_id, by="staff:admin", now=now, choose=lambda _: "B")
        assert deactivate_staff(db, staff_id, now=now)
        assert not deactivate_staff(db, staff_id, now=now)
        assert find_staff_by_id(db, staff_id) is None
        assert find_binding(db, staff_id) is None
        assert bind(db, code, reporter_id=other, now=now).outcome is BindOutcome.EXPIRED
        gone = find_anybody(db, staff_id)
        assert gone is not None
        assert not gone.is_active
        assert reactivate_staff(db, staff_id)
        assert not reactivate_staff(db, staff_id)
        again = find_staff_by_id(db, staff_id)
    assert again is not None
    assert again.password_version == before.password_version + 1  # no log-in of before comes to life again


def test_a_password_that_was_given_must_be_changed(database: Database, now: datetime) -> None:
    with database.write() as db:
        staff_id = add(db, "zhang", now)
        give_password(db, staff_id, password_hash="hash")
        row = find_staff_by_id(db, staff_id)
    assert row is not None
    assert (row.password_hash, row.must_change_password, row.password_version) == ("hash", True, 2)


def test_free_usernames_are_found(database: Database, now: datetime) -> None:
    with database.write() as db:
        first = next_username(db)
        number = add(db, first, now)
        assert first == f"staff-{number}"
        add(db, f"staff-{number + 2}", now)
        assert next_username(db) == f"staff-{number + 3}"


def test_liaisons_are_set_from_either_side(database: Database, now: datetime) -> None:
    with database.write() as db:
        zhang, li = add(db, "zhang", now), add(db, "li", now)
        east = add_unit(db, name="样例东沟村", kind="village", aliases=[], now=now)
        west = add_unit(db, name="样例西梁村", kind="village", aliases=[], now=now)
        set_liaisons(db, east, [zhang, li, li])
        set_liaison_units(db, zhang, [west])
        assert [row.id for row in list_liaisons(db, east)] == [li]
        assert [row.id for row in list_liaisons(db, west)] == [zhang]
        set_liaison_units(db, li, [east, west])
        assert [row.name for row in list_liaison_units(db, li)] == ["样例东沟村", "样例西梁村"]
        assert list_liaison_pairs(db) == sorted([(zhang, west), (li, east), (li, west)])
        deactivate_unit(db, west)
        assert [row.name for row in list_liaison_units(db, li)] == ["样例东沟村"]
        deactivate_staff(db, li, now=now)
        assert list_liaisons(db, east) == []
        assert list_liaison_ids(db, east) == []
        set_liaisons(db, east, [])
        assert (li, east) not in list_liaison_pairs(db)


def test_the_list_tells_who_is_bound_and_has_the_gone_last(database: Database, now: datetime) -> None:
    with database.write() as db:
        gone, zhang = add(db, "an", now), add(db, "zhang", now)
        code = make_bind_code(db, zhang, by="staff:admin", now=now, choose=lambda _: "A")
        bind(db, code, reporter_id=make_reporter(db), now=now)
        deactivate_staff(db, gone, now=now)
        rows = [(row.id, row.bound_at, row.is_active) for row in list_staff(db)]
        found = find_anybody(db, zhang)
    assert rows == [(zhang, now, True), (gone, None, False)]
    assert found is not None
    assert found.bound_at == now
