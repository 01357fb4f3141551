"""One report's page: what it shows, what staff decide there, and what is refused."""

from __future__ import annotations

import html
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from storage.audit import audit_entries
from storage.database import Database
from storage.reports.gathering import record_history
from storage.reports.tables import ReportState, report_history, reports
from storage.types import AnyRow
from storage.units import add_unit
from tests.bot.admin.conftest import Browser
from tests.factories import NOW, make_message, make_photo, make_report

CODE = "2611-900"
ADDRESS = f"/admin/reports/{CODE}"
SCRIPT = "<script>alert('x')</script>"


@pytest.fixture
def report_id(sqlite_database: Database) -> int:
    with sqlite_database.write() as db:
        return make_report(db, code=CODE, category="ELEC")


def read(browser: Browser, address: str = ADDRESS) -> str:
    return html.unescape(browser.get(address).get_data(as_text=True))


def get_row(database: Database, code: str = CODE) -> AnyRow:
    with database.read() as db:
        return db.execute(select(reports).where(reports.c.code == code)).one()


def list_steps(database: Database, report_id: int) -> list[tuple[str, str, str]]:
    with database.read() as db:
        rows = db.execute(
            select(report_history).where(report_history.c.report_id == report_id).order_by(report_history.c.id)
        )
        return [(row.action, row.by, row.note) for row in rows]


def list_audit(database: Database) -> list[tuple[str, str, str]]:
    with database.read() as db:
        rows = db.execute(select(audit_entries).order_by(audit_entries.c.id))
        return [(row.action, row.by, row.subject) for row in rows if row.action != "login"]


def change(database: Database, **values: object) -> None:
    with database.write() as db:
        db.execute(update(reports).where(reports.c.code == CODE).values(**values))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param(
            {"description": "第一行\n第二行"}, '<p class="words">第一行\n第二行</p>', id="words with their lines"
        ),
        pytest.param({"description": ""}, "没有写字。", id="no words"),
        pytest.param({"missing": "place"}, "还缺\uff1a地点", id="missing"),
        pytest.param({"why": "“电箱” → 用电\n没有说着火"}, "<li>没有说着火</li>", id="why"),
        pytest.param({"major_standard": "煤矿标准 第四条"}, "疑似重大\uff0c待人工核定", id="major hint"),
        pytest.param({"major_standard": "煤矿标准 第四条"}, "对照的标准\uff1a煤矿标准 第四条", id="its standard"),
        pytest.param({"is_emergency": True, "level": "P0"}, "先核实 119、120 打了没有", id="emergency"),
        pytest.param({"is_anonymous": True}, "要求匿名", id="anonymous"),
        pytest.param({"due_at": NOW - timedelta(days=1)}, "逾期 1 天", id="late"),
        pytest.param({"place_label": ""}, "用电 · 地点还不清楚", id="no place"),
        pytest.param({"state": ReportState.WITHDRAWN}, "上报人撤回", id="state"),
    ],
)
def test_says_what_is_known(
    reviewer: Browser, sqlite_database: Database, report_id: int, values: dict[str, object], said: str
) -> None:
    change(sqlite_database, **values)
    assert said in read(reviewer)


def test_shows_the_point_as_text_and_on_a_map_without_tiles(
    reviewer: Browser, sqlite_database: Database, report_id: int
) -> None:
    with sqlite_database.write() as db:
        add_unit(db, name='东坪"村', kind="village", aliases=[], now=NOW, latitude=36.001, longitude=113.0)
        add_unit(db, name="没有坐标的村", kind="village", aliases=[], now=NOW)
    assert 'id="map"' not in read(reviewer)
    change(sqlite_database, latitude=36.0, longitude=113.0)
    page = reviewer.get(ADDRESS).get_data(as_text=True)
    assert "北纬 36.00000\uff0c东经 113.00000" in page
    assert "离东坪&#34;村约 110 米" in page
    assert 'data-units="[{&#34;name&#34;: &#34;东坪\\&#34;村&#34;' in page


