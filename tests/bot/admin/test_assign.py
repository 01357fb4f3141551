"""Handing over: what is suggested, the preview of exactly what leaves, warnings, and the liaison's own page."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from bot.task_links import build_task_url
from storage.attachments import attachments
from storage.database import Database
from storage.outbox import notices
from storage.reports.assignments import assignments, end_assignment, find_open_assignment
from storage.types import AnyRow
from storage.units import units
from tests.bot.admin.conftest import Browser, Clock, Files
from tests.bot.admin.loop import ADDRESS, CODE, bring_to, get_row, make_unit
from tests.factories import NOW, make_photo

SAID = "老李家门口的护栏断了一截，夜班回来看见的"


@pytest.fixture
def unit_id(sqlite_database: Database, staff_ids: dict[str, int]) -> int:
    with sqlite_database.write() as db:
        return make_unit(db, staff_ids["liaison"])


@pytest.fixture
def photo_id(sqlite_database: Database, unit_id: int, files: Files) -> int:
    with sqlite_database.write() as db:
        report_id = bring_to(db, "verified", unit_id=unit_id, description=SAID, place_label="东坪村口")
        photo_id = make_photo(db, report_id=report_id)
        row = db.execute(select(attachments).where(attachments.c.id == photo_id)).one()
    files.by_key[row.clean_key] = b"clean bytes"
    files.by_key[row.original_key] = b"the original"
    return photo_id


def read(browser: Browser, address: str) -> str:
    return html.unescape(browser.get(address).get_data(as_text=True))


def fill(database: Database, unit_id: int, **fields: object) -> dict[str, object]:
    return {
        "version": get_row(database).version,
        "unit": unit_id,
        "liaison": "",
        "due": "7",
        "due_on": "",
        "place": "东坪村口",
        "problem": "护栏缺失",
        "requirement": "补齐护栏",
        **fields,
    }


def get_assignment(database: Database) -> AnyRow | None:
    with database.read() as db:
        return find_open_assignment(db, get_row(database).id)


def test_the_form_begins_with_neutral_words_and_what_is_suggested(
    reviewer: Browser, unit_id: int, photo_id: int
) -> None:
    page = read(reviewer, f"{ADDRESS}/assign")
    assert re.search(rf'<option value="{unit_id}" selected>东坪村（地点里提到）</option>', page)
    assert '<textarea id="problem" name="problem" maxlength="300" required>用电线路、配电设施有隐患</textarea>' in page
    assert SAID not in page.partition("</form>\n  </div>")[0]
    assert re.search(r'name="due" value="7" checked> 7 天，12月2日', page)
    assert f'name="photo" value="{photo_id}">' in page
    assert "您正在办，还有 15 分钟" in read(reviewer, ADDRESS)


def test_sends_exactly_what_was_previewed(
    reviewer: Browser, sqlite_database: Database, unit_id: int, photo_id: int
) -> None:
    reviewer.get(f"{ADDRESS}/assign")
    fields = fill(sqlite_database, unit_id, photo=[photo_id])
    answer = reviewer.post(f"{ADDRESS}/assign/preview", fields)
    page = html.unescape(answer.get_data(as_text=True))
    shown = re.search(r'<p class="letter-out">(.*?)</p>', page, re.DOTALL)
    assert shown is not None
    assert get_assignment(sqlite_database) is None
    assert "liaison某 " in page
    assert "可能看得出" not in page
    assert f'href="/admin/photos/{photo_id}/clean' in page
    # What is sent is what the hidden fields of the preview say, not what somebody remembers.
    kept = dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)">', page))
    assert reviewer.post(f"{ADDRESS}/assign", {**kept, "csrf_token": reviewer.token}).status_code == 302
    with sqlite_database.read() as db:
        sent = db.execute(select(notices).where(notices.c.purpose == "assignment")).one()
    assert sent.words == shown[1]
    assert sent.words == (
        "【请整改】2611-900\n来由：镇里收到反映\n地点：东坪村口\n问题：护栏缺失\n要求：补齐护栏\n期限：12月2日\n"
        "看到了回“收到”。改好拍照发来，说“2611-900 整改好了”。时间不够回“2611-900 还要三天”。"
    )
    row = get_assignment(sqlite_database)
    assert row is not None
    assert json.loads(row.photo_ids) == [photo_id]
    assert get_row(sqlite_database).state == "assigned"


@pytest.mark.parametrize(
    ("fields", "field", "fault"),
    [
        pytest.param({"unit": ""}, "unit", "选一个单位", id="no unit"),
        pytest.param({"liaison": "1"}, "liaison", "这位不是东坪村的联系人", id="somebody else's liaison"),
        pytest.param({"due": "day"}, "due_on", "定一个期限", id="no day"),
        pytest.param({"due": "4"}, "due_on", "定一个期限", id="a number of days that is not offered"),
        pytest.param({"due": "day", "due_on": "2026-11-24"}, "due_on", "不能早于今天", id="a day that is past"),
        pytest.param({"due": "day", "due_on": "2028-01-01"}, "due_on", "最远是一年", id="a day too far"),
        pytest.param({"problem": " "}, "problem", "写上是什么问题", id="no problem"),
        pytest.param({"requirement": ""}, "requirement", "写上要怎么改", id="nothing to do"),
        pytest.param({"place": "远" * 201}, "place", "最多 200 个字", id="too long a place"),
    ],
)
def test_a_fault_stands_beside_its_field(
    reviewer: Browser,
    sqlite_database: Database,
    unit_id: int,
    photo_id: int,
    fields: dict[str, object],
    field: str,
    fault: str,
) -> None:
    reviewer.get(f"{ADDRESS}/assign")
    for path in ("assign/preview", "assign"):
        answer = reviewer.post(f"{ADDRESS}/{path}", fill(sqlite_database, unit_id, **fields))
        assert answer.status_code == 422
        assert re.search(rf'id="wrong-{field}">[^<]*{fault}', html.unescape(answer.get_data(as_text=True)))
    assert get_assignment(sqlite_database) is None


def test_what_betrays_is_marked_and_sent_only_after_a_look(
    reviewer: Browser, sqlite_database: Database, unit_id: int, photo_id: int
) -> None:
    reviewer.get(f"{ADDRESS}/assign")
    fields = fill(sqlite_database, unit_id, problem="门口的护栏断了一截")
    page = html.unescape(reviewer.post(f"{ADDRESS}/assign/preview", fields).get_data(as_text=True))
    assert "可能看得出是谁报的" in page
    assert "<mark>门口的护栏断了一截</mark>" in page
    refused = reviewer.post(f"{ADDRESS}/assign", fields)
    assert refused.status_code == 422
    assert "勾上“我看过了”再发" in refused.get_data(as_text=True)
    assert get_assignment(sqlite_database) is None
    assert reviewer.post(f"{ADDRESS}/assign", {**fields, "seen": "on"}).status_code == 302


def test_goes_back_with_what_was_typed(
    reviewer: Browser, sqlite_database: Database, unit_id: int, photo_id: int
) -> None:
    reviewer.get(f"{ADDRESS}/assign")
    fields = fill(sqlite_database, unit_id, problem="另一句话", photo=[photo_id], change="1", inspection="on")
    page = reviewer.post(f"{ADDRESS}/assign/preview", fields).get_data(as_text=True)
    assert ">另一句话</textarea>" in page
    assert f'name="photo" value="{photo_id}" checked>' in page
    assert 'name="inspection" checked>' in page


def test_a_photo_of_another_report_cannot_be_slipped_in(
    reviewer: Browser, sqlite_database: Database, unit_id: int, photo_id: int
) -> None:
    with sqlite_database.write() as db:
        foreign = make_photo(db, report_id=bring_to(db, "received", unit_id=unit_id, code="2611-901"))
    reviewer.get(f"{ADDRESS}/assign")
    reviewer.post(f"{ADDRESS}/assign", fill(sqlite_database, unit_id, photo=[foreign, photo_id]))
    row = get_assignment(sqlite_database)
    assert row is not None
    assert json.loads(row.photo_ids) == [photo_id]


def test_warns_of_nobody_to_receive_it_and_of_a_small_unit(
    reviewer: Browser, sqlite_database: Database, unit_id: int, photo_id: int
) -> None:
    with sqlite_database.write() as db:
        empty = make_unit(db, name="红星砖厂", kind="enterprise")
        db.execute(update(units).where(units.c.id == empty).values(headcount=4))
    reviewer.get(f"{ADDRESS}/assign")
    answer = reviewer.post(f"{ADDRESS}/assign/preview", fill(sqlite_database, empty))
    page = answer.get_data(as_text=True)
    assert "红星砖厂还没有联系人" in page
    assert "这个单位只有 4 个人" in page


def test_says_what_stands_in_the_way(reviewer: Browser, sqlite_database: Database, unit_id: int, photo_id: int) -> None:
    reviewer.get(f"{ADDRESS}/assign")
    stale = reviewer.post(f"{ADDRESS}/assign", fill(sqlite_database, unit_id, version=1))
    assert stale.status_code == 409
    assert "刚才有别人改过这一条" in stale.get_data(as_text=True)
    with sqlite_database.write() as db:
        bring_to(db, "received", unit_id=unit_id, code="2611-901")
    assert "这一条现在不能交办" in read(reviewer, "/admin/reports/2611-901/assign")
    assert reviewer.get("/admin/reports/2611-999/assign").status_code == 404


@pytest.fixture
def token(app: Flask, sqlite_database: Database, unit_id: int, photo_id: int, reviewer: Browser) -> str:
    reviewer.get(f"{ADDRESS}/assign")
    reviewer.post(f"{ADDRESS}/assign", fill(sqlite_database, unit_id, photo=[photo_id]))
    row = get_assignment(sqlite_database)
    assert row is not None
    url = build_task_url(row.id, secret_key=str(app.secret_key), public_url="https://bot.example/")
    assert url.startswith("https://bot.example/tasks/")
    return url.removeprefix("https://bot.example/tasks/")


def test_the_liaisons_page_shows_the_text_and_clean_photos_and_nothing_of_the_reporter(
    app: Flask, sqlite_database: Database, token: str
) -> None:
    client = app.test_client()
    answer = client.get(f"/tasks/{token}")
    page = html.unescape(answer.get_data(as_text=True))
    assert answer.status_code == 200
    assert "问题：护栏缺失" in page
    assert "夜班" not in page
    assert "热心群众" not in page
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    photo = client.get(f"/tasks/{token}/photos/0")
    assert photo.get_data() == b"clean bytes"
    assert photo.headers["Cache-Control"] == "private, no-store"
    assert client.get(f"/tasks/{token}/photos/1").status_code == 404


def test_the_liaisons_page_ends(app: Flask, sqlite_database: Database, token: str, clock: Clock) -> None:
    client = app.test_client()
    for wrong in ("nix", f"{token}x", "1", token[:-1]):
        assert client.get(f"/tasks/{wrong}").status_code == 404
    row = get_assignment(sqlite_database)
    assert row is not None
    clock.at = row.due_at + timedelta(days=30, minutes=1)
    assert client.get(f"/tasks/{token}").status_code == 404
    clock.at = NOW
    with sqlite_database.write() as db:
        end_assignment(db, row.report_id, ending="close", now=NOW)
    ended = client.get(f"/tasks/{token}")
    assert ended.status_code == 410
    assert "护栏缺失" not in ended.get_data(as_text=True)
    assert client.get(f"/tasks/{token}/photos/0").status_code == 404
    with sqlite_database.read() as db:
        assert db.execute(select(assignments.c.ending)).scalar_one() == "close"


def test_a_unit_is_told_nothing_but_the_hand_over(
    reviewer: Browser, sqlite_database: Database, unit_id: int, photo_id: int
) -> None:
    assert get_row(sqlite_database).code == CODE
    reviewer.get(f"{ADDRESS}/assign")
    reviewer.post(f"{ADDRESS}/assign", fill(sqlite_database, unit_id, inspection="on"))
    with sqlite_database.read() as db:
        words = " ".join(row.words for row in db.execute(select(notices)) if row.recipient.startswith("staff"))
    assert "镇里例行检查发现" in words
    assert "夜班" not in words
    assert "老李" not in words
