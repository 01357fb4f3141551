"""Confidential messages: who may open them, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select

from storage.audit import audit_entries
from storage.database import Database
from storage.messages import MessageState
from storage.staff import Role
from tests.bot.admin.conftest import Browser
from tests.factories import make_message

WORDS = "矿上死了一个,让家里不要说"


def open_words(payload_sealed: bytes, _received_at: datetime) -> str:
    assert payload_sealed == b"sealed words"
    return WORDS


@pytest.fixture
def keys_app(make_app: Callable[..., Flask], staff_ids: dict[str, int]) -> Flask:
    return make_app(open_words=open_words)


@pytest.fixture
def letter(sqlite_database: Database) -> int:
    with sqlite_database.write() as db:
        make_message(db, state=MessageState.UNSORTED, text="隔壁的普通消息")
        return make_message(
            db, state=MessageState.UNSORTED, intent="concealed_accident", text="", payload_sealed=b"sealed words"
        )


@pytest.mark.parametrize("role", list(Role))
def test_only_the_keeper_and_the_admin_may_open(keys_app: Flask, letter: int, role: Role) -> None:
    browser = Browser(keys_app.test_client())
    browser.log_in(role.value)
    may = role in (Role.KEEPER, Role.ADMIN)
    assert browser.get("/admin/sealed").status_code == (200 if may else 403)
    answer = browser.post(f"/admin/sealed/{letter}/open", {"reason": "核对举报要点"})
    assert answer.status_code == (200 if may else 403)
    assert (WORDS in answer.get_data(as_text=True)) == may


def test_the_list_and_the_box_show_no_words(keys_app: Flask, letter: int) -> None:
    browser = Browser(keys_app.test_client())
    browser.log_in("admin")
    listed, box = (browser.get(path).get_data(as_text=True) for path in ("/admin/sealed", "/admin/inbox"))
    assert WORDS not in listed
    assert WORDS not in box
    assert "隔壁的普通消息" not in listed
    assert "去密件里看" in box


def test_an_opening_is_on_record_with_its_reason(keys_app: Flask, letter: int, sqlite_database: Database) -> None:
    browser = Browser(keys_app.test_client())
    browser.log_in("keeper")
    browser.get("/admin/sealed")
    browser.post(f"/admin/sealed/{letter}/open", {"reason": "报县应急局核查"})
    with sqlite_database.read() as db:
        acts = db.execute(select(audit_entries).where(audit_entries.c.action == "open_sealed")).all()
    assert [(act.by, act.subject, act.note) for act in acts] == [
        ("staff:keeper", f"message:{letter}", "报县应急局核查")
    ]


def test_nothing_is_opened_without_a_reason(keys_app: Flask, letter: int, sqlite_database: Database) -> None:
    browser = Browser(keys_app.test_client())
    browser.log_in("keeper")
    browser.get("/admin/sealed")
    answer = browser.post(f"/admin/sealed/{letter}/open", {"reason": "看看"})
    assert answer.status_code == 422
    assert "至少四个字" in answer.get_data(as_text=True)
    assert WORDS not in answer.get_data(as_text=True)
    with sqlite_database.read() as db:
        assert not db.execute(select(audit_entries).where(audit_entries.c.action == "open_sealed")).all()


def test_an_ordinary_message_is_never_opened(keys_app: Flask, letter: int) -> None:
    browser = Browser(keys_app.test_client())
    browser.log_in("keeper")
    browser.get("/admin/sealed")
    assert browser.post(f"/admin/sealed/{letter - 1}/open", {"reason": "核对举报要点"}).status_code == 404