def test_shows_photos_messages_and_history(reviewer: Browser, sqlite_database: Database, report_id: int) -> None:
    with sqlite_database.write() as db:
        message_id = make_message(db, report_id=report_id, text="线都露着", reply="收到\uff0c编号 2611-900")
        photo = make_photo(db, report_id=report_id, message_id=message_id)
        voice = make_photo(db, report_id=report_id, kind="voice", content_type="audio/mpeg", message_id=message_id)
        amr = make_photo(db, report_id=report_id, kind="voice", content_type="audio/amr", message_id=message_id)
        video = make_photo(db, report_id=report_id, kind="video", content_type="video/mp4", message_id=message_id)
        record_history(db, report_id, at=NOW, by="reporter", action="open", to_state="gathering")
        record_history(
            db, report_id, at=NOW, by="staff:admin", action="accept", from_state="received", to_state="accepted"
        )
    page = read(reviewer)
    assert f'href="/admin/photos/{photo}/clean?t=' in page
    assert f'<audio controls preload="none" src="/admin/photos/{voice}/clean?t=' in page
    assert f'href="/admin/photos/{amr}/clean?t=' in page
    assert "存下来听" in page
    assert f'<video controls preload="metadata" src="/admin/photos/{video}/clean?t=' in page
    assert "收到\uff0c编号 2611-900" in page
    assert "看成“隐患”" in page
    assert "待受理 → 已受理" in page
    assert "admin某" in page


@pytest.mark.parametrize(
    ("state", "reason", "said"),
    [
        ("pending", "", "正在取照片"),
        ("pending", "rate_limited", "还没取到\uff1a取得太多"),
        ("refused", "not_a_picture", "发来的不是照片"),
        ("lost", "expired", "三天里一直没取到"),
        ("purged", "on_request", "按上报人的要求删了"),
    ],
)
def test_says_why_a_photo_is_not_there(
    reviewer: Browser, sqlite_database: Database, report_id: int, state: str, reason: str, said: str
) -> None:
    with sqlite_database.write() as db:
        make_photo(db, report_id=report_id, state=state, reason=reason, clean_key="", thumbnail_key="")
    assert said in read(reviewer)


def test_shows_every_text_of_others_as_text(reviewer: Browser, sqlite_database: Database, report_id: int) -> None:
    with sqlite_database.write() as db:
        add_unit(db, name=SCRIPT, kind="village", aliases=[], now=NOW, latitude=36.0, longitude=113.0)
        make_message(db, report_id=report_id, text=SCRIPT, reply=SCRIPT)
        record_history(db, report_id, at=NOW, by=f"staff:{SCRIPT}", action="add_note", note=SCRIPT)
        make_report(db, code="2611-901", description=SCRIPT, place_label="东坪村井口")
    change(
        sqlite_database, description=SCRIPT, place_label=SCRIPT, why=SCRIPT, major_standard=SCRIPT, latitude=36.0,
        longitude=113.0, unit_id=1, source="<b>",
    )  # fmt: skip
    for address in (ADDRESS, "/admin/reports"):
        page = reviewer.get(address).get_data(as_text=True)
        assert "<script>alert" not in page
        assert "<b>" not in page
        assert "&lt;script&gt;alert" in page


def test_keeps_who_looked_at_a_report(reviewer: Browser, sqlite_database: Database, report_id: int) -> None:
    reviewer.get(ADDRESS)
    assert list_audit(sqlite_database) == [("look", "staff:reviewer", f"report:{report_id}")]


@pytest.mark.parametrize("code", ["2611-404", "nix", "2611-900x", "%00", "😀"])
def test_there_is_no_page_for_an_unknown_code(reviewer: Browser, report_id: int, code: str) -> None:
    assert reviewer.get(f"/admin/reports/{code}").status_code == 404


