"""The queue: tabs, filters, search, paging, urgent ones on top, and what the page asks for by itself."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from storage.database import Database
from storage.reports.search import index_next_reports
from storage.reports.tables import ReportState, reports
from storage.units import add_unit
from tests.bot.admin.conftest import Browser, Clock
from tests.factories import NOW, make_photo, make_report


def list_codes(browser: Browser, address: str = "/admin/reports") -> list[str]:
    answer = browser.get(address)
    assert answer.status_code == 200
    return re.findall(r'data-code="([^"]+)"', answer.get_data(as_text=True))


def read(browser: Browser, address: str = "/admin/reports") -> str:
    return html.unescape(browser.get(address).get_data(as_text=True))


@pytest.fixture
def filled(sqlite_database: Database) -> Database:
    """Give a database with reports of every kind that the filters tell apart."""
    with sqlite_database.write() as db:
        unit = add_unit(db, name="东坪村", kind="village", aliases=[], now=NOW)
        make_report(db, code="2611-001", category="ELEC", level="P2", unit_id=unit, description="配电箱没有盖")
        make_report(db, code="2611-002", category="EBIK", level="P1", missing="place", description="楼道充电")
        make_report(db, code="2611-003", category="ELEC", level="P3", missing="look,place", place_label="后沟砖厂")
        make_report(db, code="2611-004", category="FIRE", level="P2", state=ReportState.ACCEPTED)
        make_report(db, code="2611-005", category="FIRE", level="P2", state=ReportState.CLOSED)
        make_report(db, code="2611-006", category="GAS", level="P2", state=ReportState.GATHERING, missing="look")
        while index_next_reports(db):
            pass
    return sqlite_database


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        pytest.param("", ["2611-006", "2611-003", "2611-002", "2611-001"], id="to do, newest first"),
        pytest.param("?tab=doing", ["2611-004"], id="doing"),
        pytest.param("?tab=done", ["2611-005"], id="done"),
        pytest.param("?tab=all&category=FIRE", ["2611-005", "2611-004"], id="category"),
        pytest.param("?level=P1", ["2611-002"], id="level"),
        pytest.param("?state=gathering", ["2611-006"], id="state"),
        pytest.param("?unit=1", ["2611-001"], id="unit"),
        pytest.param("?missing=place", ["2611-003", "2611-002"], id="missing place"),
        pytest.param("?missing=any", ["2611-006", "2611-003", "2611-002"], id="missing anything"),
        pytest.param("?category=ELEC&level=P3", ["2611-003"], id="two at once"),
        pytest.param("?category=MINE", [], id="nothing fits"),
        pytest.param("?q=电箱", ["2611-001"], id="two characters"),
        pytest.param("?q=砖厂&tab=all", ["2611-003"], id="a place"),
        pytest.param("?q=2611-005&tab=all", ["2611-005"], id="a code"),
        pytest.param("?q=电箱&category=FIRE", [], id="words and category"),
        pytest.param("?tab=nix&state=nix&category=nix&level=nix&unit=nix&missing=nix&before=nix",
                     ["2611-006", "2611-003", "2611-002", "2611-001"], id="nonsense narrows nothing"),
        pytest.param("?unit=-1&before=-1", ["2611-006", "2611-003", "2611-002", "2611-001"], id="negative numbers"),
        pytest.param("?tab=doing&state=closed", ["2611-004"], id="a state of another tab"),
    ],
)  # fmt: skip
def test_lists_what_was_asked_for(reviewer: Browser, filled: Database, query: str, codes: list[str]) -> None:
    assert list_codes(reviewer, f"/admin/reports{query}") == codes


def test_counts_every_tab(reviewer: Browser, filled: Database) -> None:
    counts = re.findall(r'>(\S+) <span class="count">([^<]+)</span>', read(reviewer))
    assert counts[:4] == [("待办", "4"), ("在办", "1"), ("办结", "1"), ("全部", "6")]
    assert counts[4:] == [("逾期", "0"), ("两天内到期", "0"), ("等我办", "0")]


def test_keeps_the_filters_on_the_page_and_in_its_links(reviewer: Browser, filled: Database) -> None:
    page = read(reviewer, "/admin/reports?category=ELEC&missing=place")
    assert '<option value="ELEC" selected>' in page
    assert '<option value="place" selected>' in page
    assert 'href="/admin/reports/2611-003?category=ELEC&missing=place"' in page
    assert "清掉条件" in page


def test_pages_backwards_without_losing_or_repeating_any(reviewer: Browser, sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        made = [make_report(db, code=f"2611-{number:03d}") for number in range(100, 145)]
    seen: list[str] = []
    address: str | None = "/admin/reports?category=UNK"
    while address is not None:
        page = reviewer.get(address).get_data(as_text=True)
        seen += re.findall(r'data-code="([^"]+)"', page)
        older = re.search(r'href="([^"]+)">更早的', page)
        address = html.unescape(older[1]) if older else None
        if len(seen) == 20:  # one more comes in while somebody reads: it must shift nothing
            with sqlite_database.write() as db:
                make_report(db, code="2611-999")
    assert seen == [f"2611-{number:03d}" for number in range(144, 99, -1)]
    assert len(made) == len(seen)


def test_puts_emergencies_on_top_once(reviewer: Browser, filled: Database) -> None:
    with filled.write() as db:
        db.execute(update(reports).where(reports.c.code == "2611-001").values(level="P0", is_emergency=True))
    page = read(reviewer)
    assert list_codes(reviewer) == ["2611-001", "2611-006", "2611-003", "2611-002"]
    assert "险情\uff0c先看这里" in page
    assert "先看这里" not in read(reviewer, "/admin/reports?tab=all")
    assert list_codes(reviewer, "/admin/reports?category=ELEC") == ["2611-003", "2611-001"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param(
            {"level": "P1"}, '<span class="level" title="可能是重大隐患\uff0c要人核定">疑似重大</span>', id="level"
        ),
        pytest.param({"category": "EBIK"}, "电动车停放充电", id="category"),
        pytest.param({"category": "UNK"}, "还没分类", id="no category"),
        pytest.param({"missing": "look,place"}, "还缺\uff1a照片或录音、地点", id="missing"),
        pytest.param({"description": "\n\n第一行\n第二行"}, ">第一行</a>", id="first line"),
        pytest.param({"description": "", "voice_count": 1}, "只发了录音\uff0c没有写字", id="voice only"),
        pytest.param({"description": ""}, ">没有写字</a>", id="no words"),
        pytest.param({"created_at": NOW - timedelta(days=3)}, "3 天前", id="age"),
        pytest.param({"due_at": NOW - timedelta(days=2)}, '<span class="late">', id="late"),
        pytest.param({"due_at": NOW - timedelta(days=2)}, "逾期 2 天", id="how late"),
        pytest.param({"major_standard": "某标准"}, "疑似重大\uff0c待人工核定", id="major hint"),
        pytest.param({}, "只有文字", id="no photo"),
    ],
)
def test_a_card_says_it_in_words(
    reviewer: Browser, sqlite_database: Database, values: dict[str, object], said: str
) -> None:
    with sqlite_database.write() as db:
        make_report(db, **values)
    assert said in read(reviewer)


def test_a_card_shows_the_first_photo_and_how_many_there_are(reviewer: Browser, sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        report_id = make_report(db, photo_count=2)
        first = make_photo(db, report_id=report_id)
        make_photo(db, report_id=report_id, sent_at=NOW + timedelta(minutes=1))
    page = read(reviewer)
    assert f'src="/admin/photos/{first}/thumbnail?t=' in page
    assert "2 张" in page


@pytest.mark.parametrize(
    ("state", "said"), [("pending", "正在取照片"), ("lost", "照片没取到"), ("refused", "照片没取到")]
)
def test_a_card_says_what_became_of_its_only_photo(
    reviewer: Browser, sqlite_database: Database, state: str, said: str
) -> None:
    with sqlite_database.write() as db:
        make_photo(db, report_id=make_report(db, photo_count=1), state=state, clean_key="", thumbnail_key="")
    assert said in read(reviewer)


@pytest.mark.parametrize(
    ("query", "has_reports", "said"),
    [
        ("", False, "把公众号的二维码贴到"),
        ("", True, "待办都办完了"),
        ("?tab=doing", True, "现在没有在办的"),
        ("?category=MINE", True, "清掉条件"),
        ("?q=没有的话", True, "没有搜到“没有的话”"),
        ("?tab=done&before=1", True, "回到最新的"),
    ],
)
def test_an_empty_list_says_what_to_do_next(
    reviewer: Browser, sqlite_database: Database, query: str, has_reports: bool, said: str
) -> None:
    if has_reports:
        with sqlite_database.write() as db:
            make_report(db, state=ReportState.CLOSED)
    assert said in read(reviewer, f"/admin/reports{query}")


def find_mark(page: str) -> str:
    found = re.search(r'hx-get="(/admin/reports/changes[^"]+)"', page)
    assert found is not None
    return found[1]


def test_says_nothing_while_nothing_changes(reviewer: Browser, filled: Database, clock: Clock) -> None:
    address = find_mark(read(reviewer, "/admin/reports?category=ELEC"))
    clock.move(minutes=2)
    answer = reviewer.get(address)
    assert answer.status_code == 204
    assert answer.data == b""


@pytest.mark.parametrize("change", ["a new one", "a verdict", "a photo", "midnight"])
def test_gives_the_list_again_when_something_changed(
    reviewer: Browser, filled: Database, clock: Clock, change: str
) -> None:
    address = find_mark(read(reviewer))
    with filled.write() as db:
        if change == "a new one":
            make_report(db, code="2611-777")
        elif change == "a verdict":
            db.execute(update(reports).where(reports.c.code == "2611-001").values(level="P1"))
        elif change == "a photo":
            make_photo(db, report_id=1)
    if change == "midnight":
        clock.move(hours=15)
        reviewer.log_in("reviewer")
    answer = reviewer.get(address)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert page.lstrip().startswith("<nav"), "a part of the page only"
    assert 'id="tabs" hx-swap-oob="true"' in page
    assert reviewer.get(find_mark(html.unescape(page))).status_code == 204


@pytest.mark.parametrize(
    "typed",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'; DROP TABLE reports; --", "%_\\", "x" * 5000],
)
def test_shows_what_was_typed_as_text(reviewer: Browser, filled: Database, typed: str) -> None:
    page = reviewer.get("/admin/reports", query_string={"q": typed}).get_data(as_text=True)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert list_codes(reviewer, "/admin/reports?tab=all")
