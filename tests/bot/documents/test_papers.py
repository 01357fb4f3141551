"""Papers about one report: what they say and of whom, as Word drafts that are read back."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import Any

import docx
import pytest
from sqlalchemy import insert, update

from bot.documents import papers
from bot.documents.make_templates import FOLDER, make_template
from bot.documents.papers import KINDS, find_paper, write_word
from storage.database import Database
from storage.reports.assignments import assignments
from storage.reports.tables import ReportState, reports
from storage.units import add_unit
from tests.factories import NOW, make_report
from tests.handed_over import ALIAS, PLACE, WORDS, hand_over, rectify, review


@pytest.fixture
def filled(sqlite_database: Database) -> Database:
    """Give a database with one report that is handed over."""
    with sqlite_database.write() as db:
        unit_id = add_unit(db, name="东沟村", kind="village", aliases=[], now=NOW)
        hand_over(db, code="2611-018", unit_id=unit_id)
    return sqlite_database


def write(database: Database, kind: str, code: str = "2611-018") -> bytes:
    with database.read() as db:
        paper = find_paper(db, code, kind)
    assert paper is not None
    return write_word(paper)


def read_rows(content: bytes) -> dict[str, str]:
    document = docx.Document(io.BytesIO(content))
    return {row.cells[0].text: row.cells[1].text for row in document.tables[0].rows}


def read_lines(content: bytes) -> str:
    return "\n".join(paragraph.text for paragraph in docx.Document(io.BytesIO(content)).paragraphs)


def read_all(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "\n".join(archive.read(name).decode("latin-1") for name in archive.namelist())


def test_a_notice_says_what_where_by_when_and_how_to_answer(filled: Database) -> None:
    content = write(filled, "notice")
    assert "编号：2611-018\t交办日期：2026年11月25日" in read_lines(content)
    assert "东沟村：" in read_lines(content)
    rows = read_rows(content)
    assert rows["隐患部位"] == "东沟村广场北侧"
    assert rows["存在的问题"] == "配电箱门掉落，带电部分外露"
    assert rows["整改要求"] == "立即停用，换好箱门后拍照回复"
    assert rows["整改期限"] == "2026年11月28日前"
    assert "2611-018" in rows["怎么反馈"]
    assert "签收人" in read_lines(content)


@pytest.mark.parametrize(
    ("is_passed", "verdict"),
    [
        (None, "☐ 已整改　　☐ 部分整改　　☐ 未整改"),
        (True, "☑ 已整改　　☐ 部分整改　　☐ 未整改"),
        (False, "☐ 已整改　　☐ 部分整改　　☑ 未整改"),
    ],
)
def test_a_review_ticks_only_what_somebody_decided(filled: Database, is_passed: bool | None, verdict: str) -> None:
    with filled.write() as db:
        rectify(db, 1)
        if is_passed is not None:
            review(db, 1, is_passed=is_passed)
    content = write(filled, "review")
    rows = read_rows(content)
    assert (rows["复查结论"], rows["整改情况"]) == (verdict, "箱门已换，接地已接好")
    day = "　　　　年　　月　　日" if is_passed is None else "2026年11月27日"
    assert f"复查日期：{day}" in read_lines(content)


def test_a_record_of_a_check_leaves_to_people_what_they_must_write(filled: Database) -> None:
    rows = read_rows(write(filled, "inspection"))
    assert rows["检查时间"].replace("　", "") == "年月日时"
    assert not rows["负责人、电话"].strip()
    assert rows["检查内容和问题"] == "1．配电箱门掉落，带电部分外露"


@pytest.mark.parametrize("kind", KINDS)
def test_is_marked_as_a_draft_on_every_page_and_has_neither_red_nor_seal(filled: Database, kind: str) -> None:
    content = write(filled, kind)
    (section,) = docx.Document(io.BytesIO(content)).sections
    assert section.header.paragraphs[0].text == "草稿　待审签"
    assert not section.different_first_page_header_footer
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        body = archive.read("word/document.xml").decode()
        assert not [name for name in archive.namelist() if "/media/" in name]
    assert "FF0000" not in body
    assert KINDS[kind].title in read_lines(content)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_the_reporter_is_in_it(filled: Database, kind: str) -> None:
    content = write(filled, kind)
    said = read_lines(content) + str(read_rows(content)) + read_all(content)
    for secret in (WORDS, PLACE, ALIAS, "09:00"):
        assert secret not in said
        assert secret.encode().decode("latin-1") not in said


@pytest.mark.parametrize(
    "text",
    ["<w:t>&amp;一</w:t>", "{{ code }}{% if 1 %}", "一\x00\x0b二", "一行\n二行", "‘’“”&<>"],
)
def test_what_was_written_stays_text(filled: Database, text: str) -> None:
    with filled.write() as db:
        db.execute(update(assignments).values(problem=text))
    assert read_rows(write(filled, "notice"))["存在的问题"] == text.replace("\x00", "").replace("\x0b", "")


def test_a_suspected_standard_is_not_stated_as_one(filled: Database) -> None:
    with filled.write() as db:
        db.execute(update(reports).values(major_standard="样例判定标准"))
    assert read_rows(write(filled, "notice"))["依据"] == "样例判定标准（疑似，待人工核定）"


@pytest.mark.parametrize("state", [state for state in ReportState if state not in ("gathering", "merged")])
def test_there_is_a_paper_only_for_what_is_handed_over(filled: Database, state: ReportState) -> None:
    is_handed = state in ("assigned", "rectified", "closed", "reopened")
    with filled.write() as db:
        db.execute(update(reports).values(state=state))
        make_report(db, code="2611-019", state=state)
        for kind in KINDS:
            assert (find_paper(db, "2611-018", kind) is not None) == is_handed
            assert find_paper(db, "2611-019", kind) is None
            assert find_paper(db, "2611-020", kind) is None


def test_follows_the_latest_hand_over(filled: Database) -> None:
    with filled.write() as db:
        db.execute(update(assignments).values(ended_at=NOW, ending="assign"))
        other = add_unit(db, name="样例一矿", kind="enterprise", aliases=[], now=NOW)
        again: dict[str, Any] = {
            "place": "东门",
            "problem": "别的问题",
            "requirement": "改",
            "due_at": NOW + timedelta(days=9),
        }
        db.execute(
            insert(assignments).values(report_id=1, unit_id=other, assigned_at=NOW, assigned_by="staff:x", **again)
        )
    content = write(filled, "notice")
    assert read_rows(content)["存在的问题"] == "别的问题"
    assert "样例一矿：" in read_lines(content)


@pytest.mark.parametrize("kind", KINDS)
def test_templates_are_what_their_script_makes(kind: str) -> None:
    made, kept = (
        {name: archive.read(name) for name in archive.namelist()}
        for archive in (zipfile.ZipFile(io.BytesIO(make_template(kind))), zipfile.ZipFile(FOLDER / f"{kind}.docx"))
    )
    assert made == kept
    assert make_template(kind) == make_template(kind)


def test_knows_whether_word_files_can_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    assert papers.has_word()
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert not papers.has_word()
