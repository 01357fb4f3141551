"""The ledger's page: what it shows and counts, its filters, its files, who may have them, and that it is on record."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import timedelta
from urllib.parse import quote

import openpyxl  # type: ignore[import-untyped]
import pytest
from flask import Flask
from sqlalchemy import select

from bot.admin import ledger
from storage.audit import audit_entries
from storage.database import Database
from storage.units import add_unit
from tests.bot.admin.conftest import Browser, Clock, Files
from tests.factories import NOW, make_report
from tests.handed_over import ALIAS, PLACE, WORDS, add_photos, hand_over, make_thumbnail, rectify, review


@pytest.fixture
def filled(sqlite_database: Database, files: Files, staff_ids: dict[str, int]) -> Database:
    """Give a database with reports that the filters tell apart; the first is closed and has photos."""
    with sqlite_database.write() as db:
        village = add_unit(db, name="东沟村", kind="village", aliases=[], now=NOW)
        mine = add_unit(db, name="样例一矿", kind="enterprise", aliases=[], now=NOW)
        first = hand_over(db, code="2611-001", unit_id=village, liaison_id=staff_ids["liaison"])
        add_photos(db, first, before=["t/1.jpg"], after=["t/2.jpg"])
        rectify(db, first)
        review(db, first)
        hand_over(db, code="2611-002", unit_id=mine, category="MINE", assignment={"due_at": NOW - timedelta(days=1)})
        make_report(db, code="2611-003", category="GAS", description=WORDS, place_label=PLACE)
        make_report(db, code="2511-001", created_at=NOW - timedelta(days=365))
        make_report(db, code="2611-004", state="merged", merged_into_id=first)
    files.by_key.update({"t/1.jpg": make_thumbnail("red"), "t/2.jpg": make_thumbnail("green")})
    return sqlite_database


def read(browser: Browser, query: str = "") -> str:
    answer = browser.get(f"/admin/ledger{query}")
    assert answer.status_code == 200
    return html.unescape(answer.get_data(as_text=True))


def list_codes(page: str) -> list[str]:
    return re.findall(r'<td class="of-code"><a href="[^"]+">([^<]+)</a>', page)


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("", ["2611-001", "2611-002", "2611-003"]),
        ("?from=&to=", ["2611-001", "2611-002", "2611-003", "2511-001"]),
        ("?from=2026-11-26&to=", []),
        ("?from=2025-11-01&to=2025-11-30", ["2511-001"]),
        ("?from=2026-11-25&to=2026-11-25", ["2611-001", "2611-002", "2611-003"]),
        ("?unit=2", ["2611-002"]),
        ("?category=GAS", ["2611-003"]),
        ("?state=closed", ["2611-001"]),
        ("?overdue=1", ["2611-002"]),
        ("?merged=1", ["2611-001", "2611-002", "2611-003", "2611-004"]),
        (
            "?unit=x&category=x&state=merged&from=x&to=9999-99-99&overdue=x",
            ["2611-001", "2611-002", "2611-003", "2511-001"],
        ),
    ],
)
def test_shows_what_was_asked_for(reviewer: Browser, filled: Database, query: str, codes: list[str]) -> None:
    page = read(reviewer, query)
    assert list_codes(page) == codes
    kept = list(csv.DictReader(io.StringIO(reviewer.get(f"/admin/ledger/csv{query}").get_data().decode("utf-8-sig"))))
    assert [row["隐患编号"] for row in kept] == codes


def test_says_the_figures_with_their_denominator(reviewer: Browser, filled: Database) -> None:
    page = read(reviewer)
    shown = page.partition('<dl class="figures">')[2].partition("</dl>")[0]
    figures = re.findall(r"<dt>(\S+)</dt><dd>(.*?)</dd>", shown)
    assert [(name, re.sub(r"<[^>]+>", "", words)) for name, words in figures] == [
        ("共", "3 条"), ("应整改", "2 条"), ("已销号", "1 条"), ("整改率", "50.0% 1/2"),
    ]  # fmt: skip
    assert "不含未到期" in page
    assert "整改中，逾期 1 天" in page


def test_shows_the_first_rows_and_says_how_many_there_are(
    reviewer: Browser, filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "PREVIEW_LENGTH", 2)
    page = read(reviewer)
    assert list_codes(page) == ["2611-001", "2611-002"]
    assert "先看前 2 条，下载的文件里是全部 3 条" in page


def test_an_empty_ledger_says_what_to_do_next(reviewer: Browser, filled: Database) -> None:
    page = read(reviewer, "?category=AGRI")
    assert "这些条件下还没有台账" in page
    assert "/admin/ledger/xlsx" not in page


def test_the_buttons_take_the_filters_along(reviewer: Browser, filled: Database) -> None:
    page = read(reviewer, "?unit=2&category=MINE&overdue=1&merged=1&to=")
    links = re.findall(r'href="(/admin/ledger/(?:xlsx|photos|csv)\?[^"]+)"', page)
    assert [link.partition("?")[2] for link in links] == [
        "from=2026-01-01&to=&unit=2&category=MINE&overdue=1&merged=1"
    ] * 3
    for link in links:
        assert reviewer.get(link).status_code == 200


@pytest.mark.parametrize(
    ("kind", "ending", "photos"),
    [("xlsx", "xlsx", 0), ("photos", "xlsx", 2), ("csv", "csv", 0)],
)
def test_sends_a_file_with_a_chinese_name_and_keeps_who_took_it(
    reviewer: Browser, filled: Database, kind: str, ending: str, photos: int
) -> None:
    answer = reviewer.get(f"/admin/ledger/{kind}?category=ELEC")
    assert answer.status_code == 200
    name = quote(f"隐患排查治理台账-2026-01-01至2026-11-25.{ending}")
    assert f"filename*=UTF-8''{name}" in answer.headers["Content-Disposition"]
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.content_length == len(answer.data)
    if ending == "xlsx":
        sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
        assert (sheet["B4"].value, len(sheet._images)) == ("2611-001", photos)
    with filled.read() as db:
        (entry,) = db.execute(select(audit_entries).where(audit_entries.c.action == "export")).all()
    assert (entry.by, entry.subject) == ("staff:reviewer", "ledger")
    assert entry.note == f"{kind}, 1 rows, from=2026-01-01&to=2026-11-25&category=ELEC"


def test_looking_at_the_page_is_no_export(reviewer: Browser, filled: Database) -> None:
    read(reviewer)
    with filled.read() as db:
        assert db.execute(select(audit_entries).where(audit_entries.c.action == "export")).all() == []


def test_does_not_send_more_than_one_file_may_hold(
    reviewer: Browser, filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "MOST_ROWS", 2)
    assert "一个文件最多放 2 条" in read(reviewer)
    assert reviewer.get("/admin/ledger/xlsx").status_code == 413
    with filled.read() as db:
        assert db.execute(select(audit_entries).where(audit_entries.c.action == "export")).all() == []


@pytest.mark.parametrize("kind", ["jsonl", "docx", "xlsx.csv"])
def test_there_is_no_other_file(reviewer: Browser, filled: Database, kind: str) -> None:
    assert reviewer.get(f"/admin/ledger/{kind}").status_code == 404


@pytest.mark.parametrize(
    ("role", "status"), [("leader", 200), ("reviewer", 200), ("admin", 200), ("liaison", 403), ("keeper", 403)]
)
def test_leaders_may_have_it_and_liaisons_not(app: Flask, filled: Database, role: str, status: int) -> None:
    browser = Browser(app.test_client())
    browser.log_in(role)
    for path in ("/admin/ledger", "/admin/ledger/xlsx", "/admin/ledger/photos", "/admin/ledger/csv"):
        assert browser.get(path).status_code == status
    page = browser.get("/admin/", follow_redirects=True).get_data(as_text=True)
    assert ('href="/admin/ledger"' in page) == (status == 200)


def test_nothing_of_the_reporter_is_on_the_page(reviewer: Browser, filled: Database) -> None:
    page = read(reviewer, "?from=&to=&merged=1")
    assert [secret for secret in (WORDS, PLACE, ALIAS, "热心群众", "09:00") if secret in page] == []


def test_shows_what_was_handed_over_as_text(reviewer: Browser, filled: Database) -> None:
    script = "<script>alert(1)</script>"
    with filled.write() as db:
        hand_over(db, unit_id=1, assignment={"problem": script, "place": script})
    assert script not in reviewer.get("/admin/ledger").get_data(as_text=True)


def test_a_year_begins_at_midnight_in_the_township(reviewer: Browser, sqlite_database: Database, clock: Clock) -> None:
    clock.at = NOW.replace(month=12, day=31, hour=17)  # one in the morning of the first of January
    reviewer.log_in("reviewer")
    with sqlite_database.write() as db:
        make_report(db, code="2612-001", created_at=clock.at - timedelta(hours=2))
        make_report(db, code="2701-001", created_at=clock.at)
    page = read(reviewer)
    assert list_codes(page) == ["2701-001"]
    assert 'name="from" value="2027-01-01"' in page
