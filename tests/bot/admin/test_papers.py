"""Papers about one report: the page to print, the Word draft, who may have them, and that it is on record."""

from __future__ import annotations

import html
import re
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select

from bot.documents.papers import KINDS, WORD_TYPE
from storage.audit import audit_entries
from storage.database import Database
from storage.units import add_unit
from tests.bot.admin.conftest import Browser
from tests.factories import NOW, make_report
from tests.handed_over import ALIAS, PLACE, WORDS, add_photos, hand_over, rectify

ADDRESS = "/admin/reports/2611-018/papers"


@pytest.fixture
def filled(sqlite_database: Database, staff_ids: dict[str, int]) -> Database:
    """Give a database with a report that is mended and one that nobody has."""
    with sqlite_database.write() as db:
        unit_id = add_unit(db, name="东沟村", kind="village", aliases=[], now=NOW)
        report_id = hand_over(db, code="2611-018", unit_id=unit_id, liaison_id=staff_ids["liaison"])
        add_photos(db, report_id, before=["t/1.jpg"], after=["t/2.jpg"])
        rectify(db, report_id)
        make_report(db, code="2611-019", description=WORDS, place_label=PLACE)
    return sqlite_database


def list_taken(database: Database) -> list[tuple[str, str, str]]:
    with database.read() as db:
        rows = db.execute(select(audit_entries).where(audit_entries.c.action == "export")).all()
    return [(row.by, row.subject, row.note) for row in rows]


@pytest.mark.parametrize("kind", KINDS)
def test_shows_a_paper_to_print_and_keeps_who_took_it(reviewer: Browser, filled: Database, kind: str) -> None:
    page = html.unescape(reviewer.get(f"{ADDRESS}/{kind}").get_data(as_text=True))
    assert f"<h1>{KINDS[kind].title}</h1>" in page
    assert '<td class="draft">草稿　待审签</td>' in page
    for words in ("2611-018", "东沟村", "东沟村广场北侧", "配电箱门掉落，带电部分外露", "立即停用，换好箱门后拍照回复"):
        assert words in page
    assert f'href="{ADDRESS}/{kind}/word"' in page
    assert list_taken(filled) == [("staff:reviewer", "report:1", f"{kind}, print")]


@pytest.mark.parametrize(("kind", "photos"), [("notice", 1), ("review", 2), ("inspection", 0)])
def test_shows_the_photos_that_were_chosen(reviewer: Browser, filled: Database, kind: str, photos: int) -> None:
    page = html.unescape(reviewer.get(f"{ADDRESS}/{kind}").get_data(as_text=True))
    assert len(re.findall(r'<img src="/admin/photos/\d+/clean\?t=', page)) == photos


@pytest.mark.parametrize("kind", KINDS)
def test_sends_a_word_draft_with_a_chinese_name(reviewer: Browser, filled: Database, kind: str) -> None:
    answer = reviewer.get(f"{ADDRESS}/{kind}/word")
    assert (answer.status_code, answer.mimetype) == (200, WORD_TYPE)
    name = quote(f"{KINDS[kind].file_name}-2611-018.docx")
    assert answer.headers["Content-Disposition"].endswith(f"filename*=UTF-8''{name}")
    assert answer.data.startswith(b"PK")
    assert list_taken(filled) == [("staff:reviewer", "report:1", f"{kind}, docx")]


def test_says_plainly_when_word_files_cannot_be_made(
    reviewer: Browser, filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.documents.papers.has_word", lambda: False)
    page = reviewer.get(f"{ADDRESS}/notice").get_data(as_text=True)
    assert "没有装做 Word 的组件" in page
    assert "/word" not in page
    answer = reviewer.get(f"{ADDRESS}/notice/word")
    assert answer.status_code == 404
    assert "没有装做 Word 的组件" in answer.get_data(as_text=True)


@pytest.mark.parametrize("ending", ["", "/word"])
def test_there_is_no_paper_before_the_hand_over(reviewer: Browser, filled: Database, ending: str) -> None:
    answer = reviewer.get(f"/admin/reports/2611-019/papers/notice{ending}")
    assert answer.status_code == 404
    assert "还没有交办" in answer.get_data(as_text=True)
    assert list_taken(filled) == []


@pytest.mark.parametrize("path", ["2611-018/papers/seal", "2611-018/papers/seal/word", "2611-999/papers/notice"])
def test_there_is_no_other_paper(reviewer: Browser, filled: Database, path: str) -> None:
    assert reviewer.get(f"/admin/reports/{path}").status_code == 404


@pytest.mark.parametrize(
    ("role", "status"), [("leader", 200), ("reviewer", 200), ("admin", 200), ("liaison", 403), ("keeper", 403)]
)
def test_leaders_may_have_them_and_liaisons_not(app: Flask, filled: Database, role: str, status: int) -> None:
    browser = Browser(app.test_client())
    browser.log_in(role)
    for kind in KINDS:
        assert browser.get(f"{ADDRESS}/{kind}").status_code == status
        assert browser.get(f"{ADDRESS}/{kind}/word").status_code == status


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_the_reporter_is_in_it(reviewer: Browser, filled: Database, kind: str) -> None:
    page = html.unescape(reviewer.get(f"{ADDRESS}/{kind}").get_data(as_text=True))
    assert [secret for secret in (WORDS, PLACE, ALIAS, "热心群众", "09:00") if secret in page] == []


def test_the_report_page_leads_to_its_papers(reviewer: Browser, filled: Database) -> None:
    page = html.unescape(reviewer.get("/admin/reports/2611-018").get_data(as_text=True))
    assert [f'href="{ADDRESS}/{kind}"' in page for kind in KINDS] == [True, True, True]
    assert "/papers/" not in reviewer.get("/admin/reports/2611-019").get_data(as_text=True)


def test_shows_what_was_handed_over_as_text(reviewer: Browser, sqlite_database: Database) -> None:
    script = "<script>alert(1)</script>"
    with sqlite_database.write() as db:
        unit_id = add_unit(db, name=script, kind="village", aliases=[], now=NOW)
        hand_over(db, code="2611-018", unit_id=unit_id, assignment={"problem": script, "place": script})
    for kind in KINDS:
        assert script not in reviewer.get(f"{ADDRESS}/{kind}").get_data(as_text=True)
