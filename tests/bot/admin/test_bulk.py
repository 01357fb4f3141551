"""Several reports at once: what will happen is shown first, and one that cannot be done holds up no other."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from flask import Flask

from bot.deadlines import read_deadlines
from storage.database import Database
from storage.reports import verdicts
from storage.reports.assignments import find_open_assignment
from storage.reports.tables import ReportState
from storage.reports.taking import Doing
from storage.reports.transitions import Actor
from tests.bot.admin.conftest import Browser
from tests.bot.admin.loop import bring_to, get_row, list_words, make_unit
from tests.factories import NOW, make_report

CODES = ["2611-001", "2611-002", "2611-003"]


@pytest.fixture
def unit_id(sqlite_database: Database, staff_ids: dict[str, int]) -> int:
    with sqlite_database.write() as db:
        return make_unit(db, staff_ids["liaison"])


@pytest.fixture
def filled(sqlite_database: Database, unit_id: int) -> Database:
    with sqlite_database.write() as db:
        for code, category in zip(CODES, ("FIRE", "ROAD", "WATR"), strict=True):
            make_report(db, code=code, category=category, description="只有我知道的话，路坏了", place_label="东坪村口")
    return sqlite_database


def read(browser: Browser, address: str) -> str:
    return html.unescape(browser.get(address).get_data(as_text=True))


def ask(what: str, *codes: str, **fields: object) -> str:
    rest = "".join(f"&{name}={value}" for name, value in fields.items())
    return f"/admin/bulk?what={what}{''.join(f'&code={code}:1' for code in codes)}{rest}"


def list_states(database: Database) -> list[str]:
    return [get_row(database, code).state for code in CODES]


def test_the_queue_lets_tick_what_can_be_done_together(reviewer: Browser, filled: Database, app: Flask) -> None:
    with filled.write() as db:
        make_report(db, code="2611-004", state=ReportState.CLOSED)
    page = read(reviewer, "/admin/reports?tab=all")
    assert re.findall(r'type="checkbox" name="code" form="bulk" value="([^"]+)"', page) == [
        f"{code}:1" for code in reversed(CODES)
    ]
    leader = Browser(app.test_client())
    leader.log_in("leader")
    assert 'form="bulk"' not in read(leader, "/admin/reports?tab=all")


def test_accepts_those_it_can_and_says_which_it_did_not(reviewer: Browser, filled: Database) -> None:
    with filled.write() as db:
        make_report(db, code="2611-004", state=ReportState.CLOSED)
    page = read(reviewer, ask("accept", *CODES, "2611-004"))
    assert "您报的 2611-001 受理了，会有人去看。" in page
    assert "不办：现在这一步不能受理。" in page
    assert "一起受理（3 条）" in page
    assert list_states(filled) == ["received"] * 3
    with filled.write() as db:
        # Somebody noted something meanwhile: that one is left, the others are done.
        doing = Doing("staff:admin", Actor.REVIEWER, NOW)
        verdicts.add_note(db, get_row(filled, CODES[1]).id, doing, read_deadlines(db), note="看过")
    fields = {"what": "accept", "code": [f"{code}:1" for code in (*CODES, "2611-004")]}
    answer = reviewer.post("/admin/bulk", fields, follow_redirects=True)
    said = html.unescape(answer.get_data(as_text=True))
    assert "一起受理：2 条办好了，2611-001、2611-003。" in said
    assert "没有办 2611-002：刚才有别人改过" in said
    assert "没有办 2611-004：现在这一步不能受理" in said
    assert list_states(filled) == ["accepted", "received", "accepted"]
    assert len(list_words(filled)) == 2


def test_merges_into_the_oldest_or_the_one_chosen(reviewer: Browser, filled: Database) -> None:
    page = read(reviewer, ask("merge", *reversed(CODES)))
    assert re.search(r'name="into" value="2611-001" checked', page)
    assert page.count("并到 <strong>2611-001</strong>") == 2
    page = read(reviewer, ask("merge", *CODES, into="2611-002"))
    assert page.count("并到 <strong>2611-002</strong>") == 2
    fields = {"what": "merge", "into": "2611-002", "code": [f"{code}:1" for code in CODES]}
    assert reviewer.post("/admin/bulk", fields).status_code == 302
    assert list_states(filled) == ["merged", "received", "merged"]
    kept = get_row(filled, "2611-002").id
    assert {get_row(filled, code).merged_into_id for code in ("2611-001", "2611-003")} == {kept}


def test_assigns_to_one_unit_with_words_made_for_each(
    reviewer: Browser, sqlite_database: Database, unit_id: int
) -> None:
    with sqlite_database.write() as db:
        for code, category in (("2611-001", "FIRE"), ("2611-002", "ROAD")):
            bring_to(
                db, "verified", unit_id=unit_id, code=code, category=category, description="只有我知道的话，路坏了"
            )
    codes = [f"{code}:{get_row(sqlite_database, code).version}" for code in CODES[:2]]
    form = read(reviewer, f"/admin/bulk?what=assign&code={codes[0]}&code={codes[1]}")
    assert "下一步：看看每一条发出去的样子" in form
    fields = {"what": "assign", "code": codes, "unit": unit_id, "liaison": "", "due": "3"}
    refused = reviewer.post("/admin/bulk/preview", {**fields, "unit": ""})
    assert refused.status_code == 422
    assert "选一个单位" in refused.get_data(as_text=True)
    page = html.unescape(reviewer.post("/admin/bulk/preview", fields).get_data(as_text=True))
    shown = re.findall(r'<p class="bubble">(【请整改】.*?)</p>', page, re.DOTALL)
    assert len(shown) == 2
    assert "问题：消防设施或者疏散通道有隐患" in shown[0]
    assert "问题：道路有交通安全隐患" in shown[1]
    assert list_words(sqlite_database, "staff") == []
    assert "只有我知道" not in "".join(shown)
    # The reporter said that nobody else saw it: nothing leaves before somebody has looked.
    assert reviewer.post("/admin/bulk", fields).status_code == 422
    assert reviewer.post("/admin/bulk", {**fields, "seen": "on"}).status_code == 302
    assert list_words(sqlite_database, "staff") == shown
    with sqlite_database.read() as db:
        due = {find_open_assignment(db, get_row(sqlite_database, code).id).due_at for code in CODES[:2]}  # type: ignore[union-attr]
    assert len(due) == 1
    assert due.pop() - NOW < timedelta(days=4)


def test_nothing_ticked_says_what_to_do(reviewer: Browser, filled: Database) -> None:
    assert "还没有选" in read(reviewer, "/admin/bulk?what=accept")
    assert "选的不够" in read(reviewer, ask("merge", CODES[0]))