def test_leads_on_to_the_next_one_of_the_same_list(reviewer: Browser, sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        make_report(db, code="2611-001", category="ELEC")
        make_report(db, code="2611-002", category="FIRE")
        make_report(db, code="2611-003", category="ELEC")
    assert 'id="next-report" href="/admin/reports/2611-001?category=ELEC"' in read(
        reviewer, "/admin/reports/2611-003?category=ELEC"
    )
    assert 'id="next-report" href="/admin/reports/2611-002"' in read(reviewer, "/admin/reports/2611-003")
    assert "next-report" not in read(reviewer, "/admin/reports/2611-001")


def test_accepts(reviewer: Browser, sqlite_database: Database, report_id: int) -> None:
    reviewer.get(ADDRESS)
    answer = reviewer.post(f"{ADDRESS}/accept?category=ELEC", {"version": 1})
    assert answer.location == f"{ADDRESS}?category=ELEC"
    row = get_row(sqlite_database)
    assert (row.state, row.version) == ("accepted", 2)
    assert list_steps(sqlite_database, report_id) == [("accept", "staff:reviewer", "")]
    assert list_audit(sqlite_database)[-1] == ("accept", "staff:reviewer", f"report:{report_id}")
    page = read(reviewer, answer.location)
    assert "2611-900 已受理" in page
    assert 'id="accept"' not in page


def test_declines_with_a_reason(reviewer: Browser, sqlite_database: Database, report_id: int) -> None:
    reviewer.get(ADDRESS)
    answer = reviewer.post(f"{ADDRESS}/decline", {"version": 1, "reason": " 不是安全的事 \r\n告诉过他了 "})
    assert answer.status_code == 302
    assert get_row(sqlite_database).state == "declined"
    assert list_steps(sqlite_database, report_id) == [("decline", "staff:reviewer", "不是安全的事 \n告诉过他了")]


@pytest.mark.parametrize("reason", ["", "  \n "])
def test_does_not_decline_without_a_reason(
    reviewer: Browser, sqlite_database: Database, report_id: int, reason: str
) -> None:
    reviewer.get(ADDRESS)
    answer = reviewer.post(f"{ADDRESS}/decline", {"version": 1, "reason": reason})
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "要写一句为什么" in page
    assert '<details id="decline" class="act" open>' in page
    assert get_row(sqlite_database).state == "received"
    assert [action for action, _, _ in list_audit(sqlite_database)] == ["look"]


def test_merges(reviewer: Browser, sqlite_database: Database, report_id: int) -> None:
    with sqlite_database.write() as db:
        master = make_report(db, code="2611-901")
    reviewer.get(ADDRESS)
    answer = reviewer.post(f"{ADDRESS}/merge", {"version": 1, "into": " #2611-901 "})
    assert answer.status_code == 302
    row = get_row(sqlite_database)
    assert (row.state, row.merged_into_id) == ("merged", master)
    assert "已合并到 <a href=" in read(reviewer)
    assert list_audit(sqlite_database)[1][0] == "merge"


@pytest.mark.parametrize(
    ("into", "said"),
    [
        pytest.param("", "没有找到编号", id="nothing"),
        pytest.param("2611-404", "没有找到编号 2611-404", id="no such report"),
        pytest.param("那个配电箱", "没有找到编号 那个配电箱", id="no code"),
        pytest.param(CODE, "它就是这一条", id="itself"),
        pytest.param("2611-902", "不能合并到 2611-902", id="one that was declined"),
    ],
)
def test_does_not_merge_into_what_cannot_take_it(
    reviewer: Browser, sqlite_database: Database, report_id: int, into: str, said: str
) -> None:
    with sqlite_database.write() as db:
        make_report(db, code="2611-902", state=ReportState.DECLINED)
    reviewer.get(ADDRESS)
    answer = reviewer.post(f"{ADDRESS}/merge", {"version": 1, "into": into})
    page = html.unescape(answer.get_data(as_text=True))
    assert answer.status_code == 422
    assert said in page
    assert f'name="into" value="{into}"' in page
    assert get_row(sqlite_database).state == "received"


def test_recategorises(reviewer: Browser, sqlite_database: Database, report_id: int) -> None:
    reviewer.get(ADDRESS)
    answer = reviewer.post(f"{ADDRESS}/recategorise", {"version": 1, "category": "EBIK", "level": "P1"})
    assert answer.status_code == 302
    row = get_row(sqlite_database)
    assert (row.category, row.level, row.state) == ("EBIK", "P1", "received")
    page = read(reviewer, answer.location)
    assert "改成了\uff1a电动车停放充电\uff0c疑似重大" in page
    assert "用电\uff0c一般 → 电动车停放充电\uff0c疑似重大" in page


@pytest.mark.parametrize(("category", "level"), [("NIX", "P1"), ("ELEC", "P9"), ("", "")])
def test_does_not_take_a_category_or_level_that_does_not_exist(
    reviewer: Browser, sqlite_database: Database, report_id: int, category: str, level: str
) -> None:
    reviewer.get(ADDRESS)
    answer = reviewer.post(f"{ADDRESS}/recategorise", {"version": 1, "category": category, "level": level})
    assert answer.status_code == 422
    assert get_row(sqlite_database).version == 1


def test_keeps_a_note(reviewer: Browser, sqlite_database: Database, report_id: int) -> None:
    reviewer.get(ADDRESS)
    assert reviewer.post(f"{ADDRESS}/add-note", {"version": 1, "note": SCRIPT}).status_code == 302
    page = reviewer.get(ADDRESS).get_data(as_text=True)
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    ("note", "said"), [(" ", "还没有写字"), ("字" * 1001, "现在是 1001 个")], ids=["none", "too long"]
)
def test_does_not_keep_an_empty_or_endless_note(
    reviewer: Browser, sqlite_database: Database, report_id: int, note: str, said: str
) -> None:
    reviewer.get(ADDRESS)
    answer = reviewer.post(f"{ADDRESS}/add-note", {"version": 1, "note": note})
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)
    assert list_steps(sqlite_database, report_id) == []


