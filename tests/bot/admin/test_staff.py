"""The pages of staff: what is saved and refused, codes and passwords shown once, who cannot lock themselves out."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select

from storage import bindings, staff, units
from storage.audit import audit_entries
from storage.bindings import BindOutcome
from storage.database import Database
from storage.staff import Role
from storage.types import AnyRow
from tests.bot.admin.conftest import Browser
from tests.factories import make_reporter

FIELDS: dict[str, object] = {"display_name": "王某某", "role": "联系人", "email": "wang@example.com", "username": ""}


@pytest.fixture
def admin(app: Flask) -> Browser:
    browser = Browser(app.test_client())
    assert browser.log_in("admin").status_code == 302
    return browser


def find(database: Database, staff_id: int) -> AnyRow:
    with database.read() as db:
        row = staff.find_anybody(db, staff_id)
    assert row is not None
    return row


def find_by_name(database: Database, name: str) -> AnyRow:
    with database.read() as db:
        return next(row for row in staff.list_staff(db) if row.display_name == name)


def list_acts(database: Database) -> list[tuple[str, str]]:
    with database.read() as db:
        rows = db.execute(select(audit_entries).where(audit_entries.c.action != "login").order_by(audit_entries.c.id))
        return [(row.action, row.subject) for row in rows]


def test_somebody_is_added_as_the_liaison_of_units(admin: Browser, sqlite_database: Database, now: datetime) -> None:
    with sqlite_database.write() as db:
        unit_id = units.add_unit(db, name="样例东沟村", kind="village", aliases=[], now=now)
    admin.get("/admin/staff/new")
    answer = admin.post("/admin/staff/new", {**FIELDS, "unit": [str(unit_id), "77"]})
    row = find_by_name(sqlite_database, "王某某")
    assert answer.location == f"/admin/staff/{row.id}"
    assert (row.role, row.email, row.password_hash) == ("liaison", "wang@example.com", "")
    assert row.username.startswith("staff-")
    with sqlite_database.read() as db:
        assert [unit.id for unit in staff.list_liaison_units(db, row.id)] == [unit_id]
    assert list_acts(sqlite_database) == [("add_staff", f"staff:{row.id}")]
    page = admin.get("/admin/staff").get_data(as_text=True)
    assert "样例东沟村" in page
    assert "还有 2 个没绑微信" in page


def test_who_has_no_password_cannot_log_in(app: Flask, admin: Browser, sqlite_database: Database) -> None:
    admin.get("/admin/staff/new")
    admin.post("/admin/staff/new", {**FIELDS, "username": "wang"})
    for guess in ("", "nobody has this password", "x"):
        answer = Browser(app.test_client()).log_in("wang", guess)
        assert answer.status_code != 302
    assert find_by_name(sqlite_database, "王某某").failed_count == 0


def test_somebody_is_changed(admin: Browser, sqlite_database: Database, staff_ids: dict[str, int]) -> None:
    staff_id = staff_ids["liaison"]
    admin.get(f"/admin/staff/{staff_id}")
    fields = {"display_name": "李某某", "role": "审核员", "email": "", "username": "lims"}
    assert admin.post(f"/admin/staff/{staff_id}", fields).status_code == 302
    row = find(sqlite_database, staff_id)
    assert (row.display_name, row.role, row.username) == ("李某某", "reviewer", "lims")
    assert list_acts(sqlite_database) == [("change_staff", f"staff:{staff_id}")]


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("display_name", "", "姓名要写"),
        ("role", "村长", "要从这几个里选"),
        ("email", "wang@", "邮箱写得不对"),
        ("email", "wang@example.com\r\nBcc: x@example.com", "邮箱写得不对"),
        ("username", "reviewer", "这个登录名有人用了"),
        ("username", "a b", "中间不空格"),
    ],
)
def test_a_fault_stands_beside_its_field(
    admin: Browser, sqlite_database: Database, field: str, typed: str, said: str
) -> None:
    admin.get("/admin/staff/new")
    answer = admin.post("/admin/staff/new", {**FIELDS, field: typed})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert said in page.partition(f'id="{field}-fault">')[2].partition("</p>")[0]
    with sqlite_database.read() as db:
        assert len(staff.list_staff(db)) == len(Role)


def test_nobody_takes_their_own_rights_away(
    admin: Browser, sqlite_database: Database, staff_ids: dict[str, int]
) -> None:
    own = staff_ids["admin"]
    admin.get(f"/admin/staff/{own}")
    fields = {"display_name": "admin某", "role": "领导", "email": "", "username": "admin"}
    answer = admin.post(f"/admin/staff/{own}", fields)
    assert answer.status_code == 422
    assert "不能改自己的角色" in answer.get_data(as_text=True)
    admin.post(f"/admin/staff/{own}/deactivate")
    admin.post(f"/admin/staff/{own}/password")
    row = find(sqlite_database, own)
    assert (row.role, row.is_active, row.must_change_password) == ("admin", True, False)
    assert list_acts(sqlite_database) == []


def test_who_has_left_is_logged_out_at_once(
    app: Flask, admin: Browser, reviewer: Browser, sqlite_database: Database, staff_ids: dict[str, int]
) -> None:
    staff_id = staff_ids["reviewer"]
    assert reviewer.get("/admin/reports").status_code == 200
    admin.get(f"/admin/staff/{staff_id}")
    admin.post(f"/admin/staff/{staff_id}/deactivate")
    assert reviewer.get("/admin/reports").status_code == 302
    assert Browser(app.test_client()).log_in("reviewer").status_code != 302
    assert admin.post(f"/admin/staff/{staff_id}/code").status_code == 404
    assert admin.post(f"/admin/staff/{staff_id}/password").status_code == 404
    admin.post(f"/admin/staff/{staff_id}/reactivate")
    assert reviewer.get("/admin/reports").status_code == 302  # the log-in of before is gone for good
    assert Browser(app.test_client()).log_in("reviewer").status_code == 302
    assert [act[0] for act in list_acts(sqlite_database)][:2] == ["deactivate_staff", "reactivate_staff"]


def test_a_code_is_shown_once_and_binds(
    admin: Browser, sqlite_database: Database, staff_ids: dict[str, int], now: datetime
) -> None:
    staff_id = staff_ids["liaison"]
    admin.get(f"/admin/staff/{staff_id}")
    answer = admin.post(f"/admin/staff/{staff_id}/code")
    page = answer.get_data(as_text=True)
    found = re.search(r"绑定 ([A-Z0-9]{8})<", page)
    assert found is not None
    assert "data:image/png" not in page  # there is no platform that answers
    assert "没有二维码" in page
    assert answer.headers["Cache-Control"] == "no-store"
    assert found[1] not in admin.get(f"/admin/staff/{staff_id}").get_data(as_text=True)
    with sqlite_database.write() as db:
        bound = bindings.bind(db, found[1], reporter_id=make_reporter(db), now=now)
    assert (bound.outcome, bound.staff_id) == (BindOutcome.BOUND, staff_id)
    assert "绑好了" in admin.get(f"/admin/staff/{staff_id}").get_data(as_text=True)
    admin.post(f"/admin/staff/{staff_id}/unbind")
    assert "还没有绑" in admin.get(f"/admin/staff/{staff_id}").get_data(as_text=True)
    assert list_acts(sqlite_database) == [("make_bind_code", f"staff:{staff_id}"), ("unbind", f"staff:{staff_id}")]


def test_a_code_comes_as_a_picture_too_when_the_platform_answers(
    make_app: Callable[..., Flask], staff_ids: dict[str, int], sqlite_database: Database
) -> None:
    asked: list[str] = []

    def make_bind_qr(scene: str) -> str:
        with sqlite_database.write():  # the writer's place is free while the platform is asked
            asked.append(scene)
        return "http://weixin.qq.com/q/sample"

    browser = Browser(make_app(make_bind_qr=make_bind_qr).test_client())
    browser.log_in("admin")
    browser.get("/admin/staff")
    page = browser.post(f"/admin/staff/{staff_ids['liaison']}/code").get_data(as_text=True)
    assert "data:image/png;base64," in page
    found = re.search(r"绑定 ([A-Z0-9]{8})<", page)
    assert found is not None
    assert asked == [f"bind-{found[1]}"]


def test_a_password_is_shown_once_and_must_be_changed(
    app: Flask, admin: Browser, sqlite_database: Database, staff_ids: dict[str, int]
) -> None:
    staff_id = staff_ids["reviewer"]
    admin.get(f"/admin/staff/{staff_id}")
    page = admin.post(f"/admin/staff/{staff_id}/password").get_data(as_text=True)
    password = re.findall(r'class="say-this">([^<]+)<', page)[1]
    assert len(password) >= 12
    browser = Browser(app.test_client())
    assert browser.log_in("reviewer").status_code != 302  # the old one is no good any more
    assert browser.log_in("reviewer", password).status_code == 302
    assert browser.get("/admin/reports").location == "/admin/password"
    assert find(sqlite_database, staff_id).must_change_password
    assert password not in repr(list_acts(sqlite_database))


def test_staff_are_found_by_name_username_and_unit(
    admin: Browser, sqlite_database: Database, staff_ids: dict[str, int], now: datetime
) -> None:
    with sqlite_database.write() as db:
        unit_id = units.add_unit(db, name="样例东沟村", kind="village", aliases=[], now=now)
        staff.set_liaisons(db, unit_id, [staff_ids["liaison"]])
    for query, names in {"东沟": ["liaison某"], "KEEPER": ["keeper某"], "nix": []}.items():
        page = admin.get(f"/admin/staff?q={query}").get_data(as_text=True)
        assert re.findall(r">(\w+某)</a></h2>", page) == names


def test_a_reviewer_reads_and_is_shown_no_buttons(reviewer: Browser, staff_ids: dict[str, int]) -> None:
    for path in ("/admin/staff", f"/admin/staff/{staff_ids['liaison']}"):
        page = reviewer.get(path).get_data(as_text=True)
        assert "liaison某" in page
        for words in ("存好</button>", "加一个人", "发绑定码</button>", "一次性密码", ">停用</button>"):
            assert words not in page


def test_somebody_who_is_not_there(admin: Browser) -> None:
    assert admin.get("/admin/staff/77").status_code == 404
