"""Units: added, changed, out of use and back, their names, and which office sees to which kind of hazard."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy.exc import IntegrityError

from storage.database import Database
from storage.units import (
    UnitNames,
    add_unit,
    change_unit,
    deactivate_unit,
    find_category_office,
    find_unit,
    list_category_offices,
    list_unit_names,
    list_units,
    reactivate_unit,
    read_aliases,
    set_category_offices,
)


def test_a_unit_is_added_and_changed(database: Database, now: datetime) -> None:
    with database.write() as db:
        unit_id = add_unit(
            db,
            name="样例东沟村",
            kind="village",
            aliases=["东沟"],
            latitude=36.0,
            longitude=113.0,
            headcount=812,
            now=now,
        )
        change_unit(
            db,
            unit_id,
            name="样例东沟新村",
            kind="village",
            aliases=["东沟", "老东沟"],
            latitude=None,
            longitude=None,
            is_high_risk=True,
            headcount=None,
        )
        row = find_unit(db, unit_id)
    assert row is not None
    assert (row.name, row.is_high_risk, row.headcount, row.latitude) == ("样例东沟新村", True, None, None)
    assert read_aliases(row) == ("东沟", "老东沟")


def test_a_name_is_there_once(database: Database, now: datetime) -> None:
    with database.write() as db:
        add_unit(db, name="样例东沟村", kind="village", aliases=[], now=now)
    with pytest.raises(IntegrityError), database.write() as db:
        add_unit(db, name="样例东沟村", kind="school", aliases=[], now=now)


def test_a_unit_out_of_use_is_kept_but_not_recognised(database: Database, now: datetime) -> None:
    with database.write() as db:
        first = add_unit(db, name="样例东沟村", kind="village", aliases=["东沟"], now=now)
        second = add_unit(db, name="样例西梁村", kind="village", aliases=[], now=now)
        assert deactivate_unit(db, first)
        assert not deactivate_unit(db, first)
        assert list_unit_names(db) == [UnitNames(second, "样例西梁村", ())]
        assert [row.id for row in list_units(db, only_active=True)] == [second]
        assert {row.id for row in list_units(db)} == {first, second}
        assert reactivate_unit(db, first)
        assert not reactivate_unit(db, first)
        assert len(list_unit_names(db)) == 2


def test_each_kind_of_hazard_has_its_office(database: Database, now: datetime) -> None:
    with database.write() as db:
        power = add_unit(db, name="样例供电所", kind="office", aliases=[], now=now)
        roads = add_unit(db, name="样例交管站", kind="office", aliases=[], now=now)
        set_category_offices(db, {"ELEC": power, "ROAD": roads})
        assert list_category_offices(db) == {"ELEC": power, "ROAD": roads}
        set_category_offices(db, {"ELEC": roads})
        assert find_category_office(db, "ELEC") == roads
        assert find_category_office(db, "ROAD") is None
        deactivate_unit(db, roads)
        assert find_category_office(db, "ELEC") is None
        set_category_offices(db, {})
        reactivate_unit(db, roads)
        assert list_category_offices(db) == {}
