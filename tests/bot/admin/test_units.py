"""The pages of units and offices: what is shown, saved, refused beside its field, and on record."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select

from bot import words
from bot.rosters.staff_roster import ROLE_WORDS
from bot.rosters.unit_roster import KIND_WORDS
from storage import staff, units
from storage.audit import audit_entries
from storage.database import Database
from storage.types import AnyRow
from tests.bot.admin.conftest import Browser

FIELDS: dict[str, object] = {
    "name": "样例东沟村",
    "kind": "村",
    "aliases": "东沟\r\n老东沟\r\n\r\n东沟",
    "headcount": "812",
    "is_high_risk": "1",
    "latitude": "36.0076",
    "longitude": "113.0224",
}


@pytest.fixture
def admin(app: Flask) -> Browser:
    browser = Browser(app.test_client())
    assert browser.log_in("admin").status_code == 302
    return browser


def add(database: Database, now: datetime, name: str = "样例西梁村", **values: object) -> int:
    settings = {"kind": "village", "aliases": ["西梁"], **values}
    with database.write() as db:
        return units.add_unit(db, name=name, now=now, **settings)  # type: ignore[arg-type]


def find(database: Database, unit_id: int) -> AnyRow:
    with database.read() as db:
        row = units.find_unit(db, unit_id)
    assert row is not None
    return row


def list_acts(database: Database) -> list[tuple[str, str, str, str]]:
    with database.read() as db:
        rows = db.execute(select(audit_entries).where(audit_entries.c.action != "login").order_by(audit_entries.c.id))
        return [(row.action, row.by, row.subject, row.note) for row in rows]


def test_a_unit_is_added_with_its_liaisons(
    admin: Browser, sqlite_database: Database, staff_ids: dict[str, int]
) -> None:
    admin.get("/admin/units/new")
    answer = admin.post("/admin/units/new", {**FIELDS, "liaison": [str(staff_ids["liaison"]), "999", "x"]})
    assert answer.status_code == 302
    with sqlite_database.read() as db:
        [row] = units.list_units(db)
        assert units.read_aliases(row) == ("东沟", "老东沟")
        assert (row.kind, row.headcount, row.is_high_risk) == ("village", 812, True)
        assert (row.latitude, row.longitude) == (36.0076, 113.0224)
        assert [each.id for each in staff.list_liaisons(db, row.id)] == [staff_ids["liaison"]]
    assert list_acts(sqlite_database) == [
        ("add_unit", "staff:admin", f"unit:{row.id}", "样例东沟村"),
        ("set_liaisons", "staff:admin", f"unit:{row.id}", ""),
    ]
    page = admin.get("/admin/units").get_data(as_text=True)
    assert "“样例东沟村”存好了" in page
    assert "也叫 东沟、老东沟" in page
    assert "liaison某" in page


def test_a_form_that_is_sent_back_as_it_was_changes_nothing(
    admin: Browser, sqlite_database: Database, now: datetime
) -> None:
    unit_id = add(sqlite_database, now, latitude=36.00760000000001, longitude=113.0, headcount=0)
    page = admin.get(f"/admin/units/{unit_id}").get_data(as_text=True)
    shown = dict(re.findall(r'<input id="(\w+)" name="\w+" type="text" value="([^"]*)"', page))
    admin.post(f"/admin/units/{unit_id}", {**shown, "kind": "村", "aliases": "西梁"})
    assert set(shown) == {"name", "headcount", "latitude", "longitude"}
    assert list_acts(sqlite_database) == []


def test_a_unit_is_changed_and_the_record_says_how(
    admin: Browser, sqlite_database: Database, now: datetime, staff_ids: dict[str, int]
) -> None:
    unit_id = add(sqlite_database, now, headcount=10)
    page = admin.get(f"/admin/units/{unit_id}").get_data(as_text=True)
    assert 'value="样例西梁村"' in page
    fields = {"name": "样例西梁村", "kind": "村", "aliases": "西梁", "headcount": "12"}
    assert admin.post(f"/admin/units/{unit_id}", fields).status_code == 302
    assert find(sqlite_database, unit_id).headcount == 12
    assert list_acts(sqlite_database) == [("change_unit", "staff:admin", f"unit:{unit_id}", "人数 10 → 12")]
    admin.post(f"/admin/units/{unit_id}", fields)
    assert len(list_acts(sqlite_database)) == 1  # nothing was changed, so there is nothing to record


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("name", "", "名称要写"),
        ("name", "样例西梁村", "已经是“样例西梁村”的叫法了"),
        ("name", "样例旧村", "已经是“样例旧村”的叫法了"),
        ("kind", "衙门", "要从这几个里选"),
        ("kind", "", "类型要选一个"),
        ("aliases", "东沟\n西梁", "“西梁”已经是“样例西梁村”的叫法了"),
        ("aliases", "矿", "只有一个字"),
        ("headcount", "好几十", "人数要写成整数"),
        ("latitude", "113.0224", "看看经度和纬度是不是写反了"),
        ("longitude", "", "经度和纬度要一起写"),
    ],
)
def test_a_fault_stands_beside_its_field_and_nothing_is_lost(
    admin: Browser, sqlite_database: Database, now: datetime, field: str, typed: str, said: str
) -> None:
    add(sqlite_database, now)
    old_id = add(sqlite_database, now, "样例旧村", aliases=["老东沟"])
    with sqlite_database.write() as db:
        units.deactivate_unit(db, old_id)
    admin.get("/admin/units/new")
    answer = admin.post("/admin/units/new", {**FIELDS, field: typed, "liaison": "1"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    found = page.partition(f'id="{field}-fault">')[2].partition("</p>")[0]
    assert said in found
    assert "有 1 处要改" in page
    assert 'value="1" checked> <span>' in page  # who was ticked stays ticked
    if field != "headcount":
        assert 'value="812"' in page
    with sqlite_database.read() as db:
        assert len(units.list_units(db)) == 2


def test_what_was_typed_is_shown_as_text(admin: Browser) -> None:
    admin.get("/admin/units/new")
    page = admin.post("/admin/units/new", {**FIELDS, "name": '"><script>x</script>', "kind": "x"})
    assert "<script>x" not in page.get_data(as_text=True)


def test_a_unit_goes_out_of_use_and_comes_back(admin: Browser, sqlite_database: Database, now: datetime) -> None:
    unit_id = add(sqlite_database, now)
    admin.get(f"/admin/units/{unit_id}")
    admin.post(f"/admin/units/{unit_id}/deactivate")
    assert not find(sqlite_database, unit_id).is_active
    assert "恢复使用" in admin.get(f"/admin/units/{unit_id}").get_data(as_text=True)
    admin.post(f"/admin/units/{unit_id}/reactivate")
    assert find(sqlite_database, unit_id).is_active
    assert [act[0] for act in list_acts(sqlite_database)] == ["deactivate_unit", "reactivate_unit"]


def test_a_unit_does_not_come_back_under_a_name_that_is_taken(
    admin: Browser, sqlite_database: Database, now: datetime
) -> None:
    unit_id = add(sqlite_database, now)
    with sqlite_database.write() as db:
        units.deactivate_unit(db, unit_id)
    add(sqlite_database, now, "样例新西梁村", aliases=["西梁"])
    admin.get(f"/admin/units/{unit_id}")
    admin.post(f"/admin/units/{unit_id}/reactivate")
    assert not find(sqlite_database, unit_id).is_active
    assert "没有恢复" in admin.get(f"/admin/units/{unit_id}").get_data(as_text=True)


def test_units_are_found_by_any_name_and_kind(admin: Browser, sqlite_database: Database, now: datetime) -> None:
    add(sqlite_database, now)
    add(sqlite_database, now, "样例砖厂", kind="enterprise", aliases=["老窑厂"])
    shown = {
        query: [name for name in ("样例西梁村", "样例砖厂") if f">{name}</a>" in page]
        for query in ("", "q=窑", "q=西 梁", "kind=village", "kind=enterprise&q=西梁", "q=nix", "kind=nix")
        if (page := admin.get(f"/admin/units?{query}").get_data(as_text=True))
    }
    assert shown == {
        "": ["样例西梁村", "样例砖厂"],
        "q=窑": ["样例砖厂"],
        "q=西 梁": ["样例西梁村"],
        "kind=village": ["样例西梁村"],
        "kind=enterprise&q=西梁": [],
        "q=nix": [],
        "kind=nix": ["样例西梁村", "样例砖厂"],
    }


def test_an_empty_roster_says_what_to_do(admin: Browser) -> None:
    assert "suishoupai import units" in admin.get("/admin/units").get_data(as_text=True)
    assert "类型选“站所”" in admin.get("/admin/offices").get_data(as_text=True)


@pytest.mark.parametrize("path", ["/admin/units/77", "/admin/units/77/deactivate"])
def test_a_unit_that_is_not_there(admin: Browser, path: str) -> None:
    admin.get("/admin/units")
    answer = admin.post(path, FIELDS) if path.endswith("deactivate") else admin.get(path)
    assert answer.status_code == 404


def test_a_reviewer_reads_and_is_shown_no_buttons(reviewer: Browser, sqlite_database: Database, now: datetime) -> None:
    unit_id = add(sqlite_database, now)
    for path in ("/admin/units", f"/admin/units/{unit_id}", "/admin/offices"):
        page = reviewer.get(path).get_data(as_text=True)
        assert "样例西梁村" in page or path == "/admin/offices"
        assert "存好</button>" not in page
        assert "加一个单位" not in page
        assert "停用这个单位" not in page


def test_a_forged_form_changes_nothing(admin: Browser, sqlite_database: Database) -> None:
    admin.token = "forged"
    assert admin.post("/admin/units/new", FIELDS).status_code == 400
    with sqlite_database.read() as db:
        assert units.list_units(db) == []


def test_offices_are_chosen_for_each_kind_of_hazard(admin: Browser, sqlite_database: Database, now: datetime) -> None:
    power = add(sqlite_database, now, "样例供电所", kind="office", aliases=[])
    village = add(sqlite_database, now)
    page = admin.get("/admin/offices").get_data(as_text=True)
    assert page.count(">样例供电所</option>") == len(words.CATEGORIES) - 1
    assert ">样例西梁村</option>" not in page  # a village sees to none
    admin.post("/admin/offices", {"ELEC": str(power), "ROAD": "77", "FIRE": "x", "NIX": str(village)})
    with sqlite_database.read() as db:
        assert units.list_category_offices(db) == {"ELEC": power}
    admin.post("/admin/offices", {"ELEC": str(power)})
    assert list_acts(sqlite_database) == [("set_offices", "staff:admin", "offices", "ELEC")]
    assert f'<option value="{power}" selected>' in admin.get("/admin/offices").get_data(as_text=True)


def test_rosters_and_pages_use_the_same_words() -> None:
    assert {kind.value: word for kind, word in KIND_WORDS.items()} == words.UNIT_KINDS
    assert {role.value: word for role, word in ROLE_WORDS.items()} == words.ROLES
