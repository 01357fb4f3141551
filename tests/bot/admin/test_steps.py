"""The steps of the loop on a report's page: their buttons, what they need, what the reporter is told, refusals."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from bot.deadlines import read_deadlines
from handlers import steps
from storage.answer_templates import set_wording
from storage.database import Database
from storage.outbox import notices
from storage.reports import verdicts
from storage.reports.assignments import add_after_photo, after_photos, list_assignments
from storage.reports.taking import Doing
from storage.reports.transitions import Actor
from tests.bot.admin.conftest import Browser
from tests.bot.admin.loop import ADDRESS, CODE, DUE, bring_to, get_row, list_words, make_unit
from tests.factories import NOW, make_photo, make_report

LATER = "2026-12-10"


def read(browser: Browser, address: str = ADDRESS) -> str:
    return html.unescape(browser.get(address).get_data(as_text=True))


def list_forms(page: str) -> set[str]:
    return set(re.findall(rf'action="{ADDRESS}/([a-z-]+)"', page)) - {"claim", "release"}


def read_says(page: str, act: str) -> str:
    found = re.search(rf'<textarea id="says-{act}"[^>]*>([^<]*)</textarea>', page)
    return "" if found is None else found[1]


@pytest.mark.parametrize(
    ("state", "main", "forms"),
    [
        ("received", "受理", {"accept", "decline", "merge", "transfer", "withdraw", "ask"}),
        ("accepted", "核实属实", {"verify", "unfounded", "merge", "transfer", "withdraw", "ask"}),
        ("verified", "交办", {"unfounded", "merge", "transfer", "withdraw", "ask"}),
        ("assigned", "", {"unfounded", "merge", "transfer", "rectify", "withdraw", "extend"}),
        ("rectified", "复查合格，销号", {"return", "close", "withdraw"}),
        ("closed", "", {"reopen"}),
    ],
)
def test_offers_what_the_table_allows_and_one_main_act(
    reviewer: Browser, sqlite_database: Database, state: str, main: str, forms: set[str]
) -> None:
    with sqlite_database.write() as db:
        bring_to(db, state, unit_id=make_unit(db))
    page = read(reviewer)
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))  # one name twice, and a script finds the wrong one
    always = {"add-note"} | (set() if state == "closed" else {"recategorise"})
    assert list_forms(page) == forms | always
    mains = re.findall(r'class="main-act"[^>]*>(?:<svg.*?</svg>)?\s*([^<]*)<', page)
    assert [each.strip() for each in mains] == ([main] if main else [])


@pytest.mark.parametrize(
    ("state", "act", "fields", "now_is", "told"),
    [
        ("received", "accept", {}, "accepted", "您报的 2611-900 受理了，会有人去看。回“进度”随时能查。"),
        (
            "received",
            "decline",
            {"reason": "不归镇里管。"},
            "declined",
            "您报的 2611-900 没有受理：不归镇里管。有新情况可以再发来。",
        ),
        (
            "received",
            "transfer",
            {"authority": "区住建局", "reason": "工地归他们管", "reply_on": LATER},
            "transferred",
            "您报的 2611-900 镇里管不了，转给区住建局办了，我们会去问结果。",
        ),
        ("accepted", "verify", {}, "verified", ""),
        (
            "accepted",
            "unfounded",
            {"reason": "盖着铁板"},
            "unfounded",
            "您报的 2611-900 派人去看过：盖着铁板。要是还在，再拍一张发来。",
        ),
        (
            "accepted",
            "ask",
            {"reason": "是哪座桥？"},
            "accepted",
            "您报的 2611-900，想再问一句：是哪座桥？ 直接回就行。",
        ),
        ("assigned", "rectify", {"reason": "村里打电话说好了"}, "rectified", ""),
        ("rectified", "return", {"reason": "没焊牢", "due_on": LATER}, "assigned", ""),
        ("closed", "reopen", {"reason": "又断了"}, "reopened", "您报的 2611-900 重新办了，有结果告诉您。"),
        ("accepted", "withdraw", {"reason": "弄错了"}, "withdrawn", "您报的 2611-900 不再办了：弄错了。"),
        ("assigned", "extend", {"reason": "等焊工", "until_on": LATER}, "assigned", ""),
    ],
)
def test_takes_a_step_and_tells_what_was_shown(
    reviewer: Browser,
    sqlite_database: Database,
    state: str,
    act: str,
    fields: dict[str, object],
    now_is: str,
    told: str,
) -> None:
    with sqlite_database.write() as db:
        bring_to(db, state, unit_id=make_unit(db))
    before = list_words(sqlite_database)
    page = read(reviewer)
    says = read_says(page, act)
    assert bool(says) == bool(told)
    answer = reviewer.post(f"{ADDRESS}/{act}", {"version": get_row(sqlite_database).version, "says": says, **fields})
    assert answer.status_code == 302
    assert get_row(sqlite_database).state == now_is
    assert list_words(sqlite_database)[len(before) :] == ([told] if told else [])


def test_grave_reports_hear_of_every_step_with_its_day(reviewer: Browser, sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        bring_to(db, "assigned", unit_id=make_unit(db), level="P1")
    assert read_says(read(reviewer), "extend") == "您报的 2611-900，整改延到 {期限}。"
    version = get_row(sqlite_database).version
    reviewer.post(
        f"{ADDRESS}/extend", {"version": version, "reason": "等", "until_on": LATER, "says": "{编号} 延到{期限}"}
    )
    assert list_words(sqlite_database)[-1] == "2611-900 延到12月10日"


def test_the_reporter_is_told_what_the_reviewer_made_of_it(reviewer: Browser, sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        set_wording(db, "accept", "ELEC", "{编号} 电工去看了", by="staff:admin", now=NOW)
        bring_to(db, "received", unit_id=make_unit(db))
    assert read_says(read(reviewer), "accept") == "2611-900 电工去看了"
    reviewer.post(f"{ADDRESS}/accept", {"version": 1, "says": "2611-900 明天有人去看"})
    assert list_words(sqlite_database) == ["2611-900 明天有人去看"]


def test_shows_the_filled_text_without_a_script(reviewer: Browser, sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        bring_to(db, "received", unit_id=make_unit(db))
    says = read_says(read(reviewer), "decline")
    answer = reviewer.post(f"{ADDRESS}/decline", {"version": 1, "says": says, "reason": "不归镇里管", "look": "1"})
    page = html.unescape(answer.get_data(as_text=True))
    assert read_says(page, "decline") == "您报的 2611-900 没有受理：不归镇里管。有新情况可以再发来。"
    assert get_row(sqlite_database).state == "received"


@pytest.mark.parametrize(
    ("state", "act", "fields", "field", "fault"),
    [
        ("received", "decline", {"reason": " "}, "reason", "要写一句为什么"),
        ("received", "decline", {"reason": "不管", "says": "长" * 301}, "says", "最多 300 个字"),
        ("received", "transfer", {"reason": "归他们"}, "authority", "写上移交给哪个部门"),
        ("received", "transfer", {"authority": "局", "reason": "归", "reply_on": "明天"}, "reply_on", "日期没看懂"),
        ("received", "merge", {"into": "2611-999"}, "into", "没有找到编号 2611-999"),
        ("rectified", "return", {"reason": "没焊牢"}, "due_on", "定一个新的期限"),
        ("rectified", "return", {"reason": "没焊牢", "due_on": "2026-11-01"}, "due_on", "不能早于今天"),
        ("assigned", "extend", {"reason": "等", "until_on": "2026-11-26"}, "until_on", "要晚于原来的 12月2日"),
        ("assigned", "extend", {"reason": "等", "until_on": "2027-03-01"}, "until_on", "最多往后延 30 天"),
    ],
)
def test_a_fault_stands_beside_its_field_and_what_was_typed_is_kept(
    reviewer: Browser,
    sqlite_database: Database,
    state: str,
    act: str,
    fields: dict[str, object],
    field: str,
    fault: str,
) -> None:
    with sqlite_database.write() as db:
        bring_to(db, state, unit_id=make_unit(db))
    reviewer.get(ADDRESS)
    before = get_row(sqlite_database)
    answer = reviewer.post(f"{ADDRESS}/{act}", {"version": before.version, **fields})
    page = html.unescape(answer.get_data(as_text=True))
    assert answer.status_code == 422
    assert re.search(rf'<small class="wrong" id="wrong-{act}-{field}">[^<]*{fault}', page)
    assert f'aria-describedby="wrong-{act}-{field}"' in page
    assert all(str(value).strip() in page for value in fields.values())
    assert get_row(sqlite_database) == before


def test_who_wrote_down_the_mending_cannot_close(reviewer: Browser, sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        bring_to(db, "rectified", unit_id=make_unit(db), mended_by="staff:reviewer")
    page = read(reviewer)
    assert "整改是您记的，要换一个人销号。" in page
    assert f'action="{ADDRESS}/close"' not in page
    answer = reviewer.post(f"{ADDRESS}/close", {"version": get_row(sqlite_database).version})
    assert answer.status_code == 409
    assert "整改是您记的，要换一个人销号。" in answer.get_data(as_text=True)
    assert get_row(sqlite_database).state == "rectified"


def test_more_time_is_given_once(reviewer: Browser, sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        bring_to(db, "assigned", unit_id=make_unit(db))
    reviewer.get(ADDRESS)
    for until, status in ((LATER, 302), ("2026-12-12", 409)):
        version = get_row(sqlite_database).version
        answer = reviewer.post(f"{ADDRESS}/extend", {"version": version, "reason": "等", "until_on": until})
        assert answer.status_code == status
    assert "已经延过一次，不能再延。" in answer.get_data(as_text=True)


def test_decides_what_liaisons_ask_for(reviewer: Browser, sqlite_database: Database, staff_ids: dict[str, int]) -> None:
    with sqlite_database.write() as db:
        report_id = bring_to(db, "assigned", unit_id=make_unit(db, staff_ids["liaison"]))
        doing, deadlines = Doing("staff:liaison", Actor.LIAISON, NOW), read_deadlines(db)
        until = DUE + timedelta(days=3)
        steps.take_step(db, verdicts.request_extension, report_id, doing, deadlines, until=until, reason="等焊工")
        steps.take_step(db, verdicts.dispute, report_id, doing, deadlines, reason="不归我们")
    page = read(reviewer)
    assert {"extend", "refuse-extension", "dismiss-dispute", "unfounded"} <= list_forms(page)
    assert "liaison某申请延期" in page
    assert "想延到：12月5日" in page
    assert 'value="2026-12-05"' in page
    for act, words in (("refuse-extension", "不行"), ("dismiss-dispute", "归你们")):
        version = get_row(sqlite_database).version
        assert reviewer.post(f"{ADDRESS}/{act}", {"version": version, "reason": words}).status_code == 302
    told = list_words(sqlite_database, "staff")
    assert told[-2:] == [
        "2611-900 的延期没有准：不行。还是请 12月2日 前改好。",
        "2611-900 核过了，还是请您那边办：归你们。期限 12月2日。",
    ]
    assert "refuse-extension" not in list_forms(read(reviewer))


def test_shows_before_and_after_with_what_was_used_again(reviewer: Browser, sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        other = make_photo(db, report_id=make_report(db, code="2611-007"))
        report_id = bring_to(db, "rectified", unit_id=make_unit(db))
        before = make_photo(db, report_id=report_id)
        assignment_id = list_assignments(db, report_id)[-1].id
        after = [make_photo(db, report_id=report_id) for _ in range(3)]
        for photo_id, reuse in zip(after, (other, before, None), strict=True):
            add_after_photo(db, photo_id, assignment_id)
            db.execute(update(after_photos).where(after_photos.c.attachment_id == photo_id).values(reuse_of_id=reuse))
    page = read(reviewer)
    evidence, _, rest = page.partition("交办和整改")
    assert f"/admin/photos/{before}/clean" in evidence
    assert all(f"/admin/photos/{photo_id}/" not in evidence for photo_id in after)
    assert all(f'href="/admin/photos/{photo_id}/clean' in rest for photo_id in (before, *after))
    assert "和 2611-007 的照片一样" in page
    assert "和整改前的一张一样" in page
    assert "liaison某说：焊好了" in page


def test_the_timeline_says_what_became_of_every_notice(reviewer: Browser, sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        bring_to(db, "closed", unit_id=make_unit(db))
        first, second = db.execute(notices.select().order_by(notices.c.id)).all()
        sent = {"state": "sent", "channel": "customer", "due_at": None}
        db.execute(update(notices).where(notices.c.id == first.id).values(**sent))
        held = {"state": "held", "due_at": None}
        db.execute(update(notices).where(notices.c.id == second.id).values(**held))
    page = read(reviewer)
    assert "已送到微信" in page
    assert "等上报人下次发消息时送出" in page
    with sqlite_database.write() as db:
        failed = {"state": "failed", "reason": "对方取消关注了"}
        db.execute(update(notices).where(notices.c.id == second.id).values(**failed))
    assert "没送到：对方取消关注了" in read(reviewer)


def test_an_old_report_is_marked(reviewer: Browser, sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        make_report(db, code=CODE, submitted_at=NOW - timedelta(days=56))
        make_report(db, code="2611-901", submitted_at=NOW - timedelta(days=46))
    assert "马上满 60 天" in read(reviewer)
    queue = read(reviewer, "/admin/reports")
    assert "马上满 60 天" in queue
    assert "快到 60 天了" in queue


def test_a_report_in_hand_is_left_to_whoever_has_it(
    app: Flask, reviewer: Browser, sqlite_database: Database, clock: object
) -> None:
    with sqlite_database.write() as db:
        bring_to(db, "received", unit_id=make_unit(db))
    admin = Browser(app.test_client())
    admin.log_in("admin")
    admin.get(ADDRESS)
    admin.post(f"{ADDRESS}/claim")
    page = read(reviewer)
    assert "admin某正在办，还有 15 分钟" in page
    assert list_forms(page) == set()
    assert "admin某正在办" in read(reviewer, "/admin/reports")
    assert reviewer.post(f"{ADDRESS}/claim", {"quiet": "1"}).status_code == 409
    refused = reviewer.post(f"{ADDRESS}/accept", {"version": 1})
    assert refused.status_code == 409
    assert "要接手" in refused.get_data(as_text=True)
    assert reviewer.post(f"{ADDRESS}/claim", {"over": "1"}).status_code == 302
    assert reviewer.post(f"{ADDRESS}/accept", {"version": 1}).status_code == 302
    assert get_row(sqlite_database).state == "accepted"
    assert "正在办" not in read(admin)
    admin.post(f"{ADDRESS}/claim")
    clock.move(minutes=16)  # type: ignore[attr-defined]
    assert "admin某正在办" not in read(reviewer)
