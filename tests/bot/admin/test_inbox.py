"""The 未分类 box."""

from __future__ import annotations

import html
import re

import pytest
from sqlalchemy import select

from storage.audit import audit_entries
from storage.database import Database
from storage.messages import MessageState, messages
from tests.bot.admin.conftest import Browser
from tests.factories import make_message


def read(browser: Browser, address: str = "/admin/inbox") -> str:
    return html.unescape(browser.get(address).get_data(as_text=True))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"state": MessageState.UNSORTED, "text": "在不在"}, "在不在"),
        ({"state": MessageState.FAILED}, "程序出错\uff0c没办成"),
        ({"state": MessageState.UNREADABLE, "kind": "unreadable", "text": "", "reporter_id": None}, "读不出字来"),
        ({"state": MessageState.UNSORTED, "kind": "link", "reply": "看不懂"}, "机器人答\uff1a看不懂"),
        ({"state": MessageState.UNSORTED, "kind": "event", "event": "CLICK"}, "点菜单"),
        ({"state": MessageState.UNSORTED, "kind": "something_new"}, "别的消息"),
    ],
)
def test_shows_what_the_bot_could_not_place(
    reviewer: Browser, sqlite_database: Database, values: dict[str, object], said: str
) -> None:
    with sqlite_database.write() as db:
        make_message(db, **values)
    assert said in read(reviewer)


def test_leaves_out_what_is_settled_and_says_so_when_empty(reviewer: Browser, sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        make_message(db, state=MessageState.DONE)
        make_message(db, state=MessageState.SORTED)
    assert "没有要看的消息" in read(reviewer)


def test_takes_a_message_out_of_the_box_and_keeps_who_did(reviewer: Browser, sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        message_id = make_message(db, state=MessageState.UNSORTED, text="在不在")
    reviewer.get("/admin/inbox")
    assert reviewer.post(f"/admin/inbox/{message_id}/sorted").location == "/admin/inbox"
    assert "在不在" not in read(reviewer)
    with sqlite_database.read() as db:
        row = db.execute(select(messages).where(messages.c.id == message_id)).one()
        acts = db.execute(select(audit_entries.c.action, audit_entries.c.subject)).all()
    assert (row.state, row.sorted_by) == ("sorted", "staff:reviewer")
    assert ("sort_message", f"message:{message_id}") in [tuple(act) for act in acts]
    assert reviewer.post(f"/admin/inbox/{message_id}/sorted").status_code == 404


def test_pages_newest_first(reviewer: Browser, sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        made = [make_message(db, state=MessageState.UNSORTED) for _ in range(65)]
    seen: list[int] = []
    address: str | None = "/admin/inbox"
    while address is not None:
        page = read(reviewer, address)
        seen += [int(number) for number in re.findall(r'<li id="letter-(\d+)"', page)]
        older = re.search(r'href="([^"]+)">更早的', page)
        address = older[1] if older else None
    assert seen == made[::-1]


def test_shows_script_as_text(reviewer: Browser, sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        make_message(db, state=MessageState.UNSORTED, text="<script>alert(1)</script>", reply="<img src=x>")
    page = reviewer.get("/admin/inbox").get_data(as_text=True)
    assert "<script>alert" not in page
    assert "<img src=x>" not in page