@pytest.mark.parametrize(
    ("act", "field", "text"),
    [
        ("decline", "reason", "已经告诉过他打 12315"),
        ("merge", "into", "2611-901"),
        ("add-note", "note", "村里说明天去看"),
    ],
)
def test_a_stale_page_changes_nothing_and_loses_nothing_that_was_typed(
    app: Flask, reviewer: Browser, sqlite_database: Database, report_id: int, act: str, field: str, text: str
) -> None:
    with sqlite_database.write() as db:
        make_report(db, code="2611-901", place_label="西坪村", category="FIRE", created_at=NOW - timedelta(days=60))
    reviewer.get(ADDRESS)
    faster = Browser(app.test_client())
    faster.log_in("admin")
    faster.get(ADDRESS)
    faster.post(f"{ADDRESS}/recategorise", {"version": 1, "category": "GAS", "level": "P2"})
    answer = reviewer.post(f"{ADDRESS}/{act}", {"version": 1, field: text})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "刚才有别人改过这一条" in page
    assert "燃气" in page, "the newest state is shown"
    assert text in page
    assert 'name="version" value="2"' in page
    assert get_row(sqlite_database).state == "received"
    assert reviewer.post(f"{ADDRESS}/add-note", {"version": 2, "note": "再交一次"}).status_code == 302


def test_says_plainly_what_a_state_does_not_allow(reviewer: Browser, sqlite_database: Database, report_id: int) -> None:
    change(sqlite_database, state=ReportState.CLOSED)
    reviewer.get(ADDRESS)
    answer = reviewer.post(f"{ADDRESS}/accept", {"version": 1})
    assert answer.status_code == 409
    assert "这一条现在是“已销号”" in answer.get_data(as_text=True)


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 30, "１"])
def test_refuses_a_form_without_a_version(reviewer: Browser, report_id: int, version: str) -> None:
    reviewer.get(ADDRESS)
    assert reviewer.post(f"{ADDRESS}/accept", {"version": version}).status_code == 400


def test_there_is_nothing_to_decide_about_an_unknown_code(reviewer: Browser) -> None:
    reviewer.get("/admin/reports")
    assert reviewer.post("/admin/reports/2611-404/accept", {"version": 1}).status_code == 404


def test_suggests_what_may_be_the_same_side_by_side(
    reviewer: Browser, sqlite_database: Database, report_id: int
) -> None:
    with sqlite_database.write() as db:
        other = make_report(db, code="2611-901", category="ELEC", description="同一个箱子")
        mine = make_photo(db, report_id=report_id, sha256="a" * 64)
        theirs = make_photo(db, report_id=other, sha256="a" * 64)
    page = read(reviewer)
    assert "可能是同一件事" in page
    assert "有一张照片一模一样" in page
    assert f"/admin/photos/{mine}/thumbnail" in page
    assert f"/admin/photos/{theirs}/thumbnail" in page
    assert "合并到 2611-901" in page
    assert 'data-confirm="把 2611-900 合并到 2611-901' in page


def test_offers_no_merge_into_a_closed_door(reviewer: Browser, sqlite_database: Database, report_id: int) -> None:
    with sqlite_database.write() as db:
        make_report(db, code="2611-901", category="ELEC", state=ReportState.DECLINED)
    page = read(reviewer)
    assert "可能是同一件事" in page
    assert "合并到 2611-901" not in page
