"""The outbox, the wordings and the holidays: what they show, what is changed there, and that it is kept who did."""

from __future__ import annotations

import html
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from storage.answer_templates import list_wordings
from storage.audit import audit_entries
from storage.calendar import list_holidays, set_holiday
from storage.database import Database
from storage.outbox import Purpose, add_notice, notices
from tests.bot.admin.conftest import Browser, Clock
from tests.bot.admin.loop import CODE
from tests.factories import NOW, make_report, make_reporter


def read(browser: Browser, address: str) -> str:
    return html.unescape(browser.get(address).get_data(as_text=True))


def list_audit(database: Database) -> list[tuple[str, str, str]]:
    with database.read() as db:
        rows = db.execute(select(audit_entries).order_by(audit_entries.c.id))
        return [(row.action, row.by, row.subject) for row in rows if row.action not in {"login", "look"}]


@pytest.fixture
def notice_id(sqlite_database: Database, staff_ids: dict[str, int]) -> int:
    with sqlite_database.write() as db:
        reporter_id = make_reporter(db, alias="热心群众00AA")
        report_id = make_report(db, code=CODE, reporter_id=reporter_id)
        made = add_notice(
            db,
            recipient=f"reporter:{reporter_id}",
            purpose=Purpose.PROGRESS,
            subject="report:1:accept:1",
            report_id=report_id,
            words="受理了",
            now=NOW,
        )
        add_notice(db, recipient=f"staff:{staff_ids['admin']}", purpose=Purpose.CONCEALED, subject="message:1", now=NOW)
    assert made is not None
    return made


def settle(database: Database, notice_id: int, **values: object) -> None:
    with database.write() as db:
        db.execute(update(notices).where(notices.c.id == notice_id).values(due_at=None, settled_at=NOW, **values))


@pytest.mark.parametrize(
    ("state", "tab", "said", "can_resend"),
    [
        ("failed", "failed", "没送到：对方取消关注了", True),
        ("held", "held", "等上报人下次发消息时送出", True),
        ("sent", "sent", "已送到微信", False),
        ("maybe", "all", "发出去了，不知道收到没有", False),
        ("dropped", "all", "没有发：对方取消关注了", False),
    ],
)
def test_the_outbox_says_what_became_of_a_notice(
    reviewer: Browser, sqlite_database: Database, notice_id: int, state: str, tab: str, said: str, can_resend: bool
) -> None:
    settle(sqlite_database, notice_id, state=state, channel="customer", reason="对方取消关注了", attempts=2)
    page = read(reviewer, f"/admin/outbox?tab={tab}")
    assert said in page
    assert "热心群众00AA" in page
    assert f'href="/admin/reports/{CODE}"' in page
    assert (f'action="/admin/outbox/{notice_id}/resend' in page) == can_resend
    assert "受理了" not in page


def test_a_failed_notice_is_sent_again_once(reviewer: Browser, sqlite_database: Database, notice_id: int) -> None:
    settle(sqlite_database, notice_id, state="failed")
    reviewer.get("/admin/outbox")
    reviewer.post(f"/admin/outbox/{notice_id}/resend")
    again = reviewer.post(f"/admin/outbox/{notice_id}/resend", follow_redirects=True)
    assert "这一条已经变了，没有再发。" in again.get_data(as_text=True)
    with sqlite_database.read() as db:
        row = db.execute(select(notices).where(notices.c.id == notice_id)).one()
    assert (row.state, row.due_at) == ("waiting", NOW)
    assert list_audit(sqlite_database) == [("resend", "staff:reviewer", f"notice:{notice_id}")]


def test_that_a_concealed_accident_was_told_of_is_for_few(reviewer: Browser, app: Flask, notice_id: int) -> None:
    assert "密件通知" not in read(reviewer, "/admin/outbox?tab=all")
    admin = Browser(app.test_client())
    admin.log_in("admin")
    assert "密件通知" in read(admin, "/admin/outbox?tab=all")


def test_a_leader_reads_and_changes_nothing(app: Flask, sqlite_database: Database, notice_id: int) -> None:
    settle(sqlite_database, notice_id, state="failed")
    with sqlite_database.write() as db:
        set_holiday(db, date(2026, 12, 24), is_working=False, name="镇里放假")
    leader = Browser(app.test_client())
    leader.log_in("leader")
    for path in ("/admin/outbox", "/admin/wordings", "/admin/holidays"):
        assert '<form method="post" action="/admin/logout">' in leader.get(path).get_data(as_text=True)
        assert read(leader, path).count('method="post"') == 1


def test_the_office_words_a_step_with_an_example(reviewer: Browser, sqlite_database: Database) -> None:
    assert "您报的 2611-001 没有受理：沟上已经盖了铁板。" in read(reviewer, "/admin/wordings")
    fields = {"step": "decline", "category": "", "words": "{编号} 不办：{理由}"}
    reviewer.post("/admin/wordings", fields)
    reviewer.post("/admin/wordings", {**fields, "category": "ELEC", "words": "{编号} 找电工：{理由}"})
    page = read(reviewer, "/admin/wordings")
    assert "2611-001 不办：沟上已经盖了铁板" in page
    assert "2611-001 找电工：沟上已经盖了铁板" in page
    reviewer.post("/admin/wordings", {**fields, "words": " "})
    with sqlite_database.read() as db:
        assert [(row.step, row.category, row.words) for row in list_wordings(db)] == [
            ("decline", "ELEC", "{编号} 找电工：{理由}")
        ]
    assert list_audit(sqlite_database) == [
        ("set_wording", "staff:reviewer", "wording:decline:"),
        ("set_wording", "staff:reviewer", "wording:decline:ELEC"),
        ("set_wording", "staff:reviewer", "wording:decline:"),
    ]


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"step": "decline", "category": "", "words": "不办"}, 422, "要有 {编号}"),
        ({"step": "decline", "category": "", "words": "{编号}" + "长" * 300}, 422, "最多 300 个字"),
        ({"step": "nix", "category": "", "words": "{编号}"}, 400, "没有办成"),
        ({"step": "decline", "category": "NIX", "words": "{编号}"}, 400, "没有办成"),
    ],
)
def test_refuses_a_wording(
    reviewer: Browser, sqlite_database: Database, fields: dict[str, object], status: int, said: str
) -> None:
    reviewer.get("/admin/wordings")
    answer = reviewer.post("/admin/wordings", fields)
    assert answer.status_code == status
    assert said in html.unescape(answer.get_data(as_text=True))
    with sqlite_database.read() as db:
        assert list_wordings(db) == []


def test_warns_of_a_year_that_nobody_knows(reviewer: Browser, clock: Clock) -> None:
    page = read(reviewer, "/admin/holidays")
    assert "2026 年的放假安排已经有了" in page
    clock.at = NOW + timedelta(days=365 * 14)
    reviewer.log_in("reviewer")
    page = read(reviewer, "/admin/holidays")
    assert "2040 年的放假安排还没有" in page
    assert "2041 年的放假安排还没有" in page


def test_days_are_entered_and_left_to_the_published_table_again(reviewer: Browser, sqlite_database: Database) -> None:
    reviewer.get("/admin/holidays")
    reviewer.post("/admin/holidays", {"day": "2027-02-06", "kind": "work", "name": "调休上班"})
    page = read(reviewer, "/admin/holidays")
    assert "2027年2月6日 周六" in page
    assert "调休上班" in page
    for fields, said in (
        ({"day": "", "kind": "off"}, "写上哪一天"),
        ({"day": "2027-02-06", "kind": "nix"}, "选放假还是上班"),
        ({"day": "2027-02-30", "kind": "off"}, "日期没看懂"),
    ):
        answer = reviewer.post("/admin/holidays", fields)
        assert answer.status_code == 422
        assert said in answer.get_data(as_text=True)
    reviewer.post("/admin/holidays/2027-02-06/forget")
    assert reviewer.post("/admin/holidays/nix/forget").status_code == 404
    with sqlite_database.read() as db:
        assert list_holidays(db) == []
    assert [entry[0] for entry in list_audit(sqlite_database)] == ["set_holiday", "forget_holiday"]
